"""Digits out of noise: a network that can tell noise from ink, asked twenty times.

What it shows: diffusion. Each training image is mixed with noise, of an angle drawn anew at every
step: `cos(angle) image + sin(angle) noise`; a U-shaped network is asked for the noise. To draw, one
starts from noise alone, subtracts what the network finds, mixes the rest with less of it, and so
on. The model has its loss (`add_loss`) and its random numbers inside.

Data: MNIST (LeCun, Cortes and Burges, 1998; CC BY-SA 3.0), at half its size.

Source: J. Ho, A. Jain and P. Abbeel, Denoising Diffusion Probabilistic Models, 2020; J. Song and
others, Denoising Diffusion Implicit Models, 2021.

Figure: a network trained on real digits sees one of them in drawn ones with a mean probability of
at least 0.65, and at least 8.5 kinds of the ten.
"""

import itertools

import gallery
import keras
import numpy as np
from keras import layers, ops

MUST_REACH = {"clear": 0.65, "kinds": 8.5}
SIDE = 14


def build(channels: int) -> keras.Model:
    """A noisy image and its angle in, the noise out: down to half the size and up again."""
    image, angle = keras.Input((SIDE, SIDE, 1)), keras.Input((1,))
    time = layers.Dense(64, activation="relu")(layers.Concatenate()([ops.cos(angle), angle]))
    fine = layers.Conv2D(channels, 3, padding="same")(image)
    fine = ops.relu(fine + layers.Reshape((1, 1, channels))(layers.Dense(channels)(time)))
    coarse = layers.Conv2D(2 * channels, 3, strides=2, padding="same")(fine)
    coarse = ops.relu(coarse + layers.Reshape((1, 1, -1))(layers.Dense(2 * channels)(time)))
    for _ in range(2):
        coarse = coarse + layers.Conv2D(2 * channels, 3, padding="same", activation="relu")(coarse)
    up = layers.Conv2DTranspose(channels, 4, strides=2, padding="same", activation="relu")(coarse)
    both = layers.Concatenate()([fine, up])
    last = layers.Conv2D(channels, 3, padding="same", activation="relu")(both)
    return keras.Model([image, angle], layers.Conv2D(1, 3, padding="same")(last))


class Diffusion(keras.Model):
    """Mixes images with noise, and learns to find the noise; `network` is what finds it."""

    def __init__(self, network):
        super().__init__()
        self.network = network
        self.seed = keras.random.SeedGenerator(0)

    def call(self, images):
        """The noise that is found; the mean square of what is missed is the loss."""
        count = ops.shape(images)[0]
        angle = keras.random.uniform((count, 1), 0.02, np.pi / 2, seed=self.seed)
        noise = keras.random.normal((count, SIDE, SIDE, 1), seed=self.seed)
        wide = ops.reshape(angle, (-1, 1, 1, 1))
        found = self.network([ops.cos(wide) * images + ops.sin(wide) * noise, angle])
        self.add_loss(ops.mean(ops.square(found - noise)))
        return found


def draw_digits(network, count: int, steps: int = 20):
    """Images of shape (count, 14, 14, 1) from noise, and how the first ones looked on the way."""
    mixed = np.random.default_rng(0).normal(size=(count, SIDE, SIDE, 1)).astype("float32")
    angles, way = np.linspace(np.pi / 2, 0.02, steps + 1), [mixed]
    image = mixed
    for angle, less in itertools.pairwise(angles):
        told = np.full((count, 1), angle, "float32")
        noise = network.predict([mixed, told], batch_size=100, verbose=0)
        image = (mixed - np.sin(angle) * noise) / max(np.cos(angle), 0.05)
        image = np.clip(image, -1, 1)
        mixed = (np.cos(less) * image + np.sin(less) * noise).astype("float32")
        way.append(mixed)
    return image / 2 + 0.5, [step[:12, ..., 0] / 2 + 0.5 for step in way]


def main(
    epochs: int = 24, samples: int = 10_000, channels: int = 32, picture: str = ""
) -> dict[str, float]:
    """Train on `samples` images, and draw 200.

    Returns how "clear" they are, and how many "kinds" (see `gallery.judged`).
    """
    keras.utils.set_random_seed(0)
    (x, y), _ = keras.datasets.mnist.load_data()
    x, y = x[:samples].reshape(-1, SIDE, 2, SIDE, 2).mean(axis=(2, 4))[..., None] / 255, y[:samples]
    x = x.astype("float32")

    model = Diffusion(build(channels))
    model.compile(keras.optimizers.Adam(0.002))
    model.fit(2 * x - 1, batch_size=64, epochs=epochs, verbose=0)
    drawn, way = draw_digits(model.network, 200)
    if picture:
        rows = {f"step {step}": way[step] for step in (0, 8, 12, 16)}
        gallery.pictures({**rows, "drawn": drawn[:12, ..., 0]}, picture)
    return gallery.judged(drawn, x, y)


if __name__ == "__main__":
    gallery.run(main)
