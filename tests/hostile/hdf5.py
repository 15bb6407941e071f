"""Hostile HDF5 files, in every kind of file that holds HDF5."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.hostile.sources import FILLING, MODELS, WEIGHTS, Pairs, archive, members

BIAS = "layers/dense/vars/1"


def without(file: h5py.File, path: str) -> Any:
    """The array at a path, which is taken out; another attack takes its place."""
    value = file[path][()]
    del file[path]
    return value


def soft(file: h5py.File, path: str, secret: str) -> None:
    file["elsewhere"] = without(file, path)
    file[path] = h5py.SoftLink("/elsewhere")


def dangling(file: h5py.File, path: str, secret: str) -> None:
    without(file, path)
    file[path] = h5py.SoftLink("/nowhere")


def external(file: h5py.File, path: str, secret: str) -> None:
    without(file, path)
    file[path] = h5py.ExternalLink(secret, "/x")


def external_group(file: h5py.File, path: str, secret: str) -> None:
    group = path.rpartition("/")[0]
    del file[group]
    file[group] = h5py.ExternalLink(secret, "/")


def external_at_the_top(file: h5py.File, path: str, secret: str) -> None:
    file["x"] = h5py.ExternalLink(secret, "/")


def stored_outside(file: h5py.File, path: str, secret: str) -> None:
    value = without(file, path)
    file.create_dataset(path, value.shape, value.dtype, external=[(secret, 0, value.nbytes)])


def stored_in_several(file: h5py.File, path: str, secret: str) -> None:
    value = without(file, path)
    parts = [(secret, 0, 4), (secret, 4, h5py.h5f.UNLIMITED)]
    file.create_dataset(path, value.shape, value.dtype, external=parts)


def virtual(file: h5py.File, path: str, secret: str) -> None:
    value = without(file, path)
    layout = h5py.VirtualLayout(value.shape, value.dtype)
    layout[...] = h5py.VirtualSource(secret, "x", value.shape)
    file.create_virtual_dataset(path, layout)


def virtual_of_itself(file: h5py.File, path: str, secret: str) -> None:
    value = without(file, path)
    file["elsewhere"] = value
    layout = h5py.VirtualLayout(value.shape, value.dtype)
    layout[...] = h5py.VirtualSource(".", "elsewhere", value.shape)
    file.create_virtual_dataset(path, layout)


def alias(file: h5py.File, path: str, secret: str) -> None:
    file[f"{path}0"] = file[path]


def many_aliases(file: h5py.File, path: str, secret: str) -> None:
    for number in range(1000):
        file[f"many/{number}"] = file[path]


def cycle(file: h5py.File, path: str, secret: str) -> None:
    group = path.rpartition("/")[0]
    file[f"{group}/again"] = file[group]


def root_in_itself(file: h5py.File, path: str, secret: str) -> None:
    file["x/root"] = file["/"]


def declared(*shape: int, **options: Any) -> Callable[[h5py.File, str, str], None]:
    def make(file: h5py.File, path: str, secret: str) -> None:
        without(file, path)
        file.create_dataset(path, shape, "float32", **options)

    return make


def written(value: Any, **options: Any) -> Callable[[h5py.File, str, str], None]:
    def make(file: h5py.File, path: str, secret: str) -> None:
        without(file, path)
        file.create_dataset(path, data=value() if callable(value) else value, **options)

    return make


def plugin(file: h5py.File, path: str, secret: str) -> None:
    value = without(file, path)
    how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    how.set_chunk(value.shape)
    how.set_filter(32004, h5py.h5z.FLAG_OPTIONAL)
    space = h5py.h5s.create_simple(value.shape)
    h5py.h5d.create(file.id, path.encode() + b"0", h5py.h5t.IEEE_F32LE, space, how)


def deep(file: h5py.File, path: str, secret: str) -> None:
    file.create_group("/".join("d" * 1000))


def odd_name(name: str) -> Callable[[h5py.File, str, str], None]:
    def make(file: h5py.File, path: str, secret: str) -> None:
        file.create_group("layers" if "layers" not in file else "y").create_group(name)

    return make


def long_text(file: h5py.File, path: str, secret: str) -> None:
    group = file[path.rpartition("/")[0]]
    group.attrs["long"] = "n" * 60_000
    group.attrs["name"] = ["m"] * 2000
    group.attrs["weight_names"] = ["m"] * 2000
    file.attrs["layer_names"] = ["m"] * 2000


HDF5: dict[str, Callable[[h5py.File, str, str], None]] = {
    "a soft link": soft,
    "a soft link to nothing": dangling,
    "an external link": external,
    "an external link for a group": external_group,
    "an external link at the top": external_at_the_top,
    "bytes in another file": stored_outside,
    "bytes in several files": stored_in_several,
    "a virtual data set": virtual,
    "a virtual data set of the same file": virtual_of_itself,
    "another name": alias,
    "a thousand names": many_aliases,
    "a cycle": cycle,
    "the top in itself": root_in_itself,
    "a shape without bytes": declared(1 << 30),
    "a shape beyond memory": declared(1 << 20, 1 << 20, 1 << 20),
    "chunks without bytes": declared(1 << 15, 1 << 15, chunks=(1024, 1024)),
    "chunks without end": declared(4, chunks=(1 << 28,), maxshape=(None,)),
    "a compressed bomb": written(lambda: np.zeros(12 << 20, "float32"), compression="gzip"),
    "a filter that is a plug-in": plugin,
    "another filter": written(np.arange(4), chunks=(4,), scaleoffset=0),
    "lzf": written(np.zeros(400, "float32"), chunks=(400,), compression="lzf"),
    "texts": written("text"),
    "texts of variable length": written(np.array(["a"] * 4, dtype=h5py.string_dtype())),
    "a table": written(np.zeros(4, [("a", "f4"), ("b", "f4")])),
    "complex numbers": written(np.zeros(4, "complex64")),
    "long doubles": written(np.zeros(4, "longdouble")),
    "another shape": written(np.zeros((2, 2), "float32")),
    "another rank": written(np.zeros((4, 1, 1), "float32")),
    "whole numbers": written(np.zeros(4, "int64")),
    "no shape": written(h5py.Empty("float32")),
    "groups without end": deep,
    "a name with backslashes": odd_name("a\\..\\b"),
    "a name with a newline": odd_name("a\nb"),
    "a long name": odd_name("n" * 700),
    "a list of one long text": long_text,
}
OTHER_TENSORS = ("another shape", "another rank", "whole numbers")


def circle(data: bytearray, at: int, free: int) -> None:
    """What is free in a heap takes no bytes: the library would look at it for ever."""
    data[free + 8 : free + 16] = bytes(8)


def beyond(data: bytearray, at: int, free: int) -> None:
    data[at + 16 + 8 : at + 16 + 16] = (1 << 40).to_bytes(8, "little")


def backwards(data: bytearray, at: int, free: int) -> None:
    data[at + 16 + 8 : at + 16 + 16] = ((1 << 64) - 16).to_bytes(8, "little")


def without_end(data: bytearray, at: int, free: int) -> None:
    data[at + 8 : at + 16] = (1 << 40).to_bytes(8, "little")


HEAPS: dict[str, Callable[[bytearray, int, int], None]] = {
    "a heap that turns in a circle": circle,
    "a text beyond its heap": beyond,
    "a text that goes backwards": backwards,
    "a heap without end": without_end,
}


def names_upon_others(data: bytearray, heaps: list[int]) -> None:
    """The names of one group are those of another: the library took one for the other."""
    data[heaps[5] + 24 : heaps[5] + 32] = data[heaps[1] + 24 : heaps[1] + 32]


def free_parts_in_a_circle(data: bytearray, heaps: list[int]) -> None:
    free, place = (
        int.from_bytes(data[heaps[1] + at : heaps[1] + at + 8], "little") for at in (16, 24)
    )
    data[place + free : place + free + 8] = free.to_bytes(8, "little")


def names_without_end(data: bytearray, heaps: list[int]) -> None:
    data[heaps[1] + 8 : heaps[1] + 16] = (1 << 40).to_bytes(8, "little")


NAMES: dict[str, Callable[[bytearray, list[int]], None]] = {
    "names that lie upon others": names_upon_others,
    "free parts in a circle": free_parts_in_a_circle,
    "names without end": names_without_end,
}


def old_files(folder: Path, name: str, sound: Path) -> Pairs:
    """Files of the older form, whose groups keep their names in heaps."""
    data = bytearray((sound / "row.h5").read_bytes())
    NAMES[name](data, [at for at in range(len(data)) if data[at : at + 5] == b"HEAP\0"])
    path = folder / "m.h5"
    path.write_bytes(data)
    return [(one, path) for one in ("load_model", "load_weights", "load_weights by name")]


def _edit(path: Path, name: str, place: str, secret: str) -> None:
    if name in HDF5:
        with h5py.File(path, "r+") as file:
            HDF5[name](file, place, secret)
        return
    data = bytearray(path.read_bytes())
    heap = data.index(b"GCOL")
    at = heap + 16
    while data[at : at + 2] != b"\0\0":
        at += 16 + -(-int.from_bytes(data[at + 8 : at + 16], "little") // 8) * 8
    HEAPS[name](data, heap, at)
    path.write_bytes(data)


def hdf5_files(folder: Path, name: str, sound: Path, secret: str) -> Pairs:
    """The attack in every kind of file that holds HDF5, and the entries that read these."""
    weights = Path(shutil.copy(sound / "row.weights.h5", folder))
    _edit(weights, name, BIAS, secret)
    data = weights.read_bytes()
    content = members(sound / "row_foreign.keras")
    keras = archive(folder / "m.keras", {**content, WEIGHTS: data})
    packed = archive(folder / "p.keras", {**content, WEIGHTS: data}, compression=8)
    inside = Path(shutil.copytree(sound / "row_folder", folder / "folder"))
    (inside / WEIGHTS).write_bytes(data)
    (inside / "metadata.json").write_text("{}", encoding="ascii")
    shard = folder / "one.weights.h5"
    shard.write_bytes(data)
    text = json.loads((sound / "row.weights.json").read_text(encoding="utf-8"))
    text["weight_map"] = dict.fromkeys(text["weight_map"], shard.name)
    index = folder / "m.weights.json"
    index.write_text(json.dumps(text), encoding="ascii")
    pairs = [(one, path) for path in (keras, packed) for one in MODELS]
    pairs += [("load_model", inside)]
    pairs += [(one, path) for path in (weights, index) for one in (*FILLING, "KerasFileEditor")]
    old = Path(shutil.copy(sound / "row.h5", folder))
    _edit(old, name, "model_weights/first/row/first/bias", secret)
    entries = ("load_model", "load_model without compile", "load_weights", "load_weights by name")
    return pairs + [(one, old) for one in entries]
