"""Tensor operations, as in `keras.ops`: of arrays at once, of symbolic tensors as graph nodes."""

import importlib
from typing import Any

from geartrain.graph.operators import OPERATORS
from geartrain.graph.recording import recorded
from geartrain.ops.activation import *  # noqa: F403
from geartrain.ops.adaptive_pooling import *  # noqa: F403
from geartrain.ops.arithmetic import *  # noqa: F403
from geartrain.ops.bits import *  # noqa: F403
from geartrain.ops.complexes import *  # noqa: F403
from geartrain.ops.contraction import *  # noqa: F403
from geartrain.ops.control import *  # noqa: F403
from geartrain.ops.convolution import *  # noqa: F403
from geartrain.ops.core import *  # noqa: F403
from geartrain.ops.counting import *  # noqa: F403
from geartrain.ops.creation import *  # noqa: F403
from geartrain.ops.crossentropy import *  # noqa: F403
from geartrain.ops.ctc import *  # noqa: F403
from geartrain.ops.decomposing import *  # noqa: F403
from geartrain.ops.fourier import *  # noqa: F403
from geartrain.ops.linear import *  # noqa: F403
from geartrain.ops.logic import *  # noqa: F403
from geartrain.ops.mapping import *  # noqa: F403
from geartrain.ops.matrices import *  # noqa: F403
from geartrain.ops.measures import *  # noqa: F403
from geartrain.ops.nans import *  # noqa: F403
from geartrain.ops.normalization import *  # noqa: F403
from geartrain.ops.own_gradients import *  # noqa: F403
from geartrain.ops.patches import *  # noqa: F403
from geartrain.ops.pooling import *  # noqa: F403
from geartrain.ops.rearranging import *  # noqa: F403
from geartrain.ops.reductions import *  # noqa: F403
from geartrain.ops.scanning import *  # noqa: F403
from geartrain.ops.scattering import *  # noqa: F403
from geartrain.ops.shaping import *  # noqa: F403
from geartrain.ops.slicing import *  # noqa: F403
from geartrain.ops.sorting import *  # noqa: F403
from geartrain.ops.spacing import *  # noqa: F403
from geartrain.ops.stacking import *  # noqa: F403
from geartrain.ops.statistics import *  # noqa: F403
from geartrain.ops.tapers import *  # noqa: F403
from geartrain.ops.transcendental import *  # noqa: F403

# The functions above, and nothing else that is in sight here.
__all__ = sorted(
    name
    for name, value in globals().items()
    if callable(value) and getattr(value, "__module__", "").startswith(__name__)
)  # fmt: skip
globals().update({name: recorded(globals()[name]) for name in __all__})

# What Python's operators on nodes and variables call.
_NAMES = """
    absolute add floor_divide get_item greater greater_equal less less_equal logical_and
    logical_not logical_or logical_xor matmul mod multiply negative power subtract true_divide
    unstack equal not_equal copy round
"""
OPERATORS.update({name: globals()[name] for name in _NAMES.split()})


def __getattr__(name: str) -> Any:
    """The parts of the namespace, found when they are first asked for."""
    if name in ("image", "linalg", "nn", "numpy"):
        return importlib.import_module(f"geartrain.ops.{name}")
    raise AttributeError(f"module 'geartrain.ops' has no attribute {name!r}")
