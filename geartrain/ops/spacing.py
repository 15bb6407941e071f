"""Numbers at equal ratios."""

from __future__ import annotations

from typing import Any

from geartrain.graph.dtypes import FLOATS
from geartrain.ops import elementwise as primitive
from geartrain.ops.arithmetic import divide, floor, multiply, power
from geartrain.ops.creation import linspace
from geartrain.ops.logic import where
from geartrain.ops.operands import Tensor, aligned, dtype_of, dtype_or, filled_like, operand
from geartrain.ops.shaping import expand_dims

__all__ = ["geomspace", "logspace"]


def _rounded(numbers: Tensor, dtype: str) -> Tensor:
    return operand(numbers if dtype in FLOATS else floor(numbers), dtype)


def logspace(
    start: Tensor, stop: Tensor, num: int = 50, endpoint: bool = True, base: Any = 10,
    dtype: Any = None, axis: int = 0,
) -> Tensor:  # fmt: skip
    """`num` numbers from `base**start` to `base**stop`, each the same multiple of the one before.

    Args:
        start, stop: the first and the last exponent, or tensors of them.
        num: how many numbers, at least 0.
        endpoint: whether `base**stop` is the last; if not, it would be the next.
        base: the base of the powers.
        dtype: the dtype, that of start and stop as floats if None.
        axis: where the new axis goes.

    >>> logspace(0.0, 2.0, 3)
    array([  1.,  10., 100.], dtype=float32)
    """
    start, stop = aligned(start, stop, floats=True, who="logspace")
    made = dtype_or(dtype, dtype_of(start))
    exponents = operand(linspace(start, stop, num, endpoint, axis=axis), "float64")
    return _rounded(power(operand(base, "float64"), exponents), made)


def geomspace(
    start: Tensor, stop: Tensor, num: int = 50, endpoint: bool = True, dtype: Any = None,
    axis: int = 0,
) -> Tensor:  # fmt: skip
    """`num` numbers from start to stop, each the same multiple of the one before.

    Args:
        start, stop: the first and the last number, or tensors of them, of one sign and not 0.
        num: how many numbers, at least 0.
        endpoint: whether stop is the last; if not, it would be the next.
        dtype: the dtype, that of start and stop as floats if None.
        axis: where the new axis goes.

    >>> geomspace(1.0, 8.0, 4)
    array([1., 2., 4., 8.], dtype=float32)
    """
    start, stop = aligned(start, stop, floats=True, who="geomspace")
    made = dtype_or(dtype, dtype_of(start))
    first, last = operand(start, "float64"), operand(stop, "float64")
    ratio = primitive.log(divide(last, first))
    grown = primitive.exp(linspace(filled_like(ratio, 0), ratio, num, endpoint, axis=axis))
    numbers = multiply(grown, expand_dims(first, axis))
    if endpoint and num > 1:
        place = linspace(filled_like(ratio, 0), filled_like(ratio, 1), num, axis=axis)
        numbers = where(
            primitive.equal(place, filled_like(place, 1)), expand_dims(last, axis), numbers
        )
    return _rounded(numbers, made)
