"""Kernels of maps, views and reductions: loops over a tensor, vectors along its last axis.

A kernel is a function `(args, places, batch, begin, end)` that does the units of work from `begin`
to `end`; how a tensor is cut into units depends on its shape alone. `args` is the program's table
of addresses, and `places` says where in it this kernel's are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.codegen.builder import BYTES, Address, Builder, Value
from geartrain.compiler.kernels.expression import Expression, Unsupported
from geartrain.compiler.loops.grammar import By, Loop, Nest
from geartrain.compiler.targets.target import Target
from geartrain.graph.affine import Index
from geartrain.graph.node import Node
from geartrain.graph.op import Map, Opaque, read_sources
from geartrain.graph.shapes import Extent, apply

BLOCK = 1024  # elements of a one-dimensional tensor that are one unit of work
BEGIN, END = Value("%begin", "int64"), Value("%end", "int64")
# The table of addresses, where in it the kernel's are, and the batch: all its functions get these.
TABLE_ARGUMENTS = (("ptr", "%args"), ("ptr", "%places"), ("i64", "%batch"))
TABLE: tuple[Value | str, ...] = ("%args", "%places", Value("%batch", "int64"))
ARGUMENTS = (*TABLE_ARGUMENTS, ("i64", "%begin"), ("i64", "%end"))


@dataclass
class Kernel:
    """A kernel's code and what running it takes.

    Attributes:
        name: the function's name in the module.
        nodes: the nodes that it stores; none for a preparation such as packing.
        kind: for reports: map, reduction, contraction, ...
        functions: the functions to write, this one last.
        units: how many units of work there are.
        work: about how many scalar operations all units take together.
        workspace: memory it needs while it runs: slot, elements, dtype.
        packs: the tensor that it only brings into another order.
        grain: how many neighbouring units are best done together.
        enabled: 1 if it is run; 0 if, for a batch of that size, others do its work.
        copies: 1 if, for a batch of that size, two threads had better have a copy each of some
            workspace, than fetch halves of it from each other's caches. The function then has one
            more argument, which copy to use. None if there is but one copy.
        like: an earlier kernel whose functions these are; `moved` says where its places in the
            table are for this one.
        code: the name of the function that does its work, which may be that of another kernel.
        places: the name of the list of its places in the table.
        nest: what it does as loops, of which its code was written; None for other kinds.
    """

    name: str
    nodes: list[Node]
    kind: str
    functions: list[Builder]
    units: Extent
    work: Extent
    workspace: list[tuple[int, Extent, str]] = field(default_factory=list)
    packs: Node | None = None
    grain: Extent = 1
    enabled: Extent = 1
    copies: Extent | None = None
    like: Kernel | None = None
    moved: Mapping[int, int] = field(default_factory=dict)
    code: str = ""
    places: str = ""
    nest: Nest | None = None

    @property
    def reports(self) -> bool:
        """Whether it notes places outside a tensor, for the error."""
        return any(function.reports for function in self.functions)


def multiversion(some: list[Kernel], others: list[Kernel], enabled: Extent) -> list[Kernel]:
    """Kernels that do the same in two ways: the first where `enabled` is 1, the others where 0.

    Which way it is may depend on the size of the batch; then there is code for both.
    """
    if isinstance(enabled, int):
        return some if enabled else others
    found = [replace(kernel, enabled=kernel.enabled * enabled) for kernel in some]
    return found + [replace(kernel, enabled=kernel.enabled * (1 - enabled)) for kernel in others]


def at_least(size: Extent, least: int) -> Extent:
    """1 if a size is at least so large, else 0."""
    return apply("min", 1, apply("max", 0, size + (1 - least)))


def start(
    name: str, slots: Mapping[object, int], used: list[Node]
) -> tuple[Builder, dict[Node, str]]:
    """A kernel's function, with the addresses of the tensors that it uses."""
    builder = Builder(name, ARGUMENTS, "internal")
    return builder, addresses(builder, slots, used)


def addresses(builder: Builder, slots: Mapping[object, int], used: list[Node]) -> dict[Node, str]:
    """Load the address of each tensor from the table of arguments."""
    return {node: address(builder, slots[node]) for node in used}


def address(builder: Builder, slot: int, type_: str = "ptr") -> str:
    """Load one address (or number) from the table of arguments."""
    name = builder.fresh()
    builder.addresses.append(Address(name, type_, slot))
    return name


