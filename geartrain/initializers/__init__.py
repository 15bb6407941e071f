"""First values of weights: an initializer is a function of a shape and a dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops
from geartrain.compat.names import finder
from geartrain.graph.dtypes import standardize_dtype
from geartrain.identifiers import Family
from geartrain.initializers.constant_initializers import STFT, Constant, Identity, Ones, Zeros
from geartrain.initializers.initializer import Initializer
from geartrain.initializers.random_initializers import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)

__all__ = [
    "STFT",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFTInitializer",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "stft",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

constant, identity, ones, zeros = Constant, Identity, Ones, Zeros
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
he_normal, he_uniform = HeNormal, HeUniform
lecun_normal, lecun_uniform = LecunNormal, LecunUniform
random_normal, random_uniform = RandomNormal, RandomUniform
truncated_normal, variance_scaling = TruncatedNormal, VarianceScaling
orthogonal = OrthogonalInitializer = Orthogonal
IdentityInitializer = Identity
stft = STFTInitializer = STFT

_family = Family(
    "initializers",
    "initializer",
    {
        "normal": "RandomNormal",
        "uniform": "RandomUniform",
        "one": "Ones",
        "zero": "Zeros",
        "IdentityInitializer": "Identity",
        "OrthogonalInitializer": "Orthogonal",
        "STFTInitializer": "STFT",
    },
)
deserialize = _family.deserialize


def serialize(initializer: Any) -> Any:
    """The initializer as plain data, from which `deserialize` makes it again.

    >>> serialize(Constant(2.0))["config"]
    {'value': 2.0}
    """
    return _family.serialize(initializer)


def get(identifier: Any) -> Any:
    """The initializer that `identifier` means.

    Args:
        identifier: a name such as `"glorot_uniform"`, an `Initializer` or its class, a function of
            `(shape, dtype)`, a config, an array of the weight's shape, or None.

    Raises ValueError for an unknown name, with the nearest one, and for anything else.

    >>> get("zeros")((2,))
    array([0., 0.], dtype=float32)
    """
    if not isinstance(identifier, np.ndarray):
        return _family.get(identifier)

    def given_values(shape: Any, dtype: Any = None) -> Any:
        if tuple(shape) != identifier.shape:
            raise ValueError(
                f"Initializer of given values: expected the shape {identifier.shape} of the "
                f"array. Received: shape={tuple(shape)}"
            )
        return ops.cast(identifier, standardize_dtype(dtype))

    return given_values


__getattr__ = finder("initializers")  # names of older Keras, and why others are not here
