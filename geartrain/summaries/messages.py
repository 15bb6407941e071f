"""The few messages of protocol buffers that event files are made of.

A message is a row of fields: the field's number and the kind of its encoding, then its value.
Source: protobuf.dev, programming-guides/encoding; the numbers are those of TensorFlow's
event.proto, summary.proto, tensor.proto and graph.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
STRING = 7
TYPES = {  # the numbers that tensors' dtypes have
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "complex64": 8,
    "int64": 9, "bool": 10, "bfloat16": 14, "uint16": 17, "complex128": 18, "float16": 19,
    "uint32": 22, "uint64": 23,
}  # fmt: skip


def message(fields: Mapping[int, Any]) -> bytes:
    """The bytes of a message.

    Args:
        fields: values by their numbers: whole numbers, floats (of 8 bytes), texts, bytes (also of
            a message), lists of these for fields that are repeated; None is left out.

    >>> message({1: 300, 2: "hi", 3: None, 4: [b"a", b"b"]}).hex(" ")
    '08 ac 02 12 02 68 69 22 01 61 22 01 62'
    """
    return b"".join(
        _field(number, one)
        for number, value in fields.items()
        for one in (value if isinstance(value, list) else [value])
        if one is not None
    )


def _field(number: int, value: int | float | str | bytes) -> bytes:
    if isinstance(value, float):
        return varint(number << 3 | _EIGHT) + struct.pack("<d", value)
    if isinstance(value, int):
        return varint(number << 3 | _VARINT) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | _BYTES) + varint(len(data)) + data


def varint(value: int) -> bytes:
    """A whole number of 64 bits, 7 bits a byte, the lowest first; the last byte is below 128."""
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The number and the value of each field: a whole number, or bytes as they stand.

    >>> list(fields(message({1: 300, 2: "hi"})))
    [(1, 300), (2, b'hi')]
    """
    place = 0
    while place < len(data):
        key, place = _varint_at(data, place)
        if key & 7 == _VARINT:
            value, place = _varint_at(data, place)
            yield key >> 3, value
            continue
        size = {_EIGHT: 8, _FOUR: 4}.get(key & 7)
        if size is None:
            size, place = _varint_at(data, place)
        yield key >> 3, data[place : place + size]
        place += size


def _varint_at(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[place] & 127) << shift
        place, shift = place + 1, shift + 7
        if data[place - 1] < 128:
            return value, place


def tensor(value: Any) -> bytes:
    """A tensor of numbers or of texts (str or bytes) as a message.

    Raises ValueError for another dtype.
    """
    array = np.asarray(value)
    shape = message({2: [message({1: size}) for size in array.shape]})
    if array.dtype.kind in "USO" and all(isinstance(one, str | bytes) for one in array.flat):
        return message({1: STRING, 2: shape, 8: array.ravel().tolist()})
    if array.dtype.name not in TYPES:
        raise ValueError(
            f"summaries: expected numbers or texts. Received: dtype {array.dtype}. Convert them by "
            "astype('float32')."
        )
    content = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
    return message({1: TYPES[array.dtype.name], 2: shape, 4: content})


def metadata(plugin: str, content: bytes | None = None, description: str | None = None) -> bytes:
    """What tells TensorBoard which of its parts shows a summary."""
    return message({1: message({1: plugin, 2: content}), 3: description})
