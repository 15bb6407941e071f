"""What `fit`, `evaluate` and `predict` accept as data, as batches.

`batches_of` turns arrays, nested arrays, `PyDataset`s, generators and other iterables into one of
two kinds of `Batches`: from arrays that are there as a whole, or from a stream.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from geartrain import config, tree
from geartrain.errors import describe_value
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.node import Node

DEFAULT_BATCH_SIZE = 32


class Batch(NamedTuple):
    """Inputs, targets and sample weights of some samples; each nested, or None."""

    x: Any
    y: Any = None
    sample_weight: Any = None


class PyDataset:
    """A data set that makes its batches on demand: override `__len__` and `__getitem__`.

    `__getitem__(index)` returns the batch `(x, y)` or `(x, y, sample_weight)`. Nothing else is
    kept in memory, so the whole may be far larger than it. `on_epoch_end` is called after each
    epoch.

    Args:
        workers, use_multiprocessing, max_queue_size: accepted as in Keras; batches are made in
            the calling thread.

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
        return (self[index] for index in range(len(self)))

    def on_epoch_end(self) -> None:
        """Called after each epoch; override it to reshuffle."""


class ArrayBatches:
    """Batches cut from arrays."""

    def __init__(self, data: Batch, batch_size: int, class_weight: Any, steps: int | None) -> None:
        self.data, self.batch_size, self.class_weight = data, batch_size, class_weight
        self.total: int | None = _length(data)
        whole = math.ceil(self.total / batch_size)
        self.steps = steps
        self.count: int | None = min(whole, steps) if steps else whole
        self.samples: int | None = min(self.total, self.count * batch_size)
        self._upcoming: Iterator[Batch] | None = None

    def epoch(self, order: np.ndarray | None = None) -> Iterator[Batch]:
        """The batches, with the samples in `order`.

        With a number of steps, an epoch goes on where the last one stopped, and ends with the data.
        """
        if self.steps is None:
            yield from self._cut(order)
            return
        for number in range(self.steps):
            batch = next(self._upcoming, None) if self._upcoming else None
            if batch is None:
                if number:
                    self._upcoming = None
                    return
                self._upcoming = self._cut(order)
                batch = next(self._upcoming)
            yield batch

    def _cut(self, order: np.ndarray | None) -> Iterator[Batch]:
        assert self.total is not None
        for start in range(0, self.total, self.batch_size):
            rows = slice(start, min(start + self.batch_size, self.total))
            chosen = rows if order is None else order[rows]
            cut = Batch(*(_map(lambda array, c=chosen: array[c], part) for part in self.data))
            yield prepared(cut, self.class_weight)

    @functools.cached_property
    def whole(self) -> Batch:
        """All samples as one batch, in the form of a batch, each array in one piece."""
        ready = prepared(self.data, self.class_weight)
        return Batch(*(_map(np.ascontiguousarray, part) for part in ready))

    def first(self) -> Batch:
        """The first batch, for tracing."""
        return next(self._cut(None), Batch(*(_map(prepare, part) for part in self.data)))

    def on_epoch_end(self) -> None:
        """Nothing to do for arrays."""


class StreamBatches:
    """Batches that an iterable makes."""

    def __init__(self, source: Iterable[Any], class_weight: Any, steps: int | None, who: str):
        self.source, self.class_weight, self.who = source, class_weight, who
        self.samples: int | None = None
        self.total: int | None = None
        self.steps = steps
        self.count = steps or (len(source) if hasattr(source, "__len__") else None)
        self.endless = iter(source) is source
        self._iterator: Iterator[Any] | None = None
        self._peeked: list[Batch] = []

    def first(self) -> Batch:
        """The first batch; it will be delivered again by `epoch`."""
        if not self._peeked:
            found = next(self._batches(), None)
            if found is None:
                raise ValueError(f"{self.who}: the data gave no batch at all. Received: an iterable"
                                 f" of type {type(self.source).__name__}")  # fmt: skip
            self._peeked = [found]
        return self._peeked[0]

    def _batches(self) -> Iterator[Batch]:
        if self._iterator is None or not self.endless:
            self._iterator = iter(self.source)
        for item in self._iterator:
            yield prepared(_unpacked(item, self.who), self.class_weight)

    def epoch(self, order: np.ndarray | None = None) -> Iterator[Batch]:
        """The batches of one epoch."""
        peeked, self._peeked = self._peeked, []
        if not peeked:
            upcoming = self._batches()
        elif self.endless:
            upcoming = _chain(peeked, self._batches())
        else:
            rest = (
                prepared(_unpacked(i, self.who), self.class_weight) for i in self._iterator or ()
            )
            upcoming = _chain(peeked, rest)
        for number, batch in enumerate(upcoming):
            yield batch
            if number + 1 == self.steps:
                return

    def on_epoch_end(self) -> None:
        """Tell the data set, if it wants to know."""
        if hasattr(self.source, "on_epoch_end"):
            self.source.on_epoch_end()


