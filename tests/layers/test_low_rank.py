"""Low-rank adaptation: what is learnt, what stays, what files and configs hold."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers

KINDS = {
    "dense": (lambda **k: layers.Dense(6, **k), np.ones((3, 5), "float32"), "kernel"),
    "einsum": (
        lambda **k: layers.EinsumDense("abc,cd->abd", (None, 6), bias_axes="d", **k),
        np.ones((3, 2, 5), "float32"),
        "kernel",
    ),
    "embedding": (lambda **k: layers.Embedding(7, 6, **k), np.array([[1, 2, 6]]), "embeddings"),
    "conv": (lambda **k: layers.Conv2D(6, 3, **k), np.ones((2, 5, 5, 4), "float32"), "kernel"),
}


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def test_the_product_of_two_thin_weights_is_added(kind):
    make, x, name = kind
    layer = make()
    before = layer(x)
    layer.enable_lora(2, lora_alpha=4)
    np.testing.assert_array_equal(layer(x), before)  # the second begins with zeros
    frozen = vars(layer)[f"_{name}"]
    a, b = (getattr(layer, f"lora_{name}_{side}") for side in "ab")
    assert (a.shape, b.shape) == ((*frozen.shape[:-1], 2), (2, frozen.shape[-1]))
    assert not frozen.trainable and {a, b} <= set(layer.trainable_weights)
    b.assign(np.random.default_rng(0).normal(size=b.shape))
    merged = frozen.numpy() + 4 / 2 * (a.numpy() @ b.numpy())
    np.testing.assert_allclose(getattr(layer, name), merged, rtol=1e-5, atol=1e-6)
    plain = make()
    plain.build(x.shape)
    plain.set_weights([merged, *(one.numpy() for one in layer.weights if one.name == "bias")])
    np.testing.assert_allclose(layer(x), plain(x), rtol=1e-4, atol=1e-5)


def test_training_leaves_the_large_weight(kind):
    make, x, name = kind
    rows = [layers.Input(batch_shape=(None, *x.shape[1:]), dtype=x.dtype), make(), layers.Flatten()]
    model = keras.Sequential([*rows, layers.Dense(1)])
    adapted = model.layers[0]
    adapted.enable_lora(2)
    before = vars(adapted)[f"_{name}"].numpy()
    model.compile("sgd", "mse")
    y = np.zeros((len(x), 1))
    assert model.fit(x, y, epochs=3, verbose=0).history["loss"][-1] < model.evaluate(
        x, y + 9, verbose=0
    )
    np.testing.assert_array_equal(vars(adapted)[f"_{name}"], before)
    assert abs(getattr(adapted, f"lora_{name}_b").numpy()).max() > 0


def test_files_hold_the_sum(kind, tmp_path):
    make, x, name = kind
    model = keras.Sequential(
        [layers.Input(batch_shape=(None, *x.shape[1:]), dtype=x.dtype), make()]
    )
    layer = model.layers[0]
    layer.enable_lora(2)
    getattr(layer, f"lora_{name}_b").assign(np.ones_like(getattr(layer, f"lora_{name}_b")))
    expected = model(x)
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert loaded.layers[0].lora_enabled and loaded.layers[0].lora_rank == 2
    np.testing.assert_allclose(loaded(x), expected, rtol=1e-5, atol=1e-6)
    plain = keras.Sequential(
        [layers.Input(batch_shape=(None, *x.shape[1:]), dtype=x.dtype), make()]
    )
    plain.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_allclose(plain(x), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(copy.deepcopy(layer)(x), expected, rtol=1e-5, atol=1e-6)


def test_exported_models_hold_the_sum(kind, tmp_path):
    make, x, name = kind
    rows = [layers.Input(batch_shape=(None, *x.shape[1:]), dtype=x.dtype), make()]
    model = keras.Sequential(rows)
    model.layers[0].enable_lora(2)
    thin = getattr(model.layers[0], f"lora_{name}_b")
    thin.assign(np.ones(thin.shape))
    model.export(tmp_path / "m.onnx", verbose=False)
    loaded = keras.saving.load_model(tmp_path / "m.onnx")
    np.testing.assert_allclose(loaded(x), model(x), rtol=1e-5, atol=1e-6)


def test_the_argument_enables_it_when_the_layer_is_built(kind):
    make, x, _ = kind
    layer = make(lora_rank=3)
    assert not layer.lora_enabled
    layer.build(x.shape)
    assert layer.lora_enabled and layer.lora_alpha == 3
    config = layer.get_config()
    assert (config["lora_rank"], config["lora_alpha"]) == (3, 3)
    assert "lora_rank" not in make().get_config()


def test_what_cannot_be_adapted():
    layer = layers.Dense(2)
    with pytest.raises(ValueError, match="enable_lora expected a layer that is built"):
        layer.enable_lora(2)
    layer.build((None, 3))
    layer.enable_lora(1)
    with pytest.raises(ValueError, match="enable_lora expected a layer where it is not enabled"):
        layer.enable_lora(2)
    bound = layers.Dense(2, kernel_constraint="non_neg")
    bound.build((None, 3))
    with pytest.raises(ValueError, match="enable_lora expected a kernel without a constraint"):
        bound.enable_lora(2)
    with pytest.raises(ValueError, match="lora_rank as a whole number of at least 1"):
        layers.Dense(2, lora_rank=0)
    with pytest.raises(AttributeError, match="'Dense' object has no attribute 'kernel'"):
        _ = layers.Dense(2).kernel
