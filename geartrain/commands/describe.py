"""Say what a file of tensors holds: kind of data, axes, shape, dtype, range, and oddities.

Files may be .npy, .npz, IDX (also gzipped) or .csv; `mnist`, `fashion_mnist` and `digits` stand
for the data sets of these names.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

HELP = "say what a file of tensors holds"
_DATA_SETS = ("mnist", "fashion_mnist", "digits")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("file", nargs="+", help=".npy, .npz, IDX, .csv, or a data set's name")


def execute(options: argparse.Namespace) -> int:
    """Print an account of each file."""
    from geartrain.utils import describe

    for number, name in enumerate(options.file):
        if number:
            print()
        account = describe(contents(name))
        print(f"{name}: {account}" if len(options.file) > 1 else account)
    return 0


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
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return _table(path)
    raise ValueError(
        f"{path}: expected .npy, .npz, IDX (also gzipped) or .csv. Received: a file that starts "
        f"with {start.hex(' ') or 'nothing'}."
    )


def _data_set(name: str) -> Any:
    from geartrain import datasets

    if name not in _DATA_SETS:
        raise FileNotFoundError(
            f"{name}: expected a file, or one of the data sets {', '.join(_DATA_SETS)}. "
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


def _table(path: Path) -> np.ndarray:
    """The numbers of a text file with commas or tabs, without a first line of names."""
    with path.open(encoding="utf-8-sig") as file:
        first = file.readline()
        separator = next((mark for mark in ("\t", ",", ";") if mark in first), None)
        try:
            [float(cell or "nan") for cell in first.split(separator)]
            file.seek(0)
        except ValueError:
            pass  # names of columns
        try:
            return np.loadtxt(file, delimiter=separator, ndmin=2, dtype="float64")
        except ValueError as error:
            raise ValueError(f"{path}: expected numbers, a row a line. Received: {error}") from None
