"""What all data sets are: elements one after the other, as often as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from geartrain.data.elements import as_tensor, map_leaves
from geartrain.data.rows import Batched, Rows
from geartrain.data.spec import spec_of
from geartrain.errors import shown

INFINITE, UNKNOWN = -1, -2  # cardinalities that are no numbers
AUTOTUNE = -1

Elements = Callable[[], Iterator[Any]]


class Base:
    """Elements, and what is known of them.

    Args:
        make: gives the elements, from the first one, each time it is called.
        count: how many there are; or INFINITE or UNKNOWN.
        spec: the specs of an element's tensors, or a function that finds them when they are needed.
        rows: the same elements as rows of arrays, where they are no more than that.
    """

    root: type[Any]  # the class of all data sets, which has all methods

    def __init__(
        self, make: Elements, count: int = UNKNOWN, spec: Any = None, rows: Rows | None = None
    ) -> None:
        self._make, self._count, self._spec, self._rows = make, count, spec, rows
        self._batched: Batched | None = None
        self._windows: Callable[[], Any] | None = None  # of one array, where it is cut into them

    @classmethod
    def _made(cls, make: Elements, count: int, spec: Any, rows: Rows | None = None) -> Any:
        made = object.__new__(cls.root)
        Base.__init__(made, make, count, spec, rows)
        return made

    @classmethod
    def _of_rows(cls, rows: Rows, count: int, spec: Any) -> Any:
        return cls._made(rows.elements, count, spec, rows)

    def __iter__(self) -> Iterator[Any]:
        return DatasetIterator(self)

    def __len__(self) -> int:
        if self._count == INFINITE:
            raise TypeError(
                "len(dataset): the data set has no end. Cut it by take(count), or tell fit its "
                "steps_per_epoch."
            )
        if self._count == UNKNOWN:
            raise TypeError(
                "len(dataset): how many elements there are is not known before they are read. "
                "Count them: sum(1 for _ in dataset), or state it by "
                "dataset.apply(experimental.assert_cardinality(count))."
            )
        return self._count

    def __bool__(self) -> bool:
        return True

    def cardinality(self) -> Any:
        """The number of elements, a tensor of int64: -1 where there is no end, -2 if not known.

        >>> import geartrain.data
        >>> geartrain.data.Dataset.range(7).batch(2).cardinality().numpy()
        np.int64(4)
        """
        return as_tensor(np.int64(self._count))

    @property
    def element_spec(self) -> Any:
        """The shapes and dtypes of an element's tensors, nested as it is.

        >>> import geartrain.data
        >>> geartrain.data.Dataset.range(7).batch(2).element_spec
        TensorSpec(shape=(None,), dtype=int64, name=None)
        """
        if self._spec is None:
            for element in self._make():
                self._spec = spec_of(element)
                break
            else:
                raise ValueError(
                    "element_spec: expected at least one element to look at. Received: a data set "
                    "that is empty"
                )
        elif callable(self._spec):
            self._spec = self._spec()
        return self._spec

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements as plain NumPy arrays and scalars, texts as bytes.

        >>> import geartrain.data
        >>> [int(x) for x in geartrain.data.Dataset.range(3).as_numpy_iterator()]
        [0, 1, 2]
        """
        for element in self._make():
            yield map_leaves(lambda leaf: leaf.numpy() if hasattr(leaf, "numpy") else leaf, element)

    def __repr__(self) -> str:
        known = "" if self._spec is None or callable(self._spec) else f" {self._spec}"
        return f"<{type(self).__name__} element_spec={known or ' not known yet'}>"


class DatasetIterator:
    """One way through a data set."""

    def __init__(self, dataset: Base) -> None:
        self._dataset, self._elements = dataset, dataset._make()

    def __iter__(self) -> DatasetIterator:
        return self

    def __next__(self) -> Any:
        return next(self._elements)

    def get_next(self) -> Any:
        """The next element; raises StopIteration behind the last."""
        return next(self._elements)

    @property
    def element_spec(self) -> Any:
        """The shapes and dtypes of an element's tensors."""
        return self._dataset.element_spec


def whole_number(who: str, name: str, value: Any, least: int = 1) -> int:
    """A count that was given: a whole number of `least` or more."""
    if hasattr(value, "numpy"):
        value = value.numpy()
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < least:
        raise ValueError(
            f"{who}: expected {name} as a whole number of {least} or more. Received: {shown(value)}"
        )
    return int(value)


def check_dataset(who: str, value: Any) -> Any:
    """A data set that was given or made; TypeError for anything else."""
    if not isinstance(value, Base):
        raise TypeError(f"{who}: expected a data set. Received: {shown(value)}")
    return value


def check_function(who: str, value: Any) -> None:
    """Refuse what cannot be called."""
    if not callable(value):
        raise TypeError(f"{who}: expected a function. Received: {shown(value)}")


def applied(function: Callable[..., Any], element: Any) -> Any:
    """`function` of an element, the parts of a tuple each as an argument."""
    return function(*element) if isinstance(element, tuple) else function(element)
