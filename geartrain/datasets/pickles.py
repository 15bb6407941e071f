"""A reader of pickles that hold data alone: numbers, strings, lists, dicts and NumPy arrays.

CIFAR's batches, and the reviews and newswires of IMDB and Reuters, are distributed as pickles. A
pickle is a program for a machine with a stack; Python's own one may call any function that the
file names. This machine has no such step: of what a file names it knows the few that NumPy's
arrays are made of, by name, and imports nothing. Whatever else comes is refused, and a file cannot
make more than it is long: arrays have the bytes that are there, nothing is copied by reference into
a key, and what is nested is not walked.

Source: the comments in Python's `pickletools`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain.errors import shown

_KINDS = "biuf"  # of elements: truth values, whole numbers, floats
_MOST_AXES = 8
_BININT1, _BININT2, _STOP = b"KM."


def read_pickle(content: bytes, name: str = "pickle") -> Any:
    """What a pickle of data holds. Strings of Python 2 are bytes.

    Args:
        content: the whole pickle, of any protocol from 2 on.
        name: what errors call it.

    Raises:
        ValueError: it is damaged, or holds anything but data. Nothing of it was called.

    >>> import pickle
    >>> read_pickle(pickle.dumps({"labels": [6, 9], "data": np.eye(2, dtype="uint8")}, 2))
    {'labels': [6, 9], 'data': array([[1, 0],
           [0, 1]], dtype=uint8)}
    >>> read_pickle(pickle.dumps(print))
    Traceback (most recent call last):
    ValueError: pickle, byte 31: expected data alone. Received: a reference to 'builtins.print'. \
