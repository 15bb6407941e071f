"""Figures of images and of training, by matplotlib.

Every function returns a matplotlib `Figure`: a notebook shows it, `figure.savefig("name.png")`
saves it. No window opens, and matplotlib's settings stay as they are.

Colours are told apart by colour-blind readers too, and never carry a meaning alone: lines differ
in dashes and markers, wrong predictions in a frame and bold letters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from geartrain.errors import describe_value
from geartrain.utils.pixels import as_picture, as_pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["history", "image", "images"]

# from the palette of Okabe and Ito
_TRAINING, _VALIDATION, _WRONG = "#0072B2", "#D55E00", "#D55E00"
_INK, _PALE, _GRID = "#222222", "#666666", "#E4E4E4"
_MOST_IMAGES = 400
_RISING = ("acc", "auc", "precision", "recall", "f1", "fbeta", "iou", "r2", "similarity", "top_k")


def image(x: Any, title: str | None = None, ax: Axes | None = None) -> Figure:
    """Show one image.

    Args:
        x: shape (height, width), (height, width, 1), or with 3 or 4 colour channels, last or
            first; bytes, or values from 0 to 1. Ink on paper where most of a grey image is black.
        title: what to write above it.
        ax: matplotlib axes to draw on; a new figure if None.

    Returns the figure.

    Raises ValueError for what is no image, ImportError without matplotlib.

    >>> figure = image(np.eye(28), title="a diagonal")
    >>> figure.axes[0].get_title()
    'a diagonal'
    """
    pixels = as_picture("plots.image", x)
    if ax is None:
        height, width = pixels.shape[:2]
        scale = 3.2 / max(height, width)
        size = (max(width * scale, 1.2), max(height * scale, 1.2) + (0.4 if title else 0))
        ax = _new_figure(size).add_subplot()
    _draw_image(ax, pixels, _ink_on_paper(pixels))
    if title is not None:
        ax.set_title(title, color=_INK)
    return cast("Figure", ax.figure)


def images(
    x: Any,
    labels: Any = None,
    predictions: Any = None,
    columns: int | None = None,
) -> Figure:
    """Show several images in a grid, with their labels and what the model took them for.

    A wrong prediction is framed and written bold, as `7 → 9`: the label, then the prediction.

    Args:
        x: shape (samples, height, width) or (samples, height, width, channels).
        labels: integers or names of shape (samples,), or one-hot of shape (samples, classes).
        predictions: the same, or probabilities of shape (samples, classes) as `predict` returns;
            then the most probable class is shown, with its probability if it is wrong.
        columns: images in a row; 10 at most if None.

    Returns the figure.

    Raises ValueError for what are no images, for more than 400, and for labels or predictions of
    another number; ImportError without matplotlib.

    >>> digits = np.zeros((3, 28, 28), "uint8")
    >>> figure = images(digits, labels=[7, 2, 1], predictions=[7, 3, 1])
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['7', '2 → 3', '1']
    """
    pixels = as_pictures("plots.images", x)
    count = len(pixels)
    if count > _MOST_IMAGES:
        raise ValueError(
            f"plots.images draws {_MOST_IMAGES} images at most. Received: {count:,}. "
            "Pass some of them, such as x[:25]."
        )
    if columns is not None and columns < 1:
        raise ValueError(f"plots.images expected at least 1 column. Received: columns={columns}")
    captions, wrong = _captions(labels, predictions, count)
    columns = min(columns or _columns_for(count), count)
    rows = -(-count // columns)
    height = max(0.5, min(2.0, pixels.shape[1] / pixels.shape[2])) + 0.1
    height += 0.2 * max(text.count("\n") + bool(text) for text in captions)
    compared = labels is not None and predictions is not None
    title_height = 0.6 if wrong and columns < 4 else 0.35 if compared else 0
    figure = _new_figure((max(columns * 1.12, 1.8), rows * height + title_height))
    ink = _ink_on_paper(pixels)
    for position, caption in enumerate(captions):
        ax = figure.add_subplot(rows, columns, position + 1)
        _draw_image(ax, pixels[position], ink)
        ax.set_xlabel(caption, color=_INK, fontsize=8 if "\n" in caption else 10, labelpad=3)
        if position in wrong:
            _mark_wrong(ax)
    if compared:
        verdict = f"{len(wrong)} of {count} wrong" if wrong else f"all {count} right"
        legend = ("\n" if columns < 4 else " ") + "(label → prediction)" if wrong else ""
        figure.suptitle(verdict + legend, fontsize=11, color=_INK)
    return figure


def history(history: Any) -> Figure:
    """Show how the loss and each metric went, for training and validation, epoch by epoch.

    A star marks the best epoch: of the validation values, or of the training values if there are
    no others.

    Args:
        history: what `fit` returned, or a dict of lists such as `history.history`. The names
            with `val_` in front are drawn with those without.

    Returns the figure.

    Raises TypeError for anything else, ValueError if there are no epochs yet; ImportError without
    matplotlib.

    >>> figure = history({"loss": [0.5, 0.3, 0.2], "val_loss": [0.4, 0.3, 0.35]})
    >>> [line.get_label() for line in figure.axes[0].lines if line.get_label()[0] != "_"]
    ['training', 'validation', 'best: 0.3 in epoch 2']
    """
    series = _series(history)
    names = list(dict.fromkeys(name.removeprefix("val_") for name in series))
    names.sort(key=lambda name: name != "loss")  # the loss first, the others in their order
    columns = 2 if len(names) == 4 else min(len(names), 3)
    rows = -(-len(names) // columns)
    figure = _new_figure((4.6 * columns + 0.4, 3.4 * rows + 0.2))
    epochs = max(len(values) for values in series.values())
    for position, name in enumerate(names):
        ax = figure.add_subplot(rows, columns, position + 1)
        _draw_metric(ax, name, series.get(name), series.get(f"val_{name}"), epochs)
    return figure


# Images.


def _draw_image(ax: Axes, pixels: np.ndarray, ink_on_paper: bool) -> None:
    colours = "gray_r" if ink_on_paper else "gray"
    ax.imshow(pixels, cmap=colours, vmin=0, vmax=1, interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set(color="#BBBBBB", linewidth=0.6)


def _mark_wrong(ax: Axes) -> None:
    """A frame and bold letters for a wrong prediction."""
    for spine in ax.spines.values():
        spine.set(color=_WRONG, linewidth=2.5)
    ax.xaxis.label.set(color=_WRONG, fontweight="bold")


def _columns_for(count: int) -> int:
    """A number of columns that leaves few gaps in the last row, a bit wider than high."""
    ideal = (1.6 * count) ** 0.5
    return min(range(3, 11), key=lambda columns: (-count % columns, abs(columns - ideal)))


def _ink_on_paper(pixels: np.ndarray) -> bool:
    """Whether grey pixels are mostly black, as scanned digits are: they read better inverted."""
    channels_last = pixels.shape[-1] in (3, 4) and pixels.ndim > 2
    return not channels_last and bool(np.median(pixels) < 0.1)


def _classes(name: str, values: Any, count: int) -> tuple[list[str] | None, list[float] | None]:
    """The class of each sample as text, and its probability where that is known."""
    if values is None:
        return None, None
    given = np.asarray(values)
    if given.shape == (count, 1):
        given = given[:, 0]
    if given.shape[:1] != (count,) or given.ndim > 2:
        raise ValueError(
            f"plots.images expected {name} for {count} images, of shape ({count},) or "
            f"({count}, classes). Received: {describe_value(given)}."
        )
    if given.ndim == 2:
        return [str(c) for c in given.argmax(1)], [float(p) for p in given.max(1)]
    if given.dtype.kind == "f" and (given != np.rint(given)).any():  # from one sigmoid unit
        return [str(int(p > 0.5)) for p in given], [float(max(p, 1 - p)) for p in given]
    return [f"{c:g}" if given.dtype.kind == "f" else str(c) for c in given], None


def _captions(labels: Any, predictions: Any, count: int) -> tuple[list[str], set[int]]:
    """The words below each image, and the positions of the wrong predictions."""
    true, _ = _classes("labels", labels, count)
    said, confidence = _classes("predictions", predictions, count)
    if true is None or said is None:
        return true or said or [""] * count, set()
    captions, wrong = list(true), {i for i in range(count) if true[i] != said[i]}
    # names of classes are too long for one line, digits are not
    arrow = "\n→ " if max(map(len, true + said)) > 4 else " → "
    for i in wrong:
        sure = f" ({confidence[i]:.0%})" if confidence is not None else ""
        captions[i] = f"{true[i]}{arrow}{said[i]}{sure}"
    return captions, wrong


# Training.


def _series(history: Any) -> dict[str, list[float]]:
    """The values of each name by epoch."""
    given = getattr(history, "history", history)
    if not isinstance(given, Mapping):
        raise TypeError(
            "plots.history expected what fit returned, or a dict of lists such as "
            f"history.history. Received: {describe_value(history)}."
        )
    series = {
        str(name): [float(np.mean(value)) for value in values] for name, values in given.items()
    }
    series = {name: values for name, values in series.items() if values}
    if not series:
        raise ValueError(
            "plots.history expected at least one epoch. Received: an empty history. "
            "Call fit first, and pass what it returns."
        )
    return series


def _draw_metric(
    ax: Axes,
    name: str,
    training: Sequence[float] | None,
    validation: Sequence[float] | None,
    epochs: int,
) -> None:
    from matplotlib.ticker import MaxNLocator

    lines: tuple[tuple[str, Sequence[float] | None, dict[str, Any]], ...] = (
        ("training", training, {"color": _TRAINING, "linestyle": "-", "marker": "o"}),
        ("validation", validation, {"color": _VALIDATION, "linestyle": "--", "marker": "s"}),
    )
    best = None
    for label, values, style in lines:
        if values:
            at = _epochs_of(len(values), epochs)
            markersize = 4.5 if len(values) <= 30 else 0
            ax.plot(at, values, label=label, linewidth=1.8, markersize=markersize, **style)
            best = at, values, style["color"]
    if best and name not in ("learning_rate", "lr"):
        _mark_best(ax, name, *best)
        ax.legend(frameon=False, fontsize=9, labelcolor=_INK)
    ax.set_title(name.replace("_", " "), loc="left", fontsize=11, fontweight="bold", color=_INK)
    ax.set_xlabel("epoch", color=_PALE)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.set_xlim(0.5, epochs + 0.5)
    ax.grid(axis="y", color=_GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(colors=_PALE, length=3)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color("#BBBBBB")


def _epochs_of(count: int, epochs: int) -> list[int]:
    """The epochs, from 1, of `count` values; fewer than epochs come from a validation_freq."""
    every = epochs // count
    return [every * position for position in range(1, count + 1)]


def _mark_best(ax: Axes, name: str, at: list[int], values: Sequence[float], colour: str) -> None:
    known = np.array(values)
    if not np.isfinite(known).any():
        return
    known[~np.isfinite(known)] = np.nan
    rising = any(part in name.lower() for part in _RISING)
    best = int(np.nanargmax(known) if rising else np.nanargmin(known))
    ax.plot(
        at[best],
        values[best],
        marker="*",
        markersize=16,
        linestyle="none",
        color=colour,
        markeredgecolor="white",
        zorder=5,
        label=f"best: {values[best]:.4g} in epoch {at[best]}",
    )


# Matplotlib, which is imported when the first figure is made.


def _new_figure(size: tuple[float, float]) -> Figure:
    figure: Figure = _figure_class()(figsize=size, dpi=110, layout="constrained", facecolor="white")
    return figure


@cache
def _figure_class() -> Any:
    """A Figure that a notebook shows, even where no backend of pyplot is set up."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "geartrain.plots needs matplotlib. Install it: pip install geartrain[plots]"
        ) from error

    class NotebookFigure(Figure):
        def _repr_png_(self) -> bytes:
            from io import BytesIO

            buffer = BytesIO()
            self.savefig(buffer, format="png")
            return buffer.getvalue()

    return NotebookFigure
