"""Initializers whose values are not random."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.graph.dtypes import standardize_dtype
from geartrain.initializers.initializer import Initializer
from geartrain.registry import register


@register("initializers")
class Constant(Initializer):
    """One value everywhere.

    Args:
        value: a number, or a tensor that stretches to the shape.

    >>> Constant(3.0)((2,))
    array([3., 3.], dtype=float32)
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values."""
        return ops.full(shape, self.value, standardize_dtype(dtype))


@register("initializers")
class Zeros(Initializer):
    """Zeros.

    >>> Zeros()((2,))
    array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values."""
        return ops.zeros(shape, standardize_dtype(dtype))


@register("initializers")
class Ones(Initializer):
    """Ones.

    >>> Ones()((2,))
    array([1., 1.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values."""
        return ops.ones(shape, standardize_dtype(dtype))


@register("initializers")
class Identity(Initializer):
    """`gain` on the diagonal of a matrix, 0 elsewhere.

    Args:
        gain: the number on the diagonal.

    A call raises ValueError for a shape that is not of rank 2.

    >>> Identity()((2, 3))
    array([[1., 0., 0.],
           [0., 1., 0.]], dtype=float32)
    """

    unless_default = ("gain",)

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values."""
        if len(shape) != 2:
            raise ValueError(f"Identity: expected a shape of rank 2. Received: {tuple(shape)}")
        return ops.multiply(ops.eye(*shape, dtype=standardize_dtype(dtype)), self.gain)
