# Written by scripts/stubs.py.
from geartrain.data.images import image_dataset_from_directory as image_dataset_from_directory
from geartrain.data.texts import text_dataset_from_directory as text_dataset_from_directory
from geartrain.data.timeseries import timeseries_dataset_from_array as timeseries_dataset_from_array
from geartrain.preprocessing import image as image
from geartrain.preprocessing import sequence as sequence
from geartrain.preprocessing import text as text

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]
