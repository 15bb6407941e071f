"""Whether the rows of a batch are computed apart from each other.

Where they are, and no variable changes, a batch may be cut or joined as suits the machine: each
row of the result stays the same. Judged by structure alone: what mixes rows is refused, and what
might.
"""

from __future__ import annotations

from collections.abc import Iterable

from geartrain.graph.affine import Affine, Index
from geartrain.graph.node import Node, sorted_nodes
from geartrain.graph.op import Fold, Map, View
from geartrain.graph.shapes import BATCH, holds_dim


def rows_apart(outputs: Iterable[Node]) -> bool:
    """Whether row `n` of every output depends on row `n` of the inputs, and on nothing of others.

    >>> from geartrain import ops
    >>> from geartrain.graph.node import placeholder
    >>> x = placeholder((BATCH, 3), "float32")
    >>> rows_apart([ops.softmax(x)]), rows_apart([x - ops.mean(x, axis=0)])
    (True, False)
    """
    outputs = list(outputs)
    order = sorted_nodes(outputs)
    batched = {node for node in order if holds_dim(node.extents)}
    fits = all(node.extents[0] == BATCH and not holds_dim(node.extents[1:]) for node in batched)
    return fits and batched.issuperset(outputs) and all(_apart(node, batched) for node in order)


def _apart(node: Node, batched: set[Node]) -> bool:
    """Whether a node keeps rows apart, if its sources do."""
    if node.op is None:
        return True
    lower = node.op.lower
    if isinstance(lower, View):
        return _view_apart(node, lower, batched)
    if not any(source in batched for source in node.sources):
        return node not in batched and not holds_dim(tuple(node.params.values()))
    if isinstance(lower, Map):
        return not lower.indexed and not holds_dim(tuple(node.params.values()))
    if isinstance(lower, Fold):
        return _fold_apart(node, batched)
    return False


def _fold_apart(node: Node, batched: set[Node]) -> bool:
    if len(node.sources) == 1:
        return 0 not in node.params["axes"]
    inputs, out = node.params["spec"].split("->")
    return all(
        labels[0] == out[0] if source in batched else out[0] not in labels
        for labels, source in zip(inputs.split(","), node.sources, strict=True)
    )


def _view_apart(node: Node, lower: View, batched: set[Node]) -> bool:
    if lower.same_order:
        return (node in batched) == (node.sources[0] in batched)
    if lower.index is None or (node not in batched and batched.intersection(node.sources)):
        return False
    index: Index = tuple(Affine.variable(str(axis)) for axis in range(node.ndim))
    for reading in lower.index(index, *(one.extents for one in node.sources), **node.params):
        places = list(reading.index)
        if node.sources[reading.source] in batched:
            row = places.pop(0)
            if row.constant != 0 or row.terms != {"0": 1}:
                return False
        places += [guard.value for guard in reading.guards]
        if node in batched and any("0" in place.terms for place in places):
            return False
        if any(holds_dim((place.constant, *place.terms.values())) for place in places):
            return False
    return True
