"""Files in a folder as samples: which there are, of which class, and for training or validation."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geartrain.data.base import AUTOTUNE
from geartrain.data.dataset import Dataset
from geartrain.errors import shown
from geartrain.random import fresh_seed

_MODES = ("int", "categorical", "binary", None)


class Samples(NamedTuple):
    """Files, their labels as whole numbers or None, and the names of the classes or None."""

    paths: list[str]
    labels: list[Any] | None
    class_names: list[str] | None

    def part(self, rows: slice) -> Samples:
        """Some of them."""
        labels = None if self.labels is None else self.labels[rows]
        return Samples(self.paths[rows], labels, self.class_names)


class Folder:
    """The arguments that all functions have which make a data set of a folder.

    Args:
        who: the function, for messages.
        formats: the ends of file names.
        directory, labels, label_mode, class_names, batch_size, shuffle, seed, validation_split,
            subset, follow_links, verbose: see `image_dataset_from_directory`.
    """

    def __init__(
        self, who: str, formats: tuple[str, ...], directory: Any, labels: Any, label_mode: Any,
        class_names: Any, batch_size: int | None, shuffle: bool, seed: int | None,
        validation_split: float | None, subset: str | None, follow_links: bool, verbose: bool,
    ) -> None:  # fmt: skip
        if not isinstance(labels, list | tuple) and labels not in ("inferred", None):
            raise ValueError(
                f"{who}: expected labels as 'inferred', None, or a list of one whole number for "
                f"each file. Received: {shown(labels)}"
            )
        if label_mode not in _MODES:
            raise ValueError(
                f"{who}: expected label_mode as 'int', 'categorical', 'binary' or None. "
                f"Received: {label_mode!r}"
            )
        check_split(who, validation_split, subset, shuffle, seed)
        self.who, self.formats, self.directory = who, formats, os.fspath(directory)
        self.labels = None if label_mode is None else labels
        self.label_mode = None if labels is None else label_mode
        self.class_names, self.batch_size, self.shuffle = class_names, batch_size, shuffle
        self.seed = fresh_seed() % 1_000_000 if seed is None else seed
        self.validation_split, self.subset = validation_split, subset
        self.follow_links, self.verbose = follow_links, verbose

    def datasets(
        self, load: Callable[[Any], Any], batched: Callable[[Any], Any] | None = None
    ) -> Any:
        """The data set of what `load` makes of each path; two of them for `subset="both"`."""
        samples = self._found()
        if self.label_mode == "binary" and len(samples.class_names or ()) != 2:
            raise ValueError(
                f"{self.who}: expected two classes for label_mode='binary'. "
                f"Received: {samples.class_names}"
            )
        if not self.validation_split:
            return self._dataset("", samples, self.shuffle, load, batched)
        held = int(self.validation_split * len(samples.paths))
        border = len(samples.paths) - held
        parts = {
            "training": (samples.part(slice(0, border)), self.shuffle),
            "validation": (samples.part(slice(border, None)), self.shuffle),
        }
        if self.subset == "both":
            parts["validation"] = (parts["validation"][0], False)
        found = []
        for name, (part, shuffle) in parts.items():
            if self.subset in ("both", name):
                print(f"Using {len(part.paths)} files for {name}.")
                found.append(self._dataset(f"{name} ", part, shuffle, load, batched))
        return found if self.subset == "both" else found[0]

    def _dataset(self, name: str, samples: Samples, shuffle: bool, load: Any, batched: Any) -> Any:
        if not samples.paths:
            raise ValueError(
                f"{self.who}: expected {name}files that end in {', '.join(self.formats)}. "
                f"Received: none in {self.directory!r}"
            )
        data: Any = Dataset.from_tensor_slices(samples.paths)
        if samples.labels is not None:
            labels = encoded(samples.labels, self.label_mode, len(samples.class_names or ()))
            data = Dataset.zip((data, Dataset.from_tensor_slices(labels)))
        if shuffle:
            size = self.batch_size * 8 if self.batch_size is not None else 1024
            data = data.shuffle(size, seed=self.seed)

        def read(path: Any, *label: Any) -> Any:
            try:
                return (load(path), *label) if label else load(path)
            except (OSError, ValueError) as error:
                raise ValueError(
                    f"{self.who}: expected files that can be read. Received: {path.item()!r} "
                    f"({error})"
                ) from error

        loaded = data.map_on_threads(read)
        if self.batch_size is not None:
            loaded = batched(loaded) if batched else loaded.batch(self.batch_size)
        loaded = loaded.prefetch(AUTOTUNE)
        loaded.class_names, loaded.file_paths = samples.class_names, samples.paths
        return loaded

    def _found(self) -> Samples:
        """The files with their classes, in a random order where that is wanted."""
        by_class = self._by_class()
        paths = [path for files in by_class.values() for path in files]
        labels: list[Any] | None
        names: list[str] | None
        if self.labels == "inferred":
            labels = [place for place, one in enumerate(by_class.values()) for _ in one]
            names = list(by_class)
        elif self.labels is None:
            labels = names = None
        else:
            if len(self.labels) != len(paths):
                raise ValueError(
                    f"{self.who}: expected as many labels as files. Received: {len(self.labels)} "
                    f"labels and {len(paths)} files in {self.directory!r}"
                )
            labels = list(self.labels)
            names = [str(label) for label in sorted(set(labels))]
        if self.verbose:
            of = "" if names is None else f" belonging to {len(names)} classes"
            print(f"Found {len(paths)} files{of}.")
        if self.shuffle:
            np.random.RandomState(self.seed).shuffle(paths)
            if labels is not None:
                np.random.RandomState(self.seed).shuffle(labels)
        return Samples(paths, labels, names)

    def _by_class(self) -> dict[str, list[str]]:
        """The files of each class; of one class without a name, where folders are no classes."""
        if self.labels != "inferred":
            if self.class_names is not None:
                raise ValueError(
                    f"{self.who}: expected class_names with labels='inferred' alone. "
                    f"Received: class_names={shown(self.class_names)} and "
                    f"labels={shown(self.labels)}"
                )
            return {"": self._files(self.directory)}
        there = sorted(
            one.name for one in Path(self.directory).iterdir()
            if one.is_dir() and not one.name.startswith(".")
        )  # fmt: skip
        if self.class_names is not None and not set(self.class_names) <= set(there):
            raise ValueError(
                f"{self.who}: expected class_names that are names of folders in "
                f"{self.directory!r}: {there}. Received: {shown(self.class_names)}"
            )
        names = there if self.class_names is None else list(self.class_names)
        return {name: self._files(os.path.join(self.directory, name)) for name in names}  # noqa: PTH118

    def _files(self, folder: str) -> list[str]:
        """The files below a folder with the right ends, sorted."""
        walked = sorted(os.walk(folder, followlinks=self.follow_links), key=lambda one: one[0])
        return [
            os.path.join(root, name)  # noqa: PTH118
            for root, _, names in walked
            for name in sorted(names)
            if name.lower().endswith(self.formats)
        ]


def check_split(
    who: str, validation_split: Any, subset: Any, shuffle: bool, seed: int | None
) -> None:
    """Refuse a split that is none, or that would not be the same for both subsets."""
    if validation_split and not 0 < validation_split < 1:
        raise ValueError(
            f"{who}: expected validation_split between 0 and 1. Received: {validation_split!r}"
        )
    if subset not in ("training", "validation", "both", None):
        raise ValueError(
            f"{who}: expected subset as 'training', 'validation' or 'both'. Received: {subset!r}"
        )
    if bool(validation_split) != bool(subset):
        raise ValueError(
            f"{who}: expected validation_split and subset, or neither. "
            f"Received: validation_split={validation_split!r}, subset={subset!r}"
        )
    if validation_split and shuffle and seed is None:
        raise ValueError(
            f"{who}: expected a seed with validation_split, so that files of the training subset "
            "are not in the validation subset too. Received: shuffle=True, seed=None"
        )


def check_format(who: str, format: str) -> None:
    """Refuse words that Keras does not know; the data set is of one kind for both."""
    if format not in ("tf", "grain"):
        raise ValueError(f"{who}: expected format as 'tf' or 'grain'. Received: {format!r}")


def encoded(labels: Sequence[Any], label_mode: str | None, classes: int) -> Any:
    """Labels as whole numbers, as 0.0 and 1.0 in a column, or as one-hot rows.

    >>> encoded([0, 1], "categorical", 2)
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    numbers = np.asarray(labels, "int32")
    if label_mode == "binary":
        return numbers.astype("float32")[:, None]
    if label_mode == "categorical":
        return (numbers[:, None] == np.arange(classes)).astype("float32")
    return numbers
