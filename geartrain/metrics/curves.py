"""What holds over all thresholds: the area under a curve, and the best point under a constraint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain import config, ops
from geartrain.errors import shown, unknown_name
from geartrain.metrics.counts import are_even, counts_at
from geartrain.metrics.metric import Metric
from geartrain.ops.operands import operand
from geartrain.registry import register

_CURVES = ("ROC", "PR", "PRGAIN")
_SUMMATIONS = ("interpolation", "majoring", "minoring")
_MOST_THRESHOLDS = 1_000_000  # more than float32 tells apart well: a file could ask for billions
_COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class _AllCounts(Metric):
    """The four counts at many thresholds."""

    _direction = "up"
    true_positives: Any = None
    false_positives: Any
    true_negatives: Any
    false_negatives: Any

    def _make_counts(self, shape: tuple[int, ...]) -> None:
        for name in _COUNTS:
            setattr(self, name, self.add_variable(shape, "zeros", name=name))

    def _add_counts(self, thresholds: Sequence[float], *batch: Any, **options: Any) -> None:
        counts = counts_at(thresholds, *batch, dtype=self.true_positives.dtype, **options)
        for name in _COUNTS:
            getattr(self, name).assign_add(getattr(counts, name))

    def _precision(self) -> Any:
        return _share(self.true_positives, self.false_positives)

    def _recall(self) -> Any:
        return _share(self.true_positives, self.false_negatives)

    def _specificity(self) -> Any:
        return _share(self.true_negatives, self.false_positives)


def _check_count(who: str, num_thresholds: int, least: int) -> None:
    if not least <= num_thresholds <= _MOST_THRESHOLDS:
        raise ValueError(
            f"{who}: expected num_thresholds of {least} or more, up to {_MOST_THRESHOLDS}. "
            f"Received: {num_thresholds}"
        )


def _share(part: Any, rest: Any) -> Any:
    return ops.divide_no_nan(part, part + rest)


class _BestUnderConstraint(_AllCounts):
    """The greatest value of one ratio at the thresholds where another is at least `value`."""

    config_order = ("name", "dtype", "class_id", "num_thresholds")

    def _start(self, what: str, value: float, num_thresholds: int, class_id: int | None) -> None:
        who = type(self).__name__
        if not 0 <= value <= 1:
            raise ValueError(f"{who}: expected {what} between 0 and 1. Received: {value}")
        _check_count(who, num_thresholds, 1)
        self.value, self.num_thresholds, self.class_id = value, num_thresholds, class_id
        self.thresholds = [0.5]
        if num_thresholds > 1:
            between = ((i + 1) / (num_thresholds - 1) for i in range(num_thresholds - 2))
            self.thresholds = [0.0, *between, 1.0]
        self._make_counts((num_thresholds,))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of labels 0 and 1, and predictions of the same shape."""
        even, class_id = self.num_thresholds > 1, self.class_id
        self._add_counts(
            self.thresholds, y_true, y_pred, sample_weight, even=even, class_id=class_id
        )

    def _best(self, constrained: Any, wanted: Any) -> Any:
        return ops.max(ops.where(constrained >= self.value, wanted, ops.zeros_like(wanted)))


