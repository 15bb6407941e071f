"""Tensors joined, and cut again, along the axis that a name stands for."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from geartrain.graph.shapes import public
from geartrain.ops import views
from geartrain.ops.operands import Tensor, extents_of, operand, rank_of
from geartrain.ops.rearranging import split
from geartrain.ops.shaping import concatenate, expand_dims, ravel

__all__ = ["append", "dsplit", "dstack", "hsplit", "hstack", "vsplit", "vstack"]


def hstack(xs: Sequence[Tensor]) -> Tensor:
    """Tensors side by side: joined along axis 1, or axis 0 for vectors.

    >>> hstack([[[1], [2]], [[3], [4]]])
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    tensors = [_at_least(1, x) for x in xs]
    return concatenate(tensors, axis=0 if rank_of(tensors[0]) == 1 else 1)


def vstack(xs: Sequence[Tensor]) -> Tensor:
    """Tensors below each other: joined along axis 0, vectors as rows.

    >>> vstack([[1, 2], [3, 4]])
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    return concatenate([_at_least(2, x) for x in xs], axis=0)


def dstack(xs: Sequence[Tensor]) -> Tensor:
    """Tensors behind each other: joined along axis 2, vectors and matrices given that axis.

    >>> dstack([[1, 2], [3, 4]])
    array([[[1, 3],
            [2, 4]]], dtype=int32)
    """
    return concatenate([_deep(x) for x in xs], axis=2)


def _deep(x: Tensor) -> Tensor:
    x = _at_least(2, x)
    return expand_dims(x, -1) if rank_of(x) == 2 else x


def _at_least(rank: int, x: Tensor) -> Tensor:
    x = operand(x)
    missing = builtins.max(0, rank - rank_of(x))
    return views.reshape(x, shape=(1,) * missing + extents_of(x)) if missing else x


def _axis(who: str, x: Tensor, axis: int, rank: int) -> int:
    shape = extents_of(operand(x))
    if len(shape) < rank:
        raise ValueError(
            f"{who}: expected a tensor of rank {rank} or more. Received: shape {public(shape)}"
        )
    return axis


def hsplit(x: Tensor, indices_or_sections: Any) -> list[Tensor]:
    """A tensor cut from left to right: `split` along axis 1, or axis 0 of a vector.

    Raises ValueError for a scalar, and as `split` does.

    >>> hsplit([[1, 2], [3, 4]], 2)[0]
    array([[1],
           [3]], dtype=int32)
    """
    axis = _axis("hsplit", x, 0 if rank_of(operand(x)) == 1 else 1, 1)
    return split(x, indices_or_sections, axis)


def vsplit(x: Tensor, indices_or_sections: Any) -> list[Tensor]:
    """A tensor cut from top to bottom: `split` along axis 0.

    Raises ValueError for tensors of less than two axes, and as `split` does.

    >>> vsplit([[1, 2], [3, 4]], 2)[0]
    array([[1, 2]], dtype=int32)
    """
    return split(x, indices_or_sections, _axis("vsplit", x, 0, 2))


def dsplit(x: Tensor, indices_or_sections: Any) -> list[Tensor]:
    """A tensor cut along its depth: `split` along axis 2.

    Raises ValueError for tensors of less than three axes, and as `split` does.

    >>> dsplit([[[1, 2], [3, 4]]], 2)[1].tolist()
    [[[2], [4]]]
    """
    return split(x, indices_or_sections, _axis("dsplit", x, 2, 3))


def append(x1: Tensor, x2: Tensor, axis: int | None = None) -> Tensor:
    """x2 joined to the end of x1 along an axis; both flattened if None.

    >>> append([1, 2], [[3], [4]])
    array([1, 2, 3, 4], dtype=int32)
    """
    if axis is None:
        return concatenate([ravel(x1), ravel(x2)])
    return concatenate([x1, x2], axis)
