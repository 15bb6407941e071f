"""The batches of `fit`, `evaluate` and `predict`, epoch after epoch.

`batches_of` makes `Batches` of arrays, nested arrays, `PyDataset`s, generators and other iterables.
Where an epoch begins is one rule, written once, in `passes.Batches.epoch`.
"""

from __future__ import annotations

import functools
import itertools
import math
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from geartrain import config, tree
from geartrain.data.base import Base
from geartrain.data.rows import Batched
from geartrain.distribution import current
from geartrain.errors import describe_value, shown, warn
from geartrain.models.data import (
    Batch,
    PartOfBatch,
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
from geartrain.models.passes import Batches, other_data
from geartrain.models.py_dataset import PyDataset
from geartrain.models.streams import DatasetBatches, ReadBatches, StreamBatches

DEFAULT_BATCH_SIZE = 32


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

    def leaves(self) -> list[np.ndarray]:
        """All arrays."""
        return [leaf for leaf in tree.flatten(list(self.data)) if leaf is not None]

    @functools.cached_property
    def on_disk(self) -> OnDisk:
        """What of the data is on a disk."""
        return OnDisk(self.leaves())

    @property
    def stays(self) -> bool:
        """Whether the data need not be copied from a disk into memory to be computed with."""
        return all(map(stays, self.leaves()))

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
            stop = min(start + self.batch_size, self.total)
            begin, end = current.rows_to_read(start, stop)
            chosen = slice(begin, end) if order is None else order[begin:end]
            cut = Batch(*(map_part(lambda array, c=chosen: array[c], part) for part in self.data))
            batch = prepared(cut, self.class_weight)
            if end - begin < stop - start:
                batch = PartOfBatch(*batch)
                batch.span = (begin - start, stop - start)
            yield batch

    def again(self, order: np.ndarray | None, first: int, last: int) -> Iterator[Batch]:
        """The batches from `first` on, up to `last`, of an order that was gone through."""
        return itertools.islice(self._all(order, first), last - first)

    @functools.cached_property
    def whole(self) -> Batch:
        """All samples as one batch, in the form of a batch, each array in one piece."""
        ready = prepared(self.data, self.class_weight)
        return Batch(*(map_part(np.ascontiguousarray, part) for part in ready))

    def first(self) -> Batch:
        """The first batch, for tracing."""
        found = next(self._all(None), None)
        return found or Batch(*(map_part(prepare, part) for part in self.data))


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
        self._checksum: int | None = None  # of the latest order
        self._expected: int | None = None  # of the next one, where it is known
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
        drawn = np.concatenate(pieces)[: self.total] if pieces else np.arange(0)
        self._checksum = zlib.crc32(drawn.tobytes())
        if self._expected not in (None, self._checksum):
            raise other_data(self.who, "rows in another order")
        self._expected = None
        return drawn

    def place(self) -> dict[str, Any]:
        """How far they are read, and the checksum of the latest order."""
        return {**super().place(), "order": self._checksum}

    def go_on(self, place: dict[str, Any], order: np.ndarray | None, midway: bool) -> None:
        """Draw all orders that were drawn before: each depends on how many there were."""
        continues = midway or (self.steps and self.goes_on)
        drawn = place["passes"] - 1 if continues else place["passes"]
        for number in range(1, drawn + 1):
            self._expected = place["order"] if number == place["passes"] else None
            self.order(None)
        self._expected = place["order"] if continues else None
        super().go_on(place, None, midway)

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
    most = config.max_steps_per_epoch()
    if most is not None and (steps is None or most < steps):
        warn(f"{who}: limited to {most} steps an epoch by config.set_max_steps_per_epoch")
        steps = most
    if x is None or isinstance(x, str | bytes | set) or (callable(x) and not is_stream(x)):
        raise _no_data(who, x)
    if is_stream(x):
        _refuse_rows(who, x)
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


def _refuse_rows(who: str, x: Any) -> None:
    """Refuse a data set of rows by columns, as of Hugging Face's library: what is y is not said."""
    columns = getattr(x, "column_names", None)
    if columns and hasattr(x, "features"):
        raise ValueError(
            f"{who}: expected arrays, or a stream of batches (x, y). Received: a "
            f"{type(x).__name__} of rows with {', '.join(columns)}. Write data = "
            f"data.with_format('numpy') and {who}(data[inputs], data[targets]), by the names of "
            "columns."
        )


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
