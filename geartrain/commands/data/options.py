"""The arguments of commands that put data into a model, and the data as they say."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DATA_HELP = (
    "a file (.npz, .npy, .csv, IDX), two (inputs, targets), a folder of images with a subfolder "
    "for each class, images, or the name of a data set, as mnist, cifar10 or imdb"
)


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the data, and how to take them."""
    parser.add_argument("data", nargs="+", help=DATA_HELP)
    parser.add_argument(
        "--target", metavar="NAME", help="the column of a .csv, or array of an .npz, of the targets"
    )
    parser.add_argument(
        "--drop", metavar="NAME", action="append", default=[], help="leave a column of a .csv out"
    )
    parser.add_argument(
        "--labels", type=labels, default=[], metavar="A,B,C",
        help="names of the classes in the order of the outputs, or a file with one in each line",
    )  # fmt: skip
    parser.add_argument(
        "--scale", type=scale, default="auto", metavar="auto|none|N",
        help="divide inputs by N; auto: bytes by 255, unless the model scales them itself",
    )  # fmt: skip
    parser.add_argument("--batch-size", type=count, default=None, help="default: 32")


def labels(text: str) -> list[str]:
    """The names that `a,b,c`, or a file, lists."""
    path = Path(text)
    if path.is_file():
        names = [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
    else:
        names = [name.strip() for name in text.split(",")]
    if not all(names) or len(set(names)) < len(names):
        raise argparse.ArgumentTypeError(f"expected different names, as in a,b,c, not {text!r}")
    return names


def scale(text: str) -> str:
    """`auto`, `none`, or a number above 0."""
    try:
        good = text in ("auto", "none") or 0 < float(text) < float("inf")
    except ValueError:
        good = False
    if not good:
        raise argparse.ArgumentTypeError(f"expected auto, none or a number above 0, not {text!r}")
    return text


def count(text: str) -> int:
    """A whole number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, not {text!r}")
    return int(text)


def samples_for(
    model: Any, options: argparse.Namespace, parts: Sequence[str], data: Sequence[str] | None = None
) -> Any:
    """The samples that the arguments name, their inputs as the model takes them.

    What was done to them is told on the error stream.
    """
    from geartrain.commands.data.fitting import fit_inputs, fit_targets, input_shapes
    from geartrain.commands.data.samples import Asked, read_samples

    shapes = input_shapes(model)
    asked = Asked(
        parts,
        inputs=list(shapes),
        outputs=list(model.output_names) if shapes else [],
        shape=next(iter(shapes.values())) if len(shapes) == 1 else None,
        target=options.target,
        drop=options.drop,
        labels=options.labels,
    )
    names = options.data if data is None else data
    samples = read_samples(names, asked)
    notes: list[str] = []
    where = " ".join(names)
    try:
        samples.x = fit_inputs(model, samples.x, options.scale, notes)
        samples.y = fit_targets(model, samples.y, notes)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    for note in [*samples.notes, *notes]:
        print(f"Note: {where}: {note}.", file=sys.stderr)
    return samples


def watched() -> bool:
    """Whether a person watches the output, so that a bar of progress is of use."""
    return sys.stdout is not None and sys.stdout.isatty()
