"""Functions of single elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain.graph.node import Constant, Node
from geartrain.graph.shapes import broadcast
from geartrain.saving.onnx.export.graph import Value
from geartrain.saving.onnx.export.primitives.table import (
    TRANSLATIONS,
    arithmetic,
    number,
    single,
    translation,
)

# Ops that ONNX has under another name: of numbers in any type; of floats, in any; and of floats
# for which runtimes have no code in float64.
_NUMBERS = {
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "negative": "Neg",
    "power": "Pow",
    "maximum": "Max",
    "minimum": "Min",
    "absolute": "Abs",
    "relu": "Relu",
    "sign": "Sign",
}
_COMPARISONS = {
    "equal": "Equal",
    "less": "Less",
    "less_equal": "LessOrEqual",
    "greater": "Greater",
    "greater_equal": "GreaterOrEqual",
}
_FLAGS = {"logical_and": "And", "logical_or": "Or", "logical_xor": "Xor", "logical_not": "Not"}
_FLOATS = {
    "divide": "Div",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "sin": "Sin",
    "cos": "Cos",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "softplus": "Softplus",
}
_SINGLE = {
    "tan": "Tan",
    "arcsin": "Asin",
    "arccos": "Acos",
    "arctan": "Atan",
    "sinh": "Sinh",
    "cosh": "Cosh",
    "arcsinh": "Asinh",
    "arccosh": "Acosh",
    "arctanh": "Atanh",
    "erf": "Erf",
}
_ROUNDINGS = {"floor": "Floor", "ceil": "Ceil", "round": "Round"}


def aligned(exporter: Any, node: Node, values: tuple[Value, ...]) -> tuple[Value, ...]:
    """The values before they were stretched to one shape, where ONNX's own stretching does it."""
    pairs = [_unstretched(exporter, *pair) for pair in zip(node.sources, values, strict=True)]
    shapes = [shape for shape, _ in pairs]
    try:
        fits = broadcast(*shapes) == node.extents
    except ValueError:
        fits = False
    return tuple(value for _, value in pairs) if fits else values


def _unstretched(exporter: Any, node: Node, value: Value) -> tuple[Any, Value]:
    """The shape and value of what a tensor was stretched from."""
    shape = node.extents
    while node.op is not None and node.op.name in ("expand", "reshape"):
        (source,) = node.sources
        ones = len(node.extents) - len(source.extents)
        adds_axes = ones >= 0 and node.extents == (1,) * ones + source.extents
        if source not in exporter.values or not (node.op.name == "expand" or adds_axes):
            break
        node, shape, value = source, source.extents, exporter.values[source]
    return shape, value


def _entered(
    table: dict[str, str], wide: bool = False, check: Callable[..., None] | None = None,
    flags: bool = False,
) -> None:  # fmt: skip
    for name, operator in table.items():

        def translate(
            exporter: Any, node: Node, *values: Value, operator: str = operator, name: str = name
        ) -> Value:
            if check is not None:
                check(exporter, node, name)
            values = aligned(exporter, node, values)
            if flags:
                known = node.sources[0].dtype
                values = tuple(exporter.cast(value, "bool", known) for value in values)

            def compute(*operands: Value) -> Value:
                return exporter.graph.pointwise(operator, *operands)

            return arithmetic(exporter, node, values, compute) if wide else compute(*values)

        TRANSLATIONS[name] = translate


_entered(_NUMBERS, wide=True)
_entered(_COMPARISONS, wide=True)
_entered(_FLAGS, flags=True)
_entered(_FLOATS)
_entered(_SINGLE, check=single)


def _round(exporter: Any, node: Node, x: Value) -> Value:
    """Whole numbers stay what they are."""
    assert node.op is not None
    if "float" not in node.dtype:
        return x
    return exporter.graph.pointwise(_ROUNDINGS[node.op.name], x)


for _name in _ROUNDINGS:
    TRANSLATIONS[_name] = _round


@translation("not_equal")
def _not_equal(exporter: Any, node: Node, *values: Value) -> Value:
    values = aligned(exporter, node, values)
    same = arithmetic(exporter, node, values, lambda a, b: exporter.graph.node("Equal", a, b))
    return exporter.graph.node("Not", same)


