# Written by scripts/stubs.py.
from geartrain.distribution.current import distribution as distribution
from geartrain.distribution.current import set_distribution as set_distribution
from geartrain.distribution.devices import get_device_count as get_device_count
from geartrain.distribution.devices import initialize as initialize
from geartrain.distribution.devices import list_devices as list_devices
from geartrain.distribution.layouts import DeviceMesh as DeviceMesh
from geartrain.distribution.layouts import LayoutMap as LayoutMap
from geartrain.distribution.layouts import TensorLayout as TensorLayout
from geartrain.distribution.layouts import distribute_tensor as distribute_tensor
from geartrain.distribution.parallel import DataParallel as DataParallel
from geartrain.distribution.parallel import ModelParallel as ModelParallel

__all__ = [
    "DataParallel",
    "DeviceMesh",
    "LayoutMap",
    "ModelParallel",
    "TensorLayout",
    "distribute_tensor",
    "distribution",
    "get_device_count",
    "initialize",
    "list_devices",
    "set_distribution",
]
