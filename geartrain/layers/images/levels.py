"""Layers that map the values of pixels to others: stretched, inverted, with fewer levels."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops, random
from geartrain.layers.arguments import positive
from geartrain.layers.images.base import (
    ImageLayer,
    RandomImageLayer,
    beside,
    rescaled,
    value_range_of,
)
from geartrain.ops.operands import dtype_of
from geartrain.registry import register

_BYTES = (0, 255)


@register("layers")
class AutoContrast(ImageLayer):
    """Stretches each channel of images over the range of values, in training and elsewhere.

        (x - min) / (max - min), brought to `value_range`; channels of one value stay as they are

    Args:
        value_range: the least and the greatest value of pixels.

    >>> import numpy as np
    >>> AutoContrast()(np.float32([[[10.0], [20.0], [30.0]]]))[..., 0]
    array([[  0. , 127.5, 255. ]], dtype=float32)
    """

    def __init__(self, value_range: Any = (0, 255), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value_range = value_range_of(self, value_range)

    def transform_images(
        self, images: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The stretched images."""
        x = ops.cast(images, self.compute_dtype)
        low, high = (fold(x, axis=self._axes[:2], keepdims=True) for fold in (ops.min, ops.max))
        some = high > low
        unit = (x - low) / ops.where(some, high - low, ops.ones_like(low))
        return ops.where(some, rescaled(ops.clip(unit, 0, 1), (0, 1), self.value_range), x)


@register("layers")
class Equalization(ImageLayer):
    """Spreads the values of each channel evenly, by its histogram, in training.

    Args:
        value_range: the least and the greatest value of pixels.
        bins: how many values are told apart.
        data_format: where the channels are.

    Call: a batch of images has one histogram for each channel, as in Keras.

    >>> import numpy as np
    >>> Equalization()(np.float32([[[10.0], [20.0], [30.0]]]), training=True)[..., 0]
    array([[  0., 128., 255.]], dtype=float32)
    """

    config_order = (*ImageLayer.config_order, "bins", "value_range")

    def __init__(
        self, value_range: Any = (0, 255), bins: int = 256, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format, **kwargs)
        self.value_range = value_range_of(self, value_range)
        self.bins = positive(self, "bins", bins)

    def _changed(self, images: Any, transformation: Any) -> Any:
        x = ops.moveaxis(rescaled(images, self.value_range, _BYTES), self._axes.channels, -1)
        channels, last = int(x.shape[-1]), self.bins - 1
        first = ops.arange(channels, dtype="int32") * self.bins

        def place(scaled: Any) -> Any:
            return ops.cast(ops.clip(scaled, 0, last), "int32") + first

        here = ops.reshape(place(x * (last / 255)), (-1,))
        ones = ops.ones_like(here, dtype="float32")
        counts = ops.segment_sum(ones, here, num_segments=channels * self.bins)
        counts = ops.reshape(counts, (channels, self.bins))
        below = ops.cumsum(counts, axis=-1)
        pixels = below[:, -1:]
        least = ops.min(ops.where(counts > 0, below, pixels), axis=-1, keepdims=True)
        others = ops.where(pixels > least, pixels - least, ops.ones_like(pixels))
        table = ops.clip(ops.round((below - least) * 255 / others), 0, 255)
        found = ops.take(ops.reshape(table, (-1,)), place(x / 255 * last), axis=0)
        plain = ops.sum(ops.cast(counts > 0, "int32"), axis=-1) <= 1
        found = ops.where(plain, x, ops.cast(found, dtype_of(x)))
        return ops.moveaxis(rescaled(found, _BYTES, self.value_range), -1, self._axes.channels)


