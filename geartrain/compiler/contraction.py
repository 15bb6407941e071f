"""The kernel of products: blocks of results kept in registers, with an epilogue at the store.

A contraction sums products over some axes. Its result is cut into tiles of a few rows by two
vectors, whose sums stay in registers while the summed axes are walked: each step loads two vectors
of the second operand, and repeats one number of the first for each row. Operands are read where
they are, through any view that is plain index arithmetic (so a convolution needs no copies of its
windows); only a second operand whose columns are not neighbours in memory is packed first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from geartrain.compiler.builder import BYTES, Builder, Value, is_known
from geartrain.compiler.expression import Expression
from geartrain.compiler.folds import PARTS, Domain, few_units, fold_kernels, join_parts
from geartrain.compiler.fuse import Fused
from geartrain.compiler.kernels import (
    ARGUMENTS,
    BEGIN,
    END,
    USUAL_BATCH,
    Kernel,
    address,
    addresses,
    check_supported,
    lanes_for,
    store_all,
)  # fmt: skip
from geartrain.compiler.target import Target
from geartrain.graph.affine import Affine, Index, offset_of
from geartrain.graph.node import Node
from geartrain.graph.op import View
from geartrain.graph.shapes import Extent, Shape, apply, product, resolve

ROWS_PER_UNIT = 128
WIDE = 8  # vectors of a tile that is a single row
MUCH_USED = 32  # tiles that use a panel
PART = "#"  # the label of the parts that a summed label is cut into


@dataclass
class Operand:
    """A tensor in memory, and the place of the element that each setting of the labels needs."""

    memory: Node
    place: Affine

    def stride(self, label: str) -> Extent:
        """How far apart neighbours along a label are."""
        return self.place.terms.get(label, 0)


def operand_of(node: Node, labels: str, sizes: dict[str, Extent], memory: set[Node]) -> Operand:
    """Follow plain views down to memory."""
    index: Index = tuple(
        Affine() if sizes[label] == 1 else Affine.variable(label) for label in labels
    )
    while node not in memory:
        assert node.op is not None and isinstance(node.op.lower, View)
        source = node.sources[0]
        if node.op.lower.same_order:
            index = _reshaped(index, node.extents, source.extents)
        else:
            assert node.op.lower.index is not None
            index = node.op.lower.index(index, source.extents, **node.params)[0].index
        node = source
    return Operand(node, offset_of(index, node.extents))


def _reshaped(index: Index, shape: Shape, source: Shape) -> Index:
    from geartrain.compiler.expression import reshaped_index

    return reshaped_index(index, shape, source)


def contraction_kernels(
    name: str, fused: Fused, slots: Mapping[object, int], target: Target,
    new_slot: Callable[[], int],
) -> list[Kernel]:  # fmt: skip
    """The kernels of a product and its epilogue: packing, if need be, and the product."""
    core = fused.core
    assert core is not None
    check_supported(fused)
    left, right, out = _labels(core)
    first, second = core.sources
    if out and out[-1] in left and out[-1] not in right:
        left, right, first, second = right, left, second, first
    sizes: dict[str, Extent] = dict(zip(left, first.extents, strict=True))
    sizes |= dict(zip(right, second.extents, strict=True))
    tiled = bool(out) and out[-1] in right and out[-1] not in left and sizes[out[-1]] != 1
    rows = [label for label in out if label in left and label not in right and sizes[label] != 1]
    if not tiled or not rows:
        return _as_fold(name, fused, slots, target, new_slot)
    memory = set(fused.reads)
    a = operand_of(first, left, sizes, memory)
    b = operand_of(second, right, sizes, memory)
    plan = _Plan(name, fused, core, slots, target, sizes, out, a, b, rows[-1])
    kernels = []
    if b.stride(out[-1]) != 1 or plan.crowds_the_cache():
        plan.packed_slot = new_slot()
        kernels.append(plan.pack())
    if plan.too_few():
        plan.cut(new_slot())
        return [*kernels, plan.product(), join_parts(name, fused, slots, target, plan.parts_slot)]
    return [*kernels, plan.product()]


def _labels(core: Node) -> tuple[str, str, str]:
    inputs, out = core.params["spec"].split("->")
    left, right = inputs.split(",")
    return left, right, out


def _as_fold(
    name: str, fused: Fused, slots: Mapping[object, int], target: Target,
    new_slot: Callable[[], int],
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
        return expression.builder.mul(x, y)

    domain = Domain(extents, tuple(range(len(out))), element)
    return fold_kernels(name, fused, slots, target, new_slot, domain)


@dataclass
class _Plan:
    name: str
    fused: Fused
    core: Node
    slots: Mapping[object, int]
    target: Target
    sizes: dict[str, Extent]
    out: str
    a: Operand
    b: Operand
    row: str  # the label whose neighbours are the rows of a tile
    packed_slot: int | None = None
    parts_slot: int = 0  # scratch memory for sums in parts, if they are

    def __post_init__(self) -> None:
        self.dtype = self.core.dtype
        self.lanes = lanes_for(self.target, self.dtype)
        self.tile_rows, vectors = self.target.tile()
        self.column = self.out[-1]
        columns = self.sizes[self.column]
        if isinstance(columns, int) and columns <= self.lanes:
            vectors = 1
        self.vectors = vectors
        self.width = vectors * self.lanes
        rows = self.sizes[self.row]
        if isinstance(rows, int) and rows % self.tile_rows:  # equal tiles, if rows are known
            tiles = -(-rows // self.tile_rows)
            self.tile_rows = -(-rows // tiles)
        labels = [label for label in self.sizes if self.sizes[label] != 1]
        summed = [label for label in labels if label not in self.out]
        self.summed = self._merged(summed)
        self.outer = [label for label in self.out[:-1] if label in labels and label != self.row]
        self.panels = apply("ceildiv", columns, self.width)
        self.tiles_per_unit = max(1, ROWS_PER_UNIT // self.tile_rows)

    def _merged(self, labels: list[str]) -> list[tuple[str, Extent]]:
        """The summed labels with their sizes; neighbours that lie in one row become one."""
        merged: list[tuple[str, Extent]] = []
        for label in reversed(labels):
            size = self.sizes[label]
            if merged:
                inner, inner_size = merged[-1]
                fits = all(
                    operand.stride(label) == inner_size * operand.stride(inner)
                    for operand in (self.a, self.b)
                )
                if fits:
                    merged[-1] = (inner, inner_size * size)
                    continue
            merged.append((label, size))
        return merged[::-1]

    def units(self) -> Extent:
        """How many units of work there are: some rows of one panel each."""
        rows = apply("ceildiv", self.sizes[self.row], self.tile_rows * self.tiles_per_unit)
        return product(self.sizes[label] for label in self.outer) * self.panels * rows

    def work(self) -> Extent:
        """About how many operations there are."""
        return 2 * self.depth * product(self.core.extents)

    def too_few(self) -> bool:
        """Whether there are too few units of work, and a summed label to cut into parts."""
        return bool(self.summed) and few_units(self.units(), self.work())

    def crowds_the_cache(self) -> bool:
        """Whether a panel of the second operand, used often, falls into few sets of the cache.

        That is so if its rows are a multiple of 1 KiB apart.
        """
        tiles = int(resolve(self.sizes[self.row], USUAL_BATCH)) // self.tile_rows
        strides = [self.b.stride(label) for label, _ in self.summed]
        apart = [int(resolve(stride, USUAL_BATCH)) * BYTES[self.dtype] for stride in strides]
        return tiles >= MUCH_USED and any(one and one % 1024 == 0 for one in apart)

    def cut(self, slot: int) -> None:
        """Sum in parts: each part is like one more place of the result."""
        self.parts_slot = slot
        self.name = f"{self.name}_parts"
        self.sizes = {PART: PARTS, **self.sizes}
        self.outer = [PART, *self.outer]

    # -- packing ----------------------------------------------------------------------------------

    @property
    def depth(self) -> Extent:
        """How many products a result sums."""
        return product(size for _, size in self.summed)

    def shared(self) -> list[str]:
        """The labels of the result that both operands have."""
        return [label for label in self.outer if self.b.stride(label) != 0]

    def pack(self) -> Kernel:
        """Copy the second operand into panels: [shared..., panel, depth, width]."""
        assert self.packed_slot is not None
        shared = self.shared()
        b = Builder(f"{self.name}_pack", ARGUMENTS, "internal")
        base = address(b, self.slots[self.b.memory])
        packed = address(b, self.packed_slot)
        panels = b.index(self.panels)
        numbers = b.lane_numbers(self.width)

        def unit(u: Value, _: list[Value]) -> None:
            panel = b.make(f"srem i64 {u.name}, {panels.name}", "int64")
            rest = b.make(f"sdiv i64 {u.name}, {panels.name}", "int64")
            loops = {**self._zeros(b), **self._split(b, rest, shared)}
            loops[self.column] = b.mul(panel, b.constant(self.width, "int64"))
            columns = b.add(numbers, loops[self.column])
            inside = b.compare("lt", columns, b.index(self.sizes[self.column]))
            steps = b.mul(numbers, b.index(self.b.stride(self.column)))
            start = b.mul(u, b.mul(b.index(self.depth), b.constant(self.width, "int64")))

            def copy(position: Value) -> None:
                first = b.affine(self.b.place, loops)
                if self.b.stride(self.column) == 1:
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
            [(self.packed_slot, size, self.dtype)],
        )  # fmt: skip

    def _split(self, b: Builder, number: Value, labels: list[str]) -> dict[str, Value]:
        """A running number as the values of several labels, the last fastest."""
        found = {}
        for label in reversed(labels):
            size = b.index(self.sizes[label])
            found[label] = b.make(f"srem i64 {number.name}, {size.name}", "int64")
            number = b.make(f"sdiv i64 {number.name}, {size.name}", "int64")
        return found

    # -- the product ------------------------------------------------------------------------------

    def product(self) -> Kernel:
        """The tiles of the result, a few at a time."""
        b = Builder(self.name, ARGUMENTS, "internal")
        per_unit = self.tiles_per_unit
        groups = apply("ceildiv", self.sizes[self.row], self.tile_rows * per_unit)
        group_count, panels = b.index(groups), b.index(self.panels)
        rows = b.index(self.sizes[self.row])
        functions: dict[tuple[int, int], Builder] = {
            (count, full): self._tile(count, full, self.vectors)
            for count in self._row_counts() for full in self._column_cases()
        }  # fmt: skip

        def unit(u: Value, _: list[Value]) -> None:
            panel = b.make(f"srem i64 {u.name}, {panels.name}", "int64")
            rest = b.make(f"sdiv i64 {u.name}, {panels.name}", "int64")
            group = b.make(f"srem i64 {rest.name}, {group_count.name}", "int64")
            rest = b.make(f"sdiv i64 {rest.name}, {group_count.name}", "int64")
            outer = self._split(b, rest, self.outer)
            low = b.mul(group, b.constant(per_unit * self.tile_rows, "int64"))
            high = b.add(low, b.constant(per_unit * self.tile_rows, "int64"))
            high = b.select(b.compare("lt", high, rows), high, rows)
            column = b.mul(panel, b.constant(self.width, "int64"))
            if len(self._column_cases()) == 1:
                self._rows(b, functions, self._column_cases()[0], outer, low, high, column)
                return
            last = b.sub(panels, b.constant(1, "int64"))
            whole, part, done = b.label_name(), b.label_name(), b.label_name()
            b.line(f"br i1 {b.compare('lt', panel, last).name}, label %{whole}, label %{part}")
            b.label(whole)
            self._rows(b, functions, True, outer, low, high, column)
            b.line(f"br label %{done}")
            b.label(part)
            self._rows(b, functions, False, outer, low, high, column)
            b.line(f"br label %{done}")
            b.label(done)

        if self._can_be_wide():
            functions[1, WIDE] = self._tile(1, True, WIDE)
            self._single_row(b, functions)
        b.loop(BEGIN, END, 1, unit)
        b.line("ret void")
        nodes, scratch = self.fused.nodes, []
        if self.parts_slot:
            size = product(self.core.extents) * PARTS
            nodes, scratch = [], [(self.parts_slot, size, self.dtype)]
        kind = "contraction in parts" if self.parts_slot else "contraction"
        written = [*functions.values(), b]
        return Kernel(self.name, nodes, kind, written, self.units(), self.work(), scratch)

    def _can_be_wide(self) -> bool:
        """Whether there may be a single row, as wide as the registers hold: see `_single_row`."""
        columns = self.sizes[self.column]
        simple = not self.outer and self.packed_slot is None and not is_known(self.sizes[self.row])
        return simple and isinstance(columns, int) and columns % (WIDE * self.lanes) == 0

    def _single_row(self, b: Builder, functions: dict[tuple[int, int], Builder]) -> None:
        """One sample: long pieces of the second operand's rows are read faster than short ones."""
        one, several = b.label_name(), b.label_name()
        rows = b.index(self.sizes[self.row])
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
                b.line(f"call void @{name}(ptr %args, i64 %batch, i64 0, i64 {column.name})")

            b.loop(first, last, step, tile)
        b.line("ret void")
        b.label(several)

    def _row_counts(self) -> list[int]:
        """How many rows a tile may have: the full number, and what fills any remainder."""
        rows, full = self.sizes[self.row], self.tile_rows
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
        outer: dict[str, Value], low: Value, high: Value, column: Value,
    ) -> None:  # fmt: skip
        """All tiles from row `low` to row `high`."""
        shown = "".join(f", i64 {outer[label].name}" for label in self.outer)
        for count in self._row_counts():
            left = b.sub(high, low)
            whole = b.make(f"sdiv i64 {left.name}, {count}", "int64")
            border = b.add(low, b.mul(whole, b.constant(count, "int64")))

            def tile(row: Value, _: list[Value], count: int = count) -> None:
                b.line(
                    f"call void @{functions[count, full].name}(ptr %args, i64 %batch, "
                    f"i64 {row.name}, i64 {column.name}{shown})"
                )

            b.loop(low, border, count, tile)
            low = border

    def _tile(self, rows: int, full: bool, vectors: int) -> Builder:
        """One tile: rows by vectors, summed in registers and stored with the epilogue."""
        arguments = [("ptr", "%args"), ("i64", "%batch"), ("i64", "%row"), ("i64", "%column")]
        arguments += [("i64", f"%o{number}") for number in range(len(self.outer))]
        name = f"{self.name}_{rows}x{vectors}{'' if full else '_part'}"
        b = Builder(name, arguments, "internal")
        loops = {
            self.row: Value("%row", "int64"), self.column: Value("%column", "int64"),
            **{label: Value(f"%o{n}", "int64") for n, label in enumerate(self.outer)},
        }  # fmt: skip
        masks = self._masks(b, full, vectors)
        zero = b.splat(b.constant(0, self.dtype), self.lanes)
        sums = self._sum(b, rows, loops, masks, [zero] * (rows * vectors))
        self._store(b, rows, loops, masks, sums)
        b.line("ret void")
        return b

    def _masks(self, b: Builder, full: bool, vectors: int) -> list[Value | None]:
        if full:
            return [None] * vectors
        size = b.index(self.sizes[self.column])
        found: list[Value | None] = []
        for vector in range(vectors):
            first = b.add(Value("%column", "int64"), b.constant(vector * self.lanes, "int64"))
            found.append(b.compare("lt", b.add(b.lane_numbers(self.lanes), first), size))
        return found

    def _index(self) -> Index:
        """The labels as an index of the result."""
        return tuple(
            Affine() if self.sizes[label] == 1 else Affine.variable(label) for label in self.out
        )

    def _sum(
        self, b: Builder, rows: int, loops: dict[str, Value], masks: list[Value | None],
        sums: list[Value],
    ) -> list[Value]:  # fmt: skip
        """Walk the summed axes; the sums are handed from turn to turn."""
        vectors = len(masks)
        a_base = address(b, self.slots[self.a.memory])
        outside = {**self._zeros(b), **loops}
        a_start = b.pointer(a_base, b.affine(self.a.place, outside), self.dtype)
        if self.packed_slot is None:
            b_base = address(b, self.slots[self.b.memory])
            b_start = b.pointer(b_base, b.affine(self.b.place, outside), self.dtype)
            strides = {label: self.b.stride(label) for label, _ in self.summed}
        else:
            b_start, strides = self._packed_start(b, loops)
        row_stride = b.index(self.a.stride(self.row))

        def step(a_at: str, b_at: str, values: list[Value]) -> list[Value]:
            loaded = []
            for vector in range(vectors):
                place = b.pointer(b_at, b.constant(vector * self.lanes, "int64"), self.dtype)
                mask = masks[vector] if self.packed_slot is None else None
                loaded.append(b.load(place, self.dtype, self.lanes, mask))
            results = []
            for row in range(rows):
                down = b.mul(row_stride, b.constant(row, "int64"))
                number = b.load(b.pointer(a_at, down, self.dtype), self.dtype)
                repeated = b.splat(number, self.lanes)
                for vector in range(vectors):
                    total = values[row * vectors + vector]
                    results.append(self._multiply_add(b, repeated, loaded[vector], total))
            return results

        def nest(depth: int, a_at: str, b_at: str, values: list[Value]) -> list[Value]:
            if depth == len(self.summed):
                return step(a_at, b_at, values)
            label, size = self.summed[depth]

            def turn(k: Value, inside: list[Value]) -> list[Value]:
                a_next = b.pointer(a_at, b.mul(k, b.index(self.a.stride(label))), self.dtype)
                b_next = b.pointer(b_at, b.mul(k, b.index(strides[label])), self.dtype)
                return nest(depth + 1, a_next, b_next, inside)

            low, high = b.constant(0, "int64"), b.index(size)
            if depth == 0 and self.parts_slot:
                chunk = b.index(apply("ceildiv", size, PARTS))
                low = b.minimum(b.mul(loops[PART], chunk), high)
                high = b.minimum(b.add(low, chunk), high)
            return b.loop(low, high, 1, turn, values)

        return nest(0, a_start, b_start, sums)

    def _packed_start(self, b: Builder, loops: dict[str, Value]) -> tuple[str, dict[str, Extent]]:
        """Where the panel of this tile begins, and the strides of the summed labels in it."""
        assert self.packed_slot is not None
        number = b.constant(0, "int64")
        for label in self.shared():
            number = b.add(b.mul(number, b.index(self.sizes[label])), loops[label])
        width = b.constant(self.width, "int64")
        panel = b.make(f"sdiv i64 {loops[self.column].name}, {width.name}", "int64")
        number = b.add(b.mul(number, b.index(self.panels)), panel)
        place = b.mul(number, b.mul(b.index(self.depth), width))
        strides: dict[str, Extent] = {}
        step: Extent = self.width
        for label, size in reversed(self.summed):
            strides[label] = step
            step = step * size
        return b.pointer(address(b, self.packed_slot), place, self.dtype), strides

    def _zeros(self, b: Builder) -> dict[str, Value]:
        return dict.fromkeys(self.sizes, b.constant(0, "int64"))

    def _multiply_add(self, b: Builder, x: Value, y: Value, total: Value) -> Value:
        if self.dtype in ("float32", "float64"):
            return b.fma(x, y, total)
        return b.add(total, b.mul(x, y))

    def _store(
        self, b: Builder, rows: int, loops: dict[str, Value], masks: list[Value | None],
        sums: list[Value],
    ) -> None:  # fmt: skip
        """The epilogue of each sum, to memory."""
        vectors = len(masks)
        reads, nodes = self.fused.reads, self.fused.nodes
        if self.parts_slot:
            reads, nodes, scratch = [], [], address(b, self.parts_slot)
        pointers = addresses(b, self.slots, [*reads, *nodes])
        sources = {read: pointers[read] for read in reads}
        index = self._index()
        for row in range(rows):
            for vector in range(vectors):
                found = dict(loops)
                found[self.row] = b.add(loops[self.row], b.constant(row, "int64"))
                first = b.constant(vector * self.lanes, "int64")
                found[self.column] = b.add(loops[self.column], first)
                total = sums[row * vectors + vector]
                if self.parts_slot:
                    place = b.affine(offset_of(index, self.core.extents), found)
                    part = b.mul(loops[PART], b.index(product(self.core.extents)))
                    at = b.pointer(scratch, b.add(part, place), self.dtype)
                    b.store(total, at, masks[vector])
                    continue
                known = {self.core: total}
                expression = Expression(
                    b, sources, found, self.column, self.lanes, masks[vector], known
                )
                store_all(expression, nodes, index, pointers)
