"""Whole models in `.h5` files: read from Keras 2 and 3, and written as Keras 3 still does.

The configuration of the model, and that of its training, are texts in JSON among the attributes of
the file; the weights are in `model_weights` (see `legacy_weights`), and the state of the optimizer
in `optimizer_weights`. The stages of loading are those of `.keras` files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from geartrain import serialization
from geartrain.errors import warn
from geartrain.files import replacing
from geartrain.graph.budget import Budget
from geartrain.layers.layer import Layer
from geartrain.registry import CustomObjectScope
from geartrain.saving import legacy_optimizer, plain
from geartrain.saving.legacy_config import modern
from geartrain.saving.legacy_weights import (
    MODEL_WEIGHTS,
    TOP_LEVEL,
    LegacyFile,
    by_position,
    legacy_file,
)
from geartrain.saving.metadata import KERAS_VERSION
from geartrain.saving.weights import assign_all, values_of, variables_of

OPTIMIZER_WEIGHTS = "optimizer_weights"
_KNOWN_METRICS = ("accuracy", "acc", "crossentropy", "ce", "mae", "mse", "mape", "msle")
_MOST_ATTRIBUTE = 64_000  # bytes: HDF5 keeps attributes in headers of 64 KiB


def read_legacy_model(path: Path, custom_objects: dict[str, Any] | None, compiled: bool) -> Any:
    """The model in an `.h5` file."""
    who = f"load_model({str(path)!r})"
    with legacy_file(path, who) as file:
        text = file.text("model_config")
        if text is None:
            raise ValueError(
                f"{who}: expected a model's configuration as attribute 'model_config'. Received: a "
                "file without, which may hold weights alone: make the model in your program, and "
                "call model.load_weights."
            )
        config = modern(plain.parse(text.encode(), f"{who}: model_config"))
        with Budget(file.store.nbytes, objects=len(file.store.tensors)) as budget:
            model = serialization.deserialize(config, custom_objects)
            if not isinstance(model, Layer) or not hasattr(model, "layers"):
                raise ValueError(
                    f"{who}: expected the configuration of a model. Received: that of "
                    f"{type(model).__name__}"
                )
            plan = by_position(model, file)
            assign_all(values_of(list(plan), fresh=True))
            budget.settle([pair.variable for pair in plan])
        if compiled:
            _compile(model, file, custom_objects)
    return model


def _compile(model: Any, file: LegacyFile, custom_objects: dict[str, Any] | None) -> None:
    """Compile a model as the file says, with the optimizer's state if it fits."""
    text = file.text("training_config")
    if text is None:
        warn(
            f"{file.who}: the file does not say how the model is trained, so it was not compiled. "
            "Call model.compile, or load with compile=False."
        )
        return
    config = modern(plain.parse(text.encode(), f"{file.who}: training_config"))
    if not isinstance(config, dict):
        raise ValueError(f"{file.who}: expected an object in training_config. Received: {config!r}")
    described = take_optimizer(config)
    config["metrics"] = _metrics(config.get("metrics"))
    config["weighted_metrics"] = _metrics(config.get("weighted_metrics"))
    if config.pop("sample_weight_mode", None):
        warn(f"{file.who}: sample_weight_mode is not known any more, and was left out.")
    with CustomObjectScope(custom_objects):
        model.compile_from_config({"optimizer": described, **config})
    _load_optimizer(model, file)


def take_optimizer(config: dict[str, Any]) -> Any:
    """The optimizer of a training's configuration, taken out of it, in today's form."""
    described = config.pop("optimizer_config", None)
    if isinstance(described, dict) and isinstance(described.get("class_name"), str):
        name = described["class_name"].removeprefix("Custom>")  # what Keras 2.11 said of its own
        kept = {"config": described.get("config"), "registered_name": None}
        described = {"module": "keras.optimizers", "class_name": name, **kept}
    return described


