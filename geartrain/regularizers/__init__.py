"""Penalties on weights or outputs, added to the loss."""

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
get, serialize, deserialize = _family.get, _family.serialize, _family.deserialize
