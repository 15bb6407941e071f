"""The checks of the plain loops, kept out of their way."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from operator import index as as_integer
from typing import Any

import numpy as np

RANKS = {
    1: "a vector (rank 1)",
    2: "a matrix (rank 2)",
    4: "of rank 4: (samples, height, width, channels)",
}


def tensor(who: str, name: str, value: Any, rank: int | None = None) -> np.ndarray:
    """`value` as an array of numbers, of the rank asked for."""
    try:
        x = np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"{who} expected {name} to be a tensor. Received: nested lists of unequal lengths. "
            "Give every row as many values."
        ) from error
    if x.dtype.kind in "OSUMm":
        raise TypeError(
            f"{who} expected {name} to hold numbers. Received: dtype {x.dtype}. "
            'Convert it first, e.g. x.astype("float32").'
        )
    if rank is not None and x.ndim != rank:
        raise ValueError(
            f"{who} expected {name} to be {RANKS[rank]}. "
            f"Received: shape {x.shape}, rank {x.ndim}. Reshape it, or pick out one part."
        )
    return x


def two_of_one_shape(who: str, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays of numbers, if their shapes are equal."""
    x, y = tensor(who, "x", x), tensor(who, "y", y)
    if x.shape != y.shape:
        raise ValueError(
            f"{who} expected x and y of one shape. Received: shapes {x.shape} and {y.shape}. "
            "To add a vector to every row of a matrix, see naive_add_matrix_and_vector; "
            "np.broadcast_to repeats a tensor along other axes."
        )
    return x, y


def matrix_and_vector(who: str, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays of numbers, if x's rows are as long as y."""
    x, y = tensor(who, "x", x, rank=2), tensor(who, "y", y, rank=1)
    same_length(who, "x of shape (a, b), y of shape (b,)", x, y)
    return x, y


def same_length(who: str, expected: str, x: np.ndarray, y: np.ndarray) -> None:
    """Refuse an x whose last axis is not as long as the vector y."""
    if x.shape[-1] != y.shape[0]:
        raise ValueError(
            f"{who} expected {expected}. Received: shapes {x.shape} and {y.shape}: "
            f"{x.shape[-1]} is not {y.shape[0]}.{advice(x, y)}"
        )


def advice(x: np.ndarray, y: np.ndarray) -> str:
    """The transpose that would make the dot product of x and y fit, if there is one."""
    if x.ndim == 2 and x.shape[0] == y.shape[0]:
        return f" naive_transpose(x), of shape {x.shape[::-1]}, would fit."
    if y.ndim == 2 and x.shape[1] == y.shape[1]:
        return f" naive_transpose(y), of shape {y.shape[::-1]}, would fit."
    return " These two axes must be of one length."


def resolve_shape(x: np.ndarray, shape: int | Sequence[int]) -> tuple[int, ...]:
    """`shape` as a tuple, with -1 replaced by the length that x's values fill."""
    wanted = (shape,) if isinstance(shape, int | np.integer) else tuple(map(as_integer, shape))
    known = prod(length for length in wanted if length != -1)
    left_over = x.size // known if known > 0 else 0
    resolved = tuple(left_over if length == -1 else length for length in wanted)
    if wanted.count(-1) > 1 or min(wanted, default=0) < -1 or prod(resolved) != x.size:
        raise ValueError(
            f"naive_reshape expected a shape of {x.size} values, as x of shape {x.shape} has, "
            f"with at most one -1. Received: {wanted}. ({x.size},) would do."
        )
    return resolved


def window_counts(who: str, x: np.ndarray, size: tuple[int, int], stride: int) -> tuple[int, int]:
    """How many windows of that size fit into x's height, and into its width."""
    height, width = x.shape[1:3]
    if not 1 <= size[0] <= height or not 1 <= size[1] <= width or stride < 1:
        raise ValueError(
            f"{who} expected windows of at least 1 pixel that fit into images of {height} x {width}"
            f", and a stride of at least 1. Received: windows of {size[0]} x {size[1]}, "
            f"stride {stride}."
        )
    return (height - size[0]) // stride + 1, (width - size[1]) // stride + 1
