"""What `keras.preprocessing` has: sequences of equal length. Images and texts have layers."""

from geartrain.compat.names import finder
from geartrain.preprocessing import sequence

__all__ = ["sequence"]

__getattr__ = finder("preprocessing")
