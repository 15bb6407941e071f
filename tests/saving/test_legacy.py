"""`.h5` files: those that Keras 2 wrote, and those that are written here."""

import json
import os
import warnings
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

import geartrain
from geartrain import layers, models, tree
from geartrain.errors import GeartrainWarning
from geartrain.saving.legacy_config import modern
from tests.saving.networks import NETWORKS, OPTIMIZERS, trained

ARCHIVE = Path(__file__).parent.parent / "recorded" / "keras2.zip"
with zipfile.ZipFile(ARCHIVE) as opened:
    MEMBERS = opened.namelist()
RECORDED = sorted(name.removesuffix(".npz") for name in MEMBERS if name.endswith(".npz"))
OWN_CLASSES = {"subclassed", "row_with_more", "own_format", "learned_loss"}
OTHER_FORMULAS = {"optimizer_old_nadam"}  # of its momentum, so its state means something else


@pytest.fixture
def recorded(tmp_path):
    """A function of a name: the path of the model's file, and the arrays beside it."""

    def extract(name):
        with zipfile.ZipFile(ARCHIVE) as archive:
            archive.extractall(tmp_path, [m for m in MEMBERS if m.split(".")[0].startswith(name)])
        with np.load(tmp_path / f"{name}.npz") as arrays:
            return tmp_path / f"{name}.h5", dict(arrays)

    return extract


def inputs_of(arrays):
    found = [arrays[name] for name in sorted(arrays) if name[0] == "x"]
    return found if len(found) > 1 else found[0]


def check_outputs(model, arrays):
    found = tree.flatten(model.predict(inputs_of(arrays), verbose=0))
    expected = [arrays[name] for name in sorted(arrays) if name[0] == "y" and name != "y"]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def check_same_weights(one, other):
    for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", RECORDED)
def test_models_of_keras_2_give_the_same_outputs(recorded, name):
    path, arrays = recorded(name)
    check_outputs(models.load_model(path, compile=False), arrays)


@pytest.mark.parametrize("name", [n for n in RECORDED if n.startswith("optimizer")])
def test_their_training_goes_on(recorded, name):
    path, arrays = recorded(name)
    if name in OTHER_FORMULAS:
        with pytest.warns(GeartrainWarning, match=r"starts afresh. 'Nadam' has no 1 slots"):
            models.load_model(path)
        return
    model = models.load_model(path)
    assert model.optimizer.iterations.numpy() == 3
    history = model.fit(
        inputs_of(arrays), arrays["y"], epochs=3, batch_size=4, verbose=0, shuffle=False
    )
    np.testing.assert_allclose(history.history["loss"], arrays["losses"], rtol=1e-4)
    assert "mae" in history.history


@pytest.mark.parametrize("by_name", [None, False, True])
@pytest.mark.parametrize("name", ["row", "recurrent", "several", "nested"])
def test_their_weights_alone(recorded, name, by_name):
    path, arrays = recorded(name)
    model = models.load_model(path, compile=False)
    expected = model.get_weights()
    for file in (path, path.with_name(f"{name}_weights.h5")):
        model.set_weights([np.zeros_like(weight) for weight in expected])
        model.load_weights(file, by_name=by_name)
        for ours, theirs in zip(model.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    check_outputs(model, arrays)


def test_all_golden_files_of_this_kind():
    folder = os.environ.get("GEARTRAIN_GOLDEN")
    if not folder:
        pytest.skip("GEARTRAIN_GOLDEN names no folder of files made by Keras")
    paths = [path for path in sorted(Path(folder).glob("*.h5")) if ".weights." not in path.name]
    assert len(paths) > 5
    for path in paths:
        new = models.load_model(path.with_suffix(".keras"), compile=False)
        check_same_weights(models.load_model(path, compile=False), new)
        assert models.load_model(path).optimizer.iterations.numpy() > 0


# -- what is written -----------------------------------------------------------------------------


def saved(model, path):
    with pytest.warns(GeartrainWarning, match=r"'\.h5' is the legacy format"):
        model.save(path)
    return path


@pytest.mark.parametrize("name", sorted(NETWORKS.keys() - OWN_CLASSES))
def test_networks_come_back(tmp_path, name):
    model = NETWORKS[name](geartrain)
    other = models.load_model(saved(model, tmp_path / "m.h5"), compile=False)
    x = [np.ones((2, *one.shape[1:]), "float32") for one in model.inputs]
    x = x if len(x) > 1 else x[0]
    for ours, theirs in zip(
        tree.flatten(model.predict(x, verbose=0)),
        tree.flatten(other.predict(x, verbose=0)),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS.keys() - {"muon"}))
