"""Weights in NumPy's `.npz` archives, one `.npy` member each, called after its variable.

`numpy.load("m.npz")["dense/kernel"]` reads one. Nothing is ever unpickled: the header of a member
is matched as text, and compared with the member's size before memory is taken. The archive's
CRC-32s are checked.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from geartrain.datasets.npz import HEADER_ROOM, read_header
from geartrain.files import replacing
from geartrain.graph.dtypes import numpy_dtype
from geartrain.saving.archive import Archive
from geartrain.saving.store import (
    DTYPES,
    FileTensor,
    Store,
    StoredTensor,
    bytes_of,
    opened,
    read_exactly,
)

# How headers say dtypes; bfloat16 as plain bytes, since NumPy does not know it.
_NAMES = {numpy_dtype(name).newbyteorder("<").str: name for name in DTYPES if name != "bfloat16"}
_NAMES["|V2"] = "bfloat16"
_NO_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class _Turned(FileTensor):
    """A tensor whose axes lie in the file in the opposite order (Fortran's)."""

    def read_whole(self, array: np.ndarray) -> bool:
        """Fill the array."""
        turned = np.empty(self.shape[::-1], array.dtype)
        read_exactly(self.file, self.offset, bytes_of(turned), self.path)
        array[...] = turned.T
        return True


@contextmanager
def npz_file(path: Path, who: str) -> Iterator[Store]:
    """The tensors of an `.npz` archive, which is open within the block.

    Raises:
        ValueError: an archive that is damaged, or that holds something else than numbers.
    """
    with opened(path, who), Archive(path, who=who) as archive:  # which takes folders too
        tensors = {}
        for member in archive.members:
            name = member.removesuffix(".npy")
            if name == member:
                raise ValueError(
                    f"{who}: expected members '.npy', as numpy.savez makes them. "
                    f"Received: {member!r}"
                )
            tensors[name] = npy_tensor(name, *archive.place(member, verify=True), who)
        yield Store(tensors)


def npy_tensor(name: str, file: int, offset: int, size: int, who: str) -> StoredTensor:
    """The array of an `.npy`, if its bytes are as many as its header declares."""
    what = f"{who}, {name + '.npy'!r}"
    start = bytearray(min(size, HEADER_ROOM))
    read_exactly(file, offset, memoryview(start), what)
    stream = io.BytesIO(start)
    shape, descr, turned = read_header(stream, what)
    if descr not in _NAMES:
        raise ValueError(
            f"{what}: expected one of the dtypes {', '.join(DTYPES)}, lowest byte first. "
            f"Received: {descr!r}"
        )
    dtype = _NAMES[descr]
    nbytes, begins = math.prod(shape) * numpy_dtype(dtype).itemsize, stream.tell()
    if size - begins != nbytes:
        raise ValueError(
            f"{what}: expected the {nbytes} bytes of shape {shape}, dtype {dtype}. "
            f"Received: {size - begins}"
        )
    kind = _Turned if turned and len(shape) > 1 else FileTensor
    return kind(name, shape, dtype, file=file, offset=offset + begins)


def write_npz(store: Store, path: Path) -> None:
    """Write the tensors of a store, whole or not at all."""
    import zipfile

    with replacing(path) as stream, zipfile.ZipFile(stream, "w") as archive:
        for name, tensor in store.tensors.items():
            array: Any = tensor.values()
            if tensor.dtype == "bfloat16":
                array = array.view("V2")
            info = zipfile.ZipInfo(f"{name}.npy", _NO_DATE)
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
