"""Helpers for data and display, and the names that `keras.utils` has for things kept elsewhere."""

from __future__ import annotations

from geartrain.compat.names import finder
from geartrain.lazy import lazy_names
from geartrain.utils.describe import describe
from geartrain.utils.numerical import normalize, to_categorical
from geartrain.utils.progress import Progbar
from geartrain.utils.sequences import pad_sequences

# Names of other modules, found when they are first asked for: many of those import this one.
_ELSEWHERE = {
    "CustomObjectScope": "geartrain.registry",
    "PyDataset": "geartrain.models.py_dataset",
    "FeatureSpace": "geartrain.models.feature_space",
    "bounding_boxes": "geartrain.utils.bounding_boxes:",
    "Sequence": "geartrain.models.py_dataset:PyDataset",
    "audio_dataset_from_directory": "geartrain.data.audio",
    "clear_session": "geartrain.backend",
    "image_dataset_from_directory": "geartrain.data.images",
    "text_dataset_from_directory": "geartrain.data.texts",
    "timeseries_dataset_from_array": "geartrain.data.timeseries",
    "get_file": "geartrain.downloads.cached",
    "model_to_dot": "geartrain.diagrams.plotting",
    "plot_model": "geartrain.diagrams.plotting",
    "get_source_inputs": "geartrain.layers.symbolic",
    "is_keras_tensor": "geartrain.layers.symbolic",
    "legacy": "geartrain.utils.legacy:",
    "pack_x_y_sample_weight": "geartrain.models.data",
    "unpack_x_y_sample_weight": "geartrain.models.data",
    "register_keras_serializable": "geartrain.registry",
    "set_random_seed": "geartrain.random",
    "split_dataset": "geartrain.data.splitting",
    "standardize_dtype": "geartrain.graph.dtypes",
    **dict.fromkeys(
        ("disable_interactive_logging", "enable_interactive_logging",
         "is_interactive_logging_enabled"), "geartrain.config",
    ),
    **dict.fromkeys(
        ("array_to_img", "img_to_array", "load_img", "save_img"), "geartrain.utils.image_files"
    ),
    **dict.fromkeys(
        ("custom_object_scope", "deserialize_keras_object", "get_custom_objects",
         "get_registered_name", "get_registered_object", "serialize_keras_object"),
        "geartrain.utils.custom_objects",
    ),
}  # fmt: skip

__all__ = [
    "CustomObjectScope",
    "FeatureSpace",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "audio_dataset_from_directory",
    "bounding_boxes",
    "clear_session",
    "custom_object_scope",
    "describe",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "image_dataset_from_directory",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "legacy",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


__getattr__, __dir__ = lazy_names(__name__, _ELSEWHERE, finder("utils"))
