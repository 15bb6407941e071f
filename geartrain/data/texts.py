"""`text_dataset_from_directory`: the texts in a folder as batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from geartrain.data.directories import Folder, check_format


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """The text files in a folder as a data set of batches `(texts, labels)`.

    Args:
        directory: the folder. Each folder in it holds the files `.txt` of one class.
        labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset,
            follow_links, format, verbose: see `image_dataset_from_directory`.
        max_length: how many bytes of a text are read at most.

    Returns a `Dataset` of texts, in UTF-8, with `class_names` and `file_paths`.

    Raises ValueError for other words, for a split without a seed, and where no file is found.
    """
    who = "text_dataset_from_directory"
    folder = Folder(
        who, (".txt",), directory, labels, label_mode, class_names, batch_size, shuffle, seed,
        validation_split, subset, follow_links, verbose,
    )  # fmt: skip
    check_format(who, format)

    def load(path: Any) -> str:
        with Path(path.item()).open("rb") as stream:
            return stream.read(max_length).decode("utf-8", "surrogateescape")

    return folder.datasets(load)
