"""Training on several processes and machines, with the same bits for any number of them.

>>> from geartrain import distribution
>>> distribution.initialize()
>>> with distribution.DataParallel().scope():
...     print(distribution.list_devices())
['cpu:0']
"""

from __future__ import annotations

from geartrain.lazy import lazy_names, within

_NAMES = within(
    "geartrain.distribution",
    {
        "current": "distribution set_distribution",
        "devices": "get_device_count initialize list_devices",
        "layouts": "DeviceMesh LayoutMap TensorLayout distribute_tensor",
        "parallel": "DataParallel ModelParallel",
    },
)
__all__ = sorted(_NAMES)
__getattr__, __dir__ = lazy_names(__name__, _NAMES)
