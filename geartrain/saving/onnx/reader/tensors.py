"""Stored tensors: their size is checked against their bytes before anything is made of them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from geartrain.graph.dtypes import numpy_dtype
from geartrain.saving.onnx.reader.messages import Tensor
from geartrain.saving.onnx.reader.wire import numbers

# TensorProto.DataType -> the dtype, and the list that holds its values where raw_data does not.
DTYPES = {
    1: ("float32", "float_data"),
    2: ("uint8", "int32_data"),
    3: ("int8", "int32_data"),
    4: ("uint16", "int32_data"),
    5: ("int16", "int32_data"),
    6: ("int32", "int32_data"),
    7: ("int64", "int64_data"),
    9: ("bool", "int32_data"),
    10: ("float16", "int32_data"),
    11: ("float64", "double_data"),
    12: ("uint32", "uint64_data"),
    13: ("uint64", "uint64_data"),
    16: ("bfloat16", "int32_data"),
}
_MOST_AXES = 16


def dtype_named(number: int, who: str) -> str:
    """The dtype of a `TensorProto.DataType`."""
    if number not in DTYPES:
        known = ", ".join(f"{key} ({name})" for key, (name, _) in DTYPES.items())
        raise ValueError(f"{who}: expected a data type of {known}. Received: {number}")
    return DTYPES[number][0]


@dataclass(frozen=True)
class Stored:
    """A tensor of the file, whose bytes are known to be there.

    Attributes:
        name: its name in the file.
        shape, dtype: of its values.
        message: where they are.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    message: Tensor

    @property
    def nbytes(self) -> int:
        """The bytes of the values."""
        return prod(self.shape) * numpy_dtype(self.dtype).itemsize

    def array(self) -> np.ndarray:
        """The values: a view of the file's bytes where they lie there as they are."""
        raw = self.message.raw_data
        kind = numpy_dtype(self.dtype)
        if len(raw):
            return np.frombuffer(raw, kind.newbyteorder("<")).astype(kind, copy=False).reshape(
                self.shape
            )  # fmt: skip
        listed = getattr(self.message, DTYPES[self.dtype_number][1])
        if self.dtype in ("float32", "float64"):
            joined = b"".join(listed)
            return np.frombuffer(joined, kind.newbyteorder("<")).astype(kind).reshape(self.shape)
        found = np.asarray(_whole_numbers(listed, self.name))
        if self.dtype in ("float16", "bfloat16"):  # their bits, as numbers
            return found.astype(np.uint16).view(kind).reshape(self.shape)
        return found.astype(kind).reshape(self.shape)

    @property
    def dtype_number(self) -> int:
        """The data type's number."""
        return self.message.data_type


def stored(message: Tensor, who: str) -> Stored:
    """The tensor of a message, checked.

    Raises ValueError for external data, strings, segments, and sizes that the bytes do not match.
    """
    if message.external_data or message.data_location:
        named = {entry.key: bytes(entry.value)[:80] for entry in message.external_data}
        raise ValueError(
            f"{who}: expected a tensor whose values are in the file. Received: external data "
            f"{named}, and a model file opens no other file. Export it as one file: "
            "torch.onnx.export(..., external_data=False), or onnx.save(onnx.load(path), new_path)."
        )
    if message.segment or message.string_data:
        raise ValueError(f"{who}: expected a whole tensor of numbers. Received: strings, or a part")
    dtype = dtype_named(message.data_type, who)
    shape = tuple(message.dims)
    if len(shape) > _MOST_AXES or any(size < 0 for size in shape):
        raise ValueError(
            f"{who}: expected at most {_MOST_AXES} axes of sizes from 0. "
            f"Received: shape {shape!s:.80}"
        )
    count, width = prod(shape), numpy_dtype(dtype).itemsize
    held = _held(message, dtype, width)
    if held != count:
        raise ValueError(
            f"{who}: expected {count} values of {width} bytes, as shape {shape} has. Received: "
            f"{held:g}. The file is damaged: export it again."
        )
    return Stored(message.name, shape, dtype, message)


def _held(message: Tensor, dtype: str, width: int) -> float:
    """How many values there are, without decoding them."""
    if len(message.raw_data):
        return len(message.raw_data) / width
    listed: Sequence[Any] = getattr(message, DTYPES[message.data_type][1])
    if dtype in ("float32", "float64"):
        return sum(0.5 if isinstance(one, int) else len(one) / width for one in listed)
    return sum(1 if isinstance(one, int) else _ends(one) for one in listed)


def _ends(packed: memoryview) -> int:
    """How many numbers end in these bytes: their last bytes are below 128."""
    return int(np.count_nonzero(np.frombuffer(packed, np.uint8) < 128))


def _whole_numbers(listed: Sequence[memoryview | int], name: str) -> array[int]:
    found = array("q")
    for one in listed:
        if isinstance(one, int):
            found.append(one - (1 << 64) if one >> 63 else one)
        else:
            found.extend(numbers(one, "int", name))
    return found
