"""Layers that pool to a given size, whatever the size of their input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain.layers.arguments import data_format_of, sizes
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.layer import Layer
from geartrain.ops.adaptive_pooling import averages, maxima
from geartrain.registry import register


class _AdaptivePooling(Layer):
    """Base: `fold` of as many windows as the output has elements."""

    axes: int
    fold: Callable[..., Any]

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_size = sizes(self, "output_size", output_size, self.axes)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self.axes + 2)

    def call(self, inputs: Any) -> Any:
        """The folded windows."""
        return type(self).fold(self._who(), inputs, self.output_size, self.data_format)


@register("layers")
class AdaptiveAveragePooling1D(_AdaptivePooling):
    """The mean of each of a given number of windows of time, feature by feature.

    Args:
        output_size: how many windows there are.
        data_format: where the features are.

    Call: inputs of shape (batch, time, features).

    Raises ValueError for sizes that are not known.

    >>> import numpy as np
    >>> AdaptiveAveragePooling1D(3)(np.zeros((5, 8, 2))).shape
    (5, 3, 2)
    """

    axes = 1
    fold = staticmethod(averages)


@register("layers")
class AdaptiveAveragePooling2D(_AdaptivePooling):
    """The mean of each of a given number of windows of height and width.

    Args:
        output_size: how many windows there are along each axis, or one number for all.
        data_format: where the channels are.

    Call: inputs of shape (batch, height, width, channels).

    Raises ValueError for sizes that are not known.

    >>> import numpy as np
    >>> AdaptiveAveragePooling2D((2, 3))(np.zeros((5, 8, 8, 2))).shape
    (5, 2, 3, 2)
    """

    axes = 2
    fold = staticmethod(averages)


@register("layers")
class AdaptiveAveragePooling3D(_AdaptivePooling):
    """The mean of each of a given number of windows of depth, height and width.

    Args:
        output_size: how many windows there are along each axis, or one number for all.
        data_format: where the channels are.

    Call: inputs of shape (batch, depth, height, width, channels).

    Raises ValueError for sizes that are not known.

    >>> import numpy as np
    >>> AdaptiveAveragePooling3D(2)(np.zeros((1, 4, 5, 6, 2))).shape
    (1, 2, 2, 2, 2)
    """

    axes = 3
    fold = staticmethod(averages)


@register("layers")
class AdaptiveMaxPooling1D(_AdaptivePooling):
    """The largest element of each of a given number of windows of time, feature by feature.

    Args:
        output_size: how many windows there are.
        data_format: where the features are.

    Call: inputs of shape (batch, time, features).

    Raises ValueError for sizes that are not known.

    >>> import numpy as np
    >>> AdaptiveMaxPooling1D(3)(np.zeros((5, 8, 2))).shape
    (5, 3, 2)
    """

    axes = 1
    fold = staticmethod(maxima)


@register("layers")
class AdaptiveMaxPooling2D(_AdaptivePooling):
    """The largest element of each of a given number of windows of height and width.

    Args:
        output_size: how many windows there are along each axis, or one number for all.
        data_format: where the channels are.

    Call: inputs of shape (batch, height, width, channels).

    Raises ValueError for sizes that are not known.

    >>> import numpy as np
    >>> AdaptiveMaxPooling2D((2, 3))(np.zeros((5, 8, 8, 2))).shape
    (5, 2, 3, 2)
    """

    axes = 2
    fold = staticmethod(maxima)


@register("layers")
class AdaptiveMaxPooling3D(_AdaptivePooling):
    """The largest element of each of a given number of windows of depth, height and width.

    Args:
        output_size: how many windows there are along each axis, or one number for all.
        data_format: where the channels are.

    Call: inputs of shape (batch, depth, height, width, channels).

    Raises ValueError for sizes that are not known.

    >>> import numpy as np
    >>> AdaptiveMaxPooling3D(2)(np.zeros((1, 4, 5, 6, 2))).shape
    (1, 2, 2, 2, 2)
    """

    axes = 3
    fold = staticmethod(maxima)
