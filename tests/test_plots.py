"""Figures: what they show, without a window or a changed setting."""

import re
import subprocess
import sys

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")

from matplotlib.colors import to_hex  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from geartrain import callbacks, plots  # noqa: E402

DIGIT = np.zeros((28, 28), "uint8")
DIGIT[4:24, 12:16] = 255
DIGITS = np.stack([DIGIT] * 6)


def shown(ax):
    """The pixels that an axes shows."""
    return np.asarray(ax.images[0].get_array())


def captions(figure):
    return [ax.get_xlabel() for ax in figure.axes]


def framed(figure):
    """Which images have the frame of a wrong prediction."""
    return [
        position
        for position, ax in enumerate(figure.axes)
        if ax.spines["left"].get_linewidth() > 2
        and to_hex(ax.spines["left"].get_edgecolor()) == "#d55e00"
    ]


def everything_fits(figure):
    """Whether all that is drawn lies within the figure."""
    figure.draw_without_rendering()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    return box.x0 > -0.02 and box.y0 > -0.02 and box.x1 < width + 0.02 and box.y1 < height + 0.02


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (1, 28, 28)])
def test_an_image_of_bytes_or_floats(shape):
    for x in (DIGIT, DIGIT / 255.0, DIGIT.astype("float32")):
        figure = plots.image(x.reshape(shape), title="a one")
        assert isinstance(figure, Figure)
        (ax,) = figure.axes
        assert ax.get_title() == "a one"
        np.testing.assert_allclose(shown(ax), DIGIT / 255)
        assert ax.images[0].get_clim() == (0, 1)
        assert len(ax.get_xticks()) == len(ax.get_yticks()) == 0


def test_digits_are_ink_on_paper_and_photographs_are_not():
    assert plots.image(DIGIT).axes[0].images[0].get_cmap().name == "gray_r"
    assert plots.image(255 - DIGIT).axes[0].images[0].get_cmap().name == "gray"


def test_a_notebook_shows_a_figure():
    assert plots.image(DIGIT)._repr_png_().startswith(b"\x89PNG\r\n\x1a\n")


def test_colours_and_channels_first():
    colour = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype="uint8")
    for x in (colour, np.moveaxis(colour, -1, 0)):
        np.testing.assert_allclose(shown(plots.image(x).axes[0]), colour / 255)
    assert plots.image(np.ones((3, 200))).get_size_inches().min() > 1


def test_an_image_on_axes_of_ones_own():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plots.image(DIGIT, ax=right) is figure
    assert len(right.images) == 1
    assert not left.images


def test_images_without_words():
    figure = plots.images(DIGITS)
    assert captions(figure) == [""] * 6
    assert framed(figure) == []
    assert figure.get_suptitle() == ""


def test_labels_or_predictions_alone_are_captions():
    assert captions(plots.images(DIGITS, [0, 1, 2, 3, 4, 5])) == list("012345")
    assert captions(plots.images(DIGITS, np.eye(6, dtype="float32"))) == list("012345")
    assert captions(plots.images(DIGITS, predictions=np.eye(6)[::-1])) == list("543210")
    assert captions(plots.images(DIGITS[:2], np.array([[1.0], [0.0]]))) == ["1", "0"]
    assert framed(plots.images(DIGITS, [0] * 6)) == []


def test_wrong_predictions_are_marked_in_three_ways():
    figure = plots.images(DIGITS, [7, 2, 1, 0, 4, 1], [7, 3, 1, 0, 9, 1])
    assert captions(figure) == ["7", "2 → 3", "1", "0", "4 → 9", "1"]
    assert framed(figure) == [1, 4]
    bold = [ax.xaxis.label.get_fontweight() for ax in figure.axes]
    assert [position for position, weight in enumerate(bold) if weight == "bold"] == [1, 4]
    assert re.split(r"\s", figure.get_suptitle(), maxsplit=4)[:4] == ["2", "of", "6", "wrong"]
    assert "label → prediction" in figure.get_suptitle()


