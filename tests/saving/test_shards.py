"""Weights in several files, and their index."""

import json

import numpy as np
import pytest

import geartrain
from geartrain.errors import GeartrainWarning
from tests.saving.networks import NETWORKS

SMALL = 400 / 2**30  # gigabytes: two shards for the network `row`
FIRST = "m_00000.weights.h5"


def filled(seed=1):
    model = NETWORKS["row"](geartrain)
    random = np.random.default_rng(seed)
    for variable in model.weights:
        variable.assign(random.uniform(0.5, 1.5, variable.shape))
    return model


def files_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def saved(tmp_path):
    model = filled()
    path = tmp_path / "m.weights.json"
    model.save_weights(path, max_shard_size=SMALL)
    return model, path


def check_loads(model, path):
    other = filled(2)
    other.load_weights(path)
    for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_index_is_that_of_keras(saved):
    model, path = saved
    assert files_in(path.parent) == ["m.weights.json", FIRST, "m_00001.weights.h5"]
    index = json.loads(path.read_text())
    assert index["metadata"] == {"total_size": sum(v.numpy().nbytes for v in model.weights)}
    assert index["weight_map"]["/layers/conv2d/vars"] == FIRST
    assert index["weight_map"]["/layers/dense/vars"] == "m_00001.weights.h5"
    check_loads(model, path)


def test_a_layer_may_be_in_two_shards(tmp_path):
    model, path = filled(), tmp_path / "m.weights.json"
    model.save_weights(path, max_shard_size=420 / 2**30)
    index = json.loads(path.read_text())["weight_map"]
    assert index["/layers/dense/vars"] == [FIRST, "m_00001.weights.h5"]
    check_loads(model, path)


def test_the_ending_h5_becomes_that_of_an_index(tmp_path):
    model = filled()
    with pytest.warns(GeartrainWarning, match=r"have an index, which is at .*m\.weights\.json"):
        model.save_weights(tmp_path / "m.weights.h5", max_shard_size=SMALL)
    check_loads(model, tmp_path / "m.weights.json")


def test_saving_again_keeps_the_former_shards_until_the_index_is_replaced(saved):
    _, path = saved
    for seed, size in ((3, SMALL), (4, 1.0), (5, SMALL)):
        model = filled(seed)
        model.save_weights(path, max_shard_size=size)
        check_loads(model, path)
        names = set(json.loads(path.read_text())["weight_map"].values())
        assert {*files_in(path.parent)} == {path.name, FIRST, *names}


def test_a_failure_while_saving_leaves_the_former_weights(saved, monkeypatch):
    model, path = saved
    before = files_in(path.parent)
    from geartrain.saving import shards

    written = []

    def fails(store, stream):
        if written:
            raise OSError(28, "No space left on device")
        written.append(1)
        return shards_write(store, stream)

    shards_write = shards.write_hdf5
    monkeypatch.setattr(shards, "write_hdf5", fails)
    with pytest.raises(OSError, match="No space left"):
        filled(9).save_weights(path, max_shard_size=SMALL)
    monkeypatch.undo()
    check_loads(model, path)
    assert before == files_in(path.parent)


@pytest.mark.parametrize("size", [0, -1, "1GB", True, float("nan"), float("inf")])
def test_sizes_that_are_none(tmp_path, size):
    with pytest.raises(ValueError, match=r"max_shard_size as a number of gigabytes.*Received"):
        filled().save_weights(tmp_path / "m.weights.json", max_shard_size=size)


def test_a_tensor_that_is_larger_than_a_shard_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"room for each tensor.*'layers/conv2d/vars/0' takes"):
        filled().save_weights(tmp_path / "m.weights.json", max_shard_size=50 / 2**30)
    assert not files_in(tmp_path)


def test_the_endings(tmp_path):
    with pytest.raises(ValueError, match=r"must end in '\.weights\.json' when max_shard_size"):
        filled().save_weights(tmp_path / "m.safetensors", max_shard_size=1)
    with pytest.raises(ValueError, match=r"must end in '\.weights\.h5'"):
        filled().save_weights(tmp_path / "m.weights.json")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"weight_map": None}, "an object as 'weight_map'"),
        ({"weight_map": {"/layers/dense/vars": "../x.weights.h5"}}, "names of files beside"),
        ({"weight_map": {"/layers/dense/vars": "/etc/passwd"}}, "names of files beside"),
        ({"weight_map": {"/layers/dense/vars": [3]}}, "names of files beside"),
        ({"weight_map": {"/layers/dense/vars": "no_00001.weights.h5"}}, "a file 'no_00001"),
        ({"weight_map": {"/layers/dense/vars": FIRST}}, "vars' in 'm_00000.*: a shard without"),
        ({"metadata": {"total_size": 5}}, "the 5 bytes of 'total_size'"),
        ({"metadata": None}, "the None bytes of 'total_size'"),
    ],
)
def test_an_index_that_lies_is_refused(saved, change, text):
    _, path = saved
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=text):
        filled().load_weights(path)


def test_other_files_that_lie_are_refused(saved):
    _, path = saved
    index = path.read_text()
    path.write_text("[]")
    with pytest.raises(ValueError, match="expected an object"):
        filled().load_weights(path)
    path.write_text(index)
    first, second = path.with_name(FIRST), path.with_name("m_00001.weights.h5")
    data = second.read_bytes()
    second.write_bytes(first.read_bytes())
    with pytest.raises(ValueError, match="each tensor in one shard"):
        filled().load_weights(path)
    second.unlink()
    second.symlink_to(first)
    with pytest.raises(ValueError, match="a file 'm_00001"):
        filled().load_weights(path)
    second.unlink()
    second.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(ValueError, match=r"damaged|SHA-256"):
        filled().load_weights(path)
