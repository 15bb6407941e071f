"""Masked timesteps do not count: not in layers, in the loss, or in metrics."""

import gc

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.ops import masks

RANDOM = np.random.default_rng(0)
TOKENS = RANDOM.integers(0, 5, (24, 7))  # 0 is padding
LABELS = RANDOM.integers(0, 3, (24, 7))
WEIGHTS = RANDOM.random((24, 7)).astype("float32")


def tagger(**options):
    """A model that gives each token one of 3 tags."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            layers.Embedding(5, 4, mask_zero=True),
            layers.Dense(6, activation="tanh"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        "sgd", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"], **options
    )
    return model


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_loss_and_metrics_are_means_over_what_counts(weights):
    model = tagger(metrics=["sparse_categorical_crossentropy"])
    found = model.evaluate(
        TOKENS, LABELS, sample_weight=weights, batch_size=24, verbose=0, return_dict=True
    )
    said = model.predict(TOKENS, verbose=0)
    entropy = -np.log(np.take_along_axis(said, LABELS[..., None], -1)[..., 0])
    counts = TOKENS != 0
    weight = counts * (1 if weights is None else weights)
    right = said.argmax(-1) == LABELS
    assert found["loss"] == pytest.approx((entropy * weight).sum() / counts.sum(), rel=1e-5)
    assert found["accuracy"] == pytest.approx((right * weight).sum() / weight.sum(), rel=1e-5)
    assert found["sparse_categorical_crossentropy"] == pytest.approx(
        entropy[counts].mean(), rel=1e-5
    )


@pytest.mark.parametrize("eagerly", [False, True])
def test_labels_of_padding_do_not_train(eagerly):
    trained = []
    for labels in (LABELS, np.where(TOKENS == 0, 2, LABELS)):
        model = tagger(run_eagerly=eagerly)
        model.fit(TOKENS, labels, batch_size=10, epochs=2, verbose=0)
        trained.append(model.get_weights())
    for first, second in zip(*trained, strict=True):
        np.testing.assert_array_equal(first, second)


def test_layers_that_are_called_one_by_one_pass_masks_on():
    embedded = layers.Embedding(5, 4, mask_zero=True)(TOKENS)
    dense = layers.Dense(2, use_bias=False)
    pooled = layers.GlobalAveragePooling1D()(dense(embedded))
    counts = (TOKENS != 0)[..., None]
    mean = (embedded * counts).sum(1) / counts.sum(1)
    np.testing.assert_allclose(pooled, mean @ dense.kernel.numpy(), rtol=1e-5, atol=1e-7)


def test_a_mask_outlives_the_cast_to_another_dtype():
    x = np.ones((2, 3, 1), "float64")
    masks.set_mask(x, np.array([[True, True, False]] * 2))
    x[:, 2] = 7
    np.testing.assert_array_equal(layers.GlobalAveragePooling1D()(x), np.ones((2, 1)))


def test_a_mask_lives_no_longer_than_its_tensor():
    gc.collect()  # what earlier tests left
    before = len(masks._left)
    x = np.zeros((2, 3))
    masks.set_mask(x, np.ones((2, 3), bool))
    assert len(masks._left) == before + 1
    del x
    gc.collect()
    assert len(masks._left) == before


def test_a_mask_can_be_taken_back():
    x = np.zeros((2, 3))
    masks.set_mask(x, np.ones((2, 3), bool))
    masks.set_mask(x, None)
    assert masks.mask_of(x) is None


def test_an_ignored_class_does_not_count_beside_a_mask():
    metric = keras.metrics.SparseCategoricalCrossentropy(ignore_class=2)
    said = np.full((2, 3, 3), 0.25, "float32")
    said[..., 0] = 0.5
    masks.set_mask(said, np.array([[True, True, False]] * 2))
    metric.update_state([[0, 2, 1]] * 2, said)
    assert float(metric.result()) == pytest.approx(np.log(2), rel=1e-5)


def test_a_symbolic_tensor_tells_its_mask():
    numbers = keras.Input((None,), dtype="int32")
    x = layers.Activation("relu")(layers.Embedding(10, 4, mask_zero=True)(numbers))
    model = keras.Model(numbers, layers.Add()([x, x])._keras_mask)
    np.testing.assert_array_equal(model(np.array([[1, 2, 0]])), [[True, True, False]])
    assert numbers._keras_mask is None
    assert layers.GlobalAveragePooling1D()(x)._keras_mask is None
