"""What every public function of `geartrain.ops` is tested on.

A case: the function's name, its arguments, its keywords, and what NumPy computes for them. All of
the arguments that are arrays become symbolic tensors where a test is about graphs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

random = np.random.default_rng(7)


class Case(NamedTuple):
    name: str
    arrays: tuple[Any, ...]
    keywords: dict[str, Any]
    expected: Any  # the result, or a function that computes it of the arguments
    differentiable: bool = True
    symbolic: bool = True
    batched: bool = True  # whether axis 0 of the first array may be the batch axis


def reals(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """Numbers that differ from each other, and from 0, 1 and 6, by far more than a difference."""
    count = math.prod(shape)
    ladder = low + (high - low) * (np.arange(count) + 0.37) / max(count, 1)
    return random.permutation(ladder).reshape(shape)


def integers(*shape: int, low: int = 0, high: int = 5) -> np.ndarray:
    return random.integers(low, high, shape).astype("int32")


X = reals(3, 4)
Y = reals(3, 4, low=-1.7, high=2.4)
POSITIVE = reals(3, 4, low=0.3, high=3.0)
UNIT = reals(3, 4, low=-0.9, high=0.9)
ROW = reals(4)
CUBE = reals(2, 3, 4)
SPECIAL = np.array([0.0, -0.0, 1.5, -2.0, np.inf, -np.inf, np.nan])
FLAGS = X > 0
WHOLE = integers(3, 4, low=-3, high=9)

CASES: list[Case] = []


def case(
    name: str, *arrays: Any, expected: Any = None, differentiable: bool = True,
    symbolic: bool = True, batched: bool = True, **keywords: Any,
) -> None:  # fmt: skip
    """Add a case; without `expected` NumPy's function of that name tells it."""
    if expected is None:
        expected = getattr(np, name)
    CASES.append(Case(name, arrays, keywords, expected, differentiable, symbolic, batched))


def plain(name: str, *arrays: Any, **keywords: Any) -> None:
    case(name, *arrays, differentiable=False, **keywords)


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
case("divide_no_nan", X, np.where(FLAGS, Y, 0.0), expected=lambda x, y: np.where(
    y == 0, 0, x / np.where(y == 0, 1, y)))  # fmt: skip
case("power", POSITIVE, Y)
case("power", X, expected=lambda x: x**3, x2=3)
case("power", POSITIVE, expected=lambda x: 2.0**x, x1=2.0, batched=False)
case("logaddexp", X, Y)
case("logaddexp", np.array([np.inf, -np.inf, 0.0]), np.array([np.inf, -np.inf, 800.0]),
     differentiable=False)  # fmt: skip
for name in ("negative", "absolute", "square", "abs", "fabs", "exp", "expm1", "sin", "cos", "tanh",
             "sinh", "cosh", "arctan", "arcsinh", "exp2"):  # fmt: skip
    case(name, X)
for name in ("sign", "floor", "ceil", "trunc", "round"):
    case(name, X)
    plain(name, SPECIAL)
case("round", reals(3, 4, low=-30, high=30), decimals=1)
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
             expected=lambda x, axis, f=getattr(np, name), a=numpy_axis: f(x, axis=a))  # fmt: skip
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
case("average", CUBE, expected=lambda x: np.average(x, weights=x**2 + 1), weights=CUBE**2 + 1)


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
for order in (None, 1, 2, 3, math.inf, -math.inf, 0):
    case("norm", X, expected=np.linalg.norm, ord=order, axis=1)
for order in (None, "fro", 1, -1, math.inf, -math.inf):
    case("norm", X, expected=np.linalg.norm, ord=order)
    case("norm", CUBE, expected=np.linalg.norm, ord=order, axis=(2, 0), keepdims=True)
case("norm", CUBE, expected=lambda x: np.sqrt(np.sum(x * x)))
for order in (1, 2, 3):
    case("normalize", X, order=order,
         expected=lambda x, order: x / np.linalg.norm(x, order, -1, keepdims=True))  # fmt: skip
