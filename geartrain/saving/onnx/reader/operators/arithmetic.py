"""Arithmetic, comparisons and constants: what works on each element."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from geartrain import layers, ops
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.node import Node
from geartrain.graph.shapes import Dim, divide
from geartrain.ops.operands import dtype_of, extents_of, rank_of
from geartrain.saving.onnx.reader.place import Place, policy
from geartrain.saving.onnx.reader.table import each, operator
from geartrain.saving.onnx.reader.tensors import Stored, dtype_named
from geartrain.saving.onnx.reader.values import Filled, Initial, holds_unknown, settled

each(
    Abs=ops.absolute, Acos=ops.arccos, Acosh=ops.arccosh, And=ops.logical_and, Asin=ops.arcsin,
    Asinh=ops.arcsinh, Atan=ops.arctan, Atanh=ops.arctanh, Ceil=ops.ceil, Cos=ops.cos,
    Cosh=ops.cosh, Det=ops.det, Erf=ops.erf, Exp=ops.exp, Floor=ops.floor,
    GreaterOrEqual=ops.greater_equal, Greater=ops.greater, IsNaN=ops.isnan,
    LessOrEqual=ops.less_equal, Less=ops.less, Log=ops.log, Not=ops.logical_not,
    Or=ops.logical_or, Reciprocal=ops.reciprocal, Round=ops.round, Sign=ops.sign, Sin=ops.sin,
    Sinh=ops.sinh, Sqrt=ops.sqrt, Tan=ops.tan, Xor=ops.logical_xor,
)  # fmt: skip


def _of_sizes(function: Callable[..., Any], *values: Any) -> Any:
    """A function of arrays of which some hold sizes known at run time only; None if none does."""
    if not any(map(holds_unknown, values)) or not all(isinstance(v, np.ndarray) for v in values):
        return None
    return settled(np.asarray(np.vectorize(function, otypes=[object])(*values)))


def _quotient(one: Any, other: Any) -> Any:
    if isinstance(one, Dim):
        found = divide(one, other)
    else:
        found = None if isinstance(other, Dim) else one // other
    if found is None:
        raise ValueError(f"expected sizes that divide each other. Received: {one} / {other}")
    return found


@operator("Add")
def add(at: Place, a: Any, b: Any) -> Any:
    """`a + b`: the layer where both are tensors of one shape."""
    return _merged(at, layers.Add, ops.add, lambda x, y: x + y, a, b)


@operator("Sub")
def subtract(at: Place, a: Any, b: Any) -> Any:
    """`a - b`."""
    return _merged(at, layers.Subtract, ops.subtract, lambda x, y: x - y, a, b)


@operator("Mul")
def multiply(at: Place, a: Any, b: Any) -> Any:
    """`a * b`."""
    return _merged(at, layers.Multiply, ops.multiply, lambda x, y: x * y, a, b)


def _merged(at: Place, cls: Any, function: Any, of_sizes: Any, a: Any, b: Any) -> Any:
    alike = isinstance(a, Node) and isinstance(b, Node) and a is not b
    if alike and extents_of(a) == extents_of(b) and rank_of(a) > 1:
        both, order = at.in_order([a, b])
        made = at.layer(cls, dtype=policy(a))(both)
        return made if order is None else at.transposed(made, order)
    found = _of_sizes(of_sizes, a, b)
    return at.compute(function, a, b) if found is None else found


@operator("Div")
def division(at: Place, a: Any, b: Any) -> Any:
    """`a / b`; of whole numbers the whole part."""
    found = _of_sizes(_quotient, a, b)
    return at.compute(_divided, a, b) if found is None else found


def _divided(a: Any, b: Any) -> Any:
    quotient = ops.divide(a, b)
    whole = dtype_of(a).startswith(("int", "uint"))
    return ops.cast(ops.trunc(quotient), dtype_of(a)) if whole else quotient


@operator("Mod")
def remainder(at: Place, a: Any, b: Any, *, fmod: int = 0) -> Any:
    """The remainder, of b's sign; of a's sign with `fmod`."""
    if not fmod:
        return at.compute(ops.mod, a, b)
    return at.compute(lambda x, y: ops.cast(x - ops.trunc(ops.divide(x, y)) * y, dtype_of(x)), a, b)


@operator("IsInf")
def is_infinite(at: Place, x: Any, *, detect_negative: int = 1, detect_positive: int = 1) -> Any:
    """Whether elements are infinite, of the signs that are wanted."""
    if detect_negative and detect_positive:
        return at.compute(ops.isinf, x)
    sign = float(bool(detect_positive)) - float(bool(detect_negative))
    return at.compute(lambda a: ops.equal(ops.where(ops.isinf(a), ops.sign(a), 2.0), sign), x)


@operator("Neg")
def negative(at: Place, x: Any) -> Any:
    """`-x`."""
    found = _of_sizes(lambda one: -one, x)
    return at.compute(ops.negative, x) if found is None else found


@operator("Pow")
def power(at: Place, x: Any, exponent: Any) -> Any:
    """`x ** exponent`."""
    known = isinstance(exponent, np.ndarray) and exponent.size == 1
    if known and exponent.reshape(()) == 2:
        return at.compute(ops.square, x)
    return at.compute(lambda a, b: ops.cast(ops.power(a, b), dtype_of(a)), x, exponent)


@operator("Equal")
def equal(at: Place, a: Any, b: Any) -> Any:
    """Whether elements are equal; a size known at run time only equals no number."""
    found = _of_sizes(lambda x, y: x == y, a, b)
    return at.compute(ops.equal, a, b) if found is None else found.astype(bool)


@operator("Where")
def where(at: Place, condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`."""
    found = _of_sizes(lambda c, x, y: x if c else y, condition, a, b)
    return at.compute(ops.where, condition, a, b) if found is None else found


