"""Deciding which values live in memory, and which are computed where they are needed.

Goes in: the outputs of a graph. Comes out: the nodes that get memory, each with the one kernel
that fills it. Everything else is written into the kernels that use it:

    h = relu(x @ w + b)                  one kernel: the product, whose store adds b and clips
    loss = sum((p - y) ** 2)             one kernel: the fold, which squares as it goes

The rules: a fold and an opaque op have memory; so has an element-wise value that several kernels
need and that costs something; so has the source of a view that repeats its elements, if it costs
anything; so has what a product reads, unless it is a plain view of memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geartrain.compiler.expression import plain_reshape
from geartrain.graph.affine import Affine, Index
from geartrain.graph.node import Constant, Node, sorted_nodes
from geartrain.graph.op import Fold, Map, Opaque, View
from geartrain.graph.shapes import divide, product

CHEAP = 2  # maps that are computed again rather than kept


@dataclass
class Fused:
    """A node with memory and how its kernel makes it.

    Attributes:
        node: the node that is stored.
        core: the fold or opaque node inside whose result the rest is computed from; the node
            itself, or the contraction under an epilogue, or None for a kernel of maps and views.
        reads: the nodes in memory that it needs.
    """

    node: Node
    core: Node | None
    reads: list[Node]


def fuse(outputs: Sequence[Node]) -> list[Fused]:
    """The kernels that make `outputs`, each after those it needs."""
    order = sorted_nodes(outputs)
    stored = _stored(order, outputs)
    epilogues = _epilogues(order, stored, outputs)
    kernels = []
    for node in order:
        if node in stored and node.op is not None and node not in epilogues.values():
            core = epilogues.get(node)
            if core is None and isinstance(node.op.lower, Fold | Opaque):
                core = node
            kernels.append(Fused(node, core, _reads(node, core, stored)))
    return kernels


def in_memory(node: Node) -> bool:
    """Whether a node is memory already: an input, a variable, a tensor of constants."""
    return node.op is None and not (isinstance(node.leaf, Constant) and node.extents == ())


def _stored(order: list[Node], outputs: Sequence[Node]) -> set[Node]:
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
        if isinstance(node.op.lower, Fold | Opaque):
            stored.add(node)
            cost[node] = 0
        elif node not in stored:
            own = 1 if isinstance(node.op.lower, Map) else 0
            cost[node] = own + sum(cost[source] for source in node.sources)
    users: dict[Node, set[Node]] = {node: set() for node in order}
    for node in reversed(order):
        if node not in stored and cost[node] > CHEAP and len(users[node]) > 1:
            stored.add(node)
        reached = {node} if node in stored else users[node]
        for source in node.sources:
            users[source] |= reached
    return stored


def _needed_in_memory(node: Node, stored: set[Node], cost: dict[Node, int]) -> list[Node]:
    """The sources of a node that its kernel can only read from memory."""
    assert node.op is not None
    lower = node.op.lower
    needed = []
    for source in node.sources:
        if source in stored or source.op is None:
            continue
        if isinstance(lower, Opaque):
            needed.append(source)
        elif isinstance(lower, Fold) and len(node.sources) == 2:
            if not plain_view(source, stored):
                needed.append(source)
        elif isinstance(lower, View):
            grows = divide(product(source.extents), product(node.extents)) is None
            awkward = lower.same_order and not plain_reshape(node)
            if (grows and cost[source] > 0) or (awkward and not _flat(source, stored)):
                needed.append(source)
    return needed


def plain_view(node: Node, stored: set[Node]) -> bool:
    """Whether a node is memory seen through index arithmetic alone."""
    while node not in stored:
        if node.op is None or not isinstance(node.op.lower, View) or len(node.sources) != 1:
            return False
        lower = node.op.lower
        if lower.same_order:
            if not plain_reshape(node) and node.sources[0] not in stored:
                return False
        else:
            index: Index = tuple(Affine.variable(str(n)) for n in range(len(node.extents)))
            if lower.index is None:
                return False
            readings = lower.index(index, node.sources[0].extents, **node.params)
            if len(readings) != 1 or readings[0].guards:
                return False
        node = node.sources[0]
    return True


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


def _epilogues(order: list[Node], stored: set[Node], outputs: Sequence[Node]) -> dict[Node, Node]:
    """For each stored map, the contraction that it can take over: one used by it alone."""
    users: dict[Node, set[Node]] = {node: set() for node in order}
    for node in reversed(order):
        reached = {node} if node in stored else users[node]
        for source in node.sources:
            users[source] |= reached
    taken: dict[Node, Node] = {}
    for node in order:
        if node.op is None or not isinstance(node.op.lower, Fold) or len(node.sources) != 2:
            continue
        if node in outputs or len(users[node]) != 1:
            continue
        (root,) = users[node]
        if root not in taken and root.extents == node.extents and _by_maps(root, node, stored):
            taken[root] = node
    return taken


def _by_maps(root: Node, core: Node, stored: set[Node]) -> bool:
    """Whether `root` is computed from `core` at the same index everywhere."""
    if root.op is None or not isinstance(root.op.lower, Map):
        return False
    stack, seen, found = [root], set(), False
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node is core:
            found = True
        elif node is root or node not in stored:
            if node.op is None:
                continue
            if isinstance(node.op.lower, Map):
                stack.extend(node.sources)
            elif _inline_reaches(node, core, stored):
                return False
    return found


def _inline_reaches(node: Node, core: Node, stored: set[Node]) -> bool:
    stack, seen = [node], set()
    while stack:
        one = stack.pop()
        if one is core:
            return True
        if one in seen or one in stored:
            continue
        seen.add(one)
        stack.extend(one.sources)
    return False


def _reads(node: Node, core: Node | None, stored: set[Node]) -> list[Node]:
    """The memory that the kernel of `node` reads."""
    found: dict[Node, None] = {}
    stack, seen = list(node.sources), {node}
    while stack:
        one = stack.pop()
        if one in seen:
            continue
        seen.add(one)
        if one in stored and one is not core:
            found[one] = None
        else:
            stack.extend(one.sources)
    return list(found)
