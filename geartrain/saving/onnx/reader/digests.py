"""SHA-256s in ONNX files: of each initializer, and of all bytes of the file beside these.

ONNX has no checksums, so ours are further text of the model, which others do not read: by name the
digest of each initializer's bytes (see `store`), and the digest of the rest of the file apart from
its own place. Whoever changes the model with ONNX's tools has to remove both texts.
"""
# ruff: noqa: RUF009  (`field` is a `dataclasses.field`)

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geartrain.saving import plain
from geartrain.saving.onnx.reader.messages import Entry, Model
from geartrain.saving.onnx.reader.wire import Decoder, field
from geartrain.saving.store import check_digest, digests_of, over_pieces
from geartrain.saving.structure import between

TENSORS, REST = "geartrain.tensors", "geartrain.sha256"
_BLANK = "0" * 64


@dataclass(slots=True)
class _Tensor:
    raw_data: memoryview | bytes = field(9, "bytes")


@dataclass(slots=True)
class _Graph:
    initializer: Sequence[_Tensor] = field(5, _Tensor, many=True)


@dataclass(slots=True)
class _Model:
    """As much of a model as tells where its initializers are."""

    graph: _Graph | None = field(7, _Graph)
    metadata_props: Sequence[Entry] = field(14, Entry, many=True)


def digest_texts(tensors: Mapping[str, np.ndarray]) -> dict[str, str]:
    """The texts for a model with these initializers; that of the rest is to be filled in."""
    return {TENSORS: json.dumps(dict(zip(tensors, digests_of(tensors.values()), strict=True))),
            REST: _BLANK}  # fmt: skip


def rest_digest(content: bytes) -> str:
    """The digest of all bytes of a file beside its initializers, to be put at its place."""
    decoder = Decoder()
    decoder.fields_left = decoder.objects_left = len(content)
    model: _Model = decoder.decode(_Model, memoryview(content))
    return _rest(memoryview(content), model, _texts(model.metadata_props)[REST])


def check_digests(content: memoryview, model: Model) -> None:
    """Refuse a file that was changed since Geartrain wrote it; others have no digests.

    Raises ValueError that names the initializer, or says that something else was changed.
    """
    texts = _texts(model.metadata_props)
    if REST not in texts or model.graph is None:
        return
    listed: Any = None
    if _rest(content, model, texts[REST]).encode() == texts[REST] and TENSORS in texts:
        listed = plain.parse(bytes(texts[TENSORS]), TENSORS)
    if not isinstance(listed, dict):
        raise ValueError(
            "the file was damaged or changed since it was exported: the SHA-256 of what is not in "
            "its initializers is another. Get the file again. If you changed the model yourself, "
            f"remove {REST!r} and {TENSORS!r} from its metadata_props."
        )
    tensors = model.graph.initializer
    made = over_pieces([memoryview(one.raw_data) for one in tensors], [None] * len(tensors), None)
    for tensor, digest in zip(tensors, made, strict=True):
        check_digest(f"initializer {tensor.name!r}", str(listed.get(tensor.name)), digest)


def _texts(entries: Iterable[Entry]) -> dict[str, memoryview]:
    return {entry.key: entry.value for entry in entries}


def _rest(content: memoryview, model: Any, own: memoryview) -> str:
    """The digest of all that is in no initializer, and not the digest itself."""
    initializers = model.graph.initializer if model.graph is not None else ()
    begin = _address(content)
    places = [
        (_address(part) - begin, len(part))
        for part in (*(one.raw_data for one in initializers), own)
        if len(part)
    ]
    found = hashlib.sha256()
    for start, stop in between(sorted(places), len(content)):
        found.update(content[start:stop])
    return found.hexdigest()


def _address(part: memoryview | bytes) -> int:
    return int(np.frombuffer(part, np.uint8).ctypes.data)
