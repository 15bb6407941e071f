"""Products of matrices and tensors: sums of products over axes that two tensors share.

Each is a `contract`, told with one letter an axis as in Einstein's notation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain.graph.shapes import Extent, axis_index, broadcast, conflict, public
from geartrain.ops import views
from geartrain.ops.arithmetic import multiply, subtract
from geartrain.ops.elementwise import cast
from geartrain.ops.folds import contract, sum_
from geartrain.ops.operands import (
    Tensor,
    dtype_of,
    extents_of,
    filled_like,
    operand,
    promoted,
    rank_of,
)
from geartrain.ops.shaping import moveaxis, ravel, stack

__all__ = ["cross", "dot", "inner", "kron", "matmul", "outer", "tensordot", "vdot"]

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def paired(a: Tensor, left: str, b: Tensor, right: str, out: str) -> Tensor:
    """The sum of products with one letter an axis; an axis of size 1 stretches to its namesake.

    Letters that are not in `out` are summed.
    """
    sizes_a = dict(zip(left, extents_of(a), strict=True))
    sizes_b = dict(zip(right, extents_of(b), strict=True))
    a, left = _unstretched(a, left, sizes_b)
    b, right = _unstretched(b, right, sizes_a)
    a, left = summed_out(a, left, set(right + out))
    b, right = summed_out(b, right, set(left + out))
    return contract(a, b, spec=f"{left},{right}->{out}")


def _unstretched(x: Tensor, letters: str, others: dict[str, Extent]) -> tuple[Tensor, str]:
    """`x` without its axes of size 1 whose namesake is larger, and the letters left."""
    extents = extents_of(x)
    kept = [i for i, c in enumerate(letters) if extents[i] != 1 or others.get(c, 1) == 1]
    if len(kept) < len(letters):
        x = views.reshape(x, shape=tuple(extents[i] for i in kept))
    return x, "".join(letters[i] for i in kept)


def summed_out(x: Tensor, letters: str, needed: set[str]) -> tuple[Tensor, str]:
    """`x` summed over the letters that are not needed, and the letters left."""
    single = [i for i, c in enumerate(letters) if c not in needed and extents_of(x)[i] == 1]
    if single:
        x = views.reshape(x, shape=tuple(n for i, n in enumerate(extents_of(x)) if i not in single))
        letters = "".join(c for i, c in enumerate(letters) if i not in single)
    axes = tuple(i for i, c in enumerate(letters) if c not in needed)
    kept = "".join(c for c in letters if c in needed)
    return (sum_(x, axes=axes) if axes else x), kept


def _shapes(a: Tensor, b: Tensor) -> str:
    return f"{public(extents_of(a))} and {public(extents_of(b))}"


def _check_inner(who: str, a: Tensor, b: Tensor, axis_b: int) -> None:
    """Refuse tensors whose last axis and `axis_b` differ in size."""
    if extents_of(a)[-1] != extents_of(b)[axis_b]:
        first, second = public(extents_of(a)), public(extents_of(b))
        fits = "(n,)" if len(second) == 1 else "(..., m, n)" if who == "inner" else "(..., n, m)"
        remedy = "Check the order of the axes, or reshape one of them."
        if len(first) == 2 and first[0] == second[axis_b]:
            remedy = f"ops.transpose(x1), of shape {first[::-1]}, would fit."
        elif len(second) == 2 and first[-1] == second[-3 - axis_b]:
            remedy = f"ops.transpose(x2), of shape {second[::-1]}, would fit."
        raise conflict(
            f"{who}: expected x1 of shape (..., n) and x2 of shape {fits}. Received shapes {first} "
            f"and {second}: {first[-1]} is not {second[axis_b]}. {remedy}",
            (extents_of(a)[-1], extents_of(b)[axis_b]),
        )


def matmul(x1: Tensor, x2: Tensor) -> Tensor:
    """Matrix product over the last two axes: `z[..., i, j] = sum_k x1[..., i, k] x2[..., k, j]`.

    Args:
        x1: tensor of shape (..., n, k), or (k,).
        x2: tensor of shape (..., k, m), or (k,). The axes in front stretch to one shape.

    Returns a tensor of shape (..., n, m); a vector's axis is left out. Products of int8 are int32.

    Raises ValueError if the sizes k differ, or for a scalar.

    >>> matmul([[1, 2], [3, 4]], [[1, 0], [1, 1]])
    array([[3, 2],
           [7, 4]], dtype=int32)
    """
    a, b = factors(x1, x2)
    if not rank_of(a) or not rank_of(b):
        raise ValueError(
            f"matmul: expected tensors of rank 1 or more. Received shapes {_shapes(a, b)}. Use "
            "ops.multiply for scalars."
        )
    _check_inner("matmul", a, b, -1 if rank_of(b) == 1 else -2)
    front_a, front_b = extents_of(a)[:-2], extents_of(b)[:-2]
    front = LETTERS[: len(broadcast(front_a, front_b, who="matmul, in the axes in front"))]
    row, column = "R" * (rank_of(a) > 1), "C" * (rank_of(b) > 1)
    left = front[len(front) - len(front_a) :] + row + "K"
    right = front[len(front) - len(front_b) :] + "K" + column
    return paired(a, left, b, right, front + row + column)


def factors(*values: Tensor) -> list[Tensor]:
    """Operands of a sum of products, in one dtype; where all are int8, int32, as products need."""
    operands = promoted(*values)
    if dtype_of(operands[0]) == "int8" and all(dtype_of(operand(x)) == "int8" for x in values):
        return [cast(x, dtype="int32") for x in operands]
    return operands


def dot(x1: Tensor, x2: Tensor) -> Tensor:
    """Dot product: of vectors, of a matrix and a vector, of two matrices; over x1's last axis.

    `z[i..., j..., m] = sum_k x1[i..., k] x2[j..., k, m]`, or with a vector x2
    `z[i...] = sum_k x1[i..., k] x2[k]`; with a scalar it is the product.

    Args:
        x1: tensor of shape (..., k).
        x2: tensor of shape (k,) or (..., k, m).

    Raises ValueError if the sizes k differ.

    >>> dot([1, 2, 3], [4, 5, 6])
    array(32, dtype=int32)
    """
    a, b = promoted(x1, x2)
    if not rank_of(a) or not rank_of(b):
        return multiply(a, b)
    axis = -1 if rank_of(b) == 1 else -2
    _check_inner("dot", a, b, axis)
    return _over(a, b, (rank_of(a) - 1,), (rank_of(b) + axis,))


def _over(a: Tensor, b: Tensor, axes_a: Sequence[int], axes_b: Sequence[int]) -> Tensor:
    """The product summed over pairs of axes; the others of a, then of b, remain."""
    left = LETTERS[: rank_of(a)]
    right = list(LETTERS[rank_of(a) : rank_of(a) + rank_of(b)])
    for i, j in zip(axes_a, axes_b, strict=True):
        right[j] = left[i]
    own = [c for i, c in enumerate(left) if i not in axes_a]
    others = [c for j, c in enumerate(right) if j not in axes_b]
    return contract(a, b, spec=f"{left},{''.join(right)}->{''.join(own + others)}")


def inner(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum of products over the last axes: `z[i..., j...] = sum_k x1[i..., k] x2[j..., k]`.

    With a scalar it is the product.

    Raises ValueError if the last axes differ in size.

    >>> inner([1, 2], [[3, 4], [5, 6]])
    array([11, 17], dtype=int32)
    """
    a, b = promoted(x1, x2)
    if not rank_of(a) or not rank_of(b):
        return multiply(a, b)
    _check_inner("inner", a, b, -1)
    return _over(a, b, (rank_of(a) - 1,), (rank_of(b) - 1,))


