"""Intersection over union of the regions that truth and predictions give to a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain import config, ops
from geartrain.errors import shown
from geartrain.graph.node import Node
from geartrain.metrics.metric import Metric
from geartrain.ops.operands import dtype_of, extents_of, operand, rank_of, stretched
from geartrain.registry import register

_MOST_CLASSES = 1 << 16


@register("metrics")
class IoU(Metric):
    """Mean over some classes of `both / (true or predicted)`, in numbers of places.

    Classes that neither occur nor are predicted do not count.

    Args:
        num_classes: how many classes there are.
        target_class_ids: the classes to average over.
        name, dtype: see `Metric`; "int32" by default, as in Keras, but the weights of places are
            counted in `floatx()`: whole numbers would lose the fractions.
        ignore_class: a class number whose places do not count.
        sparse_y_true: whether `y_true` holds class numbers; if not, scores whose largest counts.
        sparse_y_pred: the same for `y_pred`.
        axis: the axis of the classes where there are scores.

    Raises:
        ValueError: for target classes that there are not, and for class numbers of places that
            there are not; these make the result NaN in a program, which cannot raise. Keras leaves
            them out in silence. A weight of 0 leaves a place out, whatever its class.

    >>> IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1]).round(4)
    np.float32(0.3333)
    """

    _direction = "up"

    def __init__(
        self, num_classes: int, target_class_ids: Sequence[int], name: str | None = None,
        dtype: Any = None, ignore_class: int | None = None, sparse_y_true: bool = True,
        sparse_y_pred: bool = True, axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__("int32" if dtype in (None, "int") else dtype, name)
        if not hasattr(num_classes, "__index__") or not 0 < num_classes <= _MOST_CLASSES:
            raise ValueError(
                f"{type(self).__name__}: expected num_classes from 1 to {_MOST_CLASSES}, since "
                f"each pair of classes is counted. Received: {shown(num_classes)}"
            )
        self.target_class_ids = list(target_class_ids)
        wrong = [label for label in self.target_class_ids if not 0 <= label < num_classes]
        if wrong:
            raise ValueError(
                f"{type(self).__name__}: expected target_class_ids from 0 to {num_classes - 1}. "
                f"Received: {wrong[0]}"
            )
        self.num_classes, self.ignore_class, self.axis = num_classes, ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        shape = (num_classes, num_classes)
        self.total_cm = self.add_variable(
            shape, "zeros", self.compute_dtype, name="total_confusion_matrix"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch.

        Args:
            y_true, y_pred: class numbers of one shape, or scores with an axis more.
            sample_weight: weights of the class numbers' shape, or of its first axes.

        Raises:
            ValueError: for a class number that there is not.
        """
        true = self._class_numbers(y_true, self.sparse_y_true)
        predicted = self._class_numbers(y_pred, self.sparse_y_pred)
        weight = operand(1 if sample_weight is None else sample_weight, self.compute_dtype)
        weight = ops.expand_dims(weight, tuple(range(rank_of(weight), rank_of(true))))
        weight = ops.reshape(stretched(weight, extents_of(true)), (-1,))
        true, predicted = ops.reshape(true, (-1,)), ops.reshape(predicted, (-1,))
        if self.ignore_class is not None:
            weight = ops.where(ops.not_equal(true, self.ignore_class), weight, 0.0)
        known = self._known(true) & self._known(predicted)
        wrong = ops.logical_not(known) & ops.not_equal(weight, 0.0)
        self._refuse(wrong, true, predicted)
        weight = ops.where(wrong, float("nan"), weight)
        cell = ops.where(known, true * self.num_classes + predicted, ops.zeros_like(true))
        matrix = ops.segment_sum(weight, cell, self.num_classes**2)
        self.total_cm.assign_add(ops.reshape(matrix, self.total_cm.shape))

    def _known(self, labels: Any) -> Any:
        return (labels >= 0) & (labels < self.num_classes)

    def _refuse(self, wrong: Any, true: Any, predicted: Any) -> None:
        """Tell of the first place with a class that there is not, where values are known."""
        if isinstance(wrong, Node) or not wrong.any():
            return
        place = int(np.argmax(wrong))
        raise ValueError(
            f"{type(self).__name__}: expected class numbers from 0 to {self.num_classes - 1}. "
            f"Received: y_true {true[place]} with y_pred {predicted[place]}, at place {place}. "
            "Raise num_classes, or leave a label out with ignore_class or a sample_weight of 0."
        )

    def _class_numbers(self, labels: Any, sparse: bool) -> Any:
        return operand(labels if sparse else ops.argmax(labels, axis=self.axis), "int32")

    def result(self) -> Any:
        """The mean over the target classes."""
        matrix = operand(self.total_cm.value, "float32")
        both = ops.sum(matrix * ops.eye(self.num_classes, dtype="float32"), axis=0)
        either = ops.sum(matrix, axis=0) + ops.sum(matrix, axis=1) - both
        chosen = operand(self.target_class_ids, "int32")
        both, either = ops.take(both, chosen, axis=0), ops.take(either, chosen, axis=0)
        present = operand(either > 1e-9, dtype_of(either))
        shares = both / (either + config.epsilon())
        return ops.sum(shares * present) / (ops.sum(present) + config.epsilon())


