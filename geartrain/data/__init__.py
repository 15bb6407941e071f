"""Data sets that are read while a model learns: `Dataset`, and what makes them of files."""

from geartrain.lazy import lazy_names, within

_NAMES = {
    **within(
        "geartrain.data",
        {
            "base": "AUTOTUNE",
            "dataset": "Dataset",
            "options": "Options",
            "readers": "FixedLengthRecordDataset TFRecordDataset TextLineDataset",
            "spec": "DatasetSpec TensorSpec",
        },
    ),
    "INFINITE_CARDINALITY": "geartrain.data.base:INFINITE",
    "UNKNOWN_CARDINALITY": "geartrain.data.base:UNKNOWN",
    "experimental": "geartrain.data.experimental:",
}

__all__ = sorted(_NAMES)

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
