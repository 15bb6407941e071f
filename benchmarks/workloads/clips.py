"""A convolutional network on short clips: 16 pictures of 32 x 32 in three colours."""

from __future__ import annotations

import numpy as np
from workload import AtMostRival, Workload, layer

RIVALS = ("torch", "torch-channels-last", "keras-jax", "keras-torch", "keras-tensorflow")


def clips(random, samples):
    """Clips of uniform noise; the brighter half of them is class 1."""
    x = random.random((samples, 16, 32, 32, 3), np.float32)
    y = random.integers(0, 2, samples).astype("float32")
    return x + 0.1 * y[:, None, None, None, None], y[:, None]


WORKLOADS = (
    Workload(
        name="clips",
        title="Conv3D of 16 and 32 channels on clips of (16, 32, 32, 3)",
        shape=(16, 32, 32, 3),
        layers=(
            layer("Conv3D", filters=16, kernel_size=3, activation="relu"),
            layer("MaxPooling3D", pool_size=2),
            layer("Conv3D", filters=32, kernel_size=3, activation="relu"),
            layer("GlobalAveragePooling3D"),
            layer("Dense", units=1, activation="sigmoid"),
        ),
        loss="binary_crossentropy",
        optimizer="adam",
        data=clips,
        samples=128,
        batch=16,
        frameworks=("geartrain", *RIVALS),
        bounds=(AtMostRival(0.8, RIVALS),),
    ),
)
