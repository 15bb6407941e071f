"""What a value of the network is while it is rebuilt.

- a symbolic tensor: a `Node`, made by calling layers and operations;
- a NumPy array: known now. Sizes are arrays of `object` where one is known at run time only: its
  elements are then whole numbers and `Dim`s, with which NumPy computes as with numbers;
- `Initial`: a tensor of the file that may become a layer's weight;
- `Filled`: one number at every place of a shape, such as the zeros that a recurrence begins with.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any, TypeAlias

import numpy as np

from geartrain.graph.dtypes import is_float
from geartrain.graph.node import Node
from geartrain.graph.shapes import Dim, Shape
from geartrain.saving.onnx.reader.tensors import Stored

_CONSTANT = re.compile(r"(^|[/._])(constant|mean|variance|running_\w+)(_\d+)?$", re.IGNORECASE)
_MOST_TERMS = 16
_IN_MODULE = re.compile(r"\w[./]\w")


@dataclass(frozen=True)
class Initial:
    """A tensor of the file, perhaps with its axes in another order.

    Attributes:
        stored: the tensor.
        name: the name that it is used by; two names are two weights, even of equal values.
        order: for each axis, the axis of the stored tensor.
    """

    stored: Stored
    name: str
    order: tuple[int, ...]

    @classmethod
    def of(cls, stored: Stored) -> Initial:
        """The tensor as it is stored."""
        return cls(stored, stored.name, tuple(range(len(stored.shape))))

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes, in this order."""
        return tuple(self.stored.shape[axis] for axis in self.order)

    @property
    def dtype(self) -> str:
        """The name of the dtype."""
        return self.stored.dtype

    def array(self) -> np.ndarray:
        """The values."""
        return self.stored.array().transpose(self.order)

    def transposed(self, order: tuple[int, ...]) -> Initial:
        """The same values with their axes in another order."""
        return replace(self, order=tuple(self.order[axis] for axis in order))

    @cached_property
    def uniform(self) -> bool:
        """Whether all values are equal: zeros and ones, as layers begin with.

        Exporters store equal tensors once, so that two layers may read one of these by chance.
        """
        values = self.stored.array()
        return bool(values.size and np.all(values == values.flat[0]))

    @property
    def trainable(self) -> bool:
        """Whether training should change it where no layer has a place for it.

        Files do not tell parameters from other stored numbers. Single numbers are taken for
        parameters only under a module's name ("scale.weight"): others are constants of formulas,
        as is what our own exporter and others call so.
        """
        if not is_float(self.dtype) or _CONSTANT.search(self.name):
            return False
        return prod(self.stored.shape) > 1 or bool(_IN_MODULE.search(self.name))


@dataclass(frozen=True)
class Filled:
    """`number` at every place of `shape`."""

    number: np.ndarray
    shape: Shape


Value: TypeAlias = "Node | np.ndarray | Initial | Filled"
# What a weight is made of: a value, and what changes it into the order that the layer has.
Source: TypeAlias = "tuple[Any, Callable[[np.ndarray], np.ndarray] | None]"


def sizes_array(sizes: Any) -> np.ndarray:
    """Extents as an array: of int64 if all are known, else of objects."""
    sizes = list(sizes)
    if any(isinstance(size, Dim) for size in sizes):
        array = np.empty(len(sizes), object)
        array[:] = sizes
        return array
    return np.asarray(sizes, np.int64).reshape(len(sizes))


def holds_unknown(value: Any) -> bool:
    """Whether an array holds sizes that are known at run time only."""
    return isinstance(value, np.ndarray) and value.dtype == object


def settled(array: np.ndarray) -> np.ndarray:
    """An array of objects as one of int64, if it holds numbers alone.

    Raises ValueError for sizes that no tensor has: products of many unknown ones.
    """
    if array.dtype != object:
        return array
    unknown = [one for one in array.flat if isinstance(one, Dim)]
    for size in unknown:
        if len(size.terms) > _MOST_TERMS or any(
            len(factors) > _MOST_TERMS or abs(count) >> 62 for factors, count in size.terms
        ):
            raise ValueError(
                f"expected sizes that are sums of at most {_MOST_TERMS} products. Received: more"
            )
    return array if unknown else array.astype(np.int64)
