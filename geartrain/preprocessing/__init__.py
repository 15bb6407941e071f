"""What `keras.preprocessing` has: images, and sequences of equal length. Texts have layers."""

from geartrain.compat.names import finder
from geartrain.lazy import lazy_names
from geartrain.preprocessing import image, sequence

# Those of `keras.utils`.
_ELSEWHERE = {
    "image_dataset_from_directory": "geartrain.data.images",
    "text_dataset_from_directory": "geartrain.data.texts",
    "timeseries_dataset_from_array": "geartrain.data.timeseries",
}

__all__ = ["image", "sequence", *_ELSEWHERE]

__getattr__, __dir__ = lazy_names(__name__, _ELSEWHERE, finder("preprocessing"))
