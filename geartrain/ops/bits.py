"""The bits of numbers: logic and shifts of integers, signs, neighbours, other readings of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geartrain.graph.dtypes import FLOATS, INTEGERS, numpy_dtype, standardize_dtype
from geartrain.graph.node import Node
from geartrain.graph.op import Op
from geartrain.graph.shapes import apply, public
from geartrain.ops import elementwise as primitive
from geartrain.ops.arithmetic import absolute, floor_divide, mod, multiply
from geartrain.ops.control import while_loop
from geartrain.ops.logic import equal, less, not_equal, where
from geartrain.ops.operands import (
    Tensor,
    aligned,
    counted,
    dtype_of,
    extents_of,
    filled_like,
    operand,
)
from geartrain.ops.reductions import any
from geartrain.ops.shaping import reshape, unstack

__all__ = [
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "gcd",
    "lcm",
    "left_shift",
    "nextafter",
    "right_shift",
    "signbit",
    "view",
]


def _whole(who: str, *values: Tensor, error: type[Exception] = TypeError) -> list[Tensor]:
    operands = aligned(*values, who=who)
    if dtype_of(operands[0]) in FLOATS:
        raise error(
            f"{who}: expected integers or booleans. Received: {dtype_of(operands[0])}. "
            'Cast the tensors first: ops.cast(x, "int32").'
        )
    return operands


def bitwise_and(x: Tensor, y: Tensor) -> Tensor:
    """The bits that are set in both: `x & y`, of integers or booleans.

    Raises TypeError for floats.

    >>> bitwise_and([6, 5], 3)
    array([2, 1], dtype=int32)
    """
    return primitive.bitwise_and(*_whole("bitwise_and", x, y))


def bitwise_or(x: Tensor, y: Tensor) -> Tensor:
    """The bits that are set in one or both: `x | y`, of integers or booleans.

    Raises TypeError for floats.

    >>> bitwise_or([6, 5], 3)
    array([7, 7], dtype=int32)
    """
    return primitive.bitwise_or(*_whole("bitwise_or", x, y))


def bitwise_xor(x: Tensor, y: Tensor) -> Tensor:
    """The bits that are set in just one of the two: `x ^ y`, of integers or booleans.

    Raises TypeError for floats.

    >>> bitwise_xor([6, 5], 3)
    array([5, 6], dtype=int32)
    """
    return primitive.bitwise_xor(*_whole("bitwise_xor", x, y))


def bitwise_invert(x: Tensor) -> Tensor:
    """All bits turned over: `~x`, of integers or booleans.

    Raises TypeError for floats.

    >>> bitwise_invert([0, 5])
    array([-1, -6], dtype=int32)
    """
    (x,) = _whole("bitwise_invert", x)
    if dtype_of(x) == "bool":
        return primitive.logical_not(x)
    return primitive.bitwise_xor(
        x, filled_like(x, np.iinfo(dtype_of(x)).max if _unsigned(x) else -1)
    )


def _unsigned(x: Tensor) -> bool:
    return dtype_of(x).startswith("u")


def bitwise_not(x: Tensor) -> Tensor:
    """All bits turned over: the same as `bitwise_invert`.

    >>> bitwise_not([True, False])
    array([False,  True])
    """
    return bitwise_invert(x)


def _shifted(who: str, op: Op, x: Tensor, y: Tensor) -> Tensor:
    return op(*map(counted, _whole(who, x, y)))


def bitwise_left_shift(x: Tensor, y: Tensor) -> Tensor:
    """The bits moved up by y places: `x << y`, that is `x * 2**y`.

    What does not fit is lost: all of it from as many places on as the dtype has bits.

    Raises TypeError for floats.

    >>> bitwise_left_shift([1, 3], [4, 1])
    array([16,  6], dtype=int32)
    """
    return _shifted("bitwise_left_shift", primitive.shift_left, x, y)


def bitwise_right_shift(x: Tensor, y: Tensor) -> Tensor:
    """The bits moved down by y places: `x >> y`, that is the floor of `x / 2**y`.

    Raises TypeError for floats.

    >>> bitwise_right_shift([16, -3], [4, 1])
    array([ 1, -2], dtype=int32)
    """
    return _shifted("bitwise_right_shift", primitive.shift_right, x, y)


def left_shift(x: Tensor, y: Tensor) -> Tensor:
    """The bits moved up: the same as `bitwise_left_shift`.

    >>> left_shift(1, 3)
    array(8, dtype=int32)
    """
    return bitwise_left_shift(x, y)


def right_shift(x: Tensor, y: Tensor) -> Tensor:
    """The bits moved down: the same as `bitwise_right_shift`.

    >>> right_shift(8, 3)
    array(1, dtype=int32)
    """
    return bitwise_right_shift(x, y)


def gcd(x1: Tensor, x2: Tensor) -> Tensor:
    """The greatest common divisor of two integers, by Euclid: `gcd(a, b) = gcd(b, a mod b)`.

    Raises ValueError for floats and booleans.

    >>> gcd([12, -18, 0], [8, 27, 5])
    array([4, 9, 5], dtype=int32)
    """
    x1, x2 = _whole("gcd", x1, x2, error=ValueError)
    return _common_divisor("gcd", x1, x2)


def _common_divisor(who: str, x1: Tensor, x2: Tensor) -> Tensor:
    if dtype_of(x1) not in INTEGERS:
        raise ValueError(f"{who}: expected integers. Received: {dtype_of(x1)}")

    def turn(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        done = equal(b, 0)
        return where(done, a, b), where(done, 0, mod(a, where(done, 1, b)))

    found, _ = while_loop(lambda a, b: any(not_equal(b, 0)), turn, (absolute(x1), absolute(x2)))
    return found


def lcm(x1: Tensor, x2: Tensor) -> Tensor:
    """The least common multiple of two integers: `|x1 * x2| / gcd(x1, x2)`, 0 if one is 0.

    Raises ValueError for floats and booleans.

    >>> lcm([4, 6, 0], [6, -4, 5])
    array([12, 12,  0], dtype=int32)
    """
    x1, x2 = _whole("lcm", x1, x2, error=ValueError)
    divisor = _common_divisor("lcm", x1, x2)
    safe = where(equal(divisor, 0), 1, divisor)
    return multiply(floor_divide(absolute(x1), safe), absolute(x2))


def _as_integers(x: Tensor, sign: str = "int") -> Tensor:
    """The bits of x as integers of the same size."""
    wanted = f"{sign}{numpy_dtype(dtype_of(x)).itemsize * 8}"
    return x if dtype_of(x) == wanted else primitive.bitcast(x, dtype=wanted)


def signbit(x: Tensor) -> Tensor:
    """Whether the sign is negative; true for -0.0 too.

    >>> signbit([-1.0, -0.0, 0.0])
    array([ True,  True, False])
    """
    x = operand(x)
    if dtype_of(x) == "bool" or _unsigned(x):
        return filled_like(x, False, "bool")
    return less(_as_integers(x), 0)


def nextafter(x1: Tensor, x2: Tensor) -> Tensor:
    """The float next to x1 in the direction of x2; x2 where they are equal. No gradient flows.

    >>> float(nextafter(1.0, 2.0)) - 1 == 2**-23
    True
    """
    x1, x2 = aligned(x1, x2, floats=True, who="nextafter")
    bits = _as_integers(x1)
    one = filled_like(bits, 1)
    away = equal(less(x1, x2), less(0, x1))  # from 0: the bits count up on both sides of it
    moved = primitive.bitcast(
        where(away, primitive.add(bits, one), primitive.subtract(bits, one)), dtype=dtype_of(x1)
    )
    least = primitive.bitcast(one, dtype=dtype_of(x1))
    moved = where(equal(x1, 0), where(less(0, x2), least, primitive.negative(least)), moved)
    moved = where(equal(x1, x2), x2, moved)
    gaps = primitive.logical_or(primitive.isnan(x1), primitive.isnan(x2))
    return where(gaps, math.nan, moved)


def view(x: Tensor, dtype: Any = None) -> Tensor:
    """The bits of a tensor read as another dtype; the last axis changes with the dtype's size.

    Args:
        x: tensor of any shape.
        dtype: the dtype to read; x's own if None.

    Raises ValueError for a last axis that does not hold whole elements.

    >>> view(np.array([1.0], "float32"), "uint8")
    array([  0,   0, 128,  63], dtype=uint8)
    """
    x = operand(x)
    wanted = dtype_of(x) if dtype is None else standardize_dtype(dtype)
    if wanted == dtype_of(x):
        return x
    if wanted == "bool":
        return primitive.cast(view(x, "uint8"), dtype="bool")
    if dtype_of(x) == "bool":
        x = primitive.cast(x, dtype="uint8")
    old, new = (numpy_dtype(name).itemsize for name in (dtype_of(x), wanted))
    shape = extents_of(x)
    if old != new and (not shape or (old < new and apply("mod", shape[-1], new // old) != 0)):
        raise ValueError(
            f"view: expected a last axis of whole elements of {wanted}, {new} bytes each. "
            f"Received: {dtype_of(x)} of shape {public(shape)}"
        )
    if not isinstance(x, Node):
        return np.ascontiguousarray(x).view(numpy_dtype(wanted))
    return primitive.bitcast(_resized(_as_integers(x, "uint"), old, new), dtype=wanted)


def _resized(bits: Tensor, old: int, new: int) -> Tensor:
    """Unsigned integers of `old` bytes as ones of `new` bytes, the low bytes first."""
    shape, kind = extents_of(bits), f"uint{8 * new}"
    if old > new:
        steps = np.arange(old // new, dtype=dtype_of(bits)) * np.asarray(8 * new, dtype_of(bits))
        parts = bitwise_right_shift(reshape(bits, (*shape, 1)), steps)
        return reshape(primitive.cast(parts, dtype=kind), (*shape[:-1], shape[-1] * (old // new)))
    if old < new:
        count = new // old
        parts = unstack(
            reshape(primitive.cast(bits, dtype=kind), (*shape[:-1], -1, count)), axis=-1
        )
        whole = parts[0]
        for place, part in enumerate(parts[1:], 1):
            shift = np.asarray(8 * old * place, kind)
            whole = bitwise_or(whole, bitwise_left_shift(part, shift))
        return whole
    return bits
