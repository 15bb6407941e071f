"""Whether this process writes files at all: of several that compute together, one does."""

from __future__ import annotations

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
