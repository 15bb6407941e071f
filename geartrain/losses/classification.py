"""Losses of probabilities: crossentropies, their focal variants, divergence.

A probability of 0 has no logarithm, so probabilities are clipped to [epsilon, 1 - epsilon], as in
Keras: the loss of a certain and wrong prediction is at most 16.118, and its gradient is 0. When
the probabilities come straight from a softmax or sigmoid of the same program, the loss is computed
from the logits behind them instead: then it is exact, not bounded, and has its full gradient.
"""

from __future__ import annotations

from typing import Any

from geartrain import config, ops
from geartrain.errors import warn
from geartrain.graph.shapes import axis_index
from geartrain.losses.labels import check_class_numbers, check_one_hot, check_same_shape
from geartrain.losses.loss import paired, same_rank
from geartrain.ops.logits import logits_behind
from geartrain.ops.operands import as_float, dtype_of, operand, rank_of


def _smoothed(y_true: Any, label_smoothing: float, classes: int) -> Any:
    """Labels with a part `label_smoothing` of each given to all classes alike."""
    if not label_smoothing:
        return y_true
    return y_true * (1.0 - label_smoothing) + label_smoothing / classes


def _one_hot(who: str, y_true: Any, y_pred: Any, label_smoothing: float, axis: Any) -> Any:
    """Labels and predictions of one shape and dtype, the labels smoothed."""
    if isinstance(axis, bool):
        raise ValueError(f"{who}: expected axis as an int. Received: {axis}")
    y_pred = as_float(y_pred)
    y_true = operand(y_true, dtype_of(y_pred))
    axis = axis_index(axis, rank_of(y_pred), who)
    check_one_hot(who, y_true.shape, y_pred.shape, axis)
    classes = y_pred.shape[axis]
    if classes == 1:
        warn(
            f"{who}: of 1 class only, so the loss is always 0. Received: y_pred of shape "
            f"{y_pred.shape}. Use binary_crossentropy for a choice of two."
        )
    return _smoothed(y_true, label_smoothing, classes), y_pred


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:  # fmt: skip
    """Crossentropy of one-hot labels and predicted probabilities: `-sum(y_true * log(y_pred))`.

    Args:
        y_true: labels of the shape of `y_pred`: one-hot rows, or probabilities.
        y_pred: probabilities of shape (samples, ..., classes). They are divided by their sum, then
            clipped; if they come from a softmax, the loss is computed from its logits.
        from_logits: whether `y_pred` holds logits instead: softmax is then part of the loss.
        label_smoothing: the part of each label that is given to all classes alike.
        axis: the axis of the classes.

    Returns:
        A tensor of shape (samples, ...).

    Raises:
        ValueError: for labels of another shape, such as class numbers.

    >>> categorical_crossentropy([[0, 1, 0]], [[0.05, 0.95, 0.0]]).round(4)
    array([0.0513], dtype=float32)
    """
    who = "categorical_crossentropy"
    y_true, y_pred = _one_hot(who, y_true, y_pred, label_smoothing, axis)
    if not from_logits:
        logits = logits_behind(y_pred, "softmax", axis)
        y_pred, from_logits = (y_pred, False) if logits is None else (logits, True)
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def categorical_focal_crossentropy(
    y_true: Any, y_pred: Any, alpha: Any = 0.25, gamma: float = 2.0, from_logits: bool = False,
    label_smoothing: float = 0.0, axis: int = -1,
) -> Any:  # fmt: skip
    """Crossentropy that counts easy samples less.

    `-sum(alpha * (1 - y_pred)**gamma * y_true * log(y_pred))`.

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: see `categorical_crossentropy`.
        alpha: a factor, or one for each class, along `axis`.
        gamma: how much less; 0 makes it plain crossentropy.

    Raises:
        ValueError: for labels of another shape, such as class numbers.

    >>> categorical_focal_crossentropy([[0, 1, 0]], [[0.1, 0.8, 0.1]]).round(4)
    array([0.0022], dtype=float32)
    """
    who = "categorical_focal_crossentropy"
    y_true, y_pred = _one_hot(who, y_true, y_pred, label_smoothing, axis)
    if from_logits:
        y_pred = ops.softmax(y_pred, axis=axis)
    y_pred = ops.divide(y_pred, ops.sum(y_pred, axis=axis, keepdims=True))
    y_pred = ops.clip(y_pred, config.epsilon(), 1.0 - config.epsilon())
    alpha = operand(alpha, dtype_of(y_pred))
    if rank_of(alpha) == 1:
        behind = rank_of(y_pred) - 1 - axis_index(axis, rank_of(y_pred), who)
        alpha = ops.expand_dims(alpha, tuple(range(1, behind + 1)))
    focus = ops.power(1.0 - y_pred, gamma) * alpha
    return -ops.sum(focus * y_true * ops.log(y_pred), axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None,
    axis: int = -1,
) -> Any:  # fmt: skip
    """Crossentropy of class numbers and predicted probabilities: `-log(y_pred[y_true])`.

    Args:
        y_true: class numbers of shape (samples, ...) or (samples, ..., 1).
        y_pred: probabilities of shape (samples, ..., classes); see `categorical_crossentropy`.
        from_logits: whether `y_pred` holds logits instead: softmax is then part of the loss.
        ignore_class: a class number whose loss is 0, such as -1 or 255 for "void".
        axis: the axis of the classes.

    Returns:
        A tensor of shape (samples, ...).

    Raises:
        ValueError: for labels of another shape, such as one-hot rows.

    >>> sparse_categorical_crossentropy([1, 0], [[0.05, 0.95], [0.5, 0.5]]).round(4)
    array([0.0513, 0.6931], dtype=float32)
    """
    y_true, y_pred = operand(y_true), as_float(y_pred)
    check_class_numbers("sparse_categorical_crossentropy", y_true.shape, y_pred.shape, axis)
    if not from_logits:
        logits = logits_behind(y_pred, "softmax", axis)
        y_pred, from_logits = (y_pred, False) if logits is None else (logits, True)
    if rank_of(y_true) == rank_of(y_pred):
        y_true = ops.squeeze(y_true, axis=axis)
    if ignore_class is None:
        return _class_loss(y_true, y_pred, from_logits, axis)
    counts = ops.not_equal(y_true, ignore_class)
    y_true = ops.where(counts, y_true, ops.zeros_like(y_true))
    # Their predictions do not matter either; 0 keeps infinities out of the gradient.
    y_pred = ops.where(ops.expand_dims(counts, axis), y_pred, ops.zeros_like(y_pred))
    loss = _class_loss(y_true, y_pred, from_logits, axis)
    return ops.where(counts, loss, ops.zeros_like(loss))


