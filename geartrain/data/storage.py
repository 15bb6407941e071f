"""Elements in a file: NumPy's format for each tensor, one after the other, and nothing to unpickle.

The file begins with a line of JSON that tells how an element is nested and how many there are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from geartrain.data.elements import Form, as_tensor
from geartrain.errors import shown
from geartrain.files import replacing

_MAGIC = "geartrain elements 1"


def write(path: Any, elements: Iterable[Any]) -> None:
    """Write elements into a file, which appears once it is whole."""
    with replacing(path) as stream:
        for _ in _written(stream, elements):
            pass


def _written(stream: IO[bytes], elements: Iterable[Any]) -> Iterator[Any]:
    """The same elements, each written before it is handed on."""
    form = None
    for element in elements:
        if form is None:
            form = Form(element)
            header = {"format": _MAGIC, "structure": _plain(element)}
            stream.write(json.dumps(header).encode() + b"\n")
        for leaf in form.leaves(element):
            _write_tensor(stream, leaf)
        yield element
    if form is None:
        stream.write(json.dumps({"format": _MAGIC, "structure": 0}).encode() + b"\n")


def _plain(element: Any) -> Any:
    """How an element is nested, as JSON has it."""
    if isinstance(element, dict):
        return {name: _plain(item) for name, item in element.items()}
    return [_plain(item) for item in element] if isinstance(element, tuple) else 0


def _nested(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {name: _nested(item) for name, item in plain.items()}
    return tuple(map(_nested, plain)) if isinstance(plain, list) else 0


def _write_tensor(stream: IO[bytes], leaf: Any) -> None:
    array = np.asarray(leaf)
    if array.dtype == object:  # bytes, of any lengths: the lengths, then all of them
        texts = [bytes(item) for item in array.reshape(-1)]
        lengths = np.array([len(text) for text in texts], np.int64).reshape(array.shape)
        stream.write(b"B")
        np.lib.format.write_array(stream, lengths, allow_pickle=False)
        array = np.frombuffer(b"".join(texts), np.uint8)
    else:
        stream.write(b"A")
    np.lib.format.write_array(stream, array, allow_pickle=False)


def read(path: Any) -> Iterator[Any]:
    """The elements in a file.

    Raises ValueError for another file.
    """
    with Path(str(path)).open("rb") as stream:
        try:
            header = json.loads(stream.readline())
            assert header["format"] == _MAGIC
        except (ValueError, AssertionError, TypeError, KeyError):
            raise ValueError(
                f"Expected a file that Dataset.save or Dataset.cache wrote. Received: {shown(path)}"
            ) from None
        form = Form(_nested(header["structure"]))
        count = len(form.leaves(form.structure))
        while kind := stream.read(1):
            leaves = [_read_tensor(stream, kind)]
            leaves += [_read_tensor(stream, stream.read(1)) for _ in range(count - 1)]
            yield form.packed(leaves)


def _read_tensor(stream: IO[bytes], kind: bytes) -> Any:
    array = np.lib.format.read_array(stream, allow_pickle=False)
    if kind == b"B":
        joined = np.lib.format.read_array(stream, allow_pickle=False).tobytes()
        ends = np.cumsum(array.reshape(-1))
        texts = np.empty(array.size, object)
        texts[:] = [
            joined[end - length : end] for end, length in zip(ends, array.flat, strict=True)
        ]
        array = texts.reshape(array.shape)
    return as_tensor(array)


def cached_in_file(filename: Any, make: Callable[[], Iterator[Any]]) -> Callable[[], Iterator[Any]]:
    """Elements that are written into a file on the first way through, and then read from it."""
    path = Path(str(filename))

    def elements() -> Iterator[Any]:
        if path.exists():
            yield from read(path)
            return
        # A way through that is given up leaves no file: GeneratorExit passes through `replacing`.
        with replacing(path) as stream:
            yield from _written(stream, make())

    return elements
