"""Window functions: weights that fade a stretch of a signal in and out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import config
from geartrain.errors import unknown_name
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.node import Node
from geartrain.ops.operands import Tensor, operand
from geartrain.ops.sizes import number_from
from geartrain.ops.transcendental import i0

__all__ = ["bartlett", "blackman", "hamming", "hanning", "kaiser"]


def _taper(who: str, x: Tensor, weights: Callable[[np.ndarray], Any]) -> Tensor:
    """Weights at x places from -1 to 1; a single place is the middle."""
    count = operand(x)
    if isinstance(count, Node) or count.size != 1:
        raise ValueError(f"{who}: expected the window's length, a number known now. Received: {x}")
    count = number_from(int(count), who)
    places = np.linspace(-1, 1, count) if count > 1 else np.zeros(max(count, 0))
    return np.asarray(weights(places)).astype(numpy_dtype(config.floatx()))


def _cosines(*shares: float) -> Callable[[np.ndarray], Any]:
    """`a0 + a1 * cos(pi t) + a2 * cos(2 pi t)`."""
    return lambda t: sum(a * np.cos(k * math.pi * t) for k, a in enumerate(shares))


# Window functions by name, of t from -1 to 1.
NAMED: dict[str, Callable[[np.ndarray], Any]] = {
    "bartlett": lambda t: 1 - np.abs(t),
    "blackman": _cosines(0.42, 0.5, 0.08),
    "blackmanharris": _cosines(0.35875, 0.48829, 0.14128, 0.01168),
    "boxcar": np.ones_like,
    "flattop": _cosines(0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
    "hamming": _cosines(0.54, 0.46),
    "hann": _cosines(0.5, 0.5),
    "nuttall": _cosines(0.3635819, 0.4891775, 0.1365995, 0.0106411),
    "tukey": lambda t: 0.5 + 0.5 * np.cos(math.pi * np.maximum(2 * np.abs(t) - 1, 0)),
}


def named_window(who: str, window: Any, size: int, periodic: bool) -> np.ndarray:
    """The weights of a window function of that name, or those given, in float64.

    Args:
        who: the caller, for messages.
        window: a name of `NAMED`, or a vector of weights.
        size: how many weights.
        periodic: whether the function's period is as long as the window: one place more.
    """
    if not isinstance(window, str):
        weights = np.asarray(operand(window), "float64")
    elif window in NAMED:
        count = size + periodic
        places = np.linspace(-1, 1, count) if count > 1 else np.zeros(count)
        weights = np.asarray(NAMED[window](places))[:size]
    else:
        raise unknown_name(f"window of {who}", window, [*NAMED, "a vector of weights"])
    if weights.shape != (size,):
        raise ValueError(
            f"{who}: expected window as a vector of {size} weights. Received: shape {weights.shape}"
        )
    return weights


def bartlett(x: Tensor) -> Tensor:
    """The triangle of x places: `1 - |t|`, for t from -1 to 1.

    >>> bartlett(5)
    array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return _taper("bartlett", x, NAMED["bartlett"])


def blackman(x: Tensor) -> Tensor:
    """Blackman's window of x places: `0.42 + 0.5 cos(pi t) + 0.08 cos(2 pi t)`, t from -1 to 1.

    >>> blackman(3).round(4)
    array([-0.,  1., -0.], dtype=float32)
    """
    return _taper("blackman", x, NAMED["blackman"])


def hamming(x: Tensor) -> Tensor:
    """Hamming's window of x places: `0.54 + 0.46 cos(pi t)`, for t from -1 to 1.

    >>> hamming(3)
    array([0.08, 1.  , 0.08], dtype=float32)
    """
    return _taper("hamming", x, NAMED["hamming"])


def hanning(x: Tensor) -> Tensor:
    """Von Hann's window of x places: `0.5 + 0.5 cos(pi t)`, for t from -1 to 1.

    >>> hanning(5)
    array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return _taper("hanning", x, NAMED["hann"])


def kaiser(x: Tensor, beta: Any) -> Tensor:
    """Kaiser's window of x places: `i0(beta * sqrt(1 - t**2)) / i0(beta)`, for t from -1 to 1.

    Args:
        x: how many places.
        beta: its shape: 0 is a rectangle, 5 like Hamming's, 8.6 like Blackman's.

    >>> kaiser(3, 5.0).round(4)
    array([0.0367, 1.    , 0.0367], dtype=float32)
    """
    beta = float(beta)
    bound = i0(np.float64(beta))
    return _taper("kaiser", x, lambda t: i0(beta * np.sqrt(1 - t * t)) / bound)
