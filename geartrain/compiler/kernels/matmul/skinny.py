"""The skinny gemm: a product with few columns, where a row of the result is a part of a vector.

    out[i, c] = sum over k of a[i, k] * b[k, c]         for c in range(10)

Tiles of columns would leave many lanes of each multiplication empty. So vectors run along another
axis, whichever has its elements of the first operand side by side: along the summed one, and the
lanes of each sum are added up at the end; or along the rows, and the tile is transposed before it
is stored. For the first of these the second operand is packed, which does not pay for a few rows:
they take vectors of columns, as many as a sum has lanes.
"""

from __future__ import annotations

from collections.abc import Callable

from geartrain.compiler.analysis.cost import few_units
from geartrain.compiler.codegen.builder import BYTES, Builder, Value
from geartrain.compiler.codegen.values import NARROW, summed_in
from geartrain.compiler.kernels.expression import Expression
from geartrain.compiler.kernels.kernel import (
    ARGUMENTS,
    BEGIN,
    END,
    Kernel,
    address,
    addresses,
    at_least,
    store_all,
    whole_steps,
)
from geartrain.compiler.kernels.matmul.tiling import Tiling
from geartrain.graph.affine import Affine
from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent, apply

SUMS = 24  # vectors of sums that stay in registers
ROWS = 8  # rows of a unit of work, where sums run along the rows
LONG = 4  # vectors of a sum whose lanes are worth adding up
ROW_VECTORS = 2  # vectors of rows, where those run along the columns


