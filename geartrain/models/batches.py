"""The batches of `fit`, `evaluate` and `predict`, epoch after epoch.

`batches_of` makes `Batches` of arrays, nested arrays, `PyDataset`s, generators and other iterables.
Where an epoch begins is one rule, written once, in `Batches.epoch`.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.data.ahead import on_threads, read_ahead
from geartrain.data.base import Base
from geartrain.data.rows import Batched
from geartrain.data.spec import spec_of
from geartrain.errors import describe_value, shown, warn
from geartrain.models.data import (
    Batch,
    as_array,
    as_input,
    check_lengths,
    first_leaf,
    is_stream,
    map_part,
    number_of_samples,
    prepare,
    prepared,
    unpacked,
)
from geartrain.models.on_disk import LARGE, OnDisk, stays
from geartrain.models.py_dataset import PyDataset

DEFAULT_BATCH_SIZE = 32
_AHEAD = 2  # batches of a data set that are made while one is used


class Batches:
    """Batches of some data, epoch after epoch.

    Args:
        who: the method that they are for, for messages.
        class_weight: a weight for each class.
        steps: the number of batches of an epoch, where it is not all of them.
        goes_on: whether an epoch of `steps` begins where the one before stopped, as in training,
            rather than at the beginning of the data.

    Attributes:
        total: the number of samples, where it is known.
        samples: the number of those in an epoch, where it is known.
        count: the number of batches in an epoch, where it is known.
        ordered: how many things there are to put in order: samples or batches; None if the data
            come in an order of their own.
        passes: how often the data were begun.
        taken: how many batches were taken since they were begun last.
        order_of_pass: the order that holds since then.
    """

    total: int | None = None
    samples: int | None = None
    ordered: int | None = None

    def __init__(self, who: str, class_weight: Any, steps: int | None, goes_on: bool) -> None:
        self.who, self.class_weight = who, class_weight
        self.steps, self.goes_on, self.count = steps, goes_on, steps
        self._left: Iterator[Batch] = iter(())
        self._continues = False
        self.passes = self.taken = 0
        self.order_of_pass: np.ndarray | None = None

    def first(self) -> Batch:
        """The first batch, for tracing."""
        raise NotImplementedError

    def _all(self, order: np.ndarray | None, first: int = 0) -> Iterator[Batch]:
        """All batches, from the beginning of the data, or from the one with the number `first`."""
        raise NotImplementedError

    def epoch(self, order: np.ndarray | None = None, first: int = 0) -> Iterator[Batch]:
        """The batches of one epoch; `order` holds from where the data begin again.

        Where `first` batches of it were done before, those that come after.
        """
        if self.steps is not None and first >= self.steps:
            return
        continues = self._continues or bool(self.steps and self.goes_on)
        left = self._left if continues else iter(())
        self._continues = False
        head = list(itertools.islice(left, 1))
        self._left = left
        if not head and not (first and continues):
            self.begin(first)
            self.order_of_pass = order
            self._left = self._all(order, first)
        number = first
        most = None if self.steps is None else self.steps - first
        for batch in itertools.islice(itertools.chain(head, self._left), most):
            number += 1
            self.taken += 1
            yield batch
        if number < (self.steps or 1) and self.total != 0:
            self._warn_of_the_end(number)

    def begin(self, first: int) -> int:
        """Note that the data begin again, or go on behind `first` batches; returns that number."""
        self.passes += not first
        self.taken = first
        return first

    def _warn_of_the_end(self, number: int) -> None:
        if number:
            warn(
                f"{self.who}: expected {self.steps} batches in an epoch. Received: {number}, where "
                "the data end. Ask for fewer steps, or give a generator that goes on."
            )
        else:
            warn(
                f"{self.who}: expected batches for another epoch. Received: data that were gone "
                "through before and cannot begin again. Give a PyDataset, or say how many steps "
                "an epoch has and give a generator that goes on."
            )

    def shuffled(self, random: np.random.Generator) -> np.ndarray | None:
        """A random order of what there is to put in order."""
        return random.permutation(self.ordered) if self.ordered else None

    def order(self, given: np.ndarray | None) -> np.ndarray | None:
        """The order of an epoch: the given one, unless the data have an order of their own."""
        return given

    def reached(self, position: int) -> None:
        """Told how many samples of the order are used, where the data may be read ahead."""

    def on_epoch_begin(self) -> None:
        """Tell the data, if they want to know."""

    def on_epoch_end(self) -> None:
        """Tell the data, if they want to know."""


class ArrayBatches(Batches):
    """Batches cut from arrays."""

    def __init__(
        self, data: Batch, batch_size: int, who: str, class_weight: Any, steps: int | None,
        goes_on: bool,
    ) -> None:  # fmt: skip
        super().__init__(who, class_weight, steps, goes_on)
        self.data, self.batch_size = data, batch_size
        self.total = self.ordered = number_of_samples(data)
        whole = math.ceil(self.total / batch_size)
        self.count = min(whole, steps) if steps else whole
        self.samples = min(self.total, self.count * batch_size)

    def _leaves(self) -> list[np.ndarray]:
        return [leaf for leaf in tree.flatten(list(self.data)) if leaf is not None]

    @functools.cached_property
    def on_disk(self) -> OnDisk:
        """What of the data is on a disk."""
        return OnDisk(self._leaves())

    @property
    def stays(self) -> bool:
        """Whether the data need not be copied from a disk into memory to be computed with."""
        return all(map(stays, self._leaves()))

    def shuffled(self, random: np.random.Generator) -> np.ndarray | None:
        """A random order of the samples, near one another in large files."""
        if not self.ordered or self.on_disk.size < LARGE:
            return super().shuffled(random)
        return self.on_disk.shuffled(self.ordered, random)

    def reached(self, position: int) -> None:
        """Read ahead."""
        self.on_disk.reached(position)

    def _all(self, order: np.ndarray | None, first: int = 0) -> Iterator[Batch]:
        assert self.total is not None
        for start in range(first * self.batch_size, self.total, self.batch_size):
            self.reached(start)
            rows = slice(start, min(start + self.batch_size, self.total))
            chosen = rows if order is None else order[rows]
            cut = Batch(*(map_part(lambda array, c=chosen: array[c], part) for part in self.data))
            yield prepared(cut, self.class_weight)

    @functools.cached_property
    def whole(self) -> Batch:
        """All samples as one batch, in the form of a batch, each array in one piece."""
        ready = prepared(self.data, self.class_weight)
        return Batch(*(map_part(np.ascontiguousarray, part) for part in ready))

    def first(self) -> Batch:
        """The first batch, for tracing."""
        found = next(self._all(None), None)
        return found or Batch(*(map_part(prepare, part) for part in self.data))


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
        if hasattr(self.source, "on_epoch_begin"):
            self.source.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Tell the data set, if it wants to know."""
        if hasattr(self.source, "on_epoch_end"):
            self.source.on_epoch_end()


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


