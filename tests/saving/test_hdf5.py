"""HDF5: what is written comes back, the same weights give the same bytes, tricks are refused."""

from __future__ import annotations

import io
import os

import h5py
import ml_dtypes
import numpy as np
import pytest

from geartrain.saving import hdf5
from geartrain.saving.hdf5 import read_hdf5
from geartrain.saving.hdf5_writer import Laid
from geartrain.saving.store import MemoryTensor, Store
from geartrain.saving.window import Window

VALUES = {
    "layers/dense/vars/0": np.random.default_rng(1).normal(size=(300, 70)).astype("float32"),
    "layers/dense/vars/1": np.arange(3, dtype=ml_dtypes.bfloat16),
    "layers/dense_1/vars/0": np.array([True, False]),
    "layers/dense_1/vars/1": np.zeros((0, 3), "float16"),
    "layers/dense_1/vars/2": np.uint8([[1, 2]]),
    "optimizer/vars/0": np.int64(7),
    "vars/0": np.float64([[[1.5]]]),
}
NAMES = {"": "model", "layers/dense": "hidden", "layers/dropout": "dropout", "optimizer": "adam"}


def a_store():
    return Store({p: MemoryTensor.of(p, v) for p, v in VALUES.items()}, dict(NAMES), {"x": "y"})


def written(store):
    stream = io.BytesIO()
    layout = Laid(store)
    layout.write(stream)
    return stream.getvalue(), layout


@pytest.fixture
def opened(tmp_path):
    """A function that reads bytes as an HDF5 file, behind some other bytes."""
    files = []

    def read(data, attributes=None):
        path = tmp_path / f"{len(files)}.h5"
        path.write_bytes(b"12345" + data + b"678")
        files.append(os.open(path, os.O_RDONLY))
        return read_hdf5(files[-1], 5, len(data), "weights", attributes)

    yield read
    for file in files:
        os.close(file)


def test_what_is_written_comes_back(opened):
    data, layout = written(a_store())
    store = opened(data)
    assert store.names == NAMES
    assert store.tensors.keys() == VALUES.keys()
    for path, value in VALUES.items():
        tensor = store.tensors[path]
        assert (tensor.shape, tensor.dtype) == (value.shape, value.dtype.name)
        assert tensor.digest == layout.digests[path]
        np.testing.assert_array_equal(tensor.read(), value)
    attributes = {}
    opened(data, attributes)
    assert attributes[""] == {"x": "y"}
    assert attributes["layers/dense/vars"] == {"name": "hidden"}


def test_the_same_weights_give_the_same_bytes():
    assert written(a_store())[0] == written(a_store())[0]


def test_places_and_structure_cover_every_byte():
    """A change of any byte is in a tensor's digest, or in that of the structure."""
    import hashlib

    data, layout = written(a_store())
    outside, at = b"", 0
    for (start, size), path in zip(
        layout.places, [p for p in VALUES if VALUES[p].size], strict=True
    ):
        assert data[start : start + size] == np.ascontiguousarray(VALUES[path]).tobytes()
        outside += data[at:start]
        at = start + size
    assert hashlib.sha256(outside + data[at:]).hexdigest() == layout.structure


def test_a_flipped_bit_in_a_tensor_is_told(opened):
    data, layout = written(a_store())
    for path, (start, _) in zip([p for p in VALUES if VALUES[p].size], layout.places, strict=True):
        changed = bytearray(data)
        changed[start] ^= 1
        with pytest.raises(ValueError, match=f"Tensor '{path}': expected the values that were"):
            opened(bytes(changed)).tensors[path].read()


def test_files_of_other_writers(opened):
    """Compressed, chunked, big-endian and compact data sets, written by h5py."""
    stream = io.BytesIO()
    value = np.arange(60_000, dtype="float32").reshape(300, 200)
    with h5py.File(stream, "w") as file:
        file["contiguous"] = value
        file.create_dataset("chunked", data=value, chunks=(100, 90))
        file.create_dataset(
            "compressed", data=value, compression="gzip", shuffle=True, fletcher32=True
        )
        file.create_dataset("big", data=value.astype(">f4"))
        how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        how.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((50,))
        compact = h5py.h5d.create(file.id, b"compact", h5py.h5t.IEEE_F32LE, space, how)
        compact.write(h5py.h5s.ALL, h5py.h5s.ALL, value[0, :50].copy())
        file.attrs["layer_names"] = [b"a", b"bc"]
        file.attrs["number"] = 3
    attributes = {}
    store = opened(stream.getvalue(), attributes)
    for name in ("contiguous", "chunked", "compressed", "big"):
        np.testing.assert_array_equal(store.tensors[name].read(), value)
    np.testing.assert_array_equal(store.tensors["compact"].read(), value[0, :50])
    assert attributes == {"": {"layer_names": ["a", "bc"]}}


