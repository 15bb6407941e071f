"""Files of weights: which tensors they hold, under which paths and names, in which order."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import h5py
import keras

from record.common import Recording

sys.path.append(str(Path(__file__).resolve().parents[2]))
from tests import cases
from tests.saving.networks import NETWORKS, OPTIMIZERS, trained

NOTE = """The networks of tests/saving/networks.py and, for each row of tests/cases.py, a model of
this one layer: the content of the file that save_weights writes. tensors: path to shape and dtype;
names: path of a group to the name of the object. For layers also weights, the name, path and
trainable of each weight, in the order of layer.weights. For optimizers variables, the name and
path of each variable of the optimizer, in its order."""


def content(model: Any) -> dict[str, Any]:
    """The tensors and names in the file of a model's weights."""
    tensors, names = {}, {}

    def show(path: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            dtype = item.attrs.get("dtype", item.dtype.name)
            tensors[path] = [list(item.shape), str(dtype)]
        elif "name" in item.attrs:
            names[path.rpartition("vars")[0].strip("/")] = item.attrs["name"]

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.weights.h5"
        model.save_weights(path)
        with h5py.File(path) as file:
            file.visititems(show)
    return {"tensors": tensors, "names": names}


def made(name: str, config: dict[str, Any]) -> Any:
    """A layer of the rows in tests/cases.py."""
    config = dict(config)
    if "layer" in config:
        config["layer"] = keras.layers.deserialize(config["layer"])
    if isinstance(config.get("padding"), str):
        config["padding"] = config["padding"].lower()  # Keras is strict here, Geartrain is not
    if name == "Lambda":
        config["function"] = lambda x, factor: x
    return getattr(keras.layers, name)(**config)


def record() -> Recording:
    recording = Recording(NOTE)
    for name, build in NETWORKS.items():
        keras.utils.clear_session(free_memory=False)
        recording.case(name=f"network.{name}", **content(build(keras)))
    for name in OPTIMIZERS:
        keras.utils.clear_session(free_memory=False)
        model = trained(keras, name)
        variables = [[v.name, v.path] for v in model.optimizer.variables]
        recording.case(name=f"optimizer.{name}", **content(model), variables=variables)
    for name, rows in cases.LAYERS.items():
        if name in ("InputLayer", "Equalization"):  # no model by itself; one that Keras cannot make
            continue
        for number, row in enumerate(rows):
            keras.utils.clear_session(free_memory=False)
            layer = made(name, row.config)
            dtype = "float32" if row.integers is None else "int32"
            inputs = [keras.Input(shape, dtype=dtype) for shape in row.shapes]
            arguments = inputs if row.apart or len(inputs) == 1 else [inputs]
            model = keras.Model(inputs, layer(*arguments))
            weights = [[w.name, w.path, bool(w.trainable)] for w in layer.weights]
            recording.case(name=f"layer.{name}.{number}", **content(model), weights=weights)
    return recording
