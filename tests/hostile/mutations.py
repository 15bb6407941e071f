"""Changes of sound files: of any bytes, and of what the bytes mean.

A mutation is a function of `(random, data)`. Those of zip archives and JSON bring checksums and
lengths up to date, so that what is changed gets further than the first check.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

from tests.hostile.sources import WEIGHTS, zipped

Mutation = Callable[[Random, bytes], bytes]
NUMBERS = (
    0,
    1,
    2,
    3,
    0x7F,
    0x80,
    0xFF,
    0xFFFF,
    0x7FFFFFFF,
    0xFFFFFFFF,
    (1 << 63) - 1,
    (1 << 64) - 1,
)


# -- bytes ----------------------------------------------------------------------------------------


def flip(random: Random, data: bytes) -> bytes:
    """One to three bits."""
    made = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        made[random.randrange(len(made))] ^= 1 << random.randrange(8)
    return bytes(made)


def cut(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data))]


def remove(random: Random, data: bytes) -> bytes:
    start = random.randrange(len(data))
    return data[:start] + data[start + random.choice((1, 2, 4, 8, 64, 512)) :]


def insert(random: Random, data: bytes) -> bytes:
    """Bytes that are elsewhere in the file, or any."""
    start, size = random.randrange(len(data)), random.choice((1, 4, 8, 64, 512))
    source = random.randrange(len(data))
    more = random.choice((data[source : source + size], bytes(size), random.randbytes(size)))
    return data[:start] + more + data[start:]


def swap(random: Random, data: bytes) -> bytes:
    """Two blocks of equal size, as addresses in a table are."""
    size = random.choice((1, 4, 8, 8, 8, 16, 32, 64, 256))
    if len(data) < 2 * size:
        return data
    one, other = sorted(random.randrange(0, len(data) // size) * size for _ in range(2))
    made = bytearray(data)
    made[one : one + size], made[other : other + size] = (
        data[other : other + size],
        data[one : one + size],
    )
    return bytes(made[: len(data)])


def number(random: Random, data: bytes) -> bytes:
    """A number of 1 to 8 bytes, such as a length or a place."""
    size = random.choice((1, 2, 4, 8))
    place = random.randrange(max(1, len(data) - size))
    old = int.from_bytes(data[place : place + size], "little")
    new = random.choice((*NUMBERS, old + 1, old - 1, old * 2, old // 2, len(data), -old))
    order = random.choice(("little", "little", "big"))
    return data[:place] + (new % (1 << 8 * size)).to_bytes(size, order) + data[place + size :]


def blank(random: Random, data: bytes) -> bytes:
    start, size = random.randrange(len(data)), random.choice((1, 8, 64, 512))
    size = min(size, len(data) - start)
    return data[:start] + bytes([random.choice((0, 255))]) * size + data[start + size :]


BYTES: tuple[Mutation, ...] = (flip, flip, cut, remove, insert, swap, swap, number, number, blank)


def any_bytes(random: Random, data: bytes) -> bytes:
    return random.choice(BYTES)(random, data) if data else b"x"


# -- JSON -----------------------------------------------------------------------------------------

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 1.5, 10**6, 10**12, 10**30, 1e308, "", "x", "../x", "os.system",
    "__lambda__", "Dense", "relu", [], [[]], {}, {"class_name": "Dense", "config": {}},
    {"class_name": "__lambda__", "config": {"value": "4wAAAA=="}}, {"a": 1}, [None] * 3, "x" * 5000,
)  # fmt: skip


def changed_json(random: Random, value: Any) -> Any:
    """One value changed, left out, renamed, repeated, nested or exchanged for another."""
    made = copy.deepcopy(value)
    places = [(holder, key) for holder in _holders(made) for key in _keys(holder)]
    if not places:
        return random.choice(VALUES)
    holder, key = random.choice(places)
    kind = random.randrange(7)
    if kind <= 2:
        holder[key] = copy.deepcopy(random.choice(VALUES))
    elif kind == 3:
        del holder[key]
    elif kind == 4:
        other, place = random.choice(places)
        holder[key], other[place] = copy.deepcopy(other[place]), copy.deepcopy(holder[key])
    elif kind == 5 and isinstance(holder, list):
        holder.extend([copy.deepcopy(holder[key])] * random.choice((1, 2, 50)))
    elif kind == 5:
        holder[random.choice(("name", "units", "class_name", "config", "x"))] = holder.pop(key)
    else:
        for _ in range(random.choice((1, 3, 60))):
            holder[key] = random.choice(([holder[key]], {"config": holder[key]}))
    return made


def _holders(value: Any) -> list[Any]:
    found, stack = [], [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict | list):
            found.append(one)
            stack.extend(one.values() if isinstance(one, dict) else one)
    return found


def _keys(holder: Any) -> list[Any]:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder)))


def any_json(random: Random, data: bytes) -> bytes:
    return json.dumps(changed_json(random, json.loads(data))).encode()


# -- archives -------------------------------------------------------------------------------------


def opened(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def member(change: Mutation, names: tuple[str, ...], seal: Any = None) -> Mutation:
    """A change within one of the members, in an archive whose checksums are right."""

    def mutate(random: Random, data: bytes) -> bytes:
        content = opened(data)
        name = random.choice([one for one in content if not names or one in names])
        content[name] = change(random, content[name])
        if seal:
            content = seal(content)
        return zipped(content, random.choice((0, 0, 8)))

    return mutate


def directory(random: Random, data: bytes) -> bytes:
    """A field of the directory, or of a member's header, or of both."""
    made = bytearray(data)
    entries = [at for at in range(len(data) - 46) if data[at : at + 4] == b"PK\1\2"]
    at = random.choice(entries)
    head = struct.unpack_from("<L", data, at + 42)[0]
    place, size = random.choice(
        (
            (6, 2),
            (8, 2),
            (10, 2),
            (16, 4),
            (20, 4),
            (24, 4),
            (28, 2),
            (30, 2),
            (32, 2),
            (38, 4),
            (42, 4),
        )
    )
    new = random.choice((*NUMBERS, len(data), struct.unpack_from("<L", data, at + 42)[0] + 1))
    value = (new % (1 << 8 * size)).to_bytes(size, "little")
    which = random.randrange(3)
    if which != 1:
        made[at + place : at + place + size] = value
    if which and 6 <= place - 2 <= 28:
        made[head + place - 2 : head + place - 2 + size] = value
    return bytes(made)


