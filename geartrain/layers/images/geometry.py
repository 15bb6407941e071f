"""Layers that take the pixels of training images from other places: turned, moved, zoomed."""

from __future__ import annotations

import math
from typing import Any

from geartrain import ops, random
from geartrain.layers.arguments import one_of
from geartrain.layers.images.base import RandomImageLayer, Size, beside
from geartrain.layers.layer import COMMON_KEYS
from geartrain.ops.image.places import as_batch, transformed
from geartrain.ops.operands import rank_of
from geartrain.registry import register
from geartrain.utils.bounding_boxes.converters import affine_transform, columns_of, joined

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")
Numbers = tuple[Any, Any, Any]


@register("layers")
class RandomFlip(RandomImageLayer):
    """Mirrors half of the images in training.

    Args:
        mode: `"horizontal"` for left and right, `"vertical"` for top and bottom, or
            `"horizontal_and_vertical"`: both together, as in Keras.
        seed: an integer; by default one drawn from the global seed.
        data_format: where the channels are: `"channels_last"` or `"channels_first"`.

    >>> import numpy as np
    >>> row = np.arange(3.0, dtype="float32").reshape(1, 1, 3, 1)
    >>> RandomFlip("horizontal", seed=1)(np.repeat(row, 3, 0), training=True)[..., 0].tolist()
    [[[0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0]], [[2.0, 1.0, 0.0]]]
    """

    config_order = (*COMMON_KEYS, "data_format", "bounding_box_format", "seed")

    def __init__(
        self, mode: str = "horizontal_and_vertical", seed: int | None = None,
        data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **kwargs)
        modes = ("horizontal", "vertical", "horizontal_and_vertical")
        self.mode = one_of(self, "mode", mode, modes)

    def _drawn(self, data: Any, seed: Any) -> Any:
        flips = ops.less_equal(random.uniform(self._each(data), seed=seed), 0.5)
        return {"flips": flips, "input_shape": self._shape(data)}

    def _changed(self, images: Any, transformation: Any) -> Any:
        sides = ((self._axes.width, "horizontal"), (self._axes.height, "vertical"))
        axes = [axis for axis, name in sides if name in self.mode]
        return ops.where(transformation["flips"], ops.flip(images, axis=axes), images)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The masks, mirrored like the images."""
        return self.transform_images(segmentation_masks, transformation, training)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The boxes, mirrored like the images."""
        if not training or transformation is None:
            return bounding_boxes
        height, width = self._size(transformation["input_shape"])
        flips = ops.squeeze(transformation["flips"], -1)

        def change(*columns: Any) -> Any:
            left, top, right, bottom = columns
            if "horizontal" in self.mode:
                left, right = width - right, width - left
            if "vertical" in self.mode:
                top, bottom = height - bottom, height - top
            pairs = zip((left, top, right, bottom), columns, strict=True)
            return [ops.where(flips, new, old) for new, old in pairs]

        return self._moved_boxes(bounding_boxes, (height, width), change)


