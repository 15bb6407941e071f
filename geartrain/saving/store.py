"""Tensors by their paths: what every reader of weights returns, and every writer takes.

A store knows the shape and the dtype of all its tensors before a byte of them is read, so that
what does not fit is refused before memory is taken for it. Reading checks the tensor's SHA-256
where the file has one.

Large tensors are read and hashed in pieces, on all cores: hashing takes three times as long as
reading. A tensor's digest is therefore the SHA-256 of the SHA-256s of its pieces, in order.
"""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from geartrain.graph.dtypes import numpy_dtype
from geartrain.runtime.aligned import aligned_empty

MOST_PROBLEMS = 100  # of a file that are listed
PIECE = 1 << 20  # bytes hashed at once: what fits a core's cache
SMALL = 4 << 20  # bytes below which other threads are not worth waking
DTYPES = (
    "float16", "bfloat16", "float32", "float64", "bool",
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
)  # fmt: skip


Done = TypeVar("Done")


@dataclass(frozen=True)
class StoredTensor:
    """A tensor that can be read.

    Attributes:
        path: its place, as in `"layers/dense/vars/0"`.
        shape: its shape.
        dtype: the name of its dtype, as in `"bfloat16"`.
        digest: its SHA-256 (see the module) in hexadecimal; None where the file has none.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    digest: str | None = field(default=None, kw_only=True)

    @property
    def nbytes(self) -> int:
        """The bytes that its values take."""
        return math.prod(self.shape) * numpy_dtype(self.dtype).itemsize

    def read_piece(self, start: int, into: memoryview) -> None:
        """Fill `into` with the bytes that begin at `start`. Called from several threads.

        Each kind of file overrides this, or `read_whole` if it can only be read at once.
        """
        raise NotImplementedError

    def read_whole(self, array: np.ndarray) -> bool:
        """Fill an array that fits, in this thread; False where pieces can be read instead."""
        return False

    def read_into(self, array: np.ndarray) -> None:
        """Fill an array of the same shape and dtype, and check the digest.

        Raises:
            ValueError: an array that does not fit, or values that were changed since they were
                written. The array's content is undefined then.
        """
        read_tensors([(self, array)])

    def read(self) -> np.ndarray:
        """A new array with the values."""
        array = aligned_empty(self.shape, numpy_dtype(self.dtype))
        self.read_into(array)
        return array

    def values(self) -> np.ndarray:
        """The values, to be written elsewhere: a new array only if they are not in memory yet."""
        return self.read()


@dataclass(frozen=True)
class MemoryTensor(StoredTensor):
    """A tensor that is in memory already: what writers are given.

    >>> tensor = MemoryTensor.of("vars/0", np.arange(3))
    >>> tensor.shape, tensor.dtype, tensor.nbytes
    ((3,), 'int64', 24)
    """

    array: np.ndarray = field(kw_only=True, compare=False)

    @classmethod
    def of(cls, path: str, array: Any) -> MemoryTensor:
        """The tensor of an array."""
        array = np.asarray(array)
        little = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
        return cls(path, little.shape, little.dtype.name, array=little)

    def values(self) -> np.ndarray:
        """The array itself."""
        return self.array

    def read_piece(self, start: int, into: memoryview) -> None:
        """Copy the bytes."""
        into[:] = bytes_of(self.array)[start : start + len(into)]


@dataclass(frozen=True)
class FileTensor(StoredTensor):
    """A tensor whose bytes lie one after the other in a file.

    Attributes:
        file: the file's descriptor; the store that gave the tensor closes it.
        offset: where the bytes begin.
    """

    file: int = field(kw_only=True)
    offset: int = field(kw_only=True)

    def read_piece(self, start: int, into: memoryview) -> None:
        """Read the bytes, from any thread."""
        read_exactly(self.file, self.offset + start, into, self.path)


@dataclass
class Store:
    """The tensors of a file, and the names of the objects that they belong to.

    Use it as a context manager: tensors are read from the open file.

    Attributes:
        tensors: by path, in the order of the file.
        names: the names of the objects by their path: `{"layers/dense": "hidden"}`. An object
            without variables may be named too.
        metadata: further text of the file, such as a version.
        closing: called when the store is closed.

    >>> store = Store({"vars/0": MemoryTensor.of("vars/0", np.ones(2))}, {"": "model"})
    >>> store.group("")[0].read()
    array([1., 1.])
    """

    tensors: dict[str, StoredTensor]
    names: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    closing: Callable[[], None] | None = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Tensors cannot be read afterwards."""
        closing, self.closing = self.closing, None
        if closing is not None:
            closing()

    @property
    def nbytes(self) -> int:
        """The bytes of all tensors."""
        return sum(tensor.nbytes for tensor in self.tensors.values())

    def groups(self) -> dict[str, dict[str, StoredTensor]]:
        """The tensors of each object by key: those at `P/vars/key` as `found["P"]["key"]`."""
        found: dict[str, dict[str, StoredTensor]] = {}
        for path, tensor in self.tensors.items():
            before, divider, key = f"/{path}".rpartition("/vars/")
            if divider:
                found.setdefault(before[1:], {})[key] = tensor
        return found

    def group(self, path: str) -> list[StoredTensor]:
        """The variables of the object at `path`, in their order."""
        members = self.groups().get(path, {})
        return [members[key] for key in sorted(filter(str.isdecimal, members), key=int)]

    def paths(self) -> list[str]:
        """The paths of the objects that have variables here."""
        return [path for path, members in self.groups().items() if any(map(str.isdecimal, members))]


