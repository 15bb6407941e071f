"""What tests make of the rows of `tests/cases.py`: layers, inputs and weights."""

from __future__ import annotations

import math

import numpy as np

from geartrain import layers, ops
from geartrain.registry import register_keras_serializable


@register_keras_serializable("contract", "square")
def square(x, factor):
    return ops.multiply(ops.square(x), factor)


def make(name, row, **further):
    config = dict(row.config)
    if "layer" in config:
        inner = config["layer"]
        dtype = {"dtype": further["dtype"]} if "dtype" in further else {}
        inner = {**inner, "config": {**inner["config"], **dtype}}
        config["layer"] = layers.deserialize(inner)
    if name == "Lambda":
        config["function"] = square
    return getattr(layers, name)(**config, **further)


def drawn(row, batch, dtype="float32", seed=0):
    """Arrays for the inputs, that cannot be written to."""
    random = np.random.default_rng(seed)
    arrays = []
    for number, shape in enumerate(row.shapes):
        if row.integers is not None:
            array = random.integers(0, row.integers, (batch, *shape)).astype("int32")
        else:  # all different, none near 0
            size = batch * math.prod(shape)
            grid = random.permutation(np.linspace(-2, 2, 2 * size) + 0.004 * number)
            array = grid[:size].reshape(batch, *shape).astype(dtype)
        array.flags.writeable = False
        arrays.append(array)
    return arrays


def given(row, arrays):
    """The layer's arguments: one tensor, or the list of all, or each."""
    return arrays if row.apart or len(row.shapes) == 1 else [arrays]


def fill(layer, seed=1):
    """Weights that tell one axis from another, and variances that are positive."""
    random = np.random.default_rng(seed)
    for weight in layer.weights:
        if weight.dtype.startswith("float"):
            weight.assign(random.uniform(0.2, 1.2, weight.shape))
