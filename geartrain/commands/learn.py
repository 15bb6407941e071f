"""Watch a network learn, on a page in the browser, and open every gear of it.

MODEL is `chapter` (the textbook's network for digits), a saved model (.keras, a folder, .h5,
.onnx), FILE.py (a script of yours that makes one model) or FILE.py:NAME; DATA are as
`geartrain train` takes them, MNIST or the sample in the package by default.

    geartrain learn
    geartrain learn network.keras data.npz

The page is on this machine alone, for as long as the command runs: Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from geartrain.commands.data.options import DATA_HELP

HELP = "watch a network learn, on a page in the browser"
_TEST_SHARE = 5  # one of so many samples is held out, where a file has no test samples


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("model", nargs="?", default="chapter", help="default: chapter")
    parser.add_argument("data", nargs="*", help=DATA_HELP)
    parser.add_argument("--port", type=int, default=0, help="where to serve it; default: any")
    parser.add_argument("--no-open", action="store_true", help="open no browser")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same weights; default: 0")


def execute(options: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C."""
    from geartrain.page.serving import Server

    server = Server(workshop(options.model, options.data, options.seed), options.port)
    server.start(not options.no_open)
    print(f"Watch it learn: {server.address}\nCtrl-C ends it.", flush=True)
    try:
        server.wait()
    except KeyboardInterrupt:
        server.stop()
    return 0


def workshop(name: str, data: list[str], seed: int = 0) -> Any:
    """What the page is about: a network, its data, and its settings."""
    from geartrain.commands.explain import model_named
    from geartrain.page.workshop import Workshop
    from geartrain.random import set_random_seed

    set_random_seed(seed)
    model = model_named(name)
    if not data:
        train, test, code = _digits(model)
    elif len(data) == 1:
        train, test, code = read(Path(data[0]), data[0])
        train, test = (_fitted(part, model.input_shape[1:]) for part in (train, test))
    else:
        raise ValueError(f"expected one file, folder or data set. Received: {' '.join(data)}")
    settings: dict[str, Any] = {"seed": seed}
    if not train.classes:
        settings |= {"loss": "mse", "metric": "mae"}
    return Workshop(model, train, test, settings, code, read)


def _digits(model: Any) -> Any:
    """MNIST, or the sample, in the shape that a model takes."""
    from geartrain.commands.mnist import load
    from geartrain.page.subject import Samples

    found = load(None, False)
    shape = model.input_shape[1:]
    try:
        x_train, x_test = (x.reshape(-1, *shape) for x in (found.x_train, found.x_test))
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"expected DATA beside MODEL, since digits do not fit its inputs of shape {shape}. "
            "Received: none"
        ) from error
    classes = tuple("0123456789")
    size = ", ".join(map(str, shape))
    code = (
        f"(x_train, y_train), (x_test, y_test) = keras.datasets.{found.name}.load_data()\n"
        f'x_train = x_train.reshape(-1, {size}).astype("float32") / 255\n'
        f'x_test = x_test.reshape(-1, {size}).astype("float32") / 255\n'
    )
    return (
        Samples(x_train, found.y_train, classes, found.source),
        Samples(x_test, found.y_test, classes, found.source),
        code,
    )


def read(path: Path, name: str) -> Any:
    """Train and test samples in a file of the user's, and the code that reads it.

    Args:
        path: the file, a folder of images, or a data set's name.
        name: what the user calls it.
    """
    import numpy as np

    from geartrain.commands.data.samples import TEST, TRAIN, Asked, read_samples

    if path.suffix == ".zip":
        path = _unpacked(path)
    target = _last_column(path) if path.suffix.lower() == ".csv" else None
    parts = [read_samples([str(path)], Asked(TRAIN, target=target))]
    # a table has no parts: it is read once
    parts.append(parts[0] if target else read_samples([str(path)], Asked(TEST, target=target)))
    if parts[0].y is None:
        raise ValueError(f"{name}: expected inputs and targets. Received: inputs alone")
    x, y = np.asarray(parts[0].x), np.asarray(parts[0].y)
    test_x, test_y = np.asarray(parts[1].x), np.asarray(parts[1].y)
    if len(x) == len(test_x) and np.array_equal(y, test_y):  # a file without test samples
        order = np.random.default_rng(0).permutation(len(x))
        held = max(1, len(x) // _TEST_SHARE)
        test_x, test_y = x[order[:held]], y[order[:held]]
        x, y = x[order[held:]], y[order[held:]]
    greatest = 255.0 if x.dtype == "uint8" else 1.0
    classes = parts[0].classes or _classes(y)
    code = f"# x_train, y_train, x_test, y_test: from {name}\n"
    return (
        _samples(x, y, classes, name, greatest),
        _samples(test_x, test_y, classes, name, greatest),
        code,
    )


def _fitted(samples: Any, shape: tuple[int, ...]) -> Any:
    """The samples, each in the shape that a model takes."""
    from dataclasses import replace
    from math import prod

    if None in shape or prod(shape) != prod(samples.x.shape[1:]):
        raise ValueError(
            f"expected samples of shape {shape}, which the model takes. Received: "
            f"{samples.x.shape[1:]}, from {samples.source}"
        )
    return replace(samples, x=samples.x.reshape(len(samples), *shape))


def _samples(x: Any, y: Any, classes: Any, name: str, greatest: float) -> Any:
    from geartrain.page.subject import Samples

    return Samples(x.astype("float32") / greatest, y, tuple(map(str, classes)), name)


def _classes(y: Any) -> Any:
    """The names of whole-number targets from 0 on; none where targets are other numbers."""
    import numpy as np

    few = y.dtype.kind in "iub" and y.ndim == 1 and y.size and y.min() >= 0 and y.max() < 1000
    return range(int(np.max(y)) + 1) if few else ()


def _last_column(path: Path) -> str | None:
    from geartrain.commands.data.table import read_table

    columns = list(read_table(path).columns)
    known = [name for name in columns if name.lower() in ("target", "label", "class", "y")]
    return known[0] if known else columns[-1]


def _unpacked(path: Path) -> Path:
    """The folder of images that an archive holds."""
    from geartrain.downloads.archives import extract

    folder = path.with_suffix("")
    extract(path, folder)
    return folder
