# Written by scripts/stubs.py.
from geartrain.data import experimental as experimental
from geartrain.data.base import AUTOTUNE as AUTOTUNE
from geartrain.data.base import INFINITE as INFINITE_CARDINALITY
from geartrain.data.base import UNKNOWN as UNKNOWN_CARDINALITY
from geartrain.data.dataset import Dataset as Dataset
from geartrain.data.options import Options as Options
from geartrain.data.readers import FixedLengthRecordDataset as FixedLengthRecordDataset
from geartrain.data.readers import TextLineDataset as TextLineDataset
from geartrain.data.readers import TFRecordDataset as TFRecordDataset
from geartrain.data.spec import DatasetSpec as DatasetSpec
from geartrain.data.spec import TensorSpec as TensorSpec

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "Dataset",
    "DatasetSpec",
    "FixedLengthRecordDataset",
    "Options",
    "TFRecordDataset",
    "TensorSpec",
    "TextLineDataset",
    "experimental",
]
