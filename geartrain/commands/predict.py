"""Predict with a saved model: what it says of each sample.

MODEL is a .keras file, a folder, an .h5 file or an .onnx file. Without --out, the first predictions
are shown: for probabilities the likeliest class, by its number or by its name in --labels.

    geartrain predict mnist.keras mnist
    geartrain predict pets.keras cat.jpg dog.jpg --labels cat,dog
    geartrain predict prices.keras houses.csv --drop price --out prices.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from geartrain.commands import formats, notes
from geartrain.commands.data.options import add_data_arguments, count, samples_for, watched

HELP = "predict with a saved model"
_SHOWN = 20
_OUT = (".npy", ".npz", ".csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("model", type=Path, help="a saved model, of any format")
    add_data_arguments(parser)
    parser.add_argument(
        "--out", help=".csv, .npy (of one output) or .npz; - prints .csv instead of a table"
    )
    parser.add_argument(
        "--top", type=count, default=1, help="so many likeliest classes; default: 1"
    )


def execute(options: argparse.Namespace) -> int:
    """Print the predictions, or write them."""
    from geartrain import tree
    from geartrain.commands.data.samples import TEST

    out = _checked_out(options.out)
    with notes.told():
        model = formats.load_model(options.model, compile=False)
        samples = samples_for(model, options, TEST)
        verbose = int(watched() and options.out != "-")
        outputs = model.predict(samples.x, batch_size=options.batch_size, verbose=verbose)
    arrays = tree.flatten(outputs)
    names = list(getattr(model, "output_names", None) or [])
    if len(names) != len(arrays):
        names = [f"output_{number}" for number in range(len(arrays))]
    found = dict(zip(names, arrays, strict=True))
    classes = _classes(found, options.labels or samples.classes, samples.y)
    if options.out is None:
        print(_shown(found, classes, samples, options.top))
    elif out is None:
        print(_csv(found, classes, samples.files), end="")
    else:
        _write(found, classes, samples.files, out)
        print(f"Predictions for {len(samples):,} samples written to {out}.")
    return 0


def _checked_out(out: str | None) -> Path | None:
    """Where to write, if it is a file that can be written."""
    from geartrain import files

    if out in (None, "-"):
        return None
    path = Path(str(out))
    if path.suffix.lower() not in _OUT:
        raise ValueError(f"--out: expected a name that ends in {', '.join(_OUT)}. Received: {out}")
    files.check_writable(path)
    return path


def _classes(found: dict[str, Any], labels: list[str], y: Any) -> list[str] | None:
    """The names of classes, if the only output holds probabilities of such; else None."""
    import numpy as np

    array = next(iter(found.values()))
    if len(found) > 1 or array.ndim != 2 or array.shape[1] < 2:
        return None
    if labels:
        if len(labels) != array.shape[1]:
            raise ValueError(
                f"expected {array.shape[1]} names of classes, as many as the model has outputs. "
                f"Received: {len(labels)} ({', '.join(labels[:10])}). Give all in their order: "
                "--labels A,B,C"
            )
        return labels
    sums = array.astype("float64").sum(1)
    if array.min() < 0 or np.abs(sums - 1).max() > 0.02:
        return None
    return [str(number) for number in range(array.shape[1])]


def _shown(found: dict[str, Any], classes: list[str] | None, samples: Any, top: int) -> str:
    """The first predictions as a table."""
    from geartrain.commands import tables

    number = len(samples)
    heads = ["sample", *(_heads_of_classes(classes, samples.y, top) if classes else found)]
    rows = []
    for i in range(min(number, _SHOWN)):
        name = str(samples.files[i].name) if samples.files else str(i)
        if classes:
            rows.append([name, *_cells_of_classes(found, classes, samples.y, top, i)])
        else:
            rows.append([name, *(_value(array[i]) for array in found.values())])
    numbers = [] if samples.files else [0]
    numbers += ([2] if top == 1 else []) if classes else range(1, len(heads))
    lines = [tables.table(heads, rows, right=numbers)]
    if number > _SHOWN:
        lines.append(f"... and {number - _SHOWN:,} more: --out predictions.csv writes all.")
    if classes and _are_labels(samples.y, classes):
        right = int((next(iter(found.values())).argmax(1) == _label_of(samples.y)).sum())
        lines.append(f"{right:,} of {number:,} are as the data say ({right / number:.1%}).")
    return "\n".join(lines)


def _heads_of_classes(classes: list[str], y: Any, top: int) -> list[str]:
    heads = ["class", "probability"]
    if top > 1:
        heads = ["likeliest", *(f"{place}." for place in range(2, min(top, len(classes)) + 1))]
    return [*heads, *(["in the data"] if _are_labels(y, classes) else [])]


def _cells_of_classes(
    found: dict[str, Any], classes: list[str], y: Any, top: int, i: int
) -> list[str]:
    row = next(iter(found.values()))[i]
    best = sorted(range(len(row)), key=lambda place: -row[place])[:top]
    if top > 1:
        cells = [f"{classes[place]} ({row[place]:.1%})" for place in best]
    else:
        cells = [classes[best[0]], f"{row[best[0]]:.1%}"]
    return [*cells, *([classes[int(_label_of(y)[i])]] if _are_labels(y, classes) else [])]


def _are_labels(y: Any, classes: list[str]) -> bool:
    """Whether targets are numbers of classes, or rows of ones."""
    if y is None or isinstance(y, dict):
        return False
    if y.ndim == 2 and y.shape[1] == len(classes):
        return bool(((y == 0) | (y == 1)).all())
    whole = y.ndim == 1 and y.dtype.kind in "buif" and bool((y == y.astype("int64")).all())
    return whole and 0 <= y.min() <= y.max() < len(classes)


def _label_of(y: Any) -> Any:
    return y.argmax(-1) if y.ndim == 2 else y.astype("int64")


def _value(array: Any) -> str:
    """A prediction in few words: its numbers if they are few, else its shape."""
    import numpy as np

    if array.size > 6:
        return f"shape {array.shape}, {array.min():.4g} to {array.max():.4g}"
    return " ".join(f"{value:.4g}" for value in np.asarray(array).reshape(-1))


def _csv(found: dict[str, Any], classes: list[str] | None, files: list[Path]) -> str:
    """All predictions, a row a sample, a column a number."""
    import csv
    import io

    import numpy as np

    columns: list[str] = []
    for name, array in found.items():
        if array.ndim > 2:
            raise ValueError(
                f"--out: expected .npy or .npz for outputs of more than one axis a sample. "
                f"Received: .csv, and {name!r} of shape {array.shape}"
            )
        count = array.shape[1] if array.ndim == 2 else 1
        base = classes or [name if count == 1 else f"{name}_{place}" for place in range(count)]
        columns += base
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["sample", *(["class"] if classes else []), *columns])
    flat = np.concatenate([array.reshape(len(array), -1) for array in found.values()], axis=1)
    best = flat.argmax(1) if classes else []
    for i, row in enumerate(flat):
        name = str(files[i]) if files else i
        label = [classes[int(best[i])]] if classes else []
        writer.writerow([name, *label, *(f"{value:.9g}" for value in row)])
    return stream.getvalue()


def _write(found: dict[str, Any], classes: list[str] | None, files: list[Path], out: Path) -> None:
    """Write all predictions, whole or not at all."""
    import numpy as np

    from geartrain.files import make_folder, replacing

    kind = out.suffix.lower()
    if kind == ".npy" and len(found) > 1:
        raise ValueError(
            f"--out: expected .npz for the {len(found)} outputs {', '.join(found)}. Received: {out}"
        )
    text = _csv(found, classes, files).encode() if kind == ".csv" else b""
    make_folder(out.absolute().parent)
    with replacing(out) as stream:
        if kind == ".csv":
            stream.write(text)
        elif kind == ".npy":
            np.save(stream, next(iter(found.values())), allow_pickle=False)
        else:
            np.savez(stream, **found)
