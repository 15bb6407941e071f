"""Layers that change the colors of training images."""

from __future__ import annotations

from typing import Any

from geartrain import config, ops, random
from geartrain.layers.arguments import fraction
from geartrain.layers.images.base import (
    RandomImageLayer,
    beside,
    rescaled,
    value_range_of,
)
from geartrain.ops import image
from geartrain.ops.operands import extents_of
from geartrain.registry import register


class _Colored(RandomImageLayer):
    """Base: one number drawn for each image, between the bounds `factor`."""

    bounds: tuple[float, float] = (-1, 1)

    def __init__(
        self, factor: Any, value_range: Any, seed: int | None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **kwargs)
        self.factor = self._range("factor", factor, *self.bounds)
        self.value_range = value_range_of(self, value_range)

    def _drawn(self, data: Any, seed: Any) -> Any:
        return {"factor": random.uniform((self._count(data),), *self.factor, seed=seed)}

    def _number(self, transformation: Any, name: str = "factor") -> Any:
        return beside(ops.cast(transformation[name], self.compute_dtype))


@register("layers")
class RandomBrightness(_Colored):
    """Makes training images brighter or darker.

        x + amount * (greatest value - least value), with an amount for each image

    Args:
        factor: a number from -1 to 1, for amounts to both sides; or a pair of bounds.
        value_range: the least and the greatest value of pixels; results are clipped to it.
        seed: an integer; by default one drawn from the global seed.

    >>> import numpy as np
    >>> RandomBrightness((0.1, 0.1))(np.float32([[[100.0], [250.0]]]), training=True)[..., 0]
    array([[125.5, 255. ]], dtype=float32)
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(factor, value_range, seed, **kwargs)

    def _drawn(self, data: Any, seed: Any) -> Any:
        amount = random.uniform(self._each(data), *self.factor, seed=seed)
        low, high = self.value_range
        return {"rgb_delta": amount * (high - low)}

    def _changed(self, images: Any, transformation: Any) -> Any:
        amount = ops.cast(transformation["rgb_delta"], self.compute_dtype)
        return ops.clip(images + amount, *self.value_range)


@register("layers")
class RandomContrast(RandomImageLayer):
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

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)
        self.factor = self._range("factor", factor, 0, 1)
        self.value_range = value_range

    def _drawn(self, data: Any, seed: Any) -> Any:
        low, high = 1.0 - self.factor[0], 1.0 + self.factor[1]
        shape, dtype = self._each(data), self.compute_dtype
        return {"contrast_factor": random.uniform(shape, low, high, seed=seed, dtype=dtype)}

    def _changed(self, images: Any, transformation: Any) -> Any:
        amount = ops.cast(transformation["contrast_factor"], self.compute_dtype)
        mean = ops.mean(images, axis=self._axes[:2], keepdims=True)
        return ops.clip((images - mean) * amount + mean, *self.value_range)


@register("layers")
class RandomHue(_Colored):
    """Turns the hue of training images on the circle of colors.

    Args:
        factor: a number from 0 to 1, for turns of up to half the circle times it, to both sides;
            or a pair of bounds.
        value_range: the least and the greatest value of pixels.
        data_format: where the channels are, of which there are three.
        seed: an integer; by default one drawn from the global seed.

    >>> import numpy as np
    >>> red = np.float32([[[255.0, 0.0, 0.0]]])
    >>> RandomHue((1.0, 1.0))(red, training=True)
    array([[[  0., 255., 255.]]], dtype=float32)
    """

    bounds = (0, 1)

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: str | None = None,
        seed: int | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(factor, value_range, seed, data_format, **kwargs)
        self.value_range = value_range

    def _drawn(self, data: Any, seed: Any) -> Any:
        shape = (self._count(data),)
        sign = ops.where(random.uniform(shape, seed=seed) > 0.5, -0.5, 0.5)
        return {"factor": random.uniform(shape, *self.factor, seed=seed) * sign}

    def _changed(self, images: Any, transformation: Any) -> Any:
        unit = rescaled(images, self.value_range, (0, 1))
        parts = _hsv(unit, self)
        hue = parts[0] + self._number(transformation)
        parts[0] = hue - ops.cast(hue > 1, hue.dtype) + ops.cast(hue < 0, hue.dtype)
        unit = ops.clip(_rgb(parts, self), 0, 1)
        return rescaled(unit, (0, 1), self.value_range)


def _hsv(images: Any, layer: RandomImageLayer) -> list[Any]:
    found = image.rgb_to_hsv(images, data_format=layer.data_format)
    return list(ops.split(found, 3, axis=layer._axes.channels))


def _rgb(parts: list[Any], layer: RandomImageLayer) -> Any:
    joined = ops.concatenate(parts, axis=layer._axes.channels)
    return image.hsv_to_rgb(joined, data_format=layer.data_format)


@register("layers")
class RandomSaturation(_Colored):
    """Makes the colors of training images paler or stronger.

        saturation * amount / (1 - amount), clipped to `value_range`

    Args:
        factor: the amounts: from 0, which is gray, over 0.5, which changes nothing, to 1. A pair
            of bounds; a single number stands for `(-factor, factor)`, as in Keras.
        value_range: the least and the greatest saturation.
        data_format: where the channels are, of which there are three.
        seed: an integer; by default one drawn from the global seed.

    Call: images with values from 0 to 1 keep the values of their colors.

    >>> import numpy as np
    >>> RandomSaturation((0.0, 0.0))(np.float32([[[1.0, 0.5, 0.25]]]), training=True)
    array([[[1., 1., 1.]]], dtype=float32)
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: str | None = None,
        seed: int | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(factor, value_range, seed, data_format, **kwargs)

    def _drawn(self, data: Any, seed: Any) -> Any:
        amount = super()._drawn(data, seed)["factor"]
        return {"factor": amount / (1 - amount + config.epsilon())}

    def _changed(self, images: Any, transformation: Any) -> Any:
        parts = _hsv(images, self)
        parts[1] = ops.clip(parts[1] * self._number(transformation), *self.value_range)
        return _rgb(parts, self)


