"""Data sets of the lines and of the records of files, and what writes records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from geartrain.data.base import UNKNOWN
from geartrain.data.dataset import Dataset
from geartrain.data.elements import as_tensor
from geartrain.data.paths import paths_of
from geartrain.data.spec import TensorSpec
from geartrain.errors import shown
from geartrain.files import replacing
from geartrain.files.records import framed, records
from geartrain.graph.eager import eager

_TEXT = TensorSpec((), "string")


def opened(who: str, path: str, compression: Any) -> BinaryIO:
    """A file to read, decompressed on the way.

    Raises ValueError for another compression than "GZIP", "ZLIB" or none.
    """
    kind = getattr(compression, "numpy", lambda: compression)()
    kind = (kind.decode() if isinstance(kind, bytes) else kind) or ""
    if kind == "GZIP":
        import gzip

        return gzip.open(path, "rb")  # type: ignore[return-value]
    if kind == "ZLIB":
        import io
        import zlib

        return io.BytesIO(zlib.decompress(Path(path).read_bytes()))
    if kind:
        raise ValueError(
            f"{who}: expected compression_type as '', 'GZIP' or 'ZLIB'. Received: {shown(kind)}"
        )
    return Path(path).open("rb")


class _Files(Dataset):
    """What the files with some names hold, one after another."""

    def __init__(
        self, filenames: Any, compression: Any, read: Callable[[BinaryIO, str], Iterator[Any]]
    ) -> None:
        who = type(self).__name__

        def make() -> Iterator[Any]:
            for path in paths_of(who, filenames):
                with opened(who, path, compression) as stream:
                    yield from read(stream, f"{who}({path!r})")

        super().__init__(make, UNKNOWN, _TEXT)


class TextLineDataset(_Files):
    """The lines of text files, without their ends.

    Args:
        filenames: one name, a list, or a data set of names.
        compression_type: "", "GZIP" or "ZLIB".
        buffer_size, num_parallel_reads, name: accepted as in TensorFlow.

    Raises, on iteration, OSError for files that are not there.
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:
        def lines(stream: BinaryIO, name: str) -> Iterator[Any]:
            for line in stream:
                text = line.rstrip(b"\n").removesuffix(b"\r")
                yield as_tensor(text.decode("utf-8", "surrogateescape"))

        super().__init__(filenames, compression_type, lines)


class TFRecordDataset(_Files):
    """The records of TFRecord files, as bytes, each checked.

    Args:
        filenames: one name, a list, or a data set of names.
        compression_type: "", "GZIP" or "ZLIB".
        buffer_size, num_parallel_reads, name: accepted as in TensorFlow.

    Raises, on iteration, ValueError for damaged files and OSError for those that are not there.
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:
        def read(stream: BinaryIO, name: str) -> Iterator[Any]:
            return map(as_bytes, records(stream, name))

        super().__init__(filenames, compression_type, read)


class FixedLengthRecordDataset(_Files):
    """Parts of files, each of so many bytes.

    Args:
        filenames: one name, a list, or a data set of names.
        record_bytes: how many bytes a record has.
        header_bytes, footer_bytes: how many are left out at the beginning and at the end.
        buffer_size, num_parallel_reads, name: accepted as in TensorFlow.
        compression_type: "", "GZIP" or "ZLIB".
    """

    def __init__(
        self,
        filenames: Any,
        record_bytes: int,
        header_bytes: int | None = None,
        footer_bytes: int | None = None,
        buffer_size: Any = None,
        compression_type: Any = None,
        num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:
        def read(stream: BinaryIO, name: str) -> Iterator[Any]:
            data = stream.read()
            body = data[header_bytes or 0 : len(data) - (footer_bytes or 0)]
            if len(body) % record_bytes:
                raise ValueError(
                    f"{name}: expected records of {record_bytes} bytes. Received: {len(body)} "
                    "bytes, which are no whole number of them"
                )
            for start in range(0, len(body), record_bytes):
                yield as_bytes(body[start : start + record_bytes])

        super().__init__(filenames, compression_type, read)


def as_bytes(data: bytes) -> Any:
    """Bytes as a tensor that keeps zeros at their end."""
    found = np.empty((), object)
    found[()] = data
    return eager(found)


class TFRecordWriter:
    """Writes a TFRecord file, record by record; use it in a `with` block.

    Args:
        path: the file.
        options: "GZIP" or an object with such a `compression_type`; none by default.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with TFRecordWriter(f"{folder}/file") as writer:
    ...         writer.write(b"one")
    ...     list(TFRecordDataset(f"{folder}/file"))
    [array(b'one', dtype=object)]
    """

    def __init__(self, path: Any, options: Any = None) -> None:
        kind = getattr(options, "compression_type", options) or ""
        self._whole = ExitStack()  # the file gets its name when it is whole
        self._file = self._whole.enter_context(replacing(Path(path)))
        self._stream: Any = self._file
        if kind == "GZIP":
            import gzip

            self._stream = gzip.GzipFile(fileobj=self._file, mode="wb")

    def write(self, record: Any) -> None:
        """Write one record."""
        self._stream.write(framed(bytes(getattr(record, "numpy", lambda: record)())))

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        self._stream.flush()

    def close(self) -> None:
        """End the file: it is there now."""
        if self._stream is not self._file:
            self._stream.close()
        self._whole.close()

    def __enter__(self) -> TFRecordWriter:
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if error is None:
            self.close()
        else:
            self._whole.__exit__(kind, error, traceback)
