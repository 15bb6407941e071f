"""How closely predictions follow the truth: correlations of the two along an axis."""

from __future__ import annotations

from typing import Any

from geartrain import config, ops
from geartrain.losses.loss import paired
from geartrain.metrics.means import MeanMetricWrapper
from geartrain.registry import register


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Pearson's correlation: the mean of the product of both, each less its mean, over its spread.

    Args:
        y_true, y_pred: tensors of one shape.
        axis: along which to compare. A row of equal numbers has no correlation: NaN.

    Raises:
        ValueError: for shapes that do not stretch to one.

    >>> pearson_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]]).round(4)
    array([1.], dtype=float32)
    """
    y_true, y_pred = paired("pearson_correlation", y_true, y_pred)
    scaled = []
    for x in (y_true, y_pred):
        apart = x - ops.mean(x, axis=axis, keepdims=True)
        scaled.append(apart / ops.std(apart, axis=axis, keepdims=True))
    return ops.mean(scaled[0] * scaled[1], axis=axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Lin's concordance, as Keras computes it: correlation that also asks for the same mean.

    With the means m and variances v of both: the mean of
    `2 * (y_true - m_pred) * (y_pred - m_pred) / (v_true + v_pred + (m_true - m_pred)**2)`.

    Args:
        y_true, y_pred: tensors of one shape.
        axis: along which to compare.

    Raises:
        ValueError: for shapes that do not stretch to one.

    >>> concordance_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]]).round(4)
    array([0.9756], dtype=float32)
    """
    y_true, y_pred = paired("concordance_correlation", y_true, y_pred)
    means = [ops.mean(x, axis=axis, keepdims=True) for x in (y_true, y_pred)]
    spread = [ops.var(x, axis=axis, keepdims=True) for x in (y_true, y_pred)]
    product = (y_true - means[1]) * (y_pred - means[1])
    whole = spread[0] + spread[1] + ops.square(means[0] - means[1])
    return ops.mean(2.0 * product / (whole + config.epsilon()), axis=axis)


@register("metrics")
class PearsonCorrelation(MeanMetricWrapper):
    """The mean of `pearson_correlation`.

    Args:
        name, dtype: see `Metric`.
        axis: along which to compare.

    >>> PearsonCorrelation()([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]]).round(4)
    np.float32(1.0)
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)


@register("metrics")
class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean of `concordance_correlation`.

    Args:
        name, dtype: see `Metric`.
        axis: along which to compare.

    >>> ConcordanceCorrelation()([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]]).round(4)
    np.float32(0.9756)
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