def _metrics(value: Any) -> Any:
    """Metrics as `compile` takes them: a wrapped function by the name that it was given by."""
    if isinstance(value, list):
        found = [_metrics(one) for one in value]
        return found[0] if len(found) == 1 and isinstance(found[0], list) else found
    if isinstance(value, dict) and value.get("class_name") == "MeanMetricWrapper":
        name, function = (value["config"].get(key) for key in ("name", "fn"))
        return name if name in _KNOWN_METRICS else function
    if isinstance(value, dict) and "class_name" not in value:
        return {name: _metrics(one) for name, one in value.items()}
    return value


def _load_optimizer(model: Any, file: LegacyFile) -> None:
    optimizer = model.optimizer
    if OPTIMIZER_WEIGHTS not in file.attributes or optimizer is None:
        return
    names = file.names(OPTIMIZER_WEIGHTS, "weight_names")
    try:
        plan = legacy_optimizer.pairs(optimizer, names, file.tensors(OPTIMIZER_WEIGHTS))
    except ValueError as error:
        warn(
            f"{file.who}: the state of the optimizer was not loaded, so it starts afresh. {error}."
        )
        return
    assign_all(values_of(list(plan)))


def write_legacy_model(model: Any, path: Path, include_optimizer: bool) -> None:
    """Write a model as an `.h5` file, whole or not at all."""
    import h5py

    warn(
        "save_model: '.h5' is the legacy format. It keeps less, and no SHA-256 of the weights: "
        "'.keras' is better."
    )
    texts = _texts(model, include_optimizer)
    with replacing(path) as stream, h5py.File(stream, "w") as file:
        for name, text in texts.items():
            file.attrs[name] = text
        weights = file.create_group(MODEL_WEIGHTS)
        _write_names(weights, "layer_names", [layer.name for layer in model.layers])
        weights.attrs["backend"], weights.attrs["keras_version"] = b"geartrain", KERAS_VERSION
        for layer in sorted(model.layers, key=lambda layer: str(layer.name)):
            own = [*layer.trainable_weights, *layer.non_trainable_weights]
            _write_variables(weights.create_group(layer.name), own)
        _write_variables(weights.create_group(TOP_LEVEL), model._own_weights())
        if "training_config" in texts:
            _write_variables(file.create_group(OPTIMIZER_WEIGHTS), variables_of(model.optimizer))


def _texts(model: Any, include_optimizer: bool) -> dict[str, Any]:
    """The attributes of the whole file."""
    described = serialization.serialize(model)
    config = {"class_name": described["class_name"], "config": described["config"]}
    texts = {"keras_version": KERAS_VERSION, "backend": "geartrain"}
    texts["model_config"] = plain.dump(config).decode()
    training = model.get_compile_config() if include_optimizer and model.compiled else None
    if training and model.optimizer is not None:
        optimizer = training.pop("optimizer")
        kept = {"class_name": optimizer["class_name"], "config": optimizer["config"]}
        texts["training_config"] = plain.dump({**training, "optimizer_config": kept}).decode()
    return texts


def _write_variables(group: Any, variables: list[Any]) -> None:
    names: list[str] = []
    for variable in variables:
        name, count = variable.path, 0
        while name in names:
            count += 1
            name = f"{variable.path}_{count}"
        names.append(name)
        wide = "float32" if variable.dtype == "bfloat16" else variable.dtype  # HDF5 knows none
        group.create_dataset(name, data=variable.array.astype(wide, copy=False))
    _write_names(group, "weight_names", names)


def _write_names(group: Any, attribute: str, names: list[str]) -> None:
    """Write a list of names as one attribute, or as several where it is long."""
    encoded = np.array([name.encode() for name in names], dtype=bytes)  # of one width
    count = max(1, -(-encoded.nbytes // _MOST_ATTRIBUTE))
    for number, part in enumerate(np.array_split(encoded, count)):
        group.attrs[attribute if count == 1 else f"{attribute}{number}"] = part
