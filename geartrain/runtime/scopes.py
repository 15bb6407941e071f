"""Scopes of a thread: names that paths begin with, the dtype that weights are read in, a device."""

from __future__ import annotations

import re
import threading
from typing import Any

from geartrain.errors import shown


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.names: list[tuple[str, Any]] = []  # each with who entered it
        self.compute_dtype: str | None = None


_scopes = _Scopes()


def current_path() -> str:
    """The names of the scopes that are entered, outermost first, as in `"model/dense"`.

    >>> with name_scope("model"), name_scope("dense"):
    ...     current_path()
    'model/dense'
    """
    return "/".join(name for name, _ in _scopes.names)


def current_compute_dtype() -> str | None:
    """The dtype that float variables are read in; None for their own."""
    return _scopes.compute_dtype


def read_as(dtype: str | None) -> str | None:
    """Let float variables be read in `dtype` from now on, and return what they were read in."""
    before, _scopes.compute_dtype = _scopes.compute_dtype, dtype
    return before


class name_scope:
    """A `with` block whose name is part of the paths of the variables that are made in it.

    Args:
        name: the name, without "/".
        caller: who enters it: entered again by the same, with the same name, it counts once.
        deduplicate: whether that holds.
        override_parent: the path that it begins with, in place of the scopes around it.

    Raises ValueError for a name that is not a string, or has a "/".

    >>> from geartrain import Variable
    >>> with name_scope("outer"):
    ...     print(Variable(1.0, name="w").path)
    outer/w
    """

    def __init__(
        self,
        name: str,
        caller: Any = None,
        deduplicate: bool = True,
        override_parent: str | None = None,
    ) -> None:
        if not isinstance(name, str) or "/" in name:
            raise ValueError(f"name_scope: expected a name without '/'. Received: {shown(name)}")
        self.name, self.caller, self.deduplicate = name, caller, deduplicate
        self.override_parent = override_parent
        self._before: list[list[tuple[str, Any]]] = []

    def __enter__(self) -> name_scope:
        names = _scopes.names
        self._before.append(names)
        again = self.caller is not None and names and names[-1] == (self.name, id(self.caller))
        if not (self.deduplicate and again):
            if self.override_parent is not None:
                names = [(part, None) for part in self.override_parent.split("/") if part]
            entry = self.name, None if self.caller is None else id(self.caller)
            _scopes.names = [*names, entry]
        return self

    def __exit__(self, *exception: object) -> None:
        _scopes.names = self._before.pop()


class _Device:
    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> _Device:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


def device(device_name: str) -> _Device:
    """A `with` block for a device: accepted as in Keras, since all is computed on the processor.

    Args:
        device_name: a kind and a number, such as `"cpu:0"` or `"gpu:0"`.

    Raises ValueError for anything else.

    >>> with device("cpu:0"):
    ...     print(1 + 1)
    2
    """
    if not isinstance(device_name, str) or not re.fullmatch(
        r"/?([\w/:]+:)?\w+(:\d+)?", device_name
    ):
        raise ValueError(
            'device: expected a kind of device and a number, such as "cpu:0". '
            f"Received: {shown(device_name)}"
        )
    return _Device(device_name)