def test_training_comes_back(tmp_path, name):
    model = trained(geartrain, name)
    other = models.load_model(saved(model, tmp_path / "m.h5"))
    check_same_weights(model, other)
    for ours, theirs in zip(model.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_the_optimizer_may_be_left_out(tmp_path):
    model = trained(geartrain, "adam")
    with pytest.warns(GeartrainWarning, match="the legacy format"):
        model.save(tmp_path / "m.h5", include_optimizer=False)
    with pytest.warns(GeartrainWarning, match="so it was not compiled"):
        assert not models.load_model(tmp_path / "m.h5").compiled


def test_many_layers_need_several_attributes(tmp_path):
    names = [f"{'x' * 400}_{number}" for number in range(200)]
    model = models.Sequential([geartrain.Input((1,)), *(layers.Dense(1, name=n) for n in names)])
    path = saved(model, tmp_path / "m.h5")
    with h5py.File(path) as file:
        assert "layer_names1" in file["model_weights"].attrs
    check_same_weights(models.load_model(path, compile=False), model)


# -- what does not fit ---------------------------------------------------------------------------


def dense(*units, first="a"):
    rest = [layers.Dense(n, name=f"layer_{place}") for place, n in enumerate(units[1:])]
    return models.Sequential([geartrain.Input((3,)), layers.Dense(units[0], name=first), *rest])


def test_weights_that_do_not_fit_change_nothing(tmp_path):
    path = saved(dense(4, 2), tmp_path / "m.h5")
    model = dense(4, 3)
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"Shape mismatch in layer #1 .*expected shape \(4, 3\)"):
        model.load_weights(path)
    with pytest.raises(ValueError, match=r"Layer count mismatch.*expected 1 layers.*found 2"):
        dense(4).load_weights(path)
    with pytest.raises(ValueError, match=r"Weight count mismatch for layer #0 .*expected 1 w"):
        models.Sequential(
            [geartrain.Input((3,)), layers.Dense(4, use_bias=False), layers.Dense(2)]
        ).load_weights(path)
    for ours, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, old)
    with pytest.warns(GeartrainWarning, match=r"left layer #1 \(named 'layer_0'\) as it is"):
        model.load_weights(path, skip_mismatch=True)
    np.testing.assert_array_equal(model.get_weights()[2], before[2])


def test_layers_by_name(tmp_path):
    source = dense(4, 2)
    path = saved(source, tmp_path / "m.h5")
    model = dense(4, 7)
    model.layers[1].name = "elsewhere"
    model.load_weights(path, by_name=True)
    check_same_weights(model.layers[0], source.layers[0])
    with pytest.warns(GeartrainWarning, match=r"no layer has a name.*layers: b; the file's: a, la"):
        dense(4, first="b").load_weights(path, by_name=True)
    with pytest.raises(ValueError, match="by_name only supports loading legacy"):
        model.save_weights(tmp_path / "m.weights.h5")
        model.load_weights(tmp_path / "m.weights.h5", by_name=True)
    with pytest.raises(ValueError, match="objects_to_skip only supports"):
        model.load_weights(path, objects_to_skip=[model.layers[0]])


def changed(path, change):
    with h5py.File(path, "r+") as file:
        change(file)
    return path


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda file: file.attrs.pop("model_config"), "as attribute 'model_config'"),
        (lambda file: file.attrs.__setitem__("model_config", "{"), "model_config: expected JSON"),
        (lambda file: file.attrs.__setitem__("model_config", "[]"), "configuration of a model"),
        (
            lambda file: file["model_weights"].attrs.__setitem__("layer_names", [b"a", b"a"]),
            "each layer once",
        ),
        (
            lambda file: file["model_weights/a"].attrs.__setitem__("weight_names", [b"no"]),
            "a tensor 'model_weights/a/no'",
        ),
        (lambda file: file.__delitem__("model_weights/a"), "Layer count mismatch"),
    ],
)
def test_files_that_lie_are_refused(tmp_path, change, text):
    path = changed(saved(dense(4, 2), tmp_path / "m.h5"), change)
    with pytest.raises(ValueError, match=text):
        models.load_model(path)


def test_an_optimizer_that_does_not_fit_starts_afresh(tmp_path):
    path = saved(trained(geartrain, "adam"), tmp_path / "m.h5")

    def change(file):
        group = file["optimizer_weights"]
        group.attrs["weight_names"] = list(group.attrs["weight_names"])[:-1]

    with pytest.warns(GeartrainWarning, match=r"starts afresh\. 'adam.*' has 14 variables.*13"):
        model = models.load_model(changed(path, change))
    assert model.optimizer.iterations.numpy() == 0


def test_code_is_refused(tmp_path):
    path = saved(dense(4), tmp_path / "m.h5")

    def change(file):
        config = json.loads(file.attrs["model_config"])
        function = {"function": ["4wEAAAA=", None, None], "function_type": "lambda"}
        config["config"]["layers"].append({"class_name": "Lambda", "config": function})
        file.attrs["model_config"] = json.dumps(config)

    with pytest.raises(ValueError, match=r"lambda, which is code.*safe_mode"):
        models.load_model(changed(path, change))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("GRU", {"units": 1}, {"units": 1, "reset_after": False}),
        ("GRU", {"reset_after": True, "implementation": 2}, {"reset_after": True}),
        ("LeakyReLU", {"alpha": {"type": "ndarray", "value": 0.5}}, {"negative_slope": 0.5}),
        ("InputLayer", {"batch_input_shape": [2], "sparse": False}, {"batch_shape": [2]}),
        ("Sequential", [], {"layers": []}),
        (
            "Dense",
            {"kernel_initializer": {"class_name": "Zeros", "config": {"dtype": "float32"}}},
            {"kernel_initializer": {"class_name": "Zeros", "config": {}}},
        ),
        (
            "SGD",
            {"lr": 0.5, "decay": 0.1},
            {
                "learning_rate": {
                    "class_name": "InverseTimeDecay",
                    "config": {
                        "initial_learning_rate": 0.5, "decay_steps": 1, "decay_rate": 0.1,
                    },
                }
            },
        ),
    ],
)  # fmt: skip
def test_old_words(name, old, new):
    assert modern({"class_name": name, "config": old}) == {"class_name": name, "config": new}


def test_files_say_their_kind(tmp_path):
    with pytest.raises(ValueError, match="File not found"):
        dense(1).load_weights(tmp_path / "no.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dense(1).save_weights(tmp_path / "m.weights.h5")
    (tmp_path / "m.weights.h5").rename(tmp_path / "m.h5")
    with pytest.raises(ValueError, match=r"call model\.load_weights"):
        models.load_model(tmp_path / "m.h5")