def members(random: Random, data: bytes) -> bytes:
    """Names exchanged, left out, added or written otherwise."""
    content = opened(data)
    names = list(content)
    one, other = random.choice(names), random.choice(names)
    kind = random.randrange(4)
    if kind == 0:
        content[one], content[other] = content[other], content[one]
    elif kind == 1:
        del content[one]
    elif kind == 2:
        content[random.choice(("x", "assets/x", one.upper(), f"./{one}", f"{one}/x"))] = b"x"
    else:
        content[one] = content[other]
    return zipped(content, random.choice((0, 8)))


def rehashed(content: dict[str, bytes]) -> dict[str, bytes]:
    """The SHA-256 of the configuration brought up to date, as an attacker would."""
    metadata = json.loads(content["metadata.json"])
    found = hashlib.sha256(content["config.json"]).hexdigest()
    metadata["geartrain"]["sha256"]["config.json"] = found
    return {**content, "metadata.json": json.dumps(metadata).encode()}


# -- headers --------------------------------------------------------------------------------------


def header(random: Random, data: bytes) -> bytes:
    """The JSON of a safetensors file, with its length."""
    count = int.from_bytes(data[:8], "little")
    text = any_json(random, data[8 : 8 + count])
    return len(text).to_bytes(8, "little") + text + data[8 + count :]


