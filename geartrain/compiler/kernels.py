"""Kernels of maps, views and folds: loops over a tensor, vectors along its last axis.

A kernel is a function `(args, places, batch, begin, end)` that does the units of work from `begin`
to `end`; how a tensor is cut into units depends on its shape alone. `args` is the program's table
of addresses, and `places` says where in it this kernel's are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from geartrain.compiler.builder import BYTES, Address, Builder, Value
from geartrain.compiler.expression import Expression, Unsupported
from geartrain.compiler.fused import Fused
from geartrain.compiler.indices import variables
from geartrain.compiler.target import Target
from geartrain.graph.affine import Index
from geartrain.graph.node import Node
from geartrain.graph.op import Map, Opaque
from geartrain.graph.shapes import Extent, Shape, apply, product

BLOCK = 1024  # elements of a one-dimensional tensor that are one unit of work
SMALL = 50_000  # scalar operations that are not worth sharing among threads
USUAL_BATCH = 128  # the batch size for which kernels are judged
SCATTER_UNITS = 8  # parts of the rows that a scatter adds to: each walks all indices
BEGIN, END = Value("%begin", "int64"), Value("%end", "int64")
# The table of addresses, where in it the kernel's are, and the batch: all its functions get these.
TABLE_ARGUMENTS = (("ptr", "%args"), ("ptr", "%places"), ("i64", "%batch"))
TABLE = "ptr %args, ptr %places, i64 %batch"
ARGUMENTS = (*TABLE_ARGUMENTS, ("i64", "%begin"), ("i64", "%end"))


@dataclass
class Kernel:
    """A kernel's code and what running it takes.

    Attributes:
        name: the function's name in the module.
        nodes: the nodes that it stores; none for a preparation such as packing.
        kind: for reports: map, fold, contraction, ...
        functions: the functions to write, this one last.
        units: how many units of work there are.
        work: about how many scalar operations all units take together.
        scratch: memory it needs while it runs: slot, elements, dtype.
        packs: the tensor that it only brings into another order.
        grain: how many neighbouring units are best done together.
        chosen: 1 if it is run; 0 if, for a batch of that size, others do its work.
        copies: 1 if, for a batch of that size, two threads had better have a copy each of some
            scratch memory, than fetch halves of it from each other's caches. The function then has
            one more argument, which copy to use. None if there is but one copy.
        like: an earlier kernel whose functions these are; `moved` says where its places in the
            table are for this one.
        code: the name of the function that does its work, which may be that of another kernel.
        places: the name of the list of its places in the table.
    """

    name: str
    nodes: list[Node]
    kind: str
    functions: list[Builder]
    units: Extent
    work: Extent
    scratch: list[tuple[int, Extent, str]] = field(default_factory=list)
    packs: Node | None = None
    grain: Extent = 1
    chosen: Extent = 1
    copies: Extent | None = None
    like: Kernel | None = None
    moved: Mapping[int, int] = field(default_factory=dict)
    code: str = ""
    places: str = ""

    @property
    def reports(self) -> bool:
        """Whether it notes places outside a tensor, for the error."""
        return any(function.reports for function in self.functions)


def either(some: list[Kernel], others: list[Kernel], chosen: Extent) -> list[Kernel]:
    """Kernels that do the same in two ways: the first where `chosen` is 1, the others where 0.

    Which way it is may depend on the size of the batch; then there is code for both.
    """
    if isinstance(chosen, int):
        return some if chosen else others
    found = [replace(kernel, chosen=kernel.chosen * chosen) for kernel in some]
    return found + [replace(kernel, chosen=kernel.chosen * (1 - chosen)) for kernel in others]


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


def check_supported(fused: Fused) -> None:
    """Refuse a kernel that needs an op without code."""
    stack, seen = list(fused.members()), set(fused.reads)
    while stack:
        node = stack.pop()
        if node in seen or node.op is None:
            continue
        seen.add(node)
        stack.extend(node.sources)
        lower = node.op.lower
        if isinstance(lower, Map) and lower.emit is None:
            raise Unsupported(f"{node.op.name} has no emitter")
        if isinstance(lower, Opaque):
            raise Unsupported(f"{node.op.name} has no kernel")


def lane_axis(shape: Shape) -> int | None:
    """The axis that vectors run along: the last that has more than one element."""
    longer = [axis for axis, size in enumerate(shape) if size != 1]
    return longer[-1] if longer else None


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
    rest = b.make(f"srem i64 {b.sub(last, first).name}, {step}", "int64")
    return b.sub(last, rest)


class Loops:
    """Loops over the axes of a tensor around a body, the first cut into units of work."""

    def __init__(self, b: Builder, shape: Shape, lane: int | None) -> None:
        self.b, self.shape, self.lane = b, shape, lane
        self.axes = [axis for axis, size in enumerate(shape) if size != 1 and axis != lane]

    @property
    def units(self) -> Extent:
        """How many units of work there are."""
        if self.axes:
            return self.shape[self.axes[0]]
        return apply("ceildiv", self.shape[self.lane], BLOCK) if self.lane is not None else 1

    def run(
        self,
        body: Callable[[dict[str, Value], Value, Value], None],
        begin: Value = BEGIN,
        end: Value = END,
    ) -> None:
        """Call `body(loop values, first, last)` for each run along the lane axis.

        From unit of work number `begin` to `end`: the kernel's own, or all from 0 to `units`.
        """
        b = self.b
        found: dict[str, Value] = {}

        def nest(depth: int) -> None:
            if depth == len(self.axes):
                stop = b.index(self.shape[self.lane]) if self.lane is not None else None
                body(found, b.constant(0, "int64"), stop or b.constant(1, "int64"))
                return
            axis = self.axes[depth]
            zero, size = b.constant(0, "int64"), b.index(self.shape[axis])
            first, last = (begin, end) if depth == 0 else (zero, size)

            def turn(i: Value, _: list[Value]) -> None:
                found[f"i{axis}"] = i
                nest(depth + 1)

            b.loop(first, last, 1, turn)

        if self.axes:
            nest(0)
            return
        if self.lane is None:
            b.loop(
                begin, end, 1, lambda i, _: body({}, b.constant(0, "int64"), b.constant(1, "int64"))
            )
            return
        size = b.index(self.shape[self.lane])

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


def map_kernel(name: str, fused: Fused, slots: Mapping[object, int], target: Target) -> Kernel:
    """The kernel of values that are computed element by element."""
    check_supported(fused)
    nodes, reads = fused.nodes, fused.reads
    b, pointers = start(name, slots, [*reads, *nodes])
    shape = nodes[0].extents
    lane = lane_axis(shape)
    dtypes = [one.dtype for one in (*nodes, *reads)]
    lanes = lanes_for(target, *dtypes) if lane is not None else 1
    loops = Loops(b, shape, lane)
    index = variables(shape)
    sources = {read: pointers[read] for read in reads}

    def run(outer: dict[str, Value], first: Value, last: Value) -> None:
        def vector(i: Value, mask: Value | None, _: list[Value]) -> None:
            found = {**outer, f"i{lane}": i}
            expression = Expression(b, sources, found, f"i{lane}", lanes, mask)
            store_all(expression, nodes, index, pointers)

        if lane is None:
            vector(first, None, [])
        else:
            vector_loop(b, first, last, lanes, vector)

    loops.run(run)
    b.line("ret void")
    return Kernel(name, nodes, "map", [b], loops.units, product(shape))


def copy_kernel(name: str, size: Extent, dtype: str, source: int, target: int) -> Kernel:
    """Copy a tensor from one slot to another."""
    b = Builder(name, ARGUMENTS, "internal")
    old, new = address(b, source), address(b, target)
    lanes = 64 // BYTES[dtype]
    stored = "uint8" if dtype == "bool" else dtype

    def block(i: Value, _: list[Value]) -> None:
        low = b.mul(i, b.constant(BLOCK, "int64"))
        high, last = b.add(low, b.constant(BLOCK, "int64")), b.index(size)
        high = b.select(b.compare("lt", high, last), high, last)

        def vector(at: Value, mask: Value | None, _: list[Value]) -> None:
            value = b.load(b.pointer(old, at, stored), stored, lanes, mask)
            b.store(value, b.pointer(new, at, stored), mask)

        vector_loop(b, low, high, lanes, vector)

    b.loop(BEGIN, END, 1, block)
    b.line("ret void")
    return Kernel(name, [], "copy", [b], apply("ceildiv", size, BLOCK), size)


def _renamed(node: Node, slots: Mapping[object, int]) -> Node:
    """The memory that a node is, seen through reshapes that keep it as it is."""
    while node not in slots:
        (node,) = node.sources
    return node


def scatter_kernel(name: str, fused: Fused, slots: Mapping[object, int], target: Target) -> Kernel:
    """Rows added up at computed places.

    Each unit of work owns some rows of the result: it clears them, then walks all indices in order
    and adds the rows that are its own. So the order of every sum is fixed.
    """
    core = fused.core
    assert core is not None
    check_supported(fused)
    indices, rows = (_renamed(source, slots) for source in core.sources)
    b, pointers = start(name, slots, [indices, rows, core])
    places, source, result = (pointers[node] for node in (indices, rows, core))
    lanes = lanes_for(target, core.dtype)
    count, width = core.extents[0], product(core.extents[1:])
    size, zero = b.index(width), b.constant(0, "int64")
    part = b.index(apply("ceildiv", count, SCATTER_UNITS))
    last_row = b.sub(b.index(count), b.constant(1, "int64"))

    def unit(u: Value, _: list[Value]) -> None:
        low = b.mul(u, part)
        high = b.minimum(b.add(low, part), b.index(count))

        def clear(at: Value, mask: Value | None, _: list[Value]) -> None:
            nothing = b.splat(b.constant(0, core.dtype), lanes)
            b.store(nothing, b.pointer(result, at, core.dtype), mask)

        vector_loop(b, b.mul(low, size), b.mul(high, size), lanes, clear)

        def one(i: Value, _: list[Value]) -> None:
            row = b.convert(b.load(b.pointer(places, i, indices.dtype), indices.dtype), "int64")
            b.report_outside(row, b.index(count))
            row = b.maximum(b.minimum(row, last_row), zero)
            own = b.bits("and", b.compare("ge", row, low), b.compare("lt", row, high))
            inside, done = b.label_name(), b.label_name()
            b.line(f"br i1 {own.name}, label %{inside}, label %{done}")
            b.label(inside)
            target_row, source_row = b.mul(row, size), b.mul(i, size)

            def add(at: Value, mask: Value | None, _: list[Value]) -> None:
                place = b.pointer(result, b.add(target_row, at), core.dtype)
                more = b.pointer(source, b.add(source_row, at), core.dtype)
                old = b.load(place, core.dtype, lanes, mask)
                b.store(b.add(old, b.load(more, core.dtype, lanes, mask)), place, mask)

            vector_loop(b, zero, size, lanes, add)
            b.line(f"br label %{done}")
            b.label(done)

        b.loop(zero, b.index(product(indices.extents)), 1, one)

    b.loop(BEGIN, END, 1, unit)
    b.line("ret void")
    work = product(rows.extents) + product(indices.extents) * SCATTER_UNITS + product(core.extents)
    return Kernel(name, [core], "scatter", [b], SCATTER_UNITS, work)


def gather_rows(name: str, node: Node, slot: int, data: int, order: int) -> Kernel:
    """Copy the rows of one batch from a whole data set, in a given order.

    Args:
        slot: the place of the address of the batch.
        data: the place of the address of the data set.
        order: the place of the address of the rows' numbers; the batch begins at number `%row`.
    """
    b = Builder(name, (*ARGUMENTS, ("i64", "%row")), "internal")
    numbers, source, target = address(b, order), address(b, data), address(b, slot)
    size = b.index(product(node.extents[1:]) * BYTES[node.dtype])
    copy = "llvm.memcpy.p0.p0.i64"
    b.declared.add(f"declare void @{copy}(ptr, ptr, i64, i1)")

    def row(i: Value, _: list[Value]) -> None:
        at = b.pointer(numbers, b.add(i, Value("%row", "int64")), "int64")
        place = b.mul(b.load(at, "int64"), size)
        old = b.pointer(source, place, "uint8")
        new = b.pointer(target, b.mul(i, size), "uint8")
        b.line(f"call void @{copy}(ptr {new}, ptr {old}, i64 {size.name}, i1 false)")

    b.loop(BEGIN, END, 1, row)
    b.line("ret void")
    return Kernel(name, [node], "gather rows", [b], node.extents[0], product(node.extents))
