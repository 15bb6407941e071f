"""Models: layers with inputs and outputs that can be trained."""

from geartrain.compat.names import finder
from geartrain.models.cloning import clone_model
from geartrain.models.from_json import model_from_json
from geartrain.models.model import Functional, Model
from geartrain.models.sequential import Sequential
from geartrain.saving import load_model, save_model

__all__ = [
    "Functional",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]

__getattr__ = finder("models")  # names of older Keras, and why others are not here
