"""Are these two the same sign? A Siamese network that also answers for digits it has never seen.

What it shows: one model used twice in another, with the same weights; a loss of one's own
(contrastive: equal pairs are pulled together, others pushed apart to a margin); a distance written
with `keras.ops`. It is trained on pairs of seven digits, and asked about pairs of 0, 2 and 6, of
which it never saw one.

Data: MNIST (LeCun, Cortes and Burges, 1998; CC BY-SA 3.0).

Figure: 0.70 of the pairs of new digits are told right, 0.96 of new pairs of the digits that it
learned from.
"""

import gallery
import keras
import numpy as np
from keras import layers, ops

MUST_REACH = {"accuracy on known digits": 0.96, "accuracy on new digits": 0.70}
MARGIN = 1.0
KNOWN, NEW = [1, 3, 4, 5, 7, 8, 9], [0, 2, 6]


class Distance(layers.Layer):
    """How far two vectors are apart, of shape (batch, 1)."""

    def call(self, first, second):
        """The root of the sum of squares, kept from 0, where a root has no gradient."""
        squares = ops.sum(ops.square(first - second), axis=1, keepdims=True)
        return ops.sqrt(ops.maximum(squares, 1e-7))


def contrastive_loss(same, distance):
    """d^2 for equal pairs, max(0, margin - d)^2 for others (Hadsell, Chopra and LeCun, 2006)."""
    apart = ops.square(ops.maximum(MARGIN - distance, 0.0))
    return ops.mean(same * ops.square(distance) + (1 - same) * apart)


def build() -> keras.Model:
    """Two images in, their distance out."""
    embed = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(32),
            layers.UnitNormalization(),
        ],
        name="embed",
    )
    first, second = keras.Input((28, 28, 1)), keras.Input((28, 28, 1))
    model = keras.Model([first, second], Distance()(embed(first), embed(second)))
    model.compile("adam", contrastive_loss)
    return model


def pairs(x, y, digits, count, seed):
    """`count` pairs of images of these digits, half of them of the same digit."""
    random = np.random.default_rng(seed)
    by_digit = [(y == digit).nonzero()[0] for digit in digits]
    first = random.integers(len(digits), size=count)
    same = np.arange(count) % 2
    step = random.integers(1, len(digits), size=count)
    second = (first + (1 - same) * step) % len(digits)
    chosen = [[random.choice(by_digit[digit]) for digit in side] for side in (first, second)]
    images = [x[indices, ..., None].astype("float32") / 255 for indices in chosen]
    return images, same[:, None].astype("float32")


def main(epochs: int = 5, samples: int = 20_000, picture: str = "") -> dict[str, float]:
    """Train on `samples` pairs of the known digits.

    Returns "accuracy on known digits" and "accuracy on new digits", of 4,000 pairs each.
    """
    keras.utils.set_random_seed(0)
    (x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
    images, same = pairs(x, y, KNOWN, samples, seed=0)
    model = build()
    model.fit(images, same, batch_size=128, epochs=epochs, verbose=0)

    figures = {}
    for name, digits in {"known": KNOWN, "new": NEW}.items():
        images, same = pairs(x_test, y_test, digits, 4000, seed=1)
        distance = model.predict(images, batch_size=500, verbose=0)
        figures[f"accuracy on {name} digits"] = ((distance < MARGIN / 2) == same).mean()
    if picture:
        draw(picture, images, distance[:, 0])
    return figures


def draw(path, images, distance):
    """Pairs of new digits, from the closest to the farthest."""
    order = np.argsort(distance)[np.linspace(0, len(distance) - 1, 11).astype(int)]
    names = [f"{distance[index]:.2f}" for index in order]
    first, second = (side[order, ..., 0] for side in images)
    grid = gallery.axes(11, width=7.6, height=1.9)
    for ax, name, above, below in zip(grid, names, first, second, strict=True):
        ax.imshow(np.concatenate([above, below]), cmap="gray_r")
        ax.set_title(name, fontsize=9)
        ax.set_axis_off()
    grid[0].figure.savefig(path)


if __name__ == "__main__":
    gallery.run(main)
