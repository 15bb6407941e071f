"""Files of models for the tests of `geartrain inspect`, changed in ways that no program would."""

from __future__ import annotations

import json
import zipfile

import pytest

from geartrain import models

NO_DATE = (1980, 1, 1, 0, 0, 0)
LAMBDA = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {"name": "l", "function": {"class_name": "__lambda__", "config": {"code": "4wEAAA"}}},
    "registered_name": None,
}


def plain(command, *arguments, code=0):
    return json.loads(command("inspect", "--json", *arguments, code=code).out)


def texts(found, severity):
    return [one["text"] for one in found["findings"] if one["severity"] == severity]


def rewritten(path, name="changed.keras", config=None, weights=None, metadata=None):
    """A copy of a `.keras` file, without its SHA-256s, with some members changed."""
    new = path.with_name(name)
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(new, "w") as after:
        for member in before.namelist():
            data = before.read(member)
            if member == "metadata.json":
                data = metadata or b'{"keras_version": "3.15.1", "date_saved": "now"}'
            elif member == "config.json" and config is not None:
                data = config(data)
            elif member == "model.weights.h5" and weights is not None:
                data = weights(data)
            after.writestr(zipfile.ZipInfo(member, NO_DATE), data)
    return new


def with_layer(description, place=1):
    """A change of a configuration: another layer in its list."""

    def change(data):
        config = json.loads(data)
        config["config"]["layers"].insert(place, description)
        return json.dumps(config).encode()

    return change


def saved_as(path, ending):
    model, new = models.load_model(path), path.with_name(f"other{ending}")
    if ending == ".onnx":
        model.export(new, verbose=False)
    elif ending == ".weights.json":
        model.save_weights(new, max_shard_size=1e-7)
    elif ending in (".weights.h5", ".safetensors", ".npz"):
        model.save_weights(new)
    elif ending == ".h5":
        with pytest.warns(UserWarning, match="legacy format"):
            model.save(new)
    else:
        model.save(new, zipped=False)
    return new
