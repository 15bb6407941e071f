"""Projections that keep weights within bounds, applied after each update."""

from typing import Any

from geartrain.compat.names import finder
from geartrain.constraints.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from geartrain.identifiers import Family

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm
_family = Family("constraints", "constraint")
get, deserialize = _family.get, _family.deserialize


def serialize(constraint: Any) -> Any:
    """The constraint as plain data, from which `deserialize` makes it again.

    >>> serialize(NonNeg())["class_name"]
    'NonNeg'
    """
    return _family.serialize(constraint)


__getattr__ = finder("constraints")  # names of older Keras, and why others are not here
