"""Normalization layers: statistics, masks, frozen layers, small types, errors."""

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.runtime.function import jit

X = np.random.default_rng(0).normal(3, 2, size=(64, 5, 4)).astype("float32")


def test_batch_normalization_in_training():
    layer = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    output = layer(X, training=True)
    np.testing.assert_allclose(output.mean((0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(output.std((0, 1)), 1, atol=1e-3)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.1 * X.mean((0, 1)), rtol=1e-5)
    expected = 0.9 + 0.1 * X.var((0, 1))
    np.testing.assert_allclose(layer.moving_variance.numpy(), expected, rtol=1e-5)


def test_batch_normalization_outside_of_training_uses_the_moving_statistics():
    layer = layers.BatchNormalization(epsilon=0.5)
    layer.build(X.shape)
    layer.set_weights([[1, 2, 3, 4], [0, 1, 0, 1], [1, 1, 2, 2], [0.5, 1.5, 3.5, 8.5]])
    expected = (X - [1, 1, 2, 2]) / np.sqrt([1, 2, 4, 9]) * [1, 2, 3, 4] + [0, 1, 0, 1]
    for _ in range(2):
        np.testing.assert_allclose(layer(X), expected, rtol=1e-5, atol=1e-5)


def test_a_frozen_batch_normalization_does_not_move():
    layer = layers.BatchNormalization()
    layer.build(X.shape)
    layer.trainable = False
    np.testing.assert_array_equal(layer(X, training=True), layer(X))
    assert not layer.moving_mean.numpy().any()


def test_traced_statistics_move_too():
    eager, traced = layers.BatchNormalization(), layers.BatchNormalization()
    run = jit(lambda x: traced(x, training=True))
    for _ in range(3):
        np.testing.assert_allclose(run(X), eager(X, training=True), rtol=1e-4, atol=1e-5)
    for one, other in zip(eager.get_weights(), traced.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_what_a_mask_leaves_out_does_not_count():
    mask = np.random.default_rng(1).random((64, 5)) < 0.5
    layer = layers.BatchNormalization(momentum=0.0, epsilon=1e-5)
    layer(X, training=True, mask=mask)
    np.testing.assert_allclose(layer.moving_mean.numpy(), X[mask].mean(0), rtol=1e-4)
    np.testing.assert_allclose(layer.moving_variance.numpy(), X[mask].var(0), rtol=1e-4)


def test_layer_normalization():
    output = layers.LayerNormalization(epsilon=1e-5)(X)
    np.testing.assert_allclose(output.mean(-1), 0, atol=1e-5)
    np.testing.assert_allclose(output.std(-1), 1, atol=1e-2)
    layer = layers.LayerNormalization(axis=(1, 2), epsilon=1e-5)
    output = layer(X)
    np.testing.assert_allclose(output.mean((1, 2)), 0, atol=1e-5)
    assert layer.gamma.shape == layer.beta.shape == (5, 4)
    assert layer.get_config()["axis"] == [1, 2]
    assert layers.LayerNormalization(rms_scaling=False).weights == []
    mixed = layers.LayerNormalization(axis=(1, -1))
    mixed(X)
    assert mixed.gamma.shape == (4, 5)  # as Keras has it


def test_group_normalization():
    output = layers.GroupNormalization(groups=2, epsilon=1e-5)(X).reshape(64, 5, 2, 2)
    np.testing.assert_allclose(output.mean((1, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(output.std((1, 3)), 1, atol=1e-2)
    turned = layers.GroupNormalization(groups=2, axis=1)(X.transpose(0, 2, 1))
    last = layers.GroupNormalization(groups=2)(X)
    np.testing.assert_allclose(turned.transpose(0, 2, 1), last, rtol=1e-4, atol=1e-5)
    assert layers.GroupNormalization(groups=-1).get_config()["groups"] == -1


def test_unit_and_root_mean_square():
    lengths = np.linalg.norm(layers.UnitNormalization()(X), axis=-1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)
    squares = np.square(layers.RMSNormalization()(X)).mean(-1)
    np.testing.assert_allclose(squares, 1, rtol=1e-4)
    assert not layers.UnitNormalization()(np.zeros((2, 3))).any()


@pytest.mark.parametrize(
    "layer",
    [
        layers.BatchNormalization(dtype="float16"),
        layers.LayerNormalization(dtype="float16"),
        layers.GroupNormalization(groups=2, dtype="float16"),
        layers.RMSNormalization(dtype="float16"),
    ],
    ids=str,
)
def test_squares_of_small_types_do_not_overflow(layer):
    x = np.float16([[400, -400, 500, -500], [300, 100, -100, -300]])
    output = layer(x, training=True)
    assert output.dtype == "float16"
    assert np.isfinite(output).all()
    assert 0.5 < abs(output).max() < 3


def test_arguments_reach_the_weights():
    layer = layers.BatchNormalization(
        beta_initializer="ones", gamma_initializer="zeros", moving_mean_initializer="ones",
        moving_variance_initializer="zeros", beta_regularizer="l1", gamma_regularizer="l2",
        beta_constraint="non_neg", gamma_constraint="max_norm",
    )  # fmt: skip
    layer.build((None, 2))
    gamma, beta, mean, variance = layer.get_weights()
    assert (gamma.tolist(), beta.tolist()) == ([0, 0], [1, 1])
    assert (mean.tolist(), variance.tolist()) == ([1, 1], [0, 0])
    assert type(layer.beta.regularizer).__name__ == "L1"
    assert type(layer.gamma.constraint).__name__ == "MaxNorm"


@pytest.mark.parametrize(
    ("clipping", "center"), [({}, True), ({"rmin": 0.9, "rmax": 1.2, "dmax": 0.3}, False)]
)
def test_renormalization(clipping, center):
    random = np.random.default_rng(0)
    x = random.normal(2.0, 3.0, (16, 4)).astype("float32")
    layer = layers.BatchNormalization(
        momentum=0.9, renorm=True, renorm_momentum=0.8, renorm_clipping=clipping, center=center
    )
    layer.build((None, 4))
    first = {one.name: random.uniform(0.5, 2.0, 4).astype("float32") for one in layer.weights}
    for one in layer.weights:
        one.assign(first[one.name])
    result = layer(x, training=True)
    mean, deviation = x.mean(0), np.sqrt(x.var(0) + 1e-3)
    r = deviation / first["renorm_stddev"]
    d = (mean - first["renorm_mean"]) / first["renorm_stddev"]
    if clipping:
        r, d = np.clip(r, 0.9, 1.2), np.clip(d, -0.3, 0.3)
    expected = ((x - mean) / deviation * r + d) * first["gamma"] + first.get("beta", 0)
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)
    for name, share, new in (
        ("renorm_mean", 0.8, mean), ("renorm_stddev", 0.8, deviation),
        ("moving_mean", 0.9, mean), ("moving_stddev", 0.9, deviation),
    ):  # fmt: skip
        after = first[name] * share + new * (1 - share)
        np.testing.assert_allclose(getattr(layer, name), after, rtol=1e-5)
    variance = layer.moving_stddev.numpy() ** 2 - 1e-3
    np.testing.assert_allclose(layer.moving_variance, variance, rtol=1e-5)
    usual = (x - layer.moving_mean.numpy()) / np.sqrt(layer.moving_variance.numpy() + 1e-3)
    usual = usual * first["gamma"] + first.get("beta", 0)
    np.testing.assert_allclose(layer(x), usual, rtol=1e-4, atol=1e-5)
    again = layers.BatchNormalization.from_config(layer.get_config())
    assert (again.renorm, again.renorm_clipping, again.renorm_momentum) == (True, clipping, 0.8)


def test_renormalization_is_trained_compiled_as_it_is_eagerly():
    x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
    found = []
    for eagerly in (False, True):
        keras.utils.set_random_seed(0)
        rows = [layers.Input((3,)), layers.BatchNormalization(renorm=True), layers.Dense(1)]
        model = keras.Sequential(rows)
        model.compile("sgd", "mse", run_eagerly=eagerly)
        model.fit(x, x[:, :1], batch_size=8, epochs=1, verbose=0, shuffle=False)
        found.append(model.get_weights())
    for compiled, eager in zip(*found, strict=True):
        np.testing.assert_allclose(compiled, eager, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("axis", [-1, (1, 2)])
def test_scaling_by_the_root_of_the_variance_alone(axis):
    x = np.random.default_rng(0).normal(2.0, 3.0, (2, 3, 4)).astype("float32")
    layer = layers.LayerNormalization(axis=axis, rms_scaling=True, scale=False)
    expected = x / np.sqrt(x.var(axis=axis, keepdims=True) + 1e-3)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5)
    assert [one.name for one in layer.weights] == ["gamma"]
    again = layers.LayerNormalization.from_config(layer.get_config())
    assert (again.rms_scaling, again.scale) == (True, False)


def test_models_keep_statistics_apart_from_trained_weights():
    inputs = layers.Input((4,))
    model = keras.Model(inputs, layers.BatchNormalization()(inputs))
    assert [w.name for w in model.trainable_weights] == ["gamma", "beta"]
    assert [w.name for w in model.non_trainable_weights] == ["moving_mean", "moving_variance"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: layers.BatchNormalization(renorm=True, renorm_clipping={"max": 1}),
            "expected renorm_clipping with rmin, rmax and dmax. Received: 'max'",
        ),
        (
            lambda: layers.BatchNormalization(renorm=True, renorm_clipping={"rmin": 2, "rmax": 1}),
            "expected renorm_clipping with rmin <= rmax and dmax >= 0",
        ),
        (
            lambda: layers.BatchNormalization(renorm=True, renorm_clipping={"dmax": -1}),
            "expected renorm_clipping with rmin <= rmax and dmax >= 0",
        ),
        (
            lambda: layers.BatchNormalization(axis=3)(X),
            r'BatchNormalization ".*": expected an axis in \[-3, 2\].*axis=3',
        ),
        (
            lambda: layers.BatchNormalization()(X, training=True, mask=np.ones(64, bool)),
            r"expected a mask of rank 2 for inputs of shape \(64, 5, 4\).*shape \(64,\)",
        ),
        (lambda: layers.LayerNormalization(axis=5)(X), r"expected an axis in \[-3, 2\]"),
        (lambda: layers.GroupNormalization(groups=0), "groups as a whole number.*Received: 0"),
        (lambda: layers.GroupNormalization(groups=-2), "groups as a whole number.*Received: -2"),
        (lambda: layers.GroupNormalization(groups=1.5), "groups as a whole number.*1.5"),
        (
            lambda: layers.GroupNormalization(groups=3)(X),
            r"groups that divide the 4 channels.*groups=3, shape \(64, 5, 4\)",
        ),
        (
            lambda: layers.BatchNormalization()(layers.Input((None,))),
            r"expected a known size of the axis 1.*\(None, None\)",
        ),
        (lambda: layers.UnitNormalization(axis=4)(X), r"expected an axis in \[-3, 2\]"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
