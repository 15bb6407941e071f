"""Reverse-mode differentiation: a graph in, the graph of its gradients out.

The chain rule, from the outputs back: the gradient of a node is the sum, over the nodes that read
it, of what each one's op says it passes to that source. The result is an ordinary graph, so it can
be simplified (`simplify.py`), compiled, and differentiated again.
"""

from __future__ import annotations

from collections.abc import Sequence

from geartrain.graph.dtypes import is_float
from geartrain.graph.node import Node, sorted_nodes


def gradients(
    outputs: Sequence[Node], wrt: Sequence[Node], seeds: Sequence[Node]
) -> list[Node | None]:
    """The gradient of `sum(output * seed)` with respect to each node of `wrt`.

    Args:
        outputs: nodes to differentiate.
        wrt: nodes to differentiate with respect to.
        seeds: for each output, a node of its shape: the gradient that enters there.

    Returns:
        A node of the same shape as each node of `wrt`; None where the outputs do not depend on it.

    Raises:
        TypeError: an op on the way has no gradient rule.
    """
    order = sorted_nodes(outputs)
    depends = set(wrt)
    for node in order:
        if is_float(node.dtype) and any(source in depends for source in node.sources):
            depends.add(node)
    total: dict[Node, Node] = {}
    for output, seed in zip(outputs, seeds, strict=True):
        if output in depends:
            total[output] = total[output] + seed if output in total else seed
    for node in reversed(order):
        if node.op is None or node not in depends or node not in total:
            continue
        if not node.op.differentiable:
            continue
        if node.op.grad is None:
            raise TypeError(
                f"Op {node.op.name!r} has no gradient rule. Received a use of it of shape "
                f"{node.shape} between the outputs and what to differentiate with respect to. "
                "Wrap its argument in ops.stop_gradient if no gradient should flow there."
            )
        passed = node.op.grad(total[node], node, *node.sources, **node.params)
        assert len(passed) == len(node.sources), f"{node.op.name}: one gradient a source"
        for source, gradient in zip(node.sources, passed, strict=True):
            if gradient is None or source not in depends:
                continue
            assert gradient.extents == source.extents, f"{node.op.name}: gradient shape"
            assert gradient.dtype == source.dtype, f"{node.op.name}: gradient dtype"
            total[source] = total[source] + gradient if source in total else gradient
    return [total.get(node) for node in wrt]