class SkinnyGemm(Tiling):
    """Writes the kernels of a product with few columns."""

    columns: int
    panel: int  # rows of a unit of work, where vectors run along the rows
    label: str  # the summed one
    wide: str  # the dtype of sums

    def fits(self) -> bool:
        """Whether this does it better than tiles of columns."""
        labels = [label for label in self.out if self.sizes[label] != 1]
        columns = self.sizes[self.column]
        if not isinstance(columns, int) or 4 * columns > 3 * self.lanes or not self.target.masks:
            return False
        if labels != [self.row, self.column] or len(self.summed) != 1:
            return False
        self.columns, self.panel = columns, ROW_VECTORS * self.lanes
        ((self.label, _),) = self.summed
        self.wide = summed_in(self.dtype)
        known = self.dtype in (*NARROW, "float32", "float64")
        plain = self.a.base is self.a.top
        return known and plain and (self._sums_lie() or self._rows_lie())

    def kernels(self, new_slot: Callable[[], int]) -> list[Kernel]:
        """The kernels of the product, which has to fit."""
        depth, rows = self.depth, self.sizes[self.row]
        if self._sums_lie():
            assert isinstance(depth, int)
            self.packed_slot = new_slot()
            packed = self._packed(depth)
            if self._columns_lie():  # a few rows have no use for it
                packed.enabled = at_least(rows, ROWS)
            return [packed, self._along_sums(depth, apply("ceildiv", rows, ROWS))]
        assert isinstance(rows, int)
        return [self._along_rows(rows // self.panel)]

    def _sums_lie(self) -> bool:
        """Whether vectors can run along the summed axis of the first operand."""
        depth = self.depth
        if self.a.stride(self.label) != 1 or not isinstance(depth, int):
            return False
        units = apply("ceildiv", self.sizes[self.row], ROWS)
        return depth >= LONG * self.lanes and not few_units(units, self.work())

    def _columns_lie(self) -> bool:
        """Whether the columns of the second operand are neighbours, and just as they are needed."""
        return self.b.stride(self.column) == 1 and self.b.base is self.b.top

    def _rows_lie(self) -> bool:
        """Whether vectors can run along its rows."""
        rows = self.sizes[self.row]
        if (
            self.a.stride(self.row) != 1
            or self.b.base is not self.b.top
            or not isinstance(rows, int)
            or rows % self.panel
        ):
            return False
        return not few_units(rows // self.panel, self.work())

    # -- along the summed axis --------------------------------------------------------------------

    def _packed(self, depth: int) -> Kernel:
        """The second operand as [blocks of the sum, columns, lanes], with zeros at the end."""
        assert self.packed_slot is not None
        b = Builder(f"{self.name}_pack", ARGUMENTS, "internal")
        base, packed = address(b, self.slots[self.b.memory]), address(b, self.packed_slot)
        lanes, blocks = b.constant(self.lanes, "int64"), -(-depth // self.lanes)
        size = self.columns * self.lanes

        def block(u: Value, _: list[Value]) -> None:
            start = b.pointer(packed, b.mul(u, b.constant(size, "int64")), self.wide)
            first = b.mul(u, lanes)
            if depth % self.lanes:
                for c in range(self.columns):
                    place = b.constant(c * self.lanes, "int64")
                    b.store(self._zero(b), b.pointer(start, place, self.wide))

            def copy(n: Value, _: list[Value]) -> None:
                at = {**self._zeros(b), self.label: b.add(first, n)}
                for c in range(self.columns):
                    at[self.column] = b.constant(c, "int64")
                    dtype = self.b.memory.dtype
                    number = b.load(b.pointer(base, b.affine(self.b.place, at), dtype), dtype)
                    number = b.convert(self.b.mapped(b, number), self.wide)
                    place = b.add(n, b.constant(c * self.lanes, "int64"))
                    b.store(number, b.pointer(start, place, self.wide))

            left = b.sub(b.constant(depth, "int64"), first)
            b.loop(b.constant(0, "int64"), b.minimum(left, lanes), 1, copy)

        b.loop(BEGIN, END, 1, block)
        b.finish()
        workspace: list[tuple[int, Extent, str]] = [(self.packed_slot, blocks * size, self.wide)]
        return Kernel(b.name, [], "pack", [b], blocks, blocks * size, workspace, self.b.memory)

    def _along_sums(self, depth: int, units: Extent) -> Kernel:
        """A few rows at a time, each with a sum for each column; then their lanes are added up."""
        assert self.packed_slot is not None
        b = Builder(self.name, ARGUMENTS, "internal")
        base, packed = address(b, self.slots[self.a.memory]), address(b, self.packed_slot)
        pointers = addresses(b, self.slots, [*self.fused.reads, *self.fused.nodes])
        together = max(1, SUMS // self.columns)

        def rows(first: Value, count: int) -> None:
            places = [b.add(first, b.constant(n, "int64")) for n in range(count)]
            starts = []
            for row in places:
                at = b.affine(self.a.place, {**self._zeros(b), self.row: row})
                starts.append(b.pointer(base, at, self.dtype))
            sums = self._sums(b, depth, starts, packed)
            for number, row in enumerate(places):
                own = sums[number * self.columns : (number + 1) * self.columns]
                self._finish(b, pointers, row, _lanes_together(b, own))

        def unit(u: Value, _: list[Value]) -> None:
            low = b.mul(u, b.constant(ROWS, "int64"))
            high = b.minimum(b.add(low, b.constant(ROWS, "int64")), b.index(self.sizes[self.row]))
            border = whole_steps(b, low, high, together)
            b.loop(low, border, together, lambda i, _: rows(i, together))
            b.loop(border, high, 1, lambda i, _: rows(i, 1))

        def alone(row: Value, _: list[Value]) -> None:
            self._finish(b, pointers, row, self._sums_of_row(b, depth, row, base))

        def many() -> None:
            b.loop(BEGIN, END, 1, unit)

        if self._columns_lie():
            count = b.index(self.sizes[self.row])
            enough = b.compare("ge", count, b.constant(ROWS, "int64"))
            b.when(enough, many)
            few = b.select(enough, b.constant(0, "int64"), count)
            b.loop(b.constant(0, "int64"), few, 1, alone)
        else:
            many()
        b.finish()
        return Kernel(self.name, self.fused.nodes, "skinny gemm", [b], units, self.work())

    def _sums_of_row(self, b: Builder, depth: int, row: Value, base: str) -> Value:
        """One row times the second operand as it is: vectors of columns, one for each lane above.

        Each is the sum that a lane would have, and they are added up as lanes are, so the bits are
        the same.
        """
        other = address(b, self.slots[self.b.memory])
        inside = self._inside(b)

        def more(k: Value, total: Value) -> Value:
            at = {**self._zeros(b), self.row: row, self.label: k}
            left = self._load(b, b.pointer(base, b.affine(self.a.place, at), self.dtype))
            place = b.pointer(other, b.affine(self.b.place, at), self.dtype)
            right = self._load(b, place, self.lanes, inside)
            return b.fma(b.splat(left, self.lanes), right, total)

        def block(k: Value, totals: list[Value]) -> list[Value]:
            places = (b.add(k, b.constant(n, "int64")) for n in range(self.lanes))
            return [more(at, total) for at, total in zip(places, totals, strict=True)]

        zero, whole = b.constant(0, "int64"), b.constant(depth - depth % self.lanes, "int64")
        totals = b.loop(zero, whole, self.lanes, block, [self._zero(b)] * self.lanes)
        if depth % self.lanes:
            for n, total in enumerate(totals):
                at = b.add(whole, b.constant(n, "int64"))
                inside_sum = n < depth % self.lanes
                totals[n] = more(at, total) if inside_sum else b.add(total, self._zero(b))
        while len(totals) > 1:
            half = len(totals) // 2
            totals = [b.add(totals[n], totals[n + half]) for n in range(half)]
        return totals[0]

    def _sums(self, b: Builder, depth: int, starts: list[str], packed: str) -> list[Value]:
        """The products of some rows with all columns, lane by lane."""

        def step(k: Value, mask: Value | None, totals: list[Value]) -> list[Value]:
            left = [
                self._load(b, b.pointer(start, k, self.dtype), self.lanes, mask) for start in starts
            ]
            found = list(totals)
            block = b.pointer(packed, b.mul(k, b.constant(self.columns, "int64")), self.wide)
            for c in range(self.columns):
                place = b.constant(c * self.lanes, "int64")
                right = b.load(b.pointer(block, place, self.wide), self.wide, self.lanes)
                for number, one in enumerate(left):
                    at = number * self.columns + c
                    found[at] = b.fma(one, right, totals[at])
            return found

        whole = depth - depth % self.lanes
        border, zeros = b.constant(whole, "int64"), [self._zero(b)] * (len(starts) * self.columns)
        totals = b.loop(
            b.constant(0, "int64"), border, self.lanes, lambda k, now: step(k, None, now), zeros
        )
        if whole == depth:
            return totals
        rest = b.constant(depth - whole, "int64")
        return step(border, b.compare("lt", b.lane_numbers(self.lanes), rest), totals)

    # -- along the rows ---------------------------------------------------------------------------

    def _along_rows(self, units: int) -> Kernel:
        """Vectors of rows, each with a sum for each column; transposed for the store."""
        b = Builder(self.name, ARGUMENTS, "internal")
        base, other = (address(b, self.slots[one.memory]) for one in (self.a, self.b))
        pointers = addresses(b, self.slots, [*self.fused.reads, *self.fused.nodes])
        room = b.room(self.columns * self.panel * BYTES[self.wide])
        strides = b.mul(b.lane_numbers(self.lanes), b.constant(self.panel, "int64"))
        beside = [b.constant(n * self.lanes, "int64") for n in range(ROW_VECTORS)]

        def step(first: Value, k: Value, totals: list[Value]) -> list[Value]:
            at = {**self._zeros(b), self.row: first, self.label: k}
            start = b.pointer(base, b.affine(self.a.place, at), self.dtype)
            row = b.pointer(other, b.affine(self.b.place, at), self.dtype)
            left = [self._load(b, b.pointer(start, one, self.dtype), self.lanes) for one in beside]
            found: list[Value] = []
            for c in range(self.columns):
                down = b.mul(b.index(self.b.stride(self.column)), b.constant(c, "int64"))
                number = self._load(b, b.pointer(row, down, self.dtype))
                right = b.splat(number, self.lanes)
                found += [b.fma(one, right, totals[len(found) + n]) for n, one in enumerate(left)]
            return found

        def unit(u: Value, _: list[Value]) -> None:
            first, zeros = b.mul(u, b.constant(self.panel, "int64")), [self._zero(b)]
            zeros *= self.columns * ROW_VECTORS
            depth = b.index(self.summed[0][1])
            sums = b.loop(
                b.constant(0, "int64"), depth, 1, lambda k, now: step(first, k, now), zeros
            )
            for number, one in enumerate(sums):
                place = b.constant(number * self.lanes, "int64")
                b.store(one, b.pointer(room, place, self.wide))

            def finish(i: Value, _: list[Value]) -> None:
                total = b.gather(room, b.add(strides, i), self.wide, self._inside(b))
                self._finish(b, pointers, b.add(first, i), total)

            b.loop(b.constant(0, "int64"), b.constant(self.panel, "int64"), 1, finish)

        b.loop(BEGIN, END, 1, unit)
        b.finish()
        return Kernel(self.name, self.fused.nodes, "skinny gemm", [b], units, self.work())

    # -- both -------------------------------------------------------------------------------------

    def _zero(self, b: Builder) -> Value:
        return b.splat(b.constant(0, self.wide), self.lanes)

    def _load(self, b: Builder, place: str, lanes: int = 1, mask: Value | None = None) -> Value:
        """Elements of an operand, as they are summed."""
        return b.convert(b.load(place, self.dtype, lanes, mask), self.wide)

    def _inside(self, b: Builder) -> Value:
        """Which lanes are columns."""
        return b.compare("lt", b.lane_numbers(self.lanes), b.constant(self.columns, "int64"))

    def _finish(self, b: Builder, pointers: dict[Node, str], row: Value, total: Value) -> None:
        """The epilogue of one row, to memory."""
        loops = {**self._zeros(b), self.row: row}
        sources = {read: pointers[read] for read in self.fused.reads}
        known = {self.core: b.convert(total, self.dtype)}
        at = Expression(b, sources, loops, self.column, self.lanes, self._inside(b), known)
        index = tuple(
            Affine() if self.sizes[label] == 1 else Affine.variable(label) for label in self.out
        )
        store_all(at, self.fused.nodes, index, pointers)


def _lanes_together(b: Builder, sums: list[Value]) -> Value:
    """One vector whose lanes are the sums of the lanes of each of some vectors.

    Halves are added to halves: of two vectors at a time, so that no lane is idle.
    """
    lanes = sums[0].lanes
    rows: list[Value | None] = [*sums, *[None] * (lanes - len(sums))]
    half = lanes // 2
    while half:
        rows = [_half(b, rows[n], rows[n + half], half) for n in range(half)]
        half //= 2
    assert rows[0] is not None
    return rows[0]


def _half(b: Builder, x: Value | None, y: Value | None, half: int) -> Value | None:
    """Two vectors as one: of each block of lanes, the second half is added to the first.

    The sums of x are in the first halves of the blocks, those of y in the second halves.
    """
    if x is None:
        return None
    y = x if y is None else y
    blocks = range(0, x.lanes, 2 * half)
    parts = []
    for second in (0, half):
        picked = [
            block + second + n + (x.lanes if other else 0)
            for block in blocks for other in (False, True) for n in range(half)
        ]  # fmt: skip
        parts.append(b.shuffled(x, y, picked))
    return b.add(*parts)