def soft(file):
    file["x/soft"] = h5py.SoftLink("/weights")


def external(file):
    file["x/y/external"] = h5py.ExternalLink("/etc/hosts", "/")


def alias(file):
    file["x/alias"] = file["weights"]


def cycle(file):
    file["x/y"] = file["x"]


def root_cycle(file):
    file["x/root"] = file["/"]


def virtual(file):
    layout = h5py.VirtualLayout((4,), "float32")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    file["x"].create_virtual_dataset("virtual", layout)


def virtual_without_bounds(file):
    layout = h5py.VirtualLayout((4, 3), "float32", maxshape=(None, 3))
    source = h5py.VirtualSource("other.h5", "x", (4, 3), maxshape=(None, 3))
    layout[: h5py.h5s.UNLIMITED, :] = source[: h5py.h5s.UNLIMITED, :]
    file["x"].create_virtual_dataset("virtual", layout)


def stored_outside(file):
    file["x"].create_dataset("outside", (4,), "float32", external=[("/etc/hosts", 0, 16)])


def unwritten(file):
    file["x"].create_dataset("bomb", (1 << 15, 1 << 15), "float32")


def unwritten_chunks(file):
    file["x"].create_dataset("bomb", (1 << 15, 1 << 15), "float32", chunks=(1024, 1024))


def compressed_bomb(file):
    zeros = np.zeros((4096, 4096), "float32")
    file["x"].create_dataset("bomb", data=zeros, compression="gzip")


def large_chunks(file):
    file["x"].create_dataset("c", (4,), "float32", chunks=(1 << 28,), maxshape=(None,))


def plugin(file):
    how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    how.set_chunk((4,))
    how.set_filter(32004, h5py.h5z.FLAG_OPTIONAL)
    space = h5py.h5s.create_simple((4,))
    h5py.h5d.create(file["x"].id, b"plugin", h5py.h5t.IEEE_F32LE, space, how)


def other_builtin_filter(file):
    file["x"].create_dataset("s", data=np.arange(4), chunks=(4,), scaleoffset=0)


def named_type(file):
    file["x/type"] = np.dtype("float32")


def compound(file):
    file["x/compound"] = np.zeros(3, [("a", "f4"), ("b", "f4")])


def texts(file):
    file["x/text"] = "text"


def references(file):
    file["x"].create_dataset("r", (2,), h5py.ref_dtype)


def complex_numbers(file):
    file["x/c"] = np.zeros(3, "complex64")


def no_shape(file):
    file["x/empty"] = h5py.Empty("float32")


def odd_name(file):
    file["x"].create_group("a\\..\\b")


def long_name(file):
    file["x"].create_group("n" * 600)


def deep(file):
    file.create_group("/".join("d" * 70))


def digest_of_another_kind(file):
    file["weights"].attrs["sha256"] = [b"a", b"b"]


def one_long_text_in_a_list(file):
    """A list of a thousand texts, all of which are made to be the same long one."""
    file["x"].attrs["name"] = "n" * 100_000
    file.create_group("vars").attrs["name"] = ["m"] * 1000


