"""The arrays in a file, whatever its kind; nothing is unpickled, and sizes are checked first."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any, Literal

import numpy as np

_MODELS = (".keras", ".h5", ".hdf5", ".onnx", ".safetensors", ".weights.json")
TEXTS = (".csv", ".tsv", ".txt")
MOST_WORDS = 500  # of a text of a data set


def contents(name: str) -> Any:
    """The tensors in a file, or in a data set.

    Returns an array, or for several a dict of arrays by name.

    Raises:
        FileNotFoundError: neither a file nor a data set has the name.
        ValueError: the file is of another kind, or damaged.
    """
    path = Path(name)
    if not path.exists():
        return _data_set(name)
    if not path.is_file():
        raise ValueError(f"{path}: expected a file. Received: a folder, pipe or device.")
    if path.name.lower().endswith(_MODELS):
        raise ValueError(
            f"{path}: expected data. Received: a file of a model or of weights, which `geartrain "
            f"inspect {path}` tells of."
        )
    with path.open("rb") as file:
        start = file.read(6)
    if start == b"\x93NUMPY":
        return _mapped(path)
    if start[:2] == b"PK":
        return _archive(path)
    if start[:2] in (b"\0\0", b"\x1f\x8b"):
        from geartrain.datasets.idx import read_idx

        return read_idx(path)
    if path.suffix.lower() in TEXTS:
        from geartrain.commands.data.table import read_table

        return read_table(path).numbers()
    raise ValueError(
        f"{path}: expected .npy, .npz, IDX (also gzipped) or .csv. Received: a file that starts "
        f"with {start.hex(' ') or 'nothing'}."
    )


def _data_set(name: str) -> Any:
    from geartrain import datasets

    if name not in datasets.NAMES:
        raise FileNotFoundError(
            f"{name}: expected a file, or one of the data sets {', '.join(datasets.NAMES)}. "
            "Received: a name of neither."
        )
    return tuple((_rows(x), y) for x, y in getattr(datasets, name).load_data())


def _rows(x: np.ndarray) -> np.ndarray:
    """Lists of the words' numbers, as of imdb, as rows of the last of them behind zeros."""
    from geartrain.utils import pad_sequences

    return np.asarray(pad_sequences(x, maxlen=MOST_WORDS)) if x.dtype == object else x


def _mapped(path: Path) -> np.ndarray:
    """The array of an `.npy`, of which only what is looked at is read."""
    with path.open("rb") as file:
        shape, dtype, order = _header(str(path), file)
        start, size = file.tell(), file.seek(0, io.SEEK_END)
    _check_size(str(path), shape, dtype, size - start)
    if not math.prod(shape):
        return np.empty(shape, dtype)
    return np.memmap(path, dtype, "r", start, shape, order)


def _archive(path: Path) -> dict[str, Any]:
    """The arrays of an `.npz`, none of which may be larger than its member of the archive."""
    from geartrain.saving.archive import Archive

    with Archive(path) as archive:
        return {
            name.removesuffix(".npy"): _array(
                f"{path}, member {name}", archive.read(name, member.size)
            )
            for name, member in archive.members.items()
        }


def _array(name: str, data: bytes) -> np.ndarray:
    """The array of an `.npy` in memory."""
    stream = io.BytesIO(data)
    shape, dtype, order = _header(name, stream)
    start, count = stream.tell(), math.prod(shape)
    _check_size(name, shape, dtype, len(data) - start)
    return np.frombuffer(data, dtype, count, start).reshape(shape, order=order)


def _header(name: str, stream: Any) -> tuple[tuple[int, ...], np.dtype, Literal["F", "C"]]:
    """Shape, dtype and order of the elements that follow."""
    from geartrain.datasets.npz import read_header

    shape, descr, columns_first = read_header(stream, name)
    try:
        dtype = np.dtype(descr)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: expected a dtype of NumPy. Received: {descr!r}.") from None
    if dtype.hasobject:
        raise ValueError(f"{name}: expected numbers. Received: pickled Python objects, not read.")
    return shape, dtype, "F" if columns_first else "C"


def _check_size(name: str, shape: tuple[int, ...], dtype: np.dtype, size: int) -> None:
    expected = math.prod(shape) * dtype.itemsize
    if expected != size:
        raise ValueError(
            f"{name}: expected {expected} bytes for shape {shape} of {dtype}. Received: {size}."
        )
