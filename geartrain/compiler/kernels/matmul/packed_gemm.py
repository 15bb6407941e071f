"""The kernels of a product whose operands are both packed.

Goes in: a contraction whose operands are in memory, perhaps under casts and views. Comes out: a
kernel for each operand that packs it, and one for the product, whose store applies the epilogue.

Where a part of the CPU of its own multiplies tiles, the instructions for vectors have time for
other work, a little after each group of instructions on tiles:

    first tile of a panel of columns        pack what the panel's next step needs
    every other tile                        store the rows of the tile before, with the epilogue

So neither the packing of weights nor, say, their update costs time of its own. There are two places
for results, used alternately.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from geartrain.compiler.codegen.builder import Builder, Value
from geartrain.compiler.kernels.expression import Expression
from geartrain.compiler.kernels.kernel import (
    ARGUMENTS,
    BEGIN,
    END,
    TABLE,
    TABLE_ARGUMENTS,
    Kernel,
    address,
    addresses,
    store_all,
)
from geartrain.compiler.kernels.matmul.dots import Overlap
from geartrain.compiler.kernels.matmul.layout import PANEL, place_in_panel
from geartrain.compiler.kernels.matmul.pack import pack, pack_some
from geartrain.compiler.kernels.matmul.packed_layout import Packed
from geartrain.compiler.kernels.matmul.tiling import PART, unravel
from geartrain.compiler.kernels.reduce import PARTS, join_parts
from geartrain.graph.affine import Affine, Index, offset_of
from geartrain.graph.shapes import product

FRACTION = 16  # bits after the point of a number of rows
STACK_BYTES = 1 << 18  # of a panel that has room on the stack


def packed_kernels(plan: Packed, repeated: bool = False) -> list[Kernel]:
    """Packing, and the product: in parts, unless it is repeated on one thread."""
    in_parts = not repeated and plan.too_few()
    name = f"{plan.name}_parts" if in_parts else plan.name
    if in_parts:
        plan.cut()
    plan.first.copies = plan.dot.overlaps and not repeated
    walk = _Walk(plan, name)
    kind = "contraction in parts" if in_parts else "contraction"
    nodes = [] if in_parts else plan.fused.nodes
    made = Kernel(name, nodes, kind, walk.functions(), plan.units(), plan.work())
    made.copies = plan.first.small()
    found = [
        pack(panels, plan.slots[panels.operand.memory], plan.target)
        for panels in ([plan.first] if walk.packs else [plan.first, plan.second])
    ]
    if walk.packs and not walk.stays:
        made.workspace.append(plan.second.workspace())
    if not in_parts:
        return [*found, made]
    made.workspace.append((plan.parts_slot, product(plan.core.extents) * PARTS, "float32"))
    joined = join_parts(plan.name, plan.fused, plan.slots, plan.target, plan.parts_slot)
    return [*found, made, joined]


class _Walk:
    """The functions of the product: the walk over tiles, and what it calls."""

    def __init__(self, plan: Packed, name: str) -> None:
        self.plan = plan
        self.b = Builder(name, [*ARGUMENTS, *plan.first.copy()], "internal")
        self.rows = _rows_function(plan, f"{name}_rows")
        self.packs = self._packing()

    def _packing(self) -> Builder | None:
        """What packs a panel of columns while tiles are multiplied, if that is done so.

        The panel is on the stack if it is small; in its own place, if only one unit needs it.
        """
        plan, panels = self.plan, self.plan.second
        size = panels.panel_size
        self.stays = isinstance(size, int) and 2 * size <= STACK_BYTES
        alone = self.stays or plan.row_groups == 1
        if not plan.dot.overlaps or plan.outer or not alone:
            return None
        return pack_some(panels, plan.slots[panels.operand.memory], plan.target)

    def functions(self) -> list[Builder]:
        """Write them."""
        plan, b = self.plan, self.b
        self.first = plan.first.memory(b)
        size = plan.dot.rows * plan.dot.width
        self.results = self._on_stack(2 * size, "float")
        if self.packs is not None and self.stays:
            self.second = self._on_stack(plan.second.panel_size, "bfloat")
        else:
            self.second = plan.second.memory(b)
        plan.dot.begin(b)
        b.loop(BEGIN, END, 1, self._unit)
        plan.dot.end(b)
        b.finish()
        return [*filter(None, (self.packs, self.rows)), b]

    def _on_stack(self, count: Any, type_: str) -> str:
        return self.b.room(count, type_)

    def _unit(self, u: Value, _: list[Value]) -> None:
        """Some tiles of one panel of columns."""
        plan, b, one = self.plan, self.b, self.b.constant(1, "int64")
        panels, per_unit = b.index(plan.second.panels), b.index(plan.per_unit)
        panel = b.rem(u, panels)
        rest = b.div(u, panels)
        outer = unravel(b, rest, [*plan.outer, ("", plan.row_groups)])
        low = b.mul(outer.pop(""), per_unit)
        high = b.minimum(b.add(low, per_unit), b.index(plan.first.panels))
        column = b.mul(panel, b.constant(plan.dot.width, "int64"))
        self.outer, self.column = outer, column
        self.begin, self.end = plan.part(b, outer)
        self.columns = self.second
        if self.packs is None or not self.stays:
            self.columns = plan.second.start(b, self.second, outer, panel)
        start = low
        if self.packs is not None:
            self._first_tile(low)
            start = b.add(low, one)

        # after each group of instructions, so many rows that all are stored when the tile is done
        bits = b.constant(FRACTION, "int64")
        groups = b.mul(b.sub(self.end, self.begin), b.constant(len(plan.dot.products), "int64"))
        groups = b.maximum(groups, one)

        def tile(number: Value, _: list[Value]) -> None:
            store, count = self._stored(b.sub(number, one))
            count = b.select(b.compare("gt", number, low), count, b.constant(0, "int64"))
            share = b.add(b.div(b.bits("shl", count, bits), groups), one)

            def some(done: list[Value]) -> list[Value]:
                upto = b.add(done[0], share)
                store(b.bits("ashr", done[0], bits), b.minimum(b.bits("ashr", upto, bits), count))
                return [upto]

            done = self._sum(number, some, b.constant(0, "int64"))
            store(b.bits("ashr", done, bits), count)

        b.loop(start, high, 1, tile)
        store, count = self._stored(b.sub(high, one))
        store(b.constant(0, "int64"), count)

    def _sum(self, number: Value, overlap: Overlap, first: Value) -> Value:
        """Sum a tile, overlapped with other work, which hands one value on."""
        plan, b = self.plan, self.b
        rows = plan.first.start(b, self.first, self.outer, number)
        given = (rows, self.columns, self.begin, self.end, self._results(number))
        return plan.dot.write(b, *given, overlap, [first])[0]

    def _results(self, number: Value) -> str:
        """Where the sums of a tile are: two tiles alternate."""
        b, size = self.b, self.plan.dot.rows * self.plan.dot.width
        parity = b.bits("and", number, b.constant(1, "int64"))
        return b.pointer(self.results, b.mul(parity, b.constant(size, "int64")), "float32")

    def _first_tile(self, number: Value) -> None:
        """The first tile of a panel, whose panel is packed as it is summed: always a step ahead."""
        assert self.packs is not None
        b, dot, name = self.b, self.plan.dot, self.packs.name
        step, total = dot.step // 2, b.index(self.plan.second.slots)
        share = b.constant(-(-step // len(dot.products)), "int64")

        def pack_to(low: Value, high: Value) -> Value:
            high = b.minimum(high, total)
            b.invoke(name, *TABLE, self.columns, self.column, low, high)
            return high

        def some(values: list[Value]) -> list[Value]:
            return [pack_to(values[0], b.add(values[0], share))]

        ahead = pack_to(b.constant(0, "int64"), b.constant(step, "int64"))
        self._sum(number, some, ahead)

    def _stored(self, number: Value) -> tuple[Callable[[Value, Value], None], Value]:
        """What stores rows of a tile, from one to another; and how many there are."""
        plan, b = self.plan, self.b
        rows = b.constant(plan.dot.rows, "int64")
        start, results = b.mul(number, rows), self._results(number)
        count = b.minimum(b.sub(b.index(plan.row_count), start), rows)

        def store(low: Value, high: Value) -> None:
            outer = (self.outer[label] for label, _ in plan.outer)
            b.invoke(self.rows.name, *TABLE, results, start, low, high, self.column, *outer)

        return store, count


def _rows_function(plan: Packed, name: str) -> Builder:
    """The function that stores some rows of a tile, with the epilogue."""
    arguments = [*TABLE_ARGUMENTS, ("ptr", "%results"), ("i64", "%first")]
    arguments += [("i64", "%from"), ("i64", "%to"), ("i64", "%column")]
    arguments += [("i64", f"%o{number}") for number in range(len(plan.outer))]
    b = Builder(name, arguments, "internal")
    reads, nodes = plan.fused.reads, plan.fused.nodes
    if plan.parts_slot:
        reads, nodes, workspace = [], [], address(b, plan.parts_slot)
    pointers = addresses(b, plan.slots, [*reads, *nodes])
    sources = {read: pointers[read] for read in reads}
    places = {
        node: partial(place_in_panel, rows=node.extents[0], width=width)
        for node, width in plan.fused.panels.items() if node is not plan.second.operand.memory
    }  # fmt: skip
    first, low, high, column = (
        Value(one, "int64") for one in ("%first", "%from", "%to", "%column")
    )
    outer = {label: Value(f"%o{n}", "int64") for n, (label, _) in enumerate(plan.outer)}
    lanes, width, extents = plan.dot.lanes, plan.dot.width, plan.core.extents
    index: Index = tuple(
        Affine() if plan.sizes[label] == 1 else Affine.variable(label) for label in plan.out
    )
    # the instruction takes subnormal numbers for 0, as dot products of bfloat16 do
    rounds = plan.target.bf16_rounds and plan.dot.dtype == "bfloat16"
    whole = isinstance(plan.columns, int) and plan.columns % width == 0
    columns = [b.add(column, b.constant(v * lanes, "int64")) for v in range(plan.dot.vectors)]
    masks: list[Value | None] = [None] * len(columns)
    if not whole:
        numbers, size = b.lane_numbers(lanes), b.index(plan.columns)
        masks = [b.compare("lt", b.add(numbers, start), size) for start in columns]

    def row(r: Value, _: list[Value]) -> None:
        line = b.pointer("%results", b.mul(r, b.constant(width, "int64")), "float32")
        around = outer | unravel(b, b.add(first, r), plan.rows) | {PANEL: column}
        for v, (start, mask) in enumerate(zip(columns, masks, strict=True)):
            loops = around | {plan.column: start}
            at = b.pointer(line, b.constant(v * lanes, "int64"), "float32")
            total = b.load(at, "float32", lanes)
            if plan.parts_slot:
                part = b.mul(loops[PART], b.index(product(extents)))
                place = b.add(part, b.affine(offset_of(index, extents), loops))
                b.store(total, b.pointer(workspace, place, "float32"), mask)
                continue
            b.bf16_rounds = rounds  # of the sum alone
            known = {plan.core: b.convert(total, plan.core.dtype)}
            b.bf16_rounds = False
            expression = Expression(b, sources, loops, plan.column, lanes, mask, known, places)
            store_all(expression, nodes, index, pointers)

    b.loop(low, high, 1, row)
    b.finish()
    return b