class RowBatches(ArrayBatches):
    """Batches of rows of arrays, in the order that a data set gives them in each epoch."""

    def __init__(
        self, batched: Batched, who: str, class_weight: Any, steps: int | None, goes_on: bool
    ) -> None:
        assert batched.rows is not None
        data = unpacked(batched.rows.block, who)
        super().__init__(data, batched.size, who, class_weight, steps, goes_on)
        size, count = batched.size, batched.total
        self.rows, self.ordered = batched.rows, None
        self.total = count // size * size if batched.drop_remainder else count
        whole = math.ceil(self.total / size)
        self.count = min(whole, steps) if steps else whole
        self.samples = min(self.total, self.count * size)

    def order(self, given: np.ndarray | None) -> np.ndarray | None:
        """The numbers of the rows of the next epoch; None for all, as they stand."""
        fixed = self.rows.fixed
        if fixed is not None and fixed.start == 0 and fixed.step == 1:
            return None
        pieces = [np.asarray(piece, np.int64) for piece in self.rows.order()]
        return np.concatenate(pieces)[: self.total] if pieces else np.arange(0)

    def first(self) -> Batch:
        """Some batch, for tracing: an order that nobody goes through is not drawn."""
        return next(super()._all(None))

    def _all(self, order: np.ndarray | None, first: int = 0) -> Iterator[Batch]:
        return super()._all(self.order(None) if order is None else order, first)


def batches_of(
    who: str,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    class_weight: dict[int, float] | None = None,
    steps: int | None = None,
    goes_on: bool = False,
) -> Batches:
    """Batches of any data that Keras takes.

    Args:
        who: the method's name, for errors.
        x, y, sample_weight: arrays or nested arrays; or a stream of batches as x alone.
        batch_size: samples a batch, 32 by default.
        class_weight: a weight for each class.
        steps: the number of batches of an epoch, where it is not all of them.
        goes_on: see `Batches`.
    """
    if class_weight is not None and sample_weight is not None:
        raise ValueError(
            f"{who}: expected class_weight or sample_weight. Received: both. Multiply them into "
            "one sample_weight."
        )
    if x is None or isinstance(x, str | bytes | set) or (callable(x) and not is_stream(x)):
        raise _no_data(who, x)
    if is_stream(x):
        if y is not None or sample_weight is not None:
            raise ValueError(
                f"{who}: expected y and sample_weight inside the batches of a stream. Received: x "
                f"of type {type(x).__name__} and y={describe_value(y)}. Yield (x, y) tuples."
            )
        if isinstance(x, Base):
            batched = x._batched
            if batched is not None and batched.rows is not None and batched.total > 0:
                return RowBatches(batched, who, class_weight, steps, goes_on)
            return ReadBatches(x, who, class_weight, steps, goes_on)
        kind = DatasetBatches if isinstance(x, PyDataset) else StreamBatches
        return kind(x, who, class_weight, steps, goes_on)
    size = DEFAULT_BATCH_SIZE if batch_size is None else batch_size
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise ValueError(
            f"{who}: expected batch_size to be a whole number of 1 or more. Received: {shown(size)}"
        )
    data = Batch(map_part(as_input, x), map_part(as_array, y), map_part(as_array, sample_weight))
    check_lengths(who, data)
    if not number_of_samples(data) and who != "predict":
        raise ValueError(
            f"{who}: expected at least one sample. Received: x of "
            f"{describe_value(first_leaf(data))}. Look at how the data were cut."
        )
    return ArrayBatches(data, int(size), who, class_weight, steps, goes_on)


def _no_data(who: str, x: Any) -> Exception:
    """The error for an x that is no data at all."""
    message = (
        f"{who}: expected x as an array, arrays, or a stream of batches. Received: {shown(x)}."
    )
    if x is None:
        return ValueError(message)
    if isinstance(x, str | bytes):
        return TypeError(f"{message} Load the file first, for example with np.load.")
    if isinstance(x, set):
        return TypeError(f"{message} A set has no order: make it a list or an array.")
    return TypeError(f"{message} Call it, if it makes the data: {who}(function(), ...).")
