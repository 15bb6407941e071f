"""What the examples share: their arguments on the command line, and the look of their pictures."""

from __future__ import annotations

import argparse
import inspect
import sys
import time
from collections.abc import Callable
from typing import Any

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#888888"  # of Okabe and Ito's palette


def run(main: Callable[..., dict[str, float]]) -> None:
    """Call an example with what stands on the command line, and print its figures.

    Every argument of `main` is an option: `epochs=10` makes `--epochs 10`.
    """
    title = (sys.modules["__main__"].__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(
        description=title, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    for name, parameter in inspect.signature(main).parameters.items():
        kind = type(parameter.default)
        parser.add_argument(f"--{name}", type=kind, default=parameter.default, help=kind.__name__)
    arguments = vars(parser.parse_args())
    begun = time.perf_counter()
    figures = main(**arguments)
    for name, value in figures.items():
        print(f"{name}: {value:.4g}")
    print(f"{time.perf_counter() - begun:.0f} s")


def judged(drawn: Any, x: Any, y: Any) -> dict[str, float]:
    """What a small network that was trained on real digits says of drawn ones.

    Args:
        drawn: shape (samples, height, width, 1), values from 0 to 1.
        x: real digits of that kind.
        y: which digit each is.

    Returns "clear", the mean probability of the digit that it takes a drawn one for, and "kinds",
    how many of the ten digits are drawn: the exponential of the entropy of what it takes them for.
    """
    import keras
    import numpy as np

    judge = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    judge.compile("adam", "sparse_categorical_crossentropy")
    judge.fit(x, y, batch_size=64, epochs=4, verbose=0)
    said = judge.predict(drawn, batch_size=100, verbose=0)
    share = np.bincount(said.argmax(axis=1), minlength=10) / len(said)
    share = share[share > 0]
    return {"clear": said.max(axis=1).mean(), "kinds": np.exp(-np.sum(share * np.log(share)))}


def axes(columns: int = 1, width: float = 5.6, height: float = 3.2) -> list[Any]:
    """Axes side by side on a new figure of `width` x `height` inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=80, layout="constrained")
    made = [figure.add_subplot(1, columns, column + 1) for column in range(columns)]
    for ax in made:
        ax.spines[["top", "right"]].set_visible(False)
    return made


def pictures(rows: dict[str, Any], path: str, size: float = 0.62) -> None:
    """Save rows of grey images, ink on paper, each row with its name in front of it.

    Args:
        rows: for each name, images of shape (columns, height, width), values from 0 to 1.
        path: the file.
        size: inches an image.
    """
    from matplotlib.figure import Figure

    columns = max(len(images) for images in rows.values())
    label = 0.09 * max(map(len, rows))
    figure = Figure((columns * size + label, len(rows) * size), dpi=80)
    shape = {"nrows": len(rows), "ncols": columns, "squeeze": False}
    edge = label / (columns * size + label)
    grid = figure.subplots(**shape, gridspec_kw={
        "left": edge, "right": 1, "top": 1, "bottom": 0, "wspace": 0.06, "hspace": 0.06
    })  # fmt: skip
    for line, (name, images) in zip(grid, rows.items(), strict=True):
        line[0].text(
            -0.12, 0.5, name, ha="right", va="center", fontsize=9, transform=line[0].transAxes
        )
        for ax in line:
            ax.set_axis_off()
        for ax, image in zip(line, images, strict=False):
            ax.imshow(image, cmap="gray_r", vmin=0, vmax=1)
    figure.savefig(path)
