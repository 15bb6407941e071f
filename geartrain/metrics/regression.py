"""Measures of numbers that are more than the mean of a loss."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.errors import shown, warn
from geartrain.graph.node import Node
from geartrain.losses.loss import aligned_ranks, paired
from geartrain.metrics.means import Mean
from geartrain.metrics.metric import Metric
from geartrain.ops.operands import extents_of, operand, stretched
from geartrain.registry import register

_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


@register("metrics")
class RootMeanSquaredError(Mean):
    """The square root of the mean squared error.

    Args:
        name, dtype: see `Metric`.

    >>> RootMeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]])
    array(0.5, dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add the squared errors of a batch of tensors of shape (samples, ...)."""
        y_true, y_pred = paired(
            self.name, operand(y_true, self.compute_dtype), operand(y_pred, self.compute_dtype)
        )
        super().update_state(ops.square(y_pred - y_true), sample_weight)

    def result(self) -> Any:
        """The root of the mean."""
        return ops.sqrt(super().result())


@register("metrics")
class R2Score(Metric):
    """How much of the truth's variance the predictions explain: 1 is all, 0 is what the mean does.

    `1 - sum((y_true - y_pred)**2) / sum((y_true - mean(y_true))**2)` for each output.

    Args:
        class_aggregation: how the outputs' scores become one: `"uniform_average"`,
            `"variance_weighted_average"`, or None for all of them.
        num_regressors: if not 0, the score is adjusted for so many input features.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for an unknown aggregation, a negative number of regressors, or tensors that
            are not of shape (samples, outputs).

    >>> R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]).round(4)
    np.float32(0.5714)
    """

    _direction = "up"

    def __init__(
        self, class_aggregation: str | None = "uniform_average", num_regressors: int = 0,
        name: str | None = "r2_score", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(dtype, name)
        if class_aggregation not in _AGGREGATIONS:
            raise ValueError(
                f"R2Score: expected class_aggregation as one of {_AGGREGATIONS}. "
                f"Received: {shown(class_aggregation)}"
            )
        if num_regressors < 0:
            raise ValueError(
                f"R2Score: expected num_regressors of 0 or more. Received: {num_regressors}"
            )
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self.count: Any = None

    def _build(self, shape: tuple[int | None, ...]) -> None:
        if len(shape) != 2 or shape[1] is None:
            raise ValueError(
                f"R2Score: expected y_true and y_pred of shape (samples, outputs). Received: shape "
                f"{shape}. For one output use y[:, None]."
            )
        size = (shape[1],)
        self.squared_sum = self.add_variable(size, "zeros", name="squared_sum")
        self.sum = self.add_variable(size, "zeros", name="sum")
        self.residual = self.add_variable(size, "zeros", name="residual")
        self.count = self.add_variable(size, "zeros", name="count")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of shape (samples, outputs)."""
        y_true, y_pred = paired(
            self.name, operand(y_true, self.compute_dtype), operand(y_pred, self.compute_dtype)
        )
        if self.count is None:
            self._build(tuple(y_pred.shape))
        weight = operand(1.0 if sample_weight is None else sample_weight, self.compute_dtype)
        weight = stretched(aligned_ranks(weight, y_true)[0], extents_of(y_true))
        self.sum.assign_add(ops.sum(weight * y_true, axis=0))
        self.squared_sum.assign_add(ops.sum(weight * y_true * y_true, axis=0))
        self.residual.assign_add(ops.sum(weight * ops.square(y_true - y_pred), axis=0))
        self.count.assign_add(ops.sum(weight, axis=0))
        self.num_samples.assign_add(ops.size(y_true))

    def result(self) -> Any:
        """The score: a scalar, or one for each output."""
        if self.count is None:
            raise ValueError(f"R2Score {self.name!r}: has no result before update_state.")
        variance = self.squared_sum - self.sum * (self.sum / self.count)
        scores = 1.0 - self.residual / variance
        scores = ops.where(ops.isinf(scores), ops.zeros_like(scores), scores)
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.divide(ops.sum(variance * scores), ops.sum(variance))
        return self._adjusted(scores) if self.num_regressors else scores

    def _adjusted(self, score: Any) -> Any:
        freedom = self.num_samples - float(self.num_regressors) - 1.0
        adjusted = 1.0 - ops.divide((1.0 - score) * (self.num_samples - 1.0), freedom)
        enough = freedom > 0.0
        if not isinstance(enough, Node) and not enough:
            warn(
                f"R2Score: {self.num_regressors} regressors need more than "
                f"{int(self.num_samples)} values to adjust the score; it is the plain one."
            )
        return ops.where(enough, adjusted, score)