def test_all_right():
    figure = plots.images(DIGITS, range(6), range(6))
    assert figure.get_suptitle() == "all 6 right"
    assert framed(figure) == []


def test_probabilities_show_how_sure_the_model_was():
    probabilities = np.array([[0.1, 0.9], [0.62, 0.38]])
    assert captions(plots.images(DIGITS[:2], [1, 1], probabilities)) == ["1", "1 → 0 (62%)"]
    sigmoid = np.array([[0.9], [0.2]])
    assert captions(plots.images(DIGITS[:2], [1, 1], sigmoid)) == ["1", "1 → 0 (80%)"]


def test_names_of_classes_get_two_lines():
    figure = plots.images(DIGITS[:2], ["T-shirt/top", "Boot"], ["Pullover", "Boot"])
    assert captions(figure) == ["T-shirt/top\n→ Pullover", "Boot"]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 20])
def test_every_word_fits_in_the_figure(count):
    digits, labels = np.stack([DIGIT] * count), np.arange(count) % 10
    assert everything_fits(plots.images(digits, labels, (labels + 1) % 10))
    assert everything_fits(plots.images(digits, labels, labels))


@pytest.mark.parametrize(
    ("count", "columns", "grid"),
    [
        (1, None, (1, 1)),
        (3, None, (1, 3)),
        (10, None, (2, 5)),
        (20, None, (4, 5)),
        (100, None, (10, 10)),
        (7, 4, (2, 4)),
        (3, 8, (1, 3)),
    ],
)
def test_the_grid(count, columns, grid):
    figure = plots.images(np.ones((count, 6, 6)), columns=columns)
    assert len(figure.axes) == count
    rows = {ax.get_subplotspec().get_gridspec().get_geometry() for ax in figure.axes}
    assert rows == {grid}


HISTORY = {
    "accuracy": [0.8, 0.9, 0.95],
    "loss": [0.5, 0.3, 0.2],
    "val_accuracy": [0.85, 0.91, 0.9],
    "val_loss": [0.4, 0.3, 0.35],
}


def labels_of(ax):
    return [line.get_label() for line in ax.lines]


def test_history_pairs_training_with_validation():
    figure = plots.history(HISTORY)
    loss, accuracy = figure.axes
    assert [ax.get_title(loc="left") for ax in (loss, accuracy)] == ["loss", "accuracy"]
    assert labels_of(loss) == ["training", "validation", "best: 0.3 in epoch 2"]
    assert labels_of(accuracy) == ["training", "validation", "best: 0.91 in epoch 2"]
    np.testing.assert_array_equal(loss.lines[0].get_data(), [[1, 2, 3], HISTORY["loss"]])
    np.testing.assert_array_equal(loss.lines[1].get_data(), [[1, 2, 3], HISTORY["val_loss"]])
    assert loss.get_xlabel() == "epoch"
    assert everything_fits(figure)


def test_the_two_lines_differ_by_more_than_colour():
    training, validation, _ = plots.history(HISTORY).axes[0].lines
    assert training.get_linestyle() != validation.get_linestyle()
    assert training.get_marker() != validation.get_marker()
    brightness = [
        np.dot(matplotlib.colors.to_rgb(line.get_color()), [0.299, 0.587, 0.114])
        for line in (training, validation)
    ]
    assert abs(brightness[0] - brightness[1]) > 0.05


@pytest.mark.parametrize("epochs", [1, 2, 5, 12, 300])
def test_epochs_are_whole_numbers_from_1(epochs):
    (ax,) = plots.history({"loss": list(np.linspace(1, 0, epochs))}).axes
    low, high = ax.get_xlim()
    ticks = [tick for tick in ax.get_xticks() if low <= tick <= high]
    assert ticks
    assert all(tick == round(tick) and 1 <= tick <= epochs for tick in ticks)


