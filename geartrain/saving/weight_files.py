"""Files of weights alone: which reader and which writer a file's ending asks for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from geartrain.files import replacing
from geartrain.saving.archive import Archive
from geartrain.saving.hdf5 import read_hdf5
from geartrain.saving.hdf5_writer import write_hdf5
from geartrain.saving.model_file import open_weights, read_config
from geartrain.saving.store import Store, opened


@contextmanager
def hdf5_file(path: Path, who: str) -> Iterator[Store]:
    """The tensors of a `.weights.h5` file, which is open within the block."""
    with opened(path, who) as (file, size), read_hdf5(file, 0, size, who) as store:
        yield store


@contextmanager
def model_file(path: Path, who: str) -> Iterator[Store]:
    """The tensors of a whole model, in a `.keras` file or a folder."""
    with Archive(path, who=who) as archive:
        _, metadata = read_config(archive, who)
        with open_weights(archive, metadata, who) as store:
            yield store


def write_hdf5_file(store: Store, path: Path) -> None:
    """Write a `.weights.h5` file, whole or not at all."""
    with replacing(path) as stream:
        write_hdf5(store, stream)


def model_text(path: Path, who: str) -> tuple[Any, Any]:
    """The metadata and the configuration in the file of a whole model; None and None in others."""
    if not path.name.endswith(".keras") or not path.exists():
        return None, None
    with Archive(path, who=who) as archive:
        config, metadata = read_config(archive, who)
        return metadata.text, config


# A module of this package and a function in it: formats that nobody asks for are not imported.
READERS = {
    ".weights.h5": "weight_files.hdf5_file",
    ".keras": "weight_files.model_file",
    ".weights.json": "shards.sharded_file",
    ".safetensors": "safetensors.safetensors_file",
    ".npz": "npz.npz_file",
}
WRITERS = {
    ".weights.h5": "weight_files.write_hdf5_file",
    ".safetensors": "safetensors.write_safetensors",
    ".npz": "npz.write_npz",
}
NAMED = (".safetensors", ".npz")  # where tensors are called after variables, not by their places


def reading(path: Path, who: str) -> Any:
    """A `with` block in which the tensors of a file can be read."""
    read = _by_ending(READERS, path, who)
    if not path.exists():
        raise not_found(path, who)
    return read(path, who)


class NoSuchFile(ValueError, FileNotFoundError):
    """A file that is not there: a ValueError, as for models in Keras, and Python's own error."""


def not_found(path: Path, who: str) -> NoSuchFile:
    """The error for a file that is not there, in Keras's words."""
    return NoSuchFile(
        f"{who}: File not found: filepath={str(path)!r}. Its folder is "
        f"{str(path.absolute().parent)!r}."
    )


def writing(path: Path, who: str) -> Any:
    """A function of a store and a path that writes a file of the kind of its ending."""
    return _by_ending(WRITERS, path, who)


def _by_ending(table: dict[str, str], path: Path, who: str) -> Any:
    """The function that a file's ending stands for."""
    for ending, place in table.items():
        if path.name.endswith(ending):
            module, _, name = place.partition(".")
            return getattr(importlib.import_module(f"geartrain.saving.{module}"), name)
    raise ValueError(
        f"{who}: The filename must end in {' or '.join(map(repr, table))}. "
        f"Received: filepath={str(path)!r}"
    )
