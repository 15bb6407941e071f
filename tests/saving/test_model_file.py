"""Whole models: what is saved comes back, whole or not at all, and what is hostile is refused."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from geartrain import Sequential, layers, models, saving
from geartrain.errors import GeartrainWarning
from geartrain.saving import model_file


def a_model(**options):
    model = Sequential(
        [
            layers.Dense(8, activation="relu", input_shape=(5,), name="first"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(3, activation="softmax", name="last", **options),
        ]
    )
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.weights])
    return model


def test_a_stream_takes_and_gives_a_model(tmp_path):
    model = a_model()
    model.compile("adam", "mse")
    stream = io.BytesIO(b"....")
    stream.seek(0, io.SEEK_END)
    saving.save_model(model, stream)
    model.save(tmp_path / "model.keras")
    stream.seek(4)
    loaded = saving.load_model(stream)
    assert (
        loaded.compiled
        and not saving.load_model(io.BytesIO(stream.getvalue()[4:]), None, False).compiled
    )
    assert len(stream.getvalue()) - 4 == (tmp_path / "model.keras").stat().st_size
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match=r"^load_model\(BytesIO\): expected"):
        saving.load_model(io.BytesIO(b"no model"))


X = np.random.default_rng(2).normal(size=(7, 5)).astype("float32")


def outputs(model):
    return model.predict(X, verbose=0)


@pytest.fixture
def saved(tmp_path):
    model = a_model()
    path = tmp_path / "model.keras"
    model.save(path)
    return model, path


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path, **changes):
    """The archive with other members: bytes, or functions of the parsed JSON."""
    content = members(path)
    for name, change in changes.items():
        name = {
            "config": "config.json",
            "metadata": "metadata.json",
            "weights": "model.weights.h5",
        }[name]
        if callable(change):
            data = json.loads(content[name])
            data = change(data) or data
            change = json.dumps(data).encode()
        content[name] = change
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            if data is not None:
                archive.writestr(name, data)
    return path


def foreign(metadata):
    """Leave out the digests, as files of Keras have none."""
    del metadata["geartrain"]


# -- both ways ------------------------------------------------------------------------------------


def test_a_model_comes_back(saved):
    model, path = saved
    loaded = models.load_model(path)
    np.testing.assert_array_equal(outputs(loaded), outputs(model))
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    assert not set(map(id, loaded.weights)) & set(map(id, model.weights))


def test_a_folder_comes_back(tmp_path):
    model = a_model()
    model.save(tmp_path / "model", zipped=False)
    names = {path.name for path in (tmp_path / "model").iterdir()}
    assert names == {"config.json", "metadata.json", "model.weights.h5", "assets"}
    np.testing.assert_array_equal(outputs(models.load_model(tmp_path / "model")), outputs(model))
    model.save(tmp_path / "model", zipped=False)  # in place of the former
    np.testing.assert_array_equal(outputs(models.load_model(tmp_path / "model")), outputs(model))


def test_equal_models_are_equal_files(saved, tmp_path):
    model, path = saved
    other = tmp_path / "other.keras"
    model.save(other)
    one, two = members(path), members(other)
    for content in (one, two):
        metadata = json.loads(content["metadata.json"])
        assert metadata["keras_version"] == "3.15.1"
        content["metadata.json"] = {**metadata, "date_saved": None}
    assert one == two


def test_members_are_stored(saved):
    with zipfile.ZipFile(saved[1]) as archive:
        assert [info.filename for info in archive.infolist()] == [
            "metadata.json",
            "config.json",
            "model.weights.h5",
        ]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_weights_come_back(tmp_path, saved):
    model, path = saved
    model.save_weights(tmp_path / "w.weights.h5")
    for source in (path, tmp_path / "w.weights.h5"):
        other = a_model()
        other.set_weights([np.zeros(weight.shape) for weight in other.weights])
        other.load_weights(source)
        np.testing.assert_array_equal(outputs(other), outputs(model))


def test_a_layer_alone_is_no_model_but_comes_back(tmp_path):
    """Keras too saves whatever has a configuration and weights."""
    layer = layers.Dense(3)
    layer.build((None, 5))
    saving.save_model(layer, tmp_path / "layer.keras")
    loaded = saving.load_model(tmp_path / "layer.keras")
    np.testing.assert_array_equal(loaded(X), layer(X))


def test_files_that_were_compressed_are_read(saved):
    model, path = saved
    content = members(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    np.testing.assert_array_equal(outputs(models.load_model(path)), outputs(model))


def test_large_weights_are_not_initialised(tmp_path, monkeypatch):
    model = Sequential([layers.Dense(300, input_shape=(400,))])
    model.save(tmp_path / "model.keras")
    calls = []
    from geartrain.initializers import GlorotUniform

    original = GlorotUniform.__call__
    monkeypatch.setattr(
        GlorotUniform, "__call__", lambda *a, **k: calls.append(a) or original(*a, **k)
    )
    loaded = models.load_model(tmp_path / "model.keras")
    assert not calls
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])


def test_an_unbuilt_model_is_saved_with_a_warning(tmp_path):
    model = Sequential([layers.Dense(3)])
    with pytest.warns(GeartrainWarning, match="saved before it was built"):
        model.save(tmp_path / "model.keras")
    assert len(models.load_model(tmp_path / "model.keras").layers) == 1


# -- what is refused at each stage ----------------------------------------------------------------


@pytest.mark.parametrize("bit", [1, 0x80])
def test_every_changed_byte_is_told(saved, bit):
    """Of the first bytes of each part, every one; the checksums of the archive are made to fit."""
    _, path = saved
    content = members(path)
    whole = {name: bytearray(data) for name, data in content.items()}
    rng = np.random.default_rng(bit)
    for name in ("config.json", "model.weights.h5"):
        for place in rng.choice(len(content[name]), 150, replace=False):
            whole[name][place] ^= bit
            with zipfile.ZipFile(path, "w") as archive:
                for each, data in whole.items():
                    archive.writestr(each, bytes(data))
            with pytest.raises(ValueError, match=r"SHA-256"):
                models.load_model(path)
            whole[name][place] ^= bit


def test_a_changed_tensor_is_named(saved):
    _, path = saved
    weights = bytearray(members(path)["model.weights.h5"])
    with h5py.File(io.BytesIO(weights)) as file:
        place = file["layers/dense_1/vars/0"].id.get_offset()
    weights[place] ^= 1
    rewritten(path, weights=bytes(weights))
    with pytest.raises(
        ValueError, match=r"load_model\('.*'\): Tensor 'layers/dense_1/vars/0': expected"
    ):
        models.load_model(path)


def test_a_changed_byte_between_the_tensors_is_told(saved):
    _, path = saved
    weights = bytearray(members(path)["model.weights.h5"])
    weights[weights.index(b"dense_1")] ^= 1
    rewritten(path, weights=bytes(weights))
    with pytest.raises(ValueError, match=r"model.weights.h5, outside of its tensors, .*SHA-256"):
        models.load_model(path)


def test_a_file_without_digests_is_held_by_its_checksum(saved):
    model, path = saved
    rewritten(path, metadata=foreign)
    np.testing.assert_array_equal(outputs(models.load_model(path)), outputs(model))
    data = bytearray(path.read_bytes())
    data[data.index(b"\x89HDF") + 2000] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        ValueError, match=r"in 'model.weights.h5' the bytes that its checksum is of"
    ):
        models.load_model(path)


def test_tensors_of_another_file_are_told(saved, tmp_path):
    _, path = saved
    other = tmp_path / "other.keras"
    model = a_model()
    model.set_weights([weight + 1 for weight in model.get_weights()])
    model.save(other)

    def swap(metadata):
        own, there = metadata["geartrain"], json.loads(members(other)["metadata.json"])["geartrain"]
        own["sha256"]["model.weights.h5"]["tensors"] = there["sha256"]["model.weights.h5"][
            "tensors"
        ]

    with pytest.raises(ValueError, match=r"lists other tensors than model.weights.h5"):
        models.load_model(rewritten(path, metadata=swap))


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["geartrain"].clear(),
        lambda m: m.update(geartrain=3),
        lambda m: m["geartrain"]["sha256"].update({"config.json": 3}),
        lambda m: m["geartrain"]["sha256"]["model.weights.h5"].update(places=[[1]]),
        lambda m: m["geartrain"]["sha256"]["model.weights.h5"].update(places=[[True, "x"]]),
        lambda m: m["geartrain"]["sha256"]["model.weights.h5"].update(places=[[-5, 1]]),
        lambda m: m["geartrain"]["sha256"]["model.weights.h5"].update(places=[[2**70, 1]]),
        lambda m: m["geartrain"]["sha256"]["model.weights.h5"].update(tensors=[]),
    ],
)
def test_odd_metadata_are_refused(saved, change):
    def only(metadata):
        change(metadata)

    with pytest.raises(ValueError, match="SHA-256 is another"):
        models.load_model(rewritten(saved[1], metadata=only))


def test_metadata_of_another_kind_are_refused(saved):
    with pytest.raises(ValueError, match=r"expected an object in metadata.json. Received: \[1\]"):
        models.load_model(rewritten(saved[1], metadata=b"[1]"))


def units(number):
    def change(config):
        config["config"]["layers"][-1]["config"]["units"] = number

    return change


@pytest.mark.parametrize("number", [10**12, 10**30, 3_000_000])
def test_more_weights_than_the_file_has_are_refused(saved, number):
    rewritten(saved[1], metadata=foreign, config=units(number))
    with pytest.raises(
        ValueError, match=rf'Dense "last": expected at most .* shape \(8, {number}\)'
    ):
        models.load_model(saved[1])


def test_weights_of_other_shapes_are_refused(saved):
    rewritten(saved[1], metadata=foreign, config=units(4))
    with pytest.raises(ValueError, match=r"(?s)could not be loaded.*expected shape \(8, 4\)"):
        models.load_model(saved[1])


def layer(class_name, **config):
    return {
        "module": "keras.layers",
        "class_name": class_name,
        "config": config,
        "registered_name": None,
    }


@pytest.mark.parametrize(
    "extra, message",
    [
        ([layer("RepeatVector", n=10**12)], "'repeat_vector[_0-9]*': expected axes of at most"),
        ([layer("Reshape", target_shape=[3, 1]), layer("UpSampling1D", size=10**9)], "axes of"),
        ([layer("Embedding", input_dim=10**12, output_dim=1)], "expected at most [0-9]+ bytes"),
        ([layer("Dense", units=1, name=f"d{n}") for n in range(400)], "no more weights than the"),
    ],
)
def test_configurations_that_declare_too_much_are_refused(saved, extra, message):
    def change(config):
        config["config"]["layers"] += extra

    rewritten(saved[1], metadata=foreign, config=change)
    with pytest.raises(ValueError, match=message):
        models.load_model(saved[1])


def code(config):
    config["config"]["layers"][-1]["config"]["activation"] = {
        "class_name": "__lambda__",
        "config": {"code": "4wAAAAA=", "defaults": None, "closure": None},
    }


def module(config):
    config["config"]["layers"][-1] = {
        "module": "os",
        "class_name": "function",
        "config": "system",
        "registered_name": None,
    }


@pytest.mark.parametrize(
    "change, message",
    [
        (code, "a lambda, which is code"),
        (module, "system"),
        (lambda config: [config], "expected the configuration of a model in config.json"),
        (lambda config: {"class_name": "Dense"}, "expected the configuration of a model"),
        (
            lambda config: {"module": "keras.losses", "class_name": "Hinge", "config": {}},
            "expected the configuration of a model in config.json. Received: that of Hinge",
        ),
    ],
)
def test_hostile_configurations_are_refused(saved, change, message):
    rewritten(saved[1], metadata=foreign, config=change)
    with pytest.raises(ValueError, match=message):
        models.load_model(saved[1])
    with pytest.raises(ValueError, match="expected safe_mode=True"):
        models.load_model(saved[1], safe_mode=False)


def test_missing_and_other_members_are_told(saved):
    content = members(saved[1])
    rewritten(saved[1], config=None)
    with pytest.raises(ValueError, match=r"with a file 'config.json' in it. Received: 'metadata"):
        models.load_model(saved[1])
    rewritten(saved[1], config=content["config.json"], weights=None)
    with pytest.raises(ValueError, match=r"^load_model\('.*'\): .* 'model.weights.h5' in it"):
        models.load_model(saved[1])
    for extra, message in [
        ("assets/lookup/vocabulary.txt", r"a file below 'assets' was damaged or changed"),
        ("model.weights.npz", "which holds pickles, and these can run code"),
    ]:
        with zipfile.ZipFile(saved[1], "w") as archive:
            for name, data in content.items():
                if name != "model.weights.h5" or "npz" not in extra:
                    archive.writestr(name, data)
            archive.writestr(extra, b"words")
        with pytest.raises(ValueError, match=message):
            models.load_model(saved[1])


# -- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("m.txt", {}, "Invalid filepath extension for saving: expected '.keras'"),
        ("m", {}, "For a folder write zipped=False"),
        ("m.keras", {"zipped": False}, "expected a folder's name with zipped=False, without"),
        ("m", {"save_format": "tf"}, "the file's ending says its format.*Leave save_format out"),
        ("gs://bucket/m.keras", {}, "expected a file on this machine"),
    ],
)
def test_wrong_names_are_refused(tmp_path, monkeypatch, name, options, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        a_model().save(name, **options)
    assert not list(tmp_path.iterdir())


def test_wrong_arguments_are_refused(tmp_path):
    with pytest.raises(TypeError, match="save_model got an unexpected keyword 'overwrit'"):
        a_model().save(tmp_path / "m.keras", overwrit=True)
    with pytest.raises(TypeError, match=r"expected a path as filepath. Received: int"):
        a_model().save(5)
    with pytest.raises(ValueError, match=r"load_model: File not found: filepath='.*none.keras'"):
        models.load_model(tmp_path / "none.keras")
    with pytest.raises(ValueError, match=r"a folder without. A SavedModel of TensorFlow"):
        models.load_model(tmp_path)
    (tmp_path / "m.pb").write_bytes(b"")
    with pytest.raises(ValueError, match=r"File format not supported: expected '.keras'"):
        models.load_model(tmp_path / "m.pb")
    with pytest.raises(ValueError, match=r"save_weights: The filename must end in '.weights.h5'"):
        a_model().save_weights(tmp_path / "m.h6")
    with pytest.raises(FileNotFoundError, match=r"load_weights.*File not found"):
        a_model().load_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ValueError, match="expected a model that is built"):
        Sequential([layers.Dense(2)]).save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(TypeError, match="load_weights got an unexpected keyword 'skip'"):
        a_model().load_weights(tmp_path / "m.weights.h5", skip=True)


@pytest.mark.parametrize("answers, written", [(["n"], False), (["what", "y"], True)])
def test_the_user_is_asked_before_a_file_is_replaced(saved, monkeypatch, answers, written):
    model, path = saved
    before = path.read_bytes()
    asked = iter(answers)
    monkeypatch.setattr("builtins.input", lambda question: next(asked))
    model.set_weights([weight + 1 for weight in model.get_weights()])
    model.save(path, overwrite=False)
    assert (path.read_bytes() != before) is written
    assert next(asked, None) is None


def test_nobody_to_ask_is_an_error(saved, monkeypatch):
    def nobody(question):
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(FileExistsError, match="overwrite=False, and nobody is there to be asked"):
        saved[0].save(saved[1], overwrite=False)
    weights = saved[1].with_suffix(".weights.h5")
    saved[0].save_weights(weights)
    with pytest.raises(FileExistsError, match=r"save_weights: '.*weights.h5' exists"):
        saved[0].save_weights(weights, overwrite=False)


def test_a_failed_save_leaves_the_former_file(saved, monkeypatch):
    model, path = saved
    before = path.read_bytes()

    def fail(self, stream, *_, **options):
        stream.write(b"half")
        raise OSError("disk")

    monkeypatch.setattr(model_file.Laid, "write", fail)
    with pytest.raises(OSError, match="disk"):
        model.save(path)
    assert path.read_bytes() == before
    assert list(Path(path.parent).iterdir()) == [path]


def test_a_config_that_json_cannot_say_is_told(tmp_path):
    class Odd(layers.Layer):
        def call(self, inputs):
            return inputs

        def get_config(self):
            return {**super().get_config(), "odd": {1, 2}}

    model = Sequential([layers.Dense(2, input_shape=(3,)), Odd()])
    with pytest.raises((ValueError, TypeError), match=r"odd: \{1, 2\}"):
        model.save(tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())
