"""The base of all losses: values a sample, then weighted, masked, and reduced to one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain import config, ops, tree
from geartrain.configurable import Configurable
from geartrain.dtype_policies import DTypePolicy
from geartrain.errors import describe_value, unknown_name
from geartrain.graph.eager import eager
from geartrain.graph.shapes import broadcast, public
from geartrain.ops.logits import carry_logits
from geartrain.ops.masks import mask_of
from geartrain.ops.operands import (
    as_float,
    dtype_of,
    extents_of,
    number_of,
    operand,
    rank_of,
)
from geartrain.registry import automatic_name, register, signature, snake_case
from geartrain.runtime.repeating import by_settings

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none")


@register("losses")
class Loss(Configurable):
    """How far predictions are from the truth, as one number to make small.

    A loss of your own overrides `call(y_true, y_pred)`, which returns one value a sample (or a
    tensor of values whose first axis is the samples).

    Args:
        name: a name for messages and logs; by default the class's.
        reduction: how the values become one number: `"sum_over_batch_size"` or `"mean"` (their
            mean), `"mean_with_sample_weight"` (their sum divided by the sum of the weights),
            `"sum"`, or `"none"` (they stay apart).
        dtype: the dtype to compute in; `floatx()` by default.

    >>> class Cubed(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)
    >>> Cubed()([[0.0, 0.0]], [[1.0, 2.0]])
    array(4.5, dtype=float32)
    """

    config_order = ("name", "reduction")
    unless_default = ("dtype",)

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        if reduction is not None and reduction not in REDUCTIONS:
            raise unknown_name("reduction of a loss", reduction, REDUCTIONS)
        self.name = name or automatic_name(snake_case(type(self).__name__))
        self.reduction = reduction
        self._dtype = DTypePolicy.of(dtype or config.floatx()).compute_dtype

    @property
    def dtype(self) -> str:
        """The dtype that the loss is computed in."""
        return self._dtype

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The values, one a sample or more. Override it."""
        raise NotImplementedError(
            f"{type(self).__name__}: a loss needs a method call(self, y_true, y_pred)."
        )

    def counted(self, y_true: Any, y_pred: Any) -> Any:
        """A mask of the values that count, or None if all do."""
        return None

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """The loss of predictions.

        Args:
            y_true: the truth: an array, or a nested structure like `y_pred`.
            y_pred: the predictions, of shape (samples, ...).
            sample_weight: a factor for each value: of shape (samples,), or that of the values.
            mask: booleans of the same shapes; what is False does not count. By default the mask
                that layers left with `y_pred`, if any.
        """
        mask = mask_of(y_pred) if mask is None else mask
        return by_settings(self, self._reduced, (y_true, y_pred, sample_weight, mask), {})

    def _reduced(self, y_true: Any, y_pred: Any, sample_weight: Any, mask: Any) -> Any:
        y_pred = tensors(y_pred, self.dtype)
        y_true = tensors(y_true, self.dtype)
        found = self.call(y_true, y_pred)
        values = operand(found, self.dtype)
        own = mask_of(found)
        own = self.counted(y_true, y_pred) if own is None else own
        if own is not None:
            mask = own if mask is None else ops.logical_and(mask, own)
        weight = combined_weight(sample_weight, mask, self.dtype, self.reduction)
        if weight is not None:
            values, weight = weighted(self.name, values, weight)
        return eager(reduced(values, weight, self.reduction))

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this loss, as plain values."""
        own = super().get_config()
        return accepted(self, {"name": self.name, "reduction": self.reduction}) | own

    def _config_value(self, name: str) -> Any:
        return self._arguments[name] if name == "dtype" else super()._config_value(name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


@register("losses")
class LossFunctionWrapper(Loss):
    """A loss made of a function.

    Args:
        fn: a function `fn(y_true, y_pred, **kwargs)` that returns one value a sample.
        reduction, name, dtype: see `Loss`.
        **kwargs: passed on to the function.

    >>> LossFunctionWrapper(lambda y_true, y_pred, power: (y_true - y_pred) ** power, power=4)(
    ...     [0.0, 1.0], [2.0, 1.0]
    ... )
    array(8., dtype=float32)
    """

    def __init__(
        self, fn: Callable[..., Any], reduction: str | None = "sum_over_batch_size",
        name: str | None = None, dtype: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(name, reduction, dtype)
        self.fn, self.keywords = fn, kwargs
        vars(self).update(kwargs)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The function's values, with y_true and y_pred brought to one rank."""
        if not tree.is_nested(y_pred):
            y_true, y_pred = same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self.keywords)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this loss, as plain values."""
        own = super().get_config()
        if "fn" in own:
            from geartrain.losses import serialize

            own.update(self.keywords, fn=serialize(self.fn))
        return own

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A loss made from what `get_config` returned."""
        if "fn" in config:
            from geartrain.losses import get

            config = {**config, "fn": get(config["fn"])}
        return super().from_config(config)


def accepted(item: Configurable, config: dict[str, Any]) -> dict[str, Any]:
    """The part of `config` that the item's class takes as arguments."""
    parameters = signature(type(item)).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return config
    names = {parameter.name for parameter in parameters}
    return {name: value for name, value in config.items() if name in names}


