"""Batch independence: whether each row of a batch is computed from the same row alone.

Where it is, and no variable changes, a batch may be cut or joined as suits the machine, and some
rows may go through all steps of a loop over time before others do: each row of the result stays the
same. Judged by structure alone: what mixes rows is refused, and so is what might.
"""

from __future__ import annotations

from collections.abc import Iterable

from geartrain.graph.affine import Affine, Index
from geartrain.graph.contraction import spec_of
from geartrain.graph.node import Node, sorted_nodes
from geartrain.graph.op import Contraction, Cumulative, Map, Reduce, View
from geartrain.graph.shapes import BATCH, holds_dim


def rows_independent(outputs: Iterable[Node]) -> bool:
    """Whether row `n` of every output depends on row `n` of the inputs, and on nothing of others.

    Every output has the batch as its first axis, and nothing looks at where in the batch it is.

    >>> from geartrain import ops
    >>> from geartrain.graph.node import placeholder
    >>> x = placeholder((BATCH, 3), "float32")
    >>> rows_independent([ops.softmax(x)]), rows_independent([x - ops.mean(x, axis=0)])
    (True, False)
    """
    outputs = list(outputs)
    return all(map(_batched, outputs)) and all(map(_keeps_rows, sorted_nodes(outputs)))


def _batched(node: Node) -> bool:
    return node.extents[:1] == (BATCH,)


def _keeps_rows(node: Node) -> bool:
    """Whether a node keeps rows independent, if its sources do."""
    batched = _batched(node)
    if holds_dim(node.extents[1:] if batched else node.extents):
        return False
    if node.op is None:
        return True
    lower, sources = node.op.lower, [_batched(source) for source in node.sources]
    if isinstance(lower, View):
        return _view_keeps_rows(node, lower, sources)
    if holds_dim(tuple(node.params.values())):
        return False
    if not batched:
        return not any(sources)
    if isinstance(lower, Map):
        return not lower.indexed
    if isinstance(lower, Cumulative):
        return bool(node.params["axis"] != 0)
    if isinstance(lower, Reduce):
        return 0 not in node.params["axes"]
    return isinstance(lower, Contraction) and _contraction_keeps_rows(node, sources)


def _contraction_keeps_rows(node: Node, batched: list[bool]) -> bool:
    spec = spec_of(node)
    row = spec.out[0]
    return all(
        labels[0] == row if is_batched else row not in labels
        for labels, is_batched in zip((spec.left, spec.right), batched, strict=True)
    )


def _view_keeps_rows(node: Node, lower: View, batched: list[bool]) -> bool:
    """Whether a view reads the row that it is asked for, and nothing else depends on the row."""
    if lower.same_order:
        return _batched(node) == batched[0]
    if lower.index is None or (any(batched) and not _batched(node)):
        return False
    index: Index = tuple(Affine.variable(str(axis)) for axis in range(node.ndim))
    for reading in lower.index(index, *(one.extents for one in node.sources), **node.params):
        places = list(reading.index)
        if batched[reading.source] and places.pop(0) != index[0]:
            return False
        places += [guard.value for guard in reading.guards]
        if _batched(node) and any("0" in place.terms for place in places):
            return False
        sizes = [guard.size for guard in reading.guards]
        terms = [one for place in places for one in (place.constant, *place.terms.values())]
        if holds_dim((*sizes, *terms)):
            return False
    return True
