"""Images changed by the generators of older Keras, drawn from the seeds of `numpy.random`."""

from __future__ import annotations

import numpy as np
from keras.src.legacy.preprocessing.image import ImageDataGenerator

from record.common import Recording, args, generator, jsonable

NOTE = """ImageDataGenerator(**config), after fit(images): the second batch of flow(images,
numbers, batch_size=4, seed=3), after one was drawn."""
CONFIGS = [
    args(rotation_range=30, width_shift_range=0.2, height_shift_range=0.1, shear_range=10,
         zoom_range=0.2, horizontal_flip=True, rescale=1 / 255),
    args(width_shift_range=3, height_shift_range=[1, 2], vertical_flip=True,
         fill_mode="constant", cval=7.0),
    args(channel_shift_range=20.0, fill_mode="reflect", rotation_range=90,
         interpolation_order=0),
    args(featurewise_center=True, featurewise_std_normalization=True),
    args(samplewise_center=True, samplewise_std_normalization=True),
    args(zca_whitening=True),
]  # fmt: skip


def record() -> Recording:
    """Each setting."""
    recording = Recording(NOTE, shared=["images"])
    images = generator("generators").integers(0, 256, (10, 6, 5, 3)).astype("float32")
    recording.array("images", images)
    for number, config in enumerate(CONFIGS):
        made = ImageDataGenerator(**config)
        made.fit(images)
        batches = made.flow(images, np.arange(10), batch_size=4, seed=3)
        next(batches)
        x, y = next(batches)
        recording.case(
            name=str(number), config=jsonable(config), numbers=y.tolist(),
            output=recording.array(f"{number}", x),
        )  # fmt: skip
    return recording
