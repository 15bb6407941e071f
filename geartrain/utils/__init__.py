"""Helpers for data and display: what a tensor is, labels, progress."""

from geartrain.utils.numerical import normalize, to_categorical

__all__ = ["normalize", "to_categorical"]