def _several(*names: str, function: Callable[..., Any]) -> None:
    @operator(*names)
    def build(at: Place, *values: Any) -> Any:
        result = values[0]
        for value in values[1:]:
            result = at.compute(function, result, value)
        return result


_several("Max", function=ops.maximum)


_several("Min", function=ops.minimum)


_several("Sum", function=ops.add)


@operator("Mean")
def mean_of(at: Place, *values: Any) -> Any:
    """The mean of several tensors."""
    return at.compute(lambda *xs: sum(xs[1:], xs[0]) / float(len(xs)), *values)


@operator("Identity")
def identity(at: Place, x: Any) -> Any:
    """The same values; of a stored tensor, a weight of its own."""
    return replace(x, name=at.use.outputs[0]) if isinstance(x, Initial) else x


@operator("Dropout")
def dropout(
    at: Place, x: Any, ratio_: Any = None, training_mode: Any = None, *, ratio: float = 0.5,
    seed: int | None = None,
) -> Any:  # fmt: skip
    """The layer: it drops in training alone."""
    rate = ratio if ratio_ is None else float(at.array(ratio_, "ratio").reshape(()))
    mask = Filled(np.asarray(True), extents_of(x)) if isinstance(x, Node) else None
    return (at.layer(layers.Dropout, rate=rate, dtype=policy(x))(x), mask)


@operator("Cast")
def cast(at: Place, x: Any, *, to: int, saturate: int = 1, round_mode: str = "up") -> Any:
    """The values in another dtype."""
    dtype = dtype_named(to, "to")
    if holds_unknown(x):
        if not dtype.startswith("int"):
            return at.compute(lambda a: ops.cast(a, dtype), x)
        return x
    if isinstance(x, Filled):
        return Filled(x.number.astype(numpy_dtype(dtype)), x.shape)
    return x if x.dtype == dtype else at.compute(lambda a: ops.cast(a, dtype), x)


@operator("CastLike")
def cast_like(at: Place, x: Any, like: Any) -> Any:
    """The values in the dtype of another tensor."""
    return at.compute(lambda a: ops.cast(a, str(like.dtype)), x)


@operator("Constant")
def constant(
    at: Place, *, value: Stored | None = None, value_float: float | None = None,
    value_floats: list | None = None, value_int: int | None = None,
    value_ints: list | None = None,
) -> Any:  # fmt: skip
    """A number or a tensor."""
    if value is not None:
        return value.array()
    floats = value_float if value_float is not None else value_floats
    if floats is not None:
        return np.asarray(floats, np.float32)
    whole = value_int if value_int is not None else value_ints
    if whole is None:
        raise ValueError("expected a value of numbers. Received: none, or a text.")
    return np.asarray(whole, np.int64)
