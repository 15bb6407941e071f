"""`tf.ragged`: rows of several lengths, as the values of all rows and where each begins."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from geartrain import ops
from geartrain.compat.tensorflow import dtypes
from geartrain.compat.tensorflow.arrays import concat as concatenated
from geartrain.compat.tensorflow.creation import convert_to_tensor
from geartrain.compat.tensorflow.tensor import TensorShape, tensor


class RaggedTensor:
    """Rows of several lengths.

    Attributes:
        values: what is in the rows, one after the other: a tensor, or a ragged one.
        row_splits: where each row begins, and where the last ends.

    >>> rows = constant([[1, 2], [], [3]])
    >>> rows.to_list(), rows.to_tensor().numpy().tolist(), len(rows)
    ([[1, 2], [], [3]], [[1, 2], [0, 0], [3, 0]], 3)
    """

    def __init__(self, values: Any, row_splits: Any) -> None:
        self.values = values if isinstance(values, RaggedTensor) else convert_to_tensor(values)
        self.row_splits = tensor(np.asarray(row_splits, "int64"))

    @classmethod
    def from_row_splits(
        cls, values: Any, row_splits: Any, name: Any = None, validate: bool = True
    ) -> Any:
        """From values and where each row begins."""
        return cls(values, row_splits)

    @classmethod
    def from_row_lengths(
        cls, values: Any, row_lengths: Any, name: Any = None, validate: bool = True
    ) -> Any:
        """From values and the length of each row."""
        return cls(values, np.concatenate([[0], np.cumsum(np.asarray(row_lengths, "int64"))]))

    @classmethod
    def from_value_rowids(
        cls,
        values: Any,
        value_rowids: Any,
        nrows: Any = None,
        name: Any = None,
        validate: bool = True,
    ) -> Any:
        """From values and the number of the row of each."""
        rows = np.asarray(value_rowids)
        count = int(rows.max(initial=-1)) + 1 if nrows is None else int(nrows)
        return cls.from_row_lengths(values, np.bincount(rows, minlength=count))

    @classmethod
    def from_tensor(cls, tensor: Any, lengths: Any = None, padding: Any = None,
                    ragged_rank: int = 1, name: Any = None,
                    row_splits_dtype: Any = "int64") -> Any:  # fmt: skip
        """From a tensor: rows as long as said, or without the padding at their ends."""
        array = np.asarray(tensor)
        if lengths is None:
            lengths = [array.shape[1]] * len(array)
            if padding is not None:
                kept = array != np.asarray(padding)
                lengths = [int(np.max(np.nonzero(row)[0], initial=-1)) + 1 for row in kept]
        rows = [row[: int(count)] for row, count in zip(array, lengths, strict=True)]
        return cls.from_row_lengths(np.concatenate(rows), lengths)

    def with_values(self, new_values: Any) -> Any:
        """Rows of the same lengths with other values."""
        return RaggedTensor(new_values, self.row_splits)

    with_flat_values = with_values

    # -- description ------------------------------------------------------------------------------

    @property
    def dtype(self) -> Any:
        """The type of the elements."""
        return self.values.dtype if isinstance(self.values, RaggedTensor) else dtypes.as_dtype(
            np.asarray(self.values).dtype)  # fmt: skip

    @property
    def flat_values(self) -> Any:
        """The innermost values."""
        inner = self.values
        return inner.flat_values if isinstance(inner, RaggedTensor) else inner

    @property
    def ragged_rank(self) -> int:
        """How many axes have several lengths."""
        inner = self.values
        return 1 + (inner.ragged_rank if isinstance(inner, RaggedTensor) else 0)

    @property
    def shape(self) -> TensorShape:
        """The sizes of its axes; None where lengths differ."""
        return TensorShape([len(self), None, *tuple(self.values.shape)[1:]])

    def get_shape(self) -> TensorShape:
        """The sizes of its axes."""
        return self.shape

    def row_lengths(self, axis: int = 1, name: Any = None) -> Any:
        """The length of each row."""
        return tensor(np.diff(np.asarray(self.row_splits)))

    def row_starts(self, name: Any = None) -> Any:
        """Where each row begins."""
        return self.row_splits[:-1]

    def value_rowids(self, name: Any = None) -> Any:
        """The number of the row of each value."""
        return tensor(
            np.repeat(np.arange(len(self), dtype="int64"), np.asarray(self.row_lengths()))
        )

    def nrows(self, out_type: Any = None, name: Any = None) -> Any:
        """The number of rows."""
        return tensor(np.int64(len(self)))

    def bounding_shape(self, axis: Any = None, name: Any = None, out_type: Any = None) -> Any:
        """The shape that holds all rows."""
        return tensor(np.int64(self.to_tensor().shape))

    def __len__(self) -> int:
        return len(self.row_splits) - 1

    # -- contents ---------------------------------------------------------------------------------

    def _row(self, n: int) -> Any:
        n = n % len(self) if -len(self) <= n < len(self) else _outside(n, len(self))
        first, last = np.asarray(self.row_splits)[n : n + 2].tolist()
        return self.values[first:last]

    def __iter__(self) -> Iterator[Any]:
        return (self._row(n) for n in builtins.range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            first, *rest = key
            if isinstance(first, slice):
                rows = list(self[first])
                return stack([row[rest[0] if len(rest) == 1 else tuple(rest)] for row in rows])
            return self[first][rest[0] if len(rest) == 1 else tuple(rest)]
        if isinstance(key, slice):
            return rows_of([self._row(n) for n in builtins.range(*key.indices(len(self)))], self)
        places = np.asarray(key)
        if places.ndim == 0:
            return self._row(int(places))
        return rows_of([self._row(int(n)) for n in places], self)

    def to_list(self) -> list[Any]:
        """The rows as nested lists."""
        rows = []
        for row in self:
            plain = row.to_list() if isinstance(row, RaggedTensor) else np.asarray(
                row.numpy()).tolist()  # fmt: skip
            rows.append(plain)
        return rows

    def numpy(self) -> np.ndarray:
        """The rows as an array of arrays; as one array where all are of one length."""
        rows = [row.numpy() for row in self]
        if len({np.shape(row) for row in rows}) == 1:
            return np.stack(rows)
        made = np.empty(len(rows), object)
        made[:] = rows
        return made

    def to_tensor(self, default_value: Any = None, name: Any = None, shape: Any = None) -> Any:
        """One tensor, short rows filled up with a value, 0 or the empty text by default."""
        rows = [row.to_tensor(default_value) if isinstance(row, RaggedTensor) else np.asarray(row)
                for row in self]  # fmt: skip
        inner = tuple(self.values.shape)[1:] if not isinstance(self.values, RaggedTensor) else None
        sizes = [row.shape for row in rows] or [(0, *(inner or ()))]
        widest = [max(column) for column in zip(*sizes, strict=True)]
        if shape is not None:
            given = list(shape)[1:]
            widest = [w if s is None else int(s) for w, s in
                      zip(widest, [*given, *[None] * len(widest)], strict=False)]  # fmt: skip
        flat = np.asarray(self.flat_values)
        fill = ("" if flat.dtype.kind in "OU" else 0) if default_value is None else default_value
        if not isinstance(fill, str | bytes) and np.asarray(fill).dtype.kind in "OU":
            fill = str(np.asarray(fill))
        made = np.full((len(rows), *widest), fill, flat.dtype if flat.dtype.kind != "U" else object)
        for place, row in enumerate(rows):
            key = tuple(slice(0, min(a, b)) for a, b in zip(row.shape, widest, strict=True))
            made[(place, *key)] = np.asarray(row)[key]
        return tensor(made.astype(str) if flat.dtype.kind == "U" else made)

    def reduced(self, function: Callable[..., Any], axis: Any, keepdims: bool) -> Any:
        """A fold over all values, or over those of each row with axis 1."""
        if axis is None:
            return function(self.flat_values)
        if axis in (1, -1) and self.ragged_rank == 1:
            rows = [function(row, 0, keepdims) for row in self]
            return ops.stack(rows)
        return function(self.to_tensor(), axis, keepdims)

    def expanded(self, axis: int) -> Any:
        """With one more axis, of size 1."""
        if axis == 0:
            return RaggedTensor(self, [0, len(self)])
        if axis == 1:
            return RaggedTensor(self, np.arange(len(self) + 1))
        return self.with_values(ops.expand_dims(self.values, axis - 1))

    @staticmethod
    def stacked(rows: Sequence[Any]) -> Any:
        """Rows as one tensor: what data sets batch with."""
        return stack(list(rows))

    @staticmethod
    def joined(values: Sequence[Any], axis: int) -> Any:
        """Ragged tensors one after the other, or row by row: see `concat`."""
        return concat(values, axis)

    def merge_dims(self, outer_axis: int, inner_axis: int) -> Any:
        """Neighbouring axes as one."""
        if (outer_axis, inner_axis) == (0, 1):
            return self.values
        return self.with_values(self.values.merge_dims(outer_axis - 1, inner_axis - 1))

    def _with(self, other: Any, function: Callable[..., Any]) -> Any:
        if isinstance(other, RaggedTensor):
            if (
                self.to_list()
                and other.row_splits.numpy().tolist() != self.row_splits.numpy().tolist()
            ):
                raise ValueError("RaggedTensor: expected rows of the same lengths.")
            other = other.values
        return self.with_values(function(self.values, other))

    def __add__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a - b)

    def __mul__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a * b)

    def __truediv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a / b)

    __radd__, __rmul__ = __add__, __mul__

    def __repr__(self) -> str:
        return f"<tf.RaggedTensor {self.to_list()}>"


def _outside(n: int, count: int) -> int:
    raise IndexError(f"RaggedTensor: expected a row below {count}. Received: {n}")


def constant(
    pylist: Any, dtype: Any = None, ragged_rank: int | None = None, inner_shape: Any = None,
    name: Any = None, row_splits_dtype: Any = "int64",
) -> Any:  # fmt: skip
    """A ragged tensor of nested lists."""

    def depth(value: Any) -> int:
        if not isinstance(value, list | tuple | np.ndarray):
            return 0
        return 1 + max((depth(one) for one in value), default=0)

    rank = depth(pylist) - 1 if ragged_rank is None else ragged_rank
    if rank < 1:
        return convert_to_tensor(pylist, dtype)
    lengths = [len(row) for row in pylist]
    flat = [one for row in pylist for one in row]
    if rank > 1:
        return RaggedTensor.from_row_lengths(constant(flat, dtype, rank - 1), lengths)
    if not flat:
        kind = dtypes.as_dtype(dtype or "float32")
        flat = tensor(np.zeros(0, "U1" if kind.name == "string" else kind.name))
    return RaggedTensor.from_row_lengths(convert_to_tensor(flat, dtype), lengths)


def stack(values: Any, axis: int = 0, name: Any = None) -> Any:
    """Tensors of several lengths as the rows of one ragged tensor."""
    return rows_of(values)


def rows_of(values: Any, like: Any = None) -> Any:
    """Tensors as rows; if there are none, of the kind that those of another have."""
    rows = [one if isinstance(one, RaggedTensor) else convert_to_tensor(one) for one in values]
    if not rows:
        return RaggedTensor(like.values[:0] if like is not None else np.zeros(0, "float32"), [0])
    lengths = [len(row) for row in rows]
    if any(isinstance(row, RaggedTensor) for row in rows):
        flat = [part for row in rows for part in row]
        return RaggedTensor.from_row_lengths(stack(flat), lengths)
    return RaggedTensor.from_row_lengths(concatenated(rows, 0), lengths)


def concat(values: Any, axis: int, name: Any = None) -> Any:
    """Ragged tensors one after the other, or row by row with axis 1."""
    given = [one if isinstance(one, RaggedTensor) else RaggedTensor.from_tensor(one)
             for one in values]  # fmt: skip
    if axis == 0:
        return stack([row for one in given for row in one])
    return stack([concatenated(list(rows), 0) for rows in zip(*given, strict=True)])


def range(starts: Any, limits: Any = None, deltas: Any = 1, dtype: Any = None, name: Any = None,
          row_splits_dtype: Any = "int64") -> Any:  # fmt: skip
    """A row of numbers for each pair of a start and a limit."""
    first, last = (0, starts) if limits is None else (starts, limits)
    pairs = np.broadcast_arrays(np.asarray(first), np.asarray(last))
    rows = [np.arange(a, b, deltas, dtype="int32") for a, b in zip(*pairs, strict=True)]
    return stack(rows)


def boolean_mask(data: Any, mask: Any, name: Any = None) -> Any:
    """The elements of each row where a mask is true."""
    rows = [np.asarray(row)[np.asarray(keep)] for row, keep in zip(data, mask, strict=True)]
    return stack(rows)


__all__ = ["RaggedTensor", "boolean_mask", "concat", "constant", "range", "stack"]
