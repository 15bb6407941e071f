# Written by scripts/stubs.py.
from geartrain.registry import CustomObjectScope as CustomObjectScope
from geartrain.registry import register_keras_serializable as register_keras_serializable
from geartrain.saving.api import load_model as load_model
from geartrain.saving.api import load_weights as load_weights
from geartrain.saving.api import save_model as save_model
from geartrain.saving.api import save_weights as save_weights
from geartrain.saving.file_editor import KerasFileEditor as KerasFileEditor
from geartrain.utils.custom_objects import custom_object_scope as custom_object_scope
from geartrain.utils.custom_objects import deserialize_keras_object as deserialize_keras_object
from geartrain.utils.custom_objects import get_custom_objects as get_custom_objects
from geartrain.utils.custom_objects import get_registered_name as get_registered_name
from geartrain.utils.custom_objects import get_registered_object as get_registered_object
from geartrain.utils.custom_objects import serialize_keras_object as serialize_keras_object

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
