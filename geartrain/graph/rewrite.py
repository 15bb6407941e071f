"""Rebuilding a graph with some nodes replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from geartrain.graph.node import Node, sorted_nodes
from geartrain.graph.shapes import resolve


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
    for node in sorted_nodes(outputs):
        if node in new:
            continue
        sources = tuple(new[source] for source in node.sources)
        if node.op is None or sources == node.sources:
            new[node] = node
        else:
            params = node.params
            if batch is not None:
                params = {name: resolve(value, batch) for name, value in params.items()}
            new[node] = Node.of(node.op, sources, params)
    return [new[node] for node in outputs]
