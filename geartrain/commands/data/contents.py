"""The arrays in a file, whatever its kind; nothing is unpickled, and sizes are checked first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

DATA_SETS = ("mnist", "fashion_mnist", "digits")
TEXTS = (".csv", ".tsv", ".txt")


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

    if name not in DATA_SETS:
        raise FileNotFoundError(
            f"{name}: expected a file, or one of the data sets {', '.join(DATA_SETS)}. "
            "Received: a name of neither."
        )
    return getattr(datasets, name).load_data()


def _mapped(path: Path) -> np.ndarray:
    """The array of an `.npy`, of which only what is looked at is read."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise ValueError(f"{path}: expected an .npy array of numbers. Received: {error}") from None


def _archive(path: Path) -> dict[str, Any]:
    """The arrays of an `.npz`, none of which may be larger than its member of the archive."""
    import zipfile

    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                with archive.open(member) as stream:
                    arrays[name] = _array(f"{path}, member {name}", stream, member.file_size)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{path}: expected a whole .npz archive. Received: {error}.") from error
    return arrays


def _array(name: str, stream: Any, size: int) -> np.ndarray:
    """Read one `.npy` of `size` bytes, header first."""
    try:
        version = np.lib.format.read_magic(stream)
        header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran, dtype = header(stream)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{name}: expected an .npy array. Received: {error}.") from error
    if dtype.hasobject:
        raise ValueError(f"{name}: expected numbers. Received: pickled Python objects, not read.")
    count = int(np.prod(shape, dtype=object))
    if count * dtype.itemsize > size:
        raise ValueError(
            f"{name}: expected {count * dtype.itemsize} bytes for shape {shape} of {dtype}. "
            f"Received: {size}."
        )
    flat = np.frombuffer(stream.read(count * dtype.itemsize), dtype)
    return flat.reshape(shape, order="F" if fortran else "C")
