"""`PyDataset`: batches that a program makes by their numbers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any


class PyDataset:
    """A data set that makes its batches on demand: override `__len__` and `__getitem__`.

    `__getitem__(index)` returns the batch `(x, y)` or `(x, y, sample_weight)`. Nothing else is
    kept in memory, so the whole may be far larger than it. `fit(shuffle=True)` asks for the batches
    in a new order each epoch. `on_epoch_begin` and `on_epoch_end` are called around each epoch. A
    data set without an end overrides `num_batches` to be None.

    Args:
        workers: how many threads make batches ahead, in their order; with 1, batches are made in
            the calling thread.
        use_multiprocessing: accepted as in Keras: threads are what there is.
        max_queue_size: how many batches are made ahead.

    >>> import numpy as np
    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 2
    ...     def __getitem__(self, index):
    ...         x = np.arange(4.0)[:, None] + 4 * index
    ...         return x, x**2
    >>> [y.sum() for x, y in Squares()]
    [np.float64(14.0), np.float64(126.0)]
    """

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} needs __len__: its number of batches.")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} needs __getitem__(index): a batch.")

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        return (self[index] for index in (itertools.count() if count is None else range(count)))

    @property
    def num_batches(self) -> int | None:
        """The number of batches; None for a data set without an end."""
        return len(self)

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch; override it to reshuffle."""
