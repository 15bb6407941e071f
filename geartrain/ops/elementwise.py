"""Primitive element-wise ops: scalars to one scalar, the same at every position.

Sources have one shape and one dtype; stretching and promotion are done by the public functions in
`numpy.py` and `nn.py`, as views and casts of their own. In gradient rules `g` is the gradient of
the result `y`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from geartrain.graph.dtypes import FLOATS, INTEGERS, NAMES, numpy_dtype
from geartrain.graph.node import Node
from geartrain.graph.op import Map, Op, Sample
from geartrain.graph.shapes import Spec, conflict, public
from geartrain.ops import emitters, special

Gradient = Callable[..., tuple[Any, ...]]


def _same(name: str, sources: tuple[Spec, ...]) -> None:
    if len(set(sources)) > 1:
        shown = ", ".join(f"{source.dtype}{list(public(source.shape))}" for source in sources)
        raise conflict(
            f"{name}: expected operands of one shape and dtype. Received: {shown}",
            *(source.shape for source in sources),
        )


def elementwise(
    name: str,
    numpy: Callable[..., Any],
    grad: Gradient | None = None,
    *,
    arity: int = 1,
    domain: tuple[float, float] = (-2.0, 2.0),
    result: str | None = None,
    dtypes: tuple[str, ...] = NAMES,
    differentiable: bool = True,
    emit: Callable[..., Any] | None = None,
    sign: str | None = None,
) -> Op:
    """Declare an element-wise op.

    Args:
        name: the op's name.
        numpy: the reference on arrays.
        grad: `(g, y, *sources)` to the gradient of each source.
        arity: the number of sources.
        domain: the interval that samples are drawn from.
        result: the result's dtype where it is not the sources' ("bool").
        dtypes: what the sources may be: of others the result would be of another dtype, or none.
        differentiable: False if the result has no gradient by nature.
        emit: writes the op in terms of a builder, for the compiler.
        sign: what stands between two values where loops are shown ("+").
    """

    def infer(*sources: Spec) -> Spec:
        _same(name, sources)
        shape, dtype = sources[0]
        if dtype not in dtypes:
            raise ValueError(f"{name}: expected a dtype of {dtypes}. Received: {dtype}")
        return Spec(shape, result or dtype)

    def reference(*arrays: np.ndarray) -> np.ndarray:
        dtype = result or arrays[0].dtype
        return np.asarray(numpy(*arrays)).astype(dtype, copy=False)

    def samples() -> Iterable[Sample]:
        random = np.random.default_rng(0)
        for shape in ((3, 4), (), (2, 1, 3)):
            if "float64" in dtypes:
                drawn = [random.uniform(*domain, shape) for _ in range(arity)]
            else:
                drawn = [random.integers(0, 7, shape).astype("int32") for _ in range(arity)]
            yield Sample(tuple(drawn), {})

    return Op(name, infer, reference, grad, Map(emit, sign=sign), samples, differentiable)


def constant_like(node: Node, value: float) -> Any:
    """`value` in the shape and dtype of `node`."""
    from geartrain.ops.views import expand, reshape

    scalar = Node.wrap(np.asarray(value, numpy_dtype(node.dtype)))
    ones = (1,) * len(node.extents)
    return expand(reshape(scalar, shape=ones), shape=node.extents) if ones else scalar


def _masked(g: Node, mask: Node) -> Any:
    return where(mask, g, constant_like(g, 0.0))


def _half_at_ties(g: Node, a: Node, b: Node, first: Op) -> tuple[Any, Any]:
    """The gradient of the larger (or smaller) of two: shared equally where they are equal."""
    half = constant_like(g, 0.5) * g
    tie = equal(a, b)
    return (
        where(tie, half, _masked(g, first(a, b))),
        where(tie, half, _masked(g, first(b, a))),
    )


add: Op = elementwise(
    "add", np.add, lambda g, y, a, b: (g, g), arity=2, sign="+",
    emit=lambda b, x, y: b.add(x, y),
)  # fmt: skip
subtract: Op = elementwise(
    "subtract", np.subtract, lambda g, y, a, b: (g, -g), arity=2, sign="-",
    emit=lambda b, x, y: b.sub(x, y),
)  # fmt: skip
multiply: Op = elementwise(
    "multiply", np.multiply, lambda g, y, a, b: (g * b, g * a), arity=2, sign="*",
    emit=lambda b, x, y: b.mul(x, y),
)  # fmt: skip
divide: Op = elementwise(
    "divide", np.divide, lambda g, y, a, b: (g / b, -(g * y) / b),
    arity=2, domain=(0.5, 2.0), dtypes=FLOATS, sign="/", emit=lambda b, x, y: b.div(x, y),
)  # fmt: skip
negative: Op = elementwise(
    "negative", np.negative, lambda g, y, x: (-g,), emit=lambda b, x: b.neg(x)
)
power: Op = elementwise(
    "power", np.power,
    lambda g, y, a, b: (_power_base(g, a, b), g * y * log(_positive(a))),
    arity=2, domain=(0.5, 2.0), sign="**", emit=emitters.power,
)  # fmt: skip
floor_divide: Op = elementwise(
    "floor_divide", np.floor_divide, arity=2, domain=(0.5, 2.0), differentiable=False,
    sign="//", emit=emitters.floor_divide,
)  # fmt: skip
mod: Op = elementwise(
    "mod", np.mod, lambda g, y, a, b: (g, -(g * floor_divide(a, b))), arity=2, domain=(0.6, 0.9),
    sign="%", emit=emitters.mod,
)  # fmt: skip
arctan2: Op = elementwise(
    "arctan2", np.arctan2,
    lambda g, y, a, b: (g * b / (a * a + b * b), -(g * a) / (a * a + b * b)),
    arity=2, domain=(0.5, 2.0), dtypes=FLOATS, emit=emitters.arctan2,
)  # fmt: skip
maximum: Op = elementwise(
    "maximum", np.maximum, lambda g, y, a, b: _half_at_ties(g, a, b, greater), arity=2,
    emit=lambda b, x, y: b.maximum(x, y),
)  # fmt: skip
minimum: Op = elementwise(
    "minimum", np.minimum, lambda g, y, a, b: _half_at_ties(g, a, b, less), arity=2,
    emit=lambda b, x, y: b.minimum(x, y),
)  # fmt: skip


def _power_base(g: Node, a: Node, b: Node) -> Any:
    """b * a**(b - 1), and 0 where b is 0 (a may be 0 there)."""
    one, zero = constant_like(b, 1.0), constant_like(b, 0.0)
    flat = equal(b, zero)
    return g * where(flat, zero, b * power(a, where(flat, one, b - one)))


def _positive(a: Node) -> Any:
    """`a`, and 1 where the logarithm in d(a**b)/db would not be finite (its limit there is 0)."""
    zero = constant_like(a, 0.0)
    return where(equal(a, zero), constant_like(a, 1.0), a)


def _comparison(
    name: str, numpy: Callable[..., Any], emit: Callable[..., Any], sign: str | None = None
) -> Op:
    return elementwise(
        name, numpy, arity=2, result="bool", differentiable=False, emit=emit, sign=sign
    )


equal: Op = _comparison("equal", np.equal, emitters.comparison("eq"), "==")
not_equal: Op = _comparison("not_equal", np.not_equal, emitters.comparison("ne"), "!=")
less: Op = _comparison("less", np.less, emitters.comparison("lt"), "<")
less_equal: Op = _comparison("less_equal", np.less_equal, emitters.comparison("le"), "<=")
greater: Op = _comparison("greater", np.greater, emitters.comparison("gt"), ">")
greater_equal: Op = _comparison("greater_equal", np.greater_equal, emitters.comparison("ge"), ">=")
logical_and: Op = _comparison("logical_and", np.logical_and, emitters.logical("and"))
logical_or: Op = _comparison("logical_or", np.logical_or, emitters.logical("or"))
logical_xor: Op = _comparison("logical_xor", np.logical_xor, emitters.logical("xor"))


def _of_bits(
    name: str, numpy: Callable[..., Any], emit: Callable[..., Any], sign: str, *more: str
) -> Op:
    return elementwise(
        name, numpy, arity=2, differentiable=False, emit=emit, sign=sign, dtypes=(*INTEGERS, *more)
    )


bitwise_and: Op = _of_bits("bitwise_and", np.bitwise_and, emitters.bits("and"), "&", "bool")
bitwise_or: Op = _of_bits("bitwise_or", np.bitwise_or, emitters.bits("or"), "|", "bool")
bitwise_xor: Op = _of_bits("bitwise_xor", np.bitwise_xor, emitters.bits("xor"), "^", "bool")
shift_left: Op = _of_bits("shift_left", np.left_shift, emitters.shift_left, "<<")
shift_right: Op = _of_bits("shift_right", np.right_shift, emitters.shift_right, ">>")


def _flag(name: str, numpy: Callable[..., Any], emit: Callable[..., Any]) -> Op:
    return elementwise(name, numpy, result="bool", differentiable=False, emit=emit)


logical_not: Op = _flag("logical_not", np.logical_not, emitters.logical_not)
isnan: Op = _flag("isnan", np.isnan, emitters.isnan)
isfinite: Op = _flag("isfinite", np.isfinite, emitters.isfinite)
isinf: Op = _flag("isinf", np.isinf, emitters.isinf)


def _smooth(
    name: str, numpy: Callable[..., Any], grad: Gradient,
    domain: tuple[float, float] = (-2.0, 2.0),
) -> Op:  # fmt: skip
    emit = getattr(emitters, name)
    return elementwise(name, numpy, grad, domain=domain, dtypes=FLOATS, emit=emit)


exp: Op = _smooth("exp", np.exp, lambda g, y, x: (g * y,))
expm1: Op = _smooth("expm1", np.expm1, lambda g, y, x: (g * (y + 1.0),))
log: Op = _smooth("log", np.log, lambda g, y, x: (g / x,), (0.2, 3.0))
log1p: Op = _smooth("log1p", np.log1p, lambda g, y, x: (g / (x + 1.0),), (-0.7, 3.0))
sqrt: Op = _smooth("sqrt", np.sqrt, lambda g, y, x: (g * 0.5 / y,), (0.2, 3.0))
rsqrt: Op = _smooth(
    "rsqrt", lambda x: 1 / np.sqrt(x), lambda g, y, x: (g * -0.5 * y / x,), (0.2, 3.0)
)
sin: Op = _smooth("sin", np.sin, lambda g, y, x: (g * cos(x),))
cos: Op = _smooth("cos", np.cos, lambda g, y, x: (-(g * sin(x)),))
tan: Op = _smooth("tan", np.tan, lambda g, y, x: (g * (y * y + 1.0),), (-1.0, 1.0))
arcsin: Op = _smooth("arcsin", np.arcsin, lambda g, y, x: (g * rsqrt(1.0 - x * x),), (-0.8, 0.8))
arccos: Op = _smooth("arccos", np.arccos, lambda g, y, x: (-(g * rsqrt(1.0 - x * x)),), (-0.8, 0.8))
arctan: Op = _smooth("arctan", np.arctan, lambda g, y, x: (g / (x * x + 1.0),))
sinh: Op = _smooth("sinh", np.sinh, lambda g, y, x: (g * cosh(x),))
cosh: Op = _smooth("cosh", np.cosh, lambda g, y, x: (g * sinh(x),))
tanh: Op = _smooth("tanh", np.tanh, lambda g, y, x: (g * (1.0 - y * y),))
arcsinh: Op = _smooth("arcsinh", np.arcsinh, lambda g, y, x: (g * rsqrt(x * x + 1.0),))
arccosh: Op = _smooth("arccosh", np.arccosh, lambda g, y, x: (g * rsqrt(x * x - 1.0),), (1.2, 3.0))
arctanh: Op = _smooth("arctanh", np.arctanh, lambda g, y, x: (g / (1.0 - x * x),), (-0.8, 0.8))
erf: Op = _smooth("erf", special.erf, lambda g, y, x: (g * exp(-(x * x)) * (2 / np.pi**0.5),))
erfc: Op = _smooth(
    "erfc", special.erfc, lambda g, y, x: (g * exp(-(x * x)) * (-2 / np.pi**0.5),), (-2.0, 5.0)
)
erfinv: Op = _smooth(
    "erfinv", special.erfinv, lambda g, y, x: (g * exp(y * y) * (np.pi**0.5 / 2),), (-0.9, 0.9)
)
sigmoid: Op = _smooth("sigmoid", special.sigmoid, lambda g, y, x: (g * y * (1.0 - y),))
softplus: Op = _smooth("softplus", special.softplus, lambda g, y, x: (g * sigmoid(x),))

absolute: Op = elementwise(
    "absolute", np.abs, lambda g, y, x: (g * sign(x),), emit=emitters.absolute
)
relu: Op = elementwise(
    "relu", lambda x: np.maximum(x, 0),
    # y says as well as x where x is positive, and is needed later anyway: so x need not be kept
    lambda g, y, x: (_masked(g, greater(y, constant_like(y, 0.0))),), emit=emitters.relu,
)  # fmt: skip
stop_gradient: Op = elementwise(
    "stop_gradient", lambda x: x, differentiable=False, emit=lambda b, x: x
)
sign: Op = elementwise("sign", np.sign, differentiable=False, emit=emitters.sign)
floor: Op = elementwise("floor", np.floor, differentiable=False, emit=emitters.rounding("floor"))
ceil: Op = elementwise("ceil", np.ceil, differentiable=False, emit=emitters.rounding("ceil"))
round_: Op = elementwise(
    "round", np.round, differentiable=False, emit=emitters.rounding("roundeven")
)
trunc: Op = elementwise("trunc", np.trunc, differentiable=False, emit=emitters.rounding("trunc"))


def _where_infer(condition: Spec, a: Spec, b: Spec) -> Spec:
    _same("where", (a, b))
    if condition != Spec(a.shape, "bool"):
        raise ValueError(
            f"where: expected a bool condition of shape {public(a.shape)}. "
            f"Received: {condition.dtype}{list(public(condition.shape))}"
        )
    return a


def _where_samples() -> Iterable[Sample]:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 3, 4))
    yield Sample((a > 0, a, b), {})


where: Op = Op(
    "where", _where_infer, np.where,
    lambda g, y, c, a, b: (None, _masked(g, c), where(c, constant_like(g, 0.0), g)),
    Map(lambda b, c, x, y: b.select(c, x, y)), _where_samples,
)  # fmt: skip


def _cast_grad(g: Node, y: Node, x: Node, dtype: str) -> tuple[Any]:
    return (cast(g, dtype=x.dtype) if x.dtype in FLOATS and dtype in FLOATS else None,)


def _cast_samples() -> Iterable[Sample]:
    values = np.random.default_rng(0).uniform(-3, 3, (3, 4))
    yield Sample((values,), {"dtype": "float64"})
    yield Sample((values,), {"dtype": "int32"})
    yield Sample((values > 0,), {"dtype": "float64"})


cast: Op = Op(
    "cast",
    lambda x, dtype: Spec(x.shape, dtype),
    lambda x, dtype: x.astype(numpy_dtype(dtype)),
    _cast_grad, Map(lambda b, x, dtype: b.convert(x, dtype)), _cast_samples,
)  # fmt: skip


def _bitcast_infer(x: Spec, dtype: str) -> Spec:
    if x.dtype == "bool" or numpy_dtype(dtype).itemsize != numpy_dtype(x.dtype).itemsize:
        raise ValueError(f"bitcast: expected dtypes of one size. Received: {x.dtype}, {dtype}")
    return Spec(x.shape, dtype)


def _bitcast_samples() -> Iterable[Sample]:
    values = np.random.default_rng(0).uniform(-3, 3, (3, 4)).astype("float32")
    yield Sample((values,), {"dtype": "int32"})
    yield Sample((values.view("int32"),), {"dtype": "float32"})


# The same bits as another dtype.
bitcast: Op = Op(
    "bitcast", _bitcast_infer,
    lambda x, dtype: np.ascontiguousarray(x).view(numpy_dtype(dtype)).reshape(x.shape),
    None, Map(lambda b, x, dtype: b.bitcast(x, dtype)), _bitcast_samples, differentiable=False,
)  # fmt: skip
