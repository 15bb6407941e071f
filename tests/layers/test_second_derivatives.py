"""Second derivatives through layers of all kinds, against differences of the first."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from tests.cases import LAYERS

ROWS = (2, 4, 3)
IMAGES = (1, 5, 5, 2)
KINDS = {
    "dense": (lambda: layers.Dense(3, activation="tanh"), ROWS),
    "einsum": (lambda: layers.EinsumDense("abc,cd->abd", (None, 2), activation="gelu"), ROWS),
    "normalization": (lambda: layers.LayerNormalization(), ROWS),
    "batch": (lambda: layers.BatchNormalization(), ROWS),
    "groups": (lambda: layers.GroupNormalization(2), IMAGES),
    "convolution": (lambda: layers.Conv2D(2, 3, activation="sigmoid"), IMAGES),
    "transposed": (lambda: layers.Conv2DTranspose(2, 3, activation="softplus"), IMAGES),
    "depthwise": (lambda: layers.DepthwiseConv2D(3, activation="tanh"), IMAGES),
    "average": (lambda: layers.AveragePooling2D(2), IMAGES),
    "greatest": (lambda: layers.MaxPooling2D(2), IMAGES),
    "attention": (lambda: layers.MultiHeadAttention(1, 2), ROWS),
    "softmax": (lambda: layers.Softmax(), ROWS),
    "elu": (lambda: layers.ELU(), ROWS),
    "lstm": (lambda: layers.LSTM(2), ROWS),
    "gru": (lambda: layers.GRU(2, return_sequences=True), ROWS),
    "both ways": (lambda: layers.Bidirectional(layers.SimpleRNN(2)), ROWS),
    "each step": (lambda: layers.TimeDistributed(layers.Dense(2, activation="silu")), ROWS),
    "unit": (lambda: layers.UnitNormalization(), ROWS),
    "spectral": (lambda: layers.SpectralNormalization(layers.Dense(2)), ROWS),
}


@pytest.mark.parametrize("kind", KINDS)
def test_second_derivatives(kind):
    make, shape = KINDS[kind]
    keras.utils.set_random_seed(1)
    layer = make()
    random = np.random.default_rng(0)
    x, direction = random.normal(size=(2, *shape)).astype("float64")
    arguments = (x, x) if kind == "attention" else (x,)
    layer.dtype_policy = "float64"
    for inside in layer._flatten_layers():
        inside.dtype_policy = "float64"
    layer(*arguments)

    def scalar(x):
        output = layer(x, x) if kind == "attention" else layer(x)
        return ops.sum(ops.square(output) * ops.cast(ops.exp(output * 0.1), "float64"))

    slope = keras.grad(scalar)
    along = keras.grad(lambda x: ops.sum(slope(x) * direction))
    step = 1e-5
    measured = (slope(x + step * direction) - slope(x - step * direction)) / (2 * step)
    np.testing.assert_allclose(along(x), measured, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", sorted(set(LAYERS) - {"Lambda"}))
def test_second_derivatives_of_every_layer(name):
    """Along one direction for all inputs; layers of whole numbers have none."""
    keras.utils.set_random_seed(1)
    case = LAYERS[name][0]
    layer = layers.deserialize({"class_name": name, "config": dict(case.config)})
    for inside in layer._flatten_layers():
        inside.dtype_policy = "float64"
    random = np.random.default_rng(0)
    given, direction = ([random.normal(size=(2, *s)) for s in case.shapes] for _ in range(2))
    apart = case.apart or len(given) == 1

    def scalar(*xs):
        outputs = ops.convert_to_tensor(0.0, "float64")
        for one in keras.tree.flatten(layer(*(xs if apart else [list(xs)]), training=False)):
            if "float" in str(one.dtype):
                outputs = outputs + ops.sum(ops.square(one) * ops.exp(one * 0.1))
        return outputs

    places = tuple(range(len(given)))
    scalar(*given)
    slope = keras.grad(scalar, places)

    def along(*xs):
        return sum(ops.sum(s * d) for s, d in zip(slope(*xs), direction, strict=True))

    step = 1e-5
    moved = [
        slope(*[x + sign * step * d for x, d in zip(given, direction, strict=True)])
        for sign in (1, -1)
    ]
    for found, above, below in zip(keras.grad(along, places)(*given), *moved, strict=True):
        measured = (above - below) / (2 * step)
        np.testing.assert_allclose(
            found, measured, rtol=1e-3, atol=1e-3 * (1 + np.abs(found).max())
        )
