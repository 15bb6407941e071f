"""Hostile JSON, safetensors, npz and npy files, indexes of shards, and IDX files."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import struct
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.hostile.sources import FILLING, MODELS, Pairs, archive, members

# -- JSON -----------------------------------------------------------------------------------------

JSON = {
    "lists without end": b"[" * 100_000,
    "lists that end": b"[" * 100_000 + b"]" * 100_000,
    "objects without end": b'{"a":' * 100_000,
    "NaN": b'{"class_name": "Sequential", "config": {"a": NaN}}',
    "infinity": b'{"class_name": "Sequential", "config": {"a": -Infinity}}',
    "a float beyond all": b'{"class_name": "Sequential", "config": {"a": 1e999}}',
    "a key twice": b'{"class_name": "Sequential", "config": {}, "config": {"layers": []}}',
    "a number of 5,000 digits": b'{"class_name": "Sequential", "config": ' + b"9" * 5000 + b"}",
    "a number of a million digits": b'{"a": 1' + b"0" * 1_000_000 + b"}",
    "half a surrogate": b'{"class_name": "\\ud800", "config": {}}',
    "no UTF-8": b'{"class_name": "\xff\xfe", "config": {}}',
    "UTF-16": '{"class_name": "Sequential", "config": {}}'.encode("utf-16"),
    "a mark before": b'\xef\xbb\xbf{"class_name": "Sequential", "config": {}}',
    "two values": b'{"class_name": "Sequential", "config": {}} {}',
    "nothing": b"",
    "a zero byte": b'{"class_name": "Sequential", "config": {}}\0',
    "a comment": b'{"class_name": "Sequential", /* */ "config": {}}',
    "Python": b"{'class_name': 'Sequential', 'config': {}}",
    "a number": b"3",
    "a list": b"[1, 2]",
    "a text": b'"Sequential"',
    "null": b"null",
}


def json_files(folder: Path, name: str, sound: Path) -> Pairs:
    """The text in every place that holds JSON."""
    text = JSON[name]
    content = members(sound / "row_foreign.keras")
    pairs: Pairs = []
    for member in ("config.json", "metadata.json"):
        path = archive(folder / f"{member}.keras", {**content, member: text})
        pairs += [(one, path) for one in MODELS]
    index = folder / "m.weights.json"
    index.write_bytes(text)
    header = folder / "m.safetensors"
    header.write_bytes(len(text).to_bytes(8, "little") + text)
    pairs += [(one, path) for path in (index, header) for one in (*FILLING, "KerasFileEditor")]
    try:
        told = text.decode("utf-8").replace("\0", "\x01")
    except UnicodeDecodeError:
        told = "\x01"
    (folder / "m.json").write_text(told, encoding="utf-8")
    pairs.append(("model_from_json", folder / "m.json"))
    for attribute in ("model_config", "training_config"):
        path = Path(shutil.copy(sound / "row.h5", folder / f"{attribute}.h5"))
        with h5py.File(path, "r+") as file:
            del file.attrs[attribute]
            _long_attribute(file, attribute, told)
        pairs.append(("load_model", path))
    return pairs


def _long_attribute(file: h5py.File, name: str, text: str) -> None:
    kind = h5py.string_dtype()
    file.attrs.create(name, text, dtype=kind)


# -- safetensors, npz, shards ---------------------------------------------------------------------

F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
HEADERS: dict[str, Any] = {
    "a shape without bytes": {"x": {**F32, "shape": [1 << 40]}},
    "a shape beyond 64 bits": {"x": {**F32, "shape": [1 << 62, 1 << 62]}},
    "a negative shape": {"x": {**F32, "shape": [-2]}},
    "half an axis": {"x": {**F32, "shape": [2.0]}},
    "a true axis": {"x": {**F32, "shape": [True, 2]}},
    "offsets beyond the file": {"x": {**F32, "data_offsets": [1 << 40, (1 << 40) + 8]}},
    "offsets backwards": {"x": {**F32, "data_offsets": [8, 0]}},
    "offsets from behind": {"x": {**F32, "data_offsets": [-8, 0]}},
    "a gap": {"x": {**F32, "data_offsets": [1, 9]}},
    "one place for two": {"x": F32, "y": F32},
    "an overlap": {"x": F32, "y": {**F32, "data_offsets": [4, 12]}},
    "an unknown dtype": {"x": {**F32, "dtype": "F4"}},
    "a dtype in a list": {"x": {**F32, "dtype": ["F32"]}},
    "another key": {"x": {**F32, "path": "/etc/passwd"}},
    "no offsets": {"x": {"dtype": "F32", "shape": [2]}},
    "a list as entry": {"x": [1]},
    "metadata in a list": {"x": F32, "__metadata__": ["a"]},
    "metadata of numbers": {"x": F32, "__metadata__": {"a": 1}},
    "a long name": {"x" * 10_000: F32},
    "no name": {"": F32},
    "many axes": {"x": {**F32, "shape": [1] * 1000 + [2]}},
    "a digest that is no digest": {"x": F32, "__metadata__": {"geartrain.sha256": "[]"}},
    "digests in depth": {"x": F32, "__metadata__": {"geartrain.sha256": "[" * 10_000}},
}
LENGTHS = {
    "a header beyond the file": b"\xff\xff\xff\xff\xff\xff\xff\x7f",
    "a header of no bytes": bytes(8),
    "half a length": b"\x10\0\0",
    "a header that is too long": (200).to_bytes(8, "little"),
}


def safetensors_file(folder: Path, name: str) -> Path:
    path = folder / "m.safetensors"
    if name in LENGTHS:
        path.write_bytes(LENGTHS[name] + b"{}" + bytes(16))
    else:
        text = json.dumps(HEADERS[name]).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    return path


def npy(header: str, values: bytes = bytes(24), version: bytes = b"\1\0") -> bytes:
    text = header.encode("latin-1") + b"\n"
    length = len(text).to_bytes(2 if version[0] == 1 else 4, "little")
    return b"\x93NUMPY" + version + length + text + values


def npy_of(array: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


FORM = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
NPY = {
    "pickled objects": npy_of(np.array([{"a": 1}, None], object), allow_pickle=True),
    "objects declared": npy(FORM.replace("<f4", "|O")),
    "2**50 elements": npy(FORM.replace("(2, 3)", f"({2**50},)")),
    "elements beyond 64 bits": npy(FORM.replace("(2, 3)", f"({2**62}, {2**62})")),
    "a negative shape": npy(FORM.replace("(2, 3)", "(-2, -3)")),
    "code in the header": npy("__import__('os').system('true')"),
    "code in the shape": npy(FORM.replace("(2, 3)", "(2, __import__('os').getpid())")),
    "a header in depth": npy("(" * 4000),
    "a long header": npy(FORM + " " * 100_000, version=b"\2\0"),
    "a header without end": b"\x93NUMPY\2\0\xff\xff\xff\x7f" + FORM.encode(),
    "another version": npy(FORM, version=b"\x09\0"),
    "a table": npy(FORM.replace("'<f4'", "[('a', '<f4'), ('b', '|O')]")),
    "texts": npy(FORM.replace("<f4", "<U1000000")),
    "void": npy(FORM.replace("<f4", "|V1000000000")),
    "too few values": npy(FORM, bytes(20)),
    "too many values": npy(FORM, bytes(28)),
    "no array": b"not an array",
    "nothing": b"",
    "shape twice": npy(FORM.replace(", }", ", 'shape': (1,)}")),
}


def npz_files(folder: Path, name: str) -> Pairs:
    one, packed = folder / "m.npz", folder / "packed.npz"
    archive(one, {"x.npy": NPY[name], "y.npy": npy_of(np.arange(4))})
    archive(packed, {"x.npy": NPY[name], "y.npy": npy_of(np.arange(4))}, compression=8)
    entries = (*FILLING, "KerasFileEditor", "read_npz", "describe", "mnist.load_data")
    pairs = [(entry, path) for path in (one, packed) for entry in entries]
    alone = folder / "x.npy"
    alone.write_bytes(NPY[name])
    return [*pairs, ("describe", alone)]


INDEXES: dict[str, Any] = {
    "a path out": {"/layers/dense/vars": "../x.weights.h5"},
    "an absolute path": {"/layers/dense/vars": "/etc/x.weights.h5"},
    "a secret": {"/layers/dense/vars": "{secret}"},
    "another ending": {"/layers/dense/vars": "row.keras"},
    "a hidden file": {"/layers/dense/vars": ".x.weights.h5"},
    "a URL": {"/layers/dense/vars": "http://127.0.0.1:9/x.weights.h5"},
    "a number": {"/layers/dense/vars": 3},
    "a list in a list": {"/layers/dense/vars": [["row.weights.h5"]]},
    "a file that is not there": {"/layers/dense/vars": "not.weights.h5"},
    "a link": {"/layers/dense/vars": "link.weights.h5"},
    "a pipe": {"/layers/dense/vars": "pipe.weights.h5"},
    "a tensor of two shards": {"/layers/dense/vars": ["row.weights.h5", "copy.weights.h5"]},
    "a group that is not there": {"/layers/x/vars": "row.weights.h5"},
    "shards without end": {f"/{n}/vars": f"{n}.weights.h5" for n in range(20_000)},
    "the index itself": {"/layers/dense/vars": "m.weights.json"},
    "no map": None,
}  # fmt: skip


def index_file(folder: Path, name: str, sound: Path, secret: str) -> Path:
    shutil.copy(sound / "row.weights.h5", folder)
    shutil.copy(sound / "row.weights.h5", folder / "copy.weights.h5")
    (folder / "link.weights.h5").symlink_to(secret)
    os.mkfifo(folder / "pipe.weights.h5")
    text = json.dumps({"metadata": {"total_size": 1}, "weight_map": INDEXES[name]})
    path = folder / "m.weights.json"
    path.write_text(text.replace("{secret}", secret), encoding="ascii")
    return path


# -- data -----------------------------------------------------------------------------------------


def idx(code: int, *sizes: int, values: bytes = b"") -> bytes:
    return struct.pack(f">2x2B{len(sizes)}i", code, len(sizes), *sizes) + values


IDX = {
    "another magic": b"\1\2\x08\1\0\0\0\1x",
    "an unknown type": idx(7, 2, values=b"xx"),
    "no axes": idx(8, values=b"x"),
    "many axes": b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"x",
    "elements without end": idx(8, 2**31 - 1, 2**31 - 1, values=b"x"),
    "a negative axis": idx(8, -3, values=b"xxx"),
    "two negative axes": idx(8, -3, -1, values=b"xxx"),
    "too few": idx(8, 5, values=b"xxxx"),
    "too many": idx(8, 5, values=b"xxxxxx"),
    "half a header": b"\0\0\x08\3\0\0",
    "half an element": idx(13, 2, values=b"xxxxx"),
    "nothing": b"",
    "cut off in gzip": gzip.compress(idx(8, 5, values=b"xxxxx"))[:-6],
    "a bomb in gzip": gzip.compress(idx(8, 5, values=bytes(200 << 20))),
    "a bomb that is declared": gzip.compress(idx(8, 2**30, values=bytes(64 << 20))),
    "two parts in gzip": gzip.compress(idx(8, 5, values=b"xxxxx")) + gzip.compress(b"x"),
    "something behind gzip": gzip.compress(idx(8, 5, values=b"xxxxx")) + b"junk",
    "gzip in gzip": gzip.compress(gzip.compress(idx(8, 5, values=b"xxxxx"))),
}


def npz_bomb(folder: Path) -> Path:
    """An archive that is small, and whose arrays are as large as they say."""
    return archive(folder / "b.npz", {"x.npy": npy_of(np.zeros(100 << 20, "u1"))}, compression=8)
