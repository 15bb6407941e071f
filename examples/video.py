"""What comes next: a recurrent convolution foresees the next frame of moving digits.

What it shows: clips as tensors of (samples, frames, height, width, channels), and `ConvLSTM2D`, an
LSTM whose gates are convolutions: it keeps a picture as its memory. To foresee a frame it has to
find out from those before it which way each digit goes, how fast, and where it bounces. It looks at
frames of half the size: a strided convolution makes them, for each frame alike (`TimeDistributed`),
and a transposed one brings the answer back to full size.

Data: clips made here of MNIST's digits (LeCun, Cortes and Burges, 1998; CC BY-SA 3.0), two to a
clip, moving over 32 x 32 pixels at half their size.

Source: X. Shi and others, Convolutional LSTM Network, 2015; N. Srivastava and others, moving
MNIST, 2015.

Figure: of the squared error of showing the last frame again, at least 0.5 is gone.
"""

import gallery
import keras
import numpy as np
from keras import layers

MUST_REACH = {"error removed": 0.5}
SIDE, FRAMES = 32, 6


def clips(images, count: int, seed: int):
    """Clips of two digits, of shape (count, 7, 32, 32, 1): six frames and the one to foresee."""
    random = np.random.default_rng(seed)
    small = images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)) / 255
    digits = small[random.integers(len(small), size=(count, 2))]
    place = random.uniform(0, SIDE - 14, (count, 2, 2))
    step = random.uniform(-3, 3, (count, 2, 2))
    made = np.zeros((count, FRAMES + 1, SIDE, SIDE), "float32")
    for frame in range(FRAMES + 1):
        corners = np.rint(place).astype(int)
        for clip, digit in np.ndindex(count, 2):
            y, x = corners[clip, digit]
            window = made[clip, frame, y : y + 14, x : x + 14]
            np.maximum(window, digits[clip, digit], out=window)
        place += step
        out = (place < 0) | (place > SIDE - 14)
        step[out] *= -1
        place = np.clip(place, 0, SIDE - 14)
    return made[..., None]


def build(channels: int) -> keras.Model:
    """Six frames in, of shape (batch, 6, 32, 32, 1), the next one out."""
    frames = keras.Input((FRAMES, SIDE, SIDE, 1))
    halved = layers.Conv2D(channels, 4, strides=2, padding="same", activation="relu")
    memory = layers.ConvLSTM2D(channels, 3, padding="same")(layers.TimeDistributed(halved)(frames))
    doubled = layers.Conv2DTranspose(channels, 4, strides=2, padding="same", activation="relu")
    next_frame = layers.Conv2D(1, 3, padding="same", activation="sigmoid")(doubled(memory))
    model = keras.Model(frames, next_frame)
    model.compile(keras.optimizers.Adam(0.003), "binary_crossentropy")
    return model


def main(
    epochs: int = 6, samples: int = 2000, channels: int = 16, picture: str = ""
) -> dict[str, float]:
    """Train on `samples` clips, and foresee the last frame of 300 clips of other digits.

    Returns the share of the "error removed" from that of the last frame seen.
    """
    keras.utils.set_random_seed(0)
    (x, _), (x_test, _) = keras.datasets.mnist.load_data()
    seen, unseen = clips(x, samples, seed=0), clips(x_test, 300, seed=1)
    model = build(channels)
    model.fit(seen[:, :-1], seen[:, -1], batch_size=20, epochs=epochs, verbose=0)
    said = model.predict(unseen[:, :-1], batch_size=50, verbose=0)
    true, last = unseen[:, -1], unseen[:, -2]
    if picture:
        rows = {f"frame {n + 1}": unseen[:10, n, ..., 0] for n in (0, 2, 4, 5)}
        gallery.pictures(
            {**rows, "next": true[:10, ..., 0], "foreseen": said[:10, ..., 0]}, picture
        )
    return {"error removed": 1 - np.square(said - true).mean() / np.square(last - true).mean()}


if __name__ == "__main__":
    gallery.run(main)
