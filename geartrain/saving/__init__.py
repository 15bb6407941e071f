"""Files: one pipeline of checks for every format, and what `keras.saving` offers."""

from geartrain.lazy import lazy_names, within

_PLACES = {
    "api": "load_model load_weights save_model save_weights",
    "file_editor": "KerasFileEditor",
}
_ELSEWHERE = {
    "CustomObjectScope": "geartrain.registry",
    "register_keras_serializable": "geartrain.registry",
    "custom_object_scope": "geartrain.utils.custom_objects",
    "deserialize_keras_object": "geartrain.utils.custom_objects",
    "get_custom_objects": "geartrain.utils.custom_objects",
    "get_registered_name": "geartrain.utils.custom_objects",
    "get_registered_object": "geartrain.utils.custom_objects",
    "serialize_keras_object": "geartrain.utils.custom_objects",
}
_names = within(__name__, _PLACES) | _ELSEWHERE

__all__ = [*_names]

__getattr__, __dir__ = lazy_names(__name__, _names)
