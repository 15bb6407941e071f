"""True and false positives and negatives at one or many thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from geartrain import config, ops
from geartrain.losses.loss import same_rank
from geartrain.metrics.metric import Metric
from geartrain.ops.operands import dtype_of, extents_of, operand, rank_of, stretched
from geartrain.registry import register

_LEAST = -1e10  # the score of what is not among the top k: below every threshold


class Counts(NamedTuple):
    """Weights of samples, each of shape (thresholds,), or (thresholds, labels)."""

    true_positives: Any
    false_positives: Any
    true_negatives: Any
    false_negatives: Any


def parsed_thresholds(who: str, thresholds: Any, default: float) -> list[float]:
    """The thresholds as a list, refused if they are not between 0 and 1."""
    if thresholds is None:
        return [default]
    found = list(thresholds) if isinstance(thresholds, Sequence | np.ndarray) else [thresholds]
    wrong = [one for one in found if one is None or not 0 <= one <= 1]
    if wrong:
        raise ValueError(f"{who}: expected thresholds between 0 and 1. Received: {wrong[0]}")
    return [float(one) for one in found]


def are_even(thresholds: Sequence[float]) -> bool:
    """Whether the thresholds are 0, 1, and at least one between, all equally far apart."""
    if len(thresholds) < 3:
        return False
    even = np.linspace(0.0, 1.0, len(thresholds))
    return bool(np.allclose(thresholds, even, atol=config.epsilon()))


def counts_at(
    thresholds: Sequence[float],
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    *,
    dtype: str,
    even: bool = False,
    by_label: bool = False,
    label_weights: Any = None,
    top_k: int | None = None,
    class_id: int | None = None,
) -> Counts:
    """How often predictions above each threshold are right and wrong.

    Args:
        thresholds: a prediction above it is positive.
        y_true: labels, where 0 is negative and all else positive; of the shape of `y_pred`.
        y_pred: predictions of shape (samples, ...).
        sample_weight: weights of shape (samples,), or that of `y_pred`.
        dtype: the dtype of the counts.
        even: whether the thresholds are equally far apart from 0 to 1 (the ends may be a little
            beyond): predictions are then sorted into buckets, at a cost independent of how many.
        by_label: whether to count each column of predictions apart.
        label_weights: a weight for each column, unless they are counted apart.
        top_k: if given, only the k largest predictions of each row can be positive.
        class_id: if given, only this column counts.

    Raises:
        ValueError: for a `class_id` without columns.
    """
    y_pred, y_true = same_rank(operand(y_pred, dtype), operand(y_true, dtype))
    if sample_weight is not None:
        weight = ops.expand_dims(operand(sample_weight, dtype), -1)
        _, sample_weight = same_rank(y_true, weight, expand_rank_1=False)
    if top_k is not None:
        y_pred = _top_k_only(y_pred, top_k)
    if class_id is not None:
        if rank_of(y_pred) < 2:
            raise ValueError(
                f"class_id={class_id}: expected y_pred of shape (samples, classes). Received: "
                f"shape {tuple(y_pred.shape)}"
            )
        y_true, y_pred = y_true[..., class_id, None], y_pred[..., class_id, None]
    shape = extents_of(y_pred)
    weight = operand(1.0 if sample_weight is None else sample_weight, dtype)
    if label_weights is not None and not by_label:
        weight = weight * operand(label_weights, dtype)
    flat = (-1, shape[-1]) if by_label else (-1, 1)
    weight = ops.reshape(stretched(weight, shape), flat)
    y_pred = ops.reshape(y_pred, flat)
    positive = ops.reshape(ops.not_equal(stretched(y_true, shape), 0.0), flat)
    zero = ops.zeros_like(weight)
    labels = ops.where(positive, weight, zero), ops.where(positive, zero, weight)
    count = _bucket_counts if even else _compared_counts
    return Counts(
        *(each if by_label else each[:, 0] for each in count(thresholds, y_pred, *labels))
    )


def _top_k_only(y_pred: Any, k: int) -> Any:
    classes = extents_of(y_pred)[-1]
    chosen = ops.sum(ops.one_hot(ops.top_k(y_pred, k).indices, classes), axis=-2)
    return ops.where(chosen > 0, y_pred, ops.full_like(y_pred, _LEAST))


def _compared_counts(thresholds: Sequence[float], y_pred: Any, true: Any, false: Any) -> Counts:
    """Each prediction compared with each threshold: (thresholds, samples, labels) comparisons."""
    levels = operand(np.asarray(thresholds), dtype_of(y_pred))[:, None, None]
    above = operand(y_pred[None] > levels, dtype_of(y_pred))
    below = 1.0 - above
    return Counts(*(
        ops.sum(side * weight[None], axis=1)
        for side, weight in ((above, true), (above, false), (below, false), (below, true))
    ))  # fmt: skip


def _bucket_counts(thresholds: Sequence[float], y_pred: Any, true: Any, false: Any) -> Counts:
    """Each prediction put into the bucket of the thresholds that it exceeds, then running sums."""
    steps = len(thresholds) - 1
    # NaN exceeds no threshold, like anything not above 0.
    y_pred = ops.where(y_pred > 0.0, ops.minimum(y_pred, 1.0), ops.zeros_like(y_pred))
    exceeded = ops.ceil(y_pred * float(steps))
    if thresholds[0] < 0.0:
        exceeded = ops.maximum(exceeded, 1.0)
    labels, buckets = extents_of(y_pred)[1], steps + 2
    column = np.arange(labels, dtype="int32") * buckets
    place = ops.reshape(operand(exceeded, "int32") + column, (-1,))

    def above(weight: Any) -> Any:
        held = ops.segment_sum(ops.reshape(weight, (-1,)), place, labels * buckets)
        held = ops.reshape(held, (labels, buckets))
        running = ops.flip(ops.cumsum(ops.flip(held, axis=1), axis=1), axis=1)
        return ops.transpose(running[:, 1:])

    true_above, false_above = above(true), above(false)
    return Counts(
        true_above,
        false_above,
        ops.sum(false, axis=0) - false_above,
        ops.sum(true, axis=0) - true_above,
    )


class _Count(Metric):
    """One of the counts, at each threshold."""

    counted = ""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.init_thresholds = thresholds
        self.thresholds = parsed_thresholds(type(self).__name__, thresholds, 0.5)
        self.accumulator = self.add_variable((len(self.thresholds),), "zeros", name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of labels 0 and 1, and predictions of the same shape."""
        counts = counts_at(
            self.thresholds, y_true, y_pred, sample_weight,
            dtype=self.accumulator.dtype, even=are_even(self.thresholds),
        )  # fmt: skip
        self.accumulator.assign_add(getattr(counts, self.counted))

    def result(self) -> Any:
        """The count: a scalar, or one for each threshold."""
        counts = self.accumulator.value
        return ops.squeeze(counts, 0) if len(self.thresholds) == 1 else counts

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this metric, as plain values."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