@translation("stop_gradient")
def _stop_gradient(exporter: Any, node: Node, x: Value) -> Value:
    return x


@translation("trunc")
def _trunc(exporter: Any, node: Node, x: Value) -> Value:
    graph = exporter.graph
    if "float" not in node.dtype:
        return x
    return graph.node("Mul", graph.node("Sign", x), graph.node("Floor", graph.node("Abs", x)))


@translation("rsqrt")
def _rsqrt(exporter: Any, node: Node, x: Value) -> Value:
    return exporter.graph.node("Reciprocal", exporter.graph.node("Sqrt", x))


@translation("expm1")
def _expm1(exporter: Any, node: Node, x: Value) -> Value:
    """`tanh(x / 2) * (exp(x) + 1)`, which keeps the small numbers that `exp(x) - 1` would lose."""
    graph, dtype = exporter.graph, exporter.dtype(node.dtype)
    half = graph.node("Tanh", graph.node("Mul", x, number(0.5, dtype)))
    return graph.node("Mul", half, graph.node("Add", graph.node("Exp", x), number(1, dtype)))


@translation("log1p")
def _log1p(exporter: Any, node: Node, x: Value) -> Value:
    """`log(u) * x / (u - 1)` with u = 1 + x, which makes up for what was rounded off in u."""
    graph, dtype = exporter.graph, exporter.dtype(node.dtype)
    one = number(1, dtype)
    u = graph.node("Add", x, one)
    log = graph.node("Log", u)
    unchanged = graph.node("Equal", u, one)
    rest = graph.node("Where", unchanged, one, graph.node("Sub", u, one))
    exact = graph.node("Mul", log, graph.node("Div", x, rest))
    large = graph.node("Greater", x, one)
    return graph.node("Where", unchanged, x, graph.node("Where", large, log, exact))


# Giles, "Approximating the erfinv function", GPU Computing Gems 2 (2010), single precision: the
# polynomials for the middle and for the tails, highest powers first.
_MIDDLE = (
    2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
    -0.00125372503, -0.00417768164, 0.246640727, 1.50140941,
)  # fmt: skip
_TAILS = (
    -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
    -0.0076224613, 0.00943887047, 1.00167406, 2.83297682,
)  # fmt: skip


@translation("erfinv")
def _erfinv(exporter: Any, node: Node, x: Value) -> Value:
    """x times a polynomial of `w = -log((1 - x)(1 + x))`, or of its root in the tails."""
    single(exporter, node, "erfinv")
    graph, dtype = exporter.graph, exporter.dtype(node.dtype)
    one = number(1, dtype)
    both = graph.node("Mul", graph.node("Sub", one, x), graph.node("Add", one, x))
    w = graph.node("Neg", graph.node("Log", both))

    def polynomial(at: Value, factors: tuple[float, ...]) -> Value:
        total: Value = number(factors[0], dtype)
        for factor in factors[1:]:
            total = graph.node("Add", graph.node("Mul", total, at), number(factor, dtype))
        return total

    near = polynomial(graph.node("Sub", w, number(2.5, dtype)), _MIDDLE)
    far = polynomial(graph.node("Sub", graph.node("Sqrt", w), number(3, dtype)), _TAILS)
    middle = graph.node("Less", w, number(5, dtype))
    inside = graph.node("Mul", x, graph.node("Where", middle, near, far))
    border = graph.node("Mul", x, number(np.inf, dtype))
    at_border = graph.node("Equal", graph.node("Abs", x), one)
    return graph.node("Where", at_border, border, inside)


@translation("erfc")
def _erfc(exporter: Any, node: Node, x: Value) -> Value:
    single(exporter, node, "erfc")
    one = number(1, exporter.dtype(node.dtype))
    return exporter.graph.node("Sub", one, exporter.graph.node("Erf", x))


_OF_BITS = {"bitwise_and": "And", "bitwise_or": "Or", "bitwise_xor": "Xor"}


def _bitwise(exporter: Any, node: Node, *values: Value) -> Value:
    """Of booleans the logical function, which is the same."""
    assert node.op is not None
    name = _OF_BITS[node.op.name]
    operator = name if node.dtype == "bool" else f"Bitwise{name}"
    return exporter.graph.pointwise(operator, *aligned(exporter, node, values))


