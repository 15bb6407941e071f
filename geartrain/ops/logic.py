"""Comparisons and logic, element by element, and choosing by a condition.

Results of comparisons are boolean tensors; no gradient flows through them.
"""

from __future__ import annotations

from typing import Any

from geartrain.graph.dtypes import FLOATS
from geartrain.graph.op import Op
from geartrain.graph.shapes import broadcast
from geartrain.ops import elementwise as primitive
from geartrain.ops.operands import (
    Tensor,
    aligned,
    dtype_of,
    extents_of,
    filled_like,
    operand,
    promoted,
    stretched,
    together,
)

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
    "where",
]


def equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 == x2`, element by element.

    >>> equal([1, 2], [1, 3])
    array([ True, False])
    """
    return primitive.equal(*aligned(x1, x2))


def not_equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 != x2`, element by element.

    >>> not_equal([1, 2], [1, 3])
    array([False,  True])
    """
    return primitive.not_equal(*aligned(x1, x2))


def less(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 < x2`, element by element.

    >>> less([1, 2, 3], 2)
    array([ True, False, False])
    """
    return primitive.less(*aligned(x1, x2))


def less_equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 <= x2`, element by element.

    >>> less_equal([1, 2, 3], 2)
    array([ True,  True, False])
    """
    return primitive.less_equal(*aligned(x1, x2))


def greater(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 > x2`, element by element.

    >>> greater([1, 2, 3], 2)
    array([False, False,  True])
    """
    return primitive.greater(*aligned(x1, x2))


def greater_equal(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether `x1 >= x2`, element by element.

    >>> greater_equal([1, 2, 3], 2)
    array([False,  True,  True])
    """
    return primitive.greater_equal(*aligned(x1, x2))


def truth(x: Tensor) -> Tensor:
    """The operand as booleans: whether it is not zero."""
    x = operand(x)
    return x if dtype_of(x) == "bool" else primitive.not_equal(x, filled_like(x, 0))


def logical_and(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether both are true (not zero).

    >>> logical_and([True, True], [True, False])
    array([ True, False])
    """
    return primitive.logical_and(*aligned(truth(x1), truth(x2)))


def logical_or(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether one or both are true (not zero).

    >>> logical_or([True, False], [False, False])
    array([ True, False])
    """
    return primitive.logical_or(*aligned(truth(x1), truth(x2)))


def logical_xor(x1: Tensor, x2: Tensor) -> Tensor:
    """Whether just one of the two is true (not zero).

    >>> logical_xor([True, True], [True, False])
    array([False,  True])
    """
    return primitive.logical_xor(*aligned(truth(x1), truth(x2)))


def logical_not(x: Tensor) -> Tensor:
    """Whether x is false (zero).

    >>> logical_not([True, False])
    array([False,  True])
    """
    return primitive.logical_not(truth(x))


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
        from geartrain.ops.sorting import nonzero

        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError("where: expected both x1 and x2, or neither. Received: one of them None.")
    operands = together(truth(condition), *promoted(x1, x2))
    shape = broadcast(*map(extents_of, operands))
    return primitive.where(*(stretched(x, shape) for x in operands))
