"""The losses of probabilities as classes; their formulas are in `classification`."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.losses.classification import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    sparse_categorical_crossentropy,
)
from geartrain.losses.loss import LossFunctionWrapper
from geartrain.ops.operands import rank_of
from geartrain.registry import register

MEAN = "sum_over_batch_size"


FOCAL_KEYS = ("name", "reduction", "from_logits", "label_smoothing", "axis")  # in files


@register("losses")
class CategoricalCrossentropy(LossFunctionWrapper):
    """The loss of `categorical_crossentropy`, for one-hot labels.

    Args:
        from_logits, label_smoothing, axis: see `categorical_crossentropy`.
        reduction, name, dtype: see `Loss`.

    >>> CategoricalCrossentropy()([[0, 1], [1, 0]], [[0.5, 0.5], [0.5, 0.5]]).round(4)
    np.float32(0.6931)
    """

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = MEAN, name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            categorical_crossentropy, reduction, name, dtype,
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


@register("losses")
class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """The loss of `categorical_focal_crossentropy`, for one-hot labels.

    Args:
        alpha, gamma, from_logits, label_smoothing, axis: see `categorical_focal_crossentropy`.
        reduction, name, dtype: see `Loss`.

    >>> CategoricalFocalCrossentropy()([[0, 1]], [[0.5, 0.5]]).round(4)
    np.float32(0.0433)
    """

    config_order = FOCAL_KEYS

    def __init__(
        self, alpha: Any = 0.25, gamma: float = 2.0, from_logits: bool = False,
        label_smoothing: float = 0.0, axis: int = -1, reduction: str | None = MEAN,
        name: str | None = "categorical_focal_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            categorical_focal_crossentropy, reduction, name, dtype, alpha=alpha, gamma=gamma,
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


@register("losses")
class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """The loss of `sparse_categorical_crossentropy`, for class numbers.

    Args:
        from_logits, axis: see `sparse_categorical_crossentropy`.
        ignore_class: a class number that does not count, not in the mean's divisor either.
        reduction, name, dtype: see `Loss`.

    >>> SparseCategoricalCrossentropy()([1, 0], [[0.5, 0.5], [0.5, 0.5]]).round(4)
    np.float32(0.6931)
    """

    unless_default = ("dtype", "axis")

    def __init__(
        self, from_logits: bool = False, ignore_class: int | None = None,
        reduction: str | None = MEAN, axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            sparse_categorical_crossentropy, reduction, name, dtype,
            from_logits=from_logits, ignore_class=ignore_class, axis=axis,
        )  # fmt: skip
        self.ignore_class, self.axis = ignore_class, axis

    def counted(self, y_true: Any, y_pred: Any) -> Any:
        """Where the label is not `ignore_class`."""
        return counted_labels(y_true, y_pred, self.ignore_class, self.axis)


def counted_labels(y_true: Any, y_pred: Any, ignore_class: int | None, axis: int) -> Any:
    """Where class numbers are not `ignore_class`; None if there is no such class."""
    if ignore_class is None:
        return None
    if rank_of(y_true) == rank_of(y_pred):
        y_true = ops.squeeze(y_true, axis)
    return ops.not_equal(y_true, ignore_class)


@register("losses")
class BinaryCrossentropy(LossFunctionWrapper):
    """The loss of `binary_crossentropy`, for labels 0 and 1.

    Args:
        from_logits, label_smoothing, axis: see `binary_crossentropy`.
        reduction, name, dtype: see `Loss`.

    >>> BinaryCrossentropy()([0, 1], [0.5, 0.5]).round(4)
    np.float32(0.6931)
    """

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = MEAN, name: str | None = "binary_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            binary_crossentropy, reduction, name, dtype,
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


@register("losses")
class BinaryFocalCrossentropy(LossFunctionWrapper):
    """The loss of `binary_focal_crossentropy`, for labels 0 and 1.

    Args:
        apply_class_balancing, alpha, gamma, from_logits, label_smoothing, axis: see
            `binary_focal_crossentropy`.
        reduction, name, dtype: see `Loss`.

    >>> BinaryFocalCrossentropy()([0, 1], [0.5, 0.5]).round(4)
    np.float32(0.1733)
    """

    config_order = FOCAL_KEYS

    def __init__(
        self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0,
        from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = MEAN, name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            binary_focal_crossentropy, reduction, name, dtype,
            apply_class_balancing=apply_class_balancing, alpha=alpha, gamma=gamma,
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


@register("losses")
class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """The loss of `categorical_generalized_cross_entropy`, for class numbers.

    Args:
        q: between 0 (like crossentropy) and 1 (like the absolute error), neither included.
        reduction, name, dtype: see `Loss`.

    Raises:
        ValueError: for another `q`.

    >>> CategoricalGeneralizedCrossEntropy()([1], [[0.0, 0.25]])
    array(1., dtype=float32)
    """

    def __init__(
        self, q: float = 0.5, reduction: str | None = MEAN,
        name: str | None = "categorical_generalized_cross_entropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        if not 0 < q < 1:
            raise ValueError(
                f"CategoricalGeneralizedCrossEntropy: expected q between 0 and 1. Received: q={q}"
            )
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)


@register("losses")
class KLDivergence(LossFunctionWrapper):
    """The loss of `kl_divergence`. Args: see `Loss`.

    >>> KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]).round(4)
    np.float32(0.1438)
    """

    def __init__(
        self, reduction: str | None = MEAN, name: str | None = "kl_divergence", dtype: Any = None
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)
