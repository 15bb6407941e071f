"""Helpers for data and display: what a tensor is, labels, progress."""

from geartrain.utils.describe import describe
from geartrain.utils.numerical import normalize, to_categorical
from geartrain.utils.progress import Progbar

__all__ = ["Progbar", "describe", "normalize", "to_categorical"]
