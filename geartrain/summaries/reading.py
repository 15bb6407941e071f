"""Reading event files back."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geartrain.files.records import records
from geartrain.summaries.messages import STRING, TYPES, fields

_NAMES = {number: name for name, number in TYPES.items()}


class Event(NamedTuple):
    """A summary of an event file.

    Attributes:
        tag: its name.
        step: the number of the step.
        kind: the part of TensorBoard that shows it, such as "scalars".
        value: an array of numbers or of bytes.
        wall_time: when it was written, in seconds since 1970.
    """

    tag: str
    step: int
    kind: str
    value: np.ndarray
    wall_time: float


def read(logdir: Any) -> list[Event]:
    """The summaries in the event files of a folder, one file after another.

    Args:
        logdir: the folder, without those inside it.

    Raises ValueError for a damaged file.
    """
    found = []
    for path in sorted(Path(logdir).glob("*.tfevents.*")):
        with path.open("rb") as stream:
            for record in records(stream, f"summaries.read({str(path)!r})"):
                found += _events(dict(fields(record)))
    return found


def _events(event: dict[int, Any]) -> list[Event]:
    (when,) = struct.unpack("<d", event[1])
    values = [dict(fields(value)) for _, value in fields(event.get(5, b""))]
    return [
        Event(value[1].decode(), event.get(2, 0), _kind(value), _array(value[8]), when)
        for value in values
        if 8 in value
    ]


def _kind(value: dict[int, Any]) -> str:
    plugin = dict(fields(value.get(9, b""))).get(1, b"")
    return dict(fields(plugin)).get(1, b"").decode()


def _array(data: bytes) -> np.ndarray:
    found = list(fields(data))
    parts = dict(found)
    shape = [dict(fields(size)).get(1, 0) for number, size in fields(parts.get(2, b""))]
    if parts[1] == STRING:
        texts = np.empty(len([one for number, one in found if number == 8]), object)
        texts[:] = [one for number, one in found if number == 8]
        return texts.reshape(shape)
    return np.frombuffer(parts[4], np.dtype(_NAMES[parts[1]])).reshape(shape)
