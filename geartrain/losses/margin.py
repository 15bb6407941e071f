"""Losses of margins (hinge) and of overlap (Dice, Tversky)."""

from __future__ import annotations

from typing import Any

from geartrain import config, ops
from geartrain.losses.loss import LossFunctionWrapper, paired
from geartrain.registry import register

MEAN = "sum_over_batch_size"


def _shortfall(who: str, y_true: Any, y_pred: Any) -> Any:
    """How far predictions are from the margin 1. Labels 0 and 1 count as -1 and 1."""
    y_true, y_pred = paired(who, y_true, y_pred)
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0.0), ops.equal(y_true, 1.0)))
    y_true = ops.where(binary, 2.0 * y_true - 1.0, y_true)
    return ops.maximum(1.0 - y_true * y_pred, 0.0)


def hinge(y_true: Any, y_pred: Any) -> Any:
    """Mean of what is missing to the margin: `mean(max(1 - y_true * y_pred, 0), axis=-1)`.

    Args:
        y_true: labels -1 and 1, of shape (samples, ..., n). If all are 0 or 1, 0 means -1.
        y_pred: scores of the same shape.

    Raises:
        ValueError: for shapes that do not stretch to one.

    >>> hinge([[-1.0, 1.0]], [[0.5, 2.0]])
    array([0.75], dtype=float32)
    """
    return ops.mean(_shortfall("hinge", y_true, y_pred), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """Mean of the squares of `hinge`: `mean(max(1 - y_true * y_pred, 0)**2, axis=-1)`.

    Args and errors: see `hinge`.

    >>> squared_hinge([[-1.0, 1.0]], [[0.5, 2.0]])
    array([1.125], dtype=float32)
    """
    return ops.mean(ops.square(_shortfall("squared_hinge", y_true, y_pred)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """What the true class's score lacks to lead by 1: `max(wrong - right + 1, 0)`.

    `right = sum(y_true * y_pred)` and `wrong = max((1 - y_true) * y_pred)`, both over the last
    axis.

    Args:
        y_true: one-hot labels of shape (samples, ..., classes).
        y_pred: scores of the same shape.

    Raises:
        ValueError: for shapes that do not stretch to one.

    >>> categorical_hinge([[0.0, 1.0]], [[0.5, 1.0]])
    array([0.5], dtype=float32)
    """
    y_true, y_pred = paired("categorical_hinge", y_true, y_pred)
    right = ops.sum(y_true * y_pred, axis=-1)
    wrong = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """One minus the Dice coefficient of overlap.

    `1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred) + epsilon)`.

    Args:
        y_true, y_pred: tensors of one shape, with values between 0 and 1.
        axis: the axes to sum over; None for all.

    Raises:
        ValueError: for shapes that do not stretch to one.

    >>> dice([[1.0, 1.0]], [[1.0, 0.0]]).round(4)
    np.float32(0.3333)
    """
    y_true, y_pred = paired("dice", y_true, y_pred)
    total = ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis) + config.epsilon()
    return 1.0 - 2.0 * ops.sum(y_true * y_pred, axis=axis) / total


def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None
) -> Any:
    """One minus the Tversky index: Dice with the two kinds of errors weighted apart.

    `1 - both / (both + alpha * a + beta * b + epsilon)`, with the sums `both` of
    `y_true * y_pred`, `a` of `y_true * (1 - y_pred)`, `b` of `(1 - y_true) * y_pred`.

    Args:
        y_true, y_pred: tensors of one shape, with values between 0 and 1.
        alpha, beta: the weights.
        axis: the axes to sum over; None for all.

    Raises:
        ValueError: for shapes that do not stretch to one.

    >>> tversky([[1.0, 1.0]], [[1.0, 0.0]], alpha=1.0).round(4)
    np.float32(0.5)
    """
    y_true, y_pred = paired("tversky", y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    missed = ops.sum(y_true * (1.0 - y_pred), axis=axis)
    invented = ops.sum((1.0 - y_true) * y_pred, axis=axis)
    return 1.0 - both / (both + alpha * missed + beta * invented + config.epsilon())


@register("losses")
class Hinge(LossFunctionWrapper):
    """The loss of `hinge`. Args: see `Loss`.

    >>> Hinge()([[-1.0, 1.0]], [[0.5, 2.0]])
    array(0.75, dtype=float32)
    """

    def __init__(
        self, reduction: str | None = MEAN, name: str | None = "hinge", dtype: Any = None
    ) -> None:
        super().__init__(hinge, reduction, name, dtype)


@register("losses")
class SquaredHinge(LossFunctionWrapper):
    """The loss of `squared_hinge`. Args: see `Loss`.

    >>> SquaredHinge()([[-1.0, 1.0]], [[0.5, 2.0]])
    array(1.125, dtype=float32)
    """

    def __init__(
        self, reduction: str | None = MEAN, name: str | None = "squared_hinge", dtype: Any = None
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


@register("losses")
class CategoricalHinge(LossFunctionWrapper):
    """The loss of `categorical_hinge`. Args: see `Loss`.

    >>> CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]])
    array(0.5, dtype=float32)
    """

    def __init__(
        self, reduction: str | None = MEAN, name: str | None = "categorical_hinge",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(categorical_hinge, reduction, name, dtype)


@register("losses")
class Dice(LossFunctionWrapper):
    """The loss of `dice`.

    Args:
        axis: the axes to sum over; None for all.
        reduction, name, dtype: see `Loss`.

    >>> Dice()([[1.0, 1.0]], [[1.0, 0.0]]).round(4)
    np.float32(0.3333)
    """

    def __init__(
        self, reduction: str | None = MEAN, name: str | None = "dice", axis: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(dice, reduction, name, dtype, axis=axis)


@register("losses")
class Tversky(LossFunctionWrapper):
    """The loss of `tversky`.

    Args:
        alpha, beta: the weights of what is missed and of what is invented.
        axis: the axes to sum over; None for all.
        reduction, name, dtype: see `Loss`.

    >>> Tversky(alpha=1.0)([[1.0, 1.0]], [[1.0, 0.0]]).round(4)
    np.float32(0.5)
    """

    def __init__(
        self, alpha: float = 0.5, beta: float = 0.5, reduction: str | None = MEAN,
        name: str | None = "tversky", axis: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)
