"""Images in other sizes: resized, cropped, padded, cut into patches."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain.errors import shown
from geartrain.graph.budget import make_room
from geartrain.graph.shapes import product, public
from geartrain.ops import views
from geartrain.ops.image.checks import Axes, constant, images_of, in_floats, known, one_of
from geartrain.ops.image.weights import shares
from geartrain.ops.linear import tensordot
from geartrain.ops.operands import Tensor, dtype_of, extents_of, operand, rank_of
from geartrain.ops.rearranging import pad
from geartrain.ops.shaping import expand_dims, moveaxis, squeeze
from geartrain.ops.slicing import get_item, take
from geartrain.ops.spatial import layout_of, places, whole_numbers, windows_of

__all__ = ["crop_images", "extract_patches", "extract_patches_3d", "pad_images", "resize"]

INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")


def resize(
    images: Tensor,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Tensor:
    """Images of another height and width.

    Args:
        images: an image or a batch, of a height and width known now.
        size: (height, width) of the results.
        interpolation: "nearest" takes the nearest pixel; "bilinear", "bicubic", "lanczos3" and
            "lanczos5" weigh 2, 4, 6 or 10 along each axis by how near their centres are.
        antialias: whether pixels are weighed over a wider range where images become smaller.
        crop_to_aspect_ratio: whether what does not fit the new ratio is cut off at the borders.
        pad_to_aspect_ratio: whether borders are added instead.
        fill_mode, fill_value: of these borders: "constant" is the only mode.
        data_format: where the channels are.

    Returns images of the same dtype; whole numbers are rounded.

    Raises ValueError for other words, ranks and sizes, and if both ratios are asked for.

    >>> resize([[[0.0], [1.0]]], (1, 4)).ravel()
    array([0.  , 0.25, 0.75, 1.  ], dtype=float32)
    """
    one_of("resize", "interpolation", interpolation, INTERPOLATIONS)
    one_of("resize", "fill_mode", fill_mode, ("constant",))
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(
            "resize: expected at most one of crop_to_aspect_ratio and pad_to_aspect_ratio. "
            "Received: both"
        )
    if not isinstance(size, list | tuple) or len(size) != 2:
        raise ValueError(f"resize: expected size as (height, width). Received: {shown(size)}")
    wanted = whole_numbers("resize", "size", tuple(size), 2)
    x, axes = images_of("resize", images, data_format)
    if crop_to_aspect_ratio:
        x = _cropped_to_ratio(x, axes, wanted)
    if pad_to_aspect_ratio:
        x = _padded_to_ratio(x, axes, wanted, fill_value)
    if interpolation == "nearest":
        for axis, count in zip((axes.height, axes.width), wanted, strict=True):
            own = known("resize", x, axis)
            make_room("resize", count)
            x = take(x, ((np.arange(count) + 0.5) * own / count).astype("int32"), axis=axis)
        return x
    return in_floats(x, lambda x: _weighed(x, axes, wanted, interpolation, antialias))


@functools.lru_cache(maxsize=32)
def _shares(size: int, count: int, interpolation: str, antialias: bool) -> np.ndarray:
    return np.asarray(shares(size, count, interpolation, antialias))


def _weighed(
    x: Any, axes: Axes, wanted: tuple[int, ...], interpolation: str, antialias: bool
) -> Any:
    """Each pixel as a sum of products, along height, then along width."""
    for axis, count in zip((axes.height, axes.width), wanted, strict=True):
        size = known("resize", x, axis)
        if size == count:
            continue
        weights = constant(_shares(size, count, interpolation, antialias), dtype_of(x))
        x = moveaxis(tensordot(x, weights, axes=[[axis], [0]]), -1, axis)
    return x


def _cropped_to_ratio(x: Any, axes: Axes, wanted: tuple[int, ...]) -> Any:
    """The largest part in the middle whose sides have the ratio of the wanted ones."""
    height, width = (known("resize", x, axis) for axis in axes[:2])
    rows = max(min(height, int(width * wanted[0] / wanted[1])), 1)
    columns = max(min(width, int(height * wanted[1] / wanted[0])), 1)
    return _part(x, axes, ((height - rows) // 2, rows), ((width - columns) // 2, columns))


def _padded_to_ratio(x: Any, axes: Axes, wanted: tuple[int, ...], value: float) -> Any:
    """The images with borders above and below, or left and right."""
    height, width = (known("resize", x, axis) for axis in axes[:2])
    rows = (max(height, int(width * wanted[0] / wanted[1])) - height) // 2
    columns = (max(width, int(height * wanted[1] / wanted[0])) - width) // 2
    widths = [(0, 0)] * rank_of(x)
    if rows > 0:
        widths[axes.height] = (rows, rows)
    elif columns > 0:
        widths[axes.width] = (columns, columns)
    return pad(x, widths, constant_values=constant(value, dtype_of(x)))


def _part(x: Any, axes: Axes, rows: tuple[int, int], columns: tuple[int, int]) -> Any:
    """Some rows and columns: of each where they start, and how many."""
    key = [slice(None)] * rank_of(x)
    for axis, (start, count) in ((axes.height, rows), (axes.width, columns)):
        key[axis] = slice(start, start + count)
    return get_item(x, tuple(key))


def _borders(
    who: str, what: str, size: int, sides: tuple[str, str], before: Any, after: Any, target: Any,
    name: str, sign: int,
) -> tuple[int, int]:  # fmt: skip
    """Of both borders and the new size, two are given: the borders."""
    given = {f"{sides[0]}_{what}": before, f"{sides[1]}_{what}": after, f"target_{name}": target}
    told = ", ".join(f"{key}={value}" for key, value in given.items())
    if list(given.values()).count(None) != 1:
        raise ValueError(f"{who}: expected two of {', '.join(given)}. Received: {told}")
    if before is None:
        before = sign * (target - size) - after
    if after is None:
        after = sign * (target - size) - before
    if min(before, after) < 0 or (sign < 0 and before + after > size):
        raise ValueError(
            f"{who}: expected borders of at least 0 that fit the {name} {size}. Received: {told}"
        )
    return int(before), int(after)


def _all_borders(
    who: str, what: str, sign: int, x: Tensor, axes: Any, rows: Any, columns: Any
) -> list[tuple[int, int]]:
    """The borders of the height and of the width: see `_borders`."""
    sides = ((axes.height, "height", ("top", "bottom"), rows),
             (axes.width, "width", ("left", "right"), columns))  # fmt: skip
    small = (1, 1) if sign > 0 else None  # images that fit any target
    return [
        _borders(who, what, known(who, x, axis, small), ends, before, after, target, name, sign)
        for axis, name, ends, (before, after, target) in sides
    ]


def pad_images(
    images: Tensor,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Images with zeros around them.

    Args:
        images: an image or a batch.
        top_padding, bottom_padding, target_height: rows to add above and below, and the height
            that results. Two of them tell the third.
        left_padding, right_padding, target_width: the same of columns.
        data_format: where the channels are.

    Raises ValueError unless two of each three are given, and for borders below zero.

    >>> pad_images([[[1.0]]], 0, 1, 0, target_width=3)[..., 0]
    array([[0., 1., 0.]], dtype=float32)
    """
    x, axes = images_of("pad_images", images, data_format)
    widths = [(0, 0)] * rank_of(x)
    widths[axes.height], widths[axes.width] = _all_borders(
        "pad_images", "padding", 1, x, axes, (top_padding, bottom_padding, target_height),
        (left_padding, right_padding, target_width),
    )  # fmt: skip
    return pad(x, widths)


