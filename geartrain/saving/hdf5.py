"""Weights in HDF5 files: a walk that opens nothing but what lies in the file, and a writer.

HDF5 can do far more than hold arrays, and each of its extras has been an attack on a loader: links
to other files, data sets whose bytes lie in other files, filters that are loaded as plug-ins, many
names for one data set, and shapes that no byte stands behind. So the walk looks at each link
before it follows it, and at each data set's layout before its shape; the library sees the file
through a window that can read nothing else. What is returned are places of bytes: contiguous
tensors are then read past the HDF5 library.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from geartrain.graph.dtypes import numpy_dtype
from geartrain.saving.store import (
    DTYPES,
    MOST_PROBLEMS,
    FileTensor,
    Store,
    StoredTensor,
    read_exactly,
)
from geartrain.saving.structure import end_of, without_footer
from geartrain.saving.window import Window

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MOST_OBJECTS = 200_000
MOST_DEPTH = 64
MOST_NAME = 512  # characters
DIGEST = "sha256"  # the attribute of a data set
# Compressed data sets may be this much larger than what is stored, or than this many bytes.
MOST_EXPANSION, ALWAYS_ALLOWED = 16, 32 << 20

_GOOD_NAME = re.compile(r"[^/\\\x00-\x1f\x7f]+")


def read_hdf5(
    file: int,
    offset: int,
    size: int,
    what: str,
    attributes: dict[str, dict[str, Any]] | None = None,
    problems: list[str] | None = None,
) -> Store:
    """The tensors of an HDF5 file, checked but not read yet.

    Args:
        file: the descriptor of the file that holds it. It stays open, and the caller's.
        offset, size: where in the file it begins, and its bytes.
        what: what it is, for errors: `"model.weights.h5"`.
        attributes: filled with the texts, and lists of texts, that are attributes of groups, by
            the groups' paths: legacy files keep configurations and names there.
        problems: to look into a file that must not be loaded: why a group or data set is refused is
            added to this list instead of raised, and the others are there.

    Raises:
        ValueError: a file that is damaged, or that uses what weights have no need of.
    """
    import h5py

    try:
        size = without_footer(file, offset, size, what)
    except ValueError as error:
        if problems is None:
            raise
        problems.append(str(error))
    window = Window(file, offset, size, what)
    with _reading(what):
        opened = h5py.File(window, "r")
        try:
            walk = _Walk(window, attributes, problems)
            walk.root(opened.id)
        except BaseException:
            opened.close()
            raise
    return Store(walk.tensors, walk.names, walk.metadata, closing=opened.close)


@contextmanager
def _reading(what: str) -> Iterator[None]:
    """Let errors of the HDF5 library say which file they are about."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, TypeError, OverflowError, UnicodeError) as error:
        raise ValueError(
            f"{what}: expected an HDF5 file of weights. Received: one that cannot be read "
            f"({error}). The file was damaged, or is of another kind."
        ) from error


