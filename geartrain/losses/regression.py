"""Losses of numbers: squared and absolute errors and their relatives, and the angle."""

from __future__ import annotations

import math
from typing import Any

from geartrain import config, ops
from geartrain.losses.loss import LossFunctionWrapper, paired
from geartrain.registry import register

MEAN = "sum_over_batch_size"


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of the squared differences: `mean((y_true - y_pred)**2, axis=-1)`.

    Args:
        y_true, y_pred: tensors of shape (samples, ..., n).

    Returns:
        A tensor of shape (samples, ...).

    Raises:
        ValueError: for shapes that do not stretch to one.

    >>> mean_squared_error([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]])
    array([0.5, 0.5], dtype=float32)
    """
    y_true, y_pred = paired("mean_squared_error", y_true, y_pred)
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of the absolute differences: `mean(|y_true - y_pred|, axis=-1)`.

    Args and errors: see `mean_squared_error`.

    >>> mean_absolute_error([[0.0, 4.0]], [[1.0, 1.0]])
    array([2.], dtype=float32)
    """
    y_true, y_pred = paired("mean_absolute_error", y_true, y_pred)
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of the absolute differences in percent of the truth.

    `100 * mean(|y_true - y_pred| / max(|y_true|, epsilon), axis=-1)`. Args and errors: see
    `mean_squared_error`.

    >>> mean_absolute_percentage_error([[10.0, 20.0]], [[11.0, 24.0]]).round(3)
    array([15.], dtype=float32)
    """
    y_true, y_pred = paired("mean_absolute_percentage_error", y_true, y_pred)
    scale = ops.maximum(ops.abs(y_true), config.epsilon())
    return 100.0 * ops.mean(ops.abs((y_true - y_pred) / scale), axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of the squared differences of logarithms.

    `mean((log(1 + y_true) - log(1 + y_pred))**2, axis=-1)`, where numbers below epsilon count as
    epsilon. Args and errors: see `mean_squared_error`.

    >>> mean_squared_logarithmic_error([[0.0]], [[1.0]]).round(4)
    array([0.4805], dtype=float32)
    """
    y_true, y_pred = paired("mean_squared_logarithmic_error", y_true, y_pred)
    first, second = (ops.log(ops.maximum(y, config.epsilon()) + 1.0) for y in (y_pred, y_true))
    return ops.mean(ops.square(first - second), axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between two vectors: -1 for one direction, 0 for right angles.

    `-sum(l2_normalize(y_true) * l2_normalize(y_pred), axis)`.

    Args:
        y_true, y_pred: tensors of one shape.
        axis: the axis of the vectors' components.

    Raises:
        ValueError: for shapes that do not stretch to one.

    >>> cosine_similarity([[0.0, 2.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]])
    array([-1., -0.], dtype=float32)
    """
    y_true, y_pred = paired("cosine_similarity", y_true, y_pred)
    return -ops.sum(unit(y_true, axis) * unit(y_pred, axis), axis=axis)


def unit(x: Any, axis: int) -> Any:
    """Vectors of length 1 along an axis; a vector of zeros stays."""
    squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return x * ops.minimum(ops.rsqrt(squares), 1.0 / config.epsilon())


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Squared error for small differences, absolute error for large ones.

    The mean over the last axis of `e**2 / 2` where `|e| <= delta`, and of
    `delta * |e| - delta**2 / 2` elsewhere, with `e = y_true - y_pred`.

    Args:
        y_true, y_pred: tensors of shape (samples, ..., n).
        delta: where the two meet.

    Raises:
        ValueError: for shapes that do not stretch to one.

    >>> huber([[0.0, 0.0]], [[1.0, 3.0]])
    array([1.5], dtype=float32)
    """
    y_true, y_pred = paired("huber", y_true, y_pred)
    error = y_pred - y_true
    distance = ops.abs(error)
    near, far = 0.5 * ops.square(error), delta * distance - 0.5 * delta**2
    return ops.mean(ops.where(distance <= delta, near, far), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """Mean of `log(cosh(y_pred - y_true))`: like Huber's loss, but smooth everywhere.

    Args and errors: see `mean_squared_error`.

    >>> log_cosh([[0.0, 0.0]], [[1.0, 0.0]]).round(4)
    array([0.2169], dtype=float32)
    """
    y_true, y_pred = paired("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    return ops.mean(error + ops.softplus(-2.0 * error) - math.log(2.0), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """Negative log-likelihood of counts, but for a constant.

    `mean(y_pred - y_true * log(y_pred + epsilon), axis=-1)`, where `y_pred` is the rate of a
    Poisson distribution. Args and errors: see `mean_squared_error`.

    >>> poisson([[2.0]], [[1.0]]).round(4)
    array([1.], dtype=float32)
    """
    y_true, y_pred = paired("poisson", y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + config.epsilon()), axis=-1)


@register("losses")
class MeanSquaredError(LossFunctionWrapper):
    """The loss of `mean_squared_error`. Args: see `Loss`.

    >>> MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]])
    array(0.5, dtype=float32)
    """

    def __init__(
        self, reduction: str | None = MEAN, name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(mean_squared_error, reduction, name, dtype)


@register("losses")
class MeanAbsoluteError(LossFunctionWrapper):
    """The loss of `mean_absolute_error`. Args: see `Loss`.

    >>> MeanAbsoluteError()([[0.0, 4.0]], [[1.0, 1.0]])
    array(2., dtype=float32)
    """

    def __init__(
        self, reduction: str | None = MEAN, name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(mean_absolute_error, reduction, name, dtype)


@register("losses")
class MeanAbsolutePercentageError(LossFunctionWrapper):
    """The loss of `mean_absolute_percentage_error`. Args: see `Loss`.

    >>> MeanAbsolutePercentageError()([[10.0, 20.0]], [[11.0, 24.0]]).round(3)
    np.float32(15.0)
    """

    def __init__(
        self, reduction: str | None = MEAN, name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


@register("losses")
class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """The loss of `mean_squared_logarithmic_error`. Args: see `Loss`.

    >>> MeanSquaredLogarithmicError()([[0.0]], [[1.0]]).round(4)
    np.float32(0.4805)
    """

    def __init__(
        self, reduction: str | None = MEAN, name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


@register("losses")
class CosineSimilarity(LossFunctionWrapper):
    """The loss of `cosine_similarity`.

    Args:
        axis: the axis of the vectors' components.
        reduction, name, dtype: see `Loss`.

    >>> CosineSimilarity()([[0.0, 2.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]])
    array(-0.5, dtype=float32)
    """

    unless_default = ("dtype", "axis")

    def __init__(
        self, axis: int = -1, reduction: str | None = MEAN, name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)


@register("losses")
class Huber(LossFunctionWrapper):
    """The loss of `huber`.

    Args:
        delta: where squared error becomes absolute error.
        reduction, name, dtype: see `Loss`.

    >>> Huber()([[0.0, 0.0]], [[1.0, 3.0]])
    array(1.5, dtype=float32)
    """

    unless_default = ("dtype", "delta")

    def __init__(
        self, delta: float = 1.0, reduction: str | None = MEAN, name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(huber, reduction, name, dtype, delta=delta)


@register("losses")
class LogCosh(LossFunctionWrapper):
    """The loss of `log_cosh`. Args: see `Loss`.

    >>> LogCosh()([[0.0]], [[0.0]])
    array(0., dtype=float32)
    """

    def __init__(
        self, reduction: str | None = MEAN, name: str | None = "log_cosh", dtype: Any = None
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)


@register("losses")
class Poisson(LossFunctionWrapper):
    """The loss of `poisson`. Args: see `Loss`.

    >>> Poisson()([[2.0]], [[1.0]]).round(4)
    np.float32(1.0)
    """

    def __init__(
        self, reduction: str | None = MEAN, name: str | None = "poisson", dtype: Any = None
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)
