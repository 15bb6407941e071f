"""Protocol buffers, read by a table: bounded, and without a copy of what is large.

A message is a row of fields, each a key (number and kind of encoding) and a value. Which numbers
mean what is declared by data classes (see `messages.py`); a field that none declares is stepped
over, so what cannot be used is not even decoded.
"""

from __future__ import annotations

import dataclasses
import struct
from array import array
from collections.abc import Iterator
from functools import cache
from typing import Any

MOST_FIELDS = 1_000_000  # of all messages of a file
MOST_OBJECTS = 200_000  # messages and runs of bytes that are kept
LONGEST_TEXT = 4096  # bytes of a name
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_LENGTHS = {_VARINT: 0, _EIGHT: 8, _BYTES: 0, _FOUR: 4}


def field(number: int, kind: Any, many: bool = False) -> Any:
    """A data class's field that stands for a field of the message.

    Args:
        number: its number in the message.
        kind: "int", "float", "text", "bytes", "packed" (the bytes of numbers, left as they are),
            "present" (whether it is there at all), or the data class of a message.
        many: whether there may be several, which become a list.
    """
    empty = {"int": 0, "float": 0.0, "text": "", "bytes": b"", "present": False}
    meta = {"number": number, "kind": kind, "many": many}
    if many or kind == "packed":  # a list from the first value on
        return dataclasses.field(default=(), metadata=meta)
    default = empty.get(kind) if isinstance(kind, str) else None
    return dataclasses.field(default=default, metadata=meta)


@cache
def _table(message: type) -> dict[int, tuple[str, Any, bool]]:
    """Name, kind and number by the field's number."""
    return {
        one.metadata["number"]: (one.name, one.metadata["kind"], one.metadata["many"])
        for one in dataclasses.fields(message)
    }


class Decoder:
    """Makes messages of bytes, and counts what it makes.

    >>> @dataclasses.dataclass
    ... class Entry:
    ...     key: str = field(1, "text")
    ...     counts: list = field(2, "int", many=True)
    >>> Decoder().decode(Entry, memoryview(b"\\x0a\\x02hi\\x12\\x03\\x05\\xac\\x02"))
    Entry(key='hi', counts=[5, 300])
    """

    def __init__(self) -> None:
        self.fields_left = MOST_FIELDS
        self.objects_left = MOST_OBJECTS

    def decode(self, message: type, data: memoryview) -> Any:
        """The message that these bytes hold.

        Raises ValueError for bytes that are cut off, of another kind than declared, or too many.
        """
        self._kept()
        made, table = message(), _table(message)
        for number, encoding, value in self._fields(data):
            if number not in table:
                continue
            name, kind, many = table[number]
            where = f"{message.__name__}.{name}"
            if not many and kind != "packed":
                setattr(made, name, self._value(kind, encoding, value, where))
                continue
            several = getattr(made, name) or []
            setattr(made, name, several)
            if kind == "packed":
                self._kept()
                several.append(value)
            elif encoding == _BYTES and kind in ("int", "float"):
                several.extend(numbers(value, kind, where))
            else:
                several.append(self._value(kind, encoding, value, where))
        return made

    def _kept(self) -> None:
        self.objects_left -= 1
        if self.objects_left < 0:
            raise ValueError(
                f"expected at most {MOST_OBJECTS:,} nodes, attributes, tensors and their parts. "
                "Received: more."
            )

    def _value(self, kind: Any, encoding: int, value: Any, where: str) -> Any:
        if kind == "present":
            return True
        wanted = {"int": _VARINT, "float": _FOUR}.get(kind, _BYTES) if kind else _BYTES
        if encoding != wanted:
            raise ValueError(
                f"{where}: expected encoding {wanted}. Received: {encoding}. {DAMAGED}"
            )
        if kind == "int":
            return value - (1 << 64) if value >> 63 else value
        if kind == "float":
            return struct.unpack("<f", value)[0]
        if kind == "text":
            return _text(value, where)
        if kind == "bytes":
            self._kept()
            return value
        return self.decode(kind, value)

    def _fields(self, data: memoryview) -> Iterator[tuple[int, int, Any]]:
        """Number, encoding and value of each field."""
        place, end = 0, len(data)
        while place < end:
            self.fields_left -= 1
            if self.fields_left < 0:
                raise ValueError(f"expected at most {MOST_FIELDS:,} fields. Received: more.")
            key = data[place]  # one byte nearly always, so without a call
            place += 1
            if key > 127:
                key, place = varint(data, place - 1)
            number, encoding = key >> 3, key & 7
            if number == 0 or encoding not in _LENGTHS:
                raise ValueError(
                    f"expected fields of a message. Received: key {key} at byte {place}. {DAMAGED}"
                )
            if encoding == _VARINT:
                value, place = varint(data, place)
                yield number, encoding, value
                continue
            length = _LENGTHS[encoding]
            if encoding == _BYTES:
                length, place = varint(data, place)
            if length > end - place:
                raise ValueError(
                    f"expected {length} bytes for field {number}. Received: {end - place}, then "
                    f"the end. {DAMAGED}"
                )
            yield number, encoding, data[place : place + length]
            place += length


DAMAGED = "The file is damaged, or no ONNX model: export it again."


def varint(data: memoryview, place: int) -> tuple[int, int]:
    """The number of up to 64 bits that begins at `place`, and where it ends."""
    if place < len(data) and data[place] < 128:
        return data[place], place + 1
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise ValueError(f"expected a number. Received: the end of the data. {DAMAGED}")
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & ((1 << 64) - 1), place
    raise ValueError(f"expected a number of at most 10 bytes. Received: more. {DAMAGED}")


def numbers(data: memoryview, kind: str, where: str) -> array[Any]:
    """Packed numbers: "int" (varints, 64 bits) or "float"."""
    if kind == "float":
        if len(data) % 4:
            raise ValueError(
                f"{where}: expected numbers of 4 bytes. Received: {len(data)} bytes. {DAMAGED}"
            )
        return array("f", bytes(data))
    found, value, shift = array("q"), 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            value &= (1 << 64) - 1
            found.append(value - (1 << 64) if value >> 63 else value)
            value = shift = 0
        elif shift > 63:
            raise ValueError(f"{where}: expected numbers of at most 10 bytes. {DAMAGED}")
    if shift:
        raise ValueError(f"{where}: expected whole numbers. Received: half of one. {DAMAGED}")
    return found


def _text(value: memoryview, where: str) -> str:
    if len(value) > LONGEST_TEXT:
        raise ValueError(
            f"{where}: expected at most {LONGEST_TEXT} bytes of text. Received: {len(value)}"
        )
    try:
        return str(value, "utf-8")
    except UnicodeDecodeError:
        raise ValueError(
            f"{where}: expected text in UTF-8. Received: {bytes(value[:20])!r}. {DAMAGED}"
        ) from None
