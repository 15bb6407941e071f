"""Penalties: values, gradients, spellings, configs and errors."""

import numpy as np
import pytest

from geartrain import layers, ops, regularizers
from geartrain.runtime.function import grad, jit
from geartrain.runtime.variable import Variable

X = np.float32([[1.0, -2.0], [0.5, 0.0], [-1.5, 3.0]])


def cosines(x):
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    product = abs(unit @ unit.T)
    return (product.sum() - len(x)) / 2 / (len(x) * (len(x) - 1) / 2)


VALUES = [
    (regularizers.L1(), 0.01 * 8),
    (regularizers.L1(0.5), 0.5 * 8),
    (regularizers.L2(), 0.01 * 16.5),
    (regularizers.L2(l2=2), 2 * 16.5),
    (regularizers.L1L2(), 0.0),
    (regularizers.L1L2(l1=0.1, l2=0.2), 0.8 + 3.3),
    (regularizers.L1L2(l2=0.2), 3.3),
    (regularizers.OrthogonalRegularizer(), 0.01 * cosines(X)),
    (regularizers.OrthogonalRegularizer(factor=2.0, mode="columns"), 2 * cosines(X.T)),
]


@pytest.mark.parametrize(("penalty", "expected"), VALUES)
def test_values(penalty, expected):
    for value in (penalty(X), penalty(Variable(X)), jit(penalty)(X)):
        assert value.shape == ()
        assert value.dtype == "float32"
        assert float(value) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("penalty", "expected"), VALUES)
def test_gradients(penalty, expected):
    x = X.astype("float64") + 0.01
    direction = np.random.default_rng(0).normal(size=x.shape)
    step = 1e-6
    numeric = (penalty(x + step * direction) - penalty(x - step * direction)) / (2 * step)
    slope = grad(penalty)(x)
    assert np.sum(slope * direction) == pytest.approx(numeric, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(("penalty", "expected"), VALUES)
def test_configs(penalty, expected):
    twin = regularizers.deserialize(regularizers.serialize(penalty))
    assert type(twin) is type(penalty)
    assert twin.get_config() == penalty.get_config()
    assert float(twin(X)) == float(penalty(X))


def test_spellings():
    assert isinstance(regularizers.get("l2"), regularizers.L2)
    assert isinstance(regularizers.get("L1"), regularizers.L1)
    for name in ("l1_l2", "L1L2"):
        assert isinstance(regularizers.get(name), regularizers.L1L2)
    assert isinstance(
        regularizers.get("orthogonal_regularizer"), regularizers.OrthogonalRegularizer
    )
    assert regularizers.get(None) is None
    own = regularizers.get(lambda x: ops.sum(x))
    assert float(own(X)) == 1.0
    assert regularizers.L2(None).l2 == 0.01
    assert regularizers.Regularizer()(X) == 0.0


def test_layers_report_their_penalties():
    layer = layers.Dense(
        2,
        kernel_regularizer=regularizers.L2(0.5),
        bias_regularizer="l1",
        activity_regularizer=regularizers.L1(0.1),
        kernel_initializer="ones",
    )
    output = layer(X)
    activity, *weights = layer.losses
    assert float(activity) == pytest.approx(0.1 * abs(output).sum() / 3, rel=1e-6)
    assert [float(loss) for loss in weights] == pytest.approx([0.5 * 4, 0.0])
    layer(X)
    assert len(layer.losses) == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: regularizers.get("l1l3"), "Unknown regularizer: 'l1l3'. Did you mean 'L1L2'"),
        (lambda: regularizers.L1(-1), "L1: expected l1 as a number >= 0. Received: l1=-1"),
        (lambda: regularizers.L2("a"), "L2: expected l2 as a number.*'a'"),
        (lambda: regularizers.L2(float("nan")), "L2: expected l2 as a number.*nan"),
        (lambda: regularizers.L1L2(l2=True), "L1L2: expected l2.*True"),
        (lambda: regularizers.OrthogonalRegularizer(mode="row"), "'rows' or 'columns'.*'row'"),
        (lambda: regularizers.OrthogonalRegularizer()([1.0]), r"expected a matrix.*shape \(1,\)"),
    ],
)
def test_errors_say_what_was_expected_and_received(call, message):
    with pytest.raises(ValueError, match=message):
        call()
