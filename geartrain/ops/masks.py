"""Masks: which timesteps of a tensor count, a note that layers leave with what they return.

As in Keras a mask belongs to the tensor, array or node, for as long as that tensor lives; so it
reaches the next layer, the loss and the metrics, whoever calls them. Programs read and set that of
what public functions return as `tensor._keras_mask`, which is not there without a mask.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from geartrain.graph.eager import EagerTensor
from geartrain.graph.node import Node

_left: dict[int, tuple[weakref.ref[Any], Any]] = {}


def set_mask(tensor: Any, mask: Any) -> None:
    """Leave a mask with a tensor, in place of the one before; None leaves none."""
    key = id(tensor)
    if mask is None:
        _left.pop(key, None)
    elif isinstance(tensor, Node | np.ndarray):
        # The dictionary as a default: at the interpreter's end the name is gone before tensors are.
        gone = weakref.ref(tensor, lambda _, left=_left: left.pop(key, None))  # type: ignore[misc]
        _left[key] = gone, mask


def mask_of(tensor: Any) -> Any:
    """The mask that was left with a tensor, or None if all of it counts.

    >>> x = np.zeros((1, 2))
    >>> set_mask(x, np.array([[True, False]]))
    >>> mask_of(x), mask_of(x + 1)
    (array([[ True, False]]), None)
    """
    held = _left.get(id(tensor))
    return held[1] if held is not None and held[0]() is tensor else None


def _read(tensor: Any) -> Any:
    mask = mask_of(tensor)
    if mask is None:
        raise AttributeError(f"{type(tensor).__name__} has no mask: no layer left one with it.")
    return mask


EagerTensor._keras_mask = property(  # type: ignore[attr-defined]
    _read, set_mask, lambda tensor: set_mask(tensor, None)
)