@register("metrics")
class SensitivityAtSpecificity(_BestUnderConstraint):
    """The best sensitivity (recall) at a threshold where specificity is at least a given one.

    Specificity is the part of false samples that are predicted so.

    Args:
        specificity: the least specificity, between 0 and 1.
        num_thresholds: how many thresholds from 0 to 1 are tried.
        class_id: if given, only this column of the predictions counts.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for arguments out of range, or a `class_id` without columns.

    >>> SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
    array(0.5, dtype=float32)
    """

    def __init__(
        self, specificity: float, num_thresholds: int = 200, class_id: int | None = None,
        name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(dtype, name)
        self.specificity = specificity
        self._start("specificity", specificity, num_thresholds, class_id)

    def result(self) -> Any:
        """The best sensitivity."""
        return self._best(self._specificity(), self._recall())


@register("metrics")
class SpecificityAtSensitivity(_BestUnderConstraint):
    """The best specificity at a threshold where sensitivity (recall) is at least a given one.

    Args:
        sensitivity: the least sensitivity, between 0 and 1.
        num_thresholds, class_id, name, dtype: see `SensitivityAtSpecificity`.

    Raises:
        ValueError: see `SensitivityAtSpecificity`.

    >>> SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]).round(4)
    np.float32(0.6667)
    """

    def __init__(
        self, sensitivity: float, num_thresholds: int = 200, class_id: int | None = None,
        name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(dtype, name)
        self.sensitivity = sensitivity
        self._start("sensitivity", sensitivity, num_thresholds, class_id)

    def result(self) -> Any:
        """The best specificity."""
        return self._best(self._recall(), self._specificity())


@register("metrics")
class PrecisionAtRecall(_BestUnderConstraint):
    """The best precision at a threshold where recall is at least a given one.

    Args:
        recall: the least recall, between 0 and 1.
        num_thresholds, class_id, name, dtype: see `SensitivityAtSpecificity`.

    Raises:
        ValueError: see `SensitivityAtSpecificity`.

    >>> PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
    array(0.5, dtype=float32)
    """

    def __init__(
        self, recall: float, num_thresholds: int = 200, class_id: int | None = None,
        name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(dtype, name)
        self.recall = recall
        self._start("recall", recall, num_thresholds, class_id)

    def result(self) -> Any:
        """The best precision."""
        return self._best(self._recall(), self._precision())


@register("metrics")
class RecallAtPrecision(_BestUnderConstraint):
    """The best recall at a threshold where precision is at least a given one.

    Args:
        precision: the least precision, between 0 and 1.
        num_thresholds, class_id, name, dtype: see `SensitivityAtSpecificity`.

    Raises:
        ValueError: see `SensitivityAtSpecificity`.

    >>> RecallAtPrecision(0.8)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9])
    array(0.5, dtype=float32)
    """

    def __init__(
        self, precision: float, num_thresholds: int = 200, class_id: int | None = None,
        name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(dtype, name)
        self.precision = precision
        self._start("precision", precision, num_thresholds, class_id)

    def result(self) -> Any:
        """The best recall."""
        return self._best(self._precision(), self._recall())


@register("metrics")
class AUC(_AllCounts):
    """Area under a curve that the threshold draws; 1 is perfect, and for ROC 0.5 is guessing.

    Args:
        num_thresholds: how many thresholds the curve is drawn with.
        curve: `"ROC"` (true over false positive rate), `"PR"` (precision over recall), or
            `"PRGAIN"` (precision gain over recall gain).
        summation_method: between two thresholds `"interpolation"` takes the middle height (for
            PR, that of Davis and Goadrich, 2006), `"minoring"` the lesser, `"majoring"` the
            greater.
        name, dtype: see `Metric`.
        thresholds: the thresholds between 0 and 1, in place of equally distant ones.
        multi_label: whether each column of predictions has a curve of its own; the result is
            their mean. If not, all predictions share one curve.
        num_labels: how many columns; needed with `multi_label` only if the first batch comes late.
        label_weights: a weight for each column.
        from_logits: whether predictions are logits: sigmoid is then applied.

    Raises:
        ValueError: for arguments out of range, or predictions of another rank than 2 with
            `multi_label`.

    >>> AUC(num_thresholds=3)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9])
    array(0.75, dtype=float32)
    """

    config_order = (
        "name",
        "dtype",
        "num_thresholds",
        "curve",
        "summation_method",
        "multi_label",
        "num_labels",
        "label_weights",
        "from_logits",
    )

    def __init__(
        self, num_thresholds: int = 200, curve: str = "ROC",
        summation_method: str = "interpolation", name: str | None = None, dtype: Any = None,
        thresholds: Sequence[float] | None = None, multi_label: bool = False,
        num_labels: int | None = None, label_weights: Any = None, from_logits: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(dtype, name)
        self.curve, self.summation_method = str(curve).upper(), str(summation_method).lower()
        if self.curve not in _CURVES:
            raise unknown_name("curve of AUC", curve, _CURVES)
        if self.summation_method not in _SUMMATIONS:
            raise unknown_name("summation_method of AUC", summation_method, _SUMMATIONS)
        if thresholds is not None:
            between = sorted(float(one) for one in thresholds)
            num_thresholds = len(between) + 2
            self._even = are_even([0.0, *between, 1.0])
        else:
            _check_count("AUC", num_thresholds, 2)
            between = [(i + 1) / (num_thresholds - 1) for i in range(num_thresholds - 2)]
            self._even = True
        if num_labels and not multi_label:
            raise ValueError(
                f"AUC: num_labels is for multi_label=True only. Received: "
                f"num_labels={shown(num_labels)}"
            )
        # The ends lie a little beyond 0 and 1, so that all predictions are between them.
        self.thresholds = [-config.epsilon(), *between, 1.0 + config.epsilon()]
        self.num_thresholds, self.num_labels = num_thresholds, num_labels
        self.multi_label, self.from_logits = multi_label, from_logits
        self.label_weights = (
            None if label_weights is None else operand(label_weights, self.compute_dtype)
        )
        if not multi_label:
            self._make_counts((num_thresholds,))
        elif num_labels:
            self._make_counts((num_thresholds, num_labels))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of labels 0 and 1, and predictions of the same shape."""
        y_pred = operand(y_pred)
        if self.true_positives is None:
            if y_pred.ndim != 2:
                raise ValueError(
                    "AUC(multi_label=True): expected y_pred of shape (samples, labels). Received: "
                    f"shape {tuple(y_pred.shape)}"
                )
            self._make_counts((self.num_thresholds, y_pred.shape[1]))
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred)
        self._add_counts(
            self.thresholds, y_true, y_pred, sample_weight, even=self._even,
            by_label=self.multi_label, label_weights=self.label_weights,
        )  # fmt: skip

    def result(self) -> Any:
        """The area."""
        if self.true_positives is None:
            raise ValueError(f"AUC {self.name!r}: has no result before update_state.")
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = self._interpolated_pr()
        else:
            x, y = self._points()
            heights = {
                "interpolation": lambda a, b: (a + b) / 2.0,
                "minoring": ops.minimum,
                "majoring": ops.maximum,
            }[self.summation_method](y[:-1], y[1:])
            areas = (x[:-1] - x[1:]) * heights
        area = ops.sum(areas, axis=0)
        if not self.multi_label:
            return area
        if self.label_weights is None:
            return ops.mean(area)
        return ops.divide_no_nan(ops.sum(area * self.label_weights), ops.sum(self.label_weights))

    def _points(self) -> tuple[Any, Any]:
        """The curve's coordinates at each threshold."""
        if self.curve == "ROC":
            return _share(self.false_positives, self.true_negatives), self._recall()
        if self.curve == "PR":
            return self._recall(), self._precision()
        odds = ops.divide_no_nan(
            self.true_positives + self.false_negatives, self.true_negatives + self.false_positives
        )
        found = ops.greater(self.true_positives, 0.0)
        missed, wrong = (
            1.0 - odds * ops.divide_no_nan(errors, self.true_positives)
            for errors in (self.false_negatives, self.false_positives)
        )
        # Without a true positive there is no recall to gain; the precision counts as perfect.
        recall_gain = ops.where(found, ops.maximum(missed, 0.0), ops.zeros_like(missed))
        return recall_gain, ops.where(found, wrong, ops.ones_like(wrong))

    def _interpolated_pr(self) -> Any:
        """Areas under precision over recall, where between two thresholds the true positives grow
        in proportion to the positives (Davis and Goadrich, 2006), not the precision itself.
        """
        true, positive = self.true_positives.value, self.true_positives + self.false_positives
        gained, added = true[:-1] - true[1:], positive[:-1] - positive[1:]
        slope = ops.divide_no_nan(gained, added)
        intercept = true[1:] - slope * positive[1:]
        both = ops.logical_and(positive[:-1] > 0.0, positive[1:] > 0.0)
        ratio = ops.divide_no_nan(positive[:-1], positive[1:])
        ratio = ops.where(both, ratio, ops.ones_like(ratio))
        total = true[1:] + self.false_negatives[1:]
        area = slope * (gained + intercept * ops.log(ratio))
        return ops.divide_no_nan(area, ops.maximum(total, 0.0))

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this metric, as plain values."""
        own = super().get_config()
        given = self._arguments["thresholds"]
        if given is None:
            del own["thresholds"]
        else:
            own["thresholds"] = sorted(float(one) for one in given)
        if self.label_weights is not None:
            own["label_weights"] = np.asarray(self.label_weights).tolist()
        return own
