"""Layers that take the mean or the maximum over all positions of each channel."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.layers.arguments import data_format_of
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.layer import Layer
from geartrain.ops.operands import dtype_of
from geartrain.registry import register


class _GlobalPooling(Layer):
    """Base: the spatial axes of each channel folded.

    Args:
        data_format: where the channels are.
        keepdims: keep the folded axes, with size 1.
    """

    has_state = False

    axes: int

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(self, data_format)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.axes + 2)

    @property
    def _folded(self) -> tuple[int, ...]:
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self.axes))


class _GlobalAverage(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        """The means."""
        return ops.mean(inputs, axis=self._folded, keepdims=self.keepdims)


class _GlobalMax(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        """The maxima."""
        return ops.max(inputs, axis=self._folded, keepdims=self.keepdims)


@register("layers")
class GlobalAveragePooling1D(_GlobalPooling):
    """The mean over time: (batch, time, features) becomes (batch, features).

    Args:
        data_format: where the features are.
        keepdims: keep the axis, with size 1.

    Call: timesteps that `mask` (batch, time) leaves out do not count.

    >>> GlobalAveragePooling1D()([[[1.0], [3.0]]])
    array([[2.]], dtype=float32)
    """

    axes = 1

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The means."""
        (time,) = self._folded
        if mask is None:
            return ops.mean(inputs, axis=time, keepdims=self.keepdims)
        kept = ops.expand_dims(ops.cast(mask, "bool"), 2 if time == 1 else 1)
        total = ops.sum(ops.where(kept, inputs, 0.0), axis=time, keepdims=self.keepdims)
        count = ops.sum(ops.cast(kept, dtype_of(inputs)), axis=time, keepdims=self.keepdims)
        return ops.divide(total, count)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """None: there is no time left."""
        return


@register("layers")
class GlobalAveragePooling2D(_GlobalAverage):
    """The mean over height and width: (batch, height, width, channels) becomes (batch, channels).

    Args:
        data_format: where the channels are.
        keepdims: keep the axes, with size 1.

    >>> import numpy as np
    >>> GlobalAveragePooling2D()(np.ones((5, 4, 4, 3))).shape
    (5, 3)
    """

    axes = 2


@register("layers")
class GlobalAveragePooling3D(_GlobalAverage):
    """The mean over depth, height and width of each channel.

    Args:
        data_format: where the channels are.
        keepdims: keep the axes, with size 1.

    >>> import numpy as np
    >>> GlobalAveragePooling3D()(np.ones((5, 2, 4, 4, 3))).shape
    (5, 3)
    """

    axes = 3


@register("layers")
class GlobalMaxPooling1D(_GlobalMax):
    """The maximum over time: (batch, time, features) becomes (batch, features).

    Args:
        data_format: where the features are.
        keepdims: keep the axis, with size 1.

    >>> GlobalMaxPooling1D()([[[1.0], [3.0]]])
    array([[3.]], dtype=float32)
    """

    axes = 1


@register("layers")
class GlobalMaxPooling2D(_GlobalMax):
    """The maximum over height and width of each channel.

    Args:
        data_format: where the channels are.
        keepdims: keep the axes, with size 1.

    >>> import numpy as np
    >>> GlobalMaxPooling2D(keepdims=True)(np.ones((5, 4, 4, 3))).shape
    (5, 1, 1, 3)
    """

    axes = 2


@register("layers")
class GlobalMaxPooling3D(_GlobalMax):
    """The maximum over depth, height and width of each channel.

    Args:
        data_format: where the channels are.
        keepdims: keep the axes, with size 1.

    >>> import numpy as np
    >>> GlobalMaxPooling3D()(np.ones((5, 2, 4, 4, 3))).shape
    (5, 3)
    """

    axes = 3
