"""Layers that keep a model from learning its training data by heart; most add noise in training."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from geartrain import ops, random, regularizers
from geartrain.layers.arguments import data_format_of, fraction, positive
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.layer import COMMON_KEYS, Layer
from geartrain.ops.operands import dtype_of, extents_of
from geartrain.ops.sizes import Size
from geartrain.random import SeedGenerator
from geartrain.registry import register


class _Noise(Layer):
    """Base of layers that draw random numbers in training and do nothing else."""

    has_state = False

    config_order = (*COMMON_KEYS, "rate", "stddev", "seed")

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.supports_masking = True

    def _share(self, name: str, value: Any, below: bool = False) -> Any:
        """How much noise there is; numbers are drawn, and their seed kept, only for some."""
        fraction(self, name, value, below)
        if value:
            self.seed_generator = SeedGenerator(self.seed)
        return value

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The noisy inputs in training, else the inputs."""
        return self._noisy(inputs) if training and hasattr(self, "seed_generator") else inputs

    def _noisy(self, inputs: Any) -> Any:
        raise NotImplementedError


def _noise_shape(layer: Any, shape: Any) -> tuple[Any, ...] | None:
    """A shape of positive numbers, and None for sizes of the inputs."""
    if shape is None:
        return None
    if isinstance(shape, str) or not isinstance(shape, Iterable):
        raise ValueError(
            f"{layer._who()}: expected noise_shape as a tuple of whole numbers and None. "
            f"Received: {shape!r}"
        )
    return tuple(
        size if size is None or isinstance(size, Size) else positive(layer, "noise_shape", size)
        for size in shape
    )


