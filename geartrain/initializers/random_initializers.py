"""Initializers that draw random numbers.

As in Keras an initializer gives the same values at each call, whether it was given an integer as
seed or drew one when it was made; with a `SeedGenerator` it gives new values at each call.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain import config, random
from geartrain.errors import shown
from geartrain.graph.dtypes import numpy_dtype, standardize_dtype
from geartrain.initializers.initializer import Initializer
from geartrain.random import SeedGenerator, fresh_seed
from geartrain.registry import register

# The standard deviation of a standard normal distribution that is cut at -2 and 2.
_CUT_STDDEV = 0.87962566103423978


class RandomInitializer(Initializer):
    """Base of the initializers with a seed."""

    config_order = ("seed",)

    def __init__(self, seed: Any = None) -> None:
        whole = hasattr(seed, "__index__") and not isinstance(seed, bool)
        if seed is not None and not whole and not isinstance(seed, SeedGenerator):
            raise ValueError(
                f"{type(self).__name__}: expected seed as an integer or a SeedGenerator. "
                f"Received: seed={shown(seed)}"
            )
        self._drawn = fresh_seed() if seed is None else seed

    def _copied_state(self, parts: list[Any]) -> dict[str, Any]:
        return {"_drawn": self._drawn}

    def _key(self) -> Any:
        """The seed for one call; a generator's is drawn at once, even in a traced function."""
        return self._drawn.next_now() if isinstance(self._drawn, SeedGenerator) else self._drawn


@register("initializers")
class RandomNormal(RandomInitializer):
    """Normal numbers.

    Args:
        mean, stddev: the mean and the standard deviation.
        seed: an integer or a `SeedGenerator`; by default one drawn from the global seed.

    >>> bool(abs(RandomNormal(seed=1)((1000,)).std() - 0.05) < 0.005)
    True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values."""
        return random.normal(shape, self.mean, self.stddev, dtype, self._key())


@register("initializers")
class TruncatedNormal(RandomInitializer):
    """Normal numbers less than two standard deviations from the mean.

    Args:
        mean, stddev: of the normal distribution before its tails are cut.
        seed: an integer or a `SeedGenerator`; by default one drawn from the global seed.

    >>> bool(abs(TruncatedNormal(seed=1)((1000,))).max() < 0.1)
    True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values."""
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self._key())


@register("initializers")
class RandomUniform(RandomInitializer):
    """Numbers drawn uniformly from [minval, maxval).

    Args:
        minval, maxval: the bounds.
        seed: an integer or a `SeedGenerator`; by default one drawn from the global seed.

    >>> bool(abs(RandomUniform(seed=1)((1000,))).max() <= 0.05)
    True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values."""
        return random.uniform(shape, self.minval, self.maxval, dtype, self._key())


@register("initializers")
class VarianceScaling(RandomInitializer):
    """Random numbers of variance `scale / n`, with n the number of a unit's inputs or outputs.

    Args:
        scale: a positive factor.
        mode: n is the inputs ("fan_in"), the outputs ("fan_out") or their mean ("fan_avg").
        distribution: "truncated_normal", "untruncated_normal", or "uniform", which draws from
            [-limit, limit) with `limit = sqrt(3 * scale / n)`.
        seed: an integer or a `SeedGenerator`; by default one drawn from the global seed.
        input_axes, output_axes: which axes are inputs and outputs; by default the last two are,
            times the product of those before them (the receptive field of a convolution).

    Raises ValueError for a scale that is not positive, or another mode or distribution.

    >>> weights = VarianceScaling(scale=3.0, distribution="uniform", seed=1)((100, 20))
    >>> bool(abs(weights).max() <= 0.3)
    True
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        if not scale > 0:
            raise ValueError(f"VarianceScaling: expected a positive scale. Received: {scale!r}")
        modes = ("fan_in", "fan_out", "fan_avg")
        if mode not in modes:
            raise ValueError(
                f"VarianceScaling: expected mode as one of {modes}. Received: {shown(mode)}"
            )
        distribution = distribution.lower() if isinstance(distribution, str) else distribution
        distribution = "truncated_normal" if distribution == "normal" else distribution
        known = ("uniform", "truncated_normal", "untruncated_normal")
        if distribution not in known:
            raise ValueError(
                f"VarianceScaling: expected distribution as one of {known}. "
                f"Received: {shown(distribution)}"
            )
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values."""
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        variance = self.scale / max(1.0, fans[self.mode])
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return random.uniform(shape, -limit, limit, dtype, self._key())
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, math.sqrt(variance), dtype, self._key())
        stddev = math.sqrt(variance) / _CUT_STDDEV
        return random.truncated_normal(shape, 0.0, stddev, dtype, self._key())

    def with_axes(self, input_axes: Sequence[int], output_axes: Sequence[int]) -> Any:
        """This initializer, told which axes are inputs and outputs unless it knows."""
        if self.input_axes is not None and self.output_axes is not None:
            return self
        made = self.from_config(
            {**self.get_config(), "input_axes": input_axes, "output_axes": output_axes}
        )
        made._drawn = self._drawn
        return made


