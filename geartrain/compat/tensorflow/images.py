"""`tf.image`: images of shape (height, width, channels), alone or in a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import ops
from geartrain.compat.tensorflow import resizing
from geartrain.compat.tensorflow.dtypes import as_dtype
from geartrain.compat.tensorflow.shapes import shape_of
from geartrain.compat.tensorflow.tensor import tensor
from geartrain.data import pictures
from geartrain.graph.node import Node
from geartrain.graph.tracked import recording
from geartrain.ops import image as images
from geartrain.ops.operands import dtype_of, extents_of, operand


class ResizeMethod:
    """How pixels between pixels are computed."""

    AREA, BICUBIC, BILINEAR, GAUSSIAN = "area", "bicubic", "bilinear", "gaussian"
    LANCZOS3, LANCZOS5, MITCHELLCUBIC = "lanczos3", "lanczos5", "mitchellcubic"
    NEAREST_NEIGHBOR = "nearest"


def resize(
    images: Any, size: Any, method: Any = ResizeMethod.BILINEAR,
    preserve_aspect_ratio: bool = False, antialias: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The images in another size, in float32 (in their own type with the nearest pixel)."""
    x = operand(images)
    wanted = shape_of(size)
    if preserve_aspect_ratio:
        rows, columns = extents_of(x)[-3:-1]
        share = min(wanted[0] / rows, wanted[1] / columns)
        wanted = (round(rows * share), round(columns * share))
    kind = {"nearest_neighbor": "nearest"}.get(str(method), str(method))
    plain = not isinstance(x, Node) and not recording.tapes and not antialias
    if plain and kind in pictures.INTERPOLATIONS and x.ndim == 3:
        return tensor(pictures.resized(np.asarray(x), wanted, kind))
    if kind == "nearest":
        return ops.image.resize(x, wanted, "nearest", data_format="channels_last")
    value = ops.cast(x, "float32")
    if kind in resizing.METHODS:
        return resizing.resized(value, wanted, kind, antialias)
    return ops.image.resize(value, wanted, kind, antialias=antialias, data_format="channels_last")


