"""Whether this process writes files at all: of several that compute together, one does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_state = {"writes": True}


def leave_to_others(others_write: bool = True) -> None:
    """Let whatever the library would write be lost from now on, or write it again.

    >>> leave_to_others(), writes(), leave_to_others(False), writes()
    (None, False, None, True)
    """
    _state["writes"] = not others_write


def writes() -> bool:
    """Whether this process writes files."""
    return _state["writes"]


@contextmanager
def nothing_written() -> Iterator[None]:
    """A `with` block in which all that is written through `files` goes nowhere: a rehearsal.

    >>> with nothing_written():
    ...     writes()
    False
    """
    before = writes()
    leave_to_others()
    try:
        yield
    finally:
        leave_to_others(not before)
