"""Cases of bits, complex numbers, folds without NaN, joining and cutting, numbers at ratios."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geartrain import ops
from tests.ops.cases import CUBE, FLAGS, POSITIVE, ROW, SPECIAL, WHOLE, Table, X, Y, listed

table = Table(5)
case, plain, reals, integers = table.case, table.plain, table.reals, table.integers

# -- bits -------------------------------------------------------------------------------------

OTHER = integers(3, 4, low=-3, high=9)
SHIFTS = integers(3, 4, high=40)
for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    plain(name, WHOLE, OTHER)
    plain(name, FLAGS, Y > 0)
    plain(name, WHOLE.astype("uint8"), OTHER[0].astype("uint8"))
for name in ("bitwise_invert", "bitwise_not"):
    plain(name, WHOLE, expected=np.invert)
    plain(name, WHOLE.astype("uint8"), expected=np.invert)
    plain(name, FLAGS, expected=np.invert)
for name in ("bitwise_left_shift", "left_shift"):
    plain(name, WHOLE, SHIFTS, expected=np.left_shift)
for name in ("bitwise_right_shift", "right_shift"):
    plain(name, WHOLE, SHIFTS, expected=np.right_shift)
    plain(name, WHOLE.astype("uint16"), SHIFTS.astype("uint16"), expected=np.right_shift)
for name in ("gcd", "lcm"):
    plain(name, WHOLE * 6, OTHER * 4)
    plain(name, WHOLE * 6, np.int32([8, 12, 0, -9]))
for array in (SPECIAL, WHOLE, SPECIAL[2:4].astype("float16"), FLAGS):
    expected = np.signbit(array) if array.dtype != bool else np.zeros_like(array)
    plain("signbit", array, expected=expected)
plain("nextafter", SPECIAL, np.roll(SPECIAL, 1))
plain("nextafter", X.astype("float32"), np.zeros((1,), "float32"))
plain("nextafter", X.astype("float32"), X.astype("float32"))
for dtype in ("uint8", "int16", "float32", "uint64", "float64"):
    plain("view", X, dtype=dtype, expected=lambda x, dtype: x.view(dtype))
    plain("view", WHOLE, dtype=dtype, expected=lambda x, dtype: x.view(dtype))
plain("view", X, expected=X)
plain("view", FLAGS, dtype="int8", expected=FLAGS.view("int8"))

# -- element by element -----------------------------------------------------------------------

case("erfc", X, expected=np.vectorize(math.erfc))
case("erfc", 5 * X, expected=np.vectorize(math.erfc))
case("i0", X)
case("i0", 20 * X)
case("cbrt", X)
case("deg2rad", X)
case("rad2deg", X)
case("sinc", X)
plain("sinc", np.array([0.0, 1.0, -2.5]))
case("ldexp", X, WHOLE)
case("logaddexp2", X, Y)
case("logaddexp2", np.array([np.inf, -np.inf, 0.0]), np.array([np.inf, -np.inf, 2000.0]),
     differentiable=False)  # fmt: skip
case("fmod", X, POSITIVE)
case("fmod", X, -POSITIVE)
plain("fmod", WHOLE, integers(3, 4, low=1))
case("heaviside", X, Y)
plain("heaviside", SPECIAL, np.full(7, 0.5))
for name in ("isposinf", "isneginf"):
    plain(name, SPECIAL)
    plain(name, WHOLE)

# -- complex numbers --------------------------------------------------------------------------

COMPLEX = X + 1j * Y
for name in ("real", "conj", "conjugate"):
    case(name, X, expected=X)
for name in ("imag", "angle", "isreal"):
    plain(name, X)
for name in ("real", "imag", "angle", "isreal"):
    plain(name, COMPLEX, symbolic=False)


def pairs(values: np.ndarray) -> np.ndarray:
    return np.stack([values.real, values.imag], -1)


CALLS: dict[str, Any] = {
    "polar": lambda *arrays: pairs(ops.polar(*arrays)),
    "view_as_complex": lambda x: pairs(ops.view_as_complex(x)),
    "conj": lambda x: pairs(ops.conj(x)) if x.dtype == "complex128" else ops.conj(x),
    "eig": lambda x: [pairs(one) for one in ops.eig(x)],
}
plain("conj", COMPLEX, symbolic=False, expected=pairs(COMPLEX.conj()))
plain("polar", POSITIVE, Y, symbolic=False, expected=pairs(POSITIVE * np.exp(1j * Y)))
plain("view_as_complex", reals(3, 2), symbolic=False, expected=lambda x: x)
plain("view_as_real", COMPLEX, symbolic=False, expected=pairs)
case("view_as_real", X, expected=lambda x: pairs(x + 0j))
plain("eig", reals(3, 3), symbolic=False,
      expected=lambda x: tuple(pairs(one + 0j) for one in np.linalg.eig(x)))  # fmt: skip

# -- folds without NaN ------------------------------------------------------------------------

GAPPY = np.where(CUBE > 1, np.nan, CUBE)
GAPPY[0, 1] = np.nan
for axis in (None, 0, 1, -1):
    for name, extreme, stand_in in (
        ("nanargmax", np.argmax, -np.inf), ("nanargmin", np.argmin, np.inf),
    ):  # fmt: skip

        def place(x: Any, axis: Any, f: Any = extreme, stand_in: float = stand_in) -> Any:
            found = f(np.where(np.isnan(x), stand_in, x), axis)
            return np.where(np.isnan(x).all(axis), -1, found)

        plain(name, GAPPY, axis=axis, expected=place)
    case("nancumsum", GAPPY, axis=axis, differentiable=False)
    case("nancumprod", GAPPY, axis=axis, differentiable=False, batched=axis in (1, -1))


def quietly(function: Any) -> Any:
    def run(*args: Any, **kwargs: Any) -> Any:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*args, **kwargs)

    return run


for axis in (None, 1, (0, 2)):
    batched = axis == 1
    plain("nanmedian", GAPPY, axis=axis, batched=batched,
          expected=quietly(lambda x, axis: np.nanmedian(x, axis)))  # fmt: skip
    for method in ("linear", "lower", "higher", "nearest", "midpoint"):
        plain("nanquantile", GAPPY, axis=axis, q=[0.2, 0.55], method=method, batched=batched,
              expected=quietly(lambda x, axis, q, method:
                               np.nanquantile(x, q, axis, method=method)))  # fmt: skip
case("nanquantile", CUBE, axis=1, q=0.3, keepdims=True)
plain("nanpercentile", GAPPY, q=30, axis=-1, batched=True,
      expected=quietly(lambda x, q, axis: np.nanpercentile(x, q, axis)))  # fmt: skip

# -- joining and cutting ----------------------------------------------------------------------

case("dstack", X, Y, expected=listed(np.dstack))
case("dstack", ROW, ROW, expected=listed(np.dstack))
case("dstack", CUBE, CUBE, expected=listed(np.dstack))
case("hsplit", X, indices_or_sections=2)
case("hsplit", ROW, indices_or_sections=[1], batched=False)
case("vsplit", X, indices_or_sections=3, batched=False)
case("vsplit", X, indices_or_sections=[1, 2], batched=False)
case("dsplit", CUBE, indices_or_sections=2)
CALLS["dstack"] = listed(ops.dstack)
plain("argpartition", X, kth=1, expected=lambda x, kth: np.argsort(x, -1, kind="stable"))
plain("argpartition", X, kth=-2, axis=None,
      expected=lambda x, kth, axis: np.argsort(x, axis, kind="stable"))  # fmt: skip
for name in ("logspace", "geomspace"):
    low, high = (ROW, ROW[::-1].copy()) if name == "logspace" else (POSITIVE[0], POSITIVE[1])
    case(name, low, high, num=4)
    case(name, low, high, num=3, endpoint=False, axis=-1)
    plain(name, low, high, num=1)
case("logspace", ROW, 2 * ROW, num=3, base=3.0)
plain("geomspace", -POSITIVE, -2 * POSITIVE, num=3, axis=1)