def convert_image_dtype(
    image: Any, dtype: Any, saturate: bool = False, name: str | None = None
) -> Any:
    """The image in another type, scaled: whole numbers up to the greatest, floats up to 1."""
    x, wanted = operand(image), as_dtype(dtype)
    own = as_dtype(dtype_of(x))
    if own == wanted:
        return x
    if own.is_floating and wanted.is_floating:
        return ops.cast(x, wanted.name)
    if own.is_floating:
        scaled = x * (wanted.max + 0.5)
        return ops.saturate_cast(scaled, wanted.name) if saturate else ops.cast(scaled, wanted.name)
    if wanted.is_floating:
        return ops.cast(x, wanted.name) * (1.0 / own.max)
    if own.max > wanted.max:
        return ops.cast(ops.floor_divide(x, (own.max + 1) // (wanted.max + 1)), wanted.name)
    return ops.cast(x, wanted.name) * ((wanted.max + 1) // (own.max + 1))


# -- places ---------------------------------------------------------------------------------------


def flip_left_right(image: Any) -> Any:
    """The image mirrored."""
    return ops.flip(image, -2)


def flip_up_down(image: Any) -> Any:
    """The image upside down."""
    return ops.flip(image, -3)


def transpose(image: Any, name: str | None = None) -> Any:
    """Rows and columns exchanged."""
    return ops.swapaxes(image, -3, -2)


def rot90(image: Any, k: int = 1, name: str | None = None) -> Any:
    """The image turned by quarters, counter-clockwise."""
    return ops.rot90(image, k, axes=(-3, -2))


def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Any:
    """The part that begins at a row and a column and has a size."""
    top, left = int(offset_height), int(offset_width)
    return operand(image)[..., top : top + int(target_height), left : left + int(target_width), :]


def pad_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Any:
    """The image at a place of a larger one, which is 0 elsewhere."""
    x = operand(image)
    rows, columns = extents_of(x)[-3:-1]
    widths = [
        [offset_height, target_height - offset_height - rows],
        [offset_width, target_width - offset_width - columns],
    ]
    return ops.pad(x, [*[[0, 0]] * (len(extents_of(x)) - 3), *widths, [0, 0]])


def resize_with_crop_or_pad(image: Any, target_height: int, target_width: int) -> Any:
    """The middle of the image, or the image in the middle of a larger one."""
    rows, columns = extents_of(operand(image))[-3:-1]
    cut = crop_to_bounding_box(
        image, max(0, (rows - target_height) // 2), max(0, (columns - target_width) // 2),
        min(rows, target_height), min(columns, target_width),
    )  # fmt: skip
    return pad_to_bounding_box(
        cut, max(0, (target_height - rows) // 2), max(0, (target_width - columns) // 2),
        target_height, target_width,
    )  # fmt: skip


def central_crop(image: Any, central_fraction: Any) -> Any:
    """The middle of the image: that share of its height and width."""
    rows, columns = extents_of(operand(image))[-3:-1]
    top = int((rows - rows * central_fraction) / 2)
    left = int((columns - columns * central_fraction) / 2)
    return crop_to_bounding_box(image, top, left, rows - 2 * top, columns - 2 * left)


def resize_with_pad(
    image: Any, target_height: int, target_width: int, method: Any = ResizeMethod.BILINEAR,
    antialias: bool = False,
) -> Any:  # fmt: skip
    """The whole image within a size, with zeros around it."""
    made = resize(image, (target_height, target_width), method, True, antialias)
    return resize_with_crop_or_pad(made, target_height, target_width)


def crop_and_resize(
    image: Any, boxes: Any, box_indices: Any, crop_size: Any, method: Any = "bilinear",
    extrapolation_value: float = 0.0, name: str | None = None,
) -> Any:  # fmt: skip
    """Boxes of images, in units of their sizes, brought to one size."""
    x = np.asarray(operand(image, "float32"))
    rows, columns = shape_of(crop_size)
    made = np.full(
        (len(np.asarray(boxes)), rows, columns, x.shape[-1]), extrapolation_value, "float32"
    )
    for place, (box, number) in enumerate(
        zip(np.asarray(boxes), np.asarray(box_indices), strict=True)
    ):
        high, wide = x.shape[1] - 1, x.shape[2] - 1
        ys = (
            np.linspace(box[0], box[2], rows) * high if rows > 1 else [(box[0] + box[2]) / 2 * high]
        )
        xs = (
            np.linspace(box[1], box[3], columns) * wide
            if columns > 1
            else [(box[1] + box[3]) / 2 * wide]
        )
        grid = np.stack(np.meshgrid(ys, xs, indexing="ij"))
        inside = (grid[0] >= 0) & (grid[0] <= high) & (grid[1] >= 0) & (grid[1] <= wide)
        order = 0 if method == "nearest" else 1
        for channel in range(x.shape[-1]):
            found = images.map_coordinates(x[number, ..., channel], grid.astype("float32"), order)
            made[place, ..., channel] = np.where(inside, np.asarray(found), extrapolation_value)
    return tensor(made)


def extract_patches(
    images: Any, sizes: Any, strides: Any, rates: Any, padding: Any, name: str | None = None
) -> Any:
    """Windows of images as channels."""
    from geartrain.ops.image import extract_patches as patches

    return patches(
        images, tuple(sizes[1:3]), tuple(strides[1:3]), rates[1], padding.lower(),
        data_format="channels_last",
    )  # fmt: skip


# -- colours --------------------------------------------------------------------------------------


def rgb_to_grayscale(images: Any, name: str | None = None) -> Any:
    """One channel: 0.2989 red + 0.587 green + 0.114 blue."""
    from geartrain.ops.image import rgb_to_grayscale as gray

    return gray(images, data_format="channels_last")


def grayscale_to_rgb(images: Any, name: str | None = None) -> Any:
    """The one channel three times."""
    return ops.repeat(images, 3, axis=-1)


def rgb_to_hsv(images: Any, name: str | None = None) -> Any:
    """Hue, saturation and value."""
    from geartrain.ops.image import rgb_to_hsv as converted

    return converted(images, data_format="channels_last")


def hsv_to_rgb(images: Any, name: str | None = None) -> Any:
    """Red, green and blue."""
    from geartrain.ops.image import hsv_to_rgb as converted

    return converted(images, data_format="channels_last")


def _as_floats(image: Any, function: Callable[[Any], Any]) -> Any:
    """A function of the image in floats up to 1, in the type that it had."""
    own = dtype_of(operand(image))
    made = function(convert_image_dtype(image, "float32"))
    return made if own == "float32" else convert_image_dtype(made, own, saturate=True)


def adjust_brightness(image: Any, delta: Any) -> Any:
    """Each channel more by `delta`."""
    return _as_floats(image, lambda x: x + delta)


def adjust_contrast(images: Any, contrast_factor: Any) -> Any:
    """Each channel `(x - mean) * factor + mean`."""

    def adjust(x: Any) -> Any:
        mean = ops.mean(x, axis=(-3, -2), keepdims=True)
        return (x - mean) * contrast_factor + mean

    return _as_floats(images, adjust)


def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Any:
    """The saturation times a factor."""

    def adjust(x: Any) -> Any:
        hsv = rgb_to_hsv(x)
        saturation = ops.clip(hsv[..., 1:2] * saturation_factor, 0.0, 1.0)
        return hsv_to_rgb(ops.concatenate([hsv[..., :1], saturation, hsv[..., 2:]], -1))

    return _as_floats(image, adjust)


def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Any:
    """The hue more by `delta`, round the circle."""

    def adjust(x: Any) -> Any:
        hsv = rgb_to_hsv(x)
        return hsv_to_rgb(ops.concatenate([ops.mod(hsv[..., :1] + delta, 1.0), hsv[..., 1:]], -1))

    return _as_floats(image, adjust)


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Any:
    """`gain * x**gamma`."""
    return _as_floats(image, lambda x: gain * ops.power(x, gamma))


def per_image_standardization(image: Any) -> Any:
    """Each image less its mean, over its standard deviation."""
    x = ops.cast(image, "float32")
    axes = (-3, -2, -1)
    pixels = float(np.prod(extents_of(x)[-3:]))
    spread = ops.maximum(ops.std(x, axis=axes, keepdims=True), 1.0 / np.sqrt(pixels))
    return (x - ops.mean(x, axis=axes, keepdims=True)) / spread


# -- measures -------------------------------------------------------------------------------------


def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Any:
    """`20 log10(max_val) - 10 log10(mean((a - b)**2))` for each image."""
    x, y = (ops.cast(one, "float32") for one in (a, b))
    error = ops.mean(ops.square(x - y), axis=(-3, -2, -1))
    return 20 * float(np.log10(max_val)) - 10 * ops.log10(error)


def ssim(
    img1: Any, img2: Any, max_val: Any, filter_size: int = 11, filter_sigma: float = 1.5,
    k1: float = 0.01, k2: float = 0.03, return_index_map: bool = False,
) -> Any:  # fmt: skip
    """The structural similarity of images, by Gaussian windows (Wang et al., 2004)."""
    x, y = (operand(one, "float32") for one in (img1, img2))
    single = len(extents_of(x)) == 3
    x, y = (ops.expand_dims(one, 0) if single else one for one in (x, y))
    places = np.arange(filter_size) - (filter_size - 1) / 2
    window = np.exp(-(places**2) / (2 * filter_sigma**2))
    window = np.outer(window, window) / np.outer(window, window).sum()
    channels = int(x.shape[-1])
    kernel = np.tile(window[:, :, None, None], (1, 1, channels, 1)).astype("float32")

    def blurred(image: Any) -> Any:
        return ops.depthwise_conv(image, kernel, data_format="channels_last")

    mean_x, mean_y = blurred(x), blurred(y)
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    products, squares = mean_x * mean_y, ops.square(mean_x) + ops.square(mean_y)
    light = (2 * products + c1) / (squares + c1)
    spread = (2 * (blurred(x * y) - products) + c2) / (
        blurred(ops.square(x) + ops.square(y)) - squares + c2
    )
    made = light * spread if return_index_map else ops.mean(light * spread, axis=(1, 2, 3))
    return made[0] if single else made


def total_variation(images: Any, name: str | None = None) -> Any:
    """The sum of the differences of neighbouring pixels, of each image."""
    x = operand(images)
    down = ops.abs(x[..., 1:, :, :] - x[..., :-1, :, :])
    right = ops.abs(x[..., :, 1:, :] - x[..., :, :-1, :])
    return ops.sum(down, axis=(-3, -2, -1)) + ops.sum(right, axis=(-3, -2, -1))


def image_gradients(image: Any) -> Any:
    """The differences to the pixels below and to the right, 0 at the last."""
    x = operand(image)
    down = ops.pad(x[:, 1:] - x[:, :-1], [[0, 0], [0, 1], [0, 0], [0, 0]])
    right = ops.pad(x[:, :, 1:] - x[:, :, :-1], [[0, 0], [0, 0], [0, 1], [0, 0]])
    return down, right


__all__ = [
    "ResizeMethod", "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue",
    "adjust_saturation", "central_crop", "convert_image_dtype", "crop_and_resize",
    "crop_to_bounding_box", "extract_patches", "flip_left_right", "flip_up_down",
    "grayscale_to_rgb", "hsv_to_rgb", "image_gradients", "pad_to_bounding_box",
    "per_image_standardization", "psnr", "resize", "resize_with_crop_or_pad", "resize_with_pad",
    "rgb_to_grayscale", "rgb_to_hsv", "rot90", "ssim", "total_variation", "transpose",
]  # fmt: skip
