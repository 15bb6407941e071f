"""Copying one operand of a product into the order that a dot instruction reads it in.

Goes in: a tensor in memory, seen through views, and computed on through maps (casts, scaling).
Comes out: panels, each of some rows of the first operand (or columns of the second), for all of the
summed axis, padded with zeros:

    [shared..., panel, groups of the summed axis, rows of a panel, places in a group]

A pair of bfloat16 is one 32-bit slot, as a float32 is. Vectors of slots are loaded along whichever
axis is contiguous, and transposed if they are stored along the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from geartrain.compiler.builder import Builder, Value
from geartrain.compiler.expression import Expression
from geartrain.compiler.kernels import ARGUMENTS, BEGIN, END, Kernel, address
from geartrain.compiler.target import Target
from geartrain.compiler.tiling import Operand
from geartrain.graph.affine import Affine
from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent, apply, product

Labels = list[tuple[str, Extent]]


def split(b: Builder, number: Value, labels: Labels) -> dict[str, Value]:
    """A running number as the values of several labels, the last fastest."""
    found = {}
    for label, size in reversed(labels[1:]):
        extent = b.index(size)
        found[label] = b.make(f"srem i64 {number.name}, {extent.name}", "int64")
        number = b.make(f"sdiv i64 {number.name}, {extent.name}", "int64")
    return found | {label: number for label, _ in labels[:1]}


def merged(labels: list[str], sizes: dict[str, Extent], operands: list[Operand]) -> Labels:
    """Labels with their sizes; neighbours that lie in one row of all operands become one."""
    found: Labels = []
    for label in reversed(labels):
        size = sizes[label]
        if found:
            inner, inner_size = found[0]
            if all(one.stride(label) == inner_size * one.stride(inner) for one in operands):
                found[0] = (inner, inner_size * size)
                continue
        found.insert(0, (label, size))
    return found


def in_runs(labels: Labels, lanes: int) -> bool:
    """Whether a vector along labels stays within one run of the last: always at constant steps."""
    last = labels[-1][1] if labels else 1
    return len(labels) <= 1 or (isinstance(last, int) and last % lanes == 0)


@dataclass
class Panels:
    """One operand as it is packed.

    Attributes:
        name: of the kernel that packs.
        operand: what is packed.
        own: the labels that are rows (or columns) of a panel, as one.
        summed: the labels that are summed, as one.
        shared: the other labels that the operand depends on.
        width: how many rows (or columns) a panel has.
        group: how many neighbours along the summed axis lie together.
        step: what the length of the summed axis is made a multiple of.
        dtype: what it is packed as.
        slot: the place of its address in the table.
    """

    name: str
    operand: Operand
    own: Labels
    summed: Labels
    shared: Labels
    width: int
    group: int
    step: int
    dtype: str
    slot: int

    def __post_init__(self) -> None:
        self.size = product(size for _, size in self.own)
        self.depth = product(size for _, size in self.summed)
        self.panels = apply("ceildiv", self.size, self.width)
        self.groups = apply("ceildiv", self.depth, self.step) * (self.step // self.group)
        self.panel_size = self.groups * (self.group * self.width)

    def units(self) -> Extent:
        """How many panels there are in all."""
        return product(size for _, size in self.shared) * self.panels

    def elements(self) -> Extent:
        """How many elements are packed, padding included."""
        return self.units() * self.panel_size

    def start(self, b: Builder, base: str, loops: dict[str, Value], panel: Value) -> str:
        """The address of a panel."""
        number = b.constant(0, "int64")
        for label, size in self.shared:
            number = b.add(b.mul(number, b.index(size)), loops[label])
        number = b.add(b.mul(number, b.index(self.panels)), panel)
        return b.pointer(base, b.mul(number, b.index(self.panel_size)), self.dtype)


def pack(panels: Panels, memory_slot: int, target: Target) -> Kernel:
    """The kernel that packs; a unit of work is one panel."""
    return _Packer(panels, memory_slot, target).kernel()


class _Packer:
    def __init__(self, panels: Panels, memory_slot: int, target: Target) -> None:
        self.to, self.target = panels, target
        self.lanes = target.lanes(4)
        self.halves = 1 if panels.dtype == "float32" else 2  # elements in a slot
        self.slots = panels.groups * (panels.group // self.halves)  # along the summed axis
        self.b = Builder(panels.name, ARGUMENTS, "internal")
        self.b.bf16_rounds = target.bf16_rounds
        self.source = address(self.b, memory_slot)
        self.packed = address(self.b, panels.slot)
        summed, operand = panels.summed, panels.operand
        inner = operand.stride(summed[-1][0]) if summed else 0
        self.loads_along_depth = inner == 1 and in_runs(summed, self.lanes)
        self.stores_along_depth = panels.group > self.halves

    def kernel(self) -> Kernel:
        """Write it."""
        b, to = self.b, self.to

        def unit(u: Value, _: list[Value]) -> None:
            panels = b.index(to.panels)
            panel = b.make(f"srem i64 {u.name}, {panels.name}", "int64")
            rest = b.make(f"sdiv i64 {u.name}, {panels.name}", "int64")
            shared = split(b, rest, to.shared)
            first = b.mul(panel, b.constant(to.width, "int64"))
            place = b.mul(u, b.index(to.panel_size))
            self._panel(shared, first, b.pointer(self.packed, place, to.dtype))

        b.loop(BEGIN, END, 1, unit)
        b.line("ret void")
        size = to.elements()
        scratch = [(to.slot, size, to.dtype)]
        packs = to.operand.memory
        return Kernel(to.name, [], "pack", [b], to.units(), size, scratch, packs)

    def _panel(self, shared: dict[str, Value], first: Value, start: str) -> None:
        """One panel, block by block along the summed axis."""
        b, lanes, width = self.b, self.lanes, self.to.width
        zero, slots = b.constant(0, "int64"), b.index(self.slots)

        def number(n: int) -> Value:
            return b.constant(n, "int64")

        def put(value: Value, place: Value, count: int) -> None:
            mask = b.compare("lt", b.lane_numbers(lanes), number(count)) if count < lanes else None
            b.store(value, b.pointer(start, place, "int32"), mask)

        def each(body: Callable[[Value], None], step: int) -> None:
            def turn(s: Value, _: list[Value]) -> None:
                body(s)

            if self.slots == step:
                body(zero)  # a single block: what lies beyond the depth is known to be zero
            else:
                b.loop(zero, slots, step, turn)

        def straight_by_own(s: Value) -> None:
            for v in range(0, width, lanes):
                value = self._along_own(shared, b.add(first, number(v)), s)
                put(value, b.add(b.mul(s, number(width)), number(v)), width - v)

        def straight_by_depth(s: Value) -> None:
            def turn(row: Value, _: list[Value]) -> None:
                value = self._along_depth(shared, b.add(first, row), s)
                block = b.mul(s, number(width))
                put(value, b.add(block, b.mul(row, number(lanes))), lanes)

            b.loop(zero, number(width), 1, turn)

        def turned_to_own(s: Value) -> None:
            for v in range(0, width, lanes):
                rows = [
                    self._along_depth(shared, b.add(first, number(v + n)), s)
                    for n in range(min(lanes, width - v))
                ]
                rows += [b.splat(b.like(0, rows[0]), lanes)] * (lanes - len(rows))
                for n, column in enumerate(b.transposed(rows)):
                    at = b.add(s, number(n))
                    place = b.add(b.mul(at, number(width)), number(v))
                    if isinstance(self.slots, int) and self.slots % lanes == 0:
                        put(column, place, width - v)
                        continue

                    def store(column: Value = column, place: Value = place, v: int = v) -> None:
                        put(column, place, width - v)

                    b.when(b.compare("lt", at, slots), store)

        def turned_to_depth(s: Value) -> None:
            for v in range(0, width, lanes):
                rows = [
                    self._along_own(shared, b.add(first, number(v)), b.add(s, number(n)))
                    for n in range(lanes)
                ]
                columns = b.transposed(rows)[: width - v]
                for n, column in enumerate(columns):
                    place = b.add(b.mul(s, number(width)), number((v + n) * lanes))
                    put(column, place, lanes)

        if self.stores_along_depth:
            each(straight_by_depth if self.loads_along_depth else turned_to_depth, lanes)
        elif self.loads_along_depth:
            each(turned_to_own, lanes)
        else:
            each(straight_by_own, 1)

    def _along_own(self, shared: dict[str, Value], first: Value, s: Value) -> Value:
        """Slot number `s` of each of the neighbouring rows from `first`."""
        b, lanes, own = self.b, self.lanes, self.to.own
        loops = shared | split(b, first, own)
        mask, width = None, self.to.width
        if not isinstance(self.to.size, int) or self.to.size % width or width % lanes:
            numbers = b.add(b.lane_numbers(lanes), first)
            mask = b.compare("lt", numbers, b.index(self.to.size))
        parts = []
        for half in range(self.halves):
            k = b.add(b.mul(s, b.constant(self.halves, "int64")), b.constant(half, "int64"))
            inside = self._inside_depth(k, 1)
            if inside is not None and inside.name == "false":
                parts.append(b.splat(b.constant(0, self.to.dtype), lanes))
                continue
            both = _both(b, mask, inside, lanes)
            parts.append(self._value(loops | split(b, k, self.to.summed), own[-1][0], both))
        return parts[0] if self.halves == 1 else b.paired(*parts)

    def _along_depth(self, shared: dict[str, Value], row: Value, s: Value) -> Value:
        """The slots of one row, from number `s`."""
        b, lanes, summed = self.b, self.lanes, self.to.summed
        mask = None
        if not isinstance(self.to.size, int) or self.to.size % self.to.width:
            mask = b.compare("lt", row, b.index(self.to.size))
        loops = shared | split(b, row, self.to.own)
        parts = []
        for part in range(self.halves):
            k = b.add(b.mul(s, b.constant(self.halves, "int64")), b.constant(part * lanes, "int64"))
            both = _both(b, mask, self._inside_depth(k, lanes), lanes)
            parts.append(self._value(loops | split(b, k, summed), summed[-1][0], both))
        return parts[0] if self.halves == 1 else b.joined(*parts)

    def _inside_depth(self, k: Value, lanes: int) -> Value | None:
        """Whether the place (or each of the places from it on) is summed; None if all are."""
        b, depth = self.b, self.to.depth
        if isinstance(depth, int) and depth % max(self.to.step, lanes) == 0:
            return None
        if isinstance(depth, int) and lanes == 1 and not k.name.startswith("%"):
            return None if int(k.name) < depth else b.constant(False, "bool")
        return b.compare("lt", b.add(b.lane_numbers(lanes), k), b.index(depth))

    def _value(self, loops: dict[str, Value], lane: str, mask: Value | None) -> Value:
        """Elements of the operand, as neighbours along a label; 0 where the mask is off."""
        b, operand = self.b, self.to.operand
        place = Affine(
            operand.place.constant,
            {label: step for label, step in operand.place.terms.items() if label in loops},
        )
        memory = operand.memory
        pointers: dict[Node, str] = {memory: self.source}
        loaded = Expression(b, pointers, loops, lane, self.lanes, mask).load(memory, place)
        if operand.base is operand.top:
            found = loaded
        else:
            index = tuple(Affine() for _ in operand.top.extents)
            known = {operand.base: loaded}
            found = Expression(b, {}, loops, lane, self.lanes, None, known).value(
                operand.top, index
            )
        found = b.splat(b.convert(found, self.to.dtype), self.lanes)
        if mask is not None and operand.base is not operand.top:  # a map of 0 need not be 0
            found = b.select(mask, found, b.splat(b.constant(0, self.to.dtype), self.lanes))
        return found


def _both(b: Builder, first: Value | None, second: Value | None, lanes: int) -> Value | None:
    if first is None or second is None:
        found = first or second
        return found and b.splat(found, lanes)
    return b.bits("and", b.splat(first, lanes), b.splat(second, lanes))
