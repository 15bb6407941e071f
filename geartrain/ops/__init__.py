"""Tensor operations, as in `keras.ops`: of arrays at once, of symbolic tensors as graph nodes."""

from geartrain.graph.operators import OPERATORS
from geartrain.ops import (
    activation,
    arithmetic,
    core,
    creation,
    linear,
    logic,
    reductions,
    shaping,
    slicing,
    transcendental,
)
from geartrain.ops.activation import *  # noqa: F403
from geartrain.ops.arithmetic import *  # noqa: F403
from geartrain.ops.core import *  # noqa: F403
from geartrain.ops.creation import *  # noqa: F403
from geartrain.ops.linear import *  # noqa: F403
from geartrain.ops.logic import *  # noqa: F403
from geartrain.ops.reductions import *  # noqa: F403
from geartrain.ops.shaping import *  # noqa: F403
from geartrain.ops.slicing import *  # noqa: F403
from geartrain.ops.transcendental import *  # noqa: F403

_MODULES = (
    activation,
    arithmetic,
    core,
    creation,
    linear,
    logic,
    reductions,
    shaping,
    slicing,
    transcendental,
)
__all__ = sorted(name for module in _MODULES for name in module.__all__)

# What Python's operators on nodes and variables call.
OPERATORS.update(
    {
        name: globals()[name]
        for name in (
            "absolute", "add", "floor_divide", "get_item", "greater", "greater_equal", "less",
            "less_equal", "logical_and", "logical_not", "logical_or", "logical_xor", "matmul",
            "mod", "multiply", "negative", "power", "subtract", "true_divide", "unstack",
        )
    }
)  # fmt: skip
