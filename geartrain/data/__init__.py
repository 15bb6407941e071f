"""Data sets that are read while a model learns: `Dataset`, and what makes them of files."""

from geartrain.data.base import AUTOTUNE
from geartrain.data.base import INFINITE as INFINITE_CARDINALITY
from geartrain.data.base import UNKNOWN as UNKNOWN_CARDINALITY
from geartrain.data.dataset import Dataset
from geartrain.data.options import Options
from geartrain.data.spec import DatasetSpec, TensorSpec

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "Dataset",
    "DatasetSpec",
    "Options",
    "TensorSpec",
]
