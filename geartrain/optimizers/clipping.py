"""Gradients held within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain import ops


def norm(tensor: Any) -> Any:
    """The Euclidean length of all elements: sqrt(sum(x**2)).

    >>> norm([[3.0, 0.0], [0.0, 4.0]])
    array(5., dtype=float32)
    """
    return ops.sqrt(ops.sum(ops.square(tensor)))


def clip_by_norm(gradient: Any, limit: float) -> Any:
    """The gradient, shortened to the length `limit` if it is longer.

    >>> clip_by_norm([3.0, 4.0], 1.0)
    array([0.6, 0.8], dtype=float32)
    """
    return ops.multiply(gradient, limit) / ops.maximum(norm(gradient), limit)


def clip_by_global_norm(gradients: Sequence[Any], limit: float) -> list[Any]:
    """All gradients, shortened by one factor so that together they are no longer than `limit`.

    A gradient that is not finite makes all of them NaN, so that it is not overlooked.

    >>> clip_by_global_norm([[3.0], [4.0]], 1.0)
    [array([0.6], dtype=float32), array([0.8], dtype=float32)]
    """
    together = norm(ops.stack([norm(gradient) for gradient in gradients]))
    factor = limit * ops.minimum(1.0 / together, 1.0 / limit) + (together - together)
    return [ops.multiply(gradient, factor) for gradient in gradients]
