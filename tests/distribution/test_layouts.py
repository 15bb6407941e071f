"""Meshes, layouts and devices take and refuse what Keras's do."""

import sys

import numpy as np
import pytest

import geartrain as keras
from geartrain import distribution, layers
from geartrain.distribution import current, together
from geartrain.distribution.ranks import MpiRanks, Ranks
from geartrain.runtime.variable import Variable


def test_meshes():
    mesh = distribution.DeviceMesh((2, 2), ["batch", "model"], [f"cpu:{n}" for n in range(4)])
    assert mesh.shape == (2, 2) and mesh.axis_names == ["batch", "model"]
    assert mesh.devices.tolist() == [["cpu:0", "cpu:1"], ["cpu:2", "cpu:3"]]
    assert mesh.backend_mesh is mesh
    with pytest.raises(ValueError, match="Shape and axis_names cannot be empty"):
        distribution.DeviceMesh(None, ["batch"])
    with pytest.raises(ValueError, match="Shape and axis_names should have same size"):
        distribution.DeviceMesh((1, 1), ["batch"])
    with pytest.raises(ValueError, match="Shape does not match the number of devices"):
        distribution.DeviceMesh((3,), ["batch"])


def test_layouts():
    mesh = distribution.DeviceMesh((1,), ["batch"])
    layout = distribution.TensorLayout((None, "batch"), mesh)
    assert layout.axes == (None, "batch") and layout.backend_layout is layout
    with pytest.raises(ValueError, match="Invalid axis names for Layout"):
        distribution.TensorLayout(("model",), mesh)
    with pytest.raises(ValueError, match="Cannot override device mesh value"):
        layout.device_mesh = mesh
    with pytest.raises(ValueError, match="expected a device mesh"):
        _ = distribution.TensorLayout((None,)).backend_layout
    tensor = np.ones(3)
    assert distribution.distribute_tensor(tensor, layout) is tensor
    with pytest.raises(TypeError, match="distribute_tensor: expected a TensorLayout"):
        distribution.distribute_tensor(tensor, "batch")


def test_maps_of_layouts():
    mesh = distribution.DeviceMesh((1,), ["batch"])
    found = distribution.LayoutMap(mesh)
    found["dense.*kernel"] = (None, "batch")
    found["dense_1/.*"] = distribution.TensorLayout(("batch",))
    assert found["dense_2/kernel"].axes == (None, "batch")
    assert found["dense_1/.*"].device_mesh is mesh and found["other"] is None
    assert list(found) == ["dense.*kernel", "dense_1/.*"] and len(found) == 2
    with pytest.raises(ValueError, match="matches multiple layout specification keys"):
        _ = found["dense_1/kernel"]
    with pytest.raises(ValueError, match="already exist in the LayoutMap"):
        found["dense_1/.*"] = (None,)
    with pytest.raises(ValueError, match="should be a TensorLayout type"):
        found["new"] = ["batch"]
    del found["dense_1/.*"]
    assert found["dense_1/kernel"].axes == (None, "batch")


def test_distributions_tell_layouts():
    parallel = distribution.DataParallel(devices=["cpu:0"])
    variable = Variable(np.ones((2, 3)))
    assert parallel.get_data_layout((8, 2)).axes == ("batch", None)
    assert parallel.get_variable_layout(variable).axes == (None, None)
    assert parallel.get_tensor_layout("dense/output") is None
    assert parallel.num_model_replicas == parallel.num_processes == 1
    assert parallel.batch_dim_name == "batch" and parallel.auto_shard_dataset is True
    found = distribution.LayoutMap(distribution.DeviceMesh((1, 1), ["batch", "model"]))
    found[variable.path] = (None, "model")
    models = distribution.ModelParallel(layout_map=found)
    assert models.get_variable_layout(variable).axes == (None, "model")
    assert models.get_data_layout((8,)).axes == ("batch",)
    with pytest.raises(ValueError, match="must be a `LayoutMap` instance"):
        distribution.ModelParallel(layout_map={})
    with pytest.warns(UserWarning, match="expected a mesh with one axis"):
        distribution.DataParallel(distribution.DeviceMesh((1, 1), ["batch", "model"]))
    with pytest.raises(NotImplementedError, match="expected a kind that tells how many copies"):
        _ = distribution.parallel.Distribution(parallel.device_mesh).num_model_replicas


class OddRanks(Ranks):
    """Two ranks, of which the other one has what a function makes of ours."""

    size = 2

    def __init__(self, other):
        self._other = other

    def all_values(self, value):
        return [value, self._other(value)]


@pytest.fixture
def beside(monkeypatch):
    """Sets what the other rank has."""

    def set_ranks(other):
        monkeypatch.setitem(current._state, "ranks", OddRanks(other))
        monkeypatch.setitem(current._state, "distribution", distribution.DataParallel())

    return set_ranks


def test_other_data_at_another_rank_are_refused(beside):
    beside(lambda found: ["2x3 float64 abc", *found[1:]])
    model = keras.Sequential([layers.Dense(1)])
    model.compile(loss="mse")
    with pytest.raises(ValueError, match=r"fit: expected the same data at all ranks.*at rank 1"):
        model.fit(np.ones((4, 2)), np.ones(4), verbose=0)


def test_another_model_at_another_rank_is_refused(beside):
    beside(lambda found: found[1:])
    program = type("Program", (), {"variables": [Variable(1.0), Variable(2.0)]})()
    with pytest.raises(ValueError, match=r"the same model at all ranks.*programs with 2, 1"):
        together.agree_on_variables(program)


def test_without_mpi_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setenv("PMI_RANK", "0")
    with pytest.raises(ImportError, match=r"several ranks need.*pip install 'geartrain\[mpi\]'"):
        distribution.initialize()
    with pytest.raises(ImportError, match="mpi4py"):
        MpiRanks()


def test_launched_ranks_that_nobody_asked_to_work_together_are_told_of(monkeypatch):
    monkeypatch.setenv("PMI_SIZE", "4")
    monkeypatch.setitem(together._told, "unasked", False)
    model = keras.Sequential([layers.Dense(1)])
    model.compile(loss="mse")
    with pytest.warns(UserWarning, match="launched as 4 ranks, but no distribution is set"):
        model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
    model.fit(np.ones((4, 2)), np.ones(4), verbose=0)  # once is enough
