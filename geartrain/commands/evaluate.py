"""Say how well a saved model does on data: its loss and its metrics.

MODEL is a .keras file, a folder, an .h5 file or an .onnx file. A model that was saved with its
training evaluates as it was compiled; for others, such as .onnx, say by what: --loss, --metrics.

    geartrain evaluate mnist.keras mnist
    geartrain evaluate iris.keras iris.csv --target species
    geartrain evaluate network.onnx data.npz --loss mse
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from geartrain.commands import formats, notes
from geartrain.commands.data.options import add_data_arguments, samples_for, watched

HELP = "say how well a saved model does on data"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("model", type=Path, help="a saved model, of any format")
    add_data_arguments(parser)
    add_compile_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_compile_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what a model is measured by, where that is not as it was saved."""
    parser.add_argument("--loss", help="such as mse, or sparse_categorical_crossentropy for labels")
    parser.add_argument(
        "--metrics", type=lambda text: text.split(","), metavar="A,B", help="such as accuracy,mae"
    )


def execute(options: argparse.Namespace) -> int:
    """Print the loss and the metrics."""
    with notes.told():
        model = formats.load_model(options.model)
        compile_for(model, options)
        samples = samples_for(model, options, _parts())
        need_targets(samples, options)
        logs = model.evaluate(
            samples.x,
            samples.y,
            batch_size=options.batch_size,
            verbose=int(watched() and not options.json),
            return_dict=True,
        )
    if options.json:
        import json

        print(json.dumps({"samples": len(samples), **_plain(logs)}))
    else:
        print(told(logs, len(samples)))
    return 0


def _parts() -> Any:
    from geartrain.commands.data.samples import TEST

    return TEST


def told(logs: dict[str, Any], count: int) -> str:
    """The values of an evaluation, a line each.

    >>> print(told({"loss": 0.25, "accuracy": 0.9876}, 1000))
    1,000 samples
    loss      0.2500
    accuracy  0.9876 (988 of 1,000)
    """
    width = max(map(len, logs))
    lines = [f"{count:,} sample{'' if count == 1 else 's'}"]
    for name, value in _plain(logs).items():
        text = f"{value:.4f}" if isinstance(value, float) else f"{value}"
        is_share = name in ("accuracy", "acc") and isinstance(value, float)
        right = f" ({round(value * count):,} of {count:,})" if is_share else ""
        lines.append(f"{name:{width}}  {text}{right}")
    return "\n".join(lines)


def _plain(logs: dict[str, Any]) -> dict[str, Any]:
    import numpy as np

    order = sorted(logs, key=lambda name: name != "loss")  # the loss first
    return {
        name: float(value) if np.ndim(value) == 0 else np.asarray(value).tolist()
        for name, value in ((name, logs[name]) for name in order)
    }


def compile_for(model: Any, options: argparse.Namespace) -> None:
    """Compile a model as the arguments say; as it was, where they say nothing.

    Raises ValueError for a model that has no loss, if none is given.
    """
    loss, optimizer = options.loss or model.loss, getattr(options, "optimizer", None)
    if loss is None:
        raise ValueError(
            f"{options.model}: expected a model that was saved with its training, or --loss. "
            "Received: one without a loss. For labels: --loss sparse_categorical_crossentropy "
            "--metrics accuracy; for numbers: --loss mse."
        )
    if not (options.loss or options.metrics or optimizer):
        return
    metrics = options.metrics
    if metrics is None and not options.loss:
        metrics = model.get_compile_config().get("metrics")
    model.compile(optimizer=optimizer or model.optimizer or "rmsprop", loss=loss, metrics=metrics)


def need_targets(samples: Any, options: argparse.Namespace) -> None:
    """Refuse data without targets."""
    if samples.y is None:
        raise ValueError(
            f"{' '.join(options.data)}: expected inputs and targets. Received: inputs alone. Name "
            "the targets with --target NAME, or give them as a second file."
        )
