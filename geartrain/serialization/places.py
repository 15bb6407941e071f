"""Where in the data the reader or the writer is, so that errors can tell."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MOST_LEVELS = 64  # of lists and dictionaries inside of one another
MOST_WORK = 8_000  # layers, and calls of layers, that one structure leads to


class State(threading.local):
    """What the calls that read or write one structure share."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.shared: dict[Any, Any] | None = None
        self.work = 0
        self.numbers: dict[int, int] | None = None  # of objects written, by their identity
        self.with_objects = False
        self.told: BaseException | None = None


state = State()


@contextmanager
def at(step: str) -> Iterator[None]:
    """A `with` block one step deeper in the data: a key, or `[number]`."""
    state.path.append(step)
    try:
        yield
    finally:
        state.path.pop()


def place() -> str:
    """Where in the data the reader is: `layers[2].config.units`; empty at the top.

    >>> with at("layers"), at("[2]"), at("config"):
    ...     place()
    'layers[2].config'
    """
    return ".".join(state.path).replace(".[", "[")


def refused(message: str) -> ValueError:
    """The error for what is not accepted at this place."""
    error: ValueError = _told(ValueError, message)
    return error


def wrong_kind(message: str) -> TypeError:
    """The error for a value of another kind than is expected at this place."""
    error: TypeError = _told(TypeError, message)
    return error


def _told(kind: Any, message: str) -> Any:
    where = place()
    state.told = kind(f"{where}: {message}" if where else message)
    return state.told


def count_work() -> None:
    """Count a layer or a call, if a structure is being read.

    Some models within each other, each of which calls the next twice, are a few lines of data, and
    more calls than any machine can make.
    """
    if state.shared is None:
        return
    state.work += 1
    if state.work > MOST_WORK:
        raise refused(
            f"expected a model of at most {MOST_WORK} layers and calls, also within models that "
            "are called again. Received: more. The configuration is hostile, or the model is "
            "unusual: build it in Python then, and load its weights by load_weights."
        )


@contextmanager
def telling(cls: type) -> Iterator[None]:
    """A `with` block whose errors tell the place in the data, once."""
    try:
        yield
    except Exception as error:
        if error is state.told or not place():
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        said = str(error)
        if not isinstance(error, ValueError | TypeError):
            said = f"{cls.__name__} cannot be made of this: {type(error).__name__}: {error}"
        told = kind(f"{place()}: {said}")
        state.told = told
        raise told from error
