"""Folds along axes: sums, means, extremes, and their places.

In all of these `axis` is one axis, several, or None for all; the folded axes disappear, or stay
with size 1 if `keepdims`.
"""

from __future__ import annotations

import builtins
from typing import Any

from geartrain.errors import UnknownSize
from geartrain.graph.dtypes import FLOATS, result_type
from geartrain.graph.op import Op
from geartrain.graph.shapes import Shape, axis_index, product, public
from geartrain.ops import elementwise as primitive
from geartrain.ops import folds, views
from geartrain.ops.arithmetic import add, divide, maximum, minimum, multiply
from geartrain.ops.operands import (
    Tensor,
    as_bool,
    axes_of,
    dtype_of,
    dtype_or,
    extents_of,
    indices_like,
    number_of,
    operand,
    rank_of,
    stretched,
)

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "max",
    "mean",
    "min",
    "prod",
    "sum",
]


def kept(x: Tensor, axes: tuple[int, ...]) -> Shape:
    """The shape of x with the folded axes of size 1."""
    return tuple(1 if i in axes else size for i, size in enumerate(extents_of(x)))


def folded(op: Op, x: Tensor, axis: Any, keepdims: bool, who: str) -> Tensor:
    """A fold along `axis`, with the folded axes kept at size 1 or dropped."""
    axes = axes_of(axis, rank_of(x), who)
    if not axes:
        return x
    result = op(x, axes=axes)
    return views.reshape(result, shape=kept(x, axes)) if keepdims else result


