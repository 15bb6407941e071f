"""Layers that keep a model from learning its training data by heart; most add noise in training."""

from __future__ import annotations

from typing import Any

from geartrain import random
from geartrain.layers.arguments import fraction
from geartrain.layers.layer import Layer
from geartrain.random import SeedGenerator
from geartrain.registry import register


class _Noise(Layer):
    """Base of layers that draw random numbers in training and do nothing else."""

    def __init__(self, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.supports_masking = True
        self.seed_generator = SeedGenerator(seed)
        self._track(self.seed_generator.state)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The noisy inputs in training, else the inputs."""
        return self._noisy(inputs) if training else inputs

    def _noisy(self, inputs: Any) -> Any:
        raise NotImplementedError


@register("layers")
class Dropout(_Noise):
    """In training, a share `rate` of the inputs is set to 0, the rest divided by `1 - rate`.

    Args:
        rate: the share to drop, from 0 to 1.
        noise_shape: the shape of what is drawn: an axis of size 1 is dropped or kept as a whole.
        seed: an integer; by default one drawn from the global seed.

    Raises ValueError for a rate outside [0, 1].

    >>> import numpy as np
    >>> Dropout(0.5, seed=1)(np.ones((1, 4), "float32"), training=True).max()
    np.float32(2.0)
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed, **kwargs)
        self.rate = fraction(self, "rate", rate)
        self.noise_shape = noise_shape

    def _noisy(self, inputs: Any) -> Any:
        return random.dropout(inputs, self.rate, self.noise_shape, self.seed_generator)