It is damaged, or made to do harm: do not use it.
    """
    machine = _Machine(content)
    try:
        return machine.run()
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, struct.error) as error:
        what = str(error) if isinstance(error, _Refused) else "a damaged pickle"
        raise ValueError(
            f"{name}, byte {machine.at}: expected data alone. Received: {what}. It is damaged, or "
            "made to do harm: do not use it."
        ) from error


class _Refused(ValueError):
    """What a pickle holds is no data."""


class _Global:
    """What a file names; `make` gives what a call of it would."""

    def __init__(self, name: str, make: Callable[..., Any] | None = None) -> None:
        self.name, self.make = name, make


class _Dtype:
    """A dtype that is being made."""

    def __init__(self, text: Any, *_: Any) -> None:
        text = text.decode("latin-1") if isinstance(text, bytes) else text
        dtype = np.dtype(np.object_) if text in ("O", "O8", "O4") else None
        if dtype is None:
            if not isinstance(text, str) or text[:1] not in _KINDS or not text[1:].isdecimal():
                raise _Refused(f"an array of {shown(text)}")
            dtype = np.dtype(text)
        self.value = dtype

    def become(self, state: Any) -> None:
        """Set the order of bytes."""
        order = state[1].decode("latin-1") if isinstance(state[1], bytes) else state[1]
        if order not in ("<", ">", "|", "="):
            raise _Refused(f"an order of bytes {shown(order)}")
        if order != "|":
            self.value = self.value.newbyteorder(order)


class _Array:
    """An array that is being made."""

    value: Any = None

    def become(self, state: Any) -> None:
        """Set shape, dtype and elements."""
        _, shape, dtype, columns_first, elements = state
        self.value = _array(elements, dtype, shape, "F" if columns_first else "C")


def _array(elements: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray[Any, Any]:
    """An array of a shape, if the elements are as many."""
    if not isinstance(dtype, _Dtype) or not isinstance(shape, tuple) or order not in ("C", "F"):
        raise _Refused("an array without shape or dtype")
    if len(shape) > _MOST_AXES or any(type(axis) is not int or axis < 0 for axis in shape):
        raise _Refused(f"an array of shape {shown(shape)}")
    objects = dtype.value.hasobject
    if type(elements) not in ((list,) if objects else (bytes, bytearray)):
        raise _Refused("an array without elements")
    expected = math.prod(shape) * (1 if objects else dtype.value.itemsize)
    if len(elements) != expected:
        raise _Refused(f"{len(elements)} elements or bytes for an array of {expected}")
    if objects:
        array: np.ndarray[Any, Any] = np.empty(expected, object)
        for place, element in enumerate(elements):
            array[place] = element
    else:
        native = dtype.value.newbyteorder("=")
        array = np.frombuffer(elements, dtype.value).astype(native)  # a copy in any case
    return array.reshape(shape, order=order)


def _scalar(dtype: Any, content: Any) -> Any:
    return _array(content, dtype, (), "C")[()]


def _encoded(text: Any, encoding: Any) -> bytes:
    if encoding not in ("latin1", b"latin1"):
        raise _Refused(f"an encoding {shown(encoding)}")
    return bytes(text, "latin-1")


# All that a pickle may name, and what is made where it is called.
_GLOBALS = {
    "numpy.ndarray": None,
    "numpy.dtype": _Dtype,
    "_codecs.encode": _encoded,
    "__builtin__.bytes": lambda: b"",  # which protocol 2 writes for no bytes
    **{
        f"numpy.{core}.{name}": make
        for core in ("core", "_core")
        for name, make in {
            "multiarray._reconstruct": lambda kind, shape, code: _Array(),
            "multiarray.scalar": _scalar,
            "numeric._frombuffer": _array,
        }.items()
    },
}


class _Machine:
    """The stack, what lies below the marks, the memo, and the place in the file."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Go step by step to the end. Small numbers, nearly all of a large file, are fast."""
        content, at = self.content, 0
        append = self.stack.append
        while True:
            code = content[at]
            if code == _BININT1:
                append(content[at + 1])
                at += 2
            elif code == _BININT2:
                append(content[at + 1] | content[at + 2] << 8)
                at += 3
            elif code == _STOP:
                self.at = at
                return self.pop()
            else:
                self.at = at + 1
                if code not in _STEPS:
                    raise _Refused(f"a step {bytes([code])!r}")
                _STEPS[code](self)
                at, append = self.at, self.stack.append

    def take(self, count: int) -> bytes:
        """The bytes that follow."""
        if not 0 <= count <= len(self.content) - self.at:
            raise _Refused(f"{count} bytes after its end")
        self.at += count
        return self.content[self.at - count : self.at]

    def number(self, form: str) -> Any:
        """The number that follows, in a form of `struct`."""
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self) -> str:
        """The text up to the end of the line."""
        end = self.content.index(b"\n", self.at)
        text = self.take(end - self.at).decode("ascii")
        self.at += 1
        return text

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        """The top of the stack, which is no part of an array that is being made."""
        value = self.stack.pop()
        if isinstance(value, _Array):
            if value.value is None:
                raise _Refused("an array without elements")
            return value.value
        return value

    def items(self) -> list[Any]:
        """What lies above the last mark, taken off with the mark."""
        found = [self.done(one) for one in self.stack]
        self.stack = self.below.pop()
        return found

    @staticmethod
    def done(value: Any) -> Any:
        return value.value if isinstance(value, _Array) else value

    def mark(self) -> None:
        self.below.append(self.stack)
        self.stack = []

    def tuple_of(self, count: int) -> None:
        if count > len(self.stack):
            raise _Refused("a step that takes what is not there")
        taken = tuple(self.done(one) for one in self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        self.stack.append(taken)

    def name(self, name: str) -> None:
        if name not in _GLOBALS:
            raise _Refused(f"a reference to {shown(name)}")
        self.stack.append(_Global(name, _GLOBALS[name]))

    def stack_name(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.name(f"{module}.{name}")

    def call(self) -> None:
        arguments, named = self.stack.pop(), self.stack.pop()
        if not isinstance(named, _Global) or named.make is None or type(arguments) is not tuple:
            raise _Refused("a call")
        self.stack.append(named.make(*arguments))

    def become(self) -> None:
        state, made = self.stack.pop(), self.stack[-1]
        if not isinstance(made, _Array | _Dtype) or type(state) is not tuple:
            raise _Refused("an object with a state")
        made.become(state)

    def extend(self, items: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise _Refused("elements of what is no list")
        self.stack[-1].extend(items)

    def update(self, items: list[Any]) -> None:
        made = self.stack[-1]
        if type(made) is not dict or len(items) % 2:
            raise _Refused("entries of what is no dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in (str, bytes, int):  # others may take for ever to hash
                raise _Refused("an entry whose name is no string or number")
            made[key] = value


def _ignored(count: int) -> Callable[[_Machine], Any]:
    return lambda machine: machine.take(count)


def _constant(value: Any) -> Callable[[_Machine], None]:
    return lambda machine: machine.stack.append(value)


def _number(form: str) -> Callable[[_Machine], None]:
    return lambda machine: machine.stack.append(machine.number(form))


def _bytes(form: str, kind: Callable[[bytes], Any] = bytes) -> Callable[[_Machine], None]:
    """Bytes after their number."""
    return lambda machine: machine.stack.append(kind(machine.take(machine.number(form))))


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogatepass")


def _long(content: bytes) -> int:
    if len(content) > 9:
        raise _Refused("a number of more than 64 bits")
    return int.from_bytes(content, "little", signed=True)


def _pair(machine: _Machine) -> list[Any]:
    value = machine.pop()
    return [machine.pop(), value]


def _memorise(form: str) -> Callable[[_Machine], None]:
    def step(machine: _Machine) -> None:
        machine.memo[machine.number(form)] = machine.stack[-1]

    return step


def _recall(form: str) -> Callable[[_Machine], None]:
    return lambda machine: machine.stack.append(machine.memo[machine.number(form)])


# What each step does, by its code; their names in `pickletools` are in the comments.
_STEPS: dict[int, Callable[[_Machine], Any]] = {
    ord(code): step
    for code, step in {
        "\x80": _ignored(1),  # PROTO
        "\x95": _ignored(8),  # FRAME
        "(": _Machine.mark,  # MARK
        "]": lambda machine: machine.push([]),  # EMPTY_LIST
        "}": lambda machine: machine.push({}),  # EMPTY_DICT
        ")": _constant(()),  # EMPTY_TUPLE
        "a": lambda machine: machine.extend([machine.pop()]),  # APPEND
        "e": lambda machine: machine.extend(machine.items()),  # APPENDS
        "s": lambda machine: machine.update(_pair(machine)),  # SETITEM
        "u": lambda machine: machine.update(machine.items()),  # SETITEMS
        "t": lambda machine: machine.push(tuple(machine.items())),  # TUPLE
        "\x85": lambda machine: machine.tuple_of(1),  # TUPLE1
        "\x86": lambda machine: machine.tuple_of(2),  # TUPLE2
        "\x87": lambda machine: machine.tuple_of(3),  # TUPLE3
        "N": _constant(None),  # NONE
        "\x88": _constant(True),  # NEWTRUE
        "\x89": _constant(False),  # NEWFALSE
        "J": _number("<i"),  # BININT
        "G": _number(">d"),  # BINFLOAT
        "\x8a": _bytes("<B", _long),  # LONG1
        "U": _bytes("<B"),  # SHORT_BINSTRING, of Python 2
        "T": _bytes("<i"),  # BINSTRING, of Python 2
        "C": _bytes("<B"),  # SHORT_BINBYTES
        "B": _bytes("<I"),  # BINBYTES
        "\x8e": _bytes("<Q"),  # BINBYTES8
        "\x96": _bytes("<Q", bytearray),  # BYTEARRAY8
        "\x8c": _bytes("<B", _text),  # SHORT_BINUNICODE
        "X": _bytes("<I", _text),  # BINUNICODE
        "q": _memorise("<B"),  # BINPUT
        "r": _memorise("<I"),  # LONG_BINPUT
        "h": _recall("<B"),  # BINGET
        "j": _recall("<I"),  # LONG_BINGET
        "\x94": lambda machine: machine.memo.update(  # MEMOIZE
            {len(machine.memo): machine.stack[-1]}
        ),
        "c": lambda machine: machine.name(f"{machine.line()}.{machine.line()}"),  # GLOBAL
        "\x93": _Machine.stack_name,  # STACK_GLOBAL
        "R": _Machine.call,  # REDUCE
        "b": _Machine.become,  # BUILD
    }.items()
}
