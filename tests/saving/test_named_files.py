"""Weights in safetensors and npz files, whose tensors are called after variables."""

import json
import struct
import zipfile

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import geartrain
from geartrain import layers, models, saving
from geartrain.errors import GeartrainWarning
from geartrain.graph.dtypes import numpy_dtype
from geartrain.saving.safetensors import DTYPES, safetensors_file
from geartrain.utils import clear_session
from tests.saving.networks import NETWORKS, trained

ENDINGS = (".safetensors", ".npz")
every_ending = pytest.mark.parametrize("ending", ENDINGS)


def dense(**names):
    """Two layers that have equal shapes."""
    x = geartrain.Input((3,))
    y = layers.Dense(3, name=names.get("first"))(x)
    return models.Model(x, layers.Dense(3, name=names.get("second"))(y))


def fill(model, seed=0):
    random = np.random.default_rng(seed)
    for variable in model.weights:
        variable.assign(random.uniform(0.5, 1.5, variable.shape).astype(variable.dtype))
    return model


def check_equal(one, other):
    for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@every_ending
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_comes_back(tmp_path, name, ending):
    first, second = fill(NETWORKS[name](geartrain), 1), NETWORKS[name](geartrain)
    first.save_weights(tmp_path / f"m{ending}")
    second.load_weights(tmp_path / f"m{ending}")
    check_equal(first, second)


@every_ending
def test_the_state_of_the_optimizer_comes_back(tmp_path, ending):
    first, second = trained(geartrain, "adam"), trained(geartrain, "adam")
    first.train_on_batch(np.ones((8, 4)), np.ones((8, 2)))
    first.save_weights(tmp_path / f"m{ending}")
    second.load_weights(tmp_path / f"m{ending}")
    for one, other in zip(first.optimizer.variables, second.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    plain = trained(geartrain, "adam")
    plain.optimizer = None
    plain.load_weights(tmp_path / f"m{ending}")  # warnings are errors
    saving.save_weights(first, tmp_path / f"w{ending}", objects_to_skip=[first.optimizer])
    second.load_weights(tmp_path / f"w{ending}")


def test_other_libraries_read_what_is_written(tmp_path):
    clear_session()
    model = fill(dense(first="a"))
    model.save_weights(tmp_path / "m.safetensors")
    model.save_weights(tmp_path / "m.npz")
    expected = dict(
        zip(["a/kernel", "a/bias", "dense/kernel", "dense/bias"], model.get_weights(), strict=True)
    )
    for found in (load_file(tmp_path / "m.safetensors"), np.load(tmp_path / "m.npz")):
        assert {*found} == {*expected}
        for name, array in expected.items():
            np.testing.assert_array_equal(found[name], array)
    with safe_open(tmp_path / "m.safetensors", "np") as file:
        assert file.metadata()["format"] == "keras"


def test_what_other_libraries_write_is_read(tmp_path):
    model, source = dense(first="a", second="b"), fill(dense(), 3)
    values = dict(
        zip(["a/kernel", "a/bias", "b/kernel", "b/bias"], source.get_weights(), strict=True)
    )
    save_file(values, tmp_path / "m.safetensors", metadata={"made": "elsewhere"})
    values["a/kernel"] = np.asfortranarray(values["a/kernel"])
    np.savez(tmp_path / "m.npz", **values)
    np.savez_compressed(tmp_path / "packed.npz", **values)
    for name in ("m.safetensors", "m.npz", "packed.npz"):
        fill(model, 8)
        model.load_weights(tmp_path / name)
        check_equal(model, source)
    with safetensors_file(tmp_path / "m.safetensors", "test") as store:
        assert store.metadata == {"made": "elsewhere"}


@pytest.mark.parametrize("dtype", sorted(set(DTYPES.values())))
@every_ending
def test_every_dtype(tmp_path, dtype, ending):
    class Kept(layers.Layer):
        def build(self, shape):
            self.kept = self.add_weight(shape=(2, 3), dtype=dtype, initializer="zeros")

        def call(self, x):
            return x

    first, second = (models.Sequential([geartrain.Input((1,)), Kept()]) for _ in range(2))
    first.weights[0].assign(np.arange(6).reshape(2, 3).astype(numpy_dtype(dtype)))
    first.save_weights(tmp_path / f"m{ending}")
    second.load_weights(tmp_path / f"m{ending}")
    assert second.weights[0].dtype == dtype
    check_equal(first, second)


@every_ending
def test_automatic_numbers_may_differ(tmp_path, ending):
    first, second = fill(dense(), 1), fill(dense(), 2)
    first.save_weights(tmp_path / f"m{ending}")
    second.load_weights(tmp_path / f"m{ending}")
    check_equal(first, second)


def test_renamed_layers_are_known_by_their_places(tmp_path):
    first, second = fill(dense(first="a", second="b"), 1), dense(first="x", second="y")
    first.save_weights(tmp_path / "m.safetensors")
    second.load_weights(tmp_path / "m.safetensors")
    check_equal(first, second)
    first.save_weights(tmp_path / "m.npz")
    with pytest.raises(ValueError, match=r"without 'x/kernel', 'x/bias', 'y/kernel'.*it has 'a/k"):
        second.load_weights(tmp_path / "m.npz")


@every_ending
def test_layers_in_another_order_are_known_by_their_names(tmp_path, ending):
    first, second = fill(dense(first="a", second="b"), 1), dense(first="b", second="a")
    first.save_weights(tmp_path / f"m{ending}")
    second.load_weights(tmp_path / f"m{ending}")
    np.testing.assert_array_equal(
        first.get_layer("a").get_weights()[0], second.get_layer("a").get_weights()[0]
    )


def test_what_does_not_fit_is_told_and_changes_nothing(tmp_path):
    model = fill(dense(first="a", second="b"))
    before = model.get_weights()
    path = tmp_path / "m.safetensors"
    named = dict(zip(["a/kernel", "a/bias", "b/kernel"], before, strict=False))
    save_file(named, path)
    with pytest.raises(ValueError, match=r"without 'b/bias'; it has .*nearest is 'a/bias'"):
        model.load_weights(path)
    save_file({"0.weight": before[0], "0.bias": before[1]}, path)
    with pytest.raises(ValueError, match=r"names look like those of PyTorch.*transpose"):
        model.load_weights(path)
    save_file({**named, "b/bias": np.ones(4, "float32")}, path)
    with pytest.raises(ValueError, match=r"expected shape \(3,\).*shape \(4,\).* at 'b/bias'"):
        model.load_weights(path)
    for ours, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, old)
    with pytest.warns(GeartrainWarning, match="left layers/dense_1 as it is"):
        model.load_weights(path, skip_mismatch=True)
    save_file({**named, "b/bias": before[3], "c/bias": before[3]}, path)
    with pytest.warns(GeartrainWarning, match=r"no place for.*left out: c/bias"):
        model.load_weights(path)


