"""The code of one tile: sums in registers while the summed axes are walked, then the store."""

from __future__ import annotations

from functools import partial

from geartrain.compiler.codegen.builder import Builder, Value
from geartrain.compiler.codegen.values import summed_in
from geartrain.compiler.kernels.expression import Expression
from geartrain.compiler.kernels.kernel import (
    TABLE_ARGUMENTS,
    address,
    addresses,
    store_all,
)
from geartrain.compiler.kernels.matmul.layout import PANEL, place_in_panel
from geartrain.compiler.kernels.matmul.tiling import PART, Tiling
from geartrain.graph.affine import Affine, Index, offset_of
from geartrain.graph.shapes import Extent, product


class Microkernel(Tiling):
    """Writes the functions of tiles: some rows by some vectors of the result."""

    def _tile(self, rows: int, full: bool, vectors: int) -> Builder:
        """One tile: rows by vectors, summed in registers and stored with the epilogue."""
        arguments = [*TABLE_ARGUMENTS, ("i64", "%row"), ("i64", "%column")]
        arguments += [("i64", f"%o{number}") for number in range(len(self.outer))]
        if self.block is not None:
            arguments += [("i64", f"%s{number}") for number in range(self.block[0])]
            arguments += [("i64", "%from"), ("i64", "%to"), ("i1", "%more")]
        name = f"{self.name}_{rows}x{vectors}{'' if full else '_part'}"
        b = Builder(name, arguments, "internal")
        loops = {
            **self._unravel(b, Value("%row", "int64"), self.row_labels),
            self.column: Value("%column", "int64"),
            **{label: Value(f"%o{n}", "int64") for n, label in enumerate(self.outer)},
        }  # fmt: skip
        masks = self._masks(b, full, vectors)
        sums = self._sum(b, rows, loops, masks, self._first_sums(b, rows, loops, masks))
        self._store(b, rows, loops, masks, sums)
        b.finish()
        return b

    def _first_sums(
        self, b: Builder, rows: int, loops: dict[str, Value], masks: list[Value | None]
    ) -> list[Value]:
        """Zeros; the sums of the blocks before, where a part is walked in blocks."""
        wide = summed_in(self.dtype)
        zeros = [b.splat(b.constant(0, wide), self.lanes)] * (rows * len(masks))
        if self.block is None:
            return zeros

        base = address(b, self.parts_slot)

        def load() -> list[Value]:
            return [
                b.load(self._workspace(b, base, row, vector, loops), wide, self.lanes, mask)
                for row in range(rows) for vector, mask in enumerate(masks)
            ]  # fmt: skip

        return b.when(Value("%more", "bool"), load, zeros)

    def _place(
        self, b: Builder, row: int, vector: int, loops: dict[str, Value]
    ) -> dict[str, Value]:
        """The labels' values at a row and vector of a tile."""
        at = b.add(Value("%row", "int64"), b.constant(row, "int64"))
        first = b.constant(vector * self.lanes, "int64")
        columns = {self.column: b.add(loops[self.column], first)}
        return {**loops, **self._unravel(b, at, self.row_labels), **columns}

    def _workspace(
        self, b: Builder, base: str, row: int, vector: int, loops: dict[str, Value]
    ) -> str:
        """The address of the sums of a part."""
        place = b.affine(
            offset_of(self._index(), self.core.extents), self._place(b, row, vector, loops)
        )
        part = b.mul(loops[PART], b.index(product(self.core.extents)))
        return b.pointer(base, b.add(part, place), summed_in(self.dtype))

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
        """Walk the summed axes; the sums are handed from one iteration to the next."""
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

        def step(a_at: str, b_at: str, values: list[Value]) -> list[Value]:
            loaded = []
            for vector in range(vectors):
                place = b.pointer(b_at, b.constant(vector * self.lanes, "int64"), self.dtype)
                mask = masks[vector] if self.packed_slot is None else None
                loaded.append(b.load(place, self.dtype, self.lanes, mask))
            results = []
            for row in range(rows):
                down = b.index(self.row_offset(row))
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

            def iteration(k: Value, inside: list[Value]) -> list[Value]:
                a_next = b.pointer(a_at, b.mul(k, b.index(self.a.stride(label))), self.dtype)
                b_next = b.pointer(b_at, b.mul(k, b.index(strides[label])), self.dtype)
                return nest(depth + 1, a_next, b_next, inside)

            low, high = b.constant(0, "int64"), b.index(size)
            if self.block is not None and depth < self.block[0]:
                return iteration(Value(f"%s{depth}", "int64"), values)
            if self.block is not None and depth == self.block[0]:
                low, high = Value("%from", "int64"), Value("%to", "int64")
            elif depth == 0 and self.parts_slot:
                low, high = self.part_range(b, loops[PART])
            return b.loop(low, high, 1, iteration, values)

        return nest(0, a_start, b_start, sums)

    def _packed_start(self, b: Builder, loops: dict[str, Value]) -> tuple[str, dict[str, Extent]]:
        """Where the panel of this tile begins, and the strides of the summed labels in it."""
        assert self.packed_slot is not None
        number = b.constant(0, "int64")
        for label in self.shared():
            number = b.add(b.mul(number, b.index(self.sizes[label])), loops[label])
        width = b.constant(self.width, "int64")
        panel = b.div(loops[self.column], width)
        number = b.add(b.mul(number, b.index(self.panels)), panel)
        place = b.mul(number, b.mul(b.index(self.depth), width))
        strides: dict[str, Extent] = {}
        step: Extent = self.width
        for label, size in reversed(self.summed):
            strides[label] = step
            step = step * size
        return b.pointer(address(b, self.packed_slot), place, self.dtype), strides

    def _multiply_add(self, b: Builder, x: Value, y: Value, total: Value) -> Value:
        x, y = b.convert(x, total.dtype), b.convert(y, total.dtype)
        if self.target.fma and total.dtype in ("float32", "float64"):
            return b.fma(x, y, total)
        return b.add(total, b.mul(x, y))

    def _store(
        self, b: Builder, rows: int, loops: dict[str, Value], masks: list[Value | None],
        sums: list[Value],
    ) -> None:  # fmt: skip
        """The epilogue of each sum, to memory."""
        vectors = len(masks)
        if self.parts_slot:
            base = address(b, self.parts_slot)
            for row in range(rows):
                for vector, mask in enumerate(masks):
                    total = sums[row * vectors + vector]
                    b.store(total, self._workspace(b, base, row, vector, loops), mask)
            return
        reads, nodes = self.fused.reads, self.fused.nodes
        pointers = addresses(b, self.slots, [*reads, *nodes])
        sources = {read: pointers[read] for read in reads}
        loops = {**loops, PANEL: loops[self.column]}
        places = {
            node: partial(place_in_panel, rows=node.extents[0], width=width)
            for node, width in self.fused.panels.items() if node is not self.b.memory
        }  # fmt: skip
        for row in range(rows):
            for vector, mask in enumerate(masks):
                known = {self.core: b.convert(sums[row * vectors + vector], self.dtype)}
                found = self._place(b, row, vector, loops)
                expression = Expression(
                    b, sources, found, self.column, self.lanes, mask, known, places
                )
                store_all(expression, nodes, self._index(), pointers)
