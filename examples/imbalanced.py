"""One image in a hundred is an eight: what weights of classes do for the rare one.

What it shows: a network that sees a class rarely finds it rarely, and its accuracy does not tell:
0.99 is reached by saying "no eight" always. `class_weight` makes each class count as much as the
other. The price is more false alarms. Both networks are judged by what they find and what of it
is right.

Data: MNIST (LeCun, Cortes and Burges, 1998; CC BY-SA 3.0), with one eight in a hundred images.

Figure: the balanced accuracy (the mean over both classes) with weights is at least 0.87, and at
least 0.03 above that without.
"""

import gallery
import keras
import numpy as np
from keras import layers

MUST_REACH = {"balanced accuracy": 0.87, "gain": 0.03}


def thin_out(x, y, seed):
    """All that are no eights, and eights for one image in a hundred."""
    others, eights = (y != 8).nonzero()[0], (y == 8).nonzero()[0]
    chosen = np.concatenate([others, eights[: len(others) // 99]])
    np.random.default_rng(seed).shuffle(chosen)
    return x[chosen, ..., None].astype("float32") / 255, (y[chosen] == 8) * 1.0


def build() -> keras.Model:
    """A small network with one answer: how likely it is an eight."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.002), "binary_crossentropy")
    return model


def main(epochs: int = 5, samples: int = 20_000, picture: str = "") -> dict[str, float]:
    """Train with and without weights on `samples` images before they are thinned out.

    Returns the "balanced accuracy" with weights, its "gain" over that without, and the "precision
    with weights", the share of eights among what is called one.
    """
    keras.utils.set_random_seed(0)
    (x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
    x, y = thin_out(x[:samples], y[:samples], seed=0)
    x_test, y_test = thin_out(x_test, y_test, seed=1)

    found = {}
    share = y.mean()
    weights = {"without weights": None, "with weights": {0: 0.5 / (1 - share), 1: 0.5 / share}}
    for name, weight in weights.items():
        model = build()
        model.fit(x, y, batch_size=128, epochs=epochs, class_weight=weight, verbose=0)
        found[name] = confusion(y_test, model.predict(x_test, verbose=0)[:, 0] > 0.5)
    if picture:
        draw(picture, found)
    before, after = (balanced(table) for table in found.values())
    right = found["with weights"][:, 1]
    return {
        "balanced accuracy": after,
        "gain": after - before,
        "precision with weights": right[1] / right.sum(),
    }


def confusion(y, said):
    """How many of each class (rows) were called what (columns)."""
    return np.array(
        [[np.sum((y == row) & (said == column)) for column in (0, 1)] for row in (0, 1)]
    )


def balanced(table) -> float:
    """The mean over the classes of the share that was recognised."""
    return (table.diagonal() / table.sum(axis=1)).mean()


def draw(path, found):
    """Both tables of confusion."""
    for ax, (name, table) in zip(gallery.axes(2, width=6, height=2.8), found.items(), strict=True):
        ax.imshow(table / table.sum(axis=1, keepdims=True), cmap="Blues", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(table):
            color = "white" if count > table[row].sum() / 2 else "black"
            ax.text(column, row, f"{count:,}", ha="center", va="center", color=color)
        ax.set(title=name, xlabel="called", ylabel="is")
        ax.set_xticks([0, 1], ["no eight", "eight"])
        ax.set_yticks([0, 1], ["no eight", "eight"], rotation=90, va="center")
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    ax.figure.savefig(path)


if __name__ == "__main__":
    gallery.run(main)
