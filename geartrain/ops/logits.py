"""The logits behind probabilities, so that a loss can compute their logarithm without rounding.

The logarithm of a softmax that has rounded to 0 or 1 is lost, but that of its logits is not. So
softmax and sigmoid leave a note with the symbolic tensors that they return, and crossentropies
look for it. (Arrays carry no notes: for them a crossentropy clips, as Keras does.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from geartrain.graph.node import Node
from geartrain.ops.operands import rank_of

_notes: WeakKeyDictionary[Node, tuple[Node, str, Any]] = WeakKeyDictionary()


def _from_front(axis: Any, rank: int) -> Any:
    if isinstance(axis, int):
        return axis % rank
    return axis if axis is None else tuple(sorted(one % rank for one in axis))


def with_logits(probabilities: Any, logits: Any, kind: str, axis: Any = None) -> Any:
    """`probabilities`, with a note that they are softmax or sigmoid (`kind`) of `logits`.

    Args:
        probabilities, logits: tensors of one shape.
        kind: `"softmax"` or `"sigmoid"`.
        axis: the axis, or axes, along which the softmax sums to 1.
    """
    if isinstance(probabilities, Node) and probabilities is not logits:
        _notes[probabilities] = (logits, kind, _from_front(axis, rank_of(logits)))
    return probabilities


def logits_behind(probabilities: Any, kind: str, axis: Any = None) -> Any:
    """The logits of which `probabilities` are softmax (along `axis`) or sigmoid; None if unknown.

    >>> from geartrain import ops
    >>> from geartrain.graph.node import placeholder
    >>> x = placeholder((2, 3), "float32")
    >>> logits_behind(ops.softmax(x), "softmax", axis=1) is x, logits_behind(x, "softmax", axis=1)
    (True, None)
    """
    note = _notes.get(probabilities) if isinstance(probabilities, Node) else None
    if note is None or note[1:] != (kind, _from_front(axis, rank_of(note[0]))):
        return None
    return note[0]


def note_of(probabilities: Node) -> tuple[Node, str, Any] | None:
    """The logits of probabilities, whether these are softmax or sigmoid, and along which axis.

    None for a tensor without a note.
    """
    return _notes.get(probabilities)


def carry_logits(before: Any, after: Any, function: Callable[[Any], Any]) -> Any:
    """`after`, with the note of `before` if `function` does to logits what was done to `before`.

    For a conversion to another dtype, or for dropping a last axis of size 1.
    """
    note = _notes.get(before) if isinstance(before, Node) else None
    if note is None or before is after:
        return after
    logits, kind, axis = note
    if kind == "softmax" and rank_of(after) != rank_of(before):
        return after
    return with_logits(after, function(logits), kind, axis)