def read_tensors(pairs: Iterable[tuple[StoredTensor, np.ndarray]]) -> None:
    """Fill an array from each tensor, on all cores, and check the digests.

    Raises:
        ValueError: an array that does not fit, or values that were changed since they were
            written; the error names the tensor. The arrays' content is undefined then.
    """
    pairs = list(pairs)
    for tensor, array in pairs:
        _check_fits(tensor, array)
    digests = over_pieces(
        [bytes_of(array) for _, array in pairs],
        [None if tensor.read_whole(array) else tensor.read_piece for tensor, array in pairs],
        [tensor.digest is not None for tensor, _ in pairs],
    )
    for (tensor, _), digest in zip(pairs, digests, strict=True):
        if tensor.digest is not None:
            check_digest(f"Tensor {tensor.path!r}", tensor.digest, digest)


def check_digest(what: str, written: str, found: str | None) -> None:
    """Refuse values whose digest is not the one that was written with them."""
    if found != written:
        raise ValueError(
            f"{what}: expected the values that were written, with SHA-256 {written:.16}... "
            f"Received: values with {found:.16}... The file was damaged or changed: get it again, "
            "or load an older one."
        )


def digests_of(arrays: Iterable[np.ndarray]) -> list[str]:
    """The digest of each array's bytes (see the module), computed on all cores.

    >>> digests_of([np.zeros(4, "float32")])[0][:16]
    '81fc492561da5683'
    """
    buffers = [bytes_of(array) for array in arrays]
    return [str(digest) for digest in over_pieces(buffers, [None] * len(buffers), None)]


def over_pieces(
    buffers: list[memoryview],
    fill: Sequence[Callable[[int, memoryview], None] | None],
    hashed: list[bool] | None,
) -> list[str | None]:
    """Fill each buffer piece by piece, and give the digests of those that are to be hashed."""
    import hashlib

    def work(piece: tuple[int, int, int]) -> bytes:
        number, start, stop = piece
        part, read = buffers[number][start:stop], fill[number]
        if read is not None:
            read(start, part)
        return hashlib.sha256(part).digest() if hashed is None or hashed[number] else b""

    pieces = pieces_of(map(len, buffers))
    joined = [b""] * len(buffers)
    with in_threads(work, pieces) as digests:
        for (number, _, _), digest in zip(pieces, digests, strict=True):
            joined[number] += digest
    wanted = hashed or [True] * len(buffers)
    return [
        hashlib.sha256(parts).hexdigest() if one else None
        for parts, one in zip(joined, wanted, strict=True)
    ]


def pieces_of(sizes: Iterable[int], most: int = PIECE) -> list[tuple[int, int, int]]:
    """Buffers of these sizes in pieces: `(number, first byte, last byte + 1)`.

    >>> pieces_of([3, 0], most=2)
    [(0, 0, 2), (0, 2, 3), (1, 0, 0)]
    """
    return [
        (number, start, min(start + most, size))
        for number, size in enumerate(sizes)
        for start in range(0, size or 1, most)
    ]


def is_large(nbytes: int) -> bool:
    """Whether so many bytes are worth the work of other threads."""
    return nbytes >= SMALL and _cores() > 1


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def in_threads(
    work: Callable[[tuple[int, int, int]], Done], pieces: list[tuple[int, int, int]]
) -> Iterator[Iterator[Done]]:
    """A block in which all cores work on pieces; it is given what `work` gives for each, in order.

    What is small is worked on in this thread, once it is asked for. Leaving the block by an error
    leaves the pieces out that are not under way.
    """
    if not is_large(sum(stop - start for _, start, stop in pieces)):
        yield map(work, pieces)
        return
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(_cores())
    try:
        yield pool.map(work, pieces)
    finally:
        pool.shutdown(cancel_futures=True)


def _check_fits(tensor: StoredTensor, array: np.ndarray) -> None:
    if array.shape != tensor.shape or array.dtype != numpy_dtype(tensor.dtype):
        raise ValueError(
            f"Tensor {tensor.path!r}: expected an array of shape {tensor.shape} and dtype "
            f"{tensor.dtype} to read into. Received: shape {array.shape}, dtype {array.dtype}"
        )
    if not array.flags.c_contiguous:
        raise ValueError(
            f"Tensor {tensor.path!r}: expected an array to read into whose values lie one after "
            "the other. Received: a strided view"
        )


def bytes_of(array: np.ndarray) -> memoryview:
    """The bytes of an array whose values lie one after the other, without a copy."""
    return memoryview(array.reshape(-1).view(np.uint8))


@contextmanager
def opened(path: Path, who: str, follow: bool = True) -> Iterator[tuple[int, int]]:
    """The descriptor and the size of a file, which is open within the block.

    Args:
        path: the file.
        who: what errors begin with.
        follow: whether a symbolic link may lead to it.

    Raises:
        ValueError: a pipe or device, which would be waited for or has no end; a folder.
        OSError: the file cannot be opened.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    file = os.open(path, flags | (0 if follow else getattr(os, "O_NOFOLLOW", 0)))
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(
                f"{who}: expected {str(path)!r} to be a file. Received: a folder, pipe or device."
            )
        yield file, status.st_size
    finally:
        os.close(file)


def read_exactly(file: int, offset: int, into: memoryview, what: str) -> None:
    """Fill `into` from a file's offset on, or say that the file is too short."""
    done = 0
    while done < len(into):
        if hasattr(os, "preadv"):
            count = os.preadv(file, [into[done:]], offset + done)
        else:
            part = os.pread(file, len(into) - done, offset + done)
            count = len(part)
            into[done : done + count] = part
        if count == 0:
            raise ValueError(
                f"{what!r}: expected {len(into)} bytes at {offset} of the file. Received: {done}, "
                "then its end. The file was cut off: get it again."
            )
        done += count
