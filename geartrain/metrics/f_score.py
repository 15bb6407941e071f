"""F-scores: means of precision and recall."""

from __future__ import annotations

from typing import Any

from geartrain import config, ops
from geartrain.errors import shown
from geartrain.metrics.metric import Metric
from geartrain.ops.operands import operand
from geartrain.registry import register

_AVERAGES = (None, "micro", "macro", "weighted")


@register("metrics")
class FBetaScore(Metric):
    """Mean of precision and recall of each class, with recall counted beta times as much.

    `(1 + beta**2) * precision * recall / (beta**2 * precision + recall)`.

    Args:
        average: None for a score for each class; `"micro"` for one of the counts over all
            classes; `"macro"` for the mean of the classes' scores; `"weighted"` for their mean
            weighted by how often each class is true.
        beta: a positive float.
        threshold: predictions above it are positive; None for the largest of each row alone.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for other arguments, or tensors not of shape (samples, classes).

    >>> FBetaScore(beta=2.0)([[0, 1], [1, 0]], [[0.1, 0.9], [0.4, 0.6]]).round(4)
    array([0.    , 0.8333], dtype=float32)
    """

    _direction = "up"

    def __init__(
        self, average: str | None = None, beta: float = 1.0, threshold: float | None = None,
        name: str | None = "fbeta_score", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(dtype, name)
        who = type(self).__name__
        if average not in _AVERAGES:
            raise ValueError(
                f"{who}: expected average as one of {_AVERAGES}. Received: {shown(average)}"
            )
        if not isinstance(beta, float) or beta <= 0.0:
            raise ValueError(f"{who}: expected beta as a positive float. Received: {shown(beta)}")
        if threshold is not None and not (isinstance(threshold, float) and 0 < threshold <= 1):
            raise ValueError(
                f"{who}: expected threshold as a float in (0, 1], or None. "
                f"Received: {shown(threshold)}"
            )
        self.average, self.beta, self.threshold = average, beta, threshold
        self.true_positives: Any = None

    def _build(self, y_true: tuple[int | None, ...], y_pred: tuple[int | None, ...]) -> None:
        if len(y_pred) != 2 or len(y_true) != 2 or y_pred[1] is None:
            raise ValueError(
                f"{type(self).__name__}: expected y_true and y_pred of shape (samples, classes). "
                f"Received: shapes {y_true} and {y_pred}. For class numbers use "
                "utils.to_categorical(y); for one output use y[:, None]."
            )
        shape = () if self.average == "micro" else (y_pred[1],)
        self.true_positives = self.add_variable(
            shape, "zeros", self.compute_dtype, name="true_positives"
        )
        self.false_positives = self.add_variable(
            shape, "zeros", self.compute_dtype, name="false_positives"
        )
        self.false_negatives = self.add_variable(
            shape, "zeros", self.compute_dtype, name="false_negatives"
        )
        self.intermediate_weights = self.add_variable(
            shape, "zeros", self.compute_dtype, name="intermediate_weights"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of one-hot (or many-hot) labels and predictions."""
        y_true, y_pred = operand(y_true, self.compute_dtype), operand(y_pred, self.compute_dtype)
        if self.true_positives is None:
            self._build(tuple(y_true.shape), tuple(y_pred.shape))
        if self.threshold is None:
            largest = ops.max(y_pred, axis=-1, keepdims=True)
            # A row of zeros has no largest.
            positive = ops.logical_and(y_pred >= largest, ops.abs(y_pred) > 1e-9)
        else:
            positive = y_pred > self.threshold
        positive = operand(positive, self.compute_dtype)
        weight: Any = 1.0
        if sample_weight is not None:
            weight = ops.expand_dims(operand(sample_weight, self.compute_dtype), 1)
        axis = None if self.average == "micro" else 0
        for variable, values in (
            (self.true_positives, positive * y_true),
            (self.false_positives, positive * (1.0 - y_true)),
            (self.false_negatives, (1.0 - positive) * y_true),
            (self.intermediate_weights, y_true),
        ):
            variable.assign_add(ops.sum(values * weight, axis=axis))

    def result(self) -> Any:
        """The score: a scalar, or one for each class."""
        if self.true_positives is None:
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: has no result before update_state."
            )
        right, epsilon, square = self.true_positives, config.epsilon(), self.beta**2
        precision = right / (right + self.false_positives + epsilon)
        recall = right / (right + self.false_negatives + epsilon)
        score = precision * recall / (square * precision + recall + epsilon) * (1.0 + square)
        if self.average == "weighted":
            weights = self.intermediate_weights / (ops.sum(self.intermediate_weights) + epsilon)
            return ops.sum(score * weights)
        return score if self.average is None else ops.mean(score)


@register("metrics")
class F1Score(FBetaScore):
    """Harmonic mean of precision and recall of each class: `FBetaScore` with beta 1.

    Args:
        average, threshold: see `FBetaScore`.
        name, dtype: see `Metric`.

    Raises:
        ValueError: see `FBetaScore`.

    >>> F1Score()([[0, 1], [1, 0]], [[0.1, 0.9], [0.4, 0.6]]).round(4)
    array([0.    , 0.6667], dtype=float32)
    """

    def __init__(
        self, average: str | None = None, threshold: float | None = None,
        name: str | None = "f1_score", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(average, 1.0, threshold, name, dtype)
