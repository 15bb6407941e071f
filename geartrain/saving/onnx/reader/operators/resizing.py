"""Padding and resizing."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import layers, ops
from geartrain.graph.node import Node
from geartrain.graph.shapes import axis_index
from geartrain.ops.operands import extents_of, rank_of
from geartrain.saving.onnx.reader.operators.images import images
from geartrain.saving.onnx.reader.operators.shaping import shape_of
from geartrain.saving.onnx.reader.place import Place
from geartrain.saving.onnx.reader.table import operator

UPSAMPLINGS = {2: layers.UpSampling2D, 3: layers.UpSampling3D}
_MODES = {"constant": "constant", "edge": "edge", "reflect": "reflect", "wrap": "wrap"}
_MOST = 1 << 20  # elements of a matrix that resizes an axis


@operator("Pad")
def pad(
    at: Place, x: Any, pads_: Any = None, constant: Any = None, axes: Any = None, *,
    mode: str = "constant", pads: list | None = None, value: float = 0.0,
) -> Any:  # fmt: skip
    """A border; a negative one is cut off."""
    rank = len(shape_of(x))
    flat = at.numbers(pads_, "pads") if pads_ is not None else list(pads or [])
    where = at.numbers(axes, "axes") if axes is not None else [*range(rank)]
    if len(flat) != 2 * len(where) or mode not in _MODES:
        raise ValueError(
            f"expected a mode of {', '.join(_MODES)} and two pads an axis. "
            f"Received: {mode!r}, {flat}"
        )
    number = value if constant is None else at.array(constant, "the constant").reshape(()).item()
    pairs = [(0, 0)] * rank
    for place, axis in enumerate(where):
        pairs[axis_index(axis, rank, "Pad")] = (flat[place], flat[place + len(where)])
    x = at.tensor(x)
    cuts = tuple(slice(max(0, -a), min(0, b) or None) for a, b in pairs)
    if any(cut != slice(0, None) for cut in cuts):
        x = ops.get_item(x, cuts)
    added = tuple((max(0, a), max(0, b)) for a, b in pairs)
    if not any(map(any, added)):
        return x
    if mode == "constant":
        return ops.pad(x, added, constant_values=number)
    return ops.pad(x, added, mode=_MODES[mode])


@operator("Upsample")
def upsample(
    at: Place, x: Any, scales_: Any = None, *, mode: str = "nearest", scales: list | None = None
) -> Any:
    """What `Resize` was before opset 10."""
    factors = at.array(scales_, "scales") if scales_ is not None else np.asarray(scales)
    return _resized(at, x, factors, None, mode, "asymmetric", "floor", -0.75, 0)


@operator("Resize")
def resize(
    at: Place, x: Any, roi: Any = None, scales: Any = None, sizes: Any = None, *,
    antialias: int = 0, axes: list | None = None,
    coordinate_transformation_mode: str = "half_pixel", cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0, extrapolation_value: float = 0.0,
    keep_aspect_ratio_policy: str = "stretch", mode: str = "nearest",
    nearest_mode: str = "round_prefer_floor",
) -> Any:  # fmt: skip
    """Up-sampling where that layer says the same; else a product with a matrix for each axis."""
    if antialias or keep_aspect_ratio_policy != "stretch":
        raise ValueError(
            "expected antialias=0 and keep_aspect_ratio_policy='stretch'. Received: "
            f"antialias={antialias}, keep_aspect_ratio_policy={keep_aspect_ratio_policy!r}"
        )
    if at.opset < 11 and scales is None:
        scales, roi = roi, None
    rank = rank_of(at.tensor(x))
    where = [*range(rank)] if axes is None else [axis_index(a, rank, "Resize") for a in axes]
    factors = np.ones(rank)
    wanted: list[Any] = list(extents_of(x))
    if sizes is not None:
        for axis, size in zip(where, at.sizes(sizes, "sizes"), strict=True):
            if not isinstance(size, int) and size != wanted[axis]:
                raise ValueError(f"expected known sizes to resize to. Received: {size}")
            wanted[axis] = size
            if size != extents_of(x)[axis]:
                factors[axis] = size / extents_of(x)[axis]
    else:
        factors[where] = at.array(scales, "scales").reshape(-1)
        wanted = None  # type: ignore[assignment]
    transformation = coordinate_transformation_mode
    return _resized(
        at, x, factors, wanted, mode, transformation, nearest_mode, cubic_coeff_a, exclude_outside
    )


def _resized(
    at: Place, x: Node, factors: np.ndarray, wanted: list[Any] | None, mode: str,
    transformation: str, nearest: str, coefficient: float, outside: int,
) -> Node:  # fmt: skip
    axes = rank_of(x) - 2
    if len(factors) != rank_of(x) or not np.all(np.isfinite(factors)) or np.any(factors <= 0):
        raise ValueError(f"expected a scale above 0 for each axis. Received: {factors}")
    whole = (
        np.all(factors == np.round(factors)) and np.all(factors[:2] == 1) and axes in UPSAMPLINGS
    )
    repeats = mode == "nearest" and (transformation, nearest) in (
        ("asymmetric", "floor"), ("half_pixel", "round_prefer_floor"),
        ("half_pixel", "round_prefer_ceil"),
    )  # fmt: skip
    smooth = mode == "linear" and transformation == "half_pixel" and axes == 2
    if whole and (repeats or smooth):
        times = tuple(int(one) for one in factors[2:])
        given = images(at, x)
        how = {"interpolation": "nearest" if repeats else "bilinear"} if axes == 2 else {}
        return given.called(at.layer(UPSAMPLINGS[axes], size=times, **how, **given.config))
    for axis, factor in enumerate(factors):
        if factor != 1:
            size = extents_of(x)[axis]
            if not isinstance(size, int):
                raise ValueError(f"expected known sizes to resize. Received shape {x.shape}")
            out = wanted[axis] if wanted else int(np.floor(size * factor))
            if size * out > _MOST:
                raise ValueError(
                    f"expected a matrix of at most {_MOST:,} elements for each axis. "
                    f"Received: {size} by {out}"
                )
            matrix = _matrix(size, out, factor, mode, transformation, nearest, coefficient, outside)
            moved = ops.matmul(ops.moveaxis(x, axis, -1), matrix.T.astype(str(x.dtype)))
            x = ops.moveaxis(moved, -1, axis)
    return x


def _matrix(
    size: int, out: int, factor: float, mode: str, transformation: str,
    nearest: str, coefficient: float, outside: int,
) -> np.ndarray:  # fmt: skip
    """(out, size): what each new element takes of each old one."""
    places = _places(size, out, factor, transformation)
    if mode == "nearest":
        rounding = {
            "floor": np.floor, "ceil": np.ceil,
            "round_prefer_floor": lambda p: np.ceil(p - 0.5),
            "round_prefer_ceil": lambda p: np.floor(p + 0.5),
        }  # fmt: skip
        reach, weigh = np.zeros(1), lambda gap: np.ones_like(gap)
        places = rounding[nearest](places)
    elif mode == "linear":
        reach, weigh = np.arange(2.0), lambda gap: 1 - gap
    elif mode == "cubic":
        reach, weigh = np.arange(-1.0, 3.0), lambda gap: _cubic(gap, coefficient)
    else:
        raise ValueError(f"expected mode nearest, linear or cubic. Received: {mode!r}")
    left = np.floor(places)[:, None] + reach
    weights = weigh(np.abs(places[:, None] - left))
    if outside:
        weights = np.where((left < 0) | (left >= size), 0, weights)
        weights /= weights.sum(1, keepdims=True)
    matrix = np.zeros((out, size))
    rows = np.broadcast_to(np.arange(out)[:, None], left.shape)
    np.add.at(matrix, (rows, np.clip(left, 0, size - 1).astype(int)), weights)
    return matrix


def _places(size: int, out: int, factor: float, transformation: str) -> np.ndarray:
    """Where each new element lies among the old ones."""
    new, factor = np.arange(out, dtype=np.float32), np.float32(factor)  # as runtimes compute
    if transformation == "align_corners":
        return new * np.float32((size - 1) / (out - 1) if out > 1 else 0.0)
    if transformation == "asymmetric":
        return new / factor
    if transformation not in ("half_pixel", "pytorch_half_pixel"):
        raise ValueError(
            "expected coordinates by half_pixel, pytorch_half_pixel, asymmetric or align_corners. "
            f"Received: {transformation!r}"
        )
    if transformation == "pytorch_half_pixel" and out == 1:
        return np.zeros(1)
    return (new + 0.5) / factor - 0.5


def _cubic(gap: np.ndarray, a: float) -> np.ndarray:
    """Keys's cubic weights at a distance."""
    near = ((a + 2) * gap - (a + 3)) * gap * gap + 1
    far = ((a * gap - 5 * a) * gap + 8 * a) * gap - 4 * a
    return np.where(gap <= 1, near, np.where(gap < 2, far, 0.0))
