"""A bound on all that is made while a model is rebuilt from a file.

A configuration of a few bytes can declare a layer of terabytes. Within a budget, variables may
take as many bytes as the file has values for, and no more: what exceeds it is refused before its
memory is taken. Large ones get no first values either, since the file has them; `settle` gives
them to those that the file turned out to have none for.

What takes no weights takes time and memory all the same: each layer and each node is a few steps
of a number that grows with the file's tensors and names, and arrays that are computed meanwhile,
such as shares and places of what is resized, have a bound together. So whoever makes an array of a
size that a configuration says asks `make_room` first.
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable, Collection
from functools import cache
from typing import Any

import numpy as np

from geartrain.graph.dtypes import numpy_dtype

SMALL = 1 << 16  # bytes of a variable that is initialised at once: it costs nothing
SPARE = 4 << 20  # bytes for what files do not hold: seeds, states of metrics and of layers
SPARE_WEIGHTS = 200  # weights that a layer may have and not save
LARGEST_AXIS = 1 << 20  # of a tensor of a model whose file is small
SPARE_ELEMENTS, SPARE_ARRAY = 1 << 23, 1 << 21  # of all arrays made with a model, and of one
SPARE_STEPS, STEPS = 50_000, 500  # nodes that may be made, and more of them for each thing stored
LAYER_STEPS = 20  # what making a layer counts as
_UNUSUAL = (
    "The configuration is hostile, or the model is unusual: build it in Python then, and load its "
    "weights by load_weights."
)


class _Budgets(threading.local):
    current: Budget | None = None


_budgets = _Budgets()


class Budget:
    """A `with` block in which variables of this thread take at most `nbytes`, and a little more.

    Axes of the model's tensors are bounded too: layers may keep an index for each place of one.

    Args:
        nbytes: the bytes of the values that the file has.
        count: how many variables it has values for; None for any number.
        objects: how many things the file has that take no less work to make than to name: tensors,
            and named objects.

    >>> from geartrain.runtime.variable import Variable
    >>> with Budget(4 * 10**6):
    ...     kernel = Variable(np.zeros((1000, 1000), "float32"), name="kernel")
    ...     Variable(lambda shape, dtype: np.ones(shape, dtype), shape=(10**9, 10**3), name="big")
    Traceback (most recent call last):
    ValueError: Variable 'big': expected at most 4000000 bytes of weights, since the file has ...
    """

    def __init__(self, nbytes: int, count: int | None = None, objects: int = 0) -> None:
        self.nbytes, self.count = nbytes, count
        self.most_steps = SPARE_STEPS + STEPS * objects
        self.taken = self.made = self.allowed = self.steps = self.elements = 0
        self._waiting: list[tuple[Any, Callable[[], Any]]] = []
        self._outer: Budget | None = None

    def __enter__(self) -> Budget:
        self._outer, _budgets.current = _budgets.current, self
        return self

    def __exit__(self, *exception: object) -> None:
        _budgets.current = self._outer

    def check(self, who: str, shape: tuple[int, ...], dtype: str) -> int:
        """The bytes of a new variable, or an error if they are too many."""
        size = math.prod(shape) * numpy_dtype(dtype).itemsize
        if self.taken + size > self.nbytes + self.allowed + SPARE:
            raise ValueError(
                f"{who}: expected at most {self.nbytes} bytes of weights, since the file has no "
                f"more. Received: shape {shape}, {size} bytes, after {self.taken} bytes of others. "
                "The configuration does not belong to these weights, or is hostile."
            )
        return size

    def allow(self, nbytes: int) -> None:
        """Let variables take so many bytes more, which follow from others that were within it.

        Files of models that were not trained yet have no values for an optimizer's slots.
        """
        self.allowed += nbytes

    def check_weight(self, who: str, shape: tuple[int, ...], dtype: str) -> None:
        """Refuse a layer's new weight if the file cannot have a value for it."""
        self.check(who, shape, dtype)
        self.made += 1
        if self.count is not None and self.made > self.count + SPARE_WEIGHTS:
            raise ValueError(
                f"{who}: expected no more weights than the file's {self.count}. Received: the "
                f"{self.made}th. The configuration does not belong to these weights, or is hostile."
            )

    def check_shape(self, who: str, shape: tuple[Any, ...]) -> None:
        """Refuse a tensor of the model with an axis that no model with so few weights has."""
        most = max(LARGEST_AXIS, self.nbytes)
        for size in shape:
            if isinstance(size, int) and size > most:
                raise ValueError(
                    f"{who!r}: expected axes of at most {most} in a model of {self.nbytes} bytes "
                    f"of weights. Received: {size}. {_UNUSUAL}"
                )

    def spend(self, who: str, steps: int = 1) -> None:
        """Count the work of making something, or refuse it as too much for so small a file."""
        self.steps += steps
        if self.steps > self.most_steps:
            raise ValueError(
                f"{who}: expected at most {self.most_steps} steps of work for a file with so few "
                f"tensors and names. Received: a model that takes more. {_UNUSUAL}"
            )

    def make_room(self, who: str, shape: tuple[Any, ...]) -> None:
        """Count an array that is about to be made, or refuse it."""
        size = math.prod(shape)
        self.elements += size
        most, whole = SPARE_ARRAY + self.nbytes, SPARE_ELEMENTS + self.nbytes
        if size > most or self.elements > whole:
            raise ValueError(
                f"{who}: expected at most {most} elements in an array that is made with a model of "
                f"{self.nbytes} bytes of weights, and {whole} in all. Received: shape {shape}, "
                f"{self.elements} in all. {_UNUSUAL}"
            )

    def wants_value(self, variable: Any, shape: tuple[int, ...], make: Callable[[], Any]) -> bool:
        """Count a new variable; whether it is to be given its first value, by `make`, at once."""
        size = self.check(f"Variable {variable.name!r}", shape, variable.dtype)
        self.taken += size
        if size > SMALL:
            self._waiting.append((variable, make))
        return size <= SMALL

    def restart(self) -> None:
        """Forget the variables that were made, where all is made again."""
        self.taken = self.allowed = self.steps = self.elements = 0
        self._waiting.clear()

    def settle(self, filled: Collection[Any]) -> None:
        """Give first values to the variables that are not among those that were filled."""
        known = {id(variable) for variable in filled}
        for variable, make in self._waiting:
            if id(variable) not in known:
                variable.assign(np.asarray(make()))
        self._waiting.clear()


