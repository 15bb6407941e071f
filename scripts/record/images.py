"""Operations on images: `keras.ops.image` on floats and bytes, with gradients."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import jax
import keras
import numpy as np

from record.common import Recording, args, generator, jsonable, normal, uniform

LAST, FIRST = "channels_last", "channels_first"
SMOOTH = ("bilinear", "bicubic", "lanczos3", "lanczos5")
TURNED = [0.8, -0.5, 2.2, 0.4, 0.9, -1.3, 0.0, 0.0]
OTHER = [0.4, 0.9, -1.3, 0.8, -0.5, 2.2, 0.0, 0.0]
MODES = ("constant", "nearest", "wrap", "mirror", "reflect")
CORNERS = [[0.0, 0.0], [5.0, 0.0], [0.0, 4.0], [5.0, 4.0]]
MOVED = [[0.5, 0.3], [4.6, 0.9], [0.2, 3.1], [4.9, 4.4]]

OTHER_COLORS = uniform("other colors", (2, 4, 5, 3)).tolist()


def cases() -> list[tuple[str, str, dict[str, Any], list[Any]]]:
    """Of each case the function, the images, the options, and other tensors."""
    found: list[tuple[str, str, dict[str, Any], list[Any]]] = []
    for interpolation, antialias in itertools.product((*SMOOTH, "nearest"), (False, True)):
        options = args(interpolation=interpolation, antialias=antialias)
        for size in ([3, 11], [9, 2]):
            found.append(("resize", "batch", args(size=size, **options), []))
        found.append(("resize", "bytes", args(size=[4, 9], **options), []))
    for ratio, size in itertools.product(("crop", "pad"), ([8, 4], [3, 9])):
        for images in ("batch", "bytes"):
            options = {f"{ratio}_to_aspect_ratio": True}
            found.append(("resize", images, args(size=size, **options), []))
    found.append(("resize", "one", args(size=[7, 4], data_format=FIRST), []))
    for options in (args(size=2), args(size=[3, 2], strides=[1, 2]), args(size=2, padding="same"),
                    args(size=[2, 1], strides=1, dilation_rate=2)):  # fmt: skip
        found.append(("extract_patches", "batch", options, []))
    found.append(("extract_patches", "one", args(size=2, data_format=FIRST), []))
    found.append(("extract_patches_3d", "volume", args(size=2), []))
    found.append(("extract_patches_3d", "volume", args(size=[1, 2, 2], strides=[1, 1, 2]), []))
    for mode, interpolation in itertools.product(MODES, ("bilinear", "nearest")):
        options = args(fill_mode=mode, interpolation=interpolation, fill_value=3.0)
        found.append(("affine_transform", "batch", options, [[TURNED, OTHER]]))
    found.append(("affine_transform", "one", args(data_format=FIRST), [TURNED]))
    places = [generator(str(axis)).uniform(-3, 8, (3, 2)).round(2).tolist() for axis in range(2)]
    for mode, order in itertools.product(MODES, (0, 1)):
        options = args(fill_mode=mode, order=order, fill_value=0.5)
        found.append(("map_coordinates", "plane", options, [places]))
    for interpolation in ("bilinear", "nearest"):
        options = args(interpolation=interpolation, fill_value=1.5)
        found.append(("perspective_transform", "batch", options, [[CORNERS] * 2, [MOVED] * 2]))
    found.append(("crop_images", "batch", args(
        top_cropping=1, target_height=3, left_cropping=2, right_cropping=1), []))  # fmt: skip
    found.append(("pad_images", "batch", args(
        bottom_padding=1, target_height=9, left_padding=2, right_padding=0), []))  # fmt: skip
    for function in ("rgb_to_grayscale", "rgb_to_hsv", "hsv_to_rgb"):
        found.append((function, "colors", {}, []))
    found.append(("rgb_to_grayscale", "bytes", {}, []))
    for images, data_format in (("batch", LAST), ("one", FIRST)):
        options = args(kernel_size=[3, 5], sigma=[0.8, 1.3], data_format=data_format)
        found.append(("gaussian_blur", images, options, []))
    found.append(("sobel_edges", "batch", {}, []))
    found.append(("ssim", "colors", args(filter_size=3, max_val=2.0), [OTHER_COLORS]))
    for method, antialias in itertools.product(("linear", "cubic", "lanczos3"), (False, True)):
        options = args(output_shape=[4, 7], spatial_dims=[0, 1], method=method)
        options |= args(antialias=antialias, scale=[0.6, 1.7], translation=[0.3, -1.2])
        found.append(("scale_and_translate", "plane", options, []))
    return found


def record() -> Recording:
    recording = Recording(
        """ops.image.target(images, *others, **config); gradient is that of sum(value * cotangent)
        with respect to the images, where these are floats.""",
        shared=["data"],
    )
    recording.arrays["data/batch"] = normal("images", (2, 5, 6, 3))
    recording.arrays["data/one"] = normal("image", (3, 5, 6))
    recording.arrays["data/volume"] = normal("volume", (1, 4, 4, 6, 2))
    recording.arrays["data/plane"] = normal("plane", (5, 6))
    colors = uniform("colors", (2, 4, 5, 3))
    colors[0, 0] = [[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.2], [0.2, 0.5, 0.5], [0.5, 0.2, 0.5]]
    recording.arrays["data/colors"] = colors
    recording.arrays["data/bytes"] = generator("bytes").integers(0, 256, (2, 5, 6, 3), np.uint8)
    for number, (target, images, config, others) in enumerate(cases()):
        name = f"{target}.{number}"
        function = functools.partial(getattr(keras.ops.image, target), **config)
        tensors = [np.float32(other) for other in others]
        made: dict[str, Any] = {}
        given = recording.arrays[f"data/{images}"]
        if given.dtype == np.float32:
            value, pull_back = jax.vjp(function, given, *tensors)
            weights = normal(f"cotangent {value.shape}", value.shape)
            made["cotangent"] = recording.array(f"{name}/cotangent", weights)
            made["gradient"] = recording.array(f"{name}/gradient", pull_back(weights)[0])
        else:
            value = function(given, *tensors)
        recording.case(
            name=name,
            target=target,
            images=f"data/{images}",
            others=others,
            config=jsonable(config),
            value=recording.array(f"{name}/value", value),
            **made,
        )
    return recording