def crop_images(
    images: Tensor,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Images without some of their border.

    Args:
        images: an image or a batch.
        top_cropping, bottom_cropping, target_height: rows to drop above and below, and the height
            that is left. Two of them tell the third.
        left_cropping, right_cropping, target_width: the same of columns.
        data_format: where the channels are.

    Raises ValueError unless two of each three are given, and for borders that do not fit.

    >>> crop_images([[[1.0], [2.0], [3.0]]], 0, 1, 0, target_width=1)[..., 0]
    array([[2.]], dtype=float32)
    """
    x, axes = images_of("crop_images", images, data_format)
    height, width = (known("crop_images", x, axis) for axis in axes[:2])
    (top, bottom), (left, right) = _all_borders(
        "crop_images", "cropping", -1, x, axes, (top_cropping, bottom_cropping, target_height),
        (left_cropping, right_cropping, target_width),
    )  # fmt: skip
    return _part(x, axes, (top, height - top - bottom), (left, width - left - right))


def extract_patches(
    images: Tensor,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    dilation_rate: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The patches of images, each as a row of channels.

    Args:
        images: an image or a batch; or volumes, if `size` has three numbers.
        size: (height, width) of a patch, or one number for both.
        strides: how far patches are apart; by default they lie side by side.
        dilation_rate: how far the pixels of a patch are apart.
        padding: "valid" for patches inside alone, "same" for zeros around.
        data_format: where the channels are.

    Returns `(batch, rows of patches, columns of patches, height * width * channels)`: of a patch,
    row by row, the channels of each pixel together.

    Raises TypeError for a size that is no number or tuple, ValueError for one of another length
    and for images smaller than a patch.

    >>> extract_patches([[[1], [2], [3], [4]]], (1, 2))[0]
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    if not isinstance(size, int | Sequence) or isinstance(size, str):
        raise TypeError(
            "extract_patches: expected size as a number, or a tuple of two or three. "
            f"Received: {shown(size)}"
        )
    if not isinstance(size, int) and len(size) == 3:
        return extract_patches_3d(images, size, strides, dilation_rate, padding, data_format)
    return _patches(
        "extract_patches", images, size, strides, dilation_rate, padding, data_format, 2
    )


def extract_patches_3d(
    volumes: Tensor,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    dilation_rate: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The patches of volumes, each as a row of channels: `extract_patches` with a depth.

    Raises TypeError for a size that is not one number or three.

    >>> extract_patches_3d([[[[1], [2]]], [[[3], [4]]]], (2, 1, 1)).shape
    (1, 1, 2, 2)
    """
    if not isinstance(size, int) and not (isinstance(size, Sequence) and len(size) == 3):
        raise TypeError(
            "extract_patches_3d: expected size as a number, or a tuple of three. "
            f"Received: {shown(size)}"
        )
    return _patches(
        "extract_patches_3d", volumes, size, strides, dilation_rate, padding, data_format, 3
    )


def _patches(
    who: str, images: Any, size: Any, strides: Any, dilation: Any, padding: Any,
    data_format: str | None, spatial: int,
) -> Any:  # fmt: skip
    sizes = whole_numbers(who, "size", size, spatial)
    x = operand(images)
    single = rank_of(x) == spatial + 1
    if single:
        x = expand_dims(x, 0)
    elif rank_of(x) != spatial + 2:
        raise ValueError(
            f"{who}: expected a tensor of rank {spatial + 1}, or a batch of rank {spatial + 2}. "
            f"Received: shape {public(extents_of(x))}"
        )
    layout = layout_of(who, x, data_format, spatial)
    at = places(who, x, layout, sizes, strides or sizes, padding, dilation)
    found = windows_of(x, layout, at)  # an axis of a patch behind each spatial axis
    first = layout.axes[0]
    outer = tuple(first + 2 * n for n in range(spatial))
    inner = tuple(first + 2 * n + 1 for n in range(spatial))
    channels = rank_of(found) - 1 if layout.last else 1
    found = views.permute(found, order=(0, *outer, *inner, channels))
    rows = extents_of(found)[1 : spatial + 1]
    found = views.reshape(
        found, shape=(extents_of(found)[0], *rows, product(extents_of(found)[spatial + 1 :]))
    )
    if not layout.last:
        found = moveaxis(found, -1, 1)
    return squeeze(found, 0) if single else found
