"""The gemm: the walk over all tiles of a result, and the packing of its second operand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from geartrain.compiler.codegen.builder import Builder, Value, is_known
from geartrain.compiler.codegen.values import summed_in
from geartrain.compiler.kernels.kernel import ARGUMENTS, BEGIN, END, TABLE, Kernel, address
from geartrain.compiler.kernels.matmul.microkernel import Microkernel
from geartrain.compiler.kernels.matmul.tiling import PART, WIDE
from geartrain.graph.shapes import Extent, apply, product


class Gemm(Microkernel):
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
            panel = b.rem(u, panels)
            rest = b.div(u, panels)
            loops = {**self._zeros(b), **self._unravel(b, rest, shared)}
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

                def iteration(k: Value, _: list[Value]) -> None:
                    loops[label] = k
                    nest(depth + 1, b.add(b.mul(position, extent), k))

                b.loop(b.constant(0, "int64"), extent, 1, iteration)

            nest(0, b.constant(0, "int64"))

        b.loop(Value("%begin", "int64"), Value("%end", "int64"), 1, unit)
        b.finish()
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
        panel = b.div(loops[summed], b.constant(width, "int64"))
        lane = b.rem(loops[summed], b.constant(width, "int64"))
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
            group = b.rem(u, group_count)
            rest = b.div(u, group_count)
            panel = b.rem(rest, panels)
            rest = b.div(rest, panels)
            outer = self._unravel(b, rest, self.outer)
            low = b.mul(group, b.constant(per_unit * self.tile_rows, "int64"))
            high = b.add(low, b.constant(per_unit * self.tile_rows, "int64"))
            high = b.select(b.compare("lt", high, rows), high, rows)
            column = b.mul(panel, b.constant(self.width, "int64"))

            def rows_of(full: bool) -> None:
                def walk(more: Sequence[Value]) -> None:
                    self._rows(b, functions, full, outer, low, high, column, more)

                self._in_blocks(b, outer, walk)

            if len(self._column_cases()) == 1:
                rows_of(self._column_cases()[0])
                return
            last = b.sub(panels, b.constant(1, "int64"))
            whole, part, done = b.label_name(), b.label_name(), b.label_name()
            b.branch(b.compare("lt", panel, last), whole, part)
            b.label(whole)
            rows_of(True)
            b.jump(done)
            b.label(part)
            rows_of(False)
            b.jump(done)
            b.label(done)

        grain: Extent = 1
        if self._can_be_wide():
            grain = apply("max", 1, WIDE // self.vectors * (2 - self.sizes[self.row]))  # if 1 row
            functions[1, WIDE] = self._tile(1, True, WIDE)
            self._single_row(b, functions)
        b.loop(BEGIN, END, 1, unit)
        b.finish()
        nodes, workspace = self.fused.nodes, []
        if self.parts_slot:
            size = product(self.core.extents) * self.parts
            nodes, workspace = [], [(self.parts_slot, size, summed_in(self.dtype))]
        kind = "contraction in parts" if self.parts_slot else "contraction"
        written = [*functions.values(), b]
        return Kernel(
            self.name,
            nodes,
            kind,
            written,
            self.units(),
            self.work(),
            workspace,
            grain=grain,
        )

    def _in_blocks(
        self, b: Builder, outer: dict[str, Value], walk: Callable[[Sequence[Value]], None]
    ) -> None:
        """Call `walk(arguments)` for each block of a part: the tiles add to what they stored."""
        if self.block is None:
            walk([])
            return
        number, step = self.block
        fixed: list[Value] = []
        zero, false = b.constant(0, "int64"), b.constant(False, "bool")
        walk([*[zero] * (number + 2), false])  # zeros, should a part be empty

        def nest(depth: int) -> None:
            low, high = b.constant(0, "int64"), b.index(self.summed[depth][1])
            if depth == 0:
                low, high = self.part_range(b, outer[PART])

            def iteration(k: Value, _: list[Value]) -> None:
                if depth < number:
                    fixed.append(k)
                    nest(depth + 1)
                    fixed.pop()
                    return
                end = b.minimum(b.add(k, b.constant(step, "int64")), high)
                walk([*fixed, k, end, b.constant(True, "bool")])

            b.loop(low, high, 1 if depth < number else step, iteration)

        nest(0)

    def _can_be_wide(self) -> bool:
        """Whether there may be a single row, as wide as the registers hold: see `_single_row`."""
        columns = self.sizes[self.column]
        simple = not self.outer and self.packed_slot is None and not is_known(self.row_count)
        return simple and isinstance(columns, int) and columns % (WIDE * self.lanes) == 0

    def _single_row(self, b: Builder, functions: dict[tuple[int, int], Builder]) -> None:
        """One sample: long runs of the second operand's rows are read faster than short ones."""
        one, several = b.label_name(), b.label_name()
        rows = b.index(self.row_count)
        single = b.compare("eq", rows, b.constant(1, "int64"))
        b.branch(single, one, several)
        b.label(one)
        low = b.mul(BEGIN, b.constant(self.width, "int64"))
        high = b.mul(END, b.constant(self.width, "int64"))
        wide = WIDE * self.lanes
        whole = b.div(b.sub(high, low), b.constant(wide, "int64"))
        border = b.add(low, b.mul(whole, b.constant(wide, "int64")))
        for first, last, step, key in (
            (low, border, wide, (1, WIDE)), (border, high, self.width, (1, True)),
        ):  # fmt: skip

            def tile(column: Value, _: list[Value], key: tuple[int, int] = key) -> None:
                name = functions[key].name
                b.invoke(name, *TABLE, b.constant(0, "int64"), column)

            b.loop(first, last, step, tile)
        b.finish()
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
        outer: dict[str, Value], low: Value, high: Value, column: Value, more: Sequence[Value],
    ) -> None:  # fmt: skip
        """All tiles from row `low` to row `high`; `more` is what else their functions get."""
        given = [*(outer[label] for label in self.outer), *more]
        for count in self._row_counts(full):
            left = b.sub(high, low)
            whole = b.div(left, b.constant(count, "int64"))
            border = b.add(low, b.mul(whole, b.constant(count, "int64")))

            def tile(row: Value, _: list[Value], count: int = count) -> None:
                b.invoke(functions[count, full].name, *TABLE, row, column, *given)

            b.loop(low, border, count, tile)
            low = border
