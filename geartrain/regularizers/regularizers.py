"""Penalties that keep weights small, or different from one another."""

from __future__ import annotations

import math
from typing import Any

from geartrain import ops
from geartrain.configurable import Configurable
from geartrain.errors import describe_value, shown
from geartrain.ops.operands import dtype_of, operand
from geartrain.registry import register


@register("regularizers")
class Regularizer(Configurable):
    """A function of a tensor to a scalar penalty.

    >>> class Largest(Regularizer):
    ...     def __call__(self, x):
    ...         return ops.max(ops.abs(x))
    >>> Largest()([1.0, -3.0])
    array(3., dtype=float32)
    """

    def __call__(self, x: Any) -> Any:
        """The penalty of `x`, a tensor of any shape: a scalar."""
        return 0.0


def _factor(who: str, name: str, value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(_number(value)) or value < 0:
        raise ValueError(
            f"{who}: expected {name} as a number >= 0. Received: {name}={shown(value)}"
        )
    return float(value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


@register("regularizers")
class L1L2(Regularizer):
    """`l1 * sum(abs(x)) + l2 * sum(x ** 2)`.

    Args:
        l1, l2: the factors.

    Raises ValueError for a negative factor.

    >>> L1L2(l1=1.0, l2=1.0)([1.0, -2.0])
    array(8., dtype=float32)
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = _factor("L1L2", "l1", 0.0 if l1 is None else l1)
        self.l2 = _factor("L1L2", "l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Any:
        """The penalty of `x`, a scalar."""
        x = operand(x)
        penalty = ops.zeros((), dtype_of(x))
        if self.l1:
            penalty = ops.add(penalty, ops.multiply(ops.sum(ops.absolute(x)), self.l1))
        if self.l2:
            penalty = ops.add(penalty, ops.multiply(ops.sum(ops.square(x)), self.l2))
        return penalty


@register("regularizers")
class L1(Regularizer):
    """`l1 * sum(abs(x))`.

    Args:
        l1: the factor.

    Raises ValueError for a negative factor.

    >>> L1(0.5)([1.0, -2.0])
    array(1.5, dtype=float32)
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = _factor("L1", "l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Any) -> Any:
        """The penalty of `x`, a scalar."""
        return ops.multiply(ops.sum(ops.absolute(x)), self.l1)


@register("regularizers")
class L2(Regularizer):
    """`l2 * sum(x ** 2)`.

    Args:
        l2: the factor.

    Raises ValueError for a negative factor.

    >>> L2(0.5)([1.0, -2.0])
    array(2.5, dtype=float32)
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = _factor("L2", "l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Any) -> Any:
        """The penalty of `x`, a scalar."""
        return ops.multiply(ops.sum(ops.square(x)), self.l2)


@register("regularizers")
class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean absolute cosine between different rows (or columns) of a matrix.

    Args:
        factor: the factor.
        mode: `"rows"` or `"columns"`.

    Raises ValueError for a negative factor or another mode; a call for anything but a matrix.

    >>> OrthogonalRegularizer(factor=1.0)([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    array(0.33333334, dtype=float32)
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor("OrthogonalRegularizer", "factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(
                "OrthogonalRegularizer: expected mode as 'rows' or 'columns'. "
                f"Received: mode={shown(mode)}"
            )
        self.mode = mode

    def __call__(self, x: Any) -> Any:
        """The penalty of `x`, a scalar."""
        x = operand(x)
        if len(x.shape) != 2:
            raise ValueError(
                f"OrthogonalRegularizer: expected a matrix. Received: {describe_value(x)}"
            )
        vectors = x if self.mode == "rows" else ops.transpose(x)
        count = vectors.shape[0]
        vectors = ops.normalize(vectors, axis=1)
        cosines = ops.matmul(vectors, ops.transpose(vectors))
        others = ops.multiply(cosines, ops.subtract(1.0, ops.eye(count, dtype=dtype_of(x))))
        pairs = count * (count - 1) / 2
        return ops.multiply(ops.sum(ops.absolute(others)), 0.5 * self.factor / pairs)
