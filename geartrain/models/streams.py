"""Batches that iterables make, one after the other."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.data.ahead import on_threads, read_ahead
from geartrain.data.base import Base
from geartrain.data.spec import spec_of
from geartrain.models.data import Batch, digest_of, prepared, unpacked
from geartrain.models.passes import Batches, other_data
from geartrain.models.py_dataset import PyDataset

_AHEAD = 2  # batches of a data set that are made while one is used


class StreamBatches(Batches):
    """Batches that an iterable makes."""

    def __init__(
        self, source: Iterable[Any], who: str, class_weight: Any, steps: int | None, goes_on: bool
    ) -> None:
        super().__init__(who, class_weight, steps, goes_on)
        self.source = source
        if steps is None:
            self.count = self._whole()
        self._once = not isinstance(source, PyDataset) and iter(source) is source
        self._iterator: Iterator[Any] | None = None
        self._peeked: list[Batch] = []
        self._begun = self._ended = self._batch_number = 0  # epochs, and batches of the latest

    def _whole(self) -> int | None:
        """The number of all batches, where it is known."""
        try:
            return len(self.source)  # type: ignore[arg-type]
        except TypeError:  # of a data set too, whose length is not known
            return None

    def first(self) -> Batch:
        """The first batch; it will be delivered again by `epoch`."""
        if not self._peeked:
            found = next(self._all(None), None)
            if found is None:
                raise ValueError(f"{self.who}: the data gave no batch at all. Received: an iterable"
                                 f" of type {type(self.source).__name__}")  # fmt: skip
            self._peeked = [found]
        return self._peeked[0]

    def _all(self, order: np.ndarray | None, first: int = 0) -> Iterator[Batch]:
        if self._peeked:
            yield self._peeked.pop()
        elif self._iterator is None or not self._once:
            self._iterator = self._begin()
        for item in self._iterator or ():
            yield self._ready(item)

    def _begin(self) -> Iterator[Any]:
        """All that the iterable makes, from the beginning."""
        if any(
            kind.__module__.startswith("torch.utils.data") for kind in type(self.source).__mro__
        ):
            # whose loaders make lists of tuples
            return (tuple(one) if type(one) is list else one for one in self.source)
        return iter(self.source)

    def _ready(self, item: Any) -> Batch:
        return prepared(unpacked(item, self.who), self.class_weight)

    def on_epoch_begin(self) -> None:
        """Tell the data set, if it wants to know."""
        self._begun += 1
        self._batch_number = 0
        if hasattr(self.source, "on_epoch_begin"):
            self.source.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Tell the data set, if it wants to know."""
        self._ended += 1
        if hasattr(self.source, "on_epoch_end"):
            self.source.on_epoch_end()

    def epoch(self, order: np.ndarray | None = None, first: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, which are counted."""
        for batch in super().epoch(order, first):
            self._batch_number += 1
            yield batch

    def place(self) -> dict[str, Any]:
        """How far the data are read, and the digest of the latest batch."""
        return {
            **super().place(), "digest": digest_of(self.latest),
            "epochs": [self._begun, self._ended], "batch": self._batch_number,
        }  # fmt: skip

    def go_on(self, place: dict[str, Any], order: np.ndarray | None, midway: bool) -> None:
        """Go through all batches that were taken before: there is no other way to the next one."""
        begun, ended = place["epochs"]
        for number in range(begun):
            self.on_epoch_begin()
            batches = self.epoch()
            if number < ended:
                deque(batches, maxlen=0)
                self.on_epoch_end()
            else:
                deque(itertools.islice(batches, place["batch"]), maxlen=0)
                self._continues = True
        if digest_of(self.latest) != place["digest"]:
            raise other_data(self.who, f"others from {type(self.source).__name__}")


class DatasetBatches(StreamBatches):
    """Batches of a `PyDataset`, in any order."""

    source: PyDataset

    def _whole(self) -> int | None:
        return self.source.num_batches

    def _begin(self) -> Iterator[Any]:
        """By their numbers, whatever a data set's own `__iter__` does."""
        return PyDataset.__iter__(self.source)

    @property
    def ordered(self) -> int | None:  # type: ignore[override]
        """The number of batches that `fit(shuffle=True)` puts in order."""
        return self.source.num_batches

    def first(self) -> Batch:
        """The first batch; it will be delivered again by `epoch`."""
        if not self._peeked and self.ordered != 0 and self._workers > 1:
            self._peeked = [self._ready(self.source[0])]
        return super().first()

    @property
    def _workers(self) -> int:
        return int(getattr(self.source, "workers", 1))  # its own __init__ may set none

    def _all(self, order: np.ndarray | None, first: int = 0) -> Iterator[Batch]:
        if order is None and self._workers < 2 and not first:
            yield from super()._all(None)
            return
        count = self.source.num_batches
        indices = itertools.count(first) if count is None else iter(range(first, count))
        if order is not None:
            indices = iter(order[first:].tolist())
        if self._workers < 2:
            yield from map(self._batch, indices)
            return
        most = max(1, getattr(self.source, "max_queue_size", 10))
        yield from on_threads(self._batch, indices, self._workers, most)

    def place(self) -> dict[str, Any]:
        """How far it is read, and what the data set says of itself, if it has a `get_state`."""
        own = self.source.get_state() if hasattr(self.source, "get_state") else None
        epochs = [self._begun, self._ended]
        return {**Batches.place(self), "epochs": epochs, "peeked": bool(self._peeked), "own": own}

    def go_on(self, place: dict[str, Any], order: np.ndarray | None, midway: bool) -> None:
        """Skip what was taken, which needs no batch."""
        begun, ended = place["epochs"]
        for number in range(begun):
            self.on_epoch_begin()
            if number < ended:
                self.on_epoch_end()
        if place["own"] is not None:
            self.source.set_state(place["own"])  # type: ignore[attr-defined]
        if not place["peeked"]:
            self._peeked = []
        Batches.go_on(self, place, order, midway)

    def _batch(self, index: int) -> Batch:
        peeked = index == 0 and self._peeked
        return self._peeked.pop() if peeked else self._ready(self.source[index])


class ReadBatches(StreamBatches):
    """Batches that are read from a data set, on a thread."""

    source: Base

    def _begin(self) -> Iterator[Any]:
        return read_ahead(self.source._make, _AHEAD)

    def _ready(self, item: Any) -> Batch:
        if any(np.ndim(leaf) == 0 for leaf in tree.flatten(item)):
            raise ValueError(
                f"{self.who}: expected a data set of batches. Received: elements such as "
                f"{spec_of(item)}. Make batches of them: dataset.batch(32)."
            )
        return super()._ready(item)

    def _whole(self) -> int | None:
        return self.source._count if self.source._count >= 0 else None
