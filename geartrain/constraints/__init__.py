"""Projections that keep weights within bounds, applied after each update."""

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
get, serialize, deserialize = _family.get, _family.serialize, _family.deserialize
