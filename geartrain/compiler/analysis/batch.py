"""Whether the rows of a batch are computed apart from one another, as one reads in the graph."""

from __future__ import annotations

from collections.abc import Sequence

from geartrain.graph.affine import Affine, Index
from geartrain.graph.node import Node, sorted_nodes
from geartrain.graph.op import Fold, Map, Running, View
from geartrain.graph.shapes import BATCH, holds_dim, product


def rows_apart(outputs: Sequence[Node]) -> bool:
    """Whether each row of the outputs is computed from the same rows of the leaves alone.

    Every output has the batch as its first axis, and nothing looks at where in the batch it is: so
    the graph computes the same for some rows at a time.
    """
    order = sorted_nodes(outputs)
    return all(_batched(node) for node in outputs) and all(_apart(node) for node in order)


def _batched(node: Node) -> bool:
    return node.extents[:1] == (BATCH,)


def _apart(node: Node) -> bool:
    batched = _batched(node)
    if holds_dim(node.extents[1:]) or (not batched and holds_dim(node.extents)):
        return False
    if node.op is None:
        return True
    sources = [_batched(source) for source in node.sources]
    if not batched:
        return not any(sources)
    lower = node.op.lower
    if isinstance(lower, Map):
        return not lower.indexed
    if isinstance(lower, View):
        if lower.same_order:
            return product(node.extents[1:]) == product(node.sources[0].extents[1:])
        return lower.index is not None and _view_apart(node, lower, sources)
    if isinstance(lower, Running):
        return bool(node.params["axis"] != 0)
    if not isinstance(lower, Fold):
        return False
    if len(sources) == 1:
        return 0 not in node.params["axes"]
    inputs, out = node.params["spec"].split("->")
    labels = inputs.split(",")
    return all(
        label[0] == out[0] if is_batched else out[0] not in label
        for label, is_batched in zip(labels, sources, strict=True)
    )


def _view_apart(node: Node, lower: View, batched: list[bool]) -> bool:
    """Whether a view reads the row that it is asked for, and nothing else depends on the row."""
    assert lower.index is not None
    index: Index = tuple(Affine.variable(str(n)) for n in range(node.ndim))
    shapes = [source.extents for source in node.sources]
    for reading in lower.index(index, *shapes, **node.params):
        if batched[reading.source]:
            if reading.index[0] != index[0]:
                return False
            others = [*reading.index[1:], *(guard.value for guard in reading.guards)]
        else:
            others = [*reading.index, *(guard.value for guard in reading.guards)]
        sizes = [guard.size for guard in reading.guards]
        if any("0" in one.terms or _changing(one) for one in others) or holds_dim(tuple(sizes)):
            return False
    return True


def _changing(place: Affine) -> bool:
    """Whether an index depends on the batch size."""
    return holds_dim((place.constant, *place.terms.values()))
