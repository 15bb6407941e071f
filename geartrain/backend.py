"""What `keras.backend` still offers in Keras 3: settings, dtypes, names. And `dot`, as of old.

The tensor functions that older versions had here are in `geartrain.ops`; they are found by their
former names too, with a hint.
"""

from __future__ import annotations

from typing import Any

from geartrain import registry
from geartrain.compat.names import finder
from geartrain.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from geartrain.graph.dtypes import is_float, result_type, standardize_dtype
from geartrain.layers.symbolic import is_keras_tensor
from geartrain.ops import dot

__all__ = [
    "backend",
    "clear_session",
    "dot",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]


def clear_session(free_memory: bool = True) -> None:
    """Start automatic names afresh, and let go of what nothing uses.

    Args:
        free_memory: whether to collect garbage at once.

    >>> clear_session()
    >>> get_uid("dense")
    1
    """
    registry.reset_names()
    if free_memory:
        import gc

        gc.collect()


def get_uid(prefix: str = "") -> int:
    """The number of times that `prefix` has been used for an automatic name, this time included.

    >>> clear_session()
    >>> get_uid("a"), get_uid("a"), get_uid("b")
    (1, 2, 1)
    """
    number = registry.automatic_name(prefix)[len(prefix) + 1 :]
    return int(number or 0) + 1


def is_float_dtype(dtype: Any) -> bool:
    """Whether tensors of this dtype hold fractions.

    >>> is_float_dtype("bfloat16"), is_float_dtype("int32")
    (True, False)
    """
    return is_float(standardize_dtype(dtype))


def is_int_dtype(dtype: Any) -> bool:
    """Whether tensors of this dtype hold whole numbers (booleans do not count).

    >>> is_int_dtype("uint8"), is_int_dtype("bool")
    (True, False)
    """
    return standardize_dtype(dtype).startswith(("int", "uint"))


__getattr__ = finder("backend")  # the tensor functions of older versions
