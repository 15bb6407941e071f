"""Files that import these modules also import: a recommender of modules.

What it shows: recommending from what was chosen, without ratings. An autoencoder gets half of what
a file imports, drawn anew at every step (`Dropout` on the inputs), and has to name all of it; what
it names besides are its recommendations. One import of each file is kept aside from the start, and
has to be among the first ten.

Data: which modules each file of the standard library imports, read from the files as they are
installed with every Python (PSF licence): files choose modules as people choose films.

Source: D. Liang and others, Variational Autoencoders for Collaborative Filtering, 2018.

Figure: for at least 0.65 of the files the one kept aside is among ten, and that is at least 0.06
more than the ten most popular modules get.
"""

import re
import sysconfig
from pathlib import Path

import gallery
import keras
import numpy as np
from keras import layers

MUST_REACH = {"hits": 0.65, "above popularity": 0.06}
IMPORT = re.compile(r"^\s*(?:from|import)\s+([A-Za-z_]\w*)", re.MULTILINE)


def load():
    """A table of files x modules, true where a file imports a module, and the modules' names."""
    library = Path(sysconfig.get_path("stdlib"))
    chosen = []
    for path in sorted(library.rglob("*.py")):
        if "site-packages" not in path.parts and "test" not in path.parts:
            chosen.append(set(IMPORT.findall(path.read_text("utf-8", "ignore"))))
    names, counts = np.unique([name for one in chosen for name in one], return_counts=True)
    names = names[counts >= 5]
    table = np.array([[name in one for name in names] for one in chosen])
    return table[table.sum(axis=1) >= 4], names


def build(modules: int) -> keras.Model:
    """What a file imports in, how likely each module is to be its next out."""
    model = keras.Sequential(
        [
            keras.Input((modules,)),
            layers.Dropout(0.5),
            layers.Dense(128, activation="tanh"),
            layers.Dense(modules, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.003), "categorical_crossentropy")
    return model


def main(epochs: int = 50, picture: str = "") -> dict[str, float]:
    """Train on all imports but one a file, and ask for that one.

    Returns the share of "hits" among ten recommended, and by how much it is "above popularity".
    """
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    table, _ = load()
    aside = np.array([random.choice(row.nonzero()[0]) for row in table])
    known = table.copy()
    known[np.arange(len(table)), aside] = False

    x = known.astype("float32")
    model = build(x.shape[1])
    model.fit(x, x / x.sum(axis=1, keepdims=True), batch_size=32, epochs=epochs, verbose=0)
    scores = {
        "the network": model.predict(x, verbose=0),
        "the most popular": np.broadcast_to(x.sum(axis=0), x.shape),
    }
    rates = {name: hit_rates(score, known, aside) for name, score in scores.items()}
    if picture:
        draw(picture, rates)
    hits, usual = (rate[9] for rate in rates.values())
    return {"hits": hits, "above popularity": hits - usual}


def hit_rates(scores, known, aside):
    """The share of files whose import kept aside is among the first, two first, ... 20 first."""
    best = np.argsort(-np.where(known, -np.inf, scores), axis=1, kind="stable")[:, :20]
    return np.cumsum(best == aside[:, None], axis=1).mean(axis=0)


def draw(path, rates):
    """Hits by how many modules are recommended."""
    (ax,) = gallery.axes()
    styles = [(gallery.BLUE, "-"), (gallery.ORANGE, "--")]
    for (name, rate), (color, style) in zip(rates.items(), styles, strict=True):
        ax.plot(range(1, 21), rate, style, color=color, label=name)
    ax.set(xlabel="modules recommended", ylabel="files whose import is among them", ylim=(0, 1))
    ax.legend(frameon=False)
    ax.figure.savefig(path)


if __name__ == "__main__":
    gallery.run(main)
