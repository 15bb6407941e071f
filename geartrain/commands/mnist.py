"""Train the network of the textbook's first example to read handwritten digits.

Uses MNIST if it is on this machine or can be downloaded, else the sample that comes with
Geartrain. The trained network is saved; to use it:

    geartrain evaluate mnist.keras mnist
    network = geartrain.models.load_model("mnist.keras")
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

from geartrain.commands import formats

HELP = "train a network to read handwritten digits"
_SHOWN = 5  # digits drawn at the end


class Data(NamedTuple):
    """Images from 0 to 1 as rows of 784, their digits, where from, and how commands call it."""

    x_train: Any
    y_train: Any
    x_test: Any
    y_test: Any
    source: str
    name: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--epochs", type=_count, default=5, help="default: 5")
    parser.add_argument("--batch-size", type=_count, default=128, help="default: 128")
    parser.add_argument("--optimizer", default="rmsprop", help="default: rmsprop")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same weights; default: 0")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("mnist.keras"),
        help="where to save: .keras, .onnx, or weights alone: .weights.h5, .safetensors, .npz; "
        "default: mnist.keras",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--data", help="MNIST's folder or mnist.npz, if not in the usual places")
    source.add_argument("--sample", action="store_true", help="use the sample in the package")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, not {text!r}")
    return int(text)


def execute(options: argparse.Namespace) -> int:
    """Train, test, show a few digits, save the network."""
    from geartrain.random import set_random_seed
    from geartrain.utils import to_categorical

    formats.check_target(options.out)
    set_random_seed(options.seed)
    network = make_network(options.optimizer)
    data = load(options.data, options.sample)
    print(f"{data.source}: {len(data.x_train):,} images to train on, {len(data.x_test):,} to test.")
    print(
        f"Network 784 -> 512 -> 10, {network.count_params():,} weights, {options.optimizer}, "
        f"batches of {options.batch_size}, seed {options.seed}.",
        flush=True,
    )
    network.fit(
        data.x_train,
        to_categorical(data.y_train, 10),
        epochs=options.epochs,
        batch_size=options.batch_size,
        verbose=1,
    )
    _, accuracy = network.evaluate(data.x_test, to_categorical(data.y_test, 10), verbose=0)
    right = round(accuracy * len(data.x_test))
    print(f"Test accuracy: {accuracy:.4f} ({right:,} of {len(data.x_test):,} digits)\n")
    print(f"{drawn(network, data)}\n")
    formats.save(network, options.out)
    print(saved(options.out, data.name))
    return 0


def saved(path: Path, data: str) -> str:
    """What to say of the file, and how to use it."""
    if formats.format_of(path) in formats.WEIGHTS:
        return f"Weights saved in {path}: load them with network.load_weights({str(path)!r})."
    # ONNX keeps no loss and no metrics, so there is nothing to evaluate by
    command = "predict" if path.suffix == ".onnx" else "evaluate"
    return (
        f"Network saved in {path}. To use it:\n"
        f"  geartrain {command} {path} {data}\n"
        f"  network = geartrain.models.load_model({str(path)!r})"
    )


def make_network(optimizer: str) -> Any:
    """The network of the textbook's first example, compiled."""
    from geartrain import layers, models

    network = models.Sequential()
    network.add(layers.Dense(512, activation="relu", input_shape=(28 * 28,)))
    network.add(layers.Dense(10, activation="softmax"))
    network.compile(optimizer, loss="categorical_crossentropy", metrics=["accuracy"])
    return network


def load(path: str | None, sample: bool) -> Data:
    """MNIST from `path` or the usual places, or else the sample."""
    from geartrain import datasets

    if sample:
        return _prepared(
            datasets.digits.load_data(), "The sample of MNIST in the package", "digits"
        )
    if path is not None:
        return _prepared(datasets.mnist.load_data(path), f"MNIST from {path}", path)
    place = datasets.find("mnist")
    if place is None:
        print("MNIST is not on this machine: downloading it (11 MB) ...", flush=True)
    try:
        arrays = datasets.mnist.load_data()
    except FileNotFoundError:
        print(
            "It cannot be downloaded either, so a sample of it must do, and the network will read "
            "worse. `geartrain doctor` lists the places where MNIST is looked for."
        )
        return _prepared(
            datasets.digits.load_data(), "The sample of MNIST in the package", "digits"
        )
    source = f"MNIST from {place.found}" if place else "MNIST, downloaded"
    return _prepared(arrays, source, "mnist")


def _prepared(arrays: Any, source: str, name: str) -> Data:
    (x_train, y_train), (x_test, y_test) = arrays

    def rows(images: Any) -> Any:
        return images.reshape((len(images), 28 * 28)).astype("float32") / 255

    return Data(rows(x_train), y_train, rows(x_test), y_test, source, name)


def drawn(network: Any, data: Data) -> str:
    """A few test digits, one of them read wrongly, each with what the network says."""
    import numpy as np

    from geartrain.utils.terminal import side_by_side

    said = np.argmax(network.predict(data.x_test, verbose=0), axis=-1)
    is_right = said == data.y_test
    wrong = np.flatnonzero(~is_right)[:1]
    each = [np.flatnonzero(is_right & (data.y_test == digit))[:1] for digit in range(10)]
    chosen = [*np.concatenate(each)[: _SHOWN - len(wrong)], *wrong]
    captions = [
        f"{said[i]}" if is_right[i] else f"{said[i]}, but it is {data.y_test[i]}" for i in chosen
    ]
    images = data.x_test[chosen].reshape(-1, 28, 28)
    return side_by_side(list(images), captions, columns=_columns())


def _columns() -> int:
    import shutil

    return min(shutil.get_terminal_size().columns, 120)
