"""`tf.dtypes`: the element types, which are also the names that NumPy and Keras know them by."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.graph.dtypes import limits, numpy_dtype

NAMES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16",
    "bfloat16", "float32", "float64", "complex64", "complex128", "string",
)  # fmt: skip


class DType(str):
    """An element type: a name, with what TensorFlow tells of it.

    >>> float32 = as_dtype("float32")
    >>> float32, float32.is_floating, float32.size, float32 == np.dtype("float32")
    (tf.float32, True, 4, True)
    """

    __slots__ = ()
    _is_numeric = True  # which numpy.testing asks the types of arrays

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __eq__(self, other: Any) -> bool:
        try:
            return self.name == as_dtype(other).name
        except TypeError:
            return False

    def __ne__(self, other: Any) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return str.__hash__(self)

    @property
    def name(self) -> str:
        """Its name."""
        return str(self)

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """NumPy's type of such elements; objects for strings."""
        return np.dtype(object) if self.name == "string" else numpy_dtype(self.name)

    @property
    def as_numpy_dtype(self) -> Any:
        """NumPy's type of such elements, as a class."""
        return self.numpy_dtype.type

    as_datatype_enum = name
    base_dtype = property(lambda self: self)
    is_floating = property(lambda self: self.numpy_dtype.kind in "fV" and self.name != "string")
    is_integer = property(lambda self: self.numpy_dtype.kind in "iu")
    is_unsigned = property(lambda self: self.numpy_dtype.kind == "u")
    is_complex = property(lambda self: self.numpy_dtype.kind == "c")
    is_bool = property(lambda self: self.name == "bool")
    is_numpy_compatible = True
    size = property(lambda self: self.numpy_dtype.itemsize)
    min = property(lambda self: limits(self.name)[0])
    max = property(lambda self: limits(self.name)[1])
    limits = property(lambda self: limits(self.name))

    def __getattr__(self, name: str) -> Any:
        """What NumPy's type tells: `kind`, `itemsize`, `type`."""
        return getattr(self.numpy_dtype, name)


_ALL = {name: DType(name) for name in NAMES}
globals().update(_ALL)
half, double = _ALL["float16"], _ALL["float64"]
_OTHERS = {"half": "float16", "double": "float64", "object": "string", "str": "string"}
_PYTHON = {float: "float32", int: "int32", bool: "bool", str: "string", bytes: "string"}


def as_dtype(type_value: Any) -> Any:
    """The element type of that name, NumPy's type or Python's.

    Raises TypeError for anything else.

    >>> as_dtype(np.int64), as_dtype(float)
    (tf.int64, tf.float32)
    """
    if isinstance(type_value, DType):
        return type_value
    name = _PYTHON.get(type_value) if isinstance(type_value, type) else None
    if name is None and isinstance(type_value, str):
        name = _OTHERS.get(type_value, type_value)
    if name not in _ALL:
        try:
            found = np.dtype(type_value)
        except TypeError:
            found = None
        name = None if found is None else "string" if found.kind in "OSUT" else found.name
    if name not in _ALL:
        raise TypeError(
            f"tf.as_dtype: expected an element type, such as tf.float32. Received: {type_value!r}"
        )
    return _ALL[name]


def result_type(*values: Any) -> Any:
    """The type that an operation on these gives."""
    from geartrain.graph import dtypes

    return as_dtype(dtypes.result_type(*(getattr(value, "dtype", type(value)) for value in values)))


__all__ = ["DType", "as_dtype", "double", "half", *NAMES]
