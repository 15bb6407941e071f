"""What `keras.preprocessing.sequence` has; `pad_sequences` is that of `utils`."""

from geartrain.compat.names import finder
from geartrain.utils.sequences import pad_sequences

__all__ = ["pad_sequences"]

__getattr__ = finder("preprocessing.sequence")
