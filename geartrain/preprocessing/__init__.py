"""What `keras.preprocessing` has: images, and sequences of equal length. Texts have layers."""

from geartrain.compat.names import finder
from geartrain.preprocessing import image, sequence

__all__ = ["image", "sequence"]

__getattr__ = finder("preprocessing")
