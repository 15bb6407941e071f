"""The safetensors format: a header in JSON, then the bytes of all tensors.

    8 bytes   the length of the header
    header    {"dense/kernel": {"dtype": "F32", "shape": [3, 2], "data_offsets": [0, 24]}, ...,
               "__metadata__": {"key": "text", ...}}
    values    without gaps, each byte in one tensor

It can hold no code, but what a header says is still only said: its length, its shapes and its
offsets are checked against each other and the file before any memory is taken.

Geartrain keeps SHA-256s in the metadata: of each tensor (see `store`), and of the header itself.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from geartrain.files import replacing
from geartrain.graph.dtypes import numpy_dtype
from geartrain.saving import plain
from geartrain.saving.hashed import NO_DIGEST, write_hashed
from geartrain.saving.store import (
    FileTensor,
    Store,
    StoredTensor,
    opened,
    read_exactly,
)

DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64",
    "I32": "int32", "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32",
    "U16": "uint16", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip
MOST_TENSORS = 200_000
MOST_NAME = 512  # characters
METADATA = "__metadata__"
DIGESTS, OWN_DIGEST = "geartrain.sha256", "geartrain.sha256.header"
_KEYS = {"dtype", "shape", "data_offsets"}
_CODES = {name: code for code, name in DTYPES.items()}
_ALIGNMENT = 64  # of the first tensor, so that a file that is mapped into memory is good to use


@contextmanager
def safetensors_file(path: Path, who: str) -> Iterator[Store]:
    """The tensors of a `.safetensors` file, which is open within the block.

    Raises:
        ValueError: a file that is damaged, or whose header contradicts itself.
    """
    with opened(path, who) as (file, size):
        yield _read(file, size, who)


def _read(file: int, size: int, who: str) -> Store:
    if size < 8:
        raise _refuse(who, "at least the 8 bytes of a header's length", f"{size} bytes")
    length = bytearray(8)
    read_exactly(file, 0, memoryview(length), who)
    count = int.from_bytes(length, "little")
    if count > min(size - 8, plain.MOST_BYTES):
        raise _refuse(who, f"a header within the file's {size} bytes", f"a length of {count}")
    text = bytearray(count)
    read_exactly(file, 8, memoryview(text), who)
    header = plain.parse(bytes(text), f"{who}: header")
    if not isinstance(header, dict) or len(header) > MOST_TENSORS:
        raise _refuse(who, f"an object of at most {MOST_TENSORS} tensors", f"{header!r:.80}")
    metadata = header.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _refuse(who, f"texts in {METADATA!r}", f"{metadata!r:.80}")
    _check_header(header, metadata, who)
    digests = _digests(metadata, who)
    tensors: dict[str, StoredTensor] = {}
    at = 0
    entries = {name: _entry(who, name, entry) for name, entry in header.items()}
    for name, (shape, dtype, start, stop) in sorted(entries.items(), key=lambda item: item[1][2:]):
        if start != at:
            raise _refuse(who, f"{name!r} at byte {at}, after the tensor before", f"byte {start}")
        at = stop
        tensors[name] = FileTensor(
            name, shape, dtype, digest=digests.get(name), file=file, offset=8 + count + start
        )
    if at != size - 8 - count:
        raise _refuse(who, f"{at} bytes of values after the header", f"{size - 8 - count}")
    own = {DIGESTS, OWN_DIGEST}
    kept = {key: value for key, value in metadata.items() if key not in own}
    return Store({name: tensors[name] for name in header}, metadata=kept)


def _entry(who: str, name: str, entry: Any) -> tuple[tuple[int, ...], str, int, int]:
    """Shape, dtype, first byte and last one, of a tensor whose entry agrees with itself."""
    if not isinstance(entry, dict) or entry.keys() != _KEYS or not 0 < len(name) <= MOST_NAME:
        raise _refuse(who, f"{sorted(_KEYS)} of each tensor", f"{name!r:.80}: {entry!r:.80}")
    shape, offsets, code = entry["shape"], entry["data_offsets"], entry["dtype"]
    if not isinstance(code, str) or code not in DTYPES:
        raise _refuse(who, f"one of the dtypes {', '.join(DTYPES)} for {name!r}", f"{code!r:.40}")
    for numbers in (shape, offsets):
        if not isinstance(numbers, list) or not all(type(n) is int and n >= 0 for n in numbers):
            raise _refuse(
                who, f"whole numbers as shape and offsets of {name!r}", f"{numbers!r:.80}"
            )
    if len(shape) > 32 or len(offsets) != 2:
        raise _refuse(who, f"at most 32 axes, and two offsets, of {name!r}", f"{entry!r:.80}")
    start, stop = offsets
    nbytes = math.prod(shape) * numpy_dtype(DTYPES[code]).itemsize
    if stop - start != nbytes:
        raise _refuse(who, f"{nbytes} bytes of {name!r}, of shape {shape}", f"{stop - start}")
    return tuple(shape), DTYPES[code], start, stop


def _digests(metadata: dict[str, str], who: str) -> dict[str, str]:
    if DIGESTS not in metadata:
        return {}
    found = plain.parse(metadata[DIGESTS].encode(), f"{who}: metadata {DIGESTS!r}")
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise _refuse(who, f"a digest for each tensor in {DIGESTS!r}", f"{found!r:.80}")
    return found


def _digest_of_header(header: dict[str, Any], metadata: dict[str, str]) -> str:
    rest = {key: value for key, value in metadata.items() if key != OWN_DIGEST}
    return hashlib.sha256(json.dumps([header, rest], sort_keys=True).encode()).hexdigest()


def _check_header(header: dict[str, Any], metadata: dict[str, str], who: str) -> None:
    """Refuse a header of Geartrain that was changed since it was written."""
    own = {OWN_DIGEST, DIGESTS} & metadata.keys()
    if own and metadata.get(OWN_DIGEST) != _digest_of_header(header, metadata):
        raise _refuse(who, "the header that was written, by its SHA-256", "another")


def _refuse(who: str, expected: str, received: str) -> ValueError:
    return ValueError(
        f"{who}: expected {expected}. Received: {received}. The file was damaged or changed, or is "
        "no safetensors file: it was not read."
    )


def write_safetensors(store: Store, path: Path) -> None:
    """Write the tensors of a store, whole or not at all."""
    arrays = {name: tensor.values() for name, tensor in store.tensors.items()}
    # Larger elements first, so that all of them lie at multiples of their size.
    order = sorted(arrays, key=lambda name: -arrays[name].dtype.itemsize)
    header: dict[str, Any] = {}
    at = 0
    for name in order:
        array = arrays[name]
        stop = at + array.nbytes
        code = _CODES[array.dtype.name]
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [at, stop]}
        at = stop
    text = _header_text(header, store.metadata, dict.fromkeys(arrays, NO_DIGEST))
    starts = {name: 8 + len(text) + header[name]["data_offsets"][0] for name in arrays}
    with replacing(path) as stream:
        written = write_hashed(stream, [(starts[name], arrays[name]) for name in arrays])
        digests = {name: one.digest for name, one in zip(arrays, written, strict=True)}
        text = _header_text(header, store.metadata, digests)
        stream.seek(0)
        stream.write(len(text).to_bytes(8, "little") + text)


def _header_text(header: dict[str, Any], texts: dict[str, str], digests: dict[str, str]) -> bytes:
    """The header with these digests; its length does not depend on them."""
    metadata = {"format": "keras", **texts, DIGESTS: json.dumps(digests)}
    metadata[OWN_DIGEST] = _digest_of_header(header, metadata)
    text = json.dumps({METADATA: metadata, **header}).encode()
    return text + b" " * (-(len(text) + 8) % _ALIGNMENT)
