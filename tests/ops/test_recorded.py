"""Functions against the values and gradients recorded from Keras, on a grid of odd floats."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import ops
from geartrain.runtime.function import grad
from tests.recorded import load

FACTS, ARRAYS = load("activations")
CASES = [case for case in FACTS["cases"] if case["target"].startswith("ops.")]


def named(case):
    return getattr(ops, case["target"].removeprefix("ops."))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_values(case):
    found = named(case)(ARRAYS[case["x"]], **case["config"])
    # XLA flushes results below 1.2e-38 to zero, and its exponentials differ in the last digits.
    np.testing.assert_allclose(found, ARRAYS[case["value"]], rtol=3e-6, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_gradients(case):
    x, expected = ARRAYS[case["x"]], ARRAYS[case["gradient"]]
    weight = ARRAYS[case["cotangent"]] if case["cotangent"] else np.float32(1)
    found = grad(lambda x: ops.sum(named(case)(x, **case["config"]) * weight))(x)
    if case["target"] == "ops.abs":  # JAX takes 1 at 0 and -1 at NaN, others 0 and NaN
        expected = np.where(np.isfinite(x), np.sign(x), expected)
        found, expected = found[~np.isnan(x)], expected[~np.isnan(x)]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
