"""Products of matrices and tensors: sums of products over axes that two tensors share.

Each is a `contract`, told with one letter an axis as in Einstein's notation.
"""

from __future__ import annotations

from geartrain.graph.shapes import broadcast, public
from geartrain.ops import views
from geartrain.ops.arithmetic import multiply
from geartrain.ops.elementwise import cast
from geartrain.ops.folds import contract
from geartrain.ops.operands import Tensor, dtype_of, extents_of, promoted, rank_of

__all__ = ["dot", "matmul"]

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _advice(a: tuple[int | None, ...], b: tuple[int | None, ...]) -> str:
    """The transpose that would make two matrices fit, if there is one."""
    if len(a) == 2 and a[0] == b[0]:
        return f" ops.transpose(x1), of shape {a[::-1]}, would fit."
    if len(b) == 2 and a[-1] == b[-1]:
        return f" ops.transpose(x2), of shape {b[::-1]}, would fit."
    return " Check the order of the axes, or reshape one of them."


def _check_inner(who: str, a: Tensor, b: Tensor, axis_b: int) -> None:
    """Refuse tensors whose last axis and `axis_b` differ in size."""
    if extents_of(a)[-1] != extents_of(b)[axis_b]:
        shapes = public(extents_of(a)), public(extents_of(b))
        raise ValueError(
            f"{who}: expected x1 of shape (..., n) and x2 of shape "
            f"{'(n,)' if len(shapes[1]) == 1 else '(..., n, m)'}. Received shapes {shapes[0]} and "
            f"{shapes[1]}: {shapes[0][-1]} is not {shapes[1][axis_b]}.{_advice(*shapes)}"
        )


def matmul(x1: Tensor, x2: Tensor) -> Tensor:
    """Matrix product over the last two axes: `z[..., i, j] = sum_k x1[..., i, k] x2[..., k, j]`.

    Args:
        x1: tensor of shape (..., n, k), or (k,).
        x2: tensor of shape (..., k, m), or (k,). The axes in front stretch to one shape.

    Returns a tensor of shape (..., n, m); a vector's axis is left out.

    Raises ValueError if the sizes k differ, or for a scalar.

    >>> matmul([[1, 2], [3, 4]], [[1, 0], [1, 1]])
    array([[3, 2],
           [7, 4]], dtype=int32)
    """
    a, b = promoted(x1, x2)
    if not rank_of(a) or not rank_of(b):
        shapes = f"{public(extents_of(a))} and {public(extents_of(b))}"
        raise ValueError(
            f"matmul: expected tensors of rank 1 or more. Received shapes {shapes}. Use "
            "ops.multiply for scalars."
        )
    if dtype_of(a) == "int8":
        a, b = cast(a, dtype="int32"), cast(b, dtype="int32")  # products do not fit into int8
    _check_inner("matmul", a, b, -1 if rank_of(b) == 1 else -2)
    front_a, front_b = extents_of(a)[:-2], extents_of(b)[:-2]
    front = broadcast(front_a, front_b)
    row = "n" if rank_of(a) > 1 else ""
    column = "m" if rank_of(b) > 1 else ""
    letters = "abcdefghijlopqrstuvwxyz"[: len(front)]
    a, left = _without_stretched(a, len(front_a), letters)
    b, right = _without_stretched(b, len(front_b), letters)
    ones = [i for i, c in enumerate(letters) if c not in left + right]
    out = "".join(c for c in letters if c in left + right) + row + column
    result = contract(a, b, spec=f"{left}{row}k,{right}k{column}->{out}")
    if not ones:
        return result
    extents = list(extents_of(result))
    for place in ones:
        extents.insert(place, 1)
    return views.reshape(result, shape=tuple(extents))


def _without_stretched(x: Tensor, count: int, letters: str) -> tuple[Tensor, str]:
    """`x` without its front axes of size 1 that would be stretched, and the others' letters."""
    extents = extents_of(x)
    names = letters[len(letters) - count :]
    kept = [i for i in range(count) if extents[i] != 1]
    if len(kept) < count:
        x = views.reshape(x, shape=tuple(extents[i] for i in kept) + extents[count:])
    return x, "".join(names[i] for i in kept)


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
    place = rank_of(b) - (1 if rank_of(b) == 1 else 2)
    _check_inner("dot", a, b, place)
    left = LETTERS[: rank_of(a)]
    right = LETTERS[rank_of(a) : rank_of(a) + rank_of(b)]
    right = right[:place] + left[-1] + right[place + 1 :]
    out = left[:-1] + right.replace(left[-1], "")
    return contract(a, b, spec=f"{left},{right}->{out}")
