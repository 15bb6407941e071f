"""Cases of arithmetic, logic and folds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.ops.cases import (
    CUBE,
    FLAGS,
    POSITIVE,
    ROW,
    SPECIAL,
    UNIT,
    WHOLE,
    Table,
    X,
    Y,
)

table = Table(0)
case, plain, reals, integers = table.case, table.plain, table.reals, table.integers

# -- element by element -----------------------------------------------------------------------

for name in ("add", "subtract", "multiply", "maximum", "minimum", "fmax", "fmin"):
    case(name, X, Y)
    case(name, X, ROW)
    case(name, reals(3, 1), ROW, batched=False)
    plain(name, WHOLE, integers(3, 4, low=1))
for name in ("divide", "true_divide", "mod", "floor_divide"):
    plain(name, WHOLE, integers(3, 4, low=1), expected=getattr(np, name))
for name in ("divide", "true_divide", "mod", "hypot", "arctan2"):
    case(name, X, POSITIVE)
    case(name, X, reals(4, low=0.5, high=2.0))
case("hypot", np.array([0.0, 3e200, 0.0]), np.array([0.0, 4e200, 2.0]), differentiable=False)
plain("floor_divide", X, POSITIVE)
case("divide_no_nan", X, Y, expected=np.divide)
plain("divide_no_nan", X, np.where(FLAGS, Y, 0.0), expected=lambda x, y: np.where(
    y == 0, 0, x / np.where(y == 0, 1, y)))  # fmt: skip
case("power", POSITIVE, Y)
case("power", X, expected=lambda x: x**3, x2=3)
case("power", X, expected=lambda x: 2.0**x, x1=2.0)
case("logaddexp", X, Y)
case("logaddexp", np.array([np.inf, -np.inf, 0.0]), np.array([np.inf, -np.inf, 800.0]),
     differentiable=False)  # fmt: skip
for name in ("negative", "absolute", "square", "abs", "fabs", "exp", "expm1", "sin", "cos", "tanh",
             "sinh", "cosh", "arctan", "arcsinh", "exp2"):  # fmt: skip
    case(name, X)
for name in ("sign", "floor", "ceil", "trunc", "round"):
    case(name, X)
    plain(name, SPECIAL)
case("round", reals(3, 4, low=-31, high=30), decimals=1)
case("round", reals(3, 4, low=-300, high=300), decimals=-2)
plain("round", integers(3, 4, high=500), decimals=-1)
for name in ("sqrt", "log", "log2", "log10", "log1p", "reciprocal"):
    case(name, POSITIVE)
case("rsqrt", POSITIVE, expected=lambda x: 1 / np.sqrt(x))
case("tan", UNIT)
for name in ("arcsin", "arccos", "arctanh"):
    case(name, UNIT)
case("arccosh", reals(3, 4, low=1.2, high=4))
case("erf", X, expected=np.vectorize(math.erf))
case("erfinv", np.vectorize(math.erf)(X), expected=X)
case("clip", X, expected=lambda x: np.clip(x, -1.02, 1.03), x_min=-1.02, x_max=1.03)
case("clip", X, -(ROW**2), ROW**2, expected=np.clip)

# -- logic ------------------------------------------------------------------------------------

for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
    plain(name, WHOLE, integers(4, high=6))
    plain(name, SPECIAL, SPECIAL[::-1].copy(), batched=False)
for name in ("logical_and", "logical_or", "logical_xor"):
    plain(name, FLAGS, ROW > 0)
    plain(name, WHOLE, WHOLE[::-1].copy())
plain("logical_not", FLAGS)
plain("logical_not", WHOLE)
for name in ("isnan", "isinf", "isfinite"):
    plain(name, SPECIAL)
    plain(name, WHOLE)
case("where", FLAGS, X, Y)
case("where", FLAGS, X, reals(3, 1), batched=False)
plain("where", FLAGS, symbolic=False, expected=np.nonzero)
plain("isclose", X, X + 1e-5 * Y)
plain("isclose", SPECIAL, SPECIAL)
plain("isclose", SPECIAL, SPECIAL, equal_nan=True)
plain("allclose", X, X + 1e-9)
plain("allclose", X, Y)
plain("isin", WHOLE, integers(5))
plain("isin", WHOLE, integers(2, 2), invert=True, batched=False)
case("nan_to_num", SPECIAL, differentiable=False)
case("nan_to_num", SPECIAL, nan=1.0, posinf=2.0, neginf=-3.0, differentiable=False)
case("nan_to_num", X)
case("select", expected=lambda: np.select([X < 0, X < 1], [X, Y], -3.0), symbolic=False,
     condlist=[X < 0, X < 1], choicelist=[X, Y], default=-3.0, differentiable=False)  # fmt: skip

# -- folds ------------------------------------------------------------------------------------

AXES: Sequence[Any] = (None, 0, -1, (0, 2), [1, 2], ())
for name in ("sum", "mean", "max", "min", "prod", "var", "std"):
    for axis in AXES:
        batched = name != "prod" or (axis not in (None, 0) and 0 not in np.atleast_1d(axis))
        numpy_axis = tuple(axis) if isinstance(axis, list) else axis
        flat = name == "std" and axis == ()  # all zero: the root's slope is not finite
        case(name, CUBE, axis=axis, batched=batched, differentiable=not flat,
             expected=lambda x, axis, n=name, a=numpy_axis: getattr(np, n)(x, axis=a))  # fmt: skip
    batched = name != "prod"
    case(name, CUBE, axis=(0, 1), keepdims=True, batched=batched)
plain("sum", FLAGS, axis=0)
plain("mean", WHOLE, axis=0)
case("prod", np.array([[2.0, 0.0, 3.0, 4.0, 5.0], [0.0, 1.0, 0.0, 2.0, 3.0]]), axis=1)
for shape, axis in (((2, 0), 1), ((0, 2), None), ((2, 1), 1)):
    case("prod", np.ones(shape), axis=axis, batched=False)
    case("sum", np.ones(shape), axis=axis, batched=False)
for name in ("max", "min"):
    plain(name, np.array([[1.0, np.nan], [2.0, 3.0]]), axis=1)
    case(name, CUBE, axis=1, initial=0.61)
    plain(name, np.ones((2, 0)), axis=1, initial=0.5, batched=False)
case("amax", CUBE, axis=1, keepdims=True)
case("amin", CUBE, axis=(0, 1))
for name in ("any", "all"):
    for axis in (None, 0, (0, 1)):
        plain(name, FLAGS, axis=axis)
    plain(name, WHOLE, axis=1, keepdims=True)
for name in ("argmax", "argmin"):
    for axis in (None, 0, -1):
        plain(name, CUBE, axis=axis)
    plain(name, CUBE, axis=1, keepdims=True)
    plain(name, CUBE, keepdims=True)
    plain(name, np.array([[1, 3, 3, 1, 1]]), axis=1)
for axis in (None, 0, (0, 1)):
    plain("count_nonzero", WHOLE, axis=axis)
case("average", CUBE)
case("average", CUBE, axis=1, weights=np.array([0.2, 0.5, 0.3]))
case("average", CUBE, weights=CUBE**2 + 1, batched=False)


def logsumexp(x: np.ndarray, axis: Any = None, keepdims: bool = False) -> np.ndarray:
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


for axis in (None, 0, (0, 2)):
    case("logsumexp", CUBE, axis=axis, expected=logsumexp)
case("logsumexp", CUBE, axis=-1, keepdims=True, expected=logsumexp)
plain("logsumexp", np.array([[-np.inf, -np.inf], [np.inf, 1.0]]), axis=1, expected=logsumexp)
plain("logsumexp", np.ones((2, 0)), axis=1, expected=np.full(2, -np.inf), batched=False)
case("moments", CUBE, axes=[0, 2], expected=lambda x, axes: (x.mean((0, 2)), x.var((0, 2))))
case("moments", CUBE, axes=[1], keepdims=True, expected=lambda x, axes, keepdims: (
    x.mean(1, keepdims=True), x.var(1, keepdims=True)))  # fmt: skip
for name in ("cumsum", "cumprod"):
    case(name, CUBE, batched=name == "cumsum")
    for axis in (0, 1, -1):
        case(name, CUBE, axis=axis, batched=name == "cumsum" or axis != 0)
case("cumprod", np.array([[2.0, 0.0, 3.0, 0.0, 5.0, 1.5]]), axis=1)
plain("cumsum", WHOLE, axis=0)
for n in (0, 1, 2, 5):
    case("diff", X, n=n)
case("diff", CUBE, axis=0)
plain("diff", FLAGS)
for order in (None, 1, 2, 3, math.inf, -math.inf, 0):
    case("norm", X, expected=np.linalg.norm, ord=order, axis=1)
for order in (2, -2, "nuc"):
    case("norm", X, expected=np.linalg.norm, ord=order, batched=False)
    case("norm", CUBE, expected=np.linalg.norm, ord=order, axis=(2, 1), keepdims=True)
for order in (None, "fro", 1, -1, math.inf, -math.inf):
    case("norm", X, expected=np.linalg.norm, ord=order)
    case("norm", CUBE, expected=np.linalg.norm, ord=order, axis=(2, 0), keepdims=True)
case("norm", CUBE, expected=lambda x: np.sqrt(np.sum(x * x)))
for order in (1, 2, 3):
    case("normalize", X, order=order,
         expected=lambda x, order: x / np.linalg.norm(x, order, -1, keepdims=True))  # fmt: skip
plain("normalize", np.zeros((2, 3)), expected=np.zeros((2, 3)))
GAPPY = np.where(np.abs(CUBE) < 0.5, np.nan, CUBE)
for name in ("nansum", "nanmean", "nanmax", "nanmin", "nanprod", "nanvar", "nanstd"):
    for axis in (None, 1, (0, 2)):
        batched = name != "nanprod" or axis == 1
        plain(name, GAPPY, axis=axis, batched=batched)
    plain(name, GAPPY, axis=1, keepdims=True)
    plain(name, WHOLE, axis=1)