def check_memory(who: str, shape: tuple[int, ...], dtype: str) -> None:
    """Refuse a variable that is larger than this machine's memory, wherever its shape is from.

    >>> check_memory("Dense", (10**9, 10**9), "float32")
    Traceback (most recent call last):
    ValueError: Dense: expected a variable of at most ... bytes, the memory of this machine. ...
    """
    size = math.prod(shape) * numpy_dtype(dtype).itemsize
    if size > _memory():
        raise ValueError(
            f"{who}: expected a variable of at most {_memory()} bytes, the memory of this machine. "
            f"Received: shape {shape}, {size} bytes. Check the units and the shape of the input."
        )


@cache
def _memory() -> int:
    """The bytes of this machine's memory; all that there can be where it does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return sys.maxsize


def current_budget() -> Budget | None:
    """The budget of this thread, if there is one."""
    return _budgets.current


def make_room(who: str, *shape: float) -> None:
    """Refuse an array of this shape, which is about to be made, if the budget has no room for it.

    >>> make_room("arange", 10**12)
    >>> with Budget(100):
    ...     make_room("arange", 10**12)
    Traceback (most recent call last):
    ValueError: arange: expected at most 2097252 elements in an array that is made with a ...
    """
    budget = _budgets.current
    if budget is not None:
        budget.make_room(who, shape)
