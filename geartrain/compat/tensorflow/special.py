"""`tf.math`: functions that are rarer, and functions of whole arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import ops
from geartrain.compat.tensorflow.creation import convert_to_tensor
from geartrain.compat.tensorflow.mathematics import lgamma
from geartrain.compat.tensorflow.tensor import tensor
from geartrain.graph.dtypes import FLOATS
from geartrain.ops.operands import dtype_of, operand


def erfc(x: Any, name: str | None = None) -> Any:
    """`1 - erf(x)` of each element."""
    return ops.erfc(x)


def ndtri(x: Any, name: str | None = None) -> Any:
    """The number that a normal number is less than with this probability."""
    return ops.erfinv(2.0 * operand(x) - 1.0) * float(np.sqrt(2.0))


def digamma(x: Any, name: str | None = None) -> Any:
    """The derivative of lgamma: `log z - 1/(2 z) - 1/(12 z^2) + ...` at z = x + 7, less the sum of
    `1 / (x + n)` for n up to 6. For positive numbers."""
    value = operand(x, "float64")
    steps = sum((1.0 / (value + float(n)) for n in range(1, 7)), 1.0 / value)
    z = value + 7.0
    series = 1 / (12 * z**2) - 1 / (120 * z**4) + 1 / (252 * z**6)
    made = ops.log(z) - 1 / (2 * z) - series - steps
    return ops.cast(made, dtype_of(operand(x)))


def lbeta(x: Any, name: str | None = None) -> Any:
    """`sum(lgamma(x)) - lgamma(sum(x))` along the last axis."""
    value = operand(x)
    return ops.sum(lgamma(value), axis=-1) - lgamma(ops.sum(value, axis=-1))


def _bessel(order: int, scaled: bool) -> Callable[..., Any]:
    """`mean(exp(x cos t) cos(order t))` over the angles t of a circle: the mean of so many points
    is exact but for rounding, for |x| up to some 200."""
    angles = np.pi * (np.arange(256) + 0.5) / 256

    def bessel(x: Any, name: str | None = None) -> Any:
        value = operand(x)
        z = ops.expand_dims(ops.cast(value, "float64"), -1)
        less = ops.abs(z) if scaled else 0.0
        made = ops.mean(ops.exp(z * np.cos(angles) - less) * np.cos(order * angles), axis=-1)
        return ops.cast(made, dtype_of(value))

    bessel.__name__ = bessel.__qualname__ = f"bessel_i{order}{'e' if scaled else ''}"
    bessel.__doc__ = f"The modified Bessel function of order {order}" + (
        ", times exp(-|x|)." if scaled else "."
    )
    return bessel


bessel_i0, bessel_i0e = _bessel(0, False), _bessel(0, True)
bessel_i1, bessel_i1e = _bessel(1, False), _bessel(1, True)


def xdivy(x: Any, y: Any, name: str | None = None) -> Any:
    """`x / y`, and 0 where `x` is 0."""
    zero = ops.equal(x, 0)
    return ops.where(zero, 0.0 * operand(x), operand(x) / ops.where(zero, 1.0, operand(y)))


def xlog1py(x: Any, y: Any, name: str | None = None) -> Any:
    """`x * log(1 + y)`, and 0 where `x` is 0."""
    zero = ops.equal(x, 0)
    return ops.where(zero, 0.0 * operand(x), operand(x) * ops.log1p(ops.where(zero, 0.0, y)))


def reciprocal_no_nan(x: Any, name: str | None = None) -> Any:
    """`1 / x`, and 0 where `x` is 0."""
    return ops.divide_no_nan(ops.ones_like(x), x)


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """A number times a tensor."""
    return ops.multiply(scalar, x)


def polyval(coeffs: Any, x: Any, name: str | None = None) -> Any:
    """`coeffs[0] x**n + ... + coeffs[n]`, by Horner's rule."""
    total = ops.zeros_like(x)
    for one in coeffs:
        total = total * operand(x) + operand(one)
    return total


def truncatediv(x: Any, y: Any, name: str | None = None) -> Any:
    """`x / y`, rounded towards zero."""
    kind = dtype_of(operand(x))
    made = ops.trunc(ops.true_divide(x, y) if kind in FLOATS else ops.cast(x, "float64") / y)
    return ops.cast(made, kind)


def truncatemod(x: Any, y: Any, name: str | None = None) -> Any:
    """What is left of `truncatediv`, with the sign of `x`."""
    return operand(x) - truncatediv(x, y) * operand(y)


def cumulative_logsumexp(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Any:
    """The logarithms of the sums of exponentials so far."""
    value = ops.moveaxis(ops.flip(x, axis) if reverse else operand(x), int(axis), 0)
    if exclusive:
        first = ops.full_like(value[:1], float(np.finfo(dtype_of(value)).min))
        value = ops.concatenate([first, value[:-1]])
    made = ops.moveaxis(ops.associative_scan(ops.logaddexp, value), 0, int(axis))
    return ops.flip(made, axis) if reverse else made


# -- whole arrays ---------------------------------------------------------------------------------


def invert_permutation(x: Any, name: str | None = None) -> Any:
    """At each number's place the place where it was."""
    return ops.cast(ops.argsort(x), dtype_of(operand(x)))


def is_non_decreasing(x: Any, name: str | None = None) -> Any:
    """Whether no element is less than the one before."""
    flat = ops.ravel(x)
    return ops.all(flat[1:] >= flat[:-1])


def is_strictly_increasing(x: Any, name: str | None = None) -> Any:
    """Whether each element is greater than the one before."""
    flat = ops.ravel(x)
    return ops.all(flat[1:] > flat[:-1])


def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = "int32", name: str | None = None
) -> Any:
    """The number of the bin, of so many of one width, in which each element is."""
    low, high = (operand(one) for one in value_range)
    places = ops.floor((operand(values) - low) / (high - low) * float(nbins))
    return ops.cast(ops.clip(places, 0, int(nbins) - 1), str(dtype))


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = "int32", name: str | None = None
) -> Any:
    """How many elements are in each of so many bins of one width."""
    places = histogram_fixed_width_bins(values, value_range, nbins)
    return ops.cast(ops.bincount(ops.ravel(places), minlength=int(nbins)), str(dtype))


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Any:
    """The places along each axis, (rank, number), of numbers of elements."""
    places = np.asarray(convert_to_tensor(indices))
    found = np.unravel_index(places, tuple(np.asarray(dims).tolist()))
    return tensor(np.stack(found).astype(places.dtype))


__all__ = [
    "bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e", "cumulative_logsumexp", "digamma",
    "erfc", "histogram_fixed_width", "histogram_fixed_width_bins", "invert_permutation",
    "is_non_decreasing", "is_strictly_increasing", "lbeta", "ndtri", "polyval",
    "reciprocal_no_nan", "scalar_mul", "truncatediv", "truncatemod", "unravel_index", "xdivy",
    "xlog1py",
]  # fmt: skip
