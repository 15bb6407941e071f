"""Data in two parts, as for training and for testing."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import tree
from geartrain.errors import shown


def split_dataset(
    dataset: Any,
    left_size: float | int | None = None,
    right_size: float | int | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """The samples in two parts, each nested as the data are.

    Args:
        dataset: an array, nested arrays with equal first axes, or a list of samples.
        left_size: how many samples the first part has, or, from 0 to 1, which share of them; by
            default what the second leaves.
        right_size: the same of the second part.
        shuffle: whether the samples are in a random order.
        seed: of that order.
        preferred_backend: accepted for Keras.

    Raises:
        TypeError: what are no arrays.
        ValueError: no size, sizes beyond the data, or arrays of several lengths.

    >>> split_dataset(np.arange(5), left_size=0.6)
    (array([0, 1, 2]), array([3, 4]))
    """
    arrays = [_array(leaf) for leaf in tree.flatten(dataset)]
    sizes = {len(array) for array in arrays}
    if len(sizes) != 1:
        raise ValueError(
            "split_dataset: expected arrays with equal first axes. "
            f"Received: {sorted(sizes) or 'none'} samples"
        )
    (total,) = sizes
    left, right = _counts(total, left_size, right_size)
    order = np.arange(total)
    if shuffle:
        np.random.default_rng(seed).shuffle(order)
    parts = (order[:left], order[left : left + right])
    return tuple(  # type: ignore[return-value]
        tree.pack_sequence_as(dataset, [array[part] for array in arrays]) for part in parts
    )


def _array(leaf: Any) -> np.ndarray:
    if not hasattr(leaf, "__array__") or not np.ndim(leaf):
        raise TypeError(
            f"split_dataset: expected arrays of at least one axis, nested or not. "
            f"Received: {shown(leaf)}. Make an array of a list of samples first: np.asarray(data)."
        )
    return np.asarray(leaf)


def _counts(total: int, left: Any, right: Any) -> tuple[int, int]:
    """How many samples each part has."""
    told = f"left_size={left!r}, right_size={right!r}, and {total} samples"
    if left is None and right is None:
        raise ValueError(f"split_dataset: expected left_size or right_size. Received: {told}")
    for size in (left, right):
        whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
        if size is not None and not (whole and 0 <= size <= total) and not (
            isinstance(size, float) and 0 <= size <= 1
        ):  # fmt: skip
            raise ValueError(
                "split_dataset: expected sizes as numbers of samples, or shares from 0.0 to 1.0. "
                f"Received: {told}"
            )
    first = round(left * total) if isinstance(left, float) else left
    second = round(right * total) if isinstance(right, float) else right
    first = total - second if first is None else int(first)
    second = total - first if second is None else int(second)
    if first + second > total:
        raise ValueError(
            f"split_dataset: expected sizes that are together at most all. Received: {told}"
        )
    return first, second