def _class_loss(y_true: Any, y_pred: Any, from_logits: bool, axis: int) -> Any:
    y_true = operand(y_true, "int32")
    return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:  # fmt: skip
    """Crossentropy of yes-or-no labels and predicted probabilities.

    `-mean(y_true * log(y_pred) + (1 - y_true) * log(1 - y_pred), axis)`.

    Args:
        y_true: labels 0 and 1 (or probabilities), of the shape of `y_pred`.
        y_pred: probabilities of shape (samples, ..., n). They are clipped; if they come from a
            sigmoid, the loss is computed from its logits.
        from_logits: whether `y_pred` holds logits instead: sigmoid is then part of the loss.
        label_smoothing: how far labels are drawn towards 0.5; 1 draws them there.
        axis: the axis to average over.

    Returns:
        A tensor of shape (samples, ...).

    Raises:
        ValueError: for labels of another shape.

    >>> binary_crossentropy([[0, 1]], [[0.5, 0.5]]).round(4)
    array([0.6931], dtype=float32)
    """
    y_true, y_pred = _binary("binary_crossentropy", y_true, y_pred, label_smoothing)
    if not from_logits:
        logits = logits_behind(y_pred, "sigmoid")
        y_pred, from_logits = (y_pred, False) if logits is None else (logits, True)
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


def _binary(who: str, y_true: Any, y_pred: Any, label_smoothing: float) -> tuple[Any, Any]:
    y_pred = as_float(y_pred)
    y_true, y_pred = same_rank(operand(y_true, dtype_of(y_pred)), y_pred)
    check_same_shape(who, y_true.shape, y_pred.shape)
    return _smoothed(y_true, label_smoothing, 2), y_pred


def binary_focal_crossentropy(
    y_true: Any, y_pred: Any, apply_class_balancing: bool = False, alpha: float = 0.25,
    gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
) -> Any:  # fmt: skip
    """Binary crossentropy that counts easy samples less, by `(1 - p)**gamma`.

    `p` is the probability given to the true label.

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: see `binary_crossentropy`.
        apply_class_balancing: whether label 1 is weighted by `alpha`, and 0 by `1 - alpha`.
        alpha: that weight.
        gamma: how much less; 0 makes it plain crossentropy.

    Raises:
        ValueError: for labels of another shape.

    >>> binary_focal_crossentropy([[0, 1]], [[0.1, 0.5]]).round(4)
    array([0.0872], dtype=float32)
    """
    y_true, y_pred = _binary("binary_focal_crossentropy", y_true, y_pred, label_smoothing)
    if from_logits:
        y_pred = ops.sigmoid(y_pred)
    loss = ops.binary_crossentropy(y_true, y_pred)
    right = y_true * y_pred + (1.0 - y_true) * (1.0 - y_pred)
    loss = ops.power(1.0 - right, gamma) * loss
    if apply_class_balancing:
        loss = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * loss
    return ops.mean(loss, axis=axis)


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """Crossentropy that withstands wrong labels: `(1 - p**q) / q`.

    Args:
        y_true: class numbers of shape (samples, ...).
        y_pred: probabilities of shape (samples, ..., classes); `p` is that of the true class.
        q: between 0 (like crossentropy) and 1 (like the absolute error).

    Raises:
        ValueError: for labels of another shape, such as one-hot rows.

    >>> categorical_generalized_cross_entropy([1], [[0.0, 0.25]], q=0.5)
    array([1.], dtype=float32)
    """
    who = "categorical_generalized_cross_entropy"
    y_true, y_pred = operand(y_true), as_float(y_pred)
    check_class_numbers(who, y_true.shape, y_pred.shape, -1)
    if rank_of(y_true) == rank_of(y_pred):
        y_true = ops.squeeze(y_true, axis=-1)
    rows = ops.one_hot(operand(y_true, "int32"), y_pred.shape[-1], dtype=dtype_of(y_pred))
    return (1.0 - ops.power(ops.sum(rows * y_pred, axis=-1), q)) / q


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Kullback-Leibler divergence of two distributions: `sum(y_true * log(y_true / y_pred))`.

    Both are clipped to [epsilon, 1].

    Args:
        y_true, y_pred: probabilities of shape (samples, ..., classes).

    Raises:
        ValueError: for shapes that do not stretch to one.

    >>> kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).round(4)
    array([0.1438], dtype=float32)
    """
    y_true, y_pred = paired("kl_divergence", y_true, y_pred)
    y_true, y_pred = (ops.clip(y, config.epsilon(), 1.0) for y in (y_true, y_pred))
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)
