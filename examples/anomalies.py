"""Cells that are unlike all that were seen: an autoencoder finds cancer without being shown any.

What it shows: anomaly detection. An autoencoder squeezes thirty measures through eight numbers and
restores them. It is trained on benign cells alone, so these it restores well, and whatever it
restores badly is suspect. No label of a malignant cell is used to train it.

Data: 569 breast masses, the Wisconsin diagnostic set (Wolberg, Street and Mangasarian, 1995;
CC BY 4.0), as scikit-learn carries them.

Figure: of a malignant and a benign mass, the malignant one is restored worse in at least 93 of 100
pairs: the area under the ROC curve.
"""

import gallery
import keras
import numpy as np
from keras import layers

MUST_REACH = {"area under the curve": 0.93}


def load():
    """Thirty measures of each mass, on the scale of benign ones, and whether it is malignant."""
    from sklearn.datasets import load_breast_cancer

    measures, benign = load_breast_cancer(return_X_y=True)
    measures = np.log1p(measures)  # most are areas and lengths with long tails
    healthy = measures[benign == 1]
    return ((measures - healthy.mean(0)) / healthy.std(0)).astype("float32"), benign == 0


def main(epochs: int = 30, picture: str = "") -> dict[str, float]:
    """Train on the first half of the benign masses, and judge all that it has not seen.

    Returns the "area under the curve".
    """
    keras.utils.set_random_seed(0)
    measures, malignant = load()
    benign = (~malignant).nonzero()[0]
    seen = np.isin(np.arange(len(measures)), benign[: len(benign) // 2])

    model = keras.Sequential(
        [
            keras.Input((30,)),
            layers.Dense(16, activation="tanh"),
            layers.Dense(8),
            layers.Dense(16, activation="tanh"),
            layers.Dense(30),
        ]
    )
    model.compile(keras.optimizers.Adam(0.003), "mean_squared_error")
    model.fit(measures[seen], measures[seen], batch_size=16, epochs=epochs, verbose=0)

    x, y = measures[~seen], malignant[~seen]
    restored = model.predict(x, verbose=0)
    errors = np.square(restored - x).mean(axis=1)
    area = (errors[y][:, None] > errors[~y]).mean()
    if picture:
        draw(picture, errors, y)
    return {"area under the curve": area}


def draw(path, errors, malignant):
    """How badly benign and malignant masses are restored."""
    (ax,) = gallery.axes()
    bins = np.geomspace(errors.min(), errors.max(), 40)
    ax.hist(errors[~malignant], bins, color=gallery.BLUE, label="benign, not seen before")
    ax.hist(errors[malignant], bins, color=gallery.ORANGE, alpha=0.7, label="malignant")
    ax.set(xscale="log", xlabel="error of what was restored", ylabel="masses")
    ax.legend(frameon=False)
    ax.figure.savefig(path)


if __name__ == "__main__":
    gallery.run(main)