@dataclass
class _Walk:
    """What was found so far."""

    window: Window
    attributes: dict[str, dict[str, Any]] | None
    problems: list[str] | None
    tensors: dict[str, StoredTensor] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    seen: dict[Any, str] = field(default_factory=dict)  # where objects lie
    places: list[tuple[int, int, str]] = field(default_factory=list)  # of contiguous bytes
    stored: int = 0  # bytes of compressed data sets
    declared: int = 0  # bytes that these become

    def refuse(self, path: str, expected: str, received: str) -> ValueError:
        """The error for what is at `path`."""
        return ValueError(
            f"{self.window.what}: expected {expected} at {path or '/'!r}. Received: {received}. "
            "Files of weights need no such thing, and this one may be hostile: it was not read."
        )

    @contextmanager
    def judged(self) -> Iterator[None]:
        """A block whose refusal is one of the `problems`, where these are listed."""
        try:
            with _reading(self.window.what):
                yield
        except ValueError as error:
            if self.problems is None or len(self.problems) >= MOST_PROBLEMS:
                raise
            self.problems.append(str(error))

    def root(self, root: Any) -> None:
        """Look at the whole file."""
        import h5py

        info = h5py.h5o.get_info(root)
        self.seen[info.fileno, info.addr] = "/"
        self.describe(root, "")
        self.group(root, "", 0)
        with self.judged():
            self.finish()

    def group(self, group: Any, path: str, depth: int) -> None:
        """Look at each link before following it."""
        if depth > MOST_DEPTH:
            raise self.refuse(path[:80], f"at most {MOST_DEPTH} groups in each other", "more")
        names: list[bytes] = []
        group.links.iterate(lambda name: names.append(name) or len(names) > MOST_OBJECTS or None)
        for raw in names:
            with self.judged():
                self.link(group, raw, path, depth)

    def link(self, group: Any, raw: bytes, path: str, depth: int) -> None:
        """Look at a link of the group at `path`, and follow it if it leads to the file itself."""
        import h5py

        name = raw.decode("utf-8", "replace")
        if not _GOOD_NAME.fullmatch(name) or name in (".", "..") or len(name) > MOST_NAME:
            raise self.refuse(path, "plain names", f"the name {name[:80]!r}")
        inner = f"{path}/{name}" if path else name
        link = group.links.get_info(raw).type
        if link != h5py.h5l.TYPE_HARD:
            kinds = {h5py.h5l.TYPE_SOFT: "a soft", h5py.h5l.TYPE_EXTERNAL: "an external"}
            raise self.refuse(inner, "a group or data set", f"{kinds.get(link, 'a')} link")
        self.member(group, raw, inner, depth)

    def member(self, group: Any, raw: bytes, path: str, depth: int) -> None:
        """Open what a hard link leads to, if nothing else led there before."""
        import h5py

        info = h5py.h5o.get_info(group, raw)
        first = self.seen.setdefault((info.fileno, info.addr), path)
        if first != path:
            raise self.refuse(path, "an object of its own", f"another name of {first!r}")
        if len(self.seen) > MOST_OBJECTS:
            raise self.refuse(path, f"at most {MOST_OBJECTS} groups and data sets", "more")
        if info.type == h5py.h5o.TYPE_GROUP:
            inner = h5py.h5g.open(group, raw)
            self.describe(inner, path)
            self.group(inner, path, depth + 1)
        elif info.type == h5py.h5o.TYPE_DATASET:
            self.dataset(h5py.h5d.open(group, raw), path)
        else:
            raise self.refuse(path, "a group or data set", "a data type")

    def describe(self, group: Any, path: str) -> None:
        """Keep the name of the object that a group `vars` belongs to."""
        import h5py

        owner, _, last = path.rpartition("/")
        if last == "vars":
            name = self.text(group, "name", path)
            if isinstance(name, str):
                self.names[owner] = name
        if self.attributes is not None:
            names: list[bytes] = []
            h5py.h5a.iterate(group, lambda name, *_: names.append(name))
            texts = {name.decode(): self.text(group, name.decode(), path) for name in names}
            self.attributes[path] = {k: text for k, text in texts.items() if text is not None}

    def text(self, item: Any, name: str, path: str) -> str | list[str] | None:
        """An attribute that is a text or a list of texts; None if it is missing or no text."""
        import h5py

        if not h5py.h5a.exists(item, name.encode()):
            return None
        attribute = h5py.h5a.open(item, name.encode())
        kind, count = attribute.get_type(), attribute.get_space().get_simple_extent_npoints()
        if kind.get_class() != h5py.h5t.STRING:
            return None
        if not count:  # the library does not tell the size of nothing
            return []
        # A text of variable length lies elsewhere in the file: a list could name one again and
        # again, and would become far larger than the file.
        most = attribute.get_storage_size()
        if kind.is_variable_str() and count > 1:
            most = count * self.window.largest_heap
        if most > max(ALWAYS_ALLOWED, 4 * self.window.size):
            raise self.refuse(path, f"short texts as attribute {name!r}", f"up to {most} bytes")
        values = np.empty(attribute.shape, kind.dtype)
        attribute.read(values)
        texts = [as_text(value) for value in values.reshape(-1)]
        return texts[0] if attribute.shape == () else texts

    def dataset(self, dataset: Any, path: str) -> None:
        """Keep where the bytes of a data set are, once they are known to be in this file."""
        import h5py

        how = dataset.get_create_plist()
        layout = how.get_layout()
        if layout == h5py.h5d.VIRTUAL:
            raise self.refuse(path, "a data set in this file", "a virtual data set of other files")
        if how.get_external_count():
            raise self.refuse(path, "a data set in this file", "one with its bytes in other files")
        space = dataset.get_space()
        if space.get_simple_extent_type() not in (h5py.h5s.SIMPLE, h5py.h5s.SCALAR):
            raise self.refuse(path, "a tensor", "a data set without a shape")
        shape = tuple(map(int, space.shape))
        dtype, native = self.dtype(dataset, path)
        nbytes = math.prod(shape) * numpy_dtype(dtype).itemsize
        digest, size = self.text(dataset, DIGEST, path), dataset.get_storage_size()
        if digest is not None and not isinstance(digest, str):
            raise self.refuse(path, f"a text as attribute {DIGEST!r}", "another value")
        if layout == h5py.h5d.CHUNKED:
            self.check_chunks(dataset, how, path, nbytes, size)
        elif size != nbytes:
            raise self.refuse(path, f"the {nbytes} bytes of shape {shape}", f"{size} bytes")
        if layout == h5py.h5d.CONTIGUOUS and nbytes and native:
            start = dataset.get_offset()
            if start is None or start + nbytes > self.window.size:
                raise self.refuse(path, f"{nbytes} bytes", "a file that ends before them")
            self.places.append((start, start + nbytes, path))
            self.tensors[path] = FileTensor(
                path, shape, dtype, digest=digest,
                file=self.window.file, offset=self.window.offset + start,
            )  # fmt: skip
        else:
            self.declared += nbytes
            self.stored += size
            self.tensors[path] = _Filtered(path, shape, dtype, digest=digest, dataset=dataset)

    def dtype(self, dataset: Any, path: str) -> tuple[str, bool]:
        """A data set's dtype, and whether its bytes are those of the same dtype in memory."""
        import h5py

        kind = dataset.get_type()
        if kind.get_class() == h5py.h5t.OPAQUE and kind.get_size() == 2:
            if self.text(dataset, "dtype", path) == "bfloat16":
                return "bfloat16", True
        elif kind.get_class() in (h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.ENUM):
            found = np.dtype(kind.dtype)
            if found.name in DTYPES and found.itemsize == kind.get_size():
                return found.name, found.isnative
        raise self.refuse(path, f"one of the dtypes {', '.join(DTYPES)}", _kind_name(kind))

    def check_chunks(self, dataset: Any, how: Any, path: str, nbytes: int, size: int) -> None:
        """Refuse filters that could be plug-ins, and chunks that nothing stands behind."""
        import h5py

        allowed = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
        filters = [how.get_filter(number)[0] for number in range(how.get_nfilters())]
        if not set(filters) <= allowed:
            wrong = [number for number in filters if number not in allowed]
            raise self.refuse(path, "the filters gzip, shuffle, fletcher32", f"filter {wrong[0]}")
        chunk = math.prod(how.get_chunk()) * dataset.get_type().get_size()
        if chunk > max(2 * nbytes, 1 << 20):
            raise self.refuse(path, f"chunks of its {nbytes} bytes", f"chunks of {chunk} bytes")
        if size > self.window.size or (h5py.h5z.FILTER_DEFLATE not in filters and size < nbytes):
            raise self.refuse(path, f"{nbytes} bytes", f"{size} bytes")

    def check_end(self) -> None:
        """Refuse what is behind the end of a file with digests: its footer, if it were sound."""
        head = bytearray(min(36, self.window.size))
        read_exactly(self.window.file, self.window.offset, memoryview(head), self.window.what)
        more = self.window.size - (end_of(bytes(head)) or self.window.size)
        if more and any(tensor.digest is not None for tensor in self.tensors.values()):
            raise self.refuse("", "a footer with a SHA-256 behind the end", f"{more} other bytes")

    def finish(self) -> None:
        """What can be told only of all data sets together."""
        self.check_end()
        self.places.sort()
        for (_, stop, path), (start, _, other) in zip(self.places, self.places[1:], strict=False):
            if start < stop:
                raise self.refuse(other, "bytes of its own", f"bytes that {path!r} has too")
        if self.declared > max(ALWAYS_ALLOWED, MOST_EXPANSION * self.stored):
            raise self.refuse(
                "",
                f"compressed data sets that are at most {MOST_EXPANSION} times what is stored",
                f"{self.declared} bytes in {self.stored}",
            )


def as_text(value: Any) -> str:
    """A text of an attribute, which libraries give as bytes or as text."""
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _kind_name(kind: Any) -> str:
    return f"class {kind.get_class()} of {kind.get_size()} bytes"


@dataclass(frozen=True)
class _Filtered(StoredTensor):
    """A tensor in chunks, in an object's header or in another byte order: read by the library."""

    dataset: Any = field(kw_only=True, compare=False)

    def read_whole(self, array: np.ndarray) -> bool:
        """Fill the array."""
        import h5py

        target = array.view("V2") if self.dtype == "bfloat16" else array
        with _reading(self.path):
            self.dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, target)
        return True
