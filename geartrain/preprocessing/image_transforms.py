"""Single images turned, moved and recolored, as older Keras did it before its layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geartrain.errors import shown
from geartrain.ops.image import affine_transform

__all__ = [
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
]


def apply_affine_transform(
    x: Any, theta: float = 0, tx: float = 0, ty: float = 0, shear: float = 0, zx: float = 1,
    zy: float = 1, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
    fill_mode: str = "nearest", cval: float = 0.0, order: int = 1,
) -> Any:  # fmt: skip
    """An image turned, moved, sheared and zoomed around its middle.

    Args:
        x: an image of rank 3.
        theta: the angle in degrees.
        tx, ty: by how many columns and rows it moves, to the left and upwards.
        shear: the angle of the shear in degrees.
        zx, zy: by how much columns and rows shrink.
        row_axis, col_axis, channel_axis: what the axes are.
        fill_mode: what lies beyond the border: "constant" (`cval`), "nearest", "reflect", "wrap".
        cval: the value there with "constant".
        order: 0 for the nearest pixel, 1 to draw lines between those around.

    Raises ValueError for other axes and orders.

    >>> apply_affine_transform(np.float32([[[1], [2], [3]]]), tx=1, row_axis=0, col_axis=1,
    ...     channel_axis=2)[..., 0]
    array([[2., 3., 3.]], dtype=float32)
    """
    axes = (row_axis, col_axis, channel_axis)
    if np.ndim(x) != 3 or sorted(axis % 3 for axis in axes) != [0, 1, 2] or order not in (0, 1):
        raise ValueError(
            "apply_affine_transform: expected an image of rank 3, each axis once, and order 0 or "
            f"1. Received: shape {np.shape(x)}, axes {axes}, order={shown(order)}"
        )
    image = np.transpose(np.asarray(x), axes)
    angle, slant = math.radians(theta), math.radians(shear)
    parts = [
        [[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]],
        [[1, 0, tx], [0, 1, ty], [0, 0, 1]],
        [[1, -math.sin(slant), 0], [0, math.cos(slant), 0], [0, 0, 1]],
        [[zx, 0, 0], [0, zy, 0], [0, 0, 1]],
    ]
    middle = [size / 2 - 0.5 for size in image.shape[:2]]
    there = np.array([[1, 0, middle[0]], [0, 1, middle[1]], [0, 0, 1]])
    matrix = np.linalg.multi_dot([there, *map(np.array, parts), np.linalg.inv(there)])
    numbers = [*matrix[0], *matrix[1], 0, 0]
    moved = affine_transform(
        image, np.float32(numbers), "bilinear" if order else "nearest", fill_mode, cval,
        "channels_last",
    )  # fmt: skip
    return np.transpose(np.asarray(moved), np.argsort(axes))


def _turned(x: Any, axes: dict[str, int], fill: dict[str, Any], **numbers: float) -> Any:
    return apply_affine_transform(x, **numbers, **axes, **fill)


def _places(row: int, col: int, channel: int) -> dict[str, int]:
    return {"row_axis": row, "col_axis": col, "channel_axis": channel}


def _filled(fill_mode: str, cval: float, order: int) -> dict[str, Any]:
    return {"fill_mode": fill_mode, "cval": cval, "order": order}


def random_rotation(
    x: Any, rg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
    fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1,
) -> Any:  # fmt: skip
    """An image turned by up to `rg` degrees; see `apply_affine_transform`."""
    return _turned(
        x, _places(row_axis, col_axis, channel_axis), _filled(fill_mode, cval, interpolation_order),
        theta=np.random.uniform(-rg, rg),
    )  # fmt: skip


def random_shift(
    x: Any, wrg: float, hrg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
    fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1,
) -> Any:  # fmt: skip
    """An image moved by up to the parts `wrg` of its width and `hrg` of its height."""
    tx = np.random.uniform(-hrg, hrg) * np.shape(x)[row_axis]
    ty = np.random.uniform(-wrg, wrg) * np.shape(x)[col_axis]
    places = _places(row_axis, col_axis, channel_axis)
    return _turned(x, places, _filled(fill_mode, cval, interpolation_order), tx=tx, ty=ty)


def random_shear(
    x: Any, intensity: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
    fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1,
) -> Any:  # fmt: skip
    """An image sheared by up to `intensity` degrees."""
    return _turned(
        x, _places(row_axis, col_axis, channel_axis), _filled(fill_mode, cval, interpolation_order),
        shear=np.random.uniform(-intensity, intensity),
    )  # fmt: skip


def random_zoom(
    x: Any, zoom_range: Any, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
    fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1,
) -> Any:  # fmt: skip
    """An image whose rows and columns shrink by numbers between the two of `zoom_range`."""
    if len(zoom_range) != 2:
        raise ValueError(
            f"random_zoom: expected zoom_range as two numbers. Received: {shown(zoom_range)}"
        )
    zx, zy = (1, 1) if tuple(zoom_range) == (1, 1) else np.random.uniform(*zoom_range, 2)
    places = _places(row_axis, col_axis, channel_axis)
    return _turned(x, places, _filled(fill_mode, cval, interpolation_order), zx=zx, zy=zy)


def apply_channel_shift(x: Any, intensity: float, channel_axis: int = 0) -> Any:
    """An image with `intensity` added, kept between its own least and greatest value."""
    x = np.asarray(x)
    return np.clip(x + intensity, x.min(), x.max())


def random_channel_shift(x: Any, intensity_range: float, channel_axis: int = 0) -> Any:
    """An image with a number of up to `intensity_range` added or subtracted."""
    intensity = np.random.uniform(-intensity_range, intensity_range)
    return apply_channel_shift(x, intensity, channel_axis)


def apply_brightness_shift(x: Any, brightness: float, scale: bool = True) -> Any:
    """An image times `brightness`, in bytes, as Pillow's brightness has it.

    Args:
        x: an image.
        brightness: 1 for no change, 0 for black.
        scale: whether the image is brought to values from 0 to 255 before, and back afterwards.
    """
    x = np.asarray(x)
    low, high = float(x.min()), float(x.max())
    local = low < 0 or high > 255
    bytes_ = np.trunc((x - low) / (high - low or 1) * 255) if local or scale else np.trunc(x)
    made = np.trunc(np.clip(bytes_ * brightness, 0, 255)).astype(x.dtype)
    return made / 255 * (high - low) + low if local and not scale else made


def random_brightness(x: Any, brightness_range: Any, scale: bool = True) -> Any:
    """An image times a number between the two of `brightness_range`."""
    if len(brightness_range) != 2:
        raise ValueError(
            "random_brightness: expected brightness_range as two numbers. Received: "
            f"{shown(brightness_range)}"
        )
    return apply_brightness_shift(x, np.random.uniform(*brightness_range), scale)
