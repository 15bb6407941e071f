"""Projections of weights: what they bound, spellings, configs and errors."""

import numpy as np
import pytest

from geartrain import constraints
from geartrain.runtime.function import jit
from geartrain.runtime.variable import Variable

W = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")


def norms(w, axis=0):
    return np.sqrt(np.sum(np.square(w), axis=axis, keepdims=True))


def shortened(axis, bound):
    return W * np.minimum(1, bound / norms(W, axis))


def between(low, high, rate):
    wanted = rate * np.clip(norms(W), low, high) + (1 - rate) * norms(W)
    return W * wanted / norms(W)


CASES = [
    (constraints.MaxNorm(), shortened(0, 2)),
    (constraints.MaxNorm(max_value=0.5, axis=1), shortened(1, 0.5)),
    (constraints.MaxNorm(max_value=1, axis=[0, 1]), shortened((0, 1), 1)),
    (constraints.NonNeg(), np.maximum(W, 0)),
    (constraints.UnitNorm(), W / norms(W)),
    (constraints.UnitNorm(axis=(1, 2)), W / norms(W, (1, 2))),
    (constraints.MinMaxNorm(), between(0, 1, 1)),
    (constraints.MinMaxNorm(min_value=1.0, max_value=1.5, rate=0.25), between(1, 1.5, 0.25)),
    (constraints.Constraint(), W),
]


@pytest.mark.parametrize(("constraint", "expected"), CASES)
def test_values(constraint, expected):
    for value in (constraint(W), np.asarray(constraint(Variable(W))), jit(constraint)(W)):
        assert value.dtype == "float32"
        np.testing.assert_allclose(value, expected, rtol=1e-5)


@pytest.mark.parametrize(("constraint", "expected"), CASES)
def test_configs(constraint, expected):
    twin = constraints.deserialize(constraints.serialize(constraint))
    assert type(twin) is type(constraint)
    np.testing.assert_array_equal(twin(W), constraint(W))


def test_a_vector_of_zeros_stays():
    zeros = np.zeros((3, 2), "float32")
    for constraint, _ in CASES[3:5] + CASES[6:8]:
        np.testing.assert_array_equal(constraint(zeros), zeros)


def test_spellings():
    assert isinstance(constraints.get("max_norm"), constraints.MaxNorm)
    assert isinstance(constraints.get("NonNeg"), constraints.NonNeg)
    assert isinstance(constraints.get("unit_norm"), constraints.UnitNorm)
    assert isinstance(constraints.get(constraints.MinMaxNorm), constraints.MinMaxNorm)
    assert constraints.get(None) is None
    assert constraints.max_norm is constraints.MaxNorm


def test_unknown_names():
    with pytest.raises(ValueError, match=r"Unknown constraint: 'maxnrom'. Did you mean 'MaxNorm'"):
        constraints.get("maxnrom")
