"""Comparisons and logic, element by element, and choosing by a condition.

Results of comparisons are boolean tensors; no gradient flows through them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from geartrain.graph.dtypes import FLOATS, limits
from geartrain.graph.op import Op
from geartrain.graph.shapes import broadcast, product
from geartrain.ops import elementwise as primitive
from geartrain.ops.arithmetic import absolute, add, multiply, subtract
from geartrain.ops.folds import all_, any_
from geartrain.ops.operands import (
    Tensor,
    aligned,
    applied,
    as_bool,
    dtype_of,
    extents_of,
    filled_like,
    operand,
    promoted,
    rank_of,
    stretched,
    together,
)
from geartrain.ops.views import reshape

__all__ = [
    "allclose",
    "equal",
    "greater",
    "greater_equal",
    "isclose",
    "isfinite",
    "isin",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "nan_to_num",
    "not_equal",
    "select",
    "where",
]


def equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 == x2`, element by element.

    >>> equal([1, 2], [1, 3])
    array([ True, False])
    """
    return applied(primitive.equal, x1, x2)


def not_equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 != x2`, element by element.

    >>> not_equal([1, 2], [1, 3])
    array([False,  True])
    """
    return applied(primitive.not_equal, x1, x2)


def less(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 < x2`, element by element.

    >>> less([1, 2, 3], 2)
    array([ True, False, False])
    """
    return applied(primitive.less, x1, x2)


def less_equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 <= x2`, element by element.

    >>> less_equal([1, 2, 3], 2)
    array([ True,  True, False])
    """
    return applied(primitive.less_equal, x1, x2)