def sum(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Sum along axes. Small integers and booleans are summed as int32 or uint32.

    >>> sum([[1, 2], [3, 4]], axis=0)
    array([4, 6], dtype=int32)
    """
    return folded(folds.sum_, _widened(x), axis, keepdims, "sum")


def _widened(x: Tensor) -> Tensor:
    """The operand, with small integers as int32 or uint32, where their sums fit."""
    x = operand(x)
    wide = dict.fromkeys(("bool", "int8", "int16"), "int32")
    wide |= dict.fromkeys(("uint8", "uint16"), "uint32")
    return operand(x, wide.get(dtype_of(x)))


def prod(x: Tensor, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """Product along axes. Small integers and booleans are multiplied as int32 or uint32.

    It multiplies the first half of the elements with the second, and so on, so that its gradient
    is right also where elements are 0.

    Args:
        x: tensor of any shape.
        axis: the axis or axes to fold, of sizes known now.
        keepdims: whether they stay, with size 1.
        dtype: the dtype of the result.

    Raises ValueError for an axis whose size is known at run time only.

    >>> prod([[1, 2], [3, 4]], axis=1)
    array([ 2, 12], dtype=int32)
    """
    x = _widened(x)
    x = operand(x, dtype_or(dtype, dtype_of(x)))
    axes = axes_of(axis, rank_of(x), "prod")
    result, left = axes_last(x, axes)
    for _ in range(builtins.max(known_size(result, "prod") - 1, 0).bit_length()):
        half = known_size(result, "prod") // 2
        first, second = result[..., :half], result[..., half : 2 * half]
        rest = result[..., 2 * half :]
        result = views.concatenate(multiply(first, second), rest, axis=rank_of(result) - 1)
    if known_size(result, "prod") == 0:
        result = add(folds.sum_(result, axes=(rank_of(result) - 1,)), 1)
    return views.reshape(result, shape=kept(x, axes) if keepdims else left)


def axes_last(x: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Shape]:
    """x with `axes` brought to the end as one axis; and the shape of the others."""
    others = tuple(i for i in range(rank_of(x)) if i not in axes)
    extents = extents_of(x)
    left = tuple(extents[i] for i in others)
    x = views.permute(x, order=(*others, *axes))
    return views.reshape(x, shape=(*left, product(extents[i] for i in axes))), left


def known_size(x: Tensor, who: str) -> int:
    """The size of the last axis, refused if it is known at run time only."""
    size = extents_of(x)[-1]
    if not isinstance(size, int):
        raise UnknownSize(
            f"{who}: expected axes of sizes known now. Received: shape {public(extents_of(x))}, "
            "where None is not known yet."
        )
    return size


def count_nonzero(x: Tensor, axis: Any = None) -> Tensor:
    """The number of elements along axes that are not 0, as int32.

    >>> count_nonzero([[0, 1], [2, 3]], axis=0)
    array([1, 2], dtype=int32)
    """
    return sum(primitive.cast(as_bool(x), dtype="int32"), axis)


def mean(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Mean along axes: the sum divided by the number of elements. A float also for integers.

    >>> mean([[1, 2], [3, 4]], axis=0)
    array([2., 3.], dtype=float32)
    """
    x = operand(x)
    own = dtype_of(x)
    wide = result_type(own, "float32")  # 16-bit floats would overflow, or lose the small terms
    x = operand(x, wide)
    axes = axes_of(axis, rank_of(x), "mean")
    count = product(extents_of(x)[i] for i in axes)
    total = folded(folds.sum_, x, axes, keepdims, "mean")
    return operand(divide(total, number_of(count, wide)), own if own in FLOATS else wide)


def _extreme(who: str, x: Tensor, axis: Any, keepdims: bool, initial: Tensor) -> Tensor:
    x = operand(x)
    op, either = (folds.max_, maximum) if who == "max" else (folds.min_, minimum)
    if initial is None:
        return folded(op, x, axis, keepdims, who)
    axes = axes_of(axis, rank_of(x), who)
    if builtins.any(extents_of(x)[i] == 0 for i in axes):
        return add(folded(folds.sum_, x, axes, keepdims, who), operand(initial, dtype_of(x)))
    return either(folded(op, x, axis, keepdims, who), operand(initial, dtype_of(x)))


def max(x: Tensor, axis: Any = None, keepdims: bool = False, initial: Tensor = None) -> Tensor:
    """The greatest element along axes; NaN if there is a NaN.

    Equal greatest elements share the gradient. `initial`, if given, is one more element, so that
    an axis of size 0 has a maximum too.

    Raises ValueError for an axis of size 0 without `initial`.

    >>> max([[1, 5], [3, 2]], axis=1)
    array([5, 3], dtype=int32)
    """
    return _extreme("max", x, axis, keepdims, initial)


def min(x: Tensor, axis: Any = None, keepdims: bool = False, initial: Tensor = None) -> Tensor:
    """The least element along axes; NaN if there is a NaN.

    Equal least elements share the gradient. `initial`, if given, is one more element, so that an
    axis of size 0 has a minimum too.

    Raises ValueError for an axis of size 0 without `initial`.

    >>> min([[1, 5], [3, 2]], axis=1)
    array([1, 2], dtype=int32)
    """
    return _extreme("min", x, axis, keepdims, initial)


def amax(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The greatest element along axes: the same as `max`.

    >>> amax([1, 5, 2])
    array(5, dtype=int32)
    """
    return max(x, axis, keepdims)


def amin(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The least element along axes: the same as `min`.

    >>> amin([3, 1, 2])
    array(1, dtype=int32)
    """
    return min(x, axis, keepdims)


def any(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Whether some element along the axes is true (not zero).

    >>> any([[True, False], [False, False]], axis=1)
    array([ True, False])
    """
    return folded(folds.any_, as_bool(x), axis, keepdims, "any")


def all(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Whether every element along the axes is true (not zero).

    >>> all([[True, False], [True, True]], axis=1)
    array([False,  True])
    """
    return folded(folds.all_, as_bool(x), axis, keepdims, "all")


def _place(fold: Op, who: str, x: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    """The first index at which `fold` of an axis is found: the least index of those that hit.

    Where there is a NaN, the fold is NaN, and the NaN itself is the hit.
    """
    x = operand(x)
    shape: Shape = (1,) * rank_of(x)
    if axis is None:
        x, place = views.reshape(x, shape=(product(extents_of(x)),)), 0
    else:
        place = axis_index(axis, rank_of(x), who)
        shape = kept(x, (place,))
    extents = extents_of(x)
    if extents[place] == 0:
        raise ValueError(
            f"{who}: expected an axis with elements. Received: axis {place} of shape "
            f"{public(extents)}"
        )
    best = views.reshape(fold(x, axes=(place,)), shape=kept(x, (place,)))
    hits = primitive.equal(x, views.expand(best, shape=extents))
    if dtype_of(x) in FLOATS:
        hits = primitive.logical_or(hits, primitive.isnan(x))
    index = indices_like(x, place)
    never = stretched(number_of(extents[place], "int32"), extents)
    result = folds.min_(primitive.where(hits, index, never), axes=(place,))
    return views.reshape(result, shape=shape) if keepdims else result


def argmax(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the greatest element along an axis, as int32; the first of equal ones.

    With `axis=None` it is the index into the flattened tensor.

    Raises ValueError for an axis of size 0.

    >>> argmax([[1, 5, 2], [7, 3, 2]], axis=1)
    array([1, 0], dtype=int32)
    """
    return _place(folds.max_, "argmax", x, axis, keepdims)


def argmin(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the least element along an axis, as int32; the first of equal ones.

    With `axis=None` it is the index into the flattened tensor.

    Raises ValueError for an axis of size 0.

    >>> argmin([[1, 5, 2], [7, 3, 2]], axis=1)
    array([0, 2], dtype=int32)
    """
    return _place(folds.min_, "argmin", x, axis, keepdims)