def vdot(x1: Tensor, x2: Tensor) -> Tensor:
    """Dot product of two tensors of any shape, each flattened to a vector first.

    Raises ValueError if they differ in the number of elements.

    >>> vdot([[1, 2], [3, 4]], [[1, 0], [0, 1]])
    array(5, dtype=int32)
    """
    a, b = (ravel(x) for x in promoted(x1, x2))
    _check_inner("vdot", a, b, -1)
    return _over(a, b, (0,), (0,))


def outer(x1: Tensor, x2: Tensor) -> Tensor:
    """All products of an element of x1 and one of x2, each flattened: `z[i, j] = x1[i] x2[j]`.

    >>> outer([1, 2], [10, 20, 30])
    array([[10, 20, 30],
           [20, 40, 60]], dtype=int32)
    """
    a, b = (ravel(x) for x in promoted(x1, x2))
    return _over(a, b, (), ())


def tensordot(x1: Tensor, x2: Tensor, axes: Any = 2) -> Tensor:
    """Sum of products over several axes of each.

    Args:
        x1, x2: tensors.
        axes: how many of x1's last and x2's first axes; or a pair: the axes of x1, those of x2.

    Returns a tensor with the other axes of x1, then those of x2.

    Raises ValueError if the axes differ in number or size.

    >>> tensordot([[1, 2], [3, 4]], [[1, 0], [0, 1]], axes=2)
    array(5, dtype=int32)
    """
    a, b = promoted(x1, x2)
    if isinstance(axes, int):
        pairs: list[Any] = [list(range(-axes, 0)), list(range(axes))]
    else:
        pairs = [[one] if isinstance(one, int) else list(one) for one in axes]
    axes_a = [axis_index(axis, rank_of(a), "tensordot") for axis in pairs[0]]
    axes_b = [axis_index(axis, rank_of(b), "tensordot") for axis in pairs[1]]
    sizes = [[extents_of(a)[i] for i in axes_a], [extents_of(b)[j] for j in axes_b]]
    if sizes[0] != sizes[1]:
        raise conflict(
            f"tensordot: expected axes of equal sizes. Received: axes={axes} of shapes "
            f"{_shapes(a, b)}, of sizes {public(sizes[0])} and {public(sizes[1])}",
            *sizes,
        )
    return _over(a, b, axes_a, axes_b)


