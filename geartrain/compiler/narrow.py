"""Products of narrow floats (bfloat16, float16): both operands packed, sums in float32.

Goes in: a contraction whose operands are in memory, perhaps under casts and views. Comes out: a
kernel for each operand that packs it, and one for the product, whose store applies the epilogue.
How a tile is summed, and with it the layout that packing aims at, is for the CPU's `Dot` to say.
The windows of a convolution are written out when they are packed: that takes their memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from geartrain.compiler.builder import Builder, Value
from geartrain.compiler.dots import dot_for
from geartrain.compiler.expression import Expression
from geartrain.compiler.folds import PARTS, few_units, join_parts
from geartrain.compiler.fused import Fused
from geartrain.compiler.kernels import (
    ARGUMENTS,
    BEGIN,
    END,
    USUAL_BATCH,
    Kernel,
    address,
    addresses,
    store_all,
)
from geartrain.compiler.packing import Labels, Panels, in_runs, merged, pack, split
from geartrain.compiler.target import Target
from geartrain.compiler.tiling import PART, ROWS_PER_UNIT, Operand
from geartrain.graph.affine import Affine, Index, offset_of
from geartrain.graph.shapes import Extent, apply, product, resolve

SHORT = 8192  # elements of a panel that is sooner read again than the rows of results are left


def narrow_kernels(
    name: str, fused: Fused, slots: Mapping[object, int], target: Target,
    new_slot: Callable[[], int], sizes: dict[str, Extent], out: str, own: list[str],
    a: Operand, b: Operand, repeated: bool,
) -> list[Kernel]:  # fmt: skip
    """The kernels of a product: its columns are the last label of `out`, its rows all of `own`."""
    plan = _Narrow(name, fused, slots, target, new_slot, sizes, out, own, a, b)
    kernels = [
        pack(panels, slots[panels.operand.memory], target) for panels in (plan.first, plan.second)
    ]
    if repeated or not plan.too_few():
        return [*kernels, plan.product()]
    plan.cut(new_slot())
    return [*kernels, plan.product(), join_parts(name, fused, slots, target, plan.parts_slot)]


class _Narrow:
    """The geometry of one product, and the kernel that walks its tiles."""

    def __init__(
        self, name: str, fused: Fused, slots: Mapping[object, int], target: Target,
        new_slot: Callable[[], int], sizes: dict[str, Extent], out: str, own: list[str],
        a: Operand, b: Operand,
    ) -> None:  # fmt: skip
        assert fused.core is not None
        self.name, self.fused, self.core, self.slots = name, fused, fused.core, slots
        self.target, self.sizes, self.out = target, sizes, out
        self.parts_slot = 0
        longer = [label for label in sizes if sizes[label] != 1]
        summed = merged([label for label in longer if label not in out], sizes, [a, b])
        column = out[-1]
        self.column, self.columns = column, sizes[column]
        self.depth = product(size for _, size in summed)
        count = product(sizes[label] for label in own)
        self.dot = dot_for(target, self.core.dtype, count, self.columns, self.depth)
        lanes = target.lanes(4)
        along_depth = bool(summed) and a.stride(summed[-1][0]) == 1 and in_runs(summed, lanes)
        runs = merged(own, sizes, [a])
        aligned = in_runs(runs, lanes) and (len(runs) == 1 or self.dot.rows % lanes == 0)
        if not along_depth and not aligned:
            own = own[-1:]  # or vectors of rows would lie in several runs
            count = sizes[own[0]]
            self.dot = dot_for(target, self.core.dtype, count, self.columns, self.depth)
        self.rows: Labels = [(label, sizes[label]) for label in own]
        self.row_count = count
        apart = [label for label in out[:-1] if label in longer and label not in own]
        self.outer: Labels = [(label, sizes[label]) for label in apart]

        def panels(letter: str, operand: Operand, own: Labels, width: int, group: int) -> Panels:
            shared = [one for one in self.outer if operand.stride(one[0]) != 0]
            return Panels(
                f"{name}_pack_{letter}", operand, own, summed, shared, width, group,
                self.dot.step, self.dot.dtype, new_slot(),
            )  # fmt: skip

        groups, columns = self.dot.groups, [(column, self.columns)]
        self.first = panels("a", a, merged(own, sizes, [a]), self.dot.rows, groups[0])
        self.second = panels("b", b, columns, self.dot.width, groups[1])
        # where panels are short, the tiles of a row come one after the other: so does their memory
        short = int(resolve(self.depth, USUAL_BATCH)) * self.dot.width <= SHORT
        self.per_unit = 1 if short else max(1, ROWS_PER_UNIT // self.dot.rows)
        self.row_groups = apply("ceildiv", self.first.panels, self.per_unit)

    def units(self) -> Extent:
        """How many units of work there are: some tiles of one panel of columns each."""
        return product(size for _, size in self.outer) * self.row_groups * self.second.panels

    def work(self) -> Extent:
        """About how many operations there are."""
        return 2 * self.depth * product(self.core.extents)

    def too_few(self) -> bool:
        """Whether there is too little for several threads, unless sums are cut into parts."""
        work = 2 * apply("ceildiv", self.depth, self.dot.speed) * product(self.core.extents)
        return few_units(self.units(), work)

    def cut(self, slot: int) -> None:
        """Sum in parts: each part is like one more place of the result."""
        self.parts_slot, self.name = slot, f"{self.name}_parts"
        self.outer = [(PART, PARTS), *self.outer]

    def product(self) -> Kernel:
        """The tiles of the result."""
        b = Builder(self.name, ARGUMENTS, "internal")
        first, second = (address(b, panels.slot) for panels in (self.first, self.second))
        results = b.fresh()
        size = self.dot.rows * self.dot.width
        b.prologue.append(f"  {results} = alloca [{size} x float], align 64")
        store = self._storing(b, results)
        panels, row_panels = b.index(self.second.panels), b.index(self.first.panels)
        per_unit = b.constant(self.per_unit, "int64")

        def unit(u: Value, _: list[Value]) -> None:
            panel = b.make(f"srem i64 {u.name}, {panels.name}", "int64")
            rest = b.make(f"sdiv i64 {u.name}, {panels.name}", "int64")
            outer = split(b, rest, [*self.outer, ("", self.row_groups)])
            low = b.mul(outer.pop(""), per_unit)
            high = b.minimum(b.add(low, per_unit), row_panels)
            columns = self.second.start(b, second, outer, panel)
            column = b.mul(panel, b.constant(self.dot.width, "int64"))

            def tile(number: Value, _: list[Value]) -> None:
                rows = self.first.start(b, first, outer, number)
                self.dot.write(b, rows, columns, *self._part(b, outer), results)
                store(outer, b.mul(number, b.constant(self.dot.rows, "int64")), column)

            b.loop(low, high, 1, tile)

        self.dot.begin(b)
        b.loop(BEGIN, END, 1, unit)
        self.dot.end(b)
        b.line("ret void")
        if self.parts_slot:
            scratch = [(self.parts_slot, product(self.core.extents) * PARTS, "float32")]
            kind = "contraction in parts"
            return Kernel(self.name, [], kind, [b], self.units(), self.work(), scratch)
        nodes = self.fused.nodes
        return Kernel(self.name, nodes, "contraction", [b], self.units(), self.work())

    def _part(self, b: Builder, outer: dict[str, Value]) -> tuple[Value, Value]:
        """From which group of the summed axis to which."""
        count = apply("ceildiv", self.depth, self.dot.step)
        low, high = b.constant(0, "int64"), b.index(count)
        if not self.parts_slot:
            return low, high
        chunk = b.index(apply("ceildiv", count, PARTS))
        low = b.minimum(b.mul(outer[PART], chunk), high)
        return low, b.minimum(b.add(low, chunk), high)

    def _storing(
        self, b: Builder, results: str
    ) -> Callable[[dict[str, Value], Value, Value], None]:
        """What stores a tile, from the place of its first row and column."""
        reads, nodes = self.fused.reads, self.fused.nodes
        if self.parts_slot:
            reads, nodes, scratch = [], [], address(b, self.parts_slot)
        pointers = addresses(b, self.slots, [*reads, *nodes])
        sources = {read: pointers[read] for read in reads}
        lanes, width, extents = self.dot.lanes, self.dot.width, self.core.extents
        index: Index = tuple(
            Affine() if self.sizes[label] == 1 else Affine.variable(label) for label in self.out
        )
        # the instruction takes subnormal numbers for 0, as dot products of bfloat16 do
        rounds = self.target.bf16_rounds and self.dot.dtype == "bfloat16"
        whole = isinstance(self.columns, int) and self.columns % width == 0

        def vector(loops: dict[str, Value], total: Value, mask: Value | None) -> None:
            if self.parts_slot:
                part = b.mul(loops[PART], b.index(product(extents)))
                place = b.add(part, b.affine(offset_of(index, extents), loops))
                b.store(total, b.pointer(scratch, place, "float32"), mask)
                return
            b.bf16_rounds = rounds  # of the sum alone
            known = {self.core: b.convert(total, self.core.dtype)}
            b.bf16_rounds = False
            expression = Expression(b, sources, loops, self.column, lanes, mask, known)
            store_all(expression, nodes, index, pointers)

        def store(outer: dict[str, Value], first: Value, column: Value) -> None:
            left = b.sub(b.index(self.row_count), first)
            count = b.minimum(left, b.constant(self.dot.rows, "int64"))
            starts = [
                b.add(column, b.constant(v * lanes, "int64")) for v in range(self.dot.vectors)
            ]
            masks: list[Value | None] = [None] * len(starts)
            if not whole:
                numbers, size = b.lane_numbers(lanes), b.index(self.columns)
                masks = [b.compare("lt", b.add(numbers, start), size) for start in starts]

            def row(r: Value, _: list[Value]) -> None:
                loops = outer | split(b, b.add(first, r), self.rows)
                line = b.pointer(results, b.mul(r, b.constant(width, "int64")), "float32")
                for v, (start, mask) in enumerate(zip(starts, masks, strict=True)):
                    place = b.pointer(line, b.constant(v * lanes, "int64"), "float32")
                    total = b.load(place, "float32", lanes)
                    vector(loops | {self.column: start}, total, mask)

            b.loop(b.constant(0, "int64"), count, 1, row)

        return store
