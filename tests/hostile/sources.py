"""Sound files of every format, which the attacks change."""

from __future__ import annotations

import io
import json
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

import geartrain
from geartrain import layers, models, ops, optimizers

Pairs = list[tuple[str, Path]]  # of entries and the files that they are to read
WEIGHTS = "model.weights.h5"
FILLING = ("load_weights", "load_weights of what fits")
MODELS = ("load_model", "load_model without compile", *FILLING, "KerasFileEditor")
RECORDED = Path(__file__).parents[1] / "recorded"


def row(seed: int = 5) -> Any:
    """Layers in a row, two of them alike, in the middle of training."""
    model = models.Sequential(
        [
            geartrain.Input((3,), name="input"),
            layers.Dense(4, activation="relu", name="first"),
            layers.Dense(4, name="second", kernel_regularizer="l2"),
            layers.Dense(4, name="third"),
            layers.BatchNormalization(name="normal"),
            layers.Dropout(0.5, name="dropout"),
            layers.Dense(2, activation="softmax", name="last"),
        ],
        name="row",
    )
    model.compile(optimizers.Adam(0.01), "mse", metrics=["mae"])
    return filled(model, seed)


def graph() -> Any:
    """A shared layer, a model inside, layers in time, and ops."""
    x = geartrain.Input((4, 3), name="x")
    shared = layers.Dense(3, name="shared")
    y = ops.add(shared(shared(x)), ops.multiply(x, 2.0))
    y = layers.LSTM(3, return_sequences=True, name="lstm")(y)
    y = layers.Bidirectional(layers.GRU(2), name="both")(y)
    inside = models.Sequential([geartrain.Input((4,)), layers.Dense(4)], name="inside")
    y = layers.Concatenate(name="joined")([inside(y), y])
    y = layers.Reshape((2, 4), name="shaped")(y)
    y = layers.MultiHeadAttention(2, 2, name="attention")(y, y)
    model = models.Model(x, layers.Flatten(name="flat")(y), name="graph")
    model.compile(optimizers.SGD(0.1, momentum=0.9), "mse")
    return filled(model, 5)


def filled(model: Any, seed: int) -> Any:
    """The model with numbers of its own in all weights and all state of the optimizer."""
    random = np.random.default_rng(seed)
    model.optimizer.build(model.trainable_variables)
    for variable in [*model.weights, *model.optimizer.variables]:
        if "float" in variable.dtype and variable.shape:
            variable.assign(random.uniform(0.1, 1.0, variable.shape).astype("float32"))
    return model


def foreign(path: Path, target: Path) -> Path:
    """A `.keras` file as Keras writes it: without digests."""
    content = members(path)
    metadata = json.loads(content["metadata.json"])
    del metadata["geartrain"]
    content["metadata.json"] = json.dumps(metadata).encode()
    return archive(target, content)


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def archive(path: Path, content: dict[str, bytes], compression: int = 0) -> Path:
    path.write_bytes(zipped(content, compression))
    return path


def zipped(content: dict[str, bytes], compression: int = 0) -> bytes:
    """A zip archive of these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        for name, data in content.items():
            opened.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, compression)
    return stream.getvalue()


def write_all(folder: Path) -> None:
    """Write a file of each kind, called after the model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the format of old
        for name, model in {"row": row(), "graph": graph()}.items():
            model.save(folder / f"{name}.keras")
            model.save(folder / f"{name}_folder", zipped=False)
            model.save(folder / f"{name}.h5")
            model.save_weights(folder / f"{name}.weights.h5")
            model.save_weights(folder / f"{name}.weights.json", max_shard_size=500 / 2**30)
            model.save_weights(folder / f"{name}.safetensors")
            model.save_weights(folder / f"{name}.npz")
            foreign(folder / f"{name}.keras", folder / f"{name}_foreign.keras")
            (folder / f"{name}.json").write_text(model.to_json(), encoding="utf-8")
            (folder / f"{name}.pickle").write_bytes(pickle.dumps(model))
    for file in sorted(RECORDED.glob("torch_onnx/*.onnx")):
        (folder / file.name).write_bytes(file.read_bytes())
    data = {"x": np.arange(6, dtype="float32").reshape(2, 3), "y": np.arange(4)}
    np.savez(folder / "data.npz", **data)
    np.save(folder / "data.npy", data["x"])
    (folder / "data.idx").write_bytes(b"\0\0\x08\2\0\0\0\2\0\0\0\3" + bytes(6))
    (folder / "data.csv").write_text("a,b\n1,2\n3,4\n", encoding="ascii")
