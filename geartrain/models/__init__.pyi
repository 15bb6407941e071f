# Written by scripts/stubs.py.
from geartrain.models.cloning import clone_model as clone_model
from geartrain.models.from_json import model_from_json as model_from_json
from geartrain.models.model import Functional as Functional
from geartrain.models.model import Model as Model
from geartrain.models.sequential import Sequential as Sequential
from geartrain.saving import load_model as load_model
from geartrain.saving import save_model as save_model

__all__ = [
    "Functional",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]
