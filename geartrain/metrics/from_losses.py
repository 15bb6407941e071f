"""Means of loss functions: the same formulas, averaged over batches as metrics are."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.losses import classification, margin, regression
from geartrain.losses.classification_classes import counted_labels
from geartrain.losses.loss import combined_weight, paired
from geartrain.metrics.means import MeanMetricWrapper
from geartrain.ops.masks import mask_of
from geartrain.ops.operands import operand
from geartrain.registry import register


class _MeanLoss(MeanMetricWrapper):
    _direction = "down"


@register("metrics")
class MeanSquaredError(_MeanLoss):
    """The mean of `losses.mean_squared_error`. Args: see `Metric`.

    >>> MeanSquaredError()([[0.0, 1.0]], [[1.0, 1.0]])
    array(0.5, dtype=float32)
    """

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(regression.mean_squared_error, name, dtype)


@register("metrics")
class MeanAbsoluteError(_MeanLoss):
    """The mean of `losses.mean_absolute_error`. Args: see `Metric`.

    >>> MeanAbsoluteError()([[0.0, 4.0]], [[1.0, 1.0]])
    array(2., dtype=float32)
    """

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(regression.mean_absolute_error, name, dtype)


@register("metrics")
class MeanAbsolutePercentageError(_MeanLoss):
    """The mean of `losses.mean_absolute_percentage_error`. Args: see `Metric`.

    >>> MeanAbsolutePercentageError()([[10.0, 20.0]], [[11.0, 24.0]]).round(3)
    np.float32(15.0)
    """

    def __init__(
        self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None:
        super().__init__(regression.mean_absolute_percentage_error, name, dtype)


@register("metrics")
class MeanSquaredLogarithmicError(_MeanLoss):
    """The mean of `losses.mean_squared_logarithmic_error`. Args: see `Metric`.

    >>> MeanSquaredLogarithmicError()([[0.0]], [[1.0]]).round(4)
    np.float32(0.4805)
    """

    def __init__(
        self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None:
        super().__init__(regression.mean_squared_logarithmic_error, name, dtype)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine of the angle between two vectors: minus the loss of the same name.

    Args:
        y_true, y_pred: tensors of one shape.
        axis: the axis of the vectors' components.

    Raises:
        ValueError: for shapes that do not stretch to one.

    >>> cosine_similarity([[0.0, 2.0]], [[0.0, 1.0]])
    array([1.], dtype=float32)
    """
    y_true, y_pred = paired("cosine_similarity", y_true, y_pred)
    return ops.sum(regression.unit(y_true, axis) * regression.unit(y_pred, axis), axis=axis)


@register("metrics")
class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between truth and predictions.

    Args:
        name, dtype: see `Metric`.
        axis: the axis of the vectors' components.

    >>> CosineSimilarity()([[0.0, 2.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]])
    array(0.5, dtype=float32)
    """

    _direction = "up"

    unless_default = ("axis",)

    def __init__(
        self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(cosine_similarity, name, dtype, axis=axis)


@register("metrics")
class LogCoshError(_MeanLoss):
    """The mean of `losses.log_cosh`. Args: see `Metric`.

    >>> LogCoshError()([[0.0, 0.0]], [[1.0, 0.0]]).round(4)
    np.float32(0.2169)
    """

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(regression.log_cosh, name, dtype)


@register("metrics")
class Poisson(_MeanLoss):
    """The mean of `losses.poisson`. Args: see `Metric`.

    >>> Poisson()([[2.0]], [[1.0]]).round(4)
    np.float32(1.0)
    """

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        super().__init__(regression.poisson, name, dtype)


@register("metrics")
class Hinge(_MeanLoss):
    """The mean of `losses.hinge`. Args: see `Metric`.

    >>> Hinge()([[-1.0, 1.0]], [[0.5, 2.0]])
    array(0.75, dtype=float32)
    """

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        super().__init__(margin.hinge, name, dtype)


@register("metrics")
class SquaredHinge(_MeanLoss):
    """The mean of `losses.squared_hinge`. Args: see `Metric`.

    >>> SquaredHinge()([[-1.0, 1.0]], [[0.5, 2.0]])
    array(1.125, dtype=float32)
    """

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(margin.squared_hinge, name, dtype)


@register("metrics")
class CategoricalHinge(_MeanLoss):
    """The mean of `losses.categorical_hinge`. Args: see `Metric`.

    >>> CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]])
    array(0.5, dtype=float32)
    """

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(margin.categorical_hinge, name, dtype)


@register("metrics")
class KLDivergence(_MeanLoss):
    """The mean of `losses.kl_divergence`. Args: see `Metric`.

    >>> KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]).round(4)
    np.float32(0.1438)
    """

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(classification.kl_divergence, name, dtype)


@register("metrics")
class BinaryCrossentropy(_MeanLoss):
    """The mean of `losses.binary_crossentropy`, for labels 0 and 1.

    Args:
        name, dtype: see `Metric`.
        from_logits, label_smoothing: see `losses.binary_crossentropy`.

    >>> BinaryCrossentropy()([[0, 1]], [[0.5, 0.5]]).round(4)
    np.float32(0.6931)
    """

    def __init__(
        self, name: str | None = "binary_crossentropy", dtype: Any = None,
        from_logits: bool = False, label_smoothing: float = 0,
    ) -> None:  # fmt: skip
        super().__init__(
            classification.binary_crossentropy, name, dtype,
            from_logits=from_logits, label_smoothing=label_smoothing,
        )  # fmt: skip


@register("metrics")
class CategoricalCrossentropy(_MeanLoss):
    """The mean of `losses.categorical_crossentropy`, for one-hot labels.

    Args:
        name, dtype: see `Metric`.
        from_logits, label_smoothing, axis: see `losses.categorical_crossentropy`.

    >>> CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]]).round(4)
    np.float32(0.6931)
    """

    def __init__(
        self, name: str | None = "categorical_crossentropy", dtype: Any = None,
        from_logits: bool = False, label_smoothing: float = 0, axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(
            classification.categorical_crossentropy, name, dtype,
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


@register("metrics")
class SparseCategoricalCrossentropy(_MeanLoss):
    """The mean of `losses.sparse_categorical_crossentropy`, for class numbers.

    Args:
        name, dtype: see `Metric`.
        from_logits, axis: see `losses.sparse_categorical_crossentropy`.
        ignore_class: a class number whose loss is 0; it is left out of the count only when there
            are sample weights, as in Keras.

    >>> SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]).round(4)
    np.float32(0.6931)
    """

    def __init__(
        self, name: str | None = "sparse_categorical_crossentropy", dtype: Any = None,
        from_logits: bool = False, ignore_class: int | None = None, axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(
            classification.sparse_categorical_crossentropy, name, dtype,
            from_logits=from_logits, ignore_class=ignore_class, axis=axis,
        )  # fmt: skip
        self.ignore_class, self.axis = ignore_class, axis

    def update_state(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> None:
        """Add the losses of a batch; see `MeanMetricWrapper`."""
        mask = mask_of(y_pred) if mask is None else mask
        weight = combined_weight(sample_weight, mask, self.compute_dtype, "sum")
        if weight is not None:
            counted = counted_labels(operand(y_true), operand(y_pred), self.ignore_class, self.axis)
            weight = combined_weight(weight, counted, self.compute_dtype, "sum")
        super().update_state(y_true, y_pred, weight)