@register("metrics")
class TruePositives(_Count):
    """How many true samples are predicted so.

    Args:
        thresholds: predictions above it are positive; one, or several for several counts.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for thresholds outside [0, 1].

    >>> TruePositives()([0, 1, 1, 1], [0.7, 0.2, 0.6, 0.9])
    array(2., dtype=float32)
    """

    counted = "true_positives"

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(thresholds, name, dtype)


@register("metrics")
class FalsePositives(_Count):
    """How many false samples are predicted as true. Args: see `TruePositives`.

    >>> FalsePositives()([0, 1, 1, 1], [0.7, 0.2, 0.6, 0.9])
    array(1., dtype=float32)
    """

    counted = "false_positives"


@register("metrics")
class TrueNegatives(_Count):
    """How many false samples are predicted so. Args: see `TruePositives`.

    >>> TrueNegatives()([0, 1, 0, 1], [0.7, 0.2, 0.3, 0.9])
    array(1., dtype=float32)
    """

    counted = "true_negatives"


@register("metrics")
class FalseNegatives(_Count):
    """How many true samples are predicted as false. Args: see `TruePositives`.

    >>> FalseNegatives()([0, 1, 1, 1], [0.7, 0.2, 0.6, 0.9])
    array(1., dtype=float32)
    """

    counted = "false_negatives"


class _Ratio(Metric):
    """True positives as a part of true positives and some other count, at each threshold."""

    _direction = "up"
    other = ""

    def __init__(
        self, thresholds: Any = None, top_k: int | None = None, class_id: int | None = None,
        name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(dtype, name)
        self.init_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        default = 0.5 if top_k is None else _LEAST
        self.thresholds = parsed_thresholds(type(self).__name__, thresholds, default)
        shape = (len(self.thresholds),)
        self.true_positives = self.add_variable(shape, "zeros", name="true_positives")
        setattr(self, self.other, self.add_variable(shape, "zeros", name=self.other))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of labels 0 and 1, and predictions of the same shape."""
        counts = counts_at(
            self.thresholds, y_true, y_pred, sample_weight,
            dtype=self.true_positives.dtype, even=are_even(self.thresholds),
            top_k=self.top_k, class_id=self.class_id,
        )  # fmt: skip
        self.true_positives.assign_add(counts.true_positives)
        getattr(self, self.other).assign_add(getattr(counts, self.other))

    def result(self) -> Any:
        """The ratio: a scalar, or one for each threshold; 0 where nothing was counted."""
        whole = self.true_positives + getattr(self, self.other)
        ratio = ops.divide_no_nan(self.true_positives, whole)
        return ops.squeeze(ratio, 0) if len(self.thresholds) == 1 else ratio

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this metric, as plain values."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


@register("metrics")
class Precision(_Ratio):
    """The part of positive predictions that are right.

    Args:
        thresholds: predictions above it are positive, 0.5 by default; one, or several for
            several results.
        top_k: if given, the k largest predictions of each row are positive.
        class_id: if given, only this column of the predictions counts.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for thresholds outside [0, 1], or a `class_id` without columns.

    >>> Precision()([0, 1, 1, 1], [0.7, 0.2, 0.6, 0.9]).round(4)
    np.float32(0.6667)
    """

    other = "false_positives"


@register("metrics")
class Recall(_Ratio):
    """The part of true samples that are predicted so. Args and errors: see `Precision`.

    >>> Recall()([0, 1, 1, 1], [0.7, 0.2, 0.6, 0.9]).round(4)
    np.float32(0.6667)
    """

    other = "false_negatives"
