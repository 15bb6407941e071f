"""Layers that bring data to a scale that networks learn well from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from geartrain import config, ops
from geartrain.errors import describe_value, shown
from geartrain.graph.node import Node
from geartrain.layers.arguments import known_size
from geartrain.layers.layer import COMMON_KEYS, Layer
from geartrain.ops.operands import operand
from geartrain.registry import register
from geartrain.runtime.variable import Variable


@register("layers")
class Rescaling(Layer):
    """`inputs * scale + offset`.

    Args:
        scale, offset: numbers, or one for each channel.

    Call: inputs of any dtype; the output has the layer's.

    >>> import numpy as np
    >>> Rescaling(1 / 255)(np.uint8([[0, 255]]))
    array([[0., 1.]], dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.scale, self.offset = scale, offset

    def call(self, inputs: Any) -> Any:
        """The rescaled inputs."""
        dtype = self.compute_dtype
        scale, offset = ops.cast(self.scale, dtype), ops.cast(self.offset, dtype)
        if scale.ndim and config.image_data_format() == "channels_first":
            scale = ops.reshape(scale, (*scale.shape, *(1,) * (3 - scale.ndim)))
        return ops.add(ops.multiply(ops.cast(inputs, dtype), scale), offset)


@register("layers")
class Normalization(Layer):
    """`(inputs - mean) / max(sqrt(variance), epsilon)`: data brought to mean 0 and variance 1.

    The mean and variance are given, or found by `adapt`.

    Args:
        axis: the axes that have a mean and variance each for every index: by default the last,
            so one for each feature. None for one of each for all.
        mean, variance: numbers, or arrays for the axes.
        invert: do the opposite: `mean + inputs * max(sqrt(variance), epsilon)`.

    Weights, unless mean and variance are given: mean, variance, count, none of them trained.

    Raises ValueError for a mean without a variance or of another shape.

    >>> layer = Normalization()
    >>> layer.adapt(np.float32([[0, 10], [2, 30]]))
    >>> layer([[0.0, 30.0]])
    array([[-1.,  1.]], dtype=float32)
    """

    config_order = (*COMMON_KEYS, "axis", "invert")

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        several = axis if isinstance(axis, Sequence) else () if axis is None else (axis,)
        self.axis = tuple(several)
        self.invert = invert
        if (mean is None) != (variance is None) or np.shape(mean) != np.shape(variance):
            raise ValueError(
                f"{self._who()}: expected mean and variance of one shape, or neither. Received: "
                f"mean={shown(mean)}, variance={shown(variance)}"
            )
        if mean is not None and np.ndim(mean) > max(1, len(self.axis)):
            raise ValueError(
                f"{self._who()}: expected mean and variance for the axes {self.axis}. Received: "
                f"mean of shape {np.shape(mean)}"
            )
        self.input_mean, self.input_variance = mean, variance
        self._kept: tuple[int, ...] = ()
        self._sizes: list[int] | None = None  # of the inputs, 1 where the axis is not kept

    def get_config(self) -> dict[str, Any]:
        """The arguments, with given means as lists."""
        given = {"mean": self.input_mean, "variance": self.input_variance}
        lists = {name: None if v is None else np.asarray(v).tolist() for name, v in given.items()}
        return {**super().get_config(), "axis": list(self.axis), **lists}

    def build(self, input_shape: Any) -> None:
        """Make the weights, unless mean and variance are given."""
        rank = len(input_shape)
        if any(not -rank <= axis < rank for axis in self.axis):
            raise ValueError(
                f"{self._who()}: expected axes in [{-rank}, {rank - 1}] for inputs of shape "
                f"{tuple(input_shape)}. Received: axis={self.axis}"
            )
        self._kept = tuple(sorted(axis % rank for axis in self.axis))
        sizes = [known_size(self, input_shape, axis) for axis in self._kept]
        of = dict(zip(self._kept, sizes, strict=True))
        self._sizes = [of.get(axis, 1) for axis in range(rank)]
        if self.input_mean is None and not self.built:
            self.adapt_mean = self._statistic("mean", sizes, "zeros")
            self.adapt_variance = self._statistic("variance", sizes, "ones")
            self.count = self._statistic("count", (), "zeros", "int32")
        self.built = True

    def _statistic(
        self, name: str, shape: Any, initializer: str, dtype: str | None = None
    ) -> Variable:
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, dtype=dtype, trainable=False
        )

    def adapt(self, data: Any) -> None:
        """Set mean and variance to those of `data`.

        Args:
            data: an array, or an iterable of batches: arrays, or tuples that start with one.

        Raises ValueError for no data, or of another shape than the layer was built for.
        """
        if self.input_mean is not None:
            raise ValueError(f"{self._who()}: mean and variance are given, so adapt has no use.")
        total = mean = variance = 0.0
        for batch in adapted_batches(self._who(), data):
            self._check_batch(batch)
            folded = tuple(axis for axis in range(batch.ndim) if axis not in self._kept)
            count = float(np.prod([batch.shape[axis] for axis in folded]))
            if not count:
                continue
            batch_mean = np.mean(batch, axis=folded, dtype=np.float64)
            batch_variance = np.var(batch, axis=folded, dtype=np.float64)
            share = count / (total + count)
            apart = batch_mean - mean
            variance = (1 - share) * (variance + share * apart**2) + share * batch_variance
            mean = mean + share * apart
            total += count
        if not total:
            raise ValueError(f"{self._who()}: adapt expected data. Received none.")
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)

    @property
    def mean(self) -> Any:
        """The mean by which inputs are shifted, of their rank; None before the layer is built."""
        return self._as_inputs(self.input_mean, "adapt_mean")

    @property
    def variance(self) -> Any:
        """The variance by which inputs are scaled, of their rank; None before it is built."""
        return self._as_inputs(self.input_variance, "adapt_variance")

    def _as_inputs(self, given: Any, name: str) -> Any:
        if self._sizes is None:
            return None
        value = operand(getattr(self, name) if given is None else given, self.compute_dtype)
        sizes = dict(zip(reversed(self._kept), reversed(value.shape), strict=False))
        value = ops.reshape(value, [sizes.get(axis, 1) for axis in range(len(self._sizes))])
        return ops.broadcast_to(value, self._sizes)

    def _check_batch(self, batch: np.ndarray) -> None:
        if not self.built:
            self.build(batch.shape)
        sizes = self.adapt_mean.shape
        found = tuple(batch.shape[axis] for axis in self._kept if axis < batch.ndim)
        if found != sizes:
            raise ValueError(
                f"{self._who()}: adapt expected sizes {sizes} along the axes {self._kept}. "
                f"Received: {describe_value(batch)}"
            )

    def call(self, inputs: Any) -> Any:
        """The normalized inputs."""
        x = ops.cast(inputs, self.compute_dtype)
        mean, deviation = self.mean, ops.maximum(ops.sqrt(self.variance), config.epsilon())
        if self.invert:
            return ops.add(mean, ops.multiply(x, deviation))
        return ops.divide(ops.subtract(x, mean), deviation)


def adapted_batches(who: str, data: Any) -> Iterator[np.ndarray]:
    """The arrays of `data`, which is one or yields them."""
    given = hasattr(data, "__array__") and not isinstance(data, Node)
    if isinstance(data, np.ndarray) or (given and np.ndim(data)):
        yield np.asarray(data)
        return
    if isinstance(data, Node) or not isinstance(data, Iterable):
        raise TypeError(
            f"{who}: adapt expected an array or an iterable of arrays. Received: "
            f"{type(data).__name__}"
        )
    for batch in data:
        first = batch[0] if isinstance(batch, tuple) else batch
        if not hasattr(first, "shape"):
            raise TypeError(
                f"{who}: adapt expected an array or an iterable of arrays. Received an iterable "
                f"of {type(first).__name__}. Use np.array(data)."
            )
        yield np.asarray(first)
