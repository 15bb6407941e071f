"""What `keras.preprocessing.sequence` has and had."""

import importlib
from typing import Any

from geartrain.compat.names import finder
from geartrain.preprocessing.skipgrams import make_sampling_table, skipgrams
from geartrain.utils.sequences import pad_sequences

__all__ = ["make_sampling_table", "pad_sequences", "skipgrams"]

_find = finder("preprocessing.sequence")


def __getattr__(name: str) -> Any:
    """`TimeseriesGenerator`, which is a kind of `PyDataset`; other names of older Keras."""
    if name == "TimeseriesGenerator":
        return importlib.import_module("geartrain.models.timeseries").TimeseriesGenerator
    return _find(name)