for _name in _OF_BITS:
    TRANSLATIONS[_name] = _bitwise


@translation("arctan2")
def _arctan2(exporter: Any, node: Node, y: Value, x: Value) -> Value:
    """`2 arctan(y / (sqrt(x**2 + y**2) + x))`, or where x is negative what lies opposite."""
    single(exporter, node, "arctan2")
    graph, dtype = exporter.graph, exporter.dtype(node.dtype)
    zero, pi = number(0, dtype), number(np.pi, dtype)
    away = graph.node("Equal", x, zero)
    plain = graph.node("Atan", graph.node("Div", y, graph.node("Where", away, number(1, dtype), x)))
    side = graph.node("Where", graph.node("Less", y, zero), graph.node("Neg", pi), pi)
    turned = graph.node("Where", graph.node("Less", x, zero), graph.node("Add", plain, side), plain)
    upright = graph.node("Mul", graph.node("Sign", y), number(np.pi / 2, dtype))
    return graph.node("Where", away, upright, turned)


def _divisor(exporter: Any, node: Node, value: Value, dtype: str) -> Value:
    """A whole divisor with 1 for 0, by which runtimes must not divide."""
    source = node.sources[1]
    while source.op is not None and source.op.name in ("expand", "reshape"):
        (source,) = source.sources
    if isinstance(source.leaf, Constant) and source.leaf.value.all():
        return value
    nothing = exporter.graph.node("Equal", value, number(0, dtype))
    return exporter.graph.node("Where", nothing, number(1, dtype), value)


@translation("floor_divide")
def _floor_divide(exporter: Any, node: Node, *values: Value) -> Value:
    values, graph = aligned(exporter, node, values), exporter.graph
    if "float" in node.dtype:
        return graph.node("Floor", graph.node("Div", *values))

    def whole(a: Value, b: Value) -> Value:
        b = _divisor(exporter, node, b, exporter.wide(node.dtype))
        return graph.node("Div", graph.node("Sub", a, graph.node("Mod", a, b)), b)

    return arithmetic(exporter, node, values, whole)


@translation("mod")
def _mod(exporter: Any, node: Node, *values: Value) -> Value:
    values, graph = aligned(exporter, node, values), exporter.graph
    if "float" in node.dtype:
        a, b = values
        zero = number(0, exporter.dtype(node.dtype))
        rest = graph.node("Mod", a, b, fmod=1)  # of the sign of a
        apart = graph.node("Less", graph.node("Mul", rest, b), zero)
        return graph.node("Where", apart, graph.node("Add", rest, b), rest)
    return arithmetic(
        exporter, node, values,
        lambda a, b: graph.node("Mod", a, _divisor(exporter, node, b, exporter.wide(node.dtype))),
    )  # fmt: skip


@translation("isnan")
def _isnan(exporter: Any, node: Node, x: Value) -> Value:
    return _flagged(exporter, node, x, "IsNaN")


@translation("isinf")
def _isinf(exporter: Any, node: Node, x: Value) -> Value:
    return _flagged(exporter, node, x, "IsInf")


@translation("isfinite")
def _isfinite(exporter: Any, node: Node, x: Value) -> Value:
    odd = [_flagged(exporter, node, x, operator) for operator in ("IsNaN", "IsInf")]
    return exporter.graph.node("Not", exporter.graph.node("Or", *odd))


def _flagged(exporter: Any, node: Node, x: Value, operator: str) -> Value:
    """Whole numbers and half precision as float32, which both operators take."""
    own = node.sources[0].dtype
    wide = "float64" if own == "float64" else "float32"
    return exporter.graph.node(operator, exporter.cast(x, wide, known=own))


@translation("where")
def _where(exporter: Any, node: Node, condition: Value, a: Value, b: Value) -> Value:
    condition, a, b = aligned(exporter, node, (condition, a, b))
    own, wide = node.dtype, exporter.wide(node.dtype)
    a, b = (exporter.cast(value, wide, known=own) for value in (a, b))
    return exporter.cast(exporter.graph.node("Where", condition, a, b), own, known=wide)


@translation("cast")
def _cast(exporter: Any, node: Node, x: Value, dtype: str) -> Value:
    return exporter.cast(x, dtype, known=node.sources[0].dtype)