TRICKS = [
    (soft, "a group or data set at 'x/soft'. Received: a soft link"),
    (external, "a group or data set at 'x/y/external'. Received: an external link"),
    (alias, "an object of its own at 'x/alias'. Received: another name of 'weights'"),
    (cycle, "an object of its own at 'x/y'. Received: another name of 'x'"),
    (root_cycle, "an object of its own at 'x/root'. Received: another name of '/'"),
    (virtual, "a data set in this file at 'x/virtual'. Received: a virtual data set"),
    (virtual_without_bounds, "a data set in this file at 'x/virtual'. Received: a virtual"),
    (stored_outside, "a data set in this file at 'x/outside'. Received: one with its bytes in"),
    (unwritten, r"the 4294967296 bytes of shape \(32768, 32768\) at 'x/bomb'. Received: 0 bytes"),
    (unwritten_chunks, "4294967296 bytes at 'x/bomb'. Received: 0 bytes"),
    (
        compressed_bomb,
        "compressed data sets that are at most 16 times .* at '/'. Received: 67108864 bytes in",
    ),
    (large_chunks, "chunks of its 16 bytes at 'x/c'. Received: chunks of 1073741824 bytes"),
    (plugin, "the filters gzip, shuffle, fletcher32 at 'x/plugin'. Received: filter 32004"),
    (other_builtin_filter, "the filters gzip, shuffle, fletcher32 at 'x/s'. Received: filter 6"),
    (named_type, "a group or data set at 'x/type'. Received: a data type"),
    (compound, "one of the dtypes .* at 'x/compound'. Received: class 6 of 8 bytes"),
    (texts, "one of the dtypes .* at 'x/text'. Received: class 3"),
    (references, "one of the dtypes .* at 'x/r'. Received: class 7"),
    (complex_numbers, "one of the dtypes .* at 'x/c'. Received: class"),
    (no_shape, "a tensor at 'x/empty'. Received: a data set without a shape"),
    (odd_name, r"plain names at 'x'. Received: the name 'a\\\\..\\\\b'"),
    (long_name, "plain names at 'x'. Received: the name 'nnn"),
    (deep, "at most 64 groups in each other at 'd/d"),
    (one_long_text_in_a_list, "short texts as attribute 'name' at 'vars'. Received: up to 100"),
    (digest_of_another_kind, "a text as attribute 'sha256' at 'weights'. Received: another value"),
]


@pytest.mark.parametrize("trick, message", TRICKS, ids=[trick.__name__ for trick, _ in TRICKS])
def test_tricks_are_refused(opened, tmp_path, monkeypatch, trick, message):
    monkeypatch.chdir(tmp_path)
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file["weights"] = np.arange(4, dtype="float32")
        file.create_group("x")
        trick(file)
    with pytest.raises(ValueError, match=f"weights: expected {message}"):
        opened(stream.getvalue())


PIECE = 1 << 20  # of a file that is searched for heaps


@pytest.mark.parametrize("place", [0, PIECE - 16, PIECE - 15, PIECE - 1, PIECE, 2 * PIECE + 84])
def test_heaps_of_texts_are_found_wherever_they_begin(tmp_path, place):
    data = bytearray(2 * PIECE + 100)
    data[place : place + 16] = b"GCOL\1\0\0\0" + (5000).to_bytes(8, "little")
    path = tmp_path / "heaps"
    path.write_bytes(b"front" + data + b"GCOL\1\0\0\0" + (9000).to_bytes(8, "little"))
    with path.open("rb") as file:
        assert Window(file.fileno(), 5, len(data), "weights").largest_heap == 5000


def test_two_data_sets_over_the_same_bytes_are_refused(opened):
    stream = io.BytesIO()
    with h5py.File(stream, "w", libver=("earliest", "v108")) as file:  # without checksums
        file["a"], file["b"] = np.arange(9.0), np.arange(9.0)
        first, second = (file[name].id.get_offset() for name in ("a", "b"))
    data = stream.getvalue()
    assert data.count(second.to_bytes(8, "little")) == 1
    data = data.replace(second.to_bytes(8, "little"), (first + 8).to_bytes(8, "little"))
    with pytest.raises(ValueError, match=r"bytes of its own at 'b'\. Received: bytes that 'a' has"):
        opened(data)


@pytest.mark.parametrize("size", [0, 7, 100, 3000, -1])
def test_files_that_are_cut_off_or_no_hdf5_are_refused(opened, size):
    data, _ = written(a_store())
    with pytest.raises(ValueError, match="weights: expected an HDF5 file of weights"):
        opened(data[:size])
    with pytest.raises(ValueError, match="weights: expected an HDF5 file of weights"):
        opened(b"PK" + data)


def test_the_number_of_objects_is_bounded(opened, monkeypatch):
    monkeypatch.setattr(hdf5, "MOST_OBJECTS", 10)
    with pytest.raises(ValueError, match="at most 10 groups and data sets"):
        opened(written(a_store())[0])
