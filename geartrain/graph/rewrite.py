"""Rebuilding a graph with some nodes replaced."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence

from geartrain.graph.node import Node, sorted_nodes
from geartrain.graph.shapes import holds_dim, resolve


def same(nodes: Sequence[Node], others: Sequence[Node]) -> bool:
    """Whether these are the same nodes, in the same order."""
    return all(map(operator.is_, nodes, others))


def substitute(
    outputs: Sequence[Node], replaced: Mapping[Node, Node], batch: int | None = None
) -> list[Node]:
    """`outputs` with each node of `replaced` exchanged for its replacement.

    With `batch`, the batch axis gets that size.

    >>> from geartrain import ops
    >>> from geartrain.graph.node import placeholder
    >>> x, z = placeholder((2,), "float32"), placeholder((2,), "float32")
    >>> substitute([ops.exp(x)], {x: z}) == [ops.exp(z)]
    True
    """
    new: dict[Node, Node] = dict(replaced)
    for node in sorted_nodes(outputs, new):
        if node in new:
            continue
        sources = tuple(new[source] for source in node.sources)
        params = node.params
        if batch is not None and holds_dim(tuple(params.values())):
            params = {name: resolve(value, batch) for name, value in params.items()}
        kept = node.op is None or (same(sources, node.sources) and params is node.params)
        new[node] = node if kept else Node.of(node.op, sources, params)  # type: ignore[arg-type]
    return [new[node] for node in outputs]


def rewrite(outputs: Sequence[Node], rule: Callable[[Node], Node | None]) -> list[Node]:
    """`outputs` with each node exchanged for what `rule` makes of it, sources first.

    The rule sees nodes whose sources are rewritten; None leaves one as it is.

    >>> from geartrain import ops
    >>> from geartrain.graph.node import placeholder
    >>> x = placeholder((2,), "float32")
    >>> roots = lambda node: node.sources[0] if node.op is ops.exp(x).op else None
    >>> rewrite([ops.exp(ops.exp(x))], roots) == [x]
    True
    """
    new: dict[Node, Node] = {}
    for node in sorted_nodes(outputs):
        sources = tuple(new[source] for source in node.sources)
        kept = node.op is None or same(sources, node.sources)
        made = node if kept else Node.of(node.op, sources, node.params)  # type: ignore[arg-type]
        instead = rule(made)
        new[node] = made if instead is None else instead
    return [new[node] for node in outputs]