def test_weights_of_pytorch_that_are_turned_are_recognised(tmp_path):
    model = models.Sequential([geartrain.Input((3,)), layers.Dense(2, name="a")], name="s")
    values = {"s/a/kernel": np.ones((2, 3), "float32"), "s/a/bias": np.ones(2, "float32")}
    save_file(values, tmp_path / "m.safetensors")
    with pytest.raises(ValueError, match=r"The axes are turned.*transpose"):
        model.load_weights(tmp_path / "m.safetensors")


# -- damage and lies -----------------------------------------------------------------------------


def test_no_flipped_bit_goes_unnoticed(tmp_path):
    model = fill(models.Sequential([geartrain.Input((2,)), layers.Dense(1, name="a")]))
    for ending in ENDINGS:
        path = tmp_path / f"m{ending}"
        model.save_weights(path)
        data = path.read_bytes()
        target = models.Sequential([geartrain.Input((2,)), layers.Dense(1, name="a")])
        before = target.get_weights()
        for place in range(len(data)):
            damaged = bytearray(data)
            damaged[place] ^= 1 << place % 8
            path.write_bytes(damaged)
            try:
                target.load_weights(path)
            except ValueError:
                for ours, old in zip(target.get_weights(), before, strict=True):
                    np.testing.assert_array_equal(ours, old)
            else:  # a date in the directory, spaces behind the header
                check_equal(target, model)
                target.set_weights(before)


def test_a_flipped_bit_of_a_tensor_names_it(tmp_path):
    model = fill(dense(first="a"))
    path = tmp_path / "m.safetensors"
    model.save_weights(path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"Tensor 'dense.*/bias'.*damaged"):
        model.load_weights(path)


