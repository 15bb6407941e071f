"""What was learned from the digits 0 to 4 helps with 5 to 9, of which there are few.

What it shows: transfer. A convolutional network learns five digits from all their images. Its
convolutions are then frozen (`trainable = False`), and a new last layer learns the five others
from ten images each. The same network, trained on those fifty images from nothing, is what it is
compared with.

Data: MNIST (LeCun, Cortes and Burges, 1998; CC BY-SA 3.0).

Figure: accuracy on the test images of 5 to 9 of at least 0.72, and at least 0.04 above the network
that was trained from nothing.
"""

import gallery
import keras
import numpy as np
from keras import layers

MUST_REACH = {"accuracy": 0.72, "gain": 0.04}
EACH = 10  # images of each new digit


def convolutions() -> keras.Model:
    """What is shared: images in, 1,600 features out."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 5, strides=2, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.3),
            layers.Flatten(),
        ],
        name="convolutions",
    )


def classifier(features: keras.Model) -> keras.Model:
    """Those features, and five classes on top."""
    top = layers.Dense(5, activation="softmax")
    model = keras.Sequential([keras.Input((28, 28, 1)), features, top])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main(epochs: int = 4, samples: int = 20_000, picture: str = "") -> dict[str, float]:
    """Learn 0 to 4 from `samples` images in `epochs`, then 5 to 9 from fifty in 40 epochs.

    Returns the "accuracy" on the test images of 5 to 9, and its "gain" over no transfer.
    """
    keras.utils.set_random_seed(0)
    (x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
    x, y, x_test = x[:samples, ..., None], y[:samples], x_test[..., None]
    few = np.concatenate([(y == digit).nonzero()[0][:EACH] for digit in range(5, 10)])
    x_few, y_few = x[few], y[few] - 5
    x_new, y_new = x_test[y_test >= 5], y_test[y_test >= 5] - 5

    features = convolutions()
    classifier(features).fit(x[y < 5], y[y < 5], batch_size=128, epochs=epochs, verbose=0)
    features.trainable = False

    curves = {}
    for name, base in {"with transfer": features, "from nothing": convolutions()}.items():
        model = classifier(base)
        history = model.fit(
            x_few, y_few, batch_size=10, epochs=40, verbose=0,
            validation_data=(x_new, y_new), validation_freq=5, validation_batch_size=500,
        )  # fmt: skip
        curves[name] = history.history["val_accuracy"]
    if picture:
        draw(picture, curves)
    after, before = (curve[-1] for curve in curves.values())
    return {"accuracy": after, "gain": after - before}


def draw(path, curves):
    """Accuracy by epoch, with and without transfer."""
    (ax,) = gallery.axes()
    for (name, values), color, style in zip(
        curves.items(), (gallery.BLUE, gallery.ORANGE), ("-", "--"), strict=True
    ):
        ax.plot(range(5, 5 * len(values) + 5, 5), values, style, color=color, label=name)
    ax.set(xlabel="epoch over fifty images", ylabel="accuracy on 4,861 others")
    ax.legend(frameon=False, loc="lower right")
    ax.figure.savefig(path)


if __name__ == "__main__":
    gallery.run(main)
