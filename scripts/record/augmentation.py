"""Affine transformations of images, which the layers of augmentation are made of."""

from __future__ import annotations

import keras
import numpy as np

from record.common import Recording, generator

NOTE = """keras.ops.image.affine_transform of a batch of two images, with a transform each:
columns a0, a1, a2, then rows b0, b1, b2, then two zeros."""
TRANSFORMS = [[0.9, 0.1, 1.3, -0.2, 1.1, -2.4, 0, 0], [1.2, 0, -3.25, 0.1, 0.8, 4.25, 0, 0]]


def record() -> Recording:
    """Every fill mode with every interpolation."""
    recording = Recording(NOTE)
    images = generator("augmentation").normal(size=(2, 6, 7, 2)).astype("float32")
    transforms = np.array(TRANSFORMS, "float32")
    inputs = [recording.array("images", images), recording.array("transforms", transforms)]
    for interpolation in ("bilinear", "nearest"):
        for fill_mode in ("reflect", "wrap", "constant", "nearest"):
            options = {
                "interpolation": interpolation,
                "fill_mode": fill_mode,
                "fill_value": 0.5,
            }
            outputs = keras.ops.image.affine_transform(images, transforms, **options)
            name = f"{interpolation}-{fill_mode}"
            recording.case(
                name=name, inputs=inputs, options=options, output=recording.array(name, outputs)
            )
    return recording
