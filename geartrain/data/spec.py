"""What is known of the elements of a data set before they are there: shapes and dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import tree
from geartrain.data.elements import as_tensor
from geartrain.errors import shown
from geartrain.graph.dtypes import numpy_dtype, standardize_dtype


def dtype_name(dtype: Any) -> str:
    """The name of a dtype, "string" for all kinds of texts.

    >>> dtype_name(np.int64), dtype_name("U3"), dtype_name(str)
    ('int64', 'string', 'string')
    """
    if dtype is str or dtype is bytes:
        return "string"
    name = dtype if isinstance(dtype, np.dtype) else getattr(dtype, "name", dtype)
    if name == "string":
        return "string"
    try:
        found = np.dtype(name)
    except TypeError:
        return standardize_dtype(dtype)
    return "string" if found.kind in "USOT" else found.name


class TensorSpec:
    """The shape and the dtype of a tensor; None for a size that is not known.

    Args:
        shape: a tuple; None if nothing is known of it.
        dtype: a name, or NumPy's dtype.
        name: a name.

    >>> TensorSpec((None, 3), "float32")
    TensorSpec(shape=(None, 3), dtype=float32, name=None)
    """

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None) -> None:
        if shape is not None and not hasattr(shape, "__iter__"):
            shape = (shape,)
        self.shape = None if shape is None else tuple(shape)
        self.dtype = dtype_name(dtype)
        self.name = name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """The spec of a tensor that is there."""
        return cls(np.shape(tensor), np.asarray(tensor).dtype, name)

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a tensor, or another spec, may be one that this describes."""
        if not isinstance(other, TensorSpec):
            other = TensorSpec.from_tensor(other)
        if self.dtype != other.dtype:
            return False
        if self.shape is None or other.shape is None:
            return True
        return len(self.shape) == len(other.shape) and all(
            a is None or b is None or a == b for a, b in zip(self.shape, other.shape, strict=True)
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TensorSpec):
            return NotImplemented
        return (self.shape, self.dtype) == (other.shape, other.dtype)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype}, name={self.name!r})"


class DatasetSpec:
    """The spec of a data set that is an element of another.

    Args:
        element_spec: that of its elements.
    """

    def __init__(self, element_spec: Any, dataset_shape: Any = ()) -> None:
        self.element_spec, self.dataset_shape = element_spec, dataset_shape

    def __repr__(self) -> str:
        return f"DatasetSpec({self.element_spec})"


def spec_of(element: Any) -> Any:
    """The specs of an element's tensors, nested as it is.

    >>> spec_of({"a": np.zeros(3)})
    {'a': TensorSpec(shape=(3,), dtype=float64, name=None)}
    """

    def leaf(value: Any) -> Any:
        if hasattr(value, "element_spec"):
            return DatasetSpec(value.element_spec)
        found = as_tensor(value)
        return TensorSpec.from_tensor(found) if isinstance(found, np.ndarray) else found

    return tree.map_structure(leaf, element)


def with_rows(spec: Any, rows: int | None) -> Any:
    """The specs of a batch of so many elements."""

    def leaf(one: Any) -> Any:
        if not isinstance(one, TensorSpec):
            return one
        return TensorSpec(None if one.shape is None else (rows, *one.shape), one.dtype)

    return tree.map_structure(leaf, spec)


def without_rows(spec: Any) -> Any:
    """The specs of the elements that a batch is made of."""

    def leaf(one: Any) -> Any:
        return TensorSpec(None if one.shape is None else one.shape[1:], one.dtype)

    return tree.map_structure(leaf, spec)


def of_results(spec: Any, element: Any, result: Any) -> Any:
    """The specs of what a function makes of elements, known by one example.

    A first axis that was not known, and came out as long as it went in, is not known.
    """
    rows = {
        given.shape[0]
        for known, given in zip(tree.flatten(spec), tree.flatten(element), strict=True)
        if isinstance(known, TensorSpec) and known.shape and known.shape[0] is None
    }

    def leaf(one: Any) -> Any:
        if isinstance(one, TensorSpec) and one.shape and one.shape[0] in rows:
            return TensorSpec((None, *one.shape[1:]), one.dtype)
        return one

    return tree.map_structure(leaf, spec_of(result))


def conforming(value: Any, spec: Any, who: str) -> Any:
    """A value as an element of the form, the dtypes and the shapes that were said.

    Raises TypeError for another form, ValueError for another shape.

    >>> conforming([1, [2, 3]], (TensorSpec((), "int64"), TensorSpec((None,), "float32")), "data")
    (array(1), array([2., 3.], dtype=float32))
    """
    if isinstance(spec, dict):
        if not isinstance(value, dict) or set(value) != set(spec):
            raise TypeError(f"{who}: expected a dict with {sorted(spec)}. Received: {shown(value)}")
        return {name: conforming(value[name], spec[name], who) for name in spec}
    if isinstance(spec, tuple):
        if not isinstance(value, tuple | list) or len(value) != len(spec):
            raise TypeError(f"{who}: expected {len(spec)} parts. Received: {shown(value)}")
        parts = [conforming(one, its, who) for one, its in zip(value, spec, strict=True)]
        return tuple(parts)
    if not isinstance(spec, TensorSpec):
        return as_tensor(value)
    array = as_tensor(list(value) if isinstance(value, tuple) else value)
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{who}: expected a tensor as {spec}. Received: {shown(value)}")
    if dtype_name(array.dtype) != spec.dtype:
        if "string" in (spec.dtype, dtype_name(array.dtype)):
            raise TypeError(f"{who}: expected dtype {spec.dtype}. Received: {shown(value)}")
        array = as_tensor(array.astype(numpy_dtype(spec.dtype)))
    if not spec.is_compatible_with(array):
        raise ValueError(f"{who}: expected shape {spec.shape}. Received: shape {array.shape}")
    return array
