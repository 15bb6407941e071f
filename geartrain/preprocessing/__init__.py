"""What `keras.preprocessing` has and had: images, sequences and texts."""

from geartrain.compat.names import finder
from geartrain.lazy import lazy_names
from geartrain.preprocessing import image, sequence, text

# Those of `keras.utils`.
_ELSEWHERE = {
    "image_dataset_from_directory": "geartrain.data.images",
    "text_dataset_from_directory": "geartrain.data.texts",
    "timeseries_dataset_from_array": "geartrain.data.timeseries",
}

__all__ = ["image", "sequence", "text", *_ELSEWHERE]

__getattr__, __dir__ = lazy_names(__name__, _ELSEWHERE, finder("preprocessing"))
