"""`tf.math`: functions element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import ops
from geartrain.compat.tensorflow.arrays import plain
from geartrain.compat.tensorflow.tensor import tensor
from geartrain.graph.dtypes import FLOATS
from geartrain.ops.operands import dtype_of, operand


def _named(function: Callable[..., Any], name: str, about: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = about
    return function


def _unary(name: str, function: Callable[..., Any], of_numpy: Any = None) -> Callable[..., Any]:
    """A function of one tensor; of complex numbers that of NumPy, where there is one."""

    def of_one(x: Any, name: str | None = None) -> Any:
        if hasattr(x, "with_values"):
            return x.with_values(of_one(x.values))
        array = plain(x)
        if array is not None and of_numpy is not None:
            return tensor(of_numpy(array))
        return function(x)

    return _named(of_one, name, f"{name} of each element.")


def _binary(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of two tensors."""

    def of_two(x: Any, y: Any, name: str | None = None) -> Any:
        if hasattr(x, "with_values"):
            return x.with_values(of_two(x.values, y))
        return function(x, y)

    return _named(of_two, name, f"{name} of the elements of two tensors.")


def _operator(name: str, function: Callable[..., Any], of_numpy: Any) -> Callable[..., Any]:
    """A function of two tensors, which may be texts or complex."""

    def compute(x: Any, y: Any) -> Any:
        if plain(x) is not None or plain(y) is not None:
            return tensor(of_numpy(*_alike(np.asarray(x), np.asarray(y))))
        return function(x, y)

    return _binary(name, compute)