@register("layers")
class RandomInvert(RandomImageLayer):
    """Turns some training images into their negatives: greatest value - x.

    Args:
        factor: the chance of an image to change: drawn up to this number, or between two.
        value_range: the least and the greatest value of pixels.
        seed: an integer; by default one drawn from the global seed.
        data_format: where the channels are.

    >>> import numpy as np
    >>> RandomInvert((1, 1))(np.float32([[[5.0], [255.0]]]), training=True)[..., 0]
    array([[250.,   0.]], dtype=float32)
    """

    def __init__(
        self, factor: Any = 1.0, value_range: Any = (0, 255), seed: int | None = None,
        data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **kwargs)
        self.factor = self._range("factor", factor, 0, 1)
        self.value_range = value_range

    def _drawn(self, data: Any, seed: Any) -> Any:
        return {"apply_inversion": self._chosen(data, self.factor, seed)}

    def _changed(self, images: Any, transformation: Any) -> Any:
        chosen = beside(transformation["apply_inversion"])
        return ops.where(chosen, self.value_range[1] - images, images)


@register("layers")
class RandomPosterization(RandomImageLayer):
    """Keeps the upper bits of the pixels of training images alone.

    Args:
        factor: how many of 8 bits: a whole number from 1 to 8, for as many or fewer; or a pair of
            bounds, of which the second does not occur unless they are equal.
        value_range: the least and the greatest value of pixels.
        data_format: where the channels are.
        seed: an integer; by default one drawn from the global seed.

    >>> import numpy as np
    >>> RandomPosterization(1)(np.float32([[[100.0], [200.0]]]), training=True)[..., 0]
    array([[  0., 128.]], dtype=float32)
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: str | None = None,
        seed: int | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, **kwargs)
        self.factor = self._range("factor", factor, 1, 8)
        self.value_range = value_range_of(self, value_range)

    def _drawn(self, data: Any, seed: Any) -> Any:
        shape, (low, high) = (self._count(data),), self.factor
        if low == high:
            bits = ops.full(shape, low, dtype="uint8")
        else:
            bits = random.randint(shape, low, high, dtype="uint8", seed=seed)
        return {"shift_factor": 8 - bits}

    def _changed(self, images: Any, transformation: Any) -> Any:
        steps = ops.cast(2 ** np.arange(9), self.compute_dtype)
        step = ops.take(steps, ops.cast(beside(transformation["shift_factor"]), "int32"), axis=0)
        values = ops.clip(rescaled(images, self.value_range, _BYTES), *_BYTES)
        return rescaled(ops.floor(values / step) * step, _BYTES, self.value_range)


@register("layers")
class Solarization(RandomImageLayer):
    """Turns the bright pixels of training images dark: 255 - x from a threshold on.

    Args:
        addition_factor: from 0 to 1: what is added to pixels before, as a part of 255: drawn up to
            this number, or between two.
        threshold_factor: from 0 to 1: where bright begins, as a part of 255, drawn likewise.
        value_range: the least and the greatest value of pixels.
        seed: an integer; by default one drawn from the global seed.

    >>> import numpy as np
    >>> layer = Solarization()
    >>> layer(np.float32([[[20.0], [255.0]]]), training=True)[..., 0]
    array([[235.,   0.]], dtype=float32)
    """

    config_order = (*RandomImageLayer.config_order, "value_range")

    def __init__(
        self, addition_factor: Any = 0.0, threshold_factor: Any = 0.0,
        value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, **kwargs)
        self.addition_factor = self._range("addition_factor", addition_factor, 0, 1)
        self.threshold_factor = self._range("threshold_factor", threshold_factor, 0, 1)
        self.value_range = value_range_of(self, value_range)

    def _drawn(self, data: Any, seed: Any) -> Any:
        # The lower bounds count in pixels, the upper ones in parts of 255: so it is in Keras.
        each, dtype = self._each(data), self.compute_dtype
        return {
            name: random.uniform(each, low, high * 255, seed=seed, dtype=dtype)
            for name, (low, high) in (
                ("additions", self.addition_factor),
                ("thresholds", self.threshold_factor),
            )
        }

    def _changed(self, images: Any, transformation: Any) -> Any:
        x = rescaled(images, self.value_range, _BYTES)
        x = ops.clip(x + transformation["additions"], *_BYTES)
        x = ops.where(x < transformation["thresholds"], x, 255 - x)
        return rescaled(x, _BYTES, self.value_range)
