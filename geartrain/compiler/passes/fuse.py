"""Deciding which values live in memory, and which are computed where they are needed.

Goes in: the outputs of a graph. Comes out: kernels in order, each with the nodes that it stores.
Everything else is written into the kernels that use it:

    h = relu(x @ w + b)                  one kernel: the product, whose store adds b and clips
    loss = sum((p - y) ** 2)             one kernel: the reduction, which squares as it goes
    v = rho * v + g * g; w -= g / v      one kernel, which stores both

The rules: a reduction and an opaque op have memory; so has an element-wise value that several
kernels need and that costs something; so has the source of a view that repeats its elements, if it
costs anything; so has what a product reads, unless it is a plain view of memory. Then element-wise
kernels of one shape join the kernel that makes what they read; kernels that work on the rows of one
tensor join (`rows.py`); and values that only their own kernel uses lose their memory again.
What costs much after a product without columns joins others, in which vectors run along the rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from geartrain.compiler.analysis.aliases import (
    from_one,
    plain_base,
    seen_through,
    step_place,
    whole_place,
)
from geartrain.compiler.analysis.cost import CHEAP, cost_of
from geartrain.compiler.analysis.groups import (
    MOST_READS,
    FusionGroup,
    in_memory,
    reads_of,
    waits_of,
)
from geartrain.compiler.analysis.index_maps import (
    at_own_index,
    followed,
    plain_reshape,
    repeats,
    short_reduce,
)
from geartrain.compiler.codegen.values import NARROW
from geartrain.compiler.passes.kinds import kind_of
from geartrain.graph.node import Node, sorted_nodes
from geartrain.graph.op import Contraction, Map, Scan, View, read_sources
from geartrain.graph.shapes import divide, holds_dim, product


def fuse(outputs: Sequence[Node]) -> list[FusionGroup]:
    """The fusion groups that make `outputs`, each after those it needs; rows are not joined yet."""
    order = _leading(sorted_nodes(outputs))
    stored, cost = _stored(order, outputs)
    kernels: list[FusionGroup] = []
    maker: dict[Node, int] = {}  # the number of the kernel that stores a node
    for node in order:
        if node not in stored or node.op is None:
            continue
        core = node if is_core(node) else None
        at = len(kernels) if core is not None else _host(node, kernels, maker, stored, cost)
        if at == len(kernels):
            kernels.append(FusionGroup([], core))
        kernels[at].nodes.append(node)
        maker[node] = at
    for kernel in kernels:
        kernel.reads, kernel.waits = reads_of(kernel, stored), waits_of(kernel, stored)
    return kernels


def _leading(order: list[Node]) -> list[Node]:
    """What is computed from weights alone comes first.

    So the cast of a bias is there when the product is stored that adds it.
    """
    late: set[Node] = set()
    for node in order:
        core = node.op is not None and kind_of(node).core
        if core or holds_dim(node.extents) or not late.isdisjoint(node.sources):
            late.add(node)
    return [n for n in order if n not in late] + [n for n in order if n in late]


def _stored(order: list[Node], outputs: Sequence[Node]) -> tuple[set[Node], dict[Node, int]]:
    """What has memory, and what each node costs to compute from that."""
    stored = {node for node in order if in_memory(node)}
    stored.update(node for node in outputs if node.op is not None)
    cost: dict[Node, int] = {}
    for node in order:
        if node.op is None or node in stored:
            cost[node] = 0
        if node.op is None:
            continue
        for source in _needed_in_memory(node, stored, cost):
            stored.add(source)
            cost[source] = 0
        if is_core(node):
            stored.add(node)
            cost[node] = 0
        elif node not in stored:
            cost[node] = cost_of(node, cost)
    for node in order:  # again, since what was stored late costs nothing to those who read it
        if node.op is not None and node not in stored:
            cost[node] = cost_of(node, cost)
    users: dict[Node, set[Node]] = {node: set() for node in order}
    for node in reversed(order):
        if node not in stored and cost[node] > CHEAP and len(users[node]) > 1:
            stored.add(node)
        reached = {node} if node in stored else users[node]
        for source in read_sources(node):
            users[source] |= reached
    return stored, cost


def is_core(node: Node) -> bool:
    """Whether a kernel is made around a node."""
    return kind_of(node).core and not short_reduce(node)


def _host(
    node: Node, kernels: list[FusionGroup], maker: dict[Node, int], stored: set[Node],
    cost: dict[Node, int],
) -> int:  # fmt: skip
    """The kernel that an element-wise node joins; the number of a new one if there is none."""
    costly = cost_of(node, cost) > CHEAP
    alone = FusionGroup([node], None)
    reads = reads_of(alone, stored)
    before = [*reads, *waits_of(alone, stored)]
    earliest = max((maker[one] for one in before if one in maker), default=-1)
    for number in range(len(kernels) - 1, max(earliest, 0) - 1, -1):
        kernel = kernels[number]
        if kernel.core is not None and kind_of(kernel.core).alone:
            continue
        if costly and kernel.core is not None and _one_by_one(kernel.core):
            continue
        made = [read for read in reads if read in kernel.members()]
        if kernel.nodes[0].extents != node.extents or (kernel.core is not None and not made):
            continue
        if not all(at_own_index(node, one, stored) for one in made):
            continue
        both = set(reads) | set(reads_of(kernel, stored))
        if len(both) <= MOST_READS:
            return number
    return len(kernels)


def _one_by_one(core: Node) -> bool:
    """Whether the results of a product are single numbers, not vectors: there are no columns."""
    return isinstance(core.op.lower, Contraction) and core.extents[-1:] == (1,)  # type: ignore[union-attr]


def _needed_in_memory(node: Node, stored: set[Node], cost: dict[Node, int]) -> list[Node]:
    """The sources of a node that its kernel can only read from memory."""
    assert node.op is not None
    lower = node.op.lower
    if isinstance(lower, Scan):
        return [base for base in _loop_reads(node, stored) if base.op is not None]
    needed = []
    for source in read_sources(node):
        if source in stored or source.op is None:
            continue
        if kind_of(node).in_memory:
            needed.append(source)
        elif isinstance(lower, Contraction):
            base = plain_base(source, stored)
            packed = node.dtype in NARROW and cost[source] <= CHEAP
            if base not in stored and not (packed and from_one(source, stored)):
                needed.append(source if base.op is None else base)
        elif isinstance(lower, View):
            grows = repeats(node) and divide(product(source.extents), product(node.extents)) is None
            awkward = lower.same_order and not followed(node)
            if (grows and cost[source] > 0) or (awkward and not _flat(source, stored)):
                needed.append(_before_renaming(source))
    return needed


def _before_renaming(node: Node) -> Node:
    """The node itself, or what it is with axes of size 1 dropped or added."""
    while node.op is not None and isinstance(node.op.lower, View):
        if not node.op.lower.same_order or not plain_reshape(node):
            break
        node = node.sources[0]
    return node


def _loop_reads(loop: Node, stored: set[Node]) -> list[Node]:
    """What a loop over time reads from memory: first states, sequences, captured values."""
    body = loop.params["body"]
    count, items = len(body.states), len(body.items)
    found = []
    for state in loop.sources[:count]:
        whole = whole_place(state, stored)
        found.append(state if whole is None else whole[0])
    for sequence in loop.sources[count : count + items]:
        place = step_place(sequence, stored)
        found.append(sequence if place is None else place[0])
    for value in loop.sources[count + items :]:
        base = seen_through(value, stored)
        found += [] if base is None else [base]
    return found


def _flat(node: Node, stored: set[Node]) -> bool:
    """Whether a value can be computed from its place in memory alone, whatever its shape."""
    stack = [node]
    while stack:
        one = stack.pop()
        if one in stored or one.op is None:
            continue
        if (isinstance(one.op.lower, Map) and not one.op.lower.indexed) or (
            isinstance(one.op.lower, View) and one.op.lower.same_order
        ):
            stack.extend(one.sources)
        else:
            return False
    return True
