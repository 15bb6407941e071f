"""What the public functions accept, made ready for the primitives.

A function of `geartrain.ops` takes arrays, numbers, lists, variables and symbolic tensors in any
mix. Primitives take arrays or nodes of one dtype and one shape. Here is the way from one to the
other: `operand`, then `promoted` (one dtype), then `aligned` (one shape as well).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from geartrain import config
from geartrain.errors import UnknownSize, shown
from geartrain.graph.dtypes import (
    FLOATS,
    limits,
    name_of,
    no_numbers,
    numpy_dtype,
    result_type,
    standardize_dtype,
)
from geartrain.graph.node import Node
from geartrain.graph.op import Op
from geartrain.graph.shapes import Extent, Shape, axis_index, broadcast, conflict, public
from geartrain.graph.tracked import Tracked
from geartrain.ops.elementwise import cast, not_equal
from geartrain.ops.sizes import Size
from geartrain.ops.views import expand, extent, iota, reshape

# What a function of `geartrain.ops` accepts and returns: an array or a node; accepted besides are
# numbers, nested lists and variables.
Tensor: TypeAlias = Any


def operand(value: Any, dtype: str | None = None) -> Any:
    """`value` as an array or a node, cast to `dtype` if one is given.

    Lists of Python numbers get the default types: int32 and `floatx()`.
    """
    if isinstance(value, Node):
        result: Any = value
    elif hasattr(value, "__tensor__"):  # a variable
        result = value.__tensor__()
    elif isinstance(value, np.ndarray | np.generic):
        result = value if isinstance(value, Tracked) else np.asarray(value)
    else:
        result = _from_python(value, dtype)
    if isinstance(result, np.ndarray) and result.dtype.kind not in "biufV":
        hint = "Encode strings and objects as numbers first."
        if value is None:
            hint = "If it is an axis of x.shape that is not known yet, write ops.shape(x)[axis]."
            raise UnknownSize(f"Expected a tensor of numbers. Received: None. {hint}")
        raise TypeError(
            f"Expected a tensor of numbers. Received: {shown(value)} of dtype {result.dtype}. "
            f"{hint}"
        )
    if dtype is None or dtype_of(result) == dtype:
        return result
    if dtype_of(result) == "string":
        raise no_numbers()
    return cast(result, dtype=dtype)


def _from_python(value: Any, dtype: str | None) -> Any:
    """Numbers and lists of them as an array, rounded once."""
    if isinstance(value, list | tuple) and _holds_tensors(value):
        from geartrain.ops.shaping import stack

        return stack(value)
    try:
        array = np.asarray(float(value) if isinstance(value, int) and dtype in FLOATS else value)
    except ValueError as error:
        raise ValueError(
            f"Expected a tensor: nested lists of equal lengths. Received: {shown(value)} ({error})"
        ) from None
    kind = array.dtype.kind
    if isinstance(value, int) and kind == "O":  # what no integer of 64 bits can hold
        raise _too_large(value, dtype or "int32")
    wanted = dtype or {"f": config.floatx(), "i": "int32", "u": "int32"}.get(kind)
    if wanted is None or kind not in "biuf" or (dtype is None and hasattr(value, "__array__")):
        return array
    if kind in "iu":
        check_whole(array, wanted, value)
    with np.errstate(all="ignore"):
        return array.astype(numpy_dtype(wanted))


def check_whole(numbers: np.ndarray, dtype: str, value: Any) -> None:
    """Refuse whole numbers that an integer dtype cannot hold, which would wrap around.

    Args:
        numbers: integers of a wider dtype.
        dtype: what they will be cast to.
        value: what the user wrote, for the message.
    """
    if "int" in dtype and numbers.size:
        low, high = limits(dtype)
        if numbers.min() < low or numbers.max() > high:
            raise _too_large(value, dtype)


def _too_large(value: Any, dtype: str) -> ValueError:
    low, high = limits(dtype)
    return ValueError(
        f"Expected whole numbers that fit {dtype}, from {low} to {high}. Received: {shown(value)}. "
        "Cast the tensors to a wider dtype first."
    )


def _holds_tensors(values: Any) -> bool:
    """Whether a node or a variable is in these nested lists."""
    return any(
        isinstance(v, Node)
        or hasattr(v, "__tensor__")
        or (isinstance(v, list | tuple) and _holds_tensors(v))
        for v in values
    )


def dtype_of(x: Any) -> str:
    """The dtype's name of an array or node."""
    if isinstance(x, Node):
        return x.dtype
    return name_of(x) if isinstance(x, np.ndarray) else str(x.dtype.name)


def extents_of(x: Any) -> Shape:
    """The shape of an array or node, with a `Dim` where it is known at run time only."""
    return tuple(x.extents if isinstance(x, Node) else x.shape)


