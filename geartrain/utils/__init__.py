"""Helpers for data and display, and the names that `keras.utils` has for things kept elsewhere."""

from __future__ import annotations

from typing import Any

from geartrain.utils.describe import describe
from geartrain.utils.numerical import normalize, to_categorical
from geartrain.utils.progress import Progbar
from geartrain.utils.sequences import pad_sequences

# Names of other modules, found when they are first asked for: many of those import this one.
_ELSEWHERE = {
    "CustomObjectScope": "registry",
    "PyDataset": "models.data",
    "clear_session": "backend",
    "custom_object_scope": "registry",
    "deserialize_keras_object": "registry",
    "disable_interactive_logging": "config",
    "enable_interactive_logging": "config",
    "get_custom_objects": "registry",
    "get_registered_name": "registry",
    "get_registered_object": "registry",
    "is_interactive_logging_enabled": "config",
    "is_keras_tensor": "layers.symbolic",
    "register_keras_serializable": "registry",
    "serialize_keras_object": "registry",
    "set_random_seed": "random",
    "standardize_dtype": "graph.dtypes",
}
_RENAMED = {
    "Sequence": "PyDataset",
    "deserialize_keras_object": "deserialize",
    "serialize_keras_object": "serialize",
}

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "describe",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "normalize",
    "pad_sequences",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "standardize_dtype",
    "to_categorical",
]
