"""The modules `tensorflow`, `tensorflow.math`, ...: made of the table of names, when asked for."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from geartrain.compat.tensorflow.names import ALIASES, INSTEAD, KERAS, TABLE, below, names_of
from geartrain.errors import nearest

# The versions whose API Geartrain follows: scripts compare them with what they need.
VERSION = "2.21.0"


class Namespace(ModuleType):
    """One of TensorFlow's modules."""

    def __init__(self, path: str) -> None:
        super().__init__(f"tensorflow.{path}".rstrip("."), "TensorFlow's names, on Geartrain.")
        self._path = path
        self.__path__: list[str] = []
        self.__all__ = [*names_of(path), *below(path)]
        if not path:
            self.__version__ = VERSION

    def __getattr__(self, name: str) -> Any:
        table, inner = names_of(self._path), f"{self._path}.{name}".lstrip(".")
        if name in table:
            module, _, other = table[name].partition(":")
            found = getattr(importlib.import_module(module), other)
        elif name in below(self._path):
            found = importlib.import_module(f"tensorflow.{inner}")
        elif not self._path and name in _OWN:
            found = _OWN[name]
        elif name.startswith("__"):
            raise AttributeError(name)
        else:
            raise AttributeError(reason(inner))
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *self.__all__})


class _Version(ModuleType):
    """`tf.version`."""

    VERSION, GIT_VERSION, COMPILER_VERSION, GRAPH_DEF_VERSION = VERSION, "unknown", "unknown", 0


_OWN = {"newaxis": None, "version": _Version("tensorflow.version")}


def reason(path: str) -> str:
    """Why there is no such name, and what to use instead.

    >>> reason("reduce_summ")
    "'tensorflow.reduce_summ' is not there. Did you mean 'tf.reduce_sum'?"
    """
    said = f"'tensorflow.{path}' is not there"
    parts = path.split(".")
    for part in (parts[-1], parts[0]):
        if part in INSTEAD:
            return f"{said}. Instead use {INSTEAD[part]}."
    space, name = path.rpartition(".")[::2]
    for place in (space, "nn", *TABLE):  # what is in several is best known in tf.nn
        if name in names_of(place):
            return f"{said}. Instead use tf.{place}.{name}.".replace("tf..", "tf.")
    guess = nearest(name, names_of(space))
    if guess:
        return f"{said}. Did you mean '{'.'.join(filter(None, ('tf', space, guess)))}'?"
    return f"{said}. Instead use the function of that purpose in keras.ops."


def module_of(path: str) -> ModuleType:
    """The module that a script gets for `tensorflow.<path>`.

    Raises ImportError for what is not there.
    """
    for alias, other in ALIASES.items():
        if path == alias or path.startswith(f"{alias}."):
            rest = path[len(alias) :].lstrip(".")
            return _imported(".".join(filter(None, (other, rest))))
        if alias.startswith(f"{path}."):
            return Namespace(path)
    first, _, rest = path.partition(".")
    if first in KERAS:
        return importlib.import_module(".".join(filter(None, ("keras", KERAS[first], rest))))
    if path and path not in TABLE and not below(path):
        if path in _OWN and isinstance(_OWN[path], ModuleType):
            return _OWN[path]
        raise ImportError(reason(path), name=f"tensorflow.{path}")
    return Namespace(path)


def _imported(path: str) -> ModuleType:
    return importlib.import_module(f"tensorflow.{path}".rstrip("."))