def greater(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 > x2`, element by element.

    >>> greater([1, 2, 3], 2)
    array([False, False,  True])
    """
    return applied(primitive.greater, x1, x2)


def greater_equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 >= x2`, element by element.

    >>> greater_equal([1, 2, 3], 2)
    array([False,  True,  True])
    """
    return applied(primitive.greater_equal, x1, x2)


def logical_and(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether both are true (not zero).

    >>> logical_and([True, True], [True, False])
    array([ True, False])
    """
    return applied(primitive.logical_and, as_bool(x1), as_bool(x2))


def logical_or(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether one or both are true (not zero).

    >>> logical_or([True, False], [False, False])
    array([ True, False])
    """
    return applied(primitive.logical_or, as_bool(x1), as_bool(x2))


def logical_xor(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether just one of the two is true (not zero).

    >>> logical_xor([True, True], [True, False])
    array([False,  True])
    """
    return applied(primitive.logical_xor, as_bool(x1), as_bool(x2))


def logical_not(x: Tensor) -> Tensor:
    """Whether x is false (zero).

    >>> logical_not([True, False])
    array([False,  True])
    """
    return primitive.logical_not(as_bool(x))


def _flags(test: Op, x: Tensor) -> Tensor:
    x = operand(x)
    return test(x) if dtype_of(x) in FLOATS else test(primitive.cast(x, dtype="float32"))


def isnan(x: Tensor) -> Tensor:
    """Whether each element is NaN, "not a number".

    >>> isnan([1.0, float("nan")])
    array([False,  True])
    """
    return _flags(primitive.isnan, x)


def isfinite(x: Tensor) -> Tensor:
    """Whether each element is neither infinite nor NaN.

    >>> isfinite([1.0, float("inf"), float("nan")])
    array([ True, False, False])
    """
    return _flags(primitive.isfinite, x)


def isinf(x: Tensor) -> Tensor:
    """Whether each element is infinite, of either sign.

    >>> isinf([1.0, float("-inf"), float("nan")])
    array([False,  True, False])
    """
    return _flags(primitive.isinf, x)


def isposinf(x: Tensor) -> Tensor:
    """Whether each element is positive infinity.

    >>> isposinf([1.0, float("inf"), float("-inf")])
    array([False,  True, False])
    """
    return _infinite(x, math.inf)


def isneginf(x: Tensor) -> Tensor:
    """Whether each element is negative infinity.

    >>> isneginf([1.0, float("inf"), float("-inf")])
    array([False, False,  True])
    """
    return _infinite(x, -math.inf)


def _infinite(x: Tensor, end: float) -> Tensor:
    x = operand(x)
    return equal(x, end) if dtype_of(x) in FLOATS else filled_like(x, False, "bool")


def where(condition: Tensor, x1: Tensor = None, x2: Tensor = None) -> Any:
    """`x1` where the condition holds, `x2` elsewhere.

    Args:
        condition: booleans (or numbers: true where not zero).
        x1, x2: tensors; all three are stretched to one shape. Without them the result is
            `nonzero(condition)`, the indices where it holds.

    Raises ValueError if just one of x1 and x2 is given.

    >>> where([True, False, True], [1, 2, 3], 0)
    array([1, 0, 3], dtype=int32)
    """
    if x1 is None and x2 is None:
        from geartrain.ops.counting import nonzero

        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError("where: expected both x1 and x2, or neither. Received: one of them None.")
    operands = together(as_bool(condition), *promoted(x1, x2))
    shape = broadcast(*map(extents_of, operands), who="where")
    return primitive.where(*(stretched(x, shape) for x in operands))


def isclose(
    x1: Tensor, x2: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether two are equal within a tolerance: `|x1 - x2| <= atol + rtol * |x2|`.

    Args:
        x1, x2: tensors; infinities are close to themselves alone.
        rtol: tolerance relative to x2.
        atol: absolute tolerance.
        equal_nan: whether NaN is close to NaN.

    >>> isclose([1.0, 2.0], [1.0, 2.1])
    array([ True, False])
    """
    x1, x2 = aligned(x1, x2, floats=True, who="isclose")
    gap = absolute(subtract(x1, x2))
    near = primitive.less_equal(gap, add(atol, multiply(rtol, absolute(x2))))
    near = primitive.logical_and(near, primitive.isfinite(x2))
    near = primitive.logical_or(near, primitive.equal(x1, x2))
    if not equal_nan:
        return near
    both = primitive.logical_and(primitive.isnan(x1), primitive.isnan(x2))
    return primitive.logical_or(near, both)


def allclose(
    x1: Tensor, x2: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether `isclose` holds everywhere, as one boolean.

    >>> allclose([1.0, 2.0], [1.0, 2.1])
    array(False)
    """
    near = isclose(x1, x2, rtol, atol, equal_nan)
    return all_(near, axes=tuple(range(rank_of(near))))


def isin(x1: Tensor, x2: Tensor, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element of x1 is among the elements of x2.

    Args:
        x1: tensor of any shape.
        x2: the elements to look for, a tensor of any shape.
        assume_unique: accepted for Keras; nothing depends on it here.
        invert: tell whether each is *not* among them.

    >>> isin([0, 1, 2, 5], [2, 0])
    array([ True, False,  True, False])
    """
    x1, x2 = promoted(x1, x2)
    x1 = reshape(x1, shape=(*extents_of(x1), 1))
    x2 = reshape(x2, shape=(product(extents_of(x2)),))
    found = any_(equal(x1, x2), axes=(rank_of(x1) - 1,))
    return primitive.logical_not(found) if invert else found


def nan_to_num(
    x: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """x with NaN and infinities replaced by numbers.

    Args:
        x: tensor of any shape.
        nan: what stands for NaN.
        posinf, neginf: what stands for the infinities; None for the greatest and the least
            finite number of x's dtype.

    >>> nan_to_num([1.0, float("nan"), float("inf")], posinf=9.0)
    array([1., 0., 9.], dtype=float32)
    """
    x = operand(x)
    if dtype_of(x) not in FLOATS:
        return x
    low, high = limits(dtype_of(x))
    x = where(primitive.isnan(x), nan, x)
    x = where(equal(x, math.inf), high if posinf is None else posinf, x)
    return where(equal(x, -math.inf), low if neginf is None else neginf, x)


def select(condlist: Sequence[Tensor], choicelist: Sequence[Tensor], default: Tensor = 0) -> Tensor:
    """Of several choices the first whose condition holds, element by element.

    Args:
        condlist: boolean tensors.
        choicelist: as many tensors; all are stretched to one shape.
        default: what stands where no condition holds.

    Raises ValueError if the two lists differ in length, or are empty.

    >>> x = operand([0, 1, 2, 3])
    >>> select([less(x, 1), less(x, 3)], [x, multiply(x, 10)], -1)
    array([ 0, 10, 20, -1], dtype=int32)
    """
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError(
            "select: expected as many choices as conditions, at least one. "
            f"Received: {len(condlist)} conditions, {len(choicelist)} choices"
        )
    *choices, result = promoted(*choicelist, default)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        result = where(condition, choice, result)
    return result
