"""Copying one operand of a product into the order that a dot instruction reads it in.

Goes in: a tensor in memory, seen through views, and computed on through maps (casts, scaling).
Comes out: panels, each of some rows of the first operand (or columns of the second), for all of the
summed axis, padded with zeros:

    [shared..., panel, groups of the summed axis, rows of a panel, places in a group]

A pair of bfloat16 is one 32-bit slot, as a float32 is. Vectors of slots are loaded along whichever
axis is contiguous, and transposed if they are stored along the other.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from geartrain.compiler.builder import Builder, Value
from geartrain.compiler.expression import Expression
from geartrain.compiler.kernels import ARGUMENTS, BEGIN, END, Kernel, address
from geartrain.compiler.target import Target
from geartrain.compiler.tiling import Operand
from geartrain.graph.affine import Affine
from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent, apply, product

SLOTS = 16  # along the summed axis, that are one unit of work where all panels are packed at once

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
    """The kernel that packs."""
    return _Packer(panels, memory_slot, target).kernel()


class _Packer:
    def __init__(self, panels: Panels, memory_slot: int, target: Target) -> None:
        self.to, self.target = panels, target
        self.lanes = target.lanes(4)
        self.halves = 1 if panels.dtype == "float32" else 2  # elements in a slot
        self.slots = panels.groups * (panels.group // self.halves)  # along the summed axis
        self.b = Builder(panels.name, ARGUMENTS, "internal")
        self.b.bf16_rounds = target.bf16_rounds and panels.dtype == "bfloat16"
        self.source = address(self.b, memory_slot)
        self.packed = address(self.b, panels.slot)
        summed, operand = panels.summed, panels.operand
        inner = operand.stride(summed[-1][0]) if summed else 0
        self.loads_along_depth = inner == 1 and in_runs(summed, self.lanes)
        self.stores_along_depth = panels.group > self.halves

    def kernel(self) -> Kernel:
        """Write it: a unit of work is a panel, or a few slots of all panels.

        The latter where vectors are only copied: then memory is read row after row, which the
        hardware foresees; along a panel of a wide matrix it would not.
        """
        b, to = self.b, self.to
        straight = not (self.loads_along_depth or self.stores_along_depth)
        count = apply("ceildiv", self.slots, SLOTS) if straight else to.panels

        def unit(u: Value, _: list[Value]) -> None:
            number = b.make(f"srem i64 {u.name}, {b.index(count).name}", "int64")
            rest = b.make(f"sdiv i64 {u.name}, {b.index(count).name}", "int64")
            shared = split(b, rest, to.shared)
            size = b.index(to.panel_size)
            if straight:
                place = b.mul(rest, b.mul(b.index(to.panels), size))
                self._some_slots(shared, number, b.pointer(self.packed, place, to.dtype))
                return
            first = b.mul(number, b.constant(to.width, "int64"))
            self._panel(shared, first, b.pointer(self.packed, b.mul(u, size), to.dtype))

        b.loop(BEGIN, END, 1, unit)
        b.line("ret void")
        size = to.elements()
        scratch = [(to.slot, size, to.dtype)]
        units = product(one for _, one in to.shared) * count
        return Kernel(to.name, [], "pack", [b], units, size, scratch, to.operand.memory)

    def _put(self, value: Value, start: str, place: Value, count: int) -> None:
        """Store the first lanes of a vector of slots."""
        b, lanes = self.b, self.lanes
        left = b.constant(count, "int64")
        mask = b.compare("lt", b.lane_numbers(lanes), left) if count < lanes else None
        b.store(value, b.pointer(start, place, "int32"), mask)

    def _some_slots(self, shared: dict[str, Value], number: Value, start: str) -> None:
        """A few slots along the summed axis, of all panels: loaded and stored along rows."""
        b, to, zero = self.b, self.to, self.b.constant(0, "int64")
        width = b.constant(to.width, "int64")
        low = b.mul(number, b.constant(SLOTS, "int64"))
        high = b.minimum(b.add(low, b.constant(SLOTS, "int64")), b.index(self.slots))

        def slot(s: Value, _: list[Value]) -> None:
            def panel(p: Value, _: list[Value]) -> None:
                at = b.pointer(start, b.mul(p, b.index(to.panel_size)), to.dtype)
                for v in range(0, to.width, self.lanes):
                    first = b.add(b.mul(p, width), b.constant(v, "int64"))
                    place = b.add(b.mul(s, width), b.constant(v, "int64"))
                    self._put(self._along_own(shared, first, s), at, place, to.width - v)

            b.loop(zero, b.index(to.panels), 1, panel)

        b.loop(low, high, 1, slot)

    def _panel(self, shared: dict[str, Value], first: Value, start: str) -> None:
        """One panel, block by block along the summed axis."""
        b, lanes, width = self.b, self.lanes, self.to.width
        zero, slots = b.constant(0, "int64"), b.index(self.slots)

        def number(n: int) -> Value:
            return b.constant(n, "int64")

        def straight(s: Value) -> None:
            def turn(row: Value, _: list[Value]) -> None:
                value = self._along_depth(shared, b.add(first, row), s)
                block = b.mul(s, number(width))
                self._put(value, start, b.add(block, b.mul(row, number(lanes))), lanes)

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
                        self._put(column, start, place, width - v)
                        continue
                    store = functools.partial(self._put, column, start, place, width - v)
                    b.when(b.compare("lt", at, slots), store)

        def turned_to_depth(s: Value) -> None:
            for v in range(0, width, lanes):
                rows = [
                    self._along_own(shared, b.add(first, number(v)), b.add(s, number(n)))
                    for n in range(lanes)
                ]
                for n, column in enumerate(b.transposed(rows)[: width - v]):
                    place = b.add(b.mul(s, number(width)), number((v + n) * lanes))
                    self._put(column, start, place, lanes)

        def turn(s: Value, _: list[Value]) -> None:
            block(s)

        block = turned_to_own
        if self.stores_along_depth:
            block = straight if self.loads_along_depth else turned_to_depth
        if self.slots == lanes:
            block(zero)  # a single block: what lies beyond the depth is known to be zero
        else:
            b.loop(zero, slots, lanes, turn)

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
