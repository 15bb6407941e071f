"""Data sets whose elements are several of another's: batches, padded batches, windows, groups."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from geartrain.data.base import (
    UNKNOWN,
    Base,
    applied,
    check_dataset,
    check_function,
    whole_number,
)
from geartrain.data.elements import Form, each_row, map_leaves, number_of_rows, stacked
from geartrain.data.padding import padded, padded_spec
from geartrain.data.rows import Batched, Rows, in_pieces
from geartrain.data.spec import DatasetSpec, with_rows, without_rows


def chunks(items: Iterator[Any], size: int, drop_remainder: bool) -> Iterator[list[Any]]:
    """Lists of `size` items; the last has what is left over, or is dropped."""
    while found := list(itertools.islice(items, size)):
        if len(found) == size or not drop_remainder:
            yield found


class Grouping(Base):
    """The methods that make one element of several, or several of one."""

    def batch(
        self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Any:
        """Elements that are each `batch_size` elements, stacked along a new first axis.

        Args:
            batch_size: how many.
            drop_remainder: whether a last, smaller batch is left out.
            num_parallel_calls, deterministic, name: accepted as in TensorFlow.

        Raises ValueError for a size below 1; on iteration, for elements of several shapes.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.range(5).batch(2))
        [array([0, 1]), array([2, 3]), array([4])]
        """
        size = whole_number("batch", "batch_size", batch_size)

        def make() -> Iterator[Any]:
            if self._rows is not None:
                for numbers in in_pieces(self._rows.order(), size):
                    if len(numbers) == size or not drop_remainder:
                        yield self._rows.gathered(numbers)
                return
            for elements in chunks(self._make(), size, drop_remainder):
                yield stacked("batch", elements)

        made = self._made(
            make,
            self._batches(size, drop_remainder),
            lambda: with_rows(self.element_spec, size if drop_remainder else None),
        )
        plain = self._rows is not None and self._rows.then is None
        made._batched = Batched(self._rows if plain else None, self._count, size, drop_remainder)
        return made

    def _batches(self, size: int, drop_remainder: bool) -> int:
        """How many batches there are."""
        if self._count < 0:
            return self._count
        return self._count // size if drop_remainder else -(-self._count // size)

    def ragged_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: tensors here have one shape. Use `padded_batch`."""
        raise ValueError(
            "ragged_batch: expected elements of one shape. Use padded_batch, which fills up what "
            "is shorter."
        )

    def padded_batch(
        self,
        batch_size: int,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Any:
        """Batches of elements whose shapes differ: each is filled up at the ends of its axes.

        Args:
            batch_size: how many elements a batch has.
            padded_shapes: the shapes to fill up to, nested as the elements are. None and -1 stand
                for the longest in the batch, as it is for all axes by default.
            padding_values: what to fill up with, nested as the elements are, or one number for all
                numbers; zeros and empty texts by default.
            drop_remainder: whether a last, smaller batch is left out.
            name: accepted as in TensorFlow.

        Raises ValueError for a size below 1; on iteration, for an element that is longer.

        >>> from geartrain.data import Dataset
        >>> ragged = Dataset.range(1, 4).map(lambda n: np.full(n, n))
        >>> list(ragged.padded_batch(3))
        [array([[1, 0, 0],
               [2, 2, 0],
               [3, 3, 3]])]
        """
        size = whole_number("padded_batch", "batch_size", batch_size)

        def make() -> Iterator[Any]:
            for elements in chunks(self._make(), size, drop_remainder):
                yield padded(elements, padded_shapes, padding_values)

        return self._made(
            make,
            self._batches(size, drop_remainder),
            lambda: with_rows(
                padded_spec(self.element_spec, padded_shapes), size if drop_remainder else None
            ),
        )

    def unbatch(self, name: str | None = None) -> Any:
        """The rows of the elements, each an element.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.range(3).batch(2).unbatch())
        [array(0), array(1), array(2)]
        """

        def make() -> Iterator[Any]:
            for block in self._make():
                yield from each_row(block, range(number_of_rows("unbatch", block)))

        return self._made(make, UNKNOWN, lambda: without_rows(self.element_spec))

    def rebatch(
        self, batch_size: Any, drop_remainder: bool = False, name: str | None = None
    ) -> Any:
        """Batches of another size; of several sizes in turn, where a list is given.

        >>> from geartrain.data import Dataset
        >>> list(Dataset.range(6).batch(3).rebatch(4))
        [array([0, 1, 2, 3]), array([4, 5])]
        """
        listed = np.ndim(batch_size) > 0
        sizes = [whole_number("rebatch", "batch_size", size) for size in
                 (list(batch_size) if listed else [batch_size])]  # fmt: skip

        def make() -> Iterator[Any]:
            singly = self.unbatch()._make()
            for size in itertools.cycle(sizes):
                found = list(itertools.islice(singly, size))
                if not found or (len(found) < size and drop_remainder):
                    return
                yield stacked("rebatch", found)

        fixed = sizes[0] if drop_remainder and len(sizes) == 1 else None
        return self._made(make, UNKNOWN, lambda: with_rows(without_rows(self.element_spec), fixed))

    def window(
        self,
        size: int,
        shift: int | None = None,
        stride: int = 1,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Any:
        """Data sets of `size` elements each; of tuples and dicts, one data set for each tensor.

        Args:
            size: how many elements a window has.
            shift: by how many elements the next window starts later; by default `size`.
            stride: the distance of the elements within a window.
            drop_remainder: whether windows at the end that are smaller are left out.
            name: accepted as in TensorFlow.

        >>> from geartrain.data import Dataset
        >>> windows = Dataset.range(4).window(3, shift=1, drop_remainder=True)
        >>> list(windows.flat_map(lambda window: window.batch(3)))
        [array([0, 1, 2]), array([1, 2, 3])]
        """
        size = whole_number("window", "size", size)
        shift = size if shift is None else whole_number("window", "shift", shift)
        stride = whole_number("window", "stride", stride)
        span = (size - 1) * stride + 1

        def blocks() -> Iterator[tuple[Any, int]]:
            rows = self._rows
            if rows is not None and rows.fixed is not None:
                for start in range(0, len(rows.fixed), shift):
                    numbers = rows.fixed[start : start + span : stride]
                    yield rows.gathered(numbers), len(numbers)
                return
            for found in overlapping(self._make(), span, shift):
                chosen = found[::stride]
                yield stacked("window", chosen), len(chosen)

        def make() -> Iterator[Any]:
            for block, length in blocks():
                if length == size or not drop_remainder:
                    form = Form(block)
                    yield form.packed(
                        [self.root.from_tensor_slices(leaf) for leaf in form.leaves(block)]
                    )

        count = self._count
        if count >= 0:
            whole = max(0, (count - span) // shift + 1)
            count = whole if drop_remainder else -(-count // shift)
        made = self._made(make, count, lambda: map_leaves(DatasetSpec, self.element_spec))
        rows = self._rows
        if drop_remainder and rows is not None and rows.fixed is not None and rows.then is None:
            made._windows = lambda: windows_of(rows, size, shift, stride)
        return made

    def group_by_window(
        self,
        key_func: Callable[..., Any],
        reduce_func: Callable[[Any, Any], Any],
        window_size: int | None = None,
        window_size_func: Callable[[Any], Any] | None = None,
        name: str | None = None,
    ) -> Any:
        """What a function makes of elements that have a key in common.

        Args:
            key_func: the key of an element, a whole number.
            reduce_func: takes a key and a data set of elements that have it; returns a data set.
            window_size: how many elements are taken together; those left at the end are fewer.
            window_size_func: the same for each key.
            name: accepted as in TensorFlow.

        Raises ValueError unless just one of the sizes is given.

        >>> from geartrain.data import Dataset
        >>> odd_and_even = Dataset.range(6).group_by_window(
        ...     lambda x: x % 2, lambda key, group: group.batch(3), window_size=3)
        >>> list(odd_and_even)
        [array([0, 2, 4]), array([1, 3, 5])]
        """
        if (window_size is None) == (window_size_func is None):
            raise ValueError(
                "group_by_window: expected window_size or window_size_func. "
                f"Received: {'neither' if window_size is None else 'both'}"
            )
        check_function("group_by_window", key_func)
        check_function("group_by_window", reduce_func)

        def reduced(key: int, group: list[Any]) -> Any:
            source = self._made(lambda: iter(group), len(group), lambda: self.element_spec)
            return check_dataset("group_by_window", reduce_func(np.int64(key), source))

        def make() -> Iterator[Any]:
            groups: dict[int, list[Any]] = {}
            sizes: dict[int, int] = {}
            for element in self._make():
                key = int(applied(key_func, element))
                if key not in sizes:
                    size = window_size_func(np.int64(key)) if window_size_func else window_size
                    sizes[key] = whole_number("group_by_window", "window_size", size)
                group = groups.setdefault(key, [])
                group.append(element)
                if len(group) == sizes[key]:
                    yield from reduced(key, groups.pop(key))._make()
            for key, group in groups.items():
                yield from reduced(key, group)._make()

        def spec() -> Any:
            for element in self._make():
                return reduced(int(applied(key_func, element)), [element]).element_spec
            raise ValueError("element_spec: expected elements to group. Received: none")

        return self._made(make, UNKNOWN, spec)

    def bucket_by_sequence_length(
        self,
        element_length_func: Callable[..., Any],
        bucket_boundaries: Sequence[int],
        bucket_batch_sizes: Sequence[int],
        padded_shapes: Any = None,
        padding_values: Any = None,
        pad_to_bucket_boundary: bool = False,
        no_padding: bool = False,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Any:
        """Padded batches of elements of similar lengths.

        Args:
            element_length_func: the length of an element.
            bucket_boundaries: upper limits of the buckets, which they do not belong to.
            bucket_batch_sizes: the batch size of each bucket, one more than there are limits.
            padded_shapes, padding_values, drop_remainder: see `padded_batch`.
            pad_to_bucket_boundary: whether axes are filled up to the bucket's limit less 1.
            no_padding: whether elements of a bucket have one shape already.
            name: accepted as in TensorFlow.

        Raises ValueError for another number of sizes; on iteration, for an element beyond all
        limits where it is to be padded to one.

        >>> from geartrain.data import Dataset
        >>> texts = Dataset.from_generator(
        ...     lambda: [[1], [2, 2, 2], [3, 3]], output_types="int32", output_shapes=(None,))
        >>> [batch.shape for batch in texts.bucket_by_sequence_length(len, [3], [2, 2])]
        [(2, 2), (1, 3)]
        """
        if len(bucket_batch_sizes) != len(bucket_boundaries) + 1:
            raise ValueError(
                "bucket_by_sequence_length: expected one batch size more than boundaries. "
                f"Received: {len(bucket_batch_sizes)} sizes and {len(bucket_boundaries)} boundaries"
            )

        def bucket(*element: Any) -> int:
            length = int(element_length_func(*element))
            return int(np.searchsorted(list(bucket_boundaries), length, side="right"))

        def batches(key: Any, group: Any) -> Any:
            size = bucket_batch_sizes[int(key)]
            if no_padding:
                return group.batch(size, drop_remainder)
            shapes = padded_shapes
            if pad_to_bucket_boundary:
                if int(key) == len(bucket_boundaries):
                    raise ValueError(
                        "bucket_by_sequence_length: expected elements below the last boundary, "
                        f"{bucket_boundaries[-1]}, to pad to it. Received: a longer one. Filter "
                        "them out, or add a boundary."
                    )
                limit = bucket_boundaries[int(key)] - 1
                first = next(iter(group))
                given = padded_shapes or map_leaves(lambda leaf: (None,) * leaf.ndim, first)
                shapes = _filled(first, given, limit)
            return group.padded_batch(size, shapes, padding_values, drop_remainder)

        return self.group_by_window(
            bucket, batches, window_size_func=lambda key: bucket_batch_sizes[int(key)]
        )


def _filled(element: Any, shapes: Any, limit: int) -> Any:
    """Shapes, nested as the element is, with the limit for sizes that are not known."""
    if isinstance(element, dict):
        return {name: _filled(element[name], shapes[name], limit) for name in element}
    if isinstance(element, tuple):
        return tuple(_filled(*pair, limit) for pair in zip(element, shapes, strict=True))
    return tuple(limit if size in (None, -1) else size for size in shapes)


def windows_of(rows: Rows, size: int, shift: int, stride: int) -> Any:
    """Whole windows of rows as a view of their block, (windows, size, ...); None if there is none.

    Only of one array, all of it in its order.
    """
    block, span = rows.block, (size - 1) * stride + 1
    if not isinstance(block, np.ndarray) or rows.fixed != range(len(block)) or len(block) < span:
        return None
    seen = np.lib.stride_tricks.sliding_window_view(np.asarray(block), span, axis=0)
    return np.moveaxis(seen, -1, 1)[::shift, ::stride]


def overlapping(items: Iterator[Any], span: int, shift: int) -> Iterator[list[Any]]:
    """Lists of `span` neighbours, each `shift` items behind the one before; smaller at the end."""
    held = list(itertools.islice(items, span))
    while held:
        yield held
        held = held[shift:]
        if span < shift:
            list(itertools.islice(items, shift - span))
        held += itertools.islice(items, span - len(held))
