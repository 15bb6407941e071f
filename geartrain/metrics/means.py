"""Sums and means over batches, and the mean of any function of truth and predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain import ops
from geartrain.losses.loss import combined_weight, same_rank
from geartrain.metrics.metric import Metric
from geartrain.ops.masks import mask_of
from geartrain.ops.operands import (
    extents_of,
    number_of,
    operand,
    rank_of,
    stretched,
)
from geartrain.registry import register


def a_value_each(
    values: Any, sample_weight: Any, fold: Callable[..., Any], dtype: str
) -> tuple[Any, Any]:
    """One weighted value a sample, and its weight (None without weights).

    Args:
        values: tensor of shape (samples, ...), or a scalar.
        sample_weight: weights of a shape that stretches to the front axes of the values'.
        fold: `ops.sum` or `ops.mean`: what makes one value of a sample's.
        dtype: the dtype of the result.
    """
    values = operand(values, dtype)
    if sample_weight is not None:
        values, weight = same_rank(values, operand(sample_weight, dtype))
        rank = rank_of(weight)
        if rank_of(values) > rank:
            values = fold(values, axis=tuple(range(rank, rank_of(values))))
        sample_weight = stretched(weight, extents_of(values))
        values = values * sample_weight
        if rank > 1:
            sample_weight = fold(sample_weight, axis=tuple(range(1, rank)))
    if rank_of(values) > 1:
        values = fold(values, axis=tuple(range(1, rank_of(values))))
    return values, sample_weight


@register("metrics")
class Sum(Metric):
    """The (weighted) sum of values.

    Args:
        name, dtype: see `Metric`.

    >>> Sum()([1.0, 3.0, 5.0], sample_weight=[1, 1, 0])
    array(4., dtype=float32)
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), "zeros", self.compute_dtype, name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values of shape (samples, ...), each times its weight."""
        values, _ = a_value_each(values, sample_weight, ops.sum, self.compute_dtype)
        self.total.assign_add(ops.sum(values))

    def result(self) -> Any:
        """The sum."""
        return self.total.value


@register("metrics")
class Mean(Metric):
    """The (weighted) mean of values: their sum divided by the sum of their weights.

    Args:
        name, dtype: see `Metric`.

    >>> Mean()([1.0, 3.0, 5.0], sample_weight=[1, 1, 0])
    array(2., dtype=float32)
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), "zeros", self.compute_dtype, name="total")
        self.count = self.add_variable((), "zeros", self.compute_dtype, name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values of shape (samples, ...), each times its weight."""
        values, weight = a_value_each(values, sample_weight, ops.mean, self.compute_dtype)
        self.total.assign_add(ops.sum(values))
        if weight is not None:
            self.count.assign_add(ops.sum(weight))
        else:
            self.count.assign_add(number_of((*extents_of(values), 1)[0], self.compute_dtype))

    def result(self) -> Any:
        """The mean; 0 before any value."""
        return ops.divide_no_nan(self.total, self.count)


@register("metrics")
class MeanMetricWrapper(Mean):
    """The mean of a function of truth and predictions.

    Args:
        fn: a function `fn(y_true, y_pred, **kwargs)` that returns one value a sample.
        name, dtype: see `Metric`.
        **kwargs: passed on to the function.

    >>> distance = MeanMetricWrapper(lambda y_true, y_pred: ops.abs(y_true - y_pred))
    >>> distance(ops.array([1.0, 2.0]), ops.array([2.0, 4.0]))
    array(1.5, dtype=float32)
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(name, dtype)
        self.fn, self.keywords = fn, kwargs
        vars(self).update(kwargs)

    def update_state(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> None:
        """Add the function's values for a batch.

        Args:
            y_true, y_pred: tensors of shape (samples, ...).
            sample_weight: weights of shape (samples,), or that of the function's values.
            mask: booleans of the same shapes; what is False does not count. By default the mask
                that layers left with `y_pred`, if any.
        """
        mask = mask_of(y_pred) if mask is None else mask
        weight = combined_weight(sample_weight, mask, self.compute_dtype, "sum")
        super().update_state(self.fn(y_true, y_pred, **self.keywords), weight)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this metric, as plain values."""
        own = super().get_config()
        if "fn" in own:
            from geartrain.metrics import serialize

            own.update(self.keywords, fn=serialize(self.fn))
        return own

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A metric made from what `get_config` returned."""
        if "fn" in config:
            from geartrain.metrics import function_named

            config = {**config, "fn": function_named(config["fn"])}
        return super().from_config(config)
