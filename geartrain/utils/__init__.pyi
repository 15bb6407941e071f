# Written by scripts/stubs.py.
from geartrain.backend import clear_session as clear_session
from geartrain.config import disable_interactive_logging as disable_interactive_logging
from geartrain.config import enable_interactive_logging as enable_interactive_logging
from geartrain.config import is_interactive_logging_enabled as is_interactive_logging_enabled
from geartrain.data.audio import audio_dataset_from_directory as audio_dataset_from_directory
from geartrain.data.images import image_dataset_from_directory as image_dataset_from_directory
from geartrain.data.splitting import split_dataset as split_dataset
from geartrain.data.texts import text_dataset_from_directory as text_dataset_from_directory
from geartrain.data.timeseries import timeseries_dataset_from_array as timeseries_dataset_from_array
from geartrain.diagrams.plotting import model_to_dot as model_to_dot
from geartrain.diagrams.plotting import plot_model as plot_model
from geartrain.downloads.cached import get_file as get_file
from geartrain.graph.dtypes import standardize_dtype as standardize_dtype
from geartrain.layers.symbolic import get_source_inputs as get_source_inputs
from geartrain.layers.symbolic import is_keras_tensor as is_keras_tensor
from geartrain.models.data import pack_x_y_sample_weight as pack_x_y_sample_weight
from geartrain.models.data import unpack_x_y_sample_weight as unpack_x_y_sample_weight
from geartrain.models.feature_space import FeatureSpace as FeatureSpace
from geartrain.models.py_dataset import PyDataset as PyDataset
from geartrain.models.py_dataset import PyDataset as Sequence
from geartrain.random import set_random_seed as set_random_seed
from geartrain.registry import CustomObjectScope as CustomObjectScope
from geartrain.registry import register_keras_serializable as register_keras_serializable
from geartrain.utils import bounding_boxes as bounding_boxes
from geartrain.utils import legacy as legacy
from geartrain.utils.custom_objects import custom_object_scope as custom_object_scope
from geartrain.utils.custom_objects import deserialize_keras_object as deserialize_keras_object
from geartrain.utils.custom_objects import get_custom_objects as get_custom_objects
from geartrain.utils.custom_objects import get_registered_name as get_registered_name
from geartrain.utils.custom_objects import get_registered_object as get_registered_object
from geartrain.utils.custom_objects import serialize_keras_object as serialize_keras_object
from geartrain.utils.describe import describe as describe
from geartrain.utils.image_files import array_to_img as array_to_img
from geartrain.utils.image_files import img_to_array as img_to_array
from geartrain.utils.image_files import load_img as load_img
from geartrain.utils.image_files import save_img as save_img
from geartrain.utils.numerical import normalize as normalize
from geartrain.utils.numerical import to_categorical as to_categorical
from geartrain.utils.progress import Progbar as Progbar
from geartrain.utils.sequences import pad_sequences as pad_sequences

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