def compute_fans(
    shape: Sequence[int],
    input_axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
) -> tuple[int, int]:
    """How many inputs and outputs a unit with a weight of this shape has.

    >>> compute_fans((784, 512)), compute_fans((3, 3, 16, 32))
    ((784, 512), (144, 288))
    """
    if input_axes is not None and output_axes is not None:
        return (
            math.prod(shape[axis] for axis in input_axes),
            math.prod(shape[axis] for axis in output_axes),
        )
    if len(shape) < 2:
        return (math.prod(shape),) * 2
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


class _Preset(VarianceScaling):
    """`VarianceScaling` with everything but the seed and the axes chosen."""

    preset: tuple[float, str, str]  # scale, mode, distribution

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.preset, seed, input_axes, output_axes)


@register("initializers")
class GlorotUniform(_Preset):
    """Uniform in [-limit, limit), with `limit = sqrt(6 / (fan_in + fan_out))`.

    Args:
        seed: an integer or a `SeedGenerator`; by default one drawn from the global seed.
        input_axes, output_axes: see `VarianceScaling`.

    >>> bool(abs(GlorotUniform(seed=1)((1, 5))).max() <= 1.0)
    True
    """

    preset = (1.0, "fan_avg", "uniform")


@register("initializers")
class GlorotNormal(_Preset):
    """Truncated normal, of standard deviation `sqrt(2 / (fan_in + fan_out))`.

    Args:
        seed: an integer or a `SeedGenerator`; by default one drawn from the global seed.
        input_axes, output_axes: see `VarianceScaling`.

    >>> bool(abs(GlorotNormal(seed=1)((100, 100)).std() - 0.1) < 0.005)
    True
    """

    preset = (1.0, "fan_avg", "truncated_normal")


@register("initializers")
class LecunUniform(_Preset):
    """Uniform in [-limit, limit), with `limit = sqrt(3 / fan_in)`.

    Args:
        seed: an integer or a `SeedGenerator`; by default one drawn from the global seed.
        input_axes, output_axes: see `VarianceScaling`.

    >>> bool(abs(LecunUniform(seed=1)((1, 5))).max() <= 3**0.5)
    True
    """

    preset = (1.0, "fan_in", "uniform")


@register("initializers")
class LecunNormal(_Preset):
    """Truncated normal, of standard deviation `sqrt(1 / fan_in)`.

    Args:
        seed: an integer or a `SeedGenerator`; by default one drawn from the global seed.
        input_axes, output_axes: see `VarianceScaling`.

    >>> bool(abs(LecunNormal(seed=1)((100, 50)).std() - 0.1) < 0.005)
    True
    """

    preset = (1.0, "fan_in", "truncated_normal")


@register("initializers")
class HeUniform(_Preset):
    """Uniform in [-limit, limit), with `limit = sqrt(6 / fan_in)`.

    Args:
        seed: an integer or a `SeedGenerator`; by default one drawn from the global seed.
        input_axes, output_axes: see `VarianceScaling`.

    >>> bool(abs(HeUniform(seed=1)((1, 5))).max() <= 6**0.5)
    True
    """

    preset = (2.0, "fan_in", "uniform")


@register("initializers")
class HeNormal(_Preset):
    """Truncated normal, of standard deviation `sqrt(2 / fan_in)`.

    Args:
        seed: an integer or a `SeedGenerator`; by default one drawn from the global seed.
        input_axes, output_axes: see `VarianceScaling`.

    >>> bool(abs(HeNormal(seed=1)((200, 50)).std() - 0.1) < 0.005)
    True
    """

    preset = (2.0, "fan_in", "truncated_normal")


@register("initializers")
class Orthogonal(RandomInitializer):
    """`gain` times a random orthogonal matrix: Q of the QR decomposition of normal numbers.

    A shape of more than two axes is read as a matrix of its last axis and the others. If it has
    fewer rows than columns the rows are orthonormal, else the columns.

    Args:
        gain: a factor.
        seed: an integer or a `SeedGenerator`; by default one drawn from the global seed.

    A call raises ValueError for a shape of less than two axes.

    >>> q = Orthogonal(seed=1)((4, 2))
    >>> np.allclose(q.T @ q, np.eye(2), atol=1e-6)
    True
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values."""
        if len(shape) < 2:
            raise ValueError(
                f"Orthogonal: expected a shape of rank 2 or more. Received: {tuple(shape)}"
            )
        name = standardize_dtype(dtype or config.floatx())
        drawn = "float64" if name == "float64" else "float32"
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = (max(rows, columns), min(rows, columns))
        q, r = np.linalg.qr(random.normal(tall, dtype=drawn, seed=self._key()))
        q = q * np.where(np.diag(r) < 0, -1, 1)  # Q is uniform if the signs of R are fixed
        q = q if rows >= columns else q.T
        return (self.gain * q.reshape(shape)).astype(numpy_dtype(name))