def check_supported(fused: FusionGroup) -> None:
    """Refuse a kernel that needs an op without code."""
    stack, seen = list(fused.members()), set(fused.reads)
    while stack:
        node = stack.pop()
        if node in seen or node.op is None:
            continue
        seen.add(node)
        stack.extend(read_sources(node))
        lower = node.op.lower
        if isinstance(lower, Map) and lower.emit is None:
            raise Unsupported(f"{node.op.name} has no emitter")
        if isinstance(lower, Opaque):
            raise Unsupported(f"{node.op.name} has no kernel")


def lanes_for(target: Target, *dtypes: str) -> int:
    """How many elements are handled at once."""
    return target.lanes(max(4, *(BYTES[dtype] for dtype in dtypes)))


def vector_loop(
    b: Builder, first: Value, last: Value, lanes: int,
    body: Callable[[Value, Value | None, list[Value]], list[Value] | None],
    carried: list[Value] | None = None,
) -> list[Value]:  # fmt: skip
    """From `first` to `last` in vectors: whole ones, then one with the lanes left over masked.

    `body(start, mask, values)` handles one vector.
    """
    values = carried or []
    known = "%" not in first.name + last.name
    size = int(last.name) - int(first.name) if known else 0
    border = whole_steps(b, first, last, lanes)
    if not known or size >= lanes:
        values = b.loop(first, border, lanes, lambda i, v: body(i, None, v), values)
    if not known or size % lanes:

        def rest_of(i: Value, inside: list[Value]) -> list[Value] | None:
            numbers = b.add(b.lane_numbers(lanes), i)
            return body(i, b.compare("lt", numbers, last), inside)

        values = b.loop(border, last, lanes, rest_of, values)
    return values


def whole_steps(b: Builder, first: Value, last: Value, step: int) -> Value:
    """How far from `first` whole steps go, without passing `last`."""
    if "%" not in first.name + last.name:
        low, high = int(first.name), int(last.name)
        return b.constant(high - (high - low) % step, "int64")
    rest = b.rem(b.sub(last, first), b.constant(step, "int64"))
    return b.sub(last, rest)


class Loops:
    """Loops around a body, the first cut into units of work; those in vectors are the body's."""

    def __init__(self, b: Builder, loops: Sequence[Loop]) -> None:
        self.b = b
        self.loops = [loop for loop in loops if loop.by is not By.VECTORS]
        self.lane = next((loop for loop in loops if loop.by is By.VECTORS), None)

    @property
    def units(self) -> Extent:
        """How many units of work there are."""
        if self.loops:
            return self.loops[0].extent
        return 1 if self.lane is None else apply("ceildiv", self.lane.extent, BLOCK)

    def run(
        self,
        body: Callable[[dict[str, Value], Value, Value], None],
        begin: Value = BEGIN,
        end: Value = END,
    ) -> None:
        """Call `body(loop values, first, last)` for each run along the axis in vectors.

        From unit of work number `begin` to `end`: the kernel's own, or all from 0 to `units`.
        """
        b, lane = self.b, self.lane
        found: dict[str, Value] = {}
        zero, one = b.constant(0, "int64"), b.constant(1, "int64")

        def nest(depth: int) -> None:
            if depth == len(self.loops):
                body(found, zero, one if lane is None else b.index(lane.extent))
                return
            loop = self.loops[depth]
            size = b.index(loop.extent)
            first, last = (begin, end) if depth == 0 else (zero, size)

            def iteration(i: Value, _: list[Value]) -> None:
                found[loop.variable] = i
                nest(depth + 1)

            b.loop(first, last, 1, iteration)

        if self.loops:
            nest(0)
            return
        if lane is None:
            b.loop(begin, end, 1, lambda i, _: body({}, zero, one))
            return
        size = b.index(lane.extent)

        def block(i: Value, _: list[Value]) -> None:
            low = b.mul(i, b.constant(BLOCK, "int64"))
            high = b.add(low, b.constant(BLOCK, "int64"))
            body({}, low, b.select(b.compare("lt", high, size), high, size))

        b.loop(begin, end, 1, block)


def store_all(
    expression: Expression, nodes: list[Node], index: Index, pointers: Mapping[Node, str]
) -> None:
    """Compute the nodes of a kernel at one place, then store them: each may be updated in place."""
    b, lanes = expression.builder, expression.lanes
    values = [b.splat(expression.value(node, index), lanes) for node in nodes]
    for node, value in zip(nodes, values, strict=True):
        place = b.affine(expression.place(node, index), expression.loops)
        b.store(value, b.pointer(pointers[node], place, node.dtype), expression.mask)