case("normalize", np.zeros((2, 3)), expected=np.zeros((2, 3)))
GAPPY = np.where(np.abs(CUBE) < 0.5, np.nan, CUBE)
for name in ("nansum", "nanmean", "nanmax", "nanmin", "nanprod", "nanvar", "nanstd"):
    for axis in (None, 1, (0, 2)):
        batched = name != "nanprod" or axis == 1
        plain(name, GAPPY, axis=axis, batched=batched)
    plain(name, GAPPY, axis=1, keepdims=True)
    plain(name, WHOLE, axis=1)

# -- shapes -----------------------------------------------------------------------------------

case("reshape", CUBE, newshape=(4, -1), expected=lambda x, newshape: x.reshape(newshape))
case("reshape", CUBE, newshape=(-1, 2, 2), expected=lambda x, newshape: x.reshape(newshape))
case("reshape", CUBE, newshape=-1, expected=lambda x, newshape: x.reshape(-1))
case("ravel", CUBE)
case("transpose", CUBE)
case("transpose", CUBE, axes=(1, -1, 0))
case("swapaxes", CUBE, axis1=0, axis2=-1)
case("moveaxis", CUBE, source=0, destination=-1)
case("moveaxis", CUBE, source=(0, 1), destination=(-1, 0))
case("expand_dims", CUBE, axis=1)
case("expand_dims", CUBE, axis=(0, -1))
case("squeeze", reals(3, 1, 2, 1))
case("squeeze", reals(3, 1, 2, 1), axis=1)
case("squeeze", reals(3, 1, 2, 1), axis=(1, -1))
case("broadcast_to", ROW, shape=(2, 3, 4), batched=False)
case("broadcast_to", reals(3, 1), shape=(3, 4), batched=False)


def listed(function: Callable) -> Callable:
    return lambda *arrays, **keywords: function(arrays, **keywords)


for axis in (0, -1):
    case("concatenate", X, Y, axis=axis, expected=listed(np.concatenate))
    case("stack", X, Y, axis=axis, expected=listed(np.stack))
for name in ("hstack", "vstack"):
    case(name, X, Y, expected=listed(getattr(np, name)))
    case(name, ROW, reals(4), expected=listed(getattr(np, name)))
case("unstack", CUBE, axis=1, expected=lambda x, axis: list(np.moveaxis(x, axis, 0)))
case("unstack", CUBE, num=2, batched=False, expected=lambda x, num: list(x))
case("split", CUBE, indices_or_sections=2, axis=2)
case("split", reals(7), indices_or_sections=[1, 4], batched=False)
case("array_split", reals(7, 2), indices_or_sections=3, batched=False)
case("append", X, Y)
case("append", X, Y, axis=1)
for axis in (None, 0, (0, 2)):
    case("flip", CUBE, axis=axis)
case("fliplr", CUBE)
case("flipud", CUBE)
for k in (0, 1, 2, 3, -1):
    case("rot90", CUBE, k=k)
case("rot90", CUBE, k=1, axes=(2, 1), expected=lambda array, k, axes: np.rot90(array, k, axes))
for shift, axis in ((1, None), (-2, 1), (7, 0), ((1, 2), (0, 2)), (0, 1)):
    case("roll", CUBE, shift=shift, axis=axis)
case("repeat", CUBE, repeats=2)
case("repeat", CUBE, repeats=3, axis=1)
case("repeat", CUBE, repeats=[1, 0, 2], axis=1)
case("tile", X, repeats=2, expected=lambda x, repeats: np.tile(x, 2))
case("tile", X, repeats=(2, 1, 3), expected=lambda x, repeats: np.tile(x, repeats))
case("pad", X, pad_width=1)
case("pad", X, pad_width=((1, 0), (2, 3)))
case("pad", X, pad_width=((1, 0), (2, 3)), constant_values=2.5)
plain("pad", np.array([[np.inf, np.nan]]), pad_width=1, constant_values=7.0)
for mode in ("edge", "reflect", "symmetric", "wrap"):
    case("pad", X, pad_width=((2, 1), (3, 5)), mode=mode, batched=False)
    case("pad", X, pad_width=((0, 0), (1, 2)), mode=mode)

