"""Data sets of arrays, of generators, of numbers and of file names."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from geartrain.data.base import INFINITE, UNKNOWN, Base, check_function, whole_number
from geartrain.data.elements import as_element, as_tensor, number_of_rows
from geartrain.data.rows import Rows
from geartrain.data.spec import TensorSpec, conforming, spec_of, without_rows
from geartrain.errors import shown
from geartrain.random import fresh_seed

_HELD = 1 << 22  # numbers of a range that are made at once


class Sources(Base):
    """The methods that begin a data set."""

    @classmethod
    def from_tensor_slices(cls, tensors: Any, name: str | None = None) -> Any:
        """The rows of arrays, which are not copied.

        Args:
            tensors: an array, or arrays with equal first axes, nested in tuples and dicts. A list
                is one array; a dict of a data frame has one for each column.
            name: accepted as in TensorFlow.

        Raises ValueError for scalars and for arrays of several lengths.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.from_tensor_slices({"a": [1, 2], "b": [0.5, 1]}))[1]
        {'a': array(2, dtype=int32), 'b': array(1., dtype=float32)}
        """
        block = as_element(tensors)
        count = number_of_rows("from_tensor_slices", block)
        rows = Rows.in_range(block, range(count))
        return cls._of_rows(rows, count, lambda: without_rows(spec_of(block)))

    @classmethod
    def from_tensors(cls, tensors: Any, name: str | None = None) -> Any:
        """One element: the arrays as they are.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.from_tensors([1, 2]))
        [array([1, 2], dtype=int32)]
        """
        element = as_element(tensors)
        return cls._made(lambda: iter([element]), 1, lambda: spec_of(element))

    @classmethod
    def from_generator(
        cls,
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Any = None,
        output_signature: Any = None,
        name: str | None = None,
    ) -> Any:
        """What an iterable gives, which a function makes each time that the data begin again.

        Args:
            generator: the function.
            output_types: the dtypes of an element's tensors, nested as it is.
            output_shapes: their shapes, nested alike; by default any.
            args: arguments of the function.
            output_signature: both in one: `TensorSpec`s, nested as an element is.
            name: accepted as in TensorFlow.

        Raises TypeError for what is no function and where no types are told; on iteration,
        TypeError or ValueError for elements that are not as was told.

        >>> from geartrain.data import Dataset, TensorSpec
        >>> signature = TensorSpec((), "int64")
        >>> list(Dataset.from_generator(lambda: iter([1, 2]), output_signature=signature))
        [array(1), array(2)]
        """
        check_function("from_generator", generator)
        if (output_types is None) == (output_signature is None):
            raise TypeError(
                "from_generator: expected output_signature, or output_types with or without "
                f"output_shapes. Received: {'none' if output_types is None else 'both'}"
            )
        signature = output_signature
        if signature is None:
            signature = _signature(output_types, output_shapes)
        elif isinstance(signature, list):
            signature = tuple(signature)
        given = [getattr(as_tensor(one), "numpy", lambda o=one: o)() for one in args or ()]

        def make() -> Iterator[Any]:
            for value in generator(*given):
                yield conforming(value, signature, "from_generator")

        return cls._made(make, UNKNOWN, signature)

    @classmethod
    def range(cls, *args: Any, **kwargs: Any) -> Any:
        """Whole numbers, as Python's `range(stop)`, `range(start, stop)` or with a step.

        Args:
            args: the limits.
            kwargs: `output_type`, the dtype, int64 by default; `name`.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.range(1, 6, 2))
        [array(1), array(3), array(5)]
        """
        dtype = TensorSpec((), kwargs.pop("output_type", "int64")).dtype
        kwargs.pop("name", None)
        if kwargs or not 1 <= len(args) <= 3:
            raise TypeError(
                "range: expected stop, or start, stop and step, and output_type. "
                f"Received: {shown(args)} {sorted(kwargs) or ''}"
            )
        numbers = range(*(int(one) for one in args))
        if len(numbers) <= _HELD:
            return cls.from_tensor_slices(np.arange(*map(int, args)).astype(dtype))

        def make() -> Iterator[Any]:
            return (as_tensor(np.array(number, dtype)) for number in numbers)

        return cls._made(make, len(numbers), TensorSpec((), dtype))

    @classmethod
    def counter(
        cls, start: int = 0, step: int = 1, dtype: Any = "int64", name: str | None = None
    ) -> Any:
        """Whole numbers without end.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.counter(5, step=2).take(2))
        [array(5), array(7)]
        """
        spec = TensorSpec((), dtype)

        def make() -> Iterator[Any]:
            numbers = itertools.count(int(start), int(step))
            return (as_tensor(np.array(number, spec.dtype)) for number in numbers)

        return cls._made(make, INFINITE, spec)

    @classmethod
    def random(
        cls, seed: int | None = None, rerandomize_each_iteration: bool | None = None,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        """Random whole numbers of 32 bits, as int64, without end.

        >>> from geartrain.data import Dataset
        >>> 0 <= int(next(iter(Dataset.random(seed=4)))) < 2**32
        True
        """
        seeds = np.random.default_rng(fresh_seed() if seed is None else int(seed))
        first = int(seeds.integers(2**63))

        def make() -> Iterator[Any]:
            again = int(seeds.integers(2**63)) if rerandomize_each_iteration else first
            drawn = np.random.default_rng(again)
            while True:
                yield from map(as_tensor, drawn.integers(2**32, size=256))

        return cls._made(make, INFINITE, TensorSpec((), "int64"))

    @classmethod
    def list_files(
        cls, file_pattern: Any, shuffle: bool | None = None, seed: int | None = None,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        """The names of the files that match a pattern, or one of several patterns.

        Args:
            file_pattern: with `*`, `?` and `[...]`, as the shell has them.
            shuffle: whether they come in a random order, as by default; else sorted.
            seed: of that order.
            name: accepted as in TensorFlow.

        Raises ValueError where no file matches.
        """
        from glob import glob

        from geartrain.data.paths import paths_of

        patterns = paths_of("list_files", file_pattern)
        found = sorted(path for one in patterns for path in glob(one))  # noqa: PTH207
        if not found:
            raise ValueError(
                f"list_files: expected files that match. Received: {shown(file_pattern)}, which "
                "matches none. Look for a slip in the folder's name."
            )
        names = cls.from_tensor_slices(found)
        return names if shuffle is False else names.shuffle(len(found), seed=seed)

    def save(self, path: Any, compression: Any = None, shard_func: Any = None,
             checkpoint_args: Any = None) -> None:  # fmt: skip
        """Write all elements into a file, from which `load` reads them.

        Args:
            path: the file; it is written whole or not at all.
            compression, shard_func, checkpoint_args: accepted as in TensorFlow.
        """
        from geartrain.data.storage import write

        whole_number("save", "the number of elements", max(self._count, 0) - (self._count == -1), 0)
        write(path, self._make())

    @classmethod
    def load(cls, path: Any, element_spec: Any = None, compression: Any = None,
             reader_func: Any = None) -> Any:  # fmt: skip
        """The elements that `save` wrote into a file.

        Args:
            path: the file.
            element_spec, compression, reader_func: accepted as in TensorFlow.
        """
        from geartrain.data.storage import read

        return cls._made(lambda: read(path), UNKNOWN, element_spec)


def _signature(types: Any, shapes: Any) -> Any:
    """Specs, nested as the types are; shapes are nested alike, or None for any."""
    if isinstance(types, dict):
        return {
            n: _signature(one, None if shapes is None else shapes[n]) for n, one in types.items()
        }
    if isinstance(types, tuple | list):
        its = [None] * len(types) if shapes is None else shapes
        return tuple(_signature(*pair) for pair in zip(types, its, strict=True))
    return TensorSpec(shapes, types)
