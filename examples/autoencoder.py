"""Digits through noise: an autoencoder restores what it can hardly see.

What it shows: a network that is trained to give back its input learns what its inputs are like.
Here the input is half covered by noise that is drawn anew at every step, inside the model
(`GaussianNoise`), and the target is the clean image; 32 numbers in the middle have to hold it.

Data: MNIST (LeCun, Cortes and Burges, 1998; CC BY-SA 3.0).

Figure: of the noise's squared error, at least 0.88 is gone from test images.
"""

import gallery
import keras
import numpy as np
from keras import layers

MUST_REACH = {"noise removed": 0.88}
NOISE = 0.5  # the standard deviation, where ink is 1 and paper 0


def main(epochs: int = 5, samples: int = 20_000, picture: str = "") -> dict[str, float]:
    """Train on `samples` images, and clean 1,000 test images.

    Returns the share of "noise removed".
    """
    keras.utils.set_random_seed(0)
    (x, _), (x_test, _) = keras.datasets.mnist.load_data()
    x = x[:samples].reshape(-1, 784).astype("float32") / 255
    x_test = x_test[:1000].reshape(-1, 784).astype("float32") / 255

    restore = keras.Sequential(
        [
            keras.Input((784,)),
            layers.GaussianNoise(NOISE),
            layers.Dense(256, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(256, activation="relu"),
            layers.Dense(784, activation="sigmoid"),
        ]
    )
    restore.compile("adam", "binary_crossentropy")
    restore.fit(x, x, batch_size=128, epochs=epochs, verbose=0)

    noisy = x_test + np.random.default_rng(0).normal(0, NOISE, x_test.shape).astype("float32")
    restored = restore.predict(noisy, batch_size=500, verbose=0)
    if picture:
        rows = {"is": x_test, "is seen": noisy, "is restored": restored}
        gallery.pictures(
            {name: row[:12].reshape(-1, 28, 28) for name, row in rows.items()}, picture
        )
    left = np.square(restored - x_test).mean() / np.square(noisy - x_test).mean()
    return {"noise removed": 1 - left}


if __name__ == "__main__":
    gallery.run(main)
