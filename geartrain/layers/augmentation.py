"""Layers that show a model its training images in other ways: flipped, turned, moved, zoomed.

All of them leave images alone outside of training. One with `seed` draws the same sequence again.
"""

from __future__ import annotations

import math
from typing import Any

from geartrain import ops, random
from geartrain.layers.arguments import data_format_of, one_of, positive, size_to_compute
from geartrain.layers.layer import COMMON_KEYS, Layer
from geartrain.ops.image.places import transformed
from geartrain.ops.operands import dtype_of, extents_of
from geartrain.random import SeedGenerator
from geartrain.registry import register

_FILL_MODES = ("reflect", "wrap", "constant", "nearest")


class _Augmentation(Layer):
    """Base: images, one (height, width, channels) or a batch of them, changed in training."""

    config_order = (*COMMON_KEYS, "data_format")

    def __init__(
        self, seed: int | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.data_format = data_format_of(self, data_format)
        self.seed_generator = SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Other images in training, else the inputs."""
        if not training:
            return inputs
        rank = len(extents_of(inputs))
        if rank not in (3, 4):
            raise ValueError(
                f"{self._who()}: expected an image or a batch of images. Received shape "
                f"{tuple(inputs.shape)}"
            )
        images = inputs if rank == 4 else ops.expand_dims(inputs, 0)
        first = self.data_format == "channels_first"
        images = ops.transpose(images, (0, 2, 3, 1)) if first else images
        images = self._changed(images)
        images = ops.transpose(images, (0, 3, 1, 2)) if first else images
        return images if rank == 4 else ops.squeeze(images, 0)

    def _changed(self, images: Any) -> Any:
        """What training sees of images (batch, height, width, channels)."""
        raise NotImplementedError

    def _drawn(self, images: Any, low: float, high: float) -> Any:
        """A number for each image, of shape (batch, 1, 1, 1)."""
        shape = (extents_of(images)[0], 1, 1, 1)
        dtype = self.compute_dtype
        return random.uniform(shape, low, high, dtype=dtype, seed=self.seed_generator)

    def _sizes(self, images: Any) -> tuple[int, int]:
        return size_to_compute(self, images.shape, 1), size_to_compute(self, images.shape, 2)

    def _range(self, name: str, value: Any, low: float, high: float) -> tuple[float, float]:
        """The bounds that a number, or a pair of numbers, stands for."""
        pair = list(value) if isinstance(value, list | tuple) else [value]
        numbers = all(
            isinstance(one, int | float) and not isinstance(one, bool) and low <= one <= high
            for one in pair
        )
        if not numbers or len(pair) not in (1, 2):
            raise ValueError(
                f"{self._who()}: expected {name} as a number from {low} to {high}, or a pair of "
                f"such. Received: {value!r}"
            )
        if len(pair) == 2:
            return min(pair), max(pair)
        return max(-abs(pair[0]), low), abs(pair[0])


@register("layers")
class RandomFlip(_Augmentation):
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

    config_order = (*COMMON_KEYS, "data_format", "seed")

    def __init__(
        self, mode: str = "horizontal_and_vertical", seed: int | None = None,
        data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **kwargs)
        modes = ("horizontal", "vertical", "horizontal_and_vertical")
        self.mode = one_of(self, "mode", mode, modes)

    def _changed(self, images: Any) -> Any:
        axes = [axis for axis, name in ((2, "horizontal"), (1, "vertical")) if name in self.mode]
        chosen = ops.less_equal(self._drawn(images, 0.0, 1.0), 0.5)
        return ops.where(chosen, ops.flip(images, axis=axes), images)


@register("layers")
class RandomContrast(_Augmentation):
    """Draws the values of each channel further from their mean, or nearer to it, in training.

        (x - mean) * amount + mean, with an amount for each image

    Args:
        factor: a number from 0 to 1, for amounts from 1 to `1 + factor`; or a pair of such, for
            amounts from `1 - lower` to `1 + upper`, as in Keras.
        value_range: the least and the greatest value of pixels; results are clipped to it.
        seed: an integer; by default one drawn from the global seed.

    >>> import numpy as np
    >>> image = np.float32([[[[90.0], [110.0]]]])
    >>> RandomContrast(0.5, seed=2)(image, training=True).mean()
    array(100., dtype=float32)
    """

    accepts = (*Layer.accepts, "data_format")

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)
        self.factor = self._range("factor", factor, 0, 1)
        self.value_range = value_range

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), "data_format": self.data_format}

    def _changed(self, images: Any) -> Any:
        lower, upper = self.factor
        factor = self._drawn(images, 1.0 - lower, 1.0 + upper)
        mean = ops.mean(images, axis=(1, 2), keepdims=True)
        return ops.clip((images - mean) * factor + mean, *self.value_range)


@register("layers")
class RandomCrop(_Augmentation):
    """Cuts a window out of the images in training, at one random place for the batch.

    Images that are not larger than the window are cut to its form around their middle, and
    resized. Outside of training images stay as they are, as in Keras: cut validation images with
    `CenterCrop`, if the model needs them so.

    Args:
        height, width: the window's size.
        seed: an integer; by default one drawn from the global seed.
        data_format: where the channels are: `"channels_last"` or `"channels_first"`.

    >>> import numpy as np
    >>> RandomCrop(4, 5)(np.zeros((2, 8, 8, 3), "float32"), training=True).shape
    (2, 4, 5, 3)
    """

    def __init__(
        self, height: int, width: int, seed: int | None = None, data_format: str | None = None,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, name=name, **kwargs)
        self.height = positive(self, "height", height)
        self.width = positive(self, "width", width)

    def _changed(self, images: Any) -> Any:
        sizes, wanted = self._sizes(images), (self.height, self.width)
        if all(size > part for size, part in zip(sizes, wanted, strict=True)):
            for axis, (size, part) in enumerate(zip(sizes, wanted, strict=True), 1):
                place = random.uniform((), 0.0, size - part + 1.0, seed=self.seed_generator)
                start = ops.minimum(ops.cast(place, "int32"), size - part)
                images = ops.take(images, start + ops.arange(part, dtype="int32"), axis=axis)
            return images
        height = max(min(sizes[0], int(sizes[1] * self.height / self.width)), 1)
        width = max(min(sizes[1], int(sizes[0] * self.width / self.height)), 1)
        top, left = (sizes[0] - height) // 2, (sizes[1] - width) // 2
        window = images[:, top : top + height, left : left + width]
        return window if (height, width) == wanted else self._resized(window, height, width)

    def _resized(self, images: Any, height: int, width: int) -> Any:
        """The images in the window's size, values between pixels by their distance."""
        for axis, (size, wanted) in ((1, (height, self.height)), (2, (width, self.width))):
            places = (ops.arange(wanted, dtype="float32") + 0.5) * (size / wanted) - 0.5
            places = ops.clip(places, 0, size - 1)
            low = ops.cast(ops.floor(places), "int32")
            share = ops.reshape(places - ops.floor(places), (1, -1) + (1,) * (3 - axis))
            one, other = (
                ops.take(images, index, axis=axis)
                for index in (low, ops.minimum(low + 1, size - 1))
            )
            images = one + (other - one) * ops.cast(share, dtype_of(images))
        return images


class _Affine(_Augmentation):
    """Base of the layers that take each pixel from another place of its image."""

    def __init__(
        self, fill_mode: str, interpolation: str, seed: int | None, fill_value: float,
        data_format: str | None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **kwargs)
        self.fill_mode = one_of(self, "fill_mode", fill_mode, _FILL_MODES)
        self.interpolation = one_of(self, "interpolation", interpolation, ("nearest", "bilinear"))
        self.fill_value = fill_value

    def _moved(self, images: Any, rows: tuple[Any, Any, Any], columns: tuple[Any, Any, Any]) -> Any:
        """The images with each pixel (x, y) taken from the place (x', y').

        Args:
            rows: `(b0, b1, b2)`, with y' = b0 x + b1 y + b2.
            columns: `(a0, a1, a2)`, with x' = a0 x + a1 y + a2.
        """
        return transformed(
            images, columns, rows, self.interpolation, self.fill_mode, self.fill_value
        )


@register("layers")
class RandomRotation(_Affine):
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

    config_order = (*COMMON_KEYS, "data_format", "factor", "fill_mode", "fill_value")

    def __init__(
        self, factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear",
        seed: int | None = None, fill_value: float = 0.0, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.factor = self._range("factor", factor, -1, 1)

    def _changed(self, images: Any) -> Any:
        turn = 2 * math.pi
        angle = self._drawn(images, self.factor[0] * turn, self.factor[1] * turn)
        cosine, sine = ops.cos(angle), ops.sin(angle)
        middle_y, middle_x = ((size - 1) / 2 for size in self._sizes(images))
        shift_x = middle_x - middle_x * cosine + middle_y * sine
        shift_y = middle_y - middle_x * sine - middle_y * cosine
        return self._moved(images, (sine, cosine, shift_y), (cosine, -sine, shift_x))


@register("layers")
class RandomZoom(_Affine):
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
        for name in ("height_factor", "width_factor"):
            if name == "height_factor" or width_factor is not None:
                lower, _ = self._range(name, getattr(self, name), -1, 1)
                if isinstance(getattr(self, name), list | tuple) and lower == -1:
                    raise ValueError(
                        f"{self._who()}: expected {name} above -1, which would be a point. "
                        f"Received: {getattr(self, name)!r}"
                    )

    def _changed(self, images: Any) -> Any:
        height, width = self._sizes(images)
        lower, upper = self._range("height_factor", self.height_factor, -1, 1)
        y = x = self._drawn(images, 1 + lower, 1 + upper)
        if self.width_factor is not None:
            lower, upper = self._range("width_factor", self.width_factor, -1, 1)
            x = self._drawn(images, 1 + lower, 1 + upper)
        shift_y, shift_x = (1 - y) * ((height - 1) / 2), (1 - x) * ((width - 1) / 2)
        return self._moved(images, (0.0, y, shift_y), (x, 0.0, shift_x))


@register("layers")
class RandomTranslation(_Affine):
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
        for name in ("height_factor", "width_factor"):
            self._range(name, getattr(self, name), -1, 1)

    def _changed(self, images: Any) -> Any:
        height, width = self._sizes(images)
        down, right = (
            self._drawn(images, lower * size, upper * size)
            for size, (lower, upper) in (
                (height, self._range("height_factor", self.height_factor, -1, 1)),
                (width, self._range("width_factor", self.width_factor, -1, 1)),
            )
        )
        return self._moved(images, (0.0, 1.0, -down), (1.0, 0.0, -right))
