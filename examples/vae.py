"""A map of all digits: a variational autoencoder draws ones that nobody wrote.

What it shows: a layer with a loss of its own (`add_loss`: the divergence from a normal
distribution) and with random numbers of its own (`keras.random.SeedGenerator`); a decoder that is
used without its encoder afterwards. Each image becomes a cloud on a plane, all clouds together fill
a disc, and every point of the disc is a digit.

Data: MNIST (LeCun, Cortes and Burges, 1998; CC BY-SA 3.0).

Source: D. P. Kingma and M. Welling, Auto-Encoding Variational Bayes, 2014.

Figure: the bound on the likelihood of test images is at least -170 nats an image, on a plane of
two dimensions only; an image drawn by the mean of all pixels has about -206.
"""

import gallery
import keras
import numpy as np
from keras import layers, ops

MUST_REACH = {"bound": -170.0}


class Sample(layers.Layer):
    """A draw from the normal distribution of a mean and the logarithm of a variance.

    Its divergence from the standard normal distribution, in nats,
    `sum(mean^2 + variance - log variance - 1) / 2`, is added to the loss.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed = keras.random.SeedGenerator(0)

    def call(self, mean, log_variance):
        """A point for each row, of the mean's shape."""
        surplus = ops.square(mean) + ops.exp(log_variance) - log_variance - 1
        self.add_loss(ops.mean(ops.sum(surplus, axis=1)) / 2)
        noise = keras.random.normal(ops.shape(mean), seed=self.seed)
        return mean + noise * ops.exp(log_variance / 2)


def pixels_loss(image, drawn):
    """The negative logarithm of the image's probability, in nats, one number an image."""
    drawn = ops.clip(drawn, 1e-6, 1 - 1e-6)
    return -ops.sum(image * ops.log(drawn) + (1 - image) * ops.log(1 - drawn), axis=1)


def build() -> tuple[keras.Model, keras.Model, keras.Model]:
    """The whole, the encoder to the mean, and the decoder."""
    image = keras.Input((784,))
    hidden = layers.Dense(256, activation="relu")(image)
    hidden = layers.Dense(128, activation="relu")(hidden)
    mean, log_variance = layers.Dense(2)(hidden), layers.Dense(2)(hidden)
    decode = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(128, activation="relu"),
            layers.Dense(256, activation="relu"),
            layers.Dense(784, activation="sigmoid"),
        ]
    )
    whole = keras.Model(image, decode(Sample()(mean, log_variance)))
    whole.compile(keras.optimizers.Adam(0.002), pixels_loss)
    return whole, keras.Model(image, mean), decode


def main(epochs: int = 8, samples: int = 20_000, picture: str = "") -> dict[str, float]:
    """Train on `samples` images.

    Returns the "bound" on the logarithm of the likelihood of 2,000 test images, in nats an image.
    """
    keras.utils.set_random_seed(0)
    (x, _), (x_test, y_test) = keras.datasets.mnist.load_data()
    x = x[:samples].reshape(-1, 784).astype("float32") / 255
    x_test = x_test[:2000].reshape(-1, 784).astype("float32") / 255
    whole, encode, decode = build()
    whole.fit(x, x, batch_size=128, epochs=epochs, verbose=0)
    if picture:
        draw(picture, encode.predict(x_test, verbose=0), y_test[:2000], decode)
    return {"bound": -whole.evaluate(x_test, x_test, batch_size=500, verbose=0)}


def draw(path, means, labels, decode):
    """Where the test images lie, and what the decoder draws at each place."""
    left, right = gallery.axes(2, width=7.4, height=3.6)
    left.scatter(*means.T, c=labels, cmap="tab10", s=3)
    for digit in range(10):
        x, y = np.median(means[labels == digit], axis=0)
        left.text(x, y, str(digit), fontsize=12, weight="bold", ha="center", va="center")
    left.set(title="images on the plane", xlim=(-3, 3), ylim=(-3, 3), aspect="equal")
    side = np.linspace(-2, 2, 12, dtype="float32")
    points = np.array([(x, y) for y in side[::-1] for x in side])
    drawn = decode.predict(points, verbose=0).reshape(12, 12, 28, 28)
    right.imshow(drawn.transpose(0, 2, 1, 3).reshape(336, 336), cmap="gray_r")
    right.set_title("digits drawn from the plane")
    right.set_axis_off()
    left.figure.savefig(path)


if __name__ == "__main__":
    gallery.run(main)
