"""Train a saved model further, and save the result.

MODEL is a .keras file, a folder, an .h5 file or an .onnx file; it is left as it is, unless --out
names it. A model that was saved with its training goes on where it was: the same loss and metrics,
and the state of its optimizer. For others say --loss.

    geartrain train mnist.keras mnist --epochs 2
    geartrain train iris.keras iris.csv --target species --validation-split 0.2
    geartrain train network.onnx data.npz --loss mse --checkpoint 'at_{epoch}.keras'

Ctrl-C ends the training: nothing is saved then but the checkpoints so far.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path
from typing import Any

from geartrain.commands import formats, notes
from geartrain.commands.data.options import DATA_HELP, add_data_arguments, count, samples_for
from geartrain.commands.evaluate import add_compile_arguments, compile_for, need_targets

HELP = "train a saved model further"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("model", type=Path, help="a saved model, of any format")
    add_data_arguments(parser)
    parser.add_argument("--out", type=Path, help="where to save; default: MODEL-trained.keras")
    parser.add_argument("--epochs", type=count, default=5, help="default: 5")
    parser.add_argument("--optimizer", help="a new one, such as adam; default: as it was saved")
    parser.add_argument("--learning-rate", type=_positive, help="another learning rate")
    add_compile_arguments(parser)
    held_out = parser.add_mutually_exclusive_group()
    held_out.add_argument(
        "--validation-split", type=_share, default=0.0, metavar="SHARE",
        help="hold this share of the samples out, chosen by the seed, to validate on",
    )  # fmt: skip
    held_out.add_argument("--validation", nargs="+", metavar="DATA", help=DATA_HELP)
    parser.add_argument("--seed", type=int, default=0, help="same seed, same weights; default: 0")
    parser.add_argument(
        "--checkpoint", metavar="FILE",
        help="save here after each epoch: .keras, or .weights.h5; {epoch} in it is the number",
    )  # fmt: skip
    parser.add_argument("--best", action="store_true", help="keep the best checkpoint alone")
    parser.add_argument("--log", type=Path, metavar="FILE", help="each epoch's values, as .csv")


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, not {text!r}")
    return value


def _share(text: str) -> float:
    value = _positive(text)
    if value >= 1:
        raise argparse.ArgumentTypeError(f"expected a number between 0 and 1, not {text!r}")
    return value


def execute(options: argparse.Namespace) -> int:
    """Train and save; on Ctrl-C say what there is."""
    out = options.out or _default_out(options.model)
    _check_places(options, out)
    with notes.told():
        model = _prepared(options)
        samples, validation = _data(model, options)
        callbacks = _callbacks(options, validation is not None or options.validation_split > 0)
        start = time.time()
        try:
            model.fit(
                samples.x, samples.y, batch_size=options.batch_size, epochs=options.epochs,
                validation_split=options.validation_split, validation_data=validation,
                callbacks=callbacks, verbose=1,
            )  # fmt: skip
        except KeyboardInterrupt:
            print(f"\n{_after_interrupt(options.checkpoint, start, out)}", file=sys.stderr, end="")
            raise
        formats.save(model, out)
    print(f"Trained model saved in {out}.")
    return 0


def _default_out(model: Path) -> Path:
    name = model.name
    ending = formats.format_of(model)
    return model.with_name(f"{name.removesuffix(ending)}-trained.keras")


def _check_places(options: argparse.Namespace, out: Path) -> None:
    """Refuse, before any work, what could not be written or means nothing."""
    from geartrain import files

    formats.check_target(out)
    if options.best and not options.checkpoint:
        raise ValueError("--best: expected --checkpoint FILE too, which says where. Received: none")
    if options.log is not None:
        files.check_writable(options.log)


def _prepared(options: argparse.Namespace) -> Any:
    """The model, compiled as the arguments say."""
    from geartrain.random import set_random_seed

    set_random_seed(options.seed)
    model = formats.load_model(options.model)
    compile_for(model, options)
    if options.learning_rate is not None:
        model.optimizer.learning_rate = options.learning_rate
    return model


def _data(model: Any, options: argparse.Namespace) -> tuple[Any, Any]:
    """The samples to train on, and what `fit` takes to validate on, or None."""
    from geartrain.commands.data.samples import TEST, TRAIN

    samples = samples_for(model, options, TRAIN)
    need_targets(samples, options)
    if options.validation_split:
        _mix(samples, options.seed)
    if not options.validation:
        return samples, None
    options.labels = options.labels or samples.classes  # the same numbers for the same words
    held_out = samples_for(model, options, TEST, options.validation)
    if held_out.y is None:
        raise ValueError(
            f"--validation: expected inputs and targets. Received: {' '.join(options.validation)}, "
            "inputs alone. Give the targets as a second file."
        )
    return samples, (held_out.x, held_out.y)


def _mix(samples: Any, seed: int) -> None:
    """Put samples in an order by chance: `fit` holds out the last ones, and files are often sorted.

    Folders have one class after the other, so the last samples would be one class alone.
    """
    import numpy as np

    from geartrain import tree

    order = np.random.default_rng(seed).permutation(len(samples))
    samples.x, samples.y = tree.map_structure(lambda array: array[order], (samples.x, samples.y))


def _callbacks(options: argparse.Namespace, validated: bool) -> list[Any]:
    from geartrain import callbacks

    found: list[Any] = []
    if options.checkpoint:
        found.append(
            callbacks.ModelCheckpoint(
                options.checkpoint,
                monitor="val_loss" if validated else "loss",
                save_best_only=options.best,
                save_weights_only=options.checkpoint.endswith(".weights.h5"),
            )
        )
    if options.log is not None:
        found.append(callbacks.CSVLogger(options.log))
    return found


def _after_interrupt(checkpoint: str | None, start: float, out: Path) -> str:
    """What there is after Ctrl-C: the last checkpoint, or nothing."""
    said = f"Nothing was saved in {out}."
    if checkpoint is None:
        return f"{said} --checkpoint FILE saves after each epoch."
    path = Path(checkpoint)
    names = re.sub(r"\{[^}]*\}", "*", path.name)
    found = [one for one in path.parent.glob(names) if one.stat().st_mtime >= start - 1]
    if not found:
        return f"{said} No epoch was whole, so there is no checkpoint."
    last = max(found, key=lambda one: one.stat().st_mtime)
    return f"{said} The last checkpoint is {last}."
