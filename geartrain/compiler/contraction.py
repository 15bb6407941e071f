"""The kernel of products: blocks of results kept in registers, with an epilogue at the store.

A contraction sums products over some axes. Its result is cut into tiles of a few rows by two
vectors, whose sums stay in registers while the summed axes are walked: each step loads two vectors
of the second operand, and repeats one number of the first for each row. Operands are read where
they are, through any view that is plain index arithmetic (so a convolution needs no copies of its
windows); only a second operand whose columns are not neighbours in memory is packed first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from geartrain.compiler.builder import Builder, Value, is_known
from geartrain.compiler.columns import FewColumns
from geartrain.compiler.expression import Expression
from geartrain.compiler.folds import Domain, fold_kernels, join_parts
from geartrain.compiler.fused import Fused
from geartrain.compiler.kernels import (
    ARGUMENTS,
    BEGIN,
    END,
    TABLE,
    Kernel,
    address,
    at_least,
    check_supported,
    either,
)
from geartrain.compiler.packed import Packed
from geartrain.compiler.pipeline import packed_kernels
from geartrain.compiler.target import Target
from geartrain.compiler.tiles import Tiles
from geartrain.compiler.tiling import MANY_ROWS, PART, WIDE, Cut, operand_of
from geartrain.compiler.values import NARROW, summed_in
from geartrain.graph.affine import Index
from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent, apply, holds_dim, product


def contraction_kernels(
    name: str, fused: Fused, slots: Mapping[object, int], target: Target,
    new_slot: Callable[[], int], repeated: bool = False,
) -> list[Kernel]:  # fmt: skip
    """The kernels of a product and its epilogue: packing, if need be, and the product.

    What is repeated on one thread is not done in parts, and a matrix that stays the same is packed.
    """
    check_supported(fused)
    given = (fused, slots, target)
    cut = _cut(fused)
    if cut is None:
        return _as_fold(name, *given, new_slot, repeated)
    few = FewColumns.of(name, *given, cut)
    if few.fits() and not repeated:
        return few.kernels(new_slot)
    if cut.narrow:
        return packed_kernels(Packed(name, *given, new_slot, cut), repeated)
    plan = _Product.of(name, *given, cut)
    in_pieces = 0 if repeated else plan.best_in_pieces()
    if in_pieces != 0:
        plan.name = f"{name}_few"
        plan.shorten()
        pieces = packed_kernels(Packed(name, *given, new_slot, cut))
        return either(pieces, _in_registers(plan, new_slot), in_pieces)
    if plan.crowds_for_many_rows() and not repeated:
        many = _Product.of(f"{name}_many", *given, cut)
        many.packed_slot = new_slot()
        packed = [many.pack(), many.product()]
        return either(packed, [plan.product()], at_least(plan.row_count, MANY_ROWS))
    return _in_registers(plan, new_slot, repeated)


def _in_registers(
    plan: _Product, new_slot: Callable[[], int], repeated: bool = False
) -> list[Kernel]:
    """The kernels of a product whose second operand may have to be packed."""
    kernels = []
    second = plan.b.memory
    stays = repeated and second.op is None and not holds_dim(second.extents)
    across = plan.b.stride(plan.column) != 1
    if plan.reads_panels():
        plan.packed_slot = plan.slots[second]
    elif across or stays or plan.crowds_the_cache() or plan.needs_masks():
        plan.packed_slot = new_slot()
        kernels.append(plan.pack())
    if plan.in_parts() and not repeated:
        given = (plan.name, plan.fused, plan.slots, plan.target)
        plan.cut(new_slot())
        return [*kernels, plan.product(), join_parts(*given, plan.parts_slot, plan.parts)]
    return [*kernels, plan.product()]


def plan_of(fused: Fused, slots: Mapping[object, int], target: Target) -> _Product | None:
    """How a product is cut into tiles, also if both operands are packed; None if there are none."""
    cut = _cut(fused)
    if cut is None or FewColumns.of("", fused, slots, target, cut).fits():
        return None
    return _Product.of("", fused, slots, target, cut)


def _cut(fused: Fused) -> Cut | None:
    """Which operand gives the rows, and which the columns; None if there are not both."""
    core = fused.core
    assert core is not None
    left, right, out = _labels(core)
    first, second = core.sources
    if out and out[-1] in left and out[-1] not in right:
        left, right, first, second = right, left, second, first
    sizes: dict[str, Extent] = dict(zip(left, first.extents, strict=True))
    sizes |= dict(zip(right, second.extents, strict=True))
    tiled = bool(out) and out[-1] in right and out[-1] not in left and sizes[out[-1]] != 1
    rows = [label for label in out if label in left and label not in right and sizes[label] != 1]
    if not tiled or not rows:
        return None
    memory = set(fused.reads)
    a = operand_of(first, left, sizes, memory)
    b = operand_of(second, right, sizes, memory)
    return Cut(sizes, out, rows, a, b, core.dtype in NARROW)


def _labels(core: Node) -> tuple[str, str, str]:
    inputs, out = core.params["spec"].split("->")
    left, right = inputs.split(",")
    return left, right, out


def _as_fold(
    name: str, fused: Fused, slots: Mapping[object, int], target: Target,
    new_slot: Callable[[], int], repeated: bool,
) -> list[Kernel]:  # fmt: skip
    """A product without rows or columns: dots, matrix times vector."""
    core = fused.core
    assert core is not None
    left, right, out = _labels(core)
    first, second = core.sources
    sizes: dict[str, Extent] = dict(zip(left, first.extents, strict=True))
    sizes |= dict(zip(right, second.extents, strict=True))
    labels = [*out, *(label for label in left if label not in out)]
    extents = tuple(sizes[label] for label in labels)

    def element(expression: Expression, index: Index) -> Value:
        at = dict(zip(labels, index, strict=True))
        x = expression.value(first, tuple(at[label] for label in left))
        y = expression.value(second, tuple(at[label] for label in right))
        b, dtype = expression.builder, summed_in(core.dtype)
        return b.mul(b.convert(x, dtype), b.convert(y, dtype))

    domain = Domain(extents, tuple(range(len(out))), element)
    return fold_kernels(name, fused, slots, target, new_slot, domain, repeated)


class _Product(Tiles):
    """Writes the kernels of one product: packing, and the walk over all tiles."""

    def pack(self) -> Kernel:
        """Copy the second operand into panels: [shared..., panel, depth, width]."""
        assert self.packed_slot is not None
        shared = self.shared()
        b = Builder(f"{self.name}_pack", ARGUMENTS, "internal")
        base = address(b, self.slots[self.b.memory])
        packed = address(b, self.packed_slot)
        panels = b.index(self.panels)
        numbers = b.lane_numbers(self.width)
        stride = self.fused.panels.get(self.b.memory, self.b.stride(self.column))

        def unit(u: Value, _: list[Value]) -> None:
            panel = b.make(f"srem i64 {u.name}, {panels.name}", "int64")
            rest = b.make(f"sdiv i64 {u.name}, {panels.name}", "int64")
            loops = {**self._zeros(b), **self._split(b, rest, shared)}
            loops[self.column] = b.mul(panel, b.constant(self.width, "int64"))
            columns = b.add(numbers, loops[self.column])
            inside = b.compare("lt", columns, b.index(self.sizes[self.column]))
            steps = b.mul(numbers, b.index(stride))
            start = b.mul(u, b.mul(b.index(self.depth), b.constant(self.width, "int64")))

            def copy(position: Value) -> None:
                first = self._first(b, loops)
                if stride == 1:
                    value = b.load(
                        b.pointer(base, first, self.dtype), self.dtype, self.width, inside
                    )
                else:
                    value = b.gather(base, b.add(steps, first), self.dtype, inside)
                place = b.add(start, b.mul(position, b.constant(self.width, "int64")))
                b.store(value, b.pointer(packed, place, self.dtype))

            def nest(depth: int, position: Value) -> None:
                if depth == len(self.summed):
                    copy(position)
                    return
                label, size = self.summed[depth]
                extent = b.index(size)

                def turn(k: Value, _: list[Value]) -> None:
                    loops[label] = k
                    nest(depth + 1, b.add(b.mul(position, extent), k))

                b.loop(b.constant(0, "int64"), extent, 1, turn)

            nest(0, b.constant(0, "int64"))

        b.loop(Value("%begin", "int64"), Value("%end", "int64"), 1, unit)
        b.line("ret void")
        units = product(self.sizes[label] for label in shared) * self.panels
        size = units * self.depth * self.width
        return Kernel(
            f"{self.name}_pack", [], "pack", [b], units, size,
            [(self.packed_slot, size, self.dtype)], self.b.memory,
        )  # fmt: skip

    def _first(self, b: Builder, loops: dict[str, Value]) -> Value:
        """Where the second operand has the first column of a panel."""
        width = self.fused.panels.get(self.b.memory)
        if width is None:
            return b.affine(self.b.place, loops)
        # the operand is a variable in panels, read across: w[column, summed]
        ((summed, _),) = self.summed
        panel = b.make(f"sdiv i64 {loops[summed].name}, {width}", "int64")
        lane = b.make(f"srem i64 {loops[summed].name}, {width}", "int64")
        rows = b.mul(panel, b.index(self.b.memory.extents[0]))
        return b.add(b.mul(b.add(rows, loops[self.column]), b.constant(width, "int64")), lane)

    def product(self) -> Kernel:
        """The tiles of the result, a few at a time."""
        b = Builder(self.name, ARGUMENTS, "internal")
        per_unit = self.tiles_per_unit
        groups = apply("ceildiv", self.row_count, self.tile_rows * per_unit)
        group_count, panels = b.index(groups), b.index(self.panels)
        rows = b.index(self.row_count)
        functions: dict[tuple[int, int], Builder] = {
            (count, full): self._tile(count, full, self.vectors)
            for full in self._column_cases() for count in self._row_counts(full)
        }  # fmt: skip

        def unit(u: Value, _: list[Value]) -> None:
            group = b.make(f"srem i64 {u.name}, {group_count.name}", "int64")
            rest = b.make(f"sdiv i64 {u.name}, {group_count.name}", "int64")
            panel = b.make(f"srem i64 {rest.name}, {panels.name}", "int64")
            rest = b.make(f"sdiv i64 {rest.name}, {panels.name}", "int64")
            outer = self._split(b, rest, self.outer)
            low = b.mul(group, b.constant(per_unit * self.tile_rows, "int64"))
            high = b.add(low, b.constant(per_unit * self.tile_rows, "int64"))
            high = b.select(b.compare("lt", high, rows), high, rows)
            column = b.mul(panel, b.constant(self.width, "int64"))

            def rows_of(full: bool) -> None:
                def walk(more: str) -> None:
                    self._rows(b, functions, full, outer, low, high, column, more)

                self._in_blocks(b, outer, walk)

            if len(self._column_cases()) == 1:
                rows_of(self._column_cases()[0])
                return
            last = b.sub(panels, b.constant(1, "int64"))
            whole, part, done = b.label_name(), b.label_name(), b.label_name()
            b.line(f"br i1 {b.compare('lt', panel, last).name}, label %{whole}, label %{part}")
            b.label(whole)
            rows_of(True)
            b.line(f"br label %{done}")
            b.label(part)
            rows_of(False)
            b.line(f"br label %{done}")
            b.label(done)

        grain: Extent = 1
        if self._can_be_wide():
            grain = apply("max", 1, WIDE // self.vectors * (2 - self.sizes[self.row]))  # if 1 row
            functions[1, WIDE] = self._tile(1, True, WIDE)
            self._single_row(b, functions)
        b.loop(BEGIN, END, 1, unit)
        b.line("ret void")
        nodes, scratch = self.fused.nodes, []
        if self.parts_slot:
            size = product(self.core.extents) * self.parts
            nodes, scratch = [], [(self.parts_slot, size, summed_in(self.dtype))]
        kind = "contraction in parts" if self.parts_slot else "contraction"
        written = [*functions.values(), b]
        return Kernel(
            self.name,
            nodes,
            kind,
            written,
            self.units(),
            self.work(),
            scratch,
            grain=grain,
        )

    def _in_blocks(self, b: Builder, outer: dict[str, Value], walk: Callable[[str], None]) -> None:
        """Call `walk(arguments)` for each block of a part: the tiles add to what they stored."""
        if self.block is None:
            walk("")
            return
        number, step = self.block
        fixed: list[Value] = []
        walk(", i64 0" * (number + 2) + ", i1 false")  # zeros, should a part be empty

        def nest(depth: int) -> None:
            low, high = b.constant(0, "int64"), b.index(self.summed[depth][1])
            if depth == 0:
                low, high = self.part_range(b, outer[PART])

            def turn(k: Value, _: list[Value]) -> None:
                if depth < number:
                    fixed.append(k)
                    nest(depth + 1)
                    fixed.pop()
                    return
                end = b.minimum(b.add(k, b.constant(step, "int64")), high)
                given = "".join(f", i64 {value.name}" for value in (*fixed, k, end))
                walk(f"{given}, i1 true")

            b.loop(low, high, 1 if depth < number else step, turn)

        nest(0)

    def _can_be_wide(self) -> bool:
        """Whether there may be a single row, as wide as the registers hold: see `_single_row`."""
        columns = self.sizes[self.column]
        simple = not self.outer and self.packed_slot is None and not is_known(self.row_count)
        return simple and isinstance(columns, int) and columns % (WIDE * self.lanes) == 0

    def _single_row(self, b: Builder, functions: dict[tuple[int, int], Builder]) -> None:
        """One sample: long pieces of the second operand's rows are read faster than short ones."""
        one, several = b.label_name(), b.label_name()
        rows = b.index(self.row_count)
        single = b.compare("eq", rows, b.constant(1, "int64"))
        b.line(f"br i1 {single.name}, label %{one}, label %{several}")
        b.label(one)
        low = b.mul(BEGIN, b.constant(self.width, "int64"))
        high = b.mul(END, b.constant(self.width, "int64"))
        wide = WIDE * self.lanes
        whole = b.make(f"sdiv i64 {b.sub(high, low).name}, {wide}", "int64")
        border = b.add(low, b.mul(whole, b.constant(wide, "int64")))
        for first, last, step, key in (
            (low, border, wide, (1, WIDE)), (border, high, self.width, (1, True)),
        ):  # fmt: skip

            def tile(column: Value, _: list[Value], key: tuple[int, int] = key) -> None:
                name = functions[key].name
                b.line(f"call void @{name}({TABLE}, i64 0, i64 {column.name})")

            b.loop(first, last, step, tile)
        b.line("ret void")
        b.label(several)

    def _row_counts(self, whole: bool) -> list[int]:
        """How many rows a tile may have: the full number, and what fills any remainder.

        The masks of a panel in part take registers too: where they are few, there are fewer rows.
        """
        rows, full = self.row_count, self.tile_rows
        if self.target.registers < 32 and not whole and self.packed_slot is None and full > 4:
            return [4, 2, 1]
        if isinstance(rows, int):
            left = rows % full
            return [full, left] if left and rows > full else [min(full, rows)]
        counts = [full]
        while counts[-1] > 1:
            counts.append(max(power for power in (8, 4, 2, 1) if power < counts[-1]))
        return counts

    def _column_cases(self) -> list[bool]:
        columns = self.sizes[self.column]
        if not isinstance(columns, int):
            return [False]
        if columns % self.width == 0:
            return [True]
        return [True, False] if columns > self.width else [False]

    def _rows(
        self, b: Builder, functions: dict[tuple[int, int], Builder], full: bool,
        outer: dict[str, Value], low: Value, high: Value, column: Value, more: str,
    ) -> None:  # fmt: skip
        """All tiles from row `low` to row `high`; `more` is what else their functions get."""
        shown = "".join(f", i64 {outer[label].name}" for label in self.outer) + more
        for count in self._row_counts(full):
            left = b.sub(high, low)
            whole = b.make(f"sdiv i64 {left.name}, {count}", "int64")
            border = b.add(low, b.mul(whole, b.constant(count, "int64")))

            def tile(row: Value, _: list[Value], count: int = count) -> None:
                b.line(
                    f"call void @{functions[count, full].name}({TABLE}, "
                    f"i64 {row.name}, i64 {column.name}{shown})"
                )

            b.loop(low, border, count, tile)
            low = border