def _alike(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Texts of one kind: bytes become text."""
    if "U" in (x.dtype.kind, y.dtype.kind) and "O" in (x.dtype.kind, y.dtype.kind):
        x, y = (np.char.decode(z.astype(bytes)) if z.dtype.kind == "O" else z for z in (x, y))
    return x, y


abs = _unary("abs", ops.abs, np.abs)
acos, acosh = _unary("acos", ops.arccos), _unary("acosh", ops.arccosh)
asin, asinh = _unary("asin", ops.arcsin), _unary("asinh", ops.arcsinh)
atan, atanh = _unary("atan", ops.arctan), _unary("atanh", ops.arctanh)
cos, cosh = _unary("cos", ops.cos, np.cos), _unary("cosh", ops.cosh)
sin, sinh = _unary("sin", ops.sin, np.sin), _unary("sinh", ops.sinh)
tan, tanh = _unary("tan", ops.tan), _unary("tanh", ops.tanh)
ceil, floor = _unary("ceil", ops.ceil), _unary("floor", ops.floor)
exp, expm1 = _unary("exp", ops.exp, np.exp), _unary("expm1", ops.expm1)
log, log1p = _unary("log", ops.log, np.log), _unary("log1p", ops.log1p)
sqrt, rsqrt = _unary("sqrt", ops.sqrt, np.sqrt), _unary("rsqrt", ops.rsqrt)
square = _unary("square", ops.square, np.square)
erf, erfinv = _unary("erf", ops.erf), _unary("erfinv", ops.erfinv)
negative = _unary("negative", ops.negative, np.negative)
reciprocal = _unary("reciprocal", ops.reciprocal)
rint = _unary("rint", ops.round)
is_finite, is_inf = _unary("is_finite", ops.isfinite), _unary("is_inf", ops.isinf)
is_nan = _unary("is_nan", ops.isnan)
logical_not = _unary("logical_not", ops.logical_not)
sigmoid, softplus = _unary("sigmoid", ops.sigmoid), _unary("softplus", ops.softplus)
log_sigmoid = _unary("log_sigmoid", ops.log_sigmoid)

add = _operator("add", ops.add, np.add)
subtract = _operator("subtract", ops.subtract, np.subtract)
multiply = _operator("multiply", ops.multiply, np.multiply)
equal = _operator("equal", ops.equal, np.equal)
not_equal = _operator("not_equal", ops.not_equal, np.not_equal)
greater, greater_equal = (
    _binary("greater", ops.greater),
    _binary("greater_equal", ops.greater_equal),
)
less, less_equal = _binary("less", ops.less), _binary("less_equal", ops.less_equal)
logical_and, logical_or = (
    _binary("logical_and", ops.logical_and),
    _binary("logical_or", ops.logical_or),
)
logical_xor = _binary("logical_xor", ops.logical_xor)
maximum, minimum = _binary("maximum", ops.maximum), _binary("minimum", ops.minimum)
floormod = mod = _binary("mod", ops.mod)
divide_no_nan = _binary("divide_no_nan", ops.divide_no_nan)


def _within_type(x: Any, y: Any) -> str | None:
    """The integer type that two operands have, which a power or quotient keeps; else None."""
    kinds = {dtype_of(operand(one)) for one in (x, y) if hasattr(one, "dtype")}
    kinds = kinds or {dtype_of(operand(x)), dtype_of(operand(y))}
    return None if kinds & set(FLOATS) or len(kinds) > 1 else kinds.pop()


def pow(x: Any, y: Any, name: str | None = None) -> Any:
    """`x` to the power of `y`."""
    return ops.power(x, y)


def divide(x: Any, y: Any, name: str | None = None) -> Any:
    """`x / y`; of integers in float64."""
    if plain(x) is not None or plain(y) is not None:
        return tensor(np.divide(np.asarray(x), np.asarray(y)))
    kind = _within_type(x, y)
    made = ops.true_divide(x, y)
    return made if kind is None or "int" not in kind else ops.cast(made, "float64")


def truediv(x: Any, y: Any, name: str | None = None) -> Any:
    """`x / y`; of integers in float64."""
    return divide(x, y)


def floordiv(x: Any, y: Any, name: str | None = None) -> Any:
    """`x / y`, rounded towards minus infinity."""
    return ops.floor_divide(x, y)


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """`x * y`, and 0 where `y` is 0, whatever `x` is."""
    zero = ops.equal(y, 0)
    return ops.where(zero, 0.0 * operand(y), ops.where(zero, 0.0, operand(x)) * operand(y))


def squared_difference(x: Any, y: Any, name: str | None = None) -> Any:
    """`(x - y)**2`."""
    return ops.square(ops.subtract(x, y))


def atan2(y: Any, x: Any, name: str | None = None) -> Any:
    """The angle of the point (x, y)."""
    return ops.arctan2(y, x)


def xlogy(x: Any, y: Any, name: str | None = None) -> Any:
    """`x * log(y)`, and 0 where `x` is 0."""
    zero = ops.equal(x, 0)
    return ops.where(zero, 0.0 * operand(x), operand(x) * ops.log(ops.where(zero, 1.0, operand(y))))


def sign(x: Any, name: str | None = None) -> Any:
    """-1, 0 or 1 for each element."""
    return ops.sign(x)


def round(x: Any, name: str | None = None) -> Any:
    """Each element rounded, halves to the even number."""
    value = operand(x)
    return value if "int" in dtype_of(value) else ops.round(value)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Each element held within two bounds."""
    return ops.clip(t, clip_value_min, clip_value_max)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """A tensor, scaled where its norm is greater than `clip_norm`."""
    norm = ops.sqrt(ops.sum(ops.square(t), axis=axes, keepdims=axes is not None))
    return operand(t) * (clip_norm / ops.maximum(norm, clip_norm))


def global_norm(t_list: Any, name: str | None = None) -> Any:
    """The norm of all tensors of a list together."""
    found = [ops.sum(ops.square(t)) for t in t_list if t is not None]
    return ops.sqrt(sum(found[1:], found[0]))


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> Any:
    """Tensors, scaled where their norm together is greater than `clip_norm`; and that norm."""
    norm = global_norm(t_list) if use_norm is None else operand(use_norm)
    scale = clip_norm / ops.maximum(norm, clip_norm)
    return [None if t is None else operand(t) * scale for t in t_list], norm


def add_n(inputs: Any, name: str | None = None) -> Any:
    """The sum of several tensors of one shape."""
    made = [operand(one) for one in (inputs if isinstance(inputs, list | tuple) else [inputs])]
    total = made[0]
    for one in made[1:]:
        total = ops.add(total, one)
    return total


accumulate_n = add_n


# -- complex numbers ------------------------------------------------------------------------------


def real(input: Any, name: str | None = None) -> Any:
    """The real parts."""
    return tensor(np.real(np.asarray(input)).copy())


def imag(input: Any, name: str | None = None) -> Any:
    """The imaginary parts."""
    return tensor(np.imag(np.asarray(input)).copy())


def angle(input: Any, name: str | None = None) -> Any:
    """The angles."""
    return tensor(np.angle(np.asarray(input)))


def conj(x: Any, name: str | None = None) -> Any:
    """The complex conjugates."""
    return x if plain(x) is None else tensor(np.conj(np.asarray(x)))


# -- special functions, of NumPy and SciPy --------------------------------------------------------


def lgamma(x: Any, name: str | None = None) -> Any:
    """The logarithm of the gamma function, by Stirling's series.

    For positive numbers: `(z - 1/2) log z - z + log(2 pi)/2 + 1/(12 z) - ...` at z = x + 7, less
    the logarithm of `x (x+1) ... (x+6)`.
    """
    value = operand(x, "float64")
    product, z = value, value + 7.0
    for step in range(1, 7):
        product = product * (value + float(step))
    series = 1 / (12 * z) - 1 / (360 * z**3) + 1 / (1260 * z**5) - 1 / (1680 * z**7)
    made = (z - 0.5) * ops.log(z) - z + 0.5 * float(np.log(2 * np.pi)) + series
    return ops.cast(made - ops.log(product), dtype_of(operand(x)))


__all__ = [
    "abs", "accumulate_n", "acos", "acosh", "add", "add_n", "angle", "asin", "asinh", "atan",
    "atan2", "atanh", "ceil", "clip_by_global_norm", "clip_by_norm", "clip_by_value", "conj",
    "cos", "cosh", "divide", "divide_no_nan", "equal", "erf", "erfinv", "exp", "expm1", "floor",
    "floordiv", "floormod", "global_norm", "greater", "greater_equal", "imag", "is_finite",
    "is_inf", "is_nan", "less", "less_equal", "lgamma", "log", "log1p", "log_sigmoid",
    "logical_and", "logical_not", "logical_or", "logical_xor", "maximum", "minimum", "mod",
    "multiply", "multiply_no_nan", "negative", "not_equal", "pow", "real", "reciprocal", "rint",
    "round", "rsqrt", "sigmoid", "sign", "sin", "sinh", "softplus", "sqrt", "square",
    "squared_difference", "subtract", "tan", "tanh", "truediv", "xlogy",
]  # fmt: skip
