"""Stores: tensors are known before they are read, and reading notices what was changed."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest

from geartrain.saving.store import (
    PIECE,
    FileTensor,
    MemoryTensor,
    Store,
    digests_of,
    read_tensors,
)


@pytest.fixture
def stored(tmp_path):
    """Two tensors in a file, one of several pieces, behind some other bytes."""
    values = [
        np.random.default_rng(1).normal(size=(5, 250_001)).astype("float32"),
        np.arange(6, dtype="int64").reshape(2, 3),
    ]
    path = tmp_path / "tensors"
    path.write_bytes(b"header" + values[0].tobytes() + values[1].tobytes())
    file = os.open(path, os.O_RDWR)
    offsets = [6, 6 + values[0].nbytes]
    tensors = [
        FileTensor(str(k), v.shape, v.dtype.name, digest=d, file=file, offset=offset)
        for k, (v, d, offset) in enumerate(zip(values, digests_of(values), offsets, strict=True))
    ]
    yield values, tensors, file
    os.close(file)


def test_large_and_small_tensors_come_back(stored):
    values, tensors, _ = stored
    assert tensors[0].nbytes > 4 * PIECE
    for value, tensor in zip(values, tensors, strict=True):
        np.testing.assert_array_equal(tensor.read(), value)


def test_a_digest_is_of_the_digests_of_the_pieces():
    value = np.random.default_rng(2).bytes(2 * PIECE + 5)
    parts = [value[:PIECE], value[PIECE : 2 * PIECE], value[2 * PIECE :]]
    joined = b"".join(hashlib.sha256(part).digest() for part in parts)
    assert digests_of([np.frombuffer(value, "uint8")]) == [hashlib.sha256(joined).hexdigest()]


@pytest.mark.parametrize("place", [6, 6 + 3 * PIECE, 6 + 20 * 250_001 - 1])
def test_a_flipped_bit_is_told_with_the_tensor(stored, place):
    _, tensors, file = stored
    byte = os.pread(file, 1, place)
    os.pwrite(file, bytes([byte[0] ^ 4]), place)
    arrays = [np.empty(t.shape, t.dtype) for t in tensors]
    with pytest.raises(ValueError, match=r"Tensor '0': expected the values that were written"):
        read_tensors(zip(tensors, arrays, strict=True))


def test_a_file_that_was_cut_off_is_told(stored):
    _, tensors, file = stored
    os.ftruncate(file, 6 + PIECE)
    with pytest.raises(ValueError, match=r"'0': expected \d+ bytes at \d+ .* cut off"):
        tensors[0].read()


def test_an_array_that_does_not_fit_is_refused_before_reading(stored):
    _, tensors, _ = stored
    for array in (np.zeros((3, 2), "int64"), np.zeros((2, 3), "float32")):
        with pytest.raises(ValueError, match=r"Tensor '1': expected an array of shape \(2, 3\)"):
            tensors[1].read_into(array)
        assert not array.any()
    with pytest.raises(ValueError, match="a strided view"):
        tensors[1].read_into(np.zeros((3, 2), "int64").T)


@pytest.mark.parametrize("dtype", ["bool", "float16", "bfloat16", "uint8", ">f4"])
def test_arrays_become_tensors(dtype):
    value = np.array([[0, 1, 2]], getattr(ml_dtypes, dtype, dtype))
    tensor = MemoryTensor.of("vars/0", value)
    read = tensor.read()
    assert read.dtype.isnative and tensor.nbytes == value.nbytes
    np.testing.assert_array_equal(read, value)


def test_empty_and_scalar_tensors():
    for value in (np.float32(3), np.zeros((0, 4))):
        tensor = MemoryTensor.of("x", value)
        np.testing.assert_array_equal(replace(tensor, digest=digests_of([value])[0]).read(), value)


def test_groups_are_in_the_order_of_their_numbers():
    paths = [f"layers/dense/vars/{k}" for k in (10, 2, 0)] + ["vars/0", "other/vars_2/0", "vars/x"]
    closed = []
    with Store(
        {path: MemoryTensor.of(path, np.zeros(2)) for path in paths},
        {"layers/dense": "hidden", "empty": "dropout"},
        closing=lambda: closed.append(True),
    ) as store:
        assert [t.path for t in store.group("layers/dense")] == [paths[2], paths[1], paths[0]]
        assert [t.path for t in store.group("")] == ["vars/0"]
        assert store.group("empty") == []
        assert store.paths() == ["layers/dense", ""]
        assert store.nbytes == 6 * 16
    assert closed == [True]