@register("layers")
class RandomGrayscale(RandomImageLayer):
    """Takes the colors out of some training images, which keep three equal channels.

    Args:
        factor: the chance of an image to change.
        data_format: where the channels are.
        seed: an integer; by default one drawn from the global seed.

    >>> import numpy as np
    >>> RandomGrayscale(1.0)(np.float32([[[1.0, 0.0, 0.0]]]), training=True)
    array([[[0.2989, 0.2989, 0.2989]]], dtype=float32)
    """

    unless_default = ("seed",)

    def __init__(
        self, factor: float = 0.5, data_format: str | None = None, seed: int | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **kwargs)
        self.factor = fraction(self, "factor", factor)

    def _drawn(self, data: Any, seed: Any) -> Any:
        return beside(random.uniform((self._count(data),), seed=seed) < self.factor)

    def _changed(self, images: Any, transformation: Any) -> Any:
        gray = image.rgb_to_grayscale(images, data_format=self.data_format)
        return ops.where(transformation, gray, images)


@register("layers")
class RandomColorDegeneration(_Colored):
    """Draws the colors of training images to their gray.

        x + amount * (gray - x), with an amount for each image

    Args:
        factor: the amounts, from 0 for no change to 1 for gray: a pair of bounds; a single number
            stands for `(-factor, factor)`, as in Keras.
        value_range: the least and the greatest value of pixels; results are clipped to it.
        data_format: where the channels are.
        seed: an integer; by default one drawn from the global seed.

    >>> import numpy as np
    >>> layer = RandomColorDegeneration((0.5, 0.5))
    >>> layer(np.float32([[[100.0, 0.0, 0.0]]]), training=True).round(1)
    array([[[64.9, 14.9, 14.9]]], dtype=float32)
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: str | None = None,
        seed: int | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(factor, value_range, seed, data_format, **kwargs)

    def _changed(self, images: Any, transformation: Any) -> Any:
        gray = image.rgb_to_grayscale(images, data_format=self.data_format)
        amount = self._number(transformation)
        return ops.clip(images + amount * (gray - images), *self.value_range)


@register("layers")
class RandomSharpness(_Colored):
    """Sharpens or smooths training images.

        x + (1 - 2 amount) * (smooth - x), with an amount for each image

    where `smooth` are sums over 3 x 3 pixels, 5/13 of the middle and 1/13 of each around.

    Args:
        factor: the amounts, from 0 for smooth, over 0.5 for no change, to 1 for sharp: a pair of
            bounds; a single number stands for `(0, factor)`.
        value_range: the least and the greatest value of pixels; results are clipped to it.
        data_format: where the channels are.
        seed: an integer; by default one drawn from the global seed.

    >>> import numpy as np
    >>> RandomSharpness((0.0, 0.0))(np.float32([[[13.0], [26.0]]]), training=True)[..., 0].round()
    array([[ 7., 11.]], dtype=float32)
    """

    bounds = (0, 1)

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: str | None = None,
        seed: int | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(factor, value_range, seed, data_format, **kwargs)

    def _changed(self, images: Any, transformation: Any) -> Any:
        channels = extents_of(images)[self._axes.channels]
        weights = ops.cast([[1, 1, 1], [1, 5, 1], [1, 1, 1]], self.compute_dtype) / 13
        kernel = ops.broadcast_to(ops.reshape(weights, (3, 3, 1, 1)), (3, 3, channels, 1))
        smooth = ops.depthwise_conv(images, kernel, padding="same", data_format=self.data_format)
        amount = self._number(transformation)
        return ops.clip(images + (1 - 2 * amount) * (smooth - images), *self.value_range)


@register("layers")
class RandomColorJitter(RandomImageLayer):
    """Changes brightness, contrast, saturation and hue of training images, one after another.

    Args:
        value_range: the least and the greatest value of pixels.
        brightness_factor: see `RandomBrightness`; None to leave it.
        contrast_factor: see `RandomContrast`; None to leave it.
        saturation_factor: see `RandomSaturation`; None to leave it.
        hue_factor: see `RandomHue`; None to leave it.
        seed: an integer; by default one drawn from the global seed.
        data_format: where the channels are.

    >>> import numpy as np
    >>> layer = RandomColorJitter(brightness_factor=(0.1, 0.1), contrast_factor=0.2, seed=1)
    >>> layer(np.full((2, 4, 4, 3), 100.0, "float32"), training=True).mean()
    array(125.5, dtype=float32)
    """

    def __init__(
        self, value_range: Any = (0, 255), brightness_factor: Any = None,
        contrast_factor: Any = None, saturation_factor: Any = None, hue_factor: Any = None,
        seed: int | None = None, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **kwargs)
        self.value_range = value_range
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        kinds = (
            (RandomBrightness, brightness_factor),
            (RandomContrast, contrast_factor),
            (RandomSaturation, saturation_factor),
            (RandomHue, hue_factor),
        )
        common = {"seed": seed, "data_format": self.data_format, "dtype": self.dtype_policy}
        self._steps = [
            kind(factor, value_range, **common) for kind, factor in kinds if factor is not None
        ]

    def _drawn(self, data: Any, seed: Any) -> Any:
        return [step._drawn(data, seed) for step in self._steps]

    def _changed(self, images: Any, transformation: Any) -> Any:
        for step, drawn in zip(self._steps, transformation, strict=True):
            images = step.transform_images(images, drawn)
        return images
