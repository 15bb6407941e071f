"""Samples: which of the arrays that were found are a model's inputs, and which its targets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from geartrain import datasets
from geartrain.commands.data import pictures
from geartrain.commands.data.contents import TEXTS, contents

TRAIN, TEST = ("train", ""), ("test", "val", "validation", "valid", "")  # parts, best first
_INPUTS = {"x", "input", "inputs", "image", "images", "data", "feature", "features"}
_TARGETS = {"y", "target", "targets", "label", "labels", "class", "classes", "output", "outputs"}
_PART = re.compile(
    r"(?:(train|test|val|validation|valid)_)?(.*?)(?:_(train|test|val|validation|valid))?"
)


@dataclass
class Samples:
    """Inputs and targets, as they were found.

    Attributes:
        x: an array, or arrays by the names of a model's inputs.
        y: the same for targets; None where there are none.
        classes: the names of labels 0, 1, ...; empty where they are not known.
        files: of images, the file of each sample.
        notes: what a user should know of how they were read.
    """

    x: Any
    y: Any = None
    classes: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(next(iter(self.x.values())) if isinstance(self.x, dict) else self.x)


@dataclass(frozen=True)
class Asked:
    """What is asked of data.

    Attributes:
        parts: the parts of a data set that are wanted, best first: `TRAIN` or `TEST`.
        inputs, outputs: the names of the model's.
        shape: of its only input, without the batch; None if there are several, or it is not known.
        target: the column or array that holds the targets; None to tell by the names.
        drop: columns to leave out.
        labels: the names of classes, in the order of the model's outputs; empty if not given.
    """

    parts: Sequence[str]
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()
    shape: tuple[int | None, ...] | None = None
    target: str | None = None
    drop: Sequence[str] = ()
    labels: Sequence[str] = ()


def read_samples(names: Sequence[str], asked: Asked) -> Samples:
    """The samples in a file, folder or data set; in two files, inputs and targets; in images.

    Raises:
        FileNotFoundError: neither a file nor a data set has the name.
        ValueError: files in which it cannot be told which are the inputs, or that are damaged.
    """
    paths = [Path(name) for name in names]
    if all(path.suffix.lower() in pictures.ENDINGS and path.is_file() for path in paths):
        found = _pictures(pictures.Pictures(paths, None, []), asked)
    elif len(names) == 1:
        found = _one(names[0], asked)
    elif len(names) == 2:
        found = Samples(_single(names[0], asked), _single(names[1], asked))
    else:
        raise ValueError(
            "expected one file, folder or data set, or two files: inputs and targets. Received: "
            f"{len(names)}: {', '.join(names)}"
        )
    found.y = _numbered(found, asked)
    _check_lengths(found, names)
    return found


def _one(name: str, asked: Asked) -> Samples:
    path = Path(name)
    if path.is_dir() and not _is_mnist(path):
        return _pictures(pictures.find_pictures(path), asked)
    if path.suffix.lower() in TEXTS and path.is_file():
        return _table(path, asked)
    if path.is_dir():
        from geartrain.datasets import mnist

        found: Any = mnist.load_data(path)
    else:
        found = contents(name)
    if (name in datasets.NAMES and not path.exists()) or path.is_dir():
        train, test = found
        return Samples(*(train if asked.parts is TRAIN else test))
    return _named(path, found, asked) if isinstance(found, dict) else Samples(found)


def _is_mnist(folder: Path) -> bool:
    """Whether the four files of MNIST, or of a set in the same form, are in a folder."""
    return any(folder.glob("t*-images*idx3-ubyte*")) or (folder / "mnist.npz").is_file()


def _single(name: str, asked: Asked) -> Any:
    """The only array of a file."""
    if Path(name).suffix.lower() in TEXTS and Path(name).is_file():
        from geartrain.commands.data.table import read_table

        table = read_table(Path(name)).without(list(asked.drop))
        columns = list(table.columns.values())
        return columns[0] if len(columns) == 1 else table.numbers()
    found = contents(name)
    if isinstance(found, dict) and len(found) == 1:
        (found,) = found.values()
    if not isinstance(found, np.ndarray):
        raise ValueError(
            f"{name}: expected one array, since inputs and targets are given in two files. "
            "Received: several. Give this file alone."
        )
    return found


def _table(path: Path, asked: Asked) -> Samples:
    from geartrain.commands.data.table import read_table

    table = read_table(path).without(list(asked.drop))
    alike = [name for name in table.columns if name.lower() in _TARGETS]
    target = asked.target or (alike[0] if len(alike) == 1 and not asked.inputs[1:] else None)
    y = None if target is None else table.column(target)
    rest = table.without([] if target is None else [target])
    if not rest.columns:
        raise ValueError(f"{path}: expected columns besides the target {target!r}. Received: none")
    notes = [] if asked.target or y is None else [f"column {target!r} holds the targets"]
    if len(asked.inputs) > 1 and set(asked.inputs) <= rest.columns.keys():
        x: Any = {name: rest.columns[name] for name in asked.inputs}
    else:
        x = rest.numbers()
    return Samples(x, y, notes=notes)


def _named(path: Path, arrays: Mapping[str, np.ndarray], asked: Asked) -> Samples:
    """The arrays that are called after the model's inputs, or `x` and `y`, or `x_train`, ..."""
    y = None
    if asked.target is not None:
        if asked.target not in arrays:
            raise ValueError(
                f"{path}: expected an array {asked.target!r}, the --target. Received: "
                f"{', '.join(arrays)}"
            )
        y = arrays[asked.target]
        arrays = {name: array for name, array in arrays.items() if name != asked.target}
    if asked.inputs and set(asked.inputs) <= arrays.keys():
        x: Any = {name: arrays[name] for name in asked.inputs}
        targets = {name: arrays[name] for name in asked.outputs if name in arrays}
        if y is None and targets:
            y = targets if len(asked.outputs) > 1 else targets[asked.outputs[0]]
        elif y is None:
            y = _by_role(arrays, ("",)).get("y", (None, None))[1]
        return Samples(x if len(x) > 1 else next(iter(x.values())), y)
    found = _by_role(arrays, asked.parts)
    if "x" not in found and len(arrays) == 1:
        return Samples(next(iter(arrays.values())), y)
    if "x" not in found:
        wanted = (
            f", or after the model's inputs ({', '.join(asked.inputs)})" if asked.inputs else ""
        )
        raise ValueError(
            f"{path}: expected arrays called x and y, or x_train, y_train, x_test, y_test{wanted}. "
            f"Received: {', '.join(arrays)}. Name the targets with --target, or save the file "
            "again: numpy.savez('data.npz', x=..., y=...)"
        )
    name, x = found["x"]
    part = _role(name)[1]
    notes = [] if part in asked.parts else [f"only {name!r} is in {path}"]
    return Samples(x, found.get("y", (None, None))[1] if y is None else y, notes=notes)


