"""A forger and a detective: two convolutional networks teach each other to draw digits.

What it shows: a generative adversarial network by `train_on_batch` alone. The detective learns to
tell drawn digits from real ones; then it is held fixed (`trainable = False`), and the forger learns
through it to be taken for real. Transposed convolutions draw, strided ones look.

Data: MNIST (LeCun, Cortes and Burges, 1998; CC BY-SA 3.0).

Source: A. Radford, L. Metz and S. Chintala, Unsupervised Representation Learning with Deep
Convolutional Generative Adversarial Networks, 2016.

Figure: a network trained on real digits sees one of them in drawn ones with a mean probability of
at least 0.60, and at least 6 kinds of the ten.
"""

import gallery
import keras
import numpy as np
from keras import layers

MUST_REACH = {"clear": 0.60, "kinds": 6.0}
NOISE = 32


def build_forger(channels: int) -> keras.Model:
    """Noise in, of shape (batch, 32), images out."""
    return keras.Sequential(
        [
            keras.Input((NOISE,)),
            layers.Dense(7 * 7 * 2 * channels),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Reshape((7, 7, 2 * channels)),
            layers.Conv2DTranspose(channels, 4, strides=2, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="sigmoid"),
        ]
    )


def build_detective(channels: int) -> keras.Model:
    """Images in, the probability that they are real out."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(channels, 4, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2D(2 * channels, 4, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def main(
    epochs: int = 8, samples: int = 10_000, channels: int = 20, picture: str = ""
) -> dict[str, float]:
    """Train on `samples` images, and draw 200.

    Returns how "clear" they are, and how many "kinds" (see `gallery.judged`).
    """
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    (x, y), _ = keras.datasets.mnist.load_data()
    x, y = x[:samples, ..., None].astype("float32") / 255, y[:samples]

    forger, detective = build_forger(channels), build_detective(channels)
    both = keras.Sequential([keras.Input((NOISE,)), forger, detective])
    for model in (detective, both):
        model.compile(keras.optimizers.Adam(0.001, beta_1=0.5), "binary_crossentropy")
    half = 64
    verdicts = np.repeat([[0.9], [0.0]], half, axis=0).astype("float32")  # 0.9: never quite sure
    shown = random.normal(size=(200, NOISE)).astype("float32")
    way = []
    for _ in range(epochs):
        for batch in np.array_split(random.permutation(len(x)), len(x) // half):
            real = x[batch[:half]]
            noise = random.normal(size=(2 * half, NOISE)).astype("float32")
            images = np.concatenate([real, forger.predict_on_batch(noise[: len(real)])])
            detective.trainable = True
            detective.train_on_batch(images, verdicts[half - len(real) : half + len(real)])
            detective.trainable = False
            both.train_on_batch(noise, np.ones((2 * half, 1), "float32"))
        way.append(forger.predict_on_batch(shown[:12])[..., 0])
    drawn = forger.predict(shown, batch_size=100, verbose=0)
    if picture:
        epoch = sorted({0, len(way) // 3, 2 * len(way) // 3, len(way) - 1})
        gallery.pictures({f"epoch {place + 1}": way[place] for place in epoch}, picture)
    return gallery.judged(drawn, x, y)


if __name__ == "__main__":
    gallery.run(main)
