"""What `fit`, `evaluate` and `predict` accept as data: one batch of it, whole or a part."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from geartrain import config, tree
from geartrain.errors import describe_value, shown
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.node import Node
from geartrain.utils.texts import as_texts


class Batch(NamedTuple):
    """Inputs, targets and sample weights of some samples; each nested, or None."""

    x: Any
    y: Any = None
    sample_weight: Any = None

    @property
    def place(self) -> dict[str, Any]:
        """Keywords for a program: where the samples lie, if they are a part of a batch."""
        return {}


class PartOfBatch(Batch):
    """The samples of a batch that this process computes, of several that compute together."""

    span: tuple[int, int]  # the number of the first one, and how many the whole batch has

    @property
    def place(self) -> dict[str, Any]:
        """See `Batch`."""
        return {"span": self.span}


def is_stream(x: Any) -> bool:
    """Whether `x` makes batches one after the other, rather than being an array."""
    if isinstance(x, np.ndarray | Node | Sequence | dict) or hasattr(x, "__array__"):
        return False
    return hasattr(x, "__iter__")


def check_lengths(who: str, data: Batch) -> None:
    """Refuse arrays that differ in their number of samples."""
    lengths = {}
    for name, part in zip(data._fields, data, strict=True):
        for number, leaf in enumerate(_leaves(part)):
            if leaf.ndim == 0:
                raise ValueError(
                    f"{who}: expected {name} with a first axis of samples. Received a scalar: "
                    f"{shown(leaf)}"
                )
            lengths[name if number == 0 else f"{name}[{number}]"] = len(leaf)
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} has {count}" for name, count in list(lengths.items())[:4])
        if len(lengths) > 6:
            raise ValueError(
                f"{who}: expected as many samples in each array. Received: {found} and "
                f"{len(lengths) - 4} more. A list of arrays means several inputs: make one array "
                "of samples with np.stack(x)."
            )
        raise ValueError(
            f"{who}: expected as many samples in each array. Received: {found}. Cut them "
            "alike, or check that x and y come from the same split."
        )


def split(who: str, data: Batch, fraction: float) -> tuple[Batch, Batch]:
    """The first part of the data for training and the last `fraction` for validation."""
    if not isinstance(fraction, int | float | np.number) or not 0 < fraction < 1:
        raise ValueError(
            f"{who}: expected validation_split between 0 and 1. Received: {shown(fraction)}"
        )
    total = number_of_samples(data)
    border = math.floor(total * (1.0 - fraction))
    if border in (0, total):
        raise ValueError(
            f"{who}: validation_split={fraction} of {total} samples leaves nothing for "
            f"{'training' if border == 0 else 'validation'}."
        )

    def cut(rows: slice) -> Batch:
        return Batch(*(map_part(lambda array: array[rows], part) for part in data))

    return cut(slice(0, border)), cut(slice(border, None))


def prepared(batch: Batch, class_weight: dict[int, float] | None) -> Batch:
    """A batch with floats in `floatx()`, and sample weights from class weights."""
    ready = Batch(*(map_part(prepare, part) for part in batch))
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
    array = as_input(array)
    if array.dtype.kind != "f":
        return array
    return array.astype(numpy_dtype(config.floatx()), copy=False)


def as_input(value: Any) -> np.ndarray:
    """One input as an array of numbers, or of Python's strings where it holds texts.

    A column of a data frame has a value for each sample: (samples, 1), as in Keras.
    """
    if hasattr(value, "to_frame") and getattr(value, "ndim", 0) == 1:
        value = value.to_frame()
    if isinstance(value, Sequence) and not isinstance(value, list | tuple | str | bytes):
        value = value[:]  # of a column of a data set, which is read at once
    texts = as_texts(_columns(np.asarray(value)) if hasattr(value, "columns") else value)
    return as_array(value) if texts is None else texts


def as_array(value: Any) -> np.ndarray:
    """One tensor of the data as an array of numbers."""
    try:
        if isinstance(value, Sequence) and not isinstance(value, list | tuple):
            value = value[:]  # of a column of a data set, which is read at once
        array = value if isinstance(value, np.ndarray) else np.asarray(value)
        if array.dtype == object and hasattr(value, "columns"):
            array = _columns(array)
    except ValueError as error:
        raise ValueError(
            f"Expected arrays of numbers as data. Received: {describe_value(value)} ({error}). "
            "Cut or pad sequences to one length, for example with utils.pad_sequences."
        ) from None
    if array.dtype == object and array.size and all(one is None for one in array.flat):
        raise ValueError(
            "Expected arrays of numbers as data, since no input is optional here. Received: None"
        )
    if array.dtype.kind not in "biufV":
        raise TypeError(
            f"Expected arrays of numbers as data. Received: {describe_value(value)} as dtype "
            f"{array.dtype}. {_encoding_hint(array)}"
        )
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _columns(array: np.ndarray) -> np.ndarray:
    """A data frame whose columns are numbers of several kinds, as one array of floats.

    Texts of digits count as numbers, as in Keras; columns of anything else leave it as it is.
    """
    try:
        return array.astype(numpy_dtype(config.floatx()))
    except (TypeError, ValueError):
        return array


def _encoding_hint(array: np.ndarray) -> str:
    if array.dtype.kind == "c":
        return "Give real and imaginary parts apart: x.real, x.imag."
    if array.dtype.kind in "mM":
        return "Make numbers of times: x.astype('int64'), scaled to about -1..1."
    if array.dtype.kind == "O" and any(type(one).__name__ == "NAType" for one in array.flat):
        return "Values are missing: replace them, for example with frame.fillna(0)."
    if array.dtype.kind == "O":
        return "If it holds numbers only, use x.astype('float32'); else encode what is none."
    return "Encode strings as numbers first."


def map_part(function: Callable[[Any], Any], part: Any) -> Any:
    """`function` of each array of a nested part; a list of plain numbers is one array."""
    if part is None:
        return None
    if isinstance(part, dict):
        return {name: map_part(function, item) for name, item in part.items()}
    if isinstance(part, tuple) or (
        isinstance(part, list) and part and hasattr(part[0], "__array__") and np.ndim(part[0]) > 0
    ):
        return [map_part(function, item) for item in part]
    return function(part)


def _leaves(part: Any) -> list[np.ndarray]:
    return [leaf for leaf in tree.flatten(part) if leaf is not None]


def first_leaf(data: Batch) -> np.ndarray:
    """The first of its tensors."""
    return _leaves(list(data))[0]


def digest_of(data: Batch | None) -> str:
    """A checksum of all that is in some data, or of nothing.

    >>> digest_of(Batch(np.zeros(3, "float32"))), digest_of(None)
    ('d5ae4262', '00000000')
    """
    found = 0
    for leaf in _leaves([] if data is None else list(data)):
        array = leaf if leaf.dtype != object else np.array(list(map(repr, leaf.flat)))
        found = zlib.crc32(f"{array.dtype}{array.shape}".encode(), found)
        found = zlib.crc32(np.ascontiguousarray(array).view(np.uint8).reshape(-1), found)
    return f"{found:08x}"


def number_of_samples(data: Batch) -> int:
    """The length of the first axis of its tensors."""
    return len(first_leaf(data))


def unpacked(item: Any, who: str) -> Batch:
    """The batch that a stream gave as x, (x, y) or (x, y, sample_weight)."""
    if isinstance(item, tuple) and not 1 <= len(item) <= 3:
        raise ValueError(
            f"{who}: expected batches x, (x, y) or (x, y, sample_weight). Received: a tuple of "
            f"{len(item)}. Several inputs go into a list: ([x1, x2], y)."
        )
    inputs_alone = isinstance(item, list) and len(item) != 1
    inputs_alone = inputs_alone and (who == "predict" or not 2 <= len(item) <= 3)
    several = isinstance(item, list | tuple) and 1 <= len(item) <= 3 and not inputs_alone
    batch = Batch(*item) if several else Batch(item)
    batch = Batch(map_part(as_input, batch.x), *(map_part(as_array, part) for part in batch[1:]))
    check_lengths(who, batch)
    return batch


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """What a step is given as data: x alone, a pair, or a triple, without what there is not.

    >>> pack_x_y_sample_weight(1), pack_x_y_sample_weight(1, 2), pack_x_y_sample_weight([1, 2])
    (1, (1, 2), ([1, 2],))
    """
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, list | tuple) else x


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """x, y and sample weights of what a step is given as data; None for what there is not.

    Raises ValueError for a tuple of more than three.

    >>> unpack_x_y_sample_weight((1, 2))
    (1, 2, None)
    """
    if not isinstance(data, list | tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            "unpack_x_y_sample_weight: expected x, (x, y) or (x, y, sample_weight). Received: a "
            f"{type(data).__name__} of {len(data)}. Several inputs go into a list: ([x1, x2], y)."
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight
