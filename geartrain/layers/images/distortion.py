"""Layers that distort, blur or blot out parts of training images."""

from __future__ import annotations

from typing import Any

from geartrain import ops, random
from geartrain.errors import shown
from geartrain.layers.arguments import one_of
from geartrain.layers.images.base import RandomImageLayer, Size, beside
from geartrain.layers.images.geometry import INTERPOLATIONS
from geartrain.ops import image
from geartrain.ops.image.distorted import distorted
from geartrain.ops.image.places import FILL_MODES, homography
from geartrain.ops.operands import extents_of, rank_of
from geartrain.registry import register
from geartrain.utils.bounding_boxes.converters import around, columns_of, joined


@register("layers")
class RandomPerspective(RandomImageLayer):
    """Shows each image from another place in training: its corners move on their own.

    Args:
        factor: the chance of an image to change: drawn up to this number, or between two.
        scale: from 0 to 1: corners move by up to half of it, as a part of their coordinates.
        interpolation: `"bilinear"`, or `"nearest"` pixel.
        fill_value: the value beyond the border.
        seed: an integer; by default one drawn from the global seed.
        data_format: where the channels are.

    >>> import numpy as np
    >>> RandomPerspective(seed=1)(np.ones((2, 4, 5, 3), "float32"), training=True).shape
    (2, 4, 5, 3)
    """

    def __init__(
        self, factor: Any = 1.0, scale: float = 1.0, interpolation: str = "bilinear",
        fill_value: float = 0.0, seed: int | None = None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **kwargs)
        self.factor = self._range("factor", factor, 0, 1)
        self.scale, _ = self._pair("scale", scale, 0, 1)
        self.interpolation = one_of(self, "interpolation", interpolation, INTERPOLATIONS)
        self.fill_value = fill_value

    def _drawn(self, data: Any, seed: Any) -> Any:
        count, shape = self._count(data), self._shape(data)
        height, width = self._known_size(shape)
        start = ops.cast(
            [[[x, y] for y in (0, height - 1) for x in (0, width - 1)]], self.compute_dtype
        )
        bound = 0.5 * self.scale
        moved = random.uniform((count, 4, 2), -bound, bound, seed=seed, dtype=self.compute_dtype)
        return {
            "apply_perspective": self._chosen(data, self.factor, seed),
            "start_points": start + moved * 0,
            "end_points": start + start * moved,
            "input_shape": shape,
        }

    def _changed(self, images: Any, transformation: Any) -> Any:
        return self._seen(images, transformation, self.interpolation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The masks, changed like the images, each pixel the nearest of the mask."""
        if not training or transformation is None:
            return segmentation_masks
        return self._seen(segmentation_masks, transformation, "nearest")

    def _seen(self, images: Any, transformation: Any, interpolation: str) -> Any:
        single = rank_of(images) == 3
        batch = ops.expand_dims(images, 0) if single else images
        moved = image.perspective_transform(
            batch, transformation["start_points"], transformation["end_points"],
            interpolation, self.fill_value, self.data_format,
        )  # fmt: skip
        moved = ops.where(beside(transformation["apply_perspective"]), moved, batch)
        return ops.squeeze(moved, 0) if single else moved

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The upright boxes around the moved ones."""
        if not training or transformation is None:
            return bounding_boxes
        start, end = (
            ops.cast(transformation[name], "float32") for name in ("start_points", "end_points")
        )
        numbers = homography(end, start)
        a = [beside(numbers[:, place], 3) for place in range(8)]

        def moved(x: Any, y: Any) -> Any:
            depth = a[6] * x + a[7] * y + 1
            return (a[0] * x + a[1] * y + a[2]) / depth, (a[3] * x + a[4] * y + a[5]) / depth

        def change(*columns: Any) -> Any:
            boxes = joined(columns)
            chosen = beside(transformation["apply_perspective"], 3)
            return columns_of(ops.where(chosen, around(boxes, moved), boxes))

        size = self._size(tuple(transformation["input_shape"]))
        return self._moved_boxes(bounding_boxes, size, change)


class _InPart(RandomImageLayer):
    """Base of layers that change some of the images, and keep values within a range."""

    def __init__(
        self, factor: Any, value_range: Any, seed: int | None, data_format: str | None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **kwargs)
        self.factor = self._range("factor", factor, 0, 1)
        self.value_range = value_range

    def _some(self, images: Any, chosen: Any, changed: Any) -> Any:
        made = ops.where(beside(chosen, rank_of(images)), changed, images)
        return ops.clip(made, *self.value_range)


@register("layers")
class RandomElasticTransform(_InPart):
    """Shifts the pixels of training images by smooth random fields, as if drawn on rubber.

    Simard, Steinkraus and Platt, "Best practices for convolutional neural networks", 2003.

    Args:
        factor: the chance of an image to change: drawn up to this number, or between two.
        scale: how far pixels move, from 0 to 1: drawn up to this number, or between two.
        interpolation: `"bilinear"`, or `"nearest"` pixel.
        fill_mode, fill_value: what lies beyond the border, see `ops.image.affine_transform`.
        value_range: the least and the greatest value of pixels; results are clipped to it.
        seed: an integer; by default one drawn from the global seed.
        data_format: where the channels are.

    >>> import numpy as np
    >>> RandomElasticTransform(seed=1)(np.ones((2, 9, 9, 3), "float32"), training=True).shape
    (2, 9, 9, 3)
    """

    def __init__(
        self, factor: Any = 1.0, scale: Any = 1.0, interpolation: str = "bilinear",
        fill_mode: str = "reflect", fill_value: float = 0.0, value_range: Any = (0, 255),
        seed: int | None = None, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(factor, value_range, seed, data_format, **kwargs)
        self.scale = self._range("scale", scale, 0, 1)
        self.interpolation = one_of(self, "interpolation", interpolation, INTERPOLATIONS)
        self.fill_mode = one_of(self, "fill_mode", fill_mode, FILL_MODES)
        self.fill_value = fill_value

    def _drawn(self, data: Any, seed: Any) -> Any:
        if not self.scale[1] or not self.factor[1]:
            return None
        factor = random.uniform((), *self.scale, seed=seed, dtype=self.compute_dtype)
        chosen = self._chosen(data, self.factor, seed)
        return {"apply_transform": chosen, "distortion_factor": factor, "seed": seed}

    def _changed(self, images: Any, transformation: Any) -> Any:
        return self._shifted(images, transformation, self.interpolation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The masks with some of their pixels elsewhere."""
        if not training or transformation is None:
            return segmentation_masks
        return self._shifted(segmentation_masks, transformation, "nearest")

    def _shifted(self, images: Any, transformation: Any, interpolation: str) -> Any:
        height, width = self._known_size(extents_of(images))
        factor = transformation["distortion_factor"]
        moved = distorted(
            self._who(), images, max(height, width) * 0.1 * factor,
            min(height, width) * 0.05 * factor, min(height, width) * 0.05 * self.scale[1],
            interpolation, self.fill_mode, self.fill_value, transformation["seed"],
            self.data_format,
        )  # fmt: skip
        return self._some(images, transformation["apply_transform"], moved)


@register("layers")
class RandomGaussianBlur(_InPart):
    """Blurs training images by a bell curve of random width.

    Args:
        factor: the chance of an image to change: drawn up to this number, or between two.
        kernel_size: an odd number of pixels that count, or (along the width, along the height).
        sigma: the curve's standard deviation in pixels, from 0 to 1: drawn up to this number, or
            between two, for both directions apart.
        value_range: the least and the greatest value of pixels; results are clipped to it.
        data_format: where the channels are.
        seed: an integer; by default one drawn from the global seed.

    >>> import numpy as np
    >>> image = np.zeros((1, 1, 3, 1), "float32")
    >>> image[0, 0, 1] = 100
    >>> layer = RandomGaussianBlur((1, 1), sigma=(0.5, 0.5))
    >>> layer(image, training=True)[0, 0, :, 0].round().tolist()
    [8.0, 62.0, 8.0]
    """

    def __init__(
        self, factor: Any = 1.0, kernel_size: Any = 3, sigma: Any = 1.0,
        value_range: Any = (0, 255), data_format: str | None = None, seed: int | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(factor, value_range, seed, data_format, **kwargs)
        pair = tuple(kernel_size) if isinstance(kernel_size, list | tuple) else (kernel_size,) * 2
        if len(pair) != 2 or any(not isinstance(one, int) or one % 2 != 1 for one in pair):
            raise ValueError(
                f"{self._who()}: expected kernel_size as an odd number, or a pair of such. "
                f"Received: {shown(kernel_size)}"
            )
        self.kernel_size = pair
        self.sigma = self._range("sigma", sigma, 0, 1)

    def _drawn(self, data: Any, seed: Any) -> Any:
        width = random.uniform((2,), *self.sigma, seed=seed, dtype=self.compute_dtype)
        return {
            "should_apply_blur": self._chosen(data, self.factor, seed),
            "blur_factor": width + 1e-6,
        }

    def _changed(self, images: Any, transformation: Any) -> Any:
        blurred = image.gaussian_blur(
            images, self.kernel_size, transformation["blur_factor"], self.data_format
        )
        return self._some(images, transformation["should_apply_blur"], blurred)


def inside_boxes(layer: Any, shape: Any, width: Any, height: Any, seed: Any) -> tuple[Any, Any]:
    """Which pixels are in a box at a random place, one for each image, and its share of them.

    Args:
        layer: the layer that draws.
        shape: of the images, a batch of them.
        width, height: of the boxes as parts of the images' sizes, (count,).
        seed: where the places are drawn.

    Returns booleans of a shape like the images' with one channel, and numbers (count, 1, 1, 1).
    """
    dtype, sizes, masks, share = layer.compute_dtype, layer._known_size(shape), [], None
    for axis, size, part in zip(layer._axes[:2], sizes, (height, width), strict=True):
        length = ops.cast(part * size, dtype)
        free = random.uniform(extents_of(length), seed=seed, dtype=dtype) * (size - length)
        start, place = beside(free), ops.arange(size, dtype=dtype)
        place = ops.reshape(place, [size if n == axis else 1 for n in range(-4, 0)])
        end = start + beside(length)
        masks.append(ops.logical_and(place >= start, place < end))
        share = beside(length) / size if share is None else share * beside(length) / size
    return ops.logical_and(*masks), share


@register("layers")
class RandomErasing(RandomImageLayer):
    """Blots out a box of each training image.

    Zhong and others, "Random erasing data augmentation", 2017.

    Args:
        factor: the chance of an image to change: drawn up to this number, or between two.
        scale: the box's height and width, each the root of a number between these two.
        fill_value: what the box is filled with: a number, or three for the channels; None for
            random numbers.
        value_range: the least and the greatest value of pixels.
        seed: an integer; by default one drawn from the global seed.
        data_format: where the channels are.

    >>> import numpy as np
    >>> image = np.ones((1, 4, 4, 1), "float32")
    >>> layer = RandomErasing((1, 1), scale=(0.25, 0.25), fill_value=0.0, seed=1)
    >>> layer(image, training=True).sum()
    array(12., dtype=float32)
    """

    def __init__(
        self, factor: Any = 1.0, scale: Any = (0.02, 0.33), fill_value: Any = None,
        value_range: Any = (0, 255), seed: int | None = None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **kwargs)
        self.factor = self._range("factor", factor, 0, 1)
        self.scale = self._range("scale", scale, 0, 1)
        several = isinstance(fill_value, list | tuple) and len(fill_value) == 3
        if fill_value is not None and not several and not isinstance(fill_value, int | float):
            raise ValueError(
                f"{self._who()}: expected fill_value as a number, or three for the channels. "
                f"Received: {shown(fill_value)}"
            )
        self.fill_value, self.value_range = fill_value, value_range

    def _drawn(self, data: Any, seed: Any) -> Any:
        shape = self._shape(data)
        shape = shape if len(shape) == 4 else (1, *shape)
        dtype = self.compute_dtype
        sides = random.uniform((shape[0], 2), *self.scale, seed=seed, dtype=dtype)
        width, height = (ops.sqrt(sides[:, axis]) for axis in (0, 1))
        mask, _ = inside_boxes(self, shape, width, height, seed)
        return {
            "apply_erasing": self._chosen(data, self.factor, seed),
            "batch_masks": mask,
            "fill_value": ops.clip(self._fill(shape, seed), *self.value_range),
        }

    def _fill(self, shape: Size, seed: Any) -> Any:
        dtype = self.compute_dtype
        if self.fill_value is None:
            return random.normal(shape, seed=seed, dtype=dtype) * self.value_range[1]
        value = ops.cast(self.fill_value, dtype)
        if not isinstance(self.fill_value, list | tuple):
            return value
        return ops.reshape(
            value, [3 if axis == self._axes.channels else 1 for axis in range(-4, 0)]
        )

    def _changed(self, images: Any, transformation: Any) -> Any:
        fill = ops.cast(transformation["fill_value"], self.compute_dtype)
        erased = ops.where(transformation["batch_masks"], fill, images)
        return ops.where(beside(transformation["apply_erasing"]), erased, images)
