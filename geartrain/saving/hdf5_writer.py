"""Weights written as HDF5, in Keras's layout.

The HDF5 library only lays the file out: it writes groups, names and the headers of data sets into
memory, with room for the values. These are written from where they are and hashed meanwhile; then
come the digests, and the rest of the file with them. So a large model is written at the disk's
speed, into a zip archive too, and the same weights give the same bytes.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from geartrain.saving.checksum import joined
from geartrain.saving.hashed import NO_DIGEST, write_hashed
from geartrain.saving.hdf5 import DIGEST
from geartrain.saving.store import Store
from geartrain.saving.structure import between, footer
from geartrain.saving.window import Placed

_PAGE = 4096


class Laid:
    """An HDF5 file that is laid out and can be written.

    Where all is, and how large the file becomes, is known at once; what depends on the values only
    after they were written.

    Args:
        store: the tensors, and the names of the objects that they belong to.

    Attributes:
        places: `[offset, bytes]` of each tensor, in the order of the file.
        size: the bytes of the file.
        digests: the digest of each tensor by its path; without meaning before `write`.
        structure: the SHA-256 of all bytes that belong to no tensor; likewise.
    """

    def __init__(self, store: Store) -> None:
        self._arrays = {path: tensor.values() for path, tensor in store.tensors.items()}
        self._layout = _Layout(store, self._arrays)
        self.size = self._layout.skeleton.size
        placed = sorted((start, path) for path, start in self._layout.places.items())
        self._order = [path for _, path in placed]
        self.places = [[start, self._arrays[path].nbytes] for start, path in placed]
        self.digests = dict.fromkeys(self._arrays, NO_DIGEST)
        self.structure = NO_DIGEST

    def write(self, stream: IO[bytes], offset: int = 0, checksum: bool = False) -> int:
        """Write the file, once, and let `digests` and `structure` be its own.

        Args:
            stream: what to write to, at any place.
            offset: where the file begins there.
            checksum: whether to compute the file's CRC-32, which is returned.
        """
        starts = {path: start for path, (start, _) in zip(self._order, self.places, strict=True)}
        placed = [(offset + starts.get(path, 0), array) for path, array in self._arrays.items()]
        hashed = dict(zip(self._arrays, write_hashed(stream, placed, checksum), strict=True))
        self.digests = {path: one.digest for path, one in hashed.items()}
        skeleton = self._layout.finish(self.digests)
        structure, total = hashlib.sha256(), 0
        gaps = between(self.places, self.size)
        for (start, stop), path in zip(gaps, [*self._order, None], strict=True):
            part = skeleton.between(start, stop)
            structure.update(part)
            stream.seek(offset + start)
            stream.write(part)
            if checksum:
                total = zlib.crc32(part, total)
                if path is not None:
                    total = joined(total, hashed[path].checksum, self._arrays[path].nbytes)
        self.structure = structure.hexdigest()
        return total


def write_hdf5(store: Store, stream: IO[bytes]) -> Laid:
    """Write the tensors of a store as a file of weights, with the digests of all its bytes."""
    laid = Laid(store)
    laid.write(stream)
    stream.seek(laid.size)
    stream.write(footer(laid.places, laid.structure))
    return laid


class _Layout:
    """The file without values: where these belong, and then their digests.

    Attributes:
        skeleton: what there is of the file.
        places: where the values of each tensor begin that has any, by its path.
    """

    def __init__(self, store: Store, arrays: dict[str, np.ndarray]) -> None:
        import h5py

        skeleton = self.skeleton = _Sparse()
        self.places: dict[str, int] = {}
        self._file = h5py.File(skeleton, "w", libver=("v108", "v108"))
        self._digests: dict[str, Any] = {}
        try:
            self._fill(store, arrays)
            self._file.flush()
        except BaseException:
            self._file.close()
            raise

    def _fill(self, store: Store, arrays: dict[str, np.ndarray]) -> None:
        for name, text in store.metadata.items():
            self._file.attrs[name] = text
        groups: dict[str, Any] = {}
        for path in [f"{owner}/vars".lstrip("/") for owner in store.names]:
            groups[path] = self._file.require_group(path)
        for owner, name in store.names.items():
            groups[f"{owner}/vars".lstrip("/")].attrs["name"] = name
        for path, array in arrays.items():
            parent, _, name = path.rpartition("/")
            if parent not in groups:
                groups[parent] = self._file.require_group(parent) if parent else self._file
            dataset = _data_set(groups[parent].id, name, array)
            if store.tensors[path].dtype == "bfloat16":
                dataset.attrs["dtype"] = "bfloat16"
            dataset.attrs[DIGEST] = np.bytes_(NO_DIGEST)
            self._digests[path] = dataset
            if array.nbytes:
                self.places[path] = dataset.id.get_offset()

    def finish(self, digests: dict[str, str]) -> _Sparse:
        """The file with these digests, which is closed."""
        import h5py

        for path, dataset in self._digests.items():
            attribute = h5py.h5a.open(dataset.id, DIGEST.encode())
            attribute.write(np.array(digests[path], "S"))
        self._digests.clear()
        self._file.close()
        return self.skeleton


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


class _Sparse(Placed):
    """A file in memory that has only the pages that were written."""

    def __init__(self) -> None:
        super().__init__(0)
        self.pages: dict[int, bytearray] = {}

    def writable(self) -> bool:
        return True

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
