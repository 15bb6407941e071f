"""How often predictions are right."""

from __future__ import annotations

from typing import Any

from geartrain import config, ops
from geartrain.losses.loss import same_rank
from geartrain.metrics.means import MeanMetricWrapper
from geartrain.ops.operands import dtype_of, extents_of, operand, rank_of
from geartrain.registry import register


def _as_numbers(matches: Any) -> Any:
    return operand(matches, config.floatx())


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where predictions equal the truth, else 0.

    Args:
        y_true, y_pred: tensors of shape (samples, ...).

    >>> accuracy([1, 2], [1, 3])
    array([1., 0.], dtype=float32)
    """
    y_pred = operand(y_pred)
    return _as_numbers(ops.equal(*same_rank(operand(y_true, dtype_of(y_pred)), y_pred)))


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where predictions are on the right side of a threshold, else 0.

    Args:
        y_true: labels 0 and 1, of shape (samples, ...).
        y_pred: numbers of that shape; those above `threshold` predict 1.
        threshold: where the sides meet.

    >>> binary_accuracy([1, 0], [0.7, 0.6])
    array([1., 0.], dtype=float32)
    """
    y_true, y_pred = same_rank(y_true, y_pred)
    return _as_numbers(ops.equal(y_true, operand(ops.greater(y_pred, threshold), dtype_of(y_true))))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is that of the true class, else 0.

    Args:
        y_true: one-hot labels of shape (samples, ..., classes).
        y_pred: predictions of that shape.

    Returns:
        A tensor of shape (samples, ...).

    >>> categorical_accuracy([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.0]])
    array([0., 1.], dtype=float32)
    """
    return _as_numbers(ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1)))


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is that of the true class, else 0.

    Args:
        y_true: class numbers of shape (samples, ...) or (samples, ..., 1).
        y_pred: predictions of shape (samples, ..., classes).

    Returns:
        A tensor of shape (samples, ...).

    >>> sparse_categorical_accuracy([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.0]])
    array([0., 1.], dtype=float32)
    """
    y_true, y_pred = _class_numbers(y_true, y_pred)
    return _as_numbers(ops.equal(y_true, ops.argmax(y_pred, axis=-1)))


def _class_numbers(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Class numbers without a last axis of size 1, and the predictions."""
    y_true, y_pred = operand(y_true), operand(y_pred)
    if rank_of(y_true) == rank_of(y_pred) and extents_of(y_true)[-1] == 1:
        y_true = ops.squeeze(y_true, -1)
    return y_true, y_pred


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the true class is among the k largest predictions, else 0.

    Args:
        y_true: one-hot labels of shape (samples, ..., classes).
        y_pred: predictions of that shape.
        k: how many predictions count.

    Returns:
        A tensor of shape (samples, ...).

    >>> top_k_categorical_accuracy([[0, 0, 1]], [[0.1, 0.9, 0.8]], k=2)
    array([1.], dtype=float32)
    """
    return sparse_top_k_categorical_accuracy(ops.argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> Any:
    """1 where the true class is among the k largest predictions, else 0.

    Args:
        y_true: class numbers of shape (samples, ...).
        y_pred: predictions of shape (samples, ..., classes), or if `from_sorted_ids` class
            numbers, the likeliest first.
        k: how many predictions count.
        from_sorted_ids: see `y_pred`.

    Returns:
        A tensor of the shape of `y_true`.

    >>> sparse_top_k_categorical_accuracy([2, 0], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.1]], k=2)
    array([1., 0.], dtype=float32)
    """
    y_true, y_pred = operand(y_true), operand(y_pred)
    shape = extents_of(y_true)
    labels = ops.reshape(y_true, (-1,))
    rows = ops.reshape(y_pred, (-1, extents_of(y_pred)[-1]))
    if from_sorted_ids:
        labels = operand(labels, dtype_of(rows))
        matches = ops.any(ops.equal(ops.expand_dims(labels, 1), rows[:, :k]), axis=1)
    else:
        matches = ops.in_top_k(operand(labels, "int32"), rows, k=k)
    return ops.reshape(_as_numbers(matches), shape)


@register("metrics")
class Accuracy(MeanMetricWrapper):
    """The part of predictions that equal the truth. Args: see `Metric`.

    >>> Accuracy()([1, 2, 3, 4], [0, 2, 3, 4])
    array(0.75, dtype=float32)
    """

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


@register("metrics")
class BinaryAccuracy(MeanMetricWrapper):
    """The part of predictions on the right side of a threshold.

    Args:
        threshold: predictions above it are 1.
        name, dtype: see `Metric`.

    >>> BinaryAccuracy()([1, 1, 0, 0], [0.98, 1.0, 0.0, 0.6])
    array(0.75, dtype=float32)
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


@register("metrics")
class CategoricalAccuracy(MeanMetricWrapper):
    """The part of samples whose largest prediction is the true class's; for one-hot labels.

    Args: see `Metric`.

    >>> CategoricalAccuracy()([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]])
    array(0.5, dtype=float32)
    """

    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


@register("metrics")
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """The part of samples whose largest prediction is the true class's; for class numbers.

    Args: see `Metric`.

    >>> SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.3, 0.7]])
    array(0.5, dtype=float32)
    """

    _direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


@register("metrics")
class TopKCategoricalAccuracy(MeanMetricWrapper):
    """The part of samples whose class is among the k largest predictions; for one-hot labels.

    Args:
        k: how many predictions count.
        name, dtype: see `Metric`.

    >>> TopKCategoricalAccuracy(k=1)([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]])
    array(0.5, dtype=float32)
    """

    _direction = "up"

    def __init__(
        self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


@register("metrics")
class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """The part of samples whose class is among the k largest predictions; for class numbers.

    Args:
        k: how many predictions count.
        name, dtype: see `Metric`.
        from_sorted_ids: whether predictions are class numbers, the likeliest first.

    >>> SparseTopKCategoricalAccuracy(k=1)([1, 0], [[0.2, 0.8], [0.3, 0.7]])
    array(0.5, dtype=float32)
    """

    _direction = "up"

    unless_default = ("from_sorted_ids",)

    def __init__(
        self, k: int = 5, name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None, from_sorted_ids: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(
            sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids
        )
