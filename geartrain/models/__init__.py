"""Models: layers with inputs and outputs that can be trained."""

from geartrain.models.model import Functional, Model
from geartrain.models.sequential import Sequential
from geartrain.saving import load_model, save_model

__all__ = ["Functional", "Model", "Sequential", "load_model", "save_model"]