class Geometric(RandomImageLayer):
    """Base of the layers that take each pixel from another place of its image."""

    def __init__(
        self, fill_mode: str, interpolation: str, seed: int | None, fill_value: float,
        data_format: str | None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **kwargs)
        self.fill_mode = one_of(self, "fill_mode", fill_mode, FILL_MODES)
        self.interpolation = one_of(self, "interpolation", interpolation, INTERPOLATIONS)
        self.fill_value = fill_value

    def _changed(self, images: Any, transformation: Any) -> Any:
        return self._taken(images, transformation, self.interpolation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The masks, changed like the images, each pixel the nearest of the mask."""
        if not training or transformation is None:
            return segmentation_masks
        return self._taken(segmentation_masks, transformation, "nearest")

    def _taken(self, images: Any, transformation: Any, interpolation: str) -> Any:
        """The images with each pixel from its new place, by the numbers of `_affine`."""

        def moved(batch: Any) -> Any:
            columns, rows = self._affine(transformation, (batch.shape[1], batch.shape[2]))
            return transformed(batch, columns, rows, interpolation, self.fill_mode, self.fill_value)

        return as_batch(self._who(), images, self.data_format, moved)

    def _affine(self, transformation: Any, size: Size) -> tuple[Numbers, Numbers]:
        """`(a0, a1, a2)` and `(b0, b1, b2)`: x' = a0 x + a1 y + a2, y' = b0 x + b1 y + b2."""
        raise NotImplementedError


@register("layers")
class RandomRotation(Geometric):
    """Turns each image around its middle in training, by a random angle.

    Args:
        factor: the largest angle as a part of a full turn, to both sides; or a pair of bounds,
            where positive angles turn counterclockwise.
        fill_mode: what lies beyond the border: `"reflect"` for the image mirrored, `"wrap"` for it
            repeated, `"constant"` for `fill_value`, `"nearest"` for its last pixel.
        interpolation: `"bilinear"`, or `"nearest"` pixel.
        seed: an integer; by default one drawn from the global seed.
        fill_value: the value beyond the border with `"constant"`.
        data_format: where the channels are: `"channels_last"` or `"channels_first"`.

    >>> import numpy as np
    >>> image = np.float32([[1, 2], [3, 4]]).reshape(1, 2, 2, 1)
    >>> RandomRotation((0.5, 0.5))(image, training=True)[0, ..., 0].round().tolist()
    [[4.0, 3.0], [2.0, 1.0]]
    """

    config_order = (
        *COMMON_KEYS, "data_format", "bounding_box_format", "factor", "fill_mode", "fill_value"
    )  # fmt: skip

    def __init__(
        self, factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear",
        seed: int | None = None, fill_value: float = 0.0, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.factor = self._range("factor", factor, -1, 1)

    def _drawn(self, data: Any, seed: Any) -> Any:
        low, high = self.factor
        angle = random.uniform((self._count(data),), low * 360.0, high * 360.0, seed=seed)
        height, width = self._size(self._shape(data))
        return {"angle": angle, "image_height": height, "image_width": width}

    def _affine(self, transformation: Any, size: Size) -> tuple[Numbers, Numbers]:
        angle = beside(transformation["angle"]) * (math.pi / 180)
        cosine, sine = ops.cos(angle), ops.sin(angle)
        middle_y, middle_x = ((one - 1) / 2 for one in size)
        shift_x = middle_x - middle_x * cosine + middle_y * sine
        shift_y = middle_y - middle_x * sine - middle_y * cosine
        return (cosine, -sine, shift_x), (sine, cosine, shift_y)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The upright boxes around the turned ones."""
        if not training or transformation is None:
            return bounding_boxes
        height, width = transformation["image_height"], transformation["image_width"]
        angle = transformation["angle"]
        none = ops.zeros_like(angle)

        def change(*columns: Any) -> Any:
            boxes, one = joined(columns), ops.ones_like(angle)
            return columns_of(
                affine_transform(boxes, angle, none, none, one, none, none, height, width)
            )

        return self._moved_boxes(bounding_boxes, (height, width), change)


@register("layers")
class RandomZoom(Geometric):
    """Enlarges or shrinks each image around its middle in training.

    Args:
        height_factor: by how much, from -1 to 1, to both sides, or a pair of bounds: positive
            factors zoom out, negative ones in.
        width_factor: the same of the width; None for the height's, so that forms are kept.
        fill_mode, interpolation, seed, fill_value, data_format: see `RandomRotation`.

    >>> import numpy as np
    >>> image = np.arange(4, dtype="float32").reshape(1, 1, 4, 1)
    >>> RandomZoom((-0.5, -0.5))(image, training=True)[0, 0, :, 0].tolist()
    [0.75, 1.25, 1.75, 2.25]
    """

    def __init__(
        self, height_factor: Any, width_factor: Any = None, fill_mode: str = "reflect",
        interpolation: str = "bilinear", seed: int | None = None, fill_value: float = 0.0,
        data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height_range = self._zooms("height_factor", height_factor)
        self._width_range = width_factor and self._zooms("width_factor", width_factor)

    def _zooms(self, name: str, factor: Any) -> tuple[float, float]:
        lower, upper = self._range(name, factor, -1, 1)
        if lower == -1 and isinstance(factor, list | tuple):
            raise ValueError(
                f"{self._who()}: expected {name} above -1, which would be a point. "
                f"Received: {factor!r}"
            )
        return 1.0 + lower, 1.0 + upper

    def _drawn(self, data: Any, seed: Any) -> Any:
        shape = (self._count(data), 1)
        height = width = random.uniform(shape, *self._height_range, seed=seed)
        if self.width_factor is not None:
            width = random.uniform(shape, *self._width_range, seed=seed)
        return {"height_zoom": height, "width_zoom": width, "input_shape": self._shape(data)}

    def _affine(self, transformation: Any, size: Size) -> tuple[Numbers, Numbers]:
        y, x = beside(transformation["height_zoom"]), beside(transformation["width_zoom"])
        shift_y, shift_x = (
            (1 - zoom) * ((one - 1) / 2) for zoom, one in zip((y, x), size, strict=True)
        )
        return (x, 0.0, shift_x), (0.0, y, shift_y)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The boxes in the part of the image that is seen, enlarged like it."""
        if not training or transformation is None:
            return bounding_boxes
        size = self._size(transformation["input_shape"])

        def seen(ends: Any, zoom: Any, length: Any) -> Any:
            zoom = beside(zoom, 3)
            start = (1 - zoom) * ((length - 1) / 2)
            within = (ops.clip(end, start, start + zoom * length) - start for end in ends)
            return [end / zoom for end in within]

        def change(left: Any, top: Any, right: Any, bottom: Any) -> Any:
            left, right = seen((left, right), transformation["width_zoom"], size[1])
            top, bottom = seen((top, bottom), transformation["height_zoom"], size[0])
            return left, top, right, bottom

        return self._moved_boxes(bounding_boxes, size, change)


@register("layers")
class RandomTranslation(Geometric):
    """Moves each image in training, by a part of its size.

    Args:
        height_factor: by how much downwards, from -1 to 1, to both sides, or a pair of bounds.
        width_factor: the same to the right.
        fill_mode, interpolation, seed, fill_value, data_format: see `RandomRotation`.

    >>> import numpy as np
    >>> image = np.arange(4, dtype="float32").reshape(1, 1, 4, 1)
    >>> layer = RandomTranslation(0.0, (0.25, 0.25), fill_mode="constant")
    >>> layer(image, training=True)[0, 0, :, 0].tolist()
    [0.0, 0.0, 1.0, 2.0]
    """

    def __init__(
        self, height_factor: Any, width_factor: Any, fill_mode: str = "reflect",
        interpolation: str = "bilinear", seed: int | None = None, fill_value: float = 0.0,
        data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._ranges = (
            self._range("width_factor", width_factor, -1, 1),
            self._range("height_factor", height_factor, -1, 1),
        )

    def _drawn(self, data: Any, seed: Any) -> Any:
        height, width = self._known_size(self._shape(data))
        moves = [
            random.uniform((self._count(data), 1), low * size, high * size, seed=seed)
            for size, (low, high) in zip((width, height), self._ranges, strict=True)
        ]
        return {"translations": ops.concatenate(moves, 1), "input_shape": self._shape(data)}

    def _affine(self, transformation: Any, size: Size) -> tuple[Numbers, Numbers]:
        moves = transformation["translations"]
        right, down = beside(moves[:, 0]), beside(moves[:, 1])
        return (1.0, 0.0, -right), (0.0, 1.0, -down)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The boxes, moved like the images."""
        if not training or transformation is None:
            return bounding_boxes
        moves, rank = transformation["translations"], rank_of(bounding_boxes["boxes"])
        right, down = (beside(moves[:, axis], rank) for axis in (0, 1))
        size = self._size(transformation["input_shape"])

        def change(left: Any, top: Any, end: Any, bottom: Any) -> Any:
            return left + right, top + down, end + right, bottom + down

        return self._moved_boxes(bounding_boxes, size, change)


@register("layers")
class RandomShear(Geometric):
    """Slants each image in training: rows slide against each other, and columns.

        x' = x + shear_x y,  y' = shear_y x + y

    The pixel in column x and row y is that which was at (x', y').

    Args:
        x_factor: the greatest `shear_x`, from 0 to 1, to both sides; or a pair of bounds.
        y_factor: the same of `shear_y`. Both have one sign, drawn for each image.
        interpolation, fill_mode, fill_value, data_format, seed: see `RandomRotation`.

    >>> import numpy as np
    >>> image = np.float32([[1, 2, 3], [4, 5, 6]]).reshape(1, 2, 3, 1)
    >>> layer = RandomShear(x_factor=(1, 1), fill_mode="constant", seed=1)
    >>> layer(image, training=True)[0, ..., 0].tolist()
    [[1.0, 2.0, 3.0], [0.0, 4.0, 5.0]]
    """

    config_order = (
        *COMMON_KEYS, "data_format", "bounding_box_format", "x_factor", "y_factor", "fill_mode",
        "interpolation", "seed",
    )  # fmt: skip

    def __init__(
        self, x_factor: Any = 0.0, y_factor: Any = 0.0, interpolation: str = "bilinear",
        fill_mode: str = "reflect", fill_value: float = 0.0, data_format: str | None = None,
        seed: int | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.x_factor, self.y_factor = (
            self._shears(name, factor)
            for name, factor in (("x_factor", x_factor), ("y_factor", y_factor))
        )

    def _shears(self, name: str, factor: Any) -> tuple[Any, Any]:
        mirrored = isinstance(factor, list | tuple) and len(factor) == 2
        if mirrored and factor[0] == -factor[1]:  # as the config has it
            factor = factor[1]
        low, high = self._pair(name, factor, 0, 1)
        return (low, high) if high is not None else (-low, low)

    def _drawn(self, data: Any, seed: Any) -> Any:
        shape, dtype = (self._count(data), 1), self.compute_dtype
        sign = ops.where(random.uniform(shape, seed=seed, dtype=dtype) > 0.5, -1.0, 1.0)
        y, x = (
            random.uniform(shape, *bounds, seed=seed, dtype=dtype)
            for bounds in (self.y_factor, self.x_factor)
        )
        shear = ops.concatenate([x, y], 1) * ops.cast(sign, dtype)
        return {"shear_factor": shear, "input_shape": self._shape(data)}

    def _affine(self, transformation: Any, size: Size) -> tuple[Numbers, Numbers]:
        shear = ops.cast(transformation["shear_factor"], "float32")
        return (1.0, beside(shear[:, 0]), 0.0), (beside(shear[:, 1]), 1.0, 0.0)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """Upright boxes around the slanted ones; the shear counts in parts of the size there."""
        if not training or transformation is None:
            return bounding_boxes
        size = self._size(transformation["input_shape"])
        shear = ops.cast(transformation["shear_factor"], "float32")

        def slid(one: Any, other: Any, ends: Any, amount: Any) -> Any:
            found = [[side - amount * end for end in ends] for side in (one, other)]
            first, second = (found[0], found[1])
            return (
                ops.where(amount < 0, first[0], first[1]),
                ops.where(amount < 0, second[1], second[0]),
            )

        def change(left: Any, top: Any, right: Any, bottom: Any) -> Any:
            height, width = size
            x, y = (beside(shear[:, axis], 3) for axis in (0, 1))
            left, right = slid(left, right, (top, bottom), x * (width / height))
            top, bottom = slid(top, bottom, (left, right), y * (height / width))
            return left, top, right, bottom

        return self._moved_boxes(bounding_boxes, size, change)