def tensors(value: Any, dtype: str) -> Any:
    """The tensor, or nested structure of tensors, as `dtype`. Lists of numbers are one tensor."""
    if tree.is_nested(value) and any(hasattr(leaf, "shape") for leaf in tree.flatten(value)):
        return tree.map_structure(lambda leaf: tensors(leaf, dtype), value)
    given = operand(value)
    return carry_logits(given, operand(given, dtype), lambda logits: operand(logits, dtype))


def same_rank(first: Any, second: Any, expand_rank_1: bool = True) -> tuple[Any, Any]:
    """Two tensors whose ranks differ by a last axis of size 1, brought to one rank.

    (n,) beside (n, 1) gets an axis, unless `expand_rank_1` is False; otherwise the axis is dropped
    where it is: (n, t, 1) beside (n, t). All other pairs come back as they are.

    >>> first, second = same_rank(ops.ones((3,)), ops.ones((3, 1)))
    >>> first.shape, second.shape
    ((3, 1), (3, 1))
    """
    first, second = operand(first), operand(second)
    if rank_of(first) > rank_of(second):
        second, first = same_rank(second, first, expand_rank_1)
    elif rank_of(second) == rank_of(first) + 1 and extents_of(second)[-1] == 1:
        if rank_of(first) == 1 and expand_rank_1:
            return ops.expand_dims(first, -1), second
        squeezed = ops.squeeze(second, -1)
        return first, carry_logits(second, squeezed, lambda logits: ops.squeeze(logits, -1))
    return first, second


def paired(who: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Truth and predictions as floats of one dtype and of shapes that stretch to one."""
    given = operand(y_pred)
    y_pred = as_float(given)
    y_true, y_pred = same_rank(operand(y_true, dtype_of(y_pred)), y_pred)
    try:
        broadcast(extents_of(y_true), extents_of(y_pred))
    except ValueError:
        raise ValueError(
            f"{who}: expected y_true of the shape of y_pred, {y_pred.shape}. Received: "
            f"{describe_value(y_true)}.{_shape_remedy(y_true, y_pred)}"
        ) from None
    return y_true, y_pred


def _shape_remedy(y_true: Any, y_pred: Any) -> str:
    shape, wanted = extents_of(y_true), extents_of(y_pred)
    if len(wanted) == len(shape) + 1 and shape == wanted[:-1]:
        return (
            f" Give the last layer 1 unit for one number a sample; for class numbers use "
            f"loss='sparse_categorical_crossentropy' with {public(wanted)[-1]} units."
        )
    return " Let the last layer have as many units as y_true has columns."


def combined_weight(sample_weight: Any, mask: Any, dtype: str, reduction: str | None) -> Any:
    """Sample weights and mask in one: None if there is neither.

    For a mean the mask's weights are all / valid, so that the mean is over the valid values.
    """
    if sample_weight is not None:
        sample_weight = operand(sample_weight, dtype)
    if mask is None:
        return sample_weight
    valid = operand(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        valid = valid * ops.divide_no_nan(count_of(valid), ops.sum(valid))
    if sample_weight is None:
        return valid
    valid, sample_weight = aligned_ranks(*same_rank(valid, sample_weight))
    return sample_weight * valid


def count_of(x: Any) -> Any:
    """The number of elements, in x's dtype; symbolic if known at run time only."""
    size: Any = 1
    for extent in extents_of(x):
        size = size * extent
    return number_of(size, dtype_of(x))


def aligned_ranks(first: Any, second: Any) -> tuple[Any, Any]:
    """The tensors with axes of size 1 behind the one of lower rank: (n,) beside (n, t) is (n, 1).

    Scalars stay: they stretch to anything.
    """
    while 0 < rank_of(first) < rank_of(second):
        first = ops.expand_dims(first, -1)
    while 0 < rank_of(second) < rank_of(first):
        second = ops.expand_dims(second, -1)
    return first, second


def weighted(who: str, values: Any, weight: Any) -> tuple[Any, Any]:
    """The values times their weights, and the weights in the values' rank."""
    values, weight = same_rank(values, weight)
    try:
        if 0 < rank_of(values) < rank_of(weight):
            raise ValueError
        values, weight = aligned_ranks(values, weight)
        return values * weight, weight
    except ValueError:
        raise ValueError(
            f"{who}: expected sample_weight with a number for each sample, or for each of the "
            f"values of shape {values.shape}. Received: {describe_value(weight)}"
        ) from None


def reduced(values: Any, weight: Any, reduction: str | None) -> Any:
    """The values (already weighted) as one number, see `Loss`.

    >>> reduced(ops.array([1.0, 2.0, 6.0]), None, "mean")
    array(3., dtype=float32)
    """
    if reduction in (None, "none") or extents_of(values) in ((), (0,)):
        return values
    total = ops.sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weight is not None:
        return ops.divide_no_nan(total, operand(ops.sum(weight), dtype_of(total)))
    return ops.divide_no_nan(total, count_of(values))
