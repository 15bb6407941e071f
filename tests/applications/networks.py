"""What is drawn for networks, and how they are described, here and when Keras is recorded."""

from __future__ import annotations

from typing import Any

import numpy as np


def images_of(size: int) -> np.ndarray:
    """Two images with values from -1 to 1, or a little over 255: what the networks get raw."""
    return np.random.default_rng(size).uniform(-1, 1, (2, size, size, 3)).astype("float32")


def weights_of(model: Any) -> list[np.ndarray]:
    """Weights by which signals neither vanish nor grow, each drawn from its place in the list."""
    found = []
    for place, (weight, value) in enumerate(zip(model.weights, model.get_weights(), strict=True)):
        random, kind = np.random.default_rng(place), weight.name
        if "kernel" in kind:
            inputs = np.prod(value.shape[:-1]) if kind != "depthwise_kernel" else 9
            drawn = random.standard_normal(value.shape, "float32") * np.sqrt(1.5 / inputs)
        elif kind in ("gamma", "moving_variance", "variance"):
            drawn = random.uniform(0.7, 1.3, value.shape)
        else:
            drawn = random.uniform(-0.1, 0.1, value.shape)
        found.append(drawn.astype(value.dtype))
    return found


def described(model: Any) -> list[Any]:
    """Of each layer the name, the class and the shapes of its weights."""
    return [
        [one.name, type(one).__name__, [list(map(int, w.shape)) for w in one.weights]]
        for one in model.layers
    ]
