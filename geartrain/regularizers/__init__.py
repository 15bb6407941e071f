"""Penalties on weights or outputs, added to the loss."""

from typing import Any

from geartrain.compat.names import finder
from geartrain.identifiers import Family
from geartrain.regularizers.regularizers import (
    L1,
    L1L2,
    L2,
    OrthogonalRegularizer,
    Regularizer,
)

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]

l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer
_family = Family("regularizers", "regularizer", {"l1_l2": "L1L2"})
get, deserialize = _family.get, _family.deserialize


def serialize(regularizer: Any) -> Any:
    """The regularizer as plain data, from which `deserialize` makes it again.

    >>> serialize(L2(0.5))["config"]
    {'l2': 0.5}
    """
    return _family.serialize(regularizer)


__getattr__ = finder("regularizers")  # names of older Keras, and why others are not here
