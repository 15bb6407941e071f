"""Losses of embeddings (circle) and of sequences without alignment (CTC)."""

from __future__ import annotations

import math
from typing import Any

from geartrain import ops
from geartrain.graph.shapes import public
from geartrain.losses.loss import LossFunctionWrapper
from geartrain.ops.masks import set_mask
from geartrain.ops.operands import as_float, extents_of, operand, rank_of
from geartrain.registry import register

MEAN = "sum_over_batch_size"


def circle(
    y_true: Any, y_pred: Any, ref_labels: Any = None, ref_embeddings: Any = None,
    remove_diagonal: bool = True, gamma: float = 80, margin: float = 0.4,
) -> Any:  # fmt: skip
    """Embeddings of one class close together, those of two apart.

    With the cosine distances d to all references, `softplus(logsumexp(p) + logsumexp(n))`, where p
    is `-gamma * (margin + d) * (margin - d)` over the references of the same class, and n is
    `gamma * max(1 + margin - d, 0) * (1 - margin - d)` over the others (Sun et al., "Circle loss: a
    unified perspective of pair similarity optimization", 2020). Samples with a value of 0 do not
    count in the loss's mean.

    Args:
        y_true: class numbers of shape (samples,) or (samples, 1).
        y_pred: embeddings of length 1, of shape (samples, size).
        ref_labels, ref_embeddings: of references; the samples themselves if None.
        remove_diagonal: whether sample i is no reference of class for itself.
        gamma: the scale.
        margin: how far the classes are to be apart.

    Returns values of shape (samples,).

    >>> circle([0, 0, 1], [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]], gamma=1.0).round(3)
    array([0.616, 0.962, 0.   ], dtype=float32)
    """
    y_pred = as_float(y_pred)
    own = _column(y_true)
    references = y_pred if ref_embeddings is None else operand(ref_embeddings)
    labels = own if ref_labels is None else _column(ref_labels)
    apart = ops.maximum(1.0 - ops.matmul(y_pred, ops.transpose(references)), 0.0)
    same = ops.equal(own, ops.transpose(labels))
    others = ops.logical_not(same)
    if remove_diagonal:
        row = ops.cumsum(ops.ones_like(own), axis=0)
        column = ops.cumsum(ops.ones_like(labels), axis=0)
        same = ops.logical_and(same, ops.not_equal(row, ops.transpose(column)))
    near = -gamma * ops.maximum(margin + apart, 0.0) * (margin - apart)
    far = gamma * ops.maximum(1.0 + margin - apart, 0.0) * (1.0 - margin - apart)
    values = ops.softplus(
        ops.logsumexp(ops.where(same, near, -math.inf), axis=1)
        + ops.logsumexp(ops.where(others, far, -math.inf), axis=1)
    )
    set_mask(values, ops.greater(values, 0.0))
    return values


def _column(labels: Any) -> Any:
    labels = operand(labels, "int32")
    return ops.reshape(labels, (-1, 1)) if rank_of(labels) == 1 else labels


def ctc(y_true: Any, y_pred: Any) -> Any:
    """Minus the log-probability of sequences of labels, see `ops.ctc_loss`.

    Args:
        y_true: labels from 1 on, of shape (samples, most labels), filled with 0.
        y_pred: logits of shape (samples, frames, classes); class 0 is the blank between labels.

    Returns values of shape (samples,).

    Raises:
        ValueError: for tensors of other ranks.

    >>> ctc([[1, 0]], [[[0.0, 0.0], [0.0, 0.0]]]).round(4)
    array([0.2877], dtype=float32)
    """
    y_true, y_pred = operand(y_true, "int32"), operand(y_pred)
    if rank_of(y_true) != 2 or rank_of(y_pred) != 3:
        raise ValueError(
            "ctc: expected y_true of shape (samples, labels) and y_pred of shape (samples, frames, "
            f"classes). Received: shapes {public(extents_of(y_true))} and "
            f"{public(extents_of(y_pred))}"
        )
    labels = ops.count_nonzero(y_true, axis=1)
    frames = ops.ones_like(labels) * ops.shape(y_pred)[1]
    return ops.ctc_loss(y_true, y_pred, labels, frames)


@register("losses")
class Circle(LossFunctionWrapper):
    """The loss of `circle`, over the samples whose value is not 0.

    Args:
        gamma: the scale.
        margin: how far the classes are to be apart.
        remove_diagonal: whether sample i is no reference of its class for itself.
        reduction, name, dtype: see `Loss`.

    >>> Circle(gamma=1.0)([0, 0, 1], [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]).round(3)
    np.float32(0.789)
    """

    def __init__(
        self, gamma: float = 80.0, margin: float = 0.4, remove_diagonal: bool = True,
        reduction: str | None = MEAN, name: str | None = "circle", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            circle, reduction, name, dtype,
            gamma=gamma, margin=margin, remove_diagonal=remove_diagonal,
        )  # fmt: skip


@register("losses")
class CTC(LossFunctionWrapper):
    """The loss of `ctc`. Args: see `Loss`.

    >>> CTC()([[1, 0]], [[[0.0, 0.0], [0.0, 0.0]]]).round(4)
    np.float32(0.2877)
    """

    def __init__(
        self, reduction: str | None = MEAN, name: str | None = "ctc", dtype: Any = None
    ) -> None:
        super().__init__(ctc, reduction, name, dtype)
