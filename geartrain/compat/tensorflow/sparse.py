"""`tf.sparse`: tensors of which few elements are not zero, and sets in their rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import ops
from geartrain.compat.tensorflow.creation import convert_to_tensor
from geartrain.compat.tensorflow.dtypes import as_dtype
from geartrain.compat.tensorflow.tensor import TensorShape, tensor


class SparseTensor:
    """The places and values of the elements that are not zero.

    Args:
        indices: (number, rank), a place in each row.
        values: what is there.
        dense_shape: the shape of the whole.
    """

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        self.indices = tensor(np.asarray(indices, "int64").reshape(-1, len(tuple(dense_shape))))
        self.values = convert_to_tensor(values)
        self.dense_shape = tensor(np.asarray(dense_shape, "int64"))

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole."""
        return TensorShape(np.asarray(self.dense_shape).tolist())

    def get_shape(self) -> TensorShape:
        """The shape of the whole."""
        return self.shape

    @property
    def dtype(self) -> Any:
        """The type of the elements."""
        return self.values.dtype

    def with_values(self, new_values: Any) -> SparseTensor:
        """Other values at the same places."""
        return SparseTensor(self.indices, new_values, self.dense_shape)

    def __tensor__(self) -> Any:
        return to_dense(self)

    def __mul__(self, other: Any) -> SparseTensor:
        return self.with_values(self.values * self._beside(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> SparseTensor:
        return self.with_values(self.values / self._beside(other))

    def _beside(self, other: Any) -> Any:
        """What of another tensor, broadcast to this one's shape, is at the places of the values."""
        places = tuple(np.asarray(self.indices).T)
        if isinstance(other, int | float):
            return other
        return ops.broadcast_to(other, tuple(self.shape))[places]

    def times(self, other: Any) -> Any:
        """The product with a matrix."""
        return ops.matmul(to_dense(self), other)

    def __repr__(self) -> str:
        return f"SparseTensor(indices={self.indices}, values={self.values}, shape={self.shape})"


def to_dense(
    sp_input: Any, default_value: Any = None, validate_indices: bool = True, name: Any = None
) -> Any:
    """The tensor with all its elements, `default_value` where none is given."""
    if hasattr(sp_input, "row_splits"):
        return sp_input.to_tensor(default_value)
    array = np.asarray(sp_input.values)
    shape = tuple(np.asarray(sp_input.dense_shape).tolist())
    if array.dtype.kind in "OUS":
        fill = "" if default_value is None else default_value
        made = np.full(shape, fill, object)
        made[tuple(np.asarray(sp_input.indices).T)] = array
        return tensor(made.astype(str) if array.dtype.kind == "U" else made)
    if default_value is None:
        return ops.scatter(sp_input.indices, sp_input.values, shape)
    whole = np.full(shape, default_value, array.dtype)
    return ops.scatter_update(whole, sp_input.indices, sp_input.values)


def from_dense(tensor: Any, name: Any = None) -> SparseTensor:
    """The places and values of what is not zero."""
    array = np.asarray(convert_to_tensor(tensor))
    places = np.argwhere(array != ("" if array.dtype.kind in "OUS" else 0))
    return SparseTensor(places, array[tuple(places.T)], array.shape)


def reorder(sp_input: Any, name: Any = None) -> SparseTensor:
    """The same with its places in order, row by row."""
    places = np.asarray(sp_input.indices)
    order = np.lexsort(places.T[::-1])
    return SparseTensor(places[order], sp_input.values[order], sp_input.dense_shape)


def sparse_dense_matmul(
    sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: Any = None
) -> Any:
    """The product of matrices of which one is sparse."""
    left, right = (to_dense(x) if isinstance(x, SparseTensor) else x for x in (sp_a, b))
    left = ops.transpose(left) if adjoint_a else left
    return ops.matmul(left, ops.transpose(right) if adjoint_b else right)


def reduce_sum(
    sp_input: Any, axis: Any = None, keepdims: Any = None, output_is_sparse: bool = False,
    name: Any = None,
) -> Any:  # fmt: skip
    """The sum along axes."""
    return ops.sum(to_dense(sp_input), axis=axis, keepdims=bool(keepdims))


def expand_dims(sp_input: Any, axis: Any = None, name: Any = None) -> SparseTensor:
    """The same with one more axis, of size 1."""
    place = len(sp_input.shape) if axis in (None, -1) else axis
    places = np.insert(np.asarray(sp_input.indices), place, 0, axis=1)
    return SparseTensor(places, sp_input.values, np.insert(sp_input.dense_shape, place, 1))


def reshape(sp_input: Any, shape: Any, name: Any = None) -> SparseTensor:
    """The same elements in another shape."""
    old = tuple(sp_input.shape)
    flat = np.ravel_multi_index(tuple(np.asarray(sp_input.indices).T), old)
    new = np.empty(old, np.bool_).reshape(tuple(shape)).shape
    return SparseTensor(np.stack(np.unravel_index(flat, new), 1), sp_input.values, new)


def add(a: Any, b: Any, threshold: Any = 0) -> Any:
    """The sum: sparse where both are."""
    if not (isinstance(a, SparseTensor) and isinstance(b, SparseTensor)):
        return ops.add(*(to_dense(x) if isinstance(x, SparseTensor) else x for x in (a, b)))
    return _merged(np.add, a, b)


def maximum(sp_a: Any, sp_b: Any, name: Any = None) -> SparseTensor:
    """The greater element at each place."""
    return _merged(np.maximum, sp_a, sp_b)


def minimum(sp_a: Any, sp_b: Any, name: Any = None) -> SparseTensor:
    """The lesser element at each place."""
    return _merged(np.minimum, sp_a, sp_b)


def _merged(function: Callable[[Any, Any], Any], a: SparseTensor, b: SparseTensor) -> SparseTensor:
    """A function of two sparse tensors at the places of either."""
    places = np.unique(np.concatenate([np.asarray(x.indices) for x in (a, b)]), axis=0)
    first, second = (np.asarray(to_dense(x))[tuple(places.T)] for x in (a, b))
    return SparseTensor(places, function(first, second), a.dense_shape)


def map_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> SparseTensor:
    """A function of the values, at the same places."""
    first = next(x for x in args if isinstance(x, SparseTensor))
    inner = [x.values if isinstance(x, SparseTensor) else x for x in args]
    return first.with_values(op(*inner, **kwargs))


def transpose(sp_input: Any, perm: Any = None, name: Any = None) -> SparseTensor:
    """The axes in another order."""
    order = list(reversed(range(len(sp_input.shape)))) if perm is None else list(perm)
    places = np.asarray(sp_input.indices)[:, order]
    made = SparseTensor(places, sp_input.values, np.asarray(sp_input.dense_shape)[order])
    return reorder(made)


def concat(axis: int, sp_inputs: Any, expand_nonconcat_dims: bool = False, name: Any = None) -> Any:
    """Sparse tensors one after another along an axis."""
    axis = axis % len(sp_inputs[0].shape)
    shapes = np.stack([np.asarray(x.dense_shape) for x in sp_inputs])
    starts = np.cumsum(shapes[:, axis]) - shapes[:, axis]
    places = []
    for x, start in zip(sp_inputs, starts, strict=True):
        places.append(np.array(x.indices))
        places[-1][:, axis] += start
    shape = shapes.max(0)
    shape[axis] = shapes[:, axis].sum()
    values = ops.concatenate([x.values for x in sp_inputs])
    return reorder(SparseTensor(np.concatenate(places), values, shape))


def slice(sp_input: Any, start: Any, size: Any, name: Any = None) -> SparseTensor:
    """The part that begins at a place and has a size."""
    first, places = np.asarray(start), np.asarray(sp_input.indices)
    end = np.minimum(first + np.asarray(size), np.asarray(sp_input.dense_shape))
    inside = ((places >= first) & (places < end)).all(1)
    return SparseTensor(places[inside] - first, sp_input.values[inside], end - first)


def retain(sp_input: Any, to_retain: Any) -> SparseTensor:
    """Some of the elements."""
    kept = np.asarray(to_retain)
    return SparseTensor(
        np.asarray(sp_input.indices)[kept], sp_input.values[kept], sp_input.dense_shape
    )


def eye(num_rows: Any, num_columns: Any = None, dtype: Any = "float32", name: Any = None) -> Any:
    """Ones along the diagonal."""
    shape = (int(num_rows), int(num_rows if num_columns is None else num_columns))
    places = np.repeat(np.arange(min(shape))[:, None], 2, 1)
    return SparseTensor(places, np.ones(min(shape), as_dtype(dtype).numpy_dtype), shape)


def reduce_max(
    sp_input: Any, axis: Any = None, keepdims: Any = None, output_is_sparse: bool = False,
    name: Any = None,
) -> Any:  # fmt: skip
    """The greatest of the elements that are given along axes; 0 where none is."""
    kind = np.asarray(sp_input.values).dtype
    lowest = (np.finfo(kind) if kind.kind == "f" else np.iinfo(kind)).min
    made = np.asarray(to_dense(sp_input, lowest)).max(axis, keepdims=bool(keepdims))
    return tensor(np.where(made == lowest, 0, made).astype(kind))


# -- sets -----------------------------------------------------------------------------------------


def _of_rows(function: Callable[[set[Any], set[Any]], set[Any]], a: Any, b: Any) -> SparseTensor:
    """Sets along the last axis of two tensors, taken together row by row."""
    a, b = (x if isinstance(x, SparseTensor) else convert_to_tensor(x) for x in (a, b))
    first, second = _sets(a), _sets(b)
    rows = [sorted(function(x, y)) for x, y in zip(first, second, strict=True)]
    places = [(n, m) for n, row in enumerate(rows) for m in range(len(row))]
    values = [one for row in rows for one in row]
    widest = max((len(row) for row in rows), default=0)
    kind = as_dtype(a.dtype)
    leading = tuple(a.shape)[:-1]
    if len(leading) != 1:
        places = [(*np.unravel_index(n, leading), m) for n, m in places]
    array = np.array(values, kind.numpy_dtype if kind.name != "string" else str)
    return SparseTensor(places, array, (*leading, widest))


def _sets(x: Any) -> list[set[Any]]:
    if not isinstance(x, SparseTensor):
        array = np.asarray(x)
        return [set(row.tolist()) for row in array.reshape(-1, array.shape[-1])]
    leading = tuple(x.shape)[:-1]
    found: list[set[Any]] = [set() for _ in range(int(np.prod(leading, dtype=int)))]
    for place, value in zip(np.asarray(x.indices), np.asarray(x.values).tolist(), strict=True):
        found[int(np.ravel_multi_index(tuple(place[:-1]), leading)) if leading else 0].add(value)
    return found


def union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """What is in one row or the other."""
    return _of_rows(set.union, a, b)


def intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """What is in both rows."""
    return _of_rows(set.intersection, a, b)


def difference(a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True) -> SparseTensor:
    """What is in the first row and not in the second."""
    return _of_rows(set.difference, a, b) if aminusb else _of_rows(lambda x, y: y - x, a, b)


def size(a: Any, validate_indices: bool = True) -> Any:
    """How many different values each row has."""
    return tensor(np.int32([len(row) for row in _sets(a)]).reshape(tuple(a.shape)[:-1]))


__all__ = [
    "SparseTensor", "add", "concat", "difference", "expand_dims", "eye", "from_dense",
    "intersection", "map_values", "maximum", "minimum", "reduce_max", "reduce_sum", "reorder",
    "reshape", "retain", "size", "slice", "sparse_dense_matmul", "to_dense", "transpose", "union",
]  # fmt: skip
