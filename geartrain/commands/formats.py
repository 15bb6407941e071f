"""Formats of files by their endings, and models and weights read from and written to them."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Any

FOLDER = "folder"
MODELS = {
    ".keras": "Keras model",
    ".onnx": "ONNX model",
    FOLDER: "Keras model, as a folder",
    ".h5": "legacy Keras model",
    ".hdf5": "legacy Keras model",
}
WEIGHTS = {
    ".weights.h5": "Keras weights",
    ".weights.json": "Keras weights in several files",
    ".safetensors": "safetensors weights",
    ".npz": "NumPy weights",
}
GIGABYTES = 5.0  # of one file, where there are several


def format_of(path: Path) -> str:
    """The ending that says a file's format; `"folder"` for a folder.

    A path without an ending names a folder, whether or not it is there.

    Raises ValueError for endings that no format has.

    >>> format_of(Path("a.weights.h5")), format_of(Path("a.b.h5")), format_of(Path("network"))
    ('.weights.h5', '.h5', 'folder')
    """
    for ending in (*WEIGHTS, *MODELS):
        if path.name.lower().endswith(ending) and ending != FOLDER and not path.is_dir():
            return ending
    if path.is_dir() or not path.suffix:
        return FOLDER
    raise ValueError(
        f"{path}: expected the ending of a model ({', '.join(k for k in MODELS if k != FOLDER)}, "
        f"or none for a folder) or of weights ({', '.join(WEIGHTS)}). "
        f"Received: {path.suffix!r}"
    )


def load_model(path: Path, compile: bool = True) -> Any:
    """The model in a file of any format.

    Raises ValueError, besides what `load_model` raises, for files of weights alone.
    """
    from geartrain import models

    if not path.exists():
        raise FileNotFoundError(
            f"{path}: expected a model's file or folder. Received: no such file"
        )
    if format_of(path) in WEIGHTS:
        raise ValueError(
            f"{path}: expected a whole model. Received: a file of weights alone, which does not "
            "say of which layers. Load it in Python into the model that it came from: "
            f"model.load_weights({path.name!r})"
        )
    return models.load_model(path, compile=compile)


def save(model: Any, path: Path) -> None:
    """Write a model, or its weights alone, in the format that the path's ending says."""
    from geartrain import files

    kind = format_of(path)
    files.make_folder(path.absolute().parent)
    if kind == ".onnx":
        model.export(path, format="onnx", verbose=False)
    elif kind == FOLDER:
        model.save(path, zipped=False)
    elif kind == ".weights.json":
        model.save_weights(path, max_shard_size=GIGABYTES)
    elif kind in WEIGHTS:
        model.save_weights(path)
    else:
        model.save(path)


def check_target(path: Path) -> None:
    """Refuse, before any work, a path that cannot be written or that has an unknown ending."""
    from geartrain import files

    if format_of(path) != FOLDER:
        files.check_writable(path)
    elif path.is_dir() and any(path.iterdir()) and not (path / "config.json").is_file():
        raise ValueError(
            f"{path}: expected a folder that is empty or holds a model. Received: one with other "
            "files. Name another, or let the name end in .keras for one file."
        )


def bytes_on_disk(path: Path) -> int:
    """The size of a file, of all files in a folder, or of an index and its shards.

    Links in folders count as nothing.
    """
    if path.is_dir():
        found = (Path(base, name).lstat() for base, _, names in os.walk(path) for name in names)
        return sum(status.st_size for status in found if stat.S_ISREG(status.st_mode))
    shards: list[Path] = []
    if path.name.lower().endswith(".weights.json"):
        from geartrain.saving.shards import shards_of

        with contextlib.suppress(ValueError):  # a damaged index
            shards = [shard for shard in shards_of(path, str(path)) if shard.is_file()]
    return path.stat().st_size + sum(shard.lstat().st_size for shard in shards)
