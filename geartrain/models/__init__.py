"""Models: layers with inputs and outputs that can be trained."""

from geartrain.models.model import Functional, Model
from geartrain.models.sequential import Sequential

__all__ = ["Functional", "Model", "Sequential"]
