"""Layers that add noise in training: their statistics, seeds and errors."""

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.runtime.function import jit

ONES = np.ones((40, 500), "float32")
NOISY = {
    "Dropout": lambda **kwargs: layers.Dropout(0.4, **kwargs),
    "GaussianDropout": lambda **kwargs: layers.GaussianDropout(0.2, **kwargs),
    "GaussianNoise": lambda **kwargs: layers.GaussianNoise(0.5, **kwargs),
    "AlphaDropout": lambda **kwargs: layers.AlphaDropout(0.3, **kwargs),
}
every_noise = pytest.mark.parametrize("name", NOISY)


@every_noise
def test_noise_is_for_training_alone(name):
    layer = NOISY[name]()
    np.testing.assert_array_equal(layer(ONES), ONES)
    np.testing.assert_array_equal(layer(ONES, training=False), ONES)
    assert (layer(ONES, training=True) != ONES).any()


@every_noise
def test_noise_differs_at_each_call_and_repeats_with_the_seed(name):
    layer, again = NOISY[name](seed=7), NOISY[name](seed=7)
    first, second = layer(ONES, training=True), layer(ONES, training=True)
    assert (first != second).any()
    np.testing.assert_array_equal(again(ONES, training=True), first)
    np.testing.assert_array_equal(again(ONES, training=True), second)
    assert (NOISY[name]()(ONES, training=True) != NOISY[name]()(ONES, training=True)).any()


@every_noise
def test_the_global_seed_fixes_noise(name):
    draws = []
    for _ in range(2):
        keras.random.set_random_seed(5)
        draws.append(NOISY[name]()(ONES, training=True))
    np.testing.assert_array_equal(*draws)


@every_noise
def test_traced_noise_is_that_of_eager_calls_and_goes_on(name):
    eager, traced = NOISY[name](seed=3), NOISY[name](seed=3)
    run = jit(lambda x: traced(x, training=True))
    for _ in range(2):
        np.testing.assert_allclose(run(ONES), eager(ONES, training=True), rtol=1e-5, atol=1e-6)


@every_noise
def test_seeds_are_no_weights(name):
    layer = NOISY[name]()
    layer(ONES)
    assert layer.weights == []
    assert len(layer.variables) == 1


def test_dropout():
    dropped = layers.Dropout(0.4, seed=1)(ONES, training=True)
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(1 / 0.6)}
    assert (dropped == 0).mean() == pytest.approx(0.4, abs=0.02)
    rows = layers.Dropout(0.4, noise_shape=(None, 1), seed=1)(ONES, training=True)
    assert all(len(set(row)) == 1 for row in rows.tolist())
    assert not layers.Dropout(1.0)(ONES, training=True).any()


def test_gaussian_noise():
    noise = layers.GaussianNoise(0.5, seed=1)(ONES, training=True) - ONES
    assert noise.mean() == pytest.approx(0, abs=0.02)
    assert noise.std() == pytest.approx(0.5, abs=0.02)


def test_gaussian_dropout_has_the_variance_of_dropout():
    noisy = layers.GaussianDropout(0.2, seed=1)(3 * ONES, training=True)
    assert noisy.mean() == pytest.approx(3, abs=0.05)
    assert noisy.std() == pytest.approx(3 * np.sqrt(0.2 / 0.8), abs=0.05)


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(0).normal(size=(100, 500)).astype("float32")
    dropped = layers.AlphaDropout(0.3, seed=1)(x, training=True)
    assert dropped.mean() == pytest.approx(0, abs=0.02)
    assert dropped.std() == pytest.approx(1, abs=0.02)
    values, counts = np.unique(dropped, return_counts=True)
    assert counts.max() / x.size == pytest.approx(0.3, abs=0.01)
    assert values[counts.argmax()] < -1
    rows = layers.AlphaDropout(0.3, noise_shape=(None, 1), seed=1)(ONES, training=True)
    assert all(len(set(row)) == 1 for row in rows.tolist())


@pytest.mark.parametrize(
    ("layer", "shape", "axes"),
    [
        (layers.SpatialDropout1D(0.5, seed=1), (3, 5, 16), (1,)),
        (layers.SpatialDropout2D(0.5, seed=1), (3, 5, 4, 16), (1, 2)),
        (layers.SpatialDropout2D(0.5, data_format="channels_first", seed=1), (3, 16, 5, 4), (2, 3)),
        (layers.SpatialDropout3D(0.5, seed=1), (3, 2, 5, 4, 16), (1, 2, 3)),
    ],
    ids=str,
)
def test_spatial_dropout_drops_whole_channels(layer, shape, axes):
    kept = layer(np.ones(shape, "float32"), training=True) != 0
    np.testing.assert_array_equal(kept.all(axis=axes), kept.any(axis=axes))
    assert 0.2 < kept.mean() < 0.8
    assert len(np.unique(kept.any(axis=axes), axis=0)) > 1  # samples differ


def test_spatial_dropout_takes_no_further_keywords():
    layer = layers.SpatialDropout1D(0.5, name="drop", dtype="float64")
    assert set(layer.get_config()) == {"name", "dtype", "rate", "seed"}
    with pytest.raises(TypeError, match="unexpected keyword 'trainable'"):
        layers.SpatialDropout1D(0.5, trainable=False)


def test_activity_regularization():
    layer = layers.ActivityRegularization(l1=0.1, l2=0.01)
    layer(np.float32([[1, -2], [3, 0]]))
    assert float(layer.losses[0]) == pytest.approx((0.1 * 6 + 0.01 * 14) / 2)
    assert layers.ActivityRegularization.from_config(layer.get_config()).l1 == 0.1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.Dropout(1.5), 'Dropout "dropout.*": expected rate .*0 to 1. Received: 1.5'),
        (lambda: layers.Dropout("a"), "expected rate as a number.*'a'"),
        (lambda: layers.Dropout(0.5, seed=1.5), "SeedGenerator: expected an integer.*1.5"),
        (lambda: layers.Dropout(0.5, noise_shape=(1,))(ONES, training=True), "noise_shape: .*2"),
        (lambda: layers.GaussianNoise(-1), "expected stddev as a number from 0 to 1.*-1"),
        (lambda: layers.GaussianDropout(1.0), "expected rate as a number from 0 to below 1.*1.0"),
        (lambda: layers.AlphaDropout(1), "expected rate as a number from 0 to below 1.*1"),
        (lambda: layers.SpatialDropout2D(0.5)(ONES), "expected input of rank 4"),
        (lambda: layers.ActivityRegularization(l1=-1.0), "L1L2: expected l1.*-1"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_numbers_are_drawn_only_for_some_noise():
    for make in (layers.Dropout, layers.GaussianNoise, layers.GaussianDropout, layers.AlphaDropout):
        none, some = make(0.0), make(0.5)
        assert none.variables == [] and some.variables == [some.seed_generator.state]
        x = np.ones((2, 3), "float32")
        np.testing.assert_array_equal(none(x, training=True), x)


def test_the_shape_of_noise():
    assert layers.Dropout(0.5, noise_shape=[20, np.int64(1), None]).noise_shape == (20, 1, None)
    for wrong in ("ab", 3, (1.5,), (0,), (-1,)):
        with pytest.raises(ValueError, match="expected noise_shape as a"):
            layers.Dropout(0.5, noise_shape=wrong)