Batches = ArrayBatches | StreamBatches


def _chain(first: list[Batch], rest: Iterable[Batch]) -> Iterator[Batch]:
    yield from first
    yield from rest


def batches_of(
    who: str,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    class_weight: dict[int, float] | None = None,
    steps: int | None = None,
) -> Batches:
    """Batches of any data that Keras takes.

    Args:
        who: the method's name, for errors.
        x, y, sample_weight: arrays or nested arrays; or a stream of batches as x alone.
        batch_size: samples a batch, 32 by default.
        class_weight: a weight for each class.
        steps: the number of batches of an epoch, where it is not all of them.
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
        return StreamBatches(x, class_weight, steps, who)
    size = DEFAULT_BATCH_SIZE if batch_size is None else batch_size
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise ValueError(
            f"{who}: expected batch_size to be a whole number of 1 or more. Received: {size!r}"
        )
    data = Batch(_map(as_array, x), _map(as_array, y), _map(as_array, sample_weight))
    check_lengths(who, data)
    if not _length(data) and who != "predict":
        raise ValueError(
            f"{who}: expected at least one sample. Received: x of "
            f"{describe_value(_first(data))}. Look at how the data were cut."
        )
    return ArrayBatches(data, int(size), class_weight, steps)


def _no_data(who: str, x: Any) -> Exception:
    """The error for an x that is no data at all."""
    message = f"{who}: expected x as an array, arrays, or a stream of batches. Received: {x!r:.80}."
    if x is None:
        return ValueError(message)
    if isinstance(x, str | bytes):
        return TypeError(f"{message} Load the file first, for example with np.load.")
    if isinstance(x, set):
        return TypeError(f"{message} A set has no order: make it a list or an array.")
    return TypeError(f"{message} Call it, if it makes the data: {who}(function(), ...).")


def is_stream(x: Any) -> bool:
    """Whether `x` makes batches one after the other, rather than being an array."""
    if isinstance(x, np.ndarray | Node | list | tuple | dict) or hasattr(x, "__array__"):
        return False
    return isinstance(x, PyDataset) or hasattr(x, "__iter__")


def check_lengths(who: str, data: Batch) -> None:
    """Refuse arrays that differ in their number of samples."""
    lengths = {}
    for name, part in zip(data._fields, data, strict=True):
        for number, leaf in enumerate(_leaves(part)):
            if leaf.ndim == 0:
                raise ValueError(
                    f"{who}: expected {name} with a first axis of samples. Received a scalar: "
                    f"{leaf!r}"
                )
            lengths[name if number == 0 else f"{name}[{number}]"] = len(leaf)
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} has {count}" for name, count in list(lengths.items())[:4])
        if len(lengths) > 6:
            raise ValueError(
                f"{who}: expected as many samples in each array. Received: {shown} and "
                f"{len(lengths) - 4} more. A list of arrays means several inputs: make one array "
                "of samples with np.stack(x)."
            )
        raise ValueError(
            f"{who}: expected as many samples in each array. Received: {shown}. Cut them alike, "
            "or check that x and y come from the same split."
        )


def split(who: str, data: Batch, fraction: float) -> tuple[Batch, Batch]:
    """The first part of the data for training and the last `fraction` for validation."""
    if not isinstance(fraction, int | float | np.number) or not 0 < fraction < 1:
        raise ValueError(
            f"{who}: expected validation_split between 0 and 1. Received: {fraction!r}"
        )
    total = _length(data)
    border = math.floor(total * (1.0 - fraction))
    if border in (0, total):
        raise ValueError(
            f"{who}: validation_split={fraction} of {total} samples leaves nothing for "
            f"{'training' if border == 0 else 'validation'}."
        )

    def cut(rows: slice) -> Batch:
        return Batch(*(_map(lambda array: array[rows], part) for part in data))

    return cut(slice(0, border)), cut(slice(border, None))


def prepared(batch: Batch, class_weight: dict[int, float] | None) -> Batch:
    """A batch with floats in `floatx()`, and sample weights from class weights."""
    ready = Batch(*(_map(prepare, part) for part in batch))
    if class_weight is None:
        return ready
    return ready._replace(sample_weight=_class_weights(ready.y, class_weight))


def _class_weights(y: Any, class_weight: dict[int, float]) -> np.ndarray:
    if y is None or tree.is_nested(y):
        raise ValueError(
            "class_weight: expected a model with one output and its labels as y. "
            f"Received: y={describe_value(y)}. Use sample_weight instead."
        )
    labels = np.argmax(y, axis=-1) if y.ndim > 1 and y.shape[-1] > 1 else np.round(y).reshape(-1)
    weights = np.ones(labels.shape, numpy_dtype(config.floatx()))
    for label, weight in class_weight.items():
        weights[labels == label] = weight
    return weights


def prepare(array: Any) -> np.ndarray:
    """An array with floats in `floatx()`."""
    array = as_array(array)
    if array.dtype.kind != "f":
        return array
    return array.astype(numpy_dtype(config.floatx()), copy=False)


def as_array(value: Any) -> np.ndarray:
    """One tensor of the data as an array of numbers."""
    try:
        array = value if isinstance(value, np.ndarray) else np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"Expected arrays of numbers as data. Received: {describe_value(value)} ({error}). "
            "Cut or pad sequences to one length, for example with utils.pad_sequences."
        ) from None
    if array.dtype.kind not in "biufV":
        raise TypeError(
            f"Expected arrays of numbers as data. Received: {describe_value(value)} as dtype "
            f"{array.dtype}. {_encoding_hint(array)}"
        )
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _encoding_hint(array: np.ndarray) -> str:
    if array.dtype.kind == "c":
        return "Give real and imaginary parts apart: x.real, x.imag."
    if array.dtype.kind in "mM":
        return "Make numbers of times: x.astype('int64'), scaled to about -1..1."
    if array.dtype.kind == "O":
        return "If it holds numbers only, use x.astype('float32'); else encode what is none."
    return "Encode strings as numbers first."


def _map(function: Callable[[Any], Any], part: Any) -> Any:
    """`function` of each array of a nested part; a list of plain numbers is one array."""
    if part is None:
        return None
    if isinstance(part, dict):
        return {name: _map(function, item) for name, item in part.items()}
    if isinstance(part, tuple) or (
        isinstance(part, list) and part and hasattr(part[0], "__array__") and np.ndim(part[0]) > 0
    ):
        return [_map(function, item) for item in part]
    return function(part)


def _leaves(part: Any) -> list[np.ndarray]:
    return [leaf for leaf in tree.flatten(part) if leaf is not None]


def _first(data: Batch) -> np.ndarray:
    return _leaves(list(data))[0]


def _length(data: Batch) -> int:
    return len(_first(data))


def _unpacked(item: Any, who: str) -> Batch:
    if isinstance(item, tuple) and not 1 <= len(item) <= 3:
        raise ValueError(
            f"{who}: expected batches x, (x, y) or (x, y, sample_weight). Received: a tuple of "
            f"{len(item)}. Several inputs go into a list: ([x1, x2], y)."
        )
    inputs_alone = isinstance(item, list) and (who == "predict" or not 2 <= len(item) <= 3)
    several = isinstance(item, list | tuple) and 1 <= len(item) <= 3 and not inputs_alone
    batch = Batch(*item) if several else Batch(item)
    batch = Batch(*(_map(as_array, part) for part in batch))
    check_lengths(who, batch)
    return batch
