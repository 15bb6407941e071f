"""Weights written as HDF5, in Keras's layout.

The HDF5 library only lays the file out: it writes groups, names and the headers of data sets into
memory, with room for the values. Then the file is written from its first byte to its last, the
values from where they are. So a large model is written at the disk's speed, into a zip archive
too, and the same weights give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from geartrain.saving.hdf5 import DIGEST
from geartrain.saving.store import MemoryTensor, Store, bytes_of, digests_of

_PAGE = 4096


class Laid:
    """An HDF5 file that is laid out and can be written.

    Args:
        store: the tensors, and the names of the objects that they belong to.

    Attributes:
        digests: the digest of each tensor by its path.
        places: `[offset, bytes]` of each tensor, in the order of the file.
        structure: the SHA-256 of all bytes that belong to no tensor.
        size: the bytes of the file.
    """

    def __init__(self, store: Store) -> None:
        self._arrays = {
            path: tensor.array if isinstance(tensor, MemoryTensor) else tensor.read()
            for path, tensor in store.tensors.items()
        }
        digests = digests_of(self._arrays.values())
        self.digests = dict(zip(self._arrays, digests, strict=True))
        self._skeleton, self._order = _laid_out(store, self._arrays, self.digests)
        self.size = self._skeleton.size
        self.places = [[start, self._arrays[path].nbytes] for start, path in self._order]
        structure = hashlib.sha256()
        for start, stop in between(self.places, self.size):
            structure.update(self._skeleton.between(start, stop))
        self.structure = structure.hexdigest()

    def write(self, stream: IO[bytes]) -> None:
        """Write the file from the place of `stream` on."""
        gaps = between(self.places, self.size)
        for (start, stop), (_, path) in zip(gaps, self._order, strict=False):
            stream.write(self._skeleton.between(start, stop))
            stream.write(bytes_of(self._arrays[path]))
        stream.write(self._skeleton.between(*gaps[-1]))


def between(places: list[list[int]], size: int) -> list[tuple[int, int]]:
    """The ranges of bytes before, between and behind places.

    >>> between([[4, 2], [6, 3]], 12)
    [(0, 4), (6, 6), (9, 12)]
    """
    starts = [start for start, _ in places] + [size]
    stops = [0] + [start + count for start, count in places]
    return list(zip(stops, starts, strict=True))


def write_hdf5(store: Store, stream: IO[bytes]) -> Laid:
    """Write the tensors of a store, with their digests, from the place of `stream` on."""
    laid = Laid(store)
    laid.write(stream)
    return laid


def _laid_out(
    store: Store, arrays: dict[str, np.ndarray], digests: dict[str, str]
) -> tuple[_Sparse, list[tuple[int, str]]]:
    """The file without values, and where these belong."""
    import h5py

    skeleton = _Sparse()
    places = []
    with h5py.File(skeleton, "w", libver=("v108", "v108")) as file:
        for name, text in store.metadata.items():
            file.attrs[name] = text
        groups: dict[str, Any] = {}
        for path in [f"{owner}/vars".lstrip("/") for owner in store.names]:
            groups[path] = file.require_group(path)
        for owner, name in store.names.items():
            groups[f"{owner}/vars".lstrip("/")].attrs["name"] = name
        for path, array in arrays.items():
            parent, _, name = path.rpartition("/")
            if parent not in groups:
                groups[parent] = file.require_group(parent) if parent else file
            dataset = _data_set(groups[parent].id, name, array)
            if store.tensors[path].dtype == "bfloat16":
                dataset.attrs["dtype"] = "bfloat16"
            dataset.attrs[DIGEST] = np.bytes_(digests[path])
            if array.nbytes:
                places.append((dataset.id.get_offset(), path))
    return skeleton, sorted(places)


def _data_set(group: Any, name: str, array: np.ndarray) -> Any:
    """A new data set with room for the values of an array, which it does not write."""
    import h5py

    how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    how.set_layout(h5py.h5d.CONTIGUOUS)
    how.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    how.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    how.set_obj_track_times(False)
    if array.dtype.name == "bfloat16":
        kind = h5py.h5t.create(h5py.h5t.OPAQUE, 2)
    else:
        kind = h5py.h5t.py_create(array.dtype, logical=True)
    space = h5py.h5s.create_simple(array.shape) if array.shape else h5py.h5s.create(h5py.h5s.SCALAR)
    return h5py.Dataset(h5py.h5d.create(group, name.encode(), kind, space, how))


class _Sparse(io.RawIOBase):
    """A file in memory that has only the pages that were written."""

    def __init__(self) -> None:
        self.pages: dict[int, bytearray] = {}
        self.size = self._place = 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + (0, self._place, self.size)[whence]
        return self._place

    def tell(self) -> int:
        return self._place

    def truncate(self, size: int | None = None) -> int:
        self.size = self._place if size is None else size
        return self.size

    def write(self, buffer: Any) -> int:
        data = memoryview(buffer).cast("B")
        done = 0
        for page, start, stop in _pages(self._place, len(data)):
            held = self.pages.setdefault(page, bytearray(_PAGE))
            held[start:stop] = data[done : done + stop - start]
            done += stop - start
        self._place += done
        self.size = max(self.size, self._place)
        return done

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self.size - self._place))
        view[:count] = self.between(self._place, self._place + count)
        self._place += count
        return count

    def between(self, start: int, stop: int) -> bytes:
        """The bytes from one place to another; zeros where nothing was written."""
        empty = bytes(_PAGE)
        return b"".join(
            bytes(self.pages.get(page, empty)[first:last])
            for page, first, last in _pages(start, stop - start)
        )


def _pages(place: int, size: int) -> Iterator[tuple[int, int, int]]:
    """The pages that a range of bytes lies on: `(page, first byte, last byte + 1)`."""
    stop = place + size
    while place < stop:
        page, first = divmod(place, _PAGE)
        last = min(_PAGE, first + stop - place)
        yield page, first, last
        place += last - first
