"""`split_dataset`: data in two parts, as for training and for testing."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.data.base import Base
from geartrain.data.dataset import Dataset
from geartrain.data.elements import as_element, gathered
from geartrain.errors import shown
from geartrain.random import fresh_seed


def split_dataset(
    dataset: Any,
    left_size: float | int | None = None,
    right_size: float | int | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """The samples in two data sets, each nested as the data are.

    Args:
        dataset: arrays with equal first axes, alone or in a list, tuple or dict; a
            `data.Dataset`; or a data set of PyTorch's that has a length.
        left_size: how many samples the first part has, or, between 0 and 1, which share of them;
            by default what the second leaves.
        right_size: the same of the second part.
        shuffle: whether the samples are in a random order.
        seed: of that order.
        preferred_backend: accepted for Keras.

    Returns two `data.Dataset`s, in batches where the data set was; of PyTorch's two subsets.

    Raises:
        TypeError: what is no data set, and sizes that are no numbers.
        ValueError: no size, sizes beyond the data, a part that would be empty, or arrays of
            several lengths.

    >>> left, right = split_dataset(np.arange(5), left_size=0.6)
    >>> list(left), list(right)
    ([array(0), array(1), array(2)], [array(3), array(4)])
    """
    total, part = _samples(dataset)
    left, right = _counts(total, left_size, right_size)
    order = list(range(total))
    if shuffle:
        random.Random(fresh_seed() if seed is None else seed).shuffle(order)
    return part(order[:left]), part(order[total - right :])


def _samples(dataset: Any) -> tuple[int, Callable[[list[int]], Any]]:
    """How many samples there are, and what makes a data set of some of them."""
    if isinstance(dataset, Base):
        batched = dataset._batched
        source: Any = dataset.unbatch() if batched else dataset  # type: ignore[attr-defined]
        samples = list(source)

        def chosen(order: list[int]) -> Any:
            found = [samples[place] for place in order]
            made = Dataset._made(lambda: iter(found), len(found), lambda: source.element_spec)
            return made.batch(batched.size, batched.drop_remainder) if batched else made

        return len(samples), chosen
    if type(dataset).__module__.partition(".")[0] == "torch" or _is_torch(type(dataset)):
        subset = importlib.import_module("torch.utils.data").Subset
        return len(dataset), lambda order: subset(dataset, order)
    block = as_element(tuple(dataset) if isinstance(dataset, list) else dataset)
    leaves = tree.flatten(block)
    if not leaves or not all(isinstance(leaf, np.ndarray) and leaf.ndim for leaf in leaves):
        raise (TypeError if leaves else ValueError)(
            "split_dataset: expected a data set, or arrays of at least one axis, nested or not. "
            f"Received: {shown(dataset)}. Make an array of a list of samples first: "
            "np.asarray(data)."
        )
    sizes = {len(leaf) for leaf in leaves}
    if len(sizes) != 1:
        raise ValueError(
            f"split_dataset: expected arrays with equal first axes. Received: {sorted(sizes)} "
            "samples"
        )
    return sizes.pop(), lambda order: Dataset.from_tensor_slices(gathered(block, np.array(order)))


def _is_torch(kind: type) -> bool:
    """Whether a class is one of PyTorch's data sets, which is not imported to find out."""
    return any(one.__module__.startswith("torch.utils.data") for one in kind.__mro__)


def _counts(total: int, left: Any, right: Any) -> tuple[int, int]:
    """How many samples each part has."""
    told = f"left_size={left!r}, right_size={right!r}, and {total} samples"
    if left is None and right is None:
        raise ValueError(f"split_dataset: expected left_size or right_size. Received: {told}")
    for size in (left, right):
        if size is None:
            continue
        if isinstance(size, bool) or not isinstance(size, int | float | np.integer | np.floating):
            raise TypeError(
                f"split_dataset: expected sizes as whole numbers or shares. Received: {told}"
            )
        if not 0 < size < (1 if isinstance(size, float) else total):
            raise ValueError(
                "split_dataset: expected sizes as numbers of samples, less than all, or shares "
                f"between 0.0 and 1.0. Received: {told}"
            )
    first = round(left * total) if isinstance(left, float) else left
    second = round(right * total) if isinstance(right, float) else right
    first = total - second if first is None else int(first)
    second = total - first if second is None else int(second)
    if first + second > total or not first or not second:
        raise ValueError(
            "split_dataset: expected parts that have samples, and together at most all. "
            f"Received: {told}"
        )
    return first, second
