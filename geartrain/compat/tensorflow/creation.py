"""Making tensors: `tf.constant`, `tf.zeros`, `tf.range`, ..."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from geartrain import ops
from geartrain.compat.tensorflow.dtypes import as_dtype
from geartrain.compat.tensorflow.shapes import number, shape_of
from geartrain.compat.tensorflow.tensor import Tensor, tensor
from geartrain.graph.node import Node
from geartrain.ops.operands import dtype_of, operand
from geartrain.ops.sizes import Size


def _texts(value: Any) -> np.ndarray | None:
    """Strings, alone or in lists, as an array; None for anything else."""
    first = value
    while isinstance(first, list | tuple) and len(first):
        first = first[0]
    if isinstance(first, np.ndarray | np.generic) and first.dtype.kind not in "OSUT":
        return None
    if not isinstance(first, str | bytes | np.ndarray | np.generic):
        return None
    array = np.asarray(value) if not isinstance(first, bytes) else np.array(value, object)
    if array.dtype.kind == "S":
        array = array.astype(object)
    if array.dtype == object and all(isinstance(one, str) for one in array.reshape(-1)):
        array = array.astype(str)
    return array if array.dtype.kind in "OUT" else None


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> Any:
    """A value as a tensor: numbers become int32 and float32, arrays keep their dtype.

    Raises ValueError for lists of unequal lengths, TypeError for other objects.
    """
    wanted = None if dtype is None else as_dtype(dtype)
    if hasattr(value, "row_splits") or hasattr(value, "dense_shape"):
        return value
    texts = None if isinstance(value, Node) else _texts(value)
    if texts is not None:
        return tensor(texts)
    if isinstance(value, builtins.complex) or (wanted is not None and wanted.is_complex):
        return tensor(np.asarray(value, wanted and wanted.name))
    array = value if isinstance(value, np.ndarray) else None
    if array is not None and array.dtype.kind == "c":
        return tensor(array)
    made = operand(value, None if wanted is None else wanted.name)
    return made if isinstance(made, Node | Tensor) else tensor(np.array(made))


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = "Const") -> Any:
    """A tensor of a value; with `shape`, its elements in that shape, or one number everywhere."""
    made = convert_to_tensor(value, dtype)
    if shape is None:
        return made
    wanted = shape_of(shape)
    if np.size(made) == 1:
        return tensor(np.full(wanted, np.asarray(made).reshape(()), np.asarray(made).dtype))
    return ops.reshape(made, wanted)


def _filled(value: Any, shape: Any, dtype: Any) -> Any:
    wanted, sizes = as_dtype(dtype), shape_of(shape)
    if wanted.name == "string":
        return tensor(np.full(sizes, ""))
    if wanted.is_complex:
        return tensor(np.full(sizes, value, wanted.name))
    return ops.full(sizes, value, dtype=wanted.name)


def zeros(shape: Any, dtype: Any = "float32", name: str | None = None, layout: Any = None) -> Any:
    """Zeros, of a shape."""
    return _filled(0, shape, dtype)


def ones(shape: Any, dtype: Any = "float32", name: str | None = None, layout: Any = None) -> Any:
    """Ones, of a shape."""
    return _filled(1, shape, dtype)


def fill(dims: Any, value: Any, name: str | None = None, layout: Any = None) -> Any:
    """One value everywhere, of a shape."""
    made = convert_to_tensor(value)
    if not isinstance(made, Node) and made.dtype.name == "string":
        return tensor(np.full(shape_of(dims), np.asarray(made)))
    return ops.broadcast_to(made, shape_of(dims))


def zeros_like(
    input: Any,
    dtype: Any = None,
    name: str | None = None,
    layout: Any = None,
) -> Any:
    """Zeros, in the shape of another tensor."""
    return ops.zeros_like(input, None if dtype is None else as_dtype(dtype).name)


def ones_like(
    input: Any,
    dtype: Any = None,
    name: str | None = None,
    layout: Any = None,
) -> Any:
    """Ones, in the shape of another tensor."""
    return ops.ones_like(input, None if dtype is None else as_dtype(dtype).name)


def eye(
    num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = "float32",
    name: str | None = None,
) -> Any:  # fmt: skip
    """The identity matrix, repeated over `batch_shape`."""
    columns = number(num_rows if num_columns is None else num_columns)
    made = ops.eye(number(num_rows), columns, dtype=as_dtype(dtype).name)
    if batch_shape is None:
        return made
    return ops.broadcast_to(made, (*shape_of(batch_shape), number(num_rows), columns))


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = "range"
) -> Any:
    """Numbers from `start` up to `limit` without it, `delta` apart; from 0 if one is given."""
    first, end = (0, start) if limit is None else (start, limit)
    values = [first, end, delta]
    if dtype is None:
        found = {_dtype_of(one) for one in values} - {"int"}
        dtype = next((d for d in ("float64", "float32", "int64") if d in found), None)
        dtype = dtype or next(iter(found), "int32")
    bounds = [_bound(one) for one in values]
    return ops.arange(*bounds, dtype=as_dtype(dtype).name)


def _dtype_of(value: Any) -> str:
    if isinstance(value, int | Size):
        return "int"
    return "float32" if isinstance(value, float) else dtype_of(operand(value))


def _bound(value: Any) -> Any:
    return value.item() if isinstance(value, np.ndarray | np.generic) else value


def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Any:
    """`num` numbers from `start` to `stop`, both among them."""
    start, stop = operand(start), operand(stop)
    if "float" not in dtype_of(start):
        start = operand(start, "float64")
    return ops.cast(ops.linspace(start, stop, number(num), axis=axis), dtype_of(start))


def meshgrid(*args: Any, **kwargs: Any) -> Any:
    """The coordinates of a grid: a tensor for each axis; `indexing` is "xy" or "ij"."""
    return ops.meshgrid(*args, indexing=kwargs.get("indexing", "xy"))


def complex(real: Any, imag: Any, name: str | None = None) -> Any:
    """Complex numbers, of their real and imaginary parts. They have no gradients."""
    real, imag = np.asarray(operand(real)), np.asarray(operand(imag))
    kind = "complex128" if real.dtype == "float64" else "complex64"
    return tensor(np.asarray(real + 1j * imag).astype(kind))


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor, a variable, or a ragged or sparse tensor."""
    return isinstance(x, Tensor) or any(
        hasattr(x, name) for name in ("__tensor__", "row_splits", "dense_shape")
    )


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The value as an array; None where it is not known yet."""
    return None if isinstance(tensor, Node) else np.asarray(tensor)


def identity(input: Any, name: str | None = None) -> Any:
    """A tensor of the same values."""
    if hasattr(input, "row_splits") or hasattr(input, "dense_shape"):
        return input
    found = convert_to_tensor(input)
    if isinstance(found, Node) or found.dtype.name == "string":
        return found
    return ops.reshape(found, np.shape(found)) if found is input else found


def identity_n(input: Any, name: str | None = None) -> Any:
    """Tensors of the same values."""
    return [identity(one) for one in input]


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """`x` with its elements converted; floats become integers by dropping fractions."""
    wanted = as_dtype(dtype)
    if hasattr(x, "with_values"):
        return x.with_values(cast(x.values, dtype))
    if wanted.is_complex or getattr(getattr(x, "dtype", None), "kind", "") == "c":
        array = np.asarray(x)
        return tensor((array if wanted.is_complex else array.real).astype(wanted.name))
    if wanted.name == "string":
        return convert_to_tensor(x)
    return ops.cast(x, wanted.name)


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Any:
    """`value` held within the numbers that a dtype has, then cast to it."""
    return ops.saturate_cast(value, as_dtype(dtype).name)


def bitcast(input: Any, type: Any, name: str | None = None) -> Any:
    """The same bytes read as another dtype."""
    return tensor(np.asarray(operand(input)).view(as_dtype(type).numpy_dtype))


__all__ = [
    "bitcast", "cast", "complex", "constant", "convert_to_tensor", "eye", "fill",
    "get_static_value", "identity", "identity_n", "is_tensor", "linspace", "meshgrid", "ones",
    "ones_like", "range", "saturate_cast", "zeros", "zeros_like",
]  # fmt: skip
