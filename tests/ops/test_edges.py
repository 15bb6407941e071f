"""Values at the edges: zeros of both signs, infinities, NaN, subnormals, empty and 0-d tensors.

And how far float32 results are from exact ones, in units in the last place (ULP).
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from geartrain import ops

EDGES = np.float32([
    0.0, -0.0, 1e-45, -1e-45, 1e-38, -1e-38, 1e-10, 0.5, -0.5, 1.0, -1.0, 1.5, 2.5, -2.5, 7.0,
    88.0, -88.0, 1e10, -1e10, 3e38, -3e38, np.inf, -np.inf, np.nan,
])  # fmt: skip
AS_NUMPY = (
    "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "tanh", "sinh", "cosh", "arctan",
    "arcsin", "arccos", "arcsinh", "arccosh", "arctanh", "floor", "ceil", "trunc", "round", "sign",
    "absolute", "negative", "square", "reciprocal", "log2", "log10", "exp2",
)  # fmt: skip
UNARY = (
    *AS_NUMPY, "erf", "erfc", "erfinv", "i0", "sinc", "cbrt", "sigmoid", "softplus", "relu",
    "relu6", "silu", "gelu", "elu", "selu", "celu", "leaky_relu", "softsign", "log_sigmoid",
    "hard_sigmoid", "hard_silu", "rsqrt", "hard_tanh", "squareplus", "soft_shrink", "hard_shrink",
    "tanh_shrink", "sparse_plus", "sparse_sigmoid", "fabs", "isnan", "isinf", "isfinite",
    "logical_not", "nan_to_num",
)  # fmt: skip


def ulps(found: np.ndarray, exact: list) -> float:
    """The greatest distance, in units of the last place of float32 at the exact value."""
    worst = 0.0
    for value, wanted in zip(found.tolist(), exact, strict=True):
        unit = float(np.spacing(np.float32(abs(float(wanted)) or 1e-45)))
        worst = max(worst, float(abs(mpmath.mpf(value) - wanted) / unit))
    return worst


@pytest.mark.parametrize("name", AS_NUMPY)
def test_edges_are_numpys(name):
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(EDGES)
        found = getattr(ops, name)(EDGES)
    np.testing.assert_allclose(found, expected, rtol=5e-7, strict=True)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(expected[known]))


@pytest.mark.parametrize("name", UNARY)
def test_nothing_warns_and_zero_and_empty_tensors_keep_their_shape(name):
    function = getattr(ops, name)
    function(EDGES)
    for shape in ((), (0,), (2, 0, 3), (1, 1)):
        result = function(np.full(shape, 0.5, "float32"))
        assert isinstance(result, np.ndarray)
        assert result.shape == shape
    assert function(0.5).shape == ()


# These tell NaN, or take it for no number above the threshold, as Keras does.
NOT_NAN = {"isnan", "isinf", "isfinite", "logical_not", "nan_to_num", "hard_shrink", "soft_shrink"}


@pytest.mark.parametrize("name", [name for name in UNARY if name not in NOT_NAN])
def test_nan_stays_nan(name):
    assert np.isnan(getattr(ops, name)(np.float32([np.nan, 1.0]))[0])


def test_nan_passes_through_extremes_and_bounds():
    x = np.float32([[1.0, np.nan, 3.0]])
    for result in (ops.max(x, 1), ops.min(x, 1), ops.sum(x, 1), ops.mean(x, 1), ops.median(x, 1)):
        assert np.isnan(result).all()
    assert np.isnan(ops.maximum(x, 5)[0, 1])
    assert np.isnan(ops.minimum(5, x)[0, 1])
    assert np.isnan(ops.clip(x, 0, 1)[0, 1])
    assert ops.argmax(x, 1).tolist() == ops.argmin(x, 1).tolist() == [1]


GRID = np.float32(np.concatenate([np.linspace(-12, 12, 241), np.logspace(-6, 1.5, 60)]))
INSIDE = np.float32(np.linspace(-0.999, 0.999, 161))
ABOVE = np.float32(np.logspace(-30, 30, 181))
EXACT = {
    "exp": (GRID, mpmath.exp), "expm1": (GRID, mpmath.expm1), "tanh": (GRID, mpmath.tanh),
    "erf": (GRID, mpmath.erf), "erfc": (GRID, mpmath.erfc), "erfinv": (INSIDE, mpmath.erfinv),
    "sin": (GRID, mpmath.sin), "cos": (GRID, mpmath.cos), "log": (ABOVE, mpmath.log),
    "sqrt": (ABOVE, mpmath.sqrt), "log1p": (ABOVE, mpmath.log1p), "arctanh": (INSIDE, mpmath.atanh),
    "log2": (ABOVE, lambda x: mpmath.log(x, 2)), "log10": (ABOVE, mpmath.log10),
    "exp2": (GRID, lambda x: mpmath.power(2, x)), "rsqrt": (ABOVE, lambda x: 1 / mpmath.sqrt(x)),
    "sigmoid": (GRID, lambda x: 1 / (1 + mpmath.exp(-x))),
    "softplus": (GRID, lambda x: mpmath.log1p(mpmath.exp(x))),
    "log_sigmoid": (GRID, lambda x: -mpmath.log1p(mpmath.exp(-x))),
    "reciprocal": (ABOVE, lambda x: 1 / x),
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_float32_is_within_4_ulp_of_the_exact_value(name):
    points, exact = EXACT[name]
    with mpmath.workprec(120):
        wanted = [exact(mpmath.mpf(x)) for x in points.tolist()]
        assert ulps(getattr(ops, name)(points), wanted) <= 4


def test_sums_of_16_bit_floats_are_kept_in_range():
    ones = np.full(4096, 24.0, "float16")
    assert ops.mean(ones) == 24
    assert ops.var(ones) == 0
    assert ops.layer_normalization(ones).dtype == "float16"
    average, variance = ops.moments(np.float16([3e4, -3e4]), 0)
    assert (average, variance) == (0, 65504)


def test_empty_and_single_tensors():
    empty = np.zeros((0, 3), "float32")
    assert ops.sum(empty, axis=0).tolist() == [0, 0, 0]
    assert ops.sum(empty) == 0
    assert ops.prod(empty) == 1
    assert ops.softmax(empty).shape == (0, 3)
    assert ops.matmul(empty, np.zeros((3, 2), "float32")).shape == (0, 2)
    assert ops.matmul(np.zeros((2, 0)), np.zeros((0, 2))).tolist() == [[0, 0], [0, 0]]
    assert ops.sort(empty, 0).shape == ops.cumsum(empty, 1).shape == (0, 3)
    assert ops.concatenate([empty, empty]).shape == (0, 3)
    assert ops.softmax(np.zeros((2, 1))).tolist() == [[1], [1]]
    assert ops.all(empty) and not ops.any(empty)


def test_results_of_new_tensors_may_be_written_to():
    for made in (ops.zeros(3), ops.full((2, 2), 1.5), ops.zeros_like(np.ones(3)), ops.eye(2),
                 ops.one_hot([0, 1], 2), ops.arange(3), ops.copy(np.ones(3))):  # fmt: skip
        made[0] = 7
