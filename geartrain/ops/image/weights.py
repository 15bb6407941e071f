"""How much each pixel of an axis counts for each pixel of another: the weights of resizing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain.graph.budget import make_room
from geartrain.ops.arithmetic import absolute, maximum
from geartrain.ops.creation import arange
from geartrain.ops.logic import equal, greater, greater_equal, less_equal, logical_and, where
from geartrain.ops.operands import Tensor, dtype_of
from geartrain.ops.reductions import sum
from geartrain.ops.shaping import reshape
from geartrain.ops.transcendental import sin

_SMALL = 1000 * float(np.finfo("float32").eps)


def _triangle(x: Tensor) -> Tensor:
    return maximum(1 - x, 0)


def cubic(x: Tensor) -> Tensor:
    """Keys's cubic convolution with a = -1/2."""
    near = ((1.5 * x - 2.5) * x) * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return where(greater_equal(x, 2), 0.0, where(greater_equal(x, 1), far, near))


def _sinc(x: Tensor) -> Tensor:
    safe = where(equal(x, 0), 1.0, x) * math.pi
    return where(equal(x, 0), 1.0, sin(safe) / safe)


def _lanczos(radius: int) -> Callable[[Tensor], Tensor]:
    """A sine cardinal under a wider one: `sinc(x) sinc(x / radius)` up to the radius."""
    return lambda x: where(greater(x, radius), 0.0, _sinc(x) * _sinc(x / radius))


_KERNELS: dict[str, Callable[[Tensor], Tensor]] = {
    "bilinear": _triangle,
    "bicubic": cubic,
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
}


def shares(
    size: int, count: int, interpolation: str, antialias: bool, scale: Any = None,
    translation: Any = 0.0,
) -> Tensor:  # fmt: skip
    """How much each of `size` pixels counts for each of `count`: (size, count), columns of sum 1.

    A pixel whose middle is at x comes to lie at `x * scale + translation`; by default `count` lie
    as far as `size`. Pixels that come from beyond the border get weights of 0.

    >>> shares(2, 4, "bilinear", False).T
    array([[1.  , 0.  ],
           [0.75, 0.25],
           [0.25, 0.75],
           [0.  , 1.  ]])
    """
    make_room("resize", size, count)
    scale = np.float64(count / size) if scale is None else scale
    dtype, step = dtype_of(scale), 1 / scale
    places = (arange(count, dtype=dtype) + 0.5 - translation) * step - 0.5
    reach = maximum(step, 1.0) if antialias else 1.0
    found = _KERNELS[interpolation](
        absolute(places - reshape(arange(size, dtype=dtype), (size, 1))) / reach
    )
    total = sum(found, axis=0)
    found = where(greater(absolute(total), _SMALL), found / where(equal(total, 0), 1.0, total), 0.0)
    inside = logical_and(greater_equal(places, -0.5), less_equal(places, size - 0.5))
    return where(inside, found, 0.0)