def kron(x1: Tensor, x2: Tensor) -> Tensor:
    """Kronecker product: each element of x1 replaced by itself times the whole of x2.

    Args:
        x1, x2: tensors; the one of lower rank gets axes of size 1 in front.

    >>> kron([1, 10], [1, 2, 3])
    array([ 1,  2,  3, 10, 20, 30], dtype=int32)
    """
    a, b = promoted(x1, x2)
    rank = max(rank_of(a), rank_of(b))
    first, second = ((1,) * (rank - rank_of(x)) + extents_of(x) for x in (a, b))
    apart = multiply(
        views.reshape(a, shape=tuple(size for n in first for size in (n, 1))),
        views.reshape(b, shape=tuple(size for n in second for size in (1, n))),
    )
    return views.reshape(apart, shape=tuple(n * m for n, m in zip(first, second, strict=True)))


def cross(
    x1: Tensor, x2: Tensor, axisa: int = -1, axisb: int = -1, axisc: int = -1,
    axis: int | None = None,
) -> Tensor:  # fmt: skip
    """Cross product of vectors of size 3 (or 2, taken as lying in the plane of the first two).

    Args:
        x1, x2: tensors of vectors; their other axes stretch to one shape.
        axisa, axisb, axisc: the axis of the vectors in x1, in x2, in the result.
        axis: stands for all three, if given.

    Returns vectors; if both have size 2 only the third coordinate, without the axis.

    Raises ValueError for vectors of another size.

    >>> cross([1, 0, 0], [0, 1, 0])
    array([0, 0, 1], dtype=int32)
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = promoted(x1, x2)
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    sizes = extents_of(a)[-1], extents_of(b)[-1]
    if not {*sizes} <= {2, 3}:
        raise ValueError(
            f"cross: expected vectors of size 2 or 3. Received shapes {_shapes(a, b)}, the vectors "
            "along the last axis."
        )

    def part(x: Tensor, i: int) -> Tensor:
        """Coordinate i; the third one of a vector in the plane is 0."""
        absent = i == 2 and extents_of(x)[-1] == 2
        return filled_like(x[..., 0], 0) if absent else x[..., i]

    def along(i: int, j: int) -> Tensor:
        return subtract(multiply(part(a, i), part(b, j)), multiply(part(a, j), part(b, i)))

    if sizes == (2, 2):
        return along(0, 1)
    return moveaxis(stack([along(1, 2), along(2, 0), along(0, 1)], axis=-1), -1, axisc)
