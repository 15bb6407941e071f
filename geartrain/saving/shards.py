"""Weights in several files: an index `m.weights.json`, and shards `m_00000.weights.h5`, ...

Each shard is an HDF5 file of the usual layout; the variables of one layer may be in several. The
index says which files to look into for a group of variables:

    {"metadata": {"total_size": 123}, "weight_map": {"/layers/dense/vars": "m_00000.weights.h5"}}

Shards that an index names are never written over, so that at any moment the index belongs to the
shards that it names: saving again takes names like `m-1_00000.weights.h5`, then replaces the index,
and only then removes the former shards. Keras opens a file `m_00000.weights.h5` in any case, so one
of that name stays, without tensors if need be.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from geartrain.files import replacing
from geartrain.saving import plain
from geartrain.saving.hdf5 import read_hdf5
from geartrain.saving.hdf5_writer import write_hdf5
from geartrain.saving.store import Store, opened, read_exactly

MOST_SHARDS = 10_000
_SHARD = re.compile(r"[^/\\\x00-\x1f\x7f]{1,200}\.weights\.h5")
_GIGABYTE = 1 << 30


@contextmanager
def sharded_file(path: Path, who: str) -> Iterator[Store]:
    """The tensors of all shards that an index names, which are open within the block.

    Raises:
        ValueError: an index that names other places than files beside it; a shard that is missing,
            damaged, or has not what the index says.
    """
    with ExitStack() as opened:
        text = _read(path, who)
        index = _weight_map(text, who)
        whole, places = Store({}), dict[str, set[str]]()
        for name in dict.fromkeys(name for names in index.values() for name in names):
            shard = opened.enter_context(_shard(path.with_name(name), who))
            twice = [one for one in shard.tensors if one in whole.tensors]
            if twice:
                raise _refuse(who, "each tensor in one shard", f"{twice[0]!r} in {name!r} too")
            whole.tensors.update(shard.tensors)
            whole.names.update(shard.names)
            for tensor in shard.tensors:
                places.setdefault(f"/{tensor.rpartition('/')[0]}", set()).add(name)
        for group, names in index.items():
            lacking = [name for name in names if name not in places.get(group, set())]
            if lacking:
                raise _refuse(who, f"{group!r} in {lacking[0]!r}", "a shard without")
        _check_size(text, whole, who)
        yield whole


def shards_of(path: Path, who: str) -> list[Path]:
    """The shards that an index names, whether or not they are there.

    Raises ValueError for an index that names other places than files beside it.
    """
    index = _weight_map(_read(path, who), who)
    return [path.with_name(name) for name in sorted({n for names in index.values() for n in names})]


def _read(path: Path, who: str) -> dict[str, Any]:
    """The text of an index."""
    with opened(path, who) as (file, size):
        if size > plain.MOST_BYTES:
            raise _refuse(who, f"at most {plain.MOST_BYTES} bytes", f"{size}")
        text = bytearray(size)
        read_exactly(file, 0, memoryview(text), who)
    found = plain.parse(bytes(text), who)
    if not isinstance(found, dict):
        raise _refuse(who, "an object", f"{found!r:.80}")
    return found


def _weight_map(text: dict[str, Any], who: str) -> dict[str, list[str]]:
    """The weight map of an index, with names of files alone."""
    found = text.get("weight_map")
    if not isinstance(found, dict) or len(found) > 1_000_000:
        raise _refuse(who, "an object as 'weight_map'", f"{found!r:.80}")
    index = {group: names if isinstance(names, list) else [names] for group, names in found.items()}
    every = {name if isinstance(name, str) else None for names in index.values() for name in names}
    if len(every) > MOST_SHARDS:
        raise _refuse(who, f"at most {MOST_SHARDS} shards", f"{len(every)}")
    for name in every:
        if name is None or not _SHARD.fullmatch(name) or name.startswith("."):
            raise _refuse(who, "names of files beside the index, '....weights.h5'", f"{name!r:.80}")
    return index


def _check_size(text: dict[str, Any], whole: Store, who: str) -> None:
    metadata = text.get("metadata")
    declared = metadata.get("total_size") if isinstance(metadata, dict) else None
    if declared != whole.nbytes:
        raise _refuse(who, f"the {declared} bytes of 'total_size' in all shards", f"{whole.nbytes}")


@contextmanager
def _shard(path: Path, who: str) -> Iterator[Store]:
    what = f"{who}: {path.name}"
    if path.is_symlink() or not path.is_file():
        raise _refuse(who, f"a file {path.name!r} beside the index", "none")
    with (
        opened(path, what, follow=False) as (file, size),
        read_hdf5(file, 0, size, what) as store,
    ):
        yield store


def _refuse(who: str, expected: str, received: str) -> ValueError:
    return ValueError(
        f"{who}: expected {expected}. Received: {received}. Copy the index and all its shards "
        "together, from one place."
    )


def write_shards(store: Store, path: Path, max_shard_size: float) -> None:
    """Write the tensors of a store as an index and shards of at most so many gigabytes.

    Raises:
        ValueError: a tensor that is larger than a shard may be.
    """
    parts = _parts(store, max_shard_size * _GIGABYTE)
    base = path.name.removesuffix(".json").replace(".weights", "")
    former = _former(path)
    names = _unused(path, base, len(parts))
    try:
        _write_all(store, path, names, parts)
    except BaseException:
        for name in {*names} - _former(path):  # the index may have been replaced already
            path.with_name(name).unlink(missing_ok=True)
        raise
    first = f"{base}_00000.weights.h5"
    with suppress(OSError):  # all is saved; what stays of the former shards is in nobody's way
        if first not in names:
            with replacing(path.with_name(first)) as stream:
                write_hdf5(Store({}), stream)
        for name in former - {first, *names}:
            path.with_name(name).unlink(missing_ok=True)


def _write_all(store: Store, path: Path, names: list[str], parts: list[Store]) -> None:
    """Write the shards, and then the index."""
    weight_map: dict[str, list[str]] = {}
    for name, part in zip(names, parts, strict=True):
        with replacing(path.with_name(name)) as stream:
            write_hdf5(part, stream)
        for group in dict.fromkeys(f"/{one.rpartition('/')[0]}" for one in part.tensors):
            weight_map.setdefault(group, []).append(name)
    index = {
        "metadata": {"total_size": store.nbytes},
        "weight_map": {group: n[0] if len(n) == 1 else n for group, n in weight_map.items()},
    }
    with replacing(path) as stream:
        stream.write(plain.dump(index))


def _parts(store: Store, most: float) -> list[Store]:
    """Stores of at most so many bytes each, in order; the names of objects go with the first."""
    parts, size = [Store({}, dict(store.names), dict(store.metadata))], 0
    for path, tensor in store.tensors.items():
        if tensor.nbytes > most:
            raise ValueError(
                f"save_weights: expected max_shard_size to have room for each tensor. Received: "
                f"{most / _GIGABYTE:g} GB, and {path!r} takes {tensor.nbytes / _GIGABYTE:g} GB"
            )
        if size + tensor.nbytes > most:
            parts.append(Store({}))
            size = 0
        parts[-1].tensors[path] = tensor
        size += tensor.nbytes
    return parts


def _former(path: Path) -> set[str]:
    """The shards of the index that is replaced: to be removed if they are surely its own."""
    try:
        index = _weight_map(_read(path, "save_weights"), "save_weights")
    except (OSError, ValueError):
        return set()
    base = path.name.removesuffix(".json").replace(".weights", "")
    own = re.compile(rf"{re.escape(base)}(-\d+)?_\d{{5}}\.weights\.h5")
    return {name for names in index.values() for name in names if own.fullmatch(name)}


def _unused(path: Path, base: str, count: int) -> list[str]:
    """Names for so many shards, none of which is there yet."""
    generation = 0
    while True:
        start = f"{base}-{generation}" if generation else base
        names = [f"{start}_{number:05}.weights.h5" for number in range(count)]
        if not any(os.path.lexists(path.with_name(name)) for name in names):
            return names
        generation += 1