def rank_of(x: Any) -> int:
    """The number of axes of an array or node."""
    return len(extents_of(x))


def _type_of(value: Any) -> Any:
    """The dtype for promotion: Python's own numbers (and np.float64 scalars) are weak."""
    for weak in (bool, int, float):
        if isinstance(value, weak):
            return weak
    if isinstance(value, Size):
        return int
    return dtype_of(operand(value))


def promoted(*values: Any, floats: bool = False) -> list[Any]:
    """The operands, cast to the dtype that they have in common.

    With `floats`, integers and booleans become `floatx()`.
    """
    dtype = result_type(*map(_type_of, values))
    if floats and dtype not in FLOATS:
        dtype = config.floatx()
    return [operand(value, dtype) for value in values]


def stretched(x: Any, shape: Shape, who: str = "broadcast_to") -> Any:
    """`x` broadcast to `shape`: axes added in front, sizes of 1 repeated."""
    extents = extents_of(x)
    if extents == shape:
        return x
    missing = len(shape) - len(extents)
    pairs = zip(extents, shape[max(missing, 0) :], strict=False)
    if missing < 0 or any(own not in (1, wanted) for own, wanted in pairs):
        raise conflict(
            f"{who}: expected a tensor that stretches to shape {public(shape)}: with sizes equal, "
            f"or 1. Received: shape {public(extents)}",
            shape,
            extents,
        )
    if missing:
        x = reshape(x, shape=(1,) * missing + extents)
    return x if extents_of(x) == shape else expand(x, shape=shape)


def together(*operands: Any) -> list[Any]:
    """All as nodes if one of them is a node: then constants are stretched in the graph, not now."""
    if any(isinstance(x, Node) for x in operands):
        return [Node.wrap(x) for x in operands]
    return list(operands)


def aligned(*values: Any, floats: bool = False, who: str = "") -> list[Any]:
    """The operands, cast to one dtype and broadcast to one shape."""
    operands = together(*promoted(*values, floats=floats))
    shape = broadcast(*map(extents_of, operands), who=who)
    return [stretched(x, shape) for x in operands]


def applied(op: Op, *values: Any, floats: bool = False) -> Any:
    """An element-wise op of operands made alike."""
    return op(*aligned(*values, floats=floats, who=op.name))


def as_float(value: Any) -> Any:
    """The operand; integers and booleans become `floatx()`."""
    (x,) = promoted(value, floats=True)
    return x


def filled_like(x: Any, value: Any, dtype: str | None = None) -> Any:
    """`value` in the shape of the array or node `x`, and in its dtype unless another is given."""
    scalar = np.asarray(value, numpy_dtype(dtype or dtype_of(x)))
    return stretched(Node.wrap(scalar) if isinstance(x, Node) else scalar, extents_of(x))


def as_bool(value: Any) -> Any:
    """The operand as booleans: whether it is not zero."""
    x = operand(value)
    return x if dtype_of(x) == "bool" else not_equal(x, filled_like(x, 0))


def ladder(shape: Shape, axis: int, symbolic: bool, dtype: str = "int32") -> Any:
    """The index along one axis, at every position of a tensor of that shape."""
    place = {"shape": shape, "axis": axis, "dtype": dtype}
    return iota.node(**place) if symbolic else iota.run([], place, None)


def indices_like(x: Any, axis: int, dtype: str = "int32") -> Any:
    """The index along one axis, at every position of the array or node `x`."""
    return ladder(extents_of(x), axis, isinstance(x, Node), dtype)


def counted(value: Any) -> Any:
    """The operand, with booleans as int32."""
    x = operand(value)
    return cast(x, dtype="int32") if dtype_of(x) == "bool" else x


def axes_of(axis: Any, rank: int, who: str) -> tuple[int, ...]:
    """`axis` (None for all, one, or several) as sorted indices from the front."""
    if axis is None:
        return tuple(range(rank))
    several = axis if isinstance(axis, list | tuple) else (axis,)
    found = [axis_index(one, rank, who) for one in several]
    if len(set(found)) != len(found):
        raise ValueError(f"{who}: expected each axis once. Received: axis={axis}")
    return tuple(sorted(found))


def number_of(size: Extent, dtype: str) -> Any:
    """An extent as a scalar of `dtype`: a number, or a node if known at run time only."""
    if isinstance(size, int):
        return np.asarray(size, numpy_dtype(dtype))
    return extent.node(size=size, dtype=dtype)


def dtype_or(dtype: Any, default: str) -> str:
    """The canonical name of `dtype`, or `default` for None."""
    return default if dtype is None else standardize_dtype(dtype)