@register("metrics")
class BinaryIoU(IoU):
    """`IoU` of two classes, told apart by a threshold.

    Args:
        target_class_ids: the classes to average over, 0 and 1 by default.
        threshold: predictions of at least this are class 1.
        name, dtype: see `IoU`.

    Raises:
        ValueError: for target classes other than 0 and 1.

    >>> BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7]).round(4)
    np.float32(0.3333)
    """

    config_order = ("target_class_ids", "threshold")

    def __init__(
        self, target_class_ids: Sequence[int] = (0, 1), threshold: float = 0.5,
        name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of labels 0 and 1, and predictions of the same shape."""
        positive = ops.greater_equal(operand(y_pred, "float32"), self.threshold)
        super().update_state(y_true, operand(positive, "int32"), sample_weight)


@register("metrics")
class MeanIoU(IoU):
    """`IoU` averaged over all classes.

    Args:
        num_classes, ignore_class, sparse_y_true, sparse_y_pred, axis: see `IoU`.
        name, dtype: see `IoU`.

    >>> MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1]).round(4)
    np.float32(0.3333)
    """

    config_order = ("num_classes",)

    def __init__(
        self, num_classes: int, name: str | None = None, dtype: Any = None,
        ignore_class: int | None = None, sparse_y_true: bool = True, sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(
            num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true,
            sparse_y_pred, axis,
        )  # fmt: skip


@register("metrics")
class OneHotIoU(IoU):
    """`IoU` for one-hot labels.

    Args:
        num_classes, target_class_ids, ignore_class, sparse_y_pred, axis: see `IoU`.
        name, dtype: see `IoU`.

    Raises:
        ValueError: for target classes that there are not.

    >>> OneHotIoU(2, [0])([[1, 0], [0, 1]], [[0.9, 0.1], [0.6, 0.4]]).round(4)
    np.float32(0.5)
    """

    config_order = ("num_classes", "target_class_ids")

    def __init__(
        self, num_classes: int, target_class_ids: Sequence[int], name: str | None = None,
        dtype: Any = None, ignore_class: int | None = None, sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )


@register("metrics")
class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` for one-hot labels.

    Args:
        num_classes, ignore_class, sparse_y_pred, axis: see `IoU`.
        name, dtype: see `IoU`.

    >>> OneHotMeanIoU(2)([[1, 0], [0, 1]], [[0.9, 0.1], [0.6, 0.4]]).round(4)
    np.float32(0.25)
    """

    def __init__(
        self, num_classes: int, name: str | None = None, dtype: Any = None,
        ignore_class: int | None = None, sparse_y_pred: bool = False, axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