def test_history_takes_what_fit_returns():
    returned = callbacks.History()
    for epoch, loss in enumerate([0.5, 0.4]):
        returned.on_epoch_end(epoch, {"loss": loss})
    assert labels_of(plots.history(returned).axes[0]) == ["training", "best: 0.4 in epoch 2"]


def test_the_best_epoch_is_the_highest_or_the_lowest():
    best = {
        "mean_squared_error": "1",
        "auc": "3",
        "val_f1_score": "3",
        "binary_accuracy": "3",
        "cosine_similarity": "3",
    }
    figure = plots.history({name: [0.1, 0.2, 0.3] for name in best})
    assert [labels_of(ax)[-1][-1] for ax in figure.axes] == list(best.values())


def test_values_that_are_no_numbers_are_left_out():
    (ax,) = plots.history({"loss": [np.nan, 0.5, np.inf, 0.4, -np.inf]}).axes
    assert labels_of(ax)[-1] == "best: 0.4 in epoch 4"
    (ax,) = plots.history({"loss": [np.nan]}).axes
    assert labels_of(ax) == ["training"]


def test_a_learning_rate_has_no_best():
    figure = plots.history({"loss": [1.0, 0.5], "learning_rate": [0.1, 0.01]})
    assert labels_of(figure.axes[1]) == ["training"]
    assert figure.axes[1].get_legend() is None


def test_validation_every_few_epochs():
    (ax,) = plots.history({"loss": [4, 3, 2, 1], "val_loss": [3, 1]}).axes
    np.testing.assert_array_equal(ax.lines[1].get_xdata(), [2, 4])


@pytest.mark.parametrize(("metrics", "grid"), [(1, (1, 1)), (3, (1, 3)), (4, (2, 2)), (5, (2, 3))])
def test_the_grid_of_metrics(metrics, grid):
    figure = plots.history({f"metric_{i}": [1.0] for i in range(metrics)})
    assert figure.axes[0].get_subplotspec().get_gridspec().get_geometry() == grid


def test_nothing_global_is_touched():
    import matplotlib.pyplot as plt

    before = dict(matplotlib.rcParams)
    for figure in (plots.image(DIGIT), plots.images(DIGITS), plots.history(HISTORY)):
        figure.draw_without_rendering()
    assert plt.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


def test_importing_plots_imports_no_matplotlib():
    code = "import geartrain.plots, sys; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_without_matplotlib_the_error_says_how_to_get_it(monkeypatch):
    plots._figure_class.cache_clear()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    message = "geartrain.plots needs matplotlib. Install it: pip install geartrain[plots]"
    with pytest.raises(ImportError, match=re.escape(message)):
        plots.image(DIGIT)


ERRORS = [
    (lambda: plots.image(np.ones(784)), ValueError,
     "plots.image expected an image of shape (height, width), (height, width, 1), "),
    (lambda: plots.images(DIGIT), ValueError, "This looks like one image: pass x[None]."),
    (lambda: plots.images(np.ones((401, 2, 2))), ValueError,
     "plots.images draws 400 images at most. Received: 401. Pass some of them, such as x[:25]."),
    (lambda: plots.images(DIGITS, columns=0), ValueError,
     "plots.images expected at least 1 column. Received: columns=0"),
    (lambda: plots.images(DIGITS, labels=[1, 2]), ValueError,
     "plots.images expected labels for 6 images, of shape (6,) or (6, classes). "
     "Received: shape (2,), dtype int64."),
    (lambda: plots.images(DIGITS, predictions=np.ones((6, 2, 2))), ValueError,
     "plots.images expected predictions for 6 images, of shape (6,) or (6, classes). "
     "Received: shape (6, 2, 2), dtype float64."),
    (lambda: plots.history(3), TypeError,
     "plots.history expected what fit returned, or a dict of lists such as history.history. "
     "Received: 3."),
    (lambda: plots.history({}), ValueError,
     "plots.history expected at least one epoch. Received: an empty history. Call fit first"),
    (lambda: plots.history({"loss": []}), ValueError, "Received: an empty history."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_errors_say_what_was_received_and_what_would_do(call, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        call()