# -- products ---------------------------------------------------------------------------------

A, B = reals(3, 4), reals(4, 2)
for first, second in (
    (A, B), (ROW, B), (A, ROW), (ROW, reals(4)), (CUBE, B), (CUBE, reals(2, 4, 5)),
    (reals(2, 1, 3, 4), reals(5, 4, 2)), (A, CUBE.swapaxes(1, 2)), (reals(1, 3, 4), reals(2, 4, 1)),
    (reals(3, 1), reals(1, 2)), (reals(0, 4), B), (reals(3, 0), reals(0, 2)),
):  # fmt: skip
    case("matmul", first, second, batched=False)
case("matmul", A, B)
case("matmul", CUBE, B)
plain("matmul", WHOLE, WHOLE.T.copy(), batched=False)
for first, second in ((A, B), (ROW, reals(4)), (CUBE, ROW), (CUBE, reals(5, 4, 2)), (CUBE, B)):
    case("dot", first, second)
case("dot", np.array(2.0), A, batched=False)
for first, second in ((ROW, reals(4)), (A, CUBE), (A, ROW), (np.array(2.0), ROW)):
    case("inner", first, second, batched=False)
case("outer", ROW, X)
case("vdot", X, Y)
case("tensordot", CUBE, reals(3, 4, 2), axes=2)
case("tensordot", CUBE, B, axes=1)
case("tensordot", CUBE, reals(4, 5, 2), axes=([0, 2], [2, 0]), batched=False)
case("tensordot", CUBE, ROW, axes=0)
case("kron", A, B)
case("kron", ROW, A, batched=False)
case("cross", reals(5, 3), reals(5, 3))
case("cross", reals(3, 5), reals(3, 5), axis=0, batched=False)
case("cross", reals(4, 1, 3), reals(5, 3), batched=False)
case("cross", reals(5, 2), reals(5, 3), expected=lambda x, y: np.cross(
    np.pad(x, ((0, 0), (0, 1))), y))  # fmt: skip
case("cross", reals(5, 2), reals(5, 2), expected=lambda x, y: x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0])
for subscripts, arrays in {
    "ij,jk->ik": (A, B), "ij,jk": (A, B), "ij->ji": (A,), "ij->": (A,), "ij": (A,), "ii->i": (reals(3, 3),),
    "ii": (reals(3, 3),), "i,i": (ROW, reals(4)), "i,j->ji": (ROW, reals(3)),
    "...ij,...jk->...ik": (CUBE, reals(2, 4, 5)), "b...,...->b...": (CUBE, reals(3, 4)),
    "ij,ij->i": (X, Y), "ijk,k->ji": (CUBE, ROW), "iij,jk->ik": (reals(3, 3, 4), B),
    "ij,jk,kl->il": (A, B, reals(2, 3)), "ij,ik,il->jkl": (A, reals(3, 2), reals(3, 2)),
    "ij,kl->il": (A, B), "...->...": (CUBE,), "i...->...": (CUBE,), "a,a,a->a": (ROW, ROW, ROW),
    "ij , jk -> ik": (A, B), "bh,ho->bo": (reals(3, 1), reals(4, 2)),
}.items():  # fmt: skip
    case("einsum", *arrays, expected=lambda *a, s=subscripts: np.einsum(s, *a), batched=False,
         subscripts=subscripts)  # fmt: skip
SQUARE = reals(4, 4)
for k in (-2, 0, 1):
    case("diag", ROW, k=k, batched=False)
    case("diag", reals(3, 5), k=k, batched=False)
    case("diagflat", reals(2, 2), k=k, batched=False)
    case("tril", CUBE, k=k)
    case("triu", CUBE, k=k)
    case("trace", SQUARE, offset=k, batched=False)
for offset in (-3, -1, 0, 2, 9):
    case("diagonal", reals(3, 5), offset=offset, batched=False)
case("diagonal", CUBE, axis1=1, axis2=2)
case("diagonal", CUBE, axis1=2, axis2=0, batched=False)
case("trace", CUBE, axis1=2, axis2=1)
plain("trace", integers(3, 3), batched=False)