def structure(random: Random, data: bytes) -> bytes:
    """What an HDF5 file keeps around the numbers: two addresses exchanged, or one changed."""
    places = [
        at
        for at in range(0, len(data) - 8, 8)
        if 0x60 <= int.from_bytes(data[at : at + 8], "little") < len(data)
    ]
    one, other = random.choice(places), random.choice(places)
    made = bytearray(data)
    if random.randrange(2):
        made[one : one + 8], made[other : other + 8] = data[other : other + 8], data[one : one + 8]
    else:
        made[one : one + 8] = data[other : other + 8]
    return bytes(made)


def text_of_hdf5(random: Random, data: bytes) -> bytes:
    """A letter of a name, an attribute or a configuration within an HDF5 file."""
    letters = [at for at, byte in enumerate(data) if 48 <= byte < 123]
    made = bytearray(data)
    made[random.choice(letters)] = random.choice(b'0123456789abcdxyz/."[]{}_\0')
    return bytes(made)


CONFIG, METADATA = ("config.json",), ("metadata.json",)
HDF5 = (any_bytes, any_bytes, structure, structure, text_of_hdf5)


def any_hdf5(random: Random, data: bytes) -> bytes:
    return random.choice(HDF5)(random, data)


# What is changed in which file, and whether a change must be told if it changes what is loaded.
# Where a mutation renews the digests, or the format has none, nobody can tell: nothing may happen,
# that is all.
KINDS: dict[str, tuple[str, str, bool, tuple[Mutation, ...]]] = {
    "bytes of a model": ("row.keras", "load_model", True, (any_bytes,)),
    "bytes of a model's members": ("row.keras", "load_model", True, (member(any_bytes, ()),)),
    "JSON of a model": (
        "row.keras", "load_model", True, (member(any_json, CONFIG), member(any_json, METADATA))),
    "weights in a model": ("row.keras", "load_model", True, (member(any_hdf5, (WEIGHTS,)),)),
    "directory of a model": ("row.keras", "load_model", True, (directory, members)),
    "bytes of a larger model": (
        "graph.keras", "load_model", True, (any_bytes, member(any_bytes, ()))),
    "JSON that is hashed again": (
        "row.keras", "load_model", False, (member(any_json, CONFIG, rehashed),)),
    "JSON of a larger model that is hashed again": (
        "graph.keras", "load_model", False, (member(any_json, CONFIG, rehashed),)),
    "a model of Keras": (
        "row_foreign.keras", "load_model", False,
        (member(any_bytes, ()), member(any_json, CONFIG))),
    "weights in a model of Keras": (
        "row_foreign.keras", "load_model", False, (member(any_hdf5, (WEIGHTS,)),)),
    "weights of a model for others": (
        "row.keras", "load_weights", True, (any_bytes, member(any_hdf5, (WEIGHTS,)))),
    "weights": ("row.weights.h5", "load_weights", True, HDF5),
    "an index of shards": ("row.weights.json", "load_weights", True, (any_bytes, any_json)),
    "a shard": ("row_00000.weights.h5", "load_weights of shards", True, HDF5),
    "safetensors": ("row.safetensors", "load_weights", True, (any_bytes, header)),
    "npz": ("row.npz", "load_weights", True, (any_bytes, directory)),
    "members of npz": ("row.npz", "load_weights", False, (member(any_bytes, ()), members)),
    "a model of old": ("row.h5", "load_model", False, HDF5),
    "a larger model of old": ("graph.h5", "load_model", False, HDF5),
    "weights of old by name": ("row.h5", "load_weights by name", False, HDF5),
    "JSON": ("graph.json", "model_from_json", False, (any_json, any_bytes)),
    "an ONNX network": ("lstm.script.onnx", "load_model", False, (any_bytes,)),
    "another ONNX network": ("resnet.dynamo.onnx", "load_model", False, (any_bytes,)),
    "data in npz": ("data.npz", "describe", False, (any_bytes, member(any_bytes, ()), directory)),
    "data in npy": ("data.npy", "describe", False, (any_bytes,)),
    "data in IDX": ("data.idx", "describe", False, (any_bytes,)),
    "data in CSV": ("data.csv", "describe", False, (any_bytes,)),
}  # fmt: skip
