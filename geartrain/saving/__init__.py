"""Files: one pipeline of checks for every format, and what `keras.saving` offers."""

from __future__ import annotations

from geartrain.registry import CustomObjectScope, register_keras_serializable
from geartrain.saving.api import load_model, load_weights, save_model, save_weights
from geartrain.saving.file_editor import KerasFileEditor
from geartrain.utils.custom_objects import (
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    serialize_keras_object,
)

__all__ = [
    "CustomObjectScope",
    "KerasFileEditor",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]
