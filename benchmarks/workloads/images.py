"""A convolutional network on images of digits."""

from __future__ import annotations

from workload import AtMostRival, Workload, layer

from workloads.chapter import pixels


def images(random, samples):
    """Images of (28, 28, 1) numbers from 0 to 1."""
    x, y = pixels(random, samples)
    return x[..., None].astype("float32") / 255, y


WORKLOADS = (
    Workload(
        name="convnet",
        title="Convolutional network: 32 and 64 channels of 3x3, pooling, dropout, Adam",
        shape=(28, 28, 1),
        layers=(
            layer("Conv2D", filters=32, kernel_size=3, activation="relu"),
            layer("MaxPooling2D", pool_size=2),
            layer("Conv2D", filters=64, kernel_size=3, activation="relu"),
            layer("MaxPooling2D", pool_size=2),
            layer("Flatten"),
            layer("Dropout", rate=0.5),
            layer("Dense", units=10, activation="softmax"),
        ),
        loss="sparse_categorical_crossentropy",
        optimizer="adam",
        data=images,
        samples=12_800,
        # Valid convolutions to 26x26 and 11x11, three passes; no input gradient of the first.
        operations=2 * (26 * 26 * 32 * 9 * 2 + 11 * 11 * 64 * 288 * 3 + 1600 * 10 * 3),
        frameworks=(
            "geartrain", "torch", "torch-channels-last",
            "keras-jax", "keras-torch", "keras-tensorflow",
        ),
        bounds=(
            AtMostRival(0.6, ("keras-tensorflow", "torch-channels-last")),
            AtMostRival(0.15, ("keras-jax",)),
        ),
    ),
)  # fmt: skip