def _by_role(
    arrays: Mapping[str, np.ndarray], parts: Sequence[str]
) -> dict[str, tuple[str, np.ndarray]]:
    """The inputs as "x" and the targets as "y", of the best part that has inputs."""
    found: dict[str, dict[str, tuple[str, np.ndarray]]] = {}
    for name, array in arrays.items():
        role, part = _role(name)
        found.setdefault(part, {}).setdefault(role, (name, array))
    order = [*parts, *(part for part in found if part not in parts)]
    having = [found[part] for part in order if "x" in found.get(part, {})]
    return having[0] if having else found.get("", {})


def _role(name: str) -> tuple[str, str]:
    """What an array is, and of which part.

    >>> _role("x_train"), _role("test_labels"), _role("weights")
    (('x', 'train'), ('y', 'test'), ('weights', ''))
    """
    match = _PART.fullmatch(name.lower())
    assert match is not None
    before, stem, after = match.groups()
    role = "x" if stem in _INPUTS else "y" if stem in _TARGETS else stem
    return role, before or after or ""


def _pictures(found: pictures.Pictures, asked: Asked) -> Samples:
    size = None if asked.shape is None else pictures.size_for(asked.shape)
    if size is None:
        raise ValueError(
            "expected a model of one input for images, such as (height, width, channels), to "
            f"resize {found.files[0]} to. Received: "
            f"{asked.shape or f'{len(asked.inputs)} inputs, or one that is not known'}. Give the "
            "pixels as .npy or .npz."
        )
    x = pictures.read_pictures(found.files, *size)
    height, width, channels = size
    kind = {1: "grey", 3: "red, green and blue"}.get(channels, f"{channels} channels")
    note = f"{len(x):,} images, resized to {height} x {width}, {kind}"
    return Samples(x, found.labels, found.classes, found.files, [note])


def _numbered(found: Samples, asked: Asked) -> Any:
    """The targets, words made numbers: those of their classes in order."""
    y, labels = found.y, list(asked.labels)
    if found.classes and labels:  # of subfolders, in another order
        y = np.array(found.classes)[y]
    if isinstance(y, np.ndarray) and y.dtype.kind in "US":
        words = y.astype(str).reshape(len(y), -1)[:, 0]
        known = labels or sorted(set(words.tolist()))
        unknown = sorted(set(words.tolist()) - set(known))
        if unknown:
            raise ValueError(
                f"expected targets among the --labels {', '.join(known)}. Received: "
                f"{', '.join(map(repr, unknown[:5]))}"
            )
        found.classes = known
        if not labels:
            shown = ", ".join(f"{name} = {i}" for i, name in enumerate(known[:10]))
            found.notes.append(f"classes: {shown}{', ...' if len(known) > 10 else ''}")
        places = {name: number for number, name in enumerate(known)}
        return np.array([places[word] for word in words], "int64")
    found.classes = labels or found.classes
    return y


def _check_lengths(found: Samples, names: Sequence[str]) -> None:
    """Refuse inputs and targets of different numbers."""

    def lengths(part: Any, what: str) -> dict[str, int]:
        if part is None:
            return {}
        arrays = part if isinstance(part, dict) else {what: part}
        for name, array in arrays.items():
            if not array.ndim:
                raise ValueError(
                    f"{', '.join(names)}: expected an axis of samples in {name}. Received: a "
                    "single number"
                )
        return {name: len(array) for name, array in arrays.items()}

    counts = {**lengths(found.x, "inputs"), **lengths(found.y, "targets")}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        listed = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        raise ValueError(
            f"{', '.join(names)}: expected as many targets as inputs, and some. Received: {listed}"
        )
