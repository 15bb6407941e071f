"""A graph as text, one node a line."""

from __future__ import annotations

from collections.abc import Sequence

from geartrain.graph.formula import leaf_name
from geartrain.graph.node import Node, sorted_nodes


def graph_text(outputs: Sequence[Node], model: str = "") -> str:
    """The nodes that `outputs` need, each numbered, with its shape and dtype.

    The name of the `model` is left out where paths of variables begin with it.

    >>> from geartrain import ops
    >>> from geartrain.graph.node import placeholder
    >>> print(graph_text([ops.exp(placeholder((3,), "float32", "x"))]))
    %0 = x                                : float32[3]
    %1 = exp(%0)                          : float32[3]
    return %1
    """
    number: dict[Node, str] = {}
    lines = []
    for node in sorted_nodes(outputs):
        number[node] = f"%{len(number)}"
        if node.op is None:
            text = leaf_name(node.leaf, model) if node.leaf is not None else "?"
        else:
            arguments = [number[source] for source in node.sources]
            arguments += [f"{name}={value}" for name, value in node.params.items()]
            text = f"{node.op.name}({', '.join(arguments)})"
        shape = ", ".join(map(str, node.extents))
        lines.append(f"{f'{number[node]} = {text}':37} : {node.dtype}[{shape}]")
    lines.append("return " + ", ".join(number[output] for output in outputs))
    return "\n".join(lines)
