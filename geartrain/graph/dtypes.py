"""Names of element types, and the type that a mix of types gives.

The promotion is Keras's (and JAX's): Python numbers are weak, so `uint8 + 1` stays uint8 and
`float32 * 0.5` stays float32; integers with floats give the float type.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import numpy as np

from geartrain import config
from geartrain.errors import unknown_name

# Each type and the types one step above it. "int" and "float" are Python's own, weak numbers.
_ABOVE: dict[str, tuple[str, ...]] = {
    "bool": ("int",),
    "int": ("uint8", "int8"),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": ("float",),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float",),
    "float": ("bfloat16", "float16"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64",),
    "float64": (),
}
NAMES = tuple(name for name in _ABOVE if name not in ("int", "float"))
INTEGERS = tuple(name for name in NAMES if "int" in name)
FLOATS = ("float16", "bfloat16", "float32", "float64")
_ALIASES = {"half": "float16", "double": "float64", "long": "int64", "int": "int32"}


def standardize_dtype(dtype: Any) -> str:
    """The canonical name of a dtype given as a name, a NumPy dtype, a Python type or None.

    >>> standardize_dtype(np.float64), standardize_dtype(int), standardize_dtype(str)
    ('float64', 'int32', 'string')
    """
    if dtype is None:
        return config.floatx()
    if dtype is bool:
        return "bool"
    if dtype is int:
        return "int32"
    if dtype is float:
        return config.floatx()
    if dtype is str or (isinstance(dtype, np.dtype) and dtype.kind in "UST"):
        return "string"
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None)
    if name is None:
        try:
            name = np.dtype(dtype).name
        except TypeError:
            name = dtype
    name = _ALIASES.get(name, name)
    if name not in NAMES and name != "string":
        raise unknown_name("dtype", name, NAMES)
    return str(name)


def numpy_dtype(name: str) -> np.dtype[Any]:
    """NumPy's dtype of that name; bfloat16 comes from the package ml_dtypes."""
    if name == "bfloat16":
        try:
            ml_dtypes: Any = importlib.import_module("ml_dtypes")
        except ImportError as error:
            raise ImportError("bfloat16 tensors need the package ml_dtypes: install it.") from error
        bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return bfloat16
    return np.dtype(name)


_names: dict[np.dtype[Any], str] = {}


def name_of(array: np.ndarray | np.generic) -> str:
    """The dtype's name of an array: NumPy spells it anew each time, which takes longer than ops."""
    dtype = _dtype_of(array) if isinstance(array, np.ndarray) else array.dtype
    name = _names.get(dtype)
    if name is None:
        name = _names[dtype] = dtype.name
    return name


_dtype_of: Any = np.ndarray.dtype.__get__


def no_numbers(who: str = "") -> TypeError:
    """The error for a tensor of strings where numbers are needed."""
    return TypeError(
        f"{f'{who}: e' if who else 'E'}xpected a tensor of numbers. Received: one of strings. "
        "Encode strings as numbers first, with layers.TextVectorization, StringLookup or Hashing."
    )


def is_float(name: str) -> bool:
    """Whether tensors of this dtype have gradients."""
    return name in FLOATS


def limits(name: str) -> tuple[float, float]:
    """The least and the greatest finite number of a dtype.

    >>> limits("int8"), limits("bool")
    ((-128, 127), (0, 1))
    """
    if name == "bool":
        return 0, 1
    if name == "bfloat16":
        info: Any = importlib.import_module("ml_dtypes").finfo(numpy_dtype(name))
    else:
        dtype = numpy_dtype(name)
        info = np.finfo(dtype) if is_float(name) else np.iinfo(dtype)
    number = float if is_float(name) else int
    return number(info.min), number(info.max)


@cache
def _at_or_above(name: str) -> frozenset[str]:
    reached, stack = {name}, [name]
    while stack:
        for above in _ABOVE[stack.pop()]:
            if above not in reached:
                reached.add(above)
                stack.append(above)
    return frozenset(reached)


@cache
def _join(names: frozenset[str]) -> str:
    common = frozenset.intersection(*map(_at_or_above, names))
    return next(name for name in common if common <= _at_or_above(name))


def result_type(*dtypes: Any) -> str:
    """The dtype of an operation on tensors of `dtypes`; Python's `int` and `float` are weak.

    >>> result_type("int32", float), result_type("uint8", "int8"), result_type("uint8", int)
    ('float32', 'int16', 'uint8')
    """
    weak = {int: "int", float: "float", bool: "bool"}
    names = frozenset(
        weak[dtype] if dtype in (int, float, bool) else standardize_dtype(dtype) for dtype in dtypes
    )
    if "string" in names:
        raise no_numbers()
    joined = _join(names) if names else "float"
    return {"int": "int32", "float": config.floatx()}.get(joined, joined)