@register("layers")
class Dropout(_Noise):
    """In training, a share `rate` of the inputs is set to 0, the rest divided by `1 - rate`.

    Args:
        rate: the share to drop, from 0 to 1.
        noise_shape: the shape of what is drawn: an axis of size 1 is dropped or kept as a whole.
        seed: an integer; by default one drawn from the global seed.

    Raises ValueError for a rate outside [0, 1], and a noise_shape that is none.

    >>> import numpy as np
    >>> Dropout(0.5, seed=1)(np.ones((1, 4), "float32"), training=True).max()
    array(2., dtype=float32)
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)
        self.rate = self._share("rate", rate)
        self.noise_shape = _noise_shape(self, noise_shape)

    def _noisy(self, inputs: Any) -> Any:
        return random.dropout(inputs, self.rate, self.noise_shape, self.seed_generator)


class _SpatialDropout(_Noise):
    """Base of the dropouts that drop whole channels."""

    spatial_axes: int

    config_order = ("rate", "seed")

    def __init__(
        self, rate: float, data_format: str | None, seed: int | None, name: Any, dtype: Any
    ) -> None:
        super().__init__(seed, name=name, dtype=dtype)
        self.rate = self._share("rate", rate)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self.spatial_axes + 2)

    def _noisy(self, inputs: Any) -> Any:
        ones = (1,) * self.spatial_axes
        shape = (None, *ones, None) if self.data_format == "channels_last" else (None, None, *ones)
        return random.dropout(inputs, self.rate, shape, self.seed_generator)


@register("layers")
class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole features: the same for all timesteps of a sample.

    Args:
        rate: the share of features to drop, from 0 to 1.
        seed: an integer; by default one drawn from the global seed.
        name, dtype: see `Layer`.

    Call: inputs of shape (batch, time, features).

    Raises ValueError for a rate outside [0, 1].

    >>> import numpy as np
    >>> x = SpatialDropout1D(0.5, seed=1)(np.ones((1, 3, 8)), training=True)
    >>> bool((x == x[:, :1]).all())
    True
    """

    spatial_axes = 1

    def __init__(
        self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(rate, "channels_last", seed, name, dtype)


@register("layers")
class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole channels of images.

    Args:
        rate: the share of channels to drop, from 0 to 1.
        data_format: where the channels are.
        seed: an integer; by default one drawn from the global seed.
        name, dtype: see `Layer`.

    Call: inputs of shape (batch, height, width, channels).

    Raises ValueError for a rate outside [0, 1].

    >>> import numpy as np
    >>> x = SpatialDropout2D(0.5, seed=1)(np.ones((1, 3, 3, 8)), training=True)
    >>> bool((x == x[:, :1, :1]).all())
    True
    """

    spatial_axes = 2

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, data_format, seed, name, dtype)


@register("layers")
class SpatialDropout3D(_SpatialDropout):
    """Dropout of whole channels of volumes.

    Args:
        rate: the share of channels to drop, from 0 to 1.
        data_format: where the channels are.
        seed: an integer; by default one drawn from the global seed.
        name, dtype: see `Layer`.

    Call: inputs of shape (batch, depth, height, width, channels).

    Raises ValueError for a rate outside [0, 1].

    >>> import numpy as np
    >>> SpatialDropout3D(0.0)(np.ones((1, 2, 2, 2, 1)), training=True).shape
    (1, 2, 2, 2, 1)
    """

    spatial_axes = 3

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, data_format, seed, name, dtype)


@register("layers")
class GaussianNoise(_Noise):
    """In training, `inputs + normal(0, stddev)`.

    Args:
        stddev: the standard deviation of the noise, from 0 to 1.
        seed: an integer; by default one drawn from the global seed.

    Raises ValueError for a stddev outside [0, 1].

    >>> GaussianNoise(0.1)([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.stddev = self._share("stddev", stddev)

    def _noisy(self, inputs: Any) -> Any:
        noise = random.normal(
            extents_of(inputs), 0.0, self.stddev, dtype_of(inputs), self.seed_generator
        )
        return ops.add(inputs, noise)


@register("layers")
class GaussianDropout(_Noise):
    """In training, `inputs * normal(1, sqrt(rate / (1 - rate)))`.

    Args:
        rate: the noise has the variance of `Dropout(rate)`; from 0 to below 1.
        seed: an integer; by default one drawn from the global seed.

    Raises ValueError for a rate outside [0, 1).

    >>> GaussianDropout(0.1)([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.rate = self._share("rate", rate, below=True)

    def _noisy(self, inputs: Any) -> Any:
        stddev = math.sqrt(self.rate / (1 - self.rate))
        noise = random.normal(
            extents_of(inputs), 1.0, stddev, dtype_of(inputs), self.seed_generator
        )
        return ops.multiply(inputs, noise)


# The limit of the activation "selu" for very negative inputs.
_SELU_FLOOR = -1.6732632423543772 * 1.0507009873554805


@register("layers")
class AlphaDropout(_Noise):
    """Dropout for the activation `"selu"`: keeps mean 0 and variance 1.

    Dropped inputs become the limit of selu for very negative inputs; then all are scaled and
    shifted so that mean and variance stay what they were.

    Args:
        rate: the share to drop, from 0 to 1.
        noise_shape: the shape of what is drawn: an axis of size 1 is dropped or kept as a whole.
        seed: an integer; by default one drawn from the global seed.

    Raises ValueError for a rate outside [0, 1].

    Source: Klambauer et al., "Self-normalizing neural networks", 2017.

    >>> AlphaDropout(0.1)([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)
        self.rate = self._share("rate", rate, below=True)
        self.noise_shape = _noise_shape(self, noise_shape)

    def _noisy(self, inputs: Any) -> Any:
        shape = random.noise_extents(inputs, self.noise_shape)
        kept = ops.greater_equal(random.uniform(shape, seed=self.seed_generator), self.rate)
        scale = ((1 - self.rate) * (1 + self.rate * _SELU_FLOOR**2)) ** -0.5
        shift = -scale * _SELU_FLOOR * self.rate
        return ops.add(ops.multiply(ops.where(kept, inputs, _SELU_FLOOR), scale), shift)


@register("layers")
class ActivityRegularization(Layer):
    """The inputs as they are; adds `l1 * sum(abs(x)) + l2 * sum(x ** 2)` a sample to the loss.

    Args:
        l1, l2: the factors.

    >>> layer = ActivityRegularization(l2=0.5)
    >>> layer([[1.0, 3.0]]), layer.losses
    (array([[1., 3.]], dtype=float32), [array(5., dtype=float32)])
    """

    has_state = False

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.supports_masking = True
        self.l1, self.l2 = l1, l2

    def get_config(self) -> dict[str, Any]:
        """The arguments; the regularizer is made of them."""
        config = super().get_config()
        del config["activity_regularizer"]
        return config

    def call(self, inputs: Any) -> Any:
        """The inputs as they are."""
        return inputs