GOOD = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def raw(header, values=b"\0" * 8):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + values


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "at least the 8 bytes"),
        (struct.pack("<Q", 2**63) + b"{}", "a header within the file"),
        (struct.pack("<Q", 100) + b"{}", "a header within the file"),
        (raw(b"[1"), "header: expected JSON"),
        (raw(b'{"a": %s, "a": %s}' % (2 * (json.dumps(GOOD).encode(),))), "'a' twice"),
        (raw(b'{"a":' * 100 + b"1" + b"}" * 100), "levels"),
        (raw([1]), "an object"),
        (raw({"a": {**GOOD, "dtype": "F8_E4M3"}}), "one of the dtypes F64, .*'F8_E4M3'"),
        (raw({"a": {**GOOD, "dtype": ["F32"]}}), "one of the dtypes"),
        (raw({"a": {**GOOD, "shape": [-2]}}), "whole numbers as shape"),
        (raw({"a": {**GOOD, "shape": [2.0]}}), "whole numbers as shape"),
        (raw({"a": {**GOOD, "shape": [True, 2]}}), "whole numbers as shape"),
        (raw({"a": {**GOOD, "shape": [2**40, 2**40]}}), "8$|bytes of 'a'"),
        (raw({"a": {**GOOD, "shape": [1] * 40 + [2]}}), "at most 32 axes"),
        (raw({"a": {**GOOD, "data_offsets": [0, 9]}}), "8 bytes of 'a'"),
        (raw({"a": {**GOOD, "data_offsets": [0]}}), "two offsets"),
        (raw({"a": {"dtype": "F32", "shape": [2]}}), "of each tensor"),
        (raw({"a": {**GOOD, "more": 1}}), "of each tensor"),
        (raw({"": GOOD}), "of each tensor"),
        (raw({"a": {**GOOD, "data_offsets": [8, 16]}}), "'a' at byte 0.*byte 8"),
        (raw({"a": GOOD, "b": {**GOOD, "data_offsets": [4, 12]}}, b"\0" * 12), "'b' at byte 8"),
        (raw({"a": GOOD}, b"\0" * 4), "8 bytes of values"),
        (raw({"a": GOOD}, b"\0" * 12), "8 bytes of values"),
        (raw({"a": GOOD, "__metadata__": {"a": 1}}), "texts in '__metadata__'"),
        (raw({"a": GOOD, "__metadata__": {"geartrain.sha256": "{}"}}), "by its SHA-256"),
    ],
)
def test_headers_that_lie_are_refused(tmp_path, data, text):
    path = tmp_path / "m.safetensors"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=text), safetensors_file(path, "test"):
        pass


def npz_with(tmp_path, name, data):
    path = tmp_path / "m.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, data)
    return path


def npy(array, **changed):
    header = {"descr": "<f4", "fortran_order": False, "shape": array.shape} | changed
    text = f"{str(header)[:-1]}, }}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + array.tobytes()


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        (
            "a.txt",
            b"text",
            r"expected members '\.npy', as numpy.savez makes them. Received: 'a\.txt'",
        ),
        ("a.npy", npy(np.ones(2, "f4"), shape=(2**50,)), "expected the 4503599627370496 bytes"),
        ("a.npy", npy(np.ones(2, "f4"), descr="|O"), r"one of the dtypes.*'\|O'"),
        ("a.npy", npy(np.ones(2, "f4"), descr=">f4"), "lowest byte first"),
        ("a.npy", npy(np.ones(2, "f4"), descr="<c8"), "one of the dtypes"),
        ("a.npy", b"no array", r"expected a \.npy array"),
    ],
)
def test_members_that_lie_are_refused(tmp_path, name, data, text):
    path = npz_with(tmp_path, name, data)
    with pytest.raises(ValueError, match=text):
        dense().load_weights(path)


@pytest.mark.parametrize("ending", [".npz", ".safetensors", ".weights.h5", ".weights.json", ".h5"])
def test_a_folder_is_no_file(tmp_path, ending):
    path = tmp_path / f"m{ending}"
    path.mkdir()
    with pytest.raises(
        ValueError, match=rf"expected '.*m\{ending}' to be a file. Received: a fold"
    ):
        dense().load_weights(path)
