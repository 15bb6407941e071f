"""What depends on values, also in its shape: where they are not 0, which differ, how many."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.graph.node import Node
from geartrain.ops.indexing import scatter_add
from geartrain.ops.operands import Tensor, operand

__all__ = ["bincount", "nonzero", "unique"]


def _values_of(who: str, x: Tensor, remedy: str) -> np.ndarray:
    """x as an array; refused if symbolic, as the result's shape depends on its values."""
    x = operand(x)
    if isinstance(x, Node):
        raise TypeError(
            f"{who}: expected an array, since the shape of the result depends on its values. "
            f"Received: {x!r}, which has none yet. {remedy}"
        )
    return np.asarray(x)


def nonzero(x: Tensor) -> tuple[np.ndarray, ...]:
    """The indices of the elements that are not 0: one int32 vector an axis.

    Raises TypeError for a symbolic tensor.

    >>> nonzero([[0, 1], [2, 0]])
    (array([0, 1], dtype=int32), array([1, 0], dtype=int32))
    """
    values = _values_of("nonzero", x, "Use ops.where(condition, x1, x2) to choose between values.")
    return tuple(index.astype(np.int32) for index in np.nonzero(values))


def unique(
    x: Tensor, sorted: bool = True, return_index: bool = False, return_inverse: bool = False,
    return_counts: bool = False, axis: int | None = None, size: int | None = None,
    fill_value: Any = None,
) -> Any:  # fmt: skip
    """The different elements of a tensor, from least to greatest.

    Args:
        x: an array of any shape.
        sorted: accepted for Keras; the result is sorted in any case.
        return_index: return the index of the first of each, too.
        return_inverse: return the indices that rebuild x from the result, too.
        return_counts: return how often each occurs, too.
        axis: compare the slices along this axis; None compares the elements.
        size: cut or fill the result to this size.
        fill_value: what to fill with; the least element if None.

    Returns the elements, or a tuple of them and what else was asked for (as int32).

    Raises TypeError for a symbolic tensor.

    >>> unique([3, 1, 3], return_counts=True)
    (array([1, 3], dtype=int32), array([1, 2], dtype=int32))
    """
    values = _values_of("unique", x, "Call it outside the model.")
    found = np.unique(values, True, True, True, axis=axis, equal_nan=False)
    results = [found[0]]
    for wanted, extra in zip((return_index, return_inverse, return_counts), found[1:], strict=True):
        if wanted:
            results.append(extra.astype(np.int32))
    if size is not None:
        inverse = 1 + return_index if return_inverse else None
        results = _resized(results, inverse, return_counts, axis or 0, size, fill_value)
    return tuple(results) if len(results) > 1 else results[0]


def _resized(
    results: list[np.ndarray], inverse: int | None, counts: bool, axis: int, size: int,
    fill_value: Any,
) -> list[np.ndarray]:  # fmt: skip
    """The results cut or filled to `size`; but not the one at `inverse`, which indexes them."""
    resized = []
    for place, result in enumerate(results):
        along = axis if place == 0 else 0
        missing = size - result.shape[along]
        if place == inverse or missing == 0:
            resized.append(result)
        elif missing < 0:
            resized.append(np.take(result, range(size), along))
        else:
            first = np.take(result, [0], along)
            filling = first if fill_value is None or place else np.full_like(first, fill_value)
            if counts and place == len(results) - 1:
                filling = np.zeros_like(first)
            resized.append(np.concatenate([result, np.repeat(filling, missing, along)], along))
    return resized


def bincount(x: Tensor, weights: Tensor = None, minlength: int = 0, sparse: bool = False) -> Any:
    """How often each number 0, 1, 2, ... occurs; or the sum of the weights where it does.

    Args:
        x: integers of at least 0, of shape (size,) or (samples, size).
        weights: of x's shape.
        minlength: the least length of the result.
        sparse: there are only dense tensors here, so True is refused.

    Returns counts as int32 (or sums in the weights' dtype), of shape (length,) or
    (samples, length), where the length is the greatest number + 1.

    Raises TypeError for a symbolic tensor; ValueError for negative numbers, other ranks, sparse.

    >>> bincount([1, 2, 2, 4])
    array([0, 1, 2, 0, 1], dtype=int32)
    """
    values = _values_of("bincount", x, "Use ops.segment_sum, which is told the length.")
    weighing = np.ones(values.shape, np.int32) if weights is None else operand(weights)
    fits = values.ndim in (1, 2) and values.dtype.kind in "iu" and weighing.shape == values.shape
    if sparse or not fits or (values.size and values.min() < 0):
        raise ValueError(
            "bincount: expected integers of at least 0 in a tensor of rank 1 or 2, weights of its "
            f"shape, and sparse=False. Received: shape {values.shape}, dtype {values.dtype}, "
            f"weights of shape {weighing.shape}, sparse={sparse}"
        )
    length = max(int(values.max()) + 1 if values.size else 0, minlength)
    rows = [
        scatter_add(row.astype(np.int64), weight, size=length)
        for row, weight in zip(np.atleast_2d(values), np.atleast_2d(weighing), strict=True)
    ]
    return np.stack(rows) if values.ndim == 2 else rows[0]
