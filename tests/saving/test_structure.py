"""Files of weights alone: no bit can be changed unnoticed, and HDF5 reads them as before."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from geartrain import Sequential, layers
from geartrain.saving import structure


def a_model():
    row = [layers.Dense(3, input_shape=(2,)), layers.Dropout(0.5), layers.Dense(1)]
    return Sequential(row)


@pytest.fixture
def written(tmp_path):
    """A model, its file of weights, and the content of that."""
    model, path = a_model(), tmp_path / "m.weights.h5"
    model.save_weights(path)
    return model, path, path.read_bytes()


def test_every_changed_byte_is_refused(written):
    """One bit of each byte: of tensors, of all around them, and of the footer."""
    model, path, content = written
    other = a_model()
    before = other.get_weights()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"m\.weights\.h5|Tensor 'layers"):
            other.load_weights(path)
    for value, kept in zip(other.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, kept)
    path.write_bytes(content)
    other.load_weights(path)
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize("lost", [1, 7, 8, 15, 16, 17, 60])
def test_a_footer_of_which_some_was_cut_off_is_refused(written, lost):
    model, path, content = written
    path.write_bytes(content[:-lost])
    with pytest.raises(ValueError, match=r"expected a footer with a SHA-256 .* other bytes"):
        model.load_weights(path)


def test_the_hdf5_library_reads_the_file_and_writes_on_behind_the_footer(written):
    model, path, _ = written
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["layers/dense/vars/0"][()], model.get_weights()[0])
    with h5py.File(path, "r+") as file:
        file.attrs["note"] = "mine"
    assert not path.read_bytes().endswith(structure._MAGIC)
    model.load_weights(path)


@pytest.mark.parametrize(
    ("text", "length"),
    [(b"[]", 2), (b"{}", 2), (b'{"places": [[0, 4]]}', 20), (b'{"places": [[9, -4]]}', 21),
     (b'{"places": [0, 4], "structure": ""}', 35), (b"{", 1), (b"{}", 2**60), (b"{}", 10**6)],
)  # fmt: skip
def test_footers_that_are_none(written, text, length):
    model, path, content = written
    end = structure.end_of(content[:36])
    path.write_bytes(content[:end] + text + length.to_bytes(8, "little") + structure._MAGIC)
    with pytest.raises(ValueError, match=r"was damaged or changed since it was saved"):
        model.load_weights(path)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_other_programs_may_leave_bytes_behind_the_end(tmp_path, libver):
    path = tmp_path / "m.weights.h5"
    with h5py.File(path, "w", libver=libver) as file:
        for number, array in enumerate([np.ones((2, 3), "float32"), np.zeros(3, "float32")]):
            file[f"layers/dense/vars/{number}"] = array
    with path.open("ab") as stream:
        stream.write(b"some more bytes")
    model = Sequential([layers.Dense(3, input_shape=(2,))])
    model.load_weights(path)
    assert model.get_weights()[0].all()
