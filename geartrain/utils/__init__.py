"""Helpers for data and display, and the names that `keras.utils` has for things kept elsewhere."""

from __future__ import annotations

from typing import Any

from geartrain.compat.names import finder
from geartrain.utils.describe import describe
from geartrain.utils.numerical import normalize, to_categorical
from geartrain.utils.progress import Progbar
from geartrain.utils.sequences import pad_sequences

_finder = finder("utils")
# Names of other modules, found when they are first asked for: many of those import this one.
_ELSEWHERE = {
    "PyDataset": "models.batches.PyDataset",
    "Sequence": "models.batches.PyDataset",
    "array_to_img": "utils.image_files.array_to_img",
    "clear_session": "backend.clear_session",
    "disable_interactive_logging": "config.disable_interactive_logging",
    "enable_interactive_logging": "config.enable_interactive_logging",
    "is_interactive_logging_enabled": "config.is_interactive_logging_enabled",
    "get_source_inputs": "layers.symbolic.get_source_inputs",
    "img_to_array": "utils.image_files.img_to_array",
    "is_keras_tensor": "layers.symbolic.is_keras_tensor",
    "load_img": "utils.image_files.load_img",
    "pack_x_y_sample_weight": "models.data.pack_x_y_sample_weight",
    "unpack_x_y_sample_weight": "models.data.unpack_x_y_sample_weight",
    "register_keras_serializable": "registry.register_keras_serializable",
    "save_img": "utils.image_files.save_img",
    "set_random_seed": "random.set_random_seed",
    "split_dataset": "utils.splitting.split_dataset",
    "standardize_dtype": "graph.dtypes.standardize_dtype",
    **{
        name: f"utils.custom_objects.{name}"
        for name in (
            "CustomObjectScope", "custom_object_scope", "deserialize_keras_object",
            "get_custom_objects", "get_registered_name", "get_registered_object",
            "serialize_keras_object",
        )
    },
}  # fmt: skip

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "clear_session",
    "custom_object_scope",
    "describe",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "load_img",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


def __getattr__(name: str) -> Any:
    if name not in _ELSEWHERE:
        return _finder(name)
    import importlib

    module, _, attribute = _ELSEWHERE[name].rpartition(".")
    value = getattr(importlib.import_module(f"geartrain.{module}"), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
