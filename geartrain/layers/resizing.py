"""Layers that crop, pad or enlarge along time, or height and width, or depth, height and width."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.layers.arguments import borders, data_format_of, one_of, size_to_compute, sizes
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.layer import Layer
from geartrain.ops import image
from geartrain.ops.image.sizes import INTERPOLATIONS
from geartrain.registry import register


class _Spatial(Layer):
    """Base: a layer for inputs of `axes` spatial axes, before or behind the channels."""

    axes: int

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self.axes + 2)

    @property
    def _first(self) -> int:
        """The first spatial axis."""
        return 2 if self.data_format == "channels_first" else 1


class _Cropping(_Spatial):
    _borders: tuple[tuple[int, int], ...]

    def call(self, inputs: Any) -> Any:
        """The inputs without their borders."""
        key = [slice(None)] * self._first
        for axis, (before, after) in enumerate(self._borders, self._first):
            size = inputs.shape[axis]
            if size is not None and before + after >= size:
                raise ValueError(
                    f"{self._who()}: expected a cropping smaller than the input's size {size} "
                    f"along axis {axis}. Received: {(before, after)}, input of shape "
                    f"{tuple(inputs.shape)}"
                )
            key.append(slice(before, -after or None))
        return inputs[tuple(key)]


@register("layers")
class Cropping1D(_Cropping):
    """Drops the first and last timesteps.

    Args:
        cropping: how many to drop before and after, or one number for both.

    Call: inputs of shape (batch, time, features).

    Raises ValueError if nothing would be left.

    >>> import numpy as np
    >>> Cropping1D((1, 2))(np.zeros((5, 10, 3))).shape
    (5, 7, 3)
    """

    axes = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__("channels_last", **kwargs)
        pair = (cropping, cropping) if isinstance(cropping, int) else cropping
        self._borders = borders(self, "cropping", [pair], 1)
        self.cropping = self._borders[0]


@register("layers")
class Cropping2D(_Cropping):
    """Drops the border of images.

    Args:
        cropping: one number; or (height, width); or ((top, bottom), (left, right)).
        data_format: where the channels are.

    Call: inputs of shape (batch, height, width, channels).

    Raises ValueError if nothing would be left.

    >>> import numpy as np
    >>> Cropping2D(((1, 2), (3, 0)))(np.zeros((5, 10, 10, 3))).shape
    (5, 7, 7, 3)
    """

    axes = 2

    def __init__(
        self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.cropping = self._borders = borders(self, "cropping", cropping, 2)


@register("layers")
class Cropping3D(_Cropping):
    """Drops the border of volumes.

    Args:
        cropping: one number; or three; or three pairs (before, after).
        data_format: where the channels are.

    Call: inputs of shape (batch, depth, height, width, channels).

    Raises ValueError if nothing would be left.

    >>> import numpy as np
    >>> Cropping3D(1)(np.zeros((5, 4, 4, 4, 2))).shape
    (5, 2, 2, 2, 2)
    """

    axes = 3

    def __init__(
        self,
        cropping: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.cropping = self._borders = borders(self, "cropping", cropping, 3)


class _ZeroPadding(_Spatial):
    _borders: tuple[tuple[int, int], ...]

    def call(self, inputs: Any) -> Any:
        """The inputs with zeros around them."""
        behind = self.axes + 2 - self._first - self.axes
        return ops.pad(inputs, ((0, 0),) * self._first + self._borders + ((0, 0),) * behind)


@register("layers")
class ZeroPadding1D(_ZeroPadding):
    """Adds timesteps of zeros.

    Args:
        padding: how many to add before and after, or one number for both.
        data_format: where the features are.

    Call: inputs of shape (batch, time, features).

    >>> import numpy as np
    >>> ZeroPadding1D((2, 0))(np.zeros((5, 10, 3))).shape
    (5, 12, 3)
    """

    axes = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        pair = (padding, padding) if isinstance(padding, int) else padding
        self._borders = borders(self, "padding", [pair], 1)
        self.padding = self._borders[0]


@register("layers")
class ZeroPadding2D(_ZeroPadding):
    """Adds a border of zeros around images.

    Args:
        padding: one number; or (height, width); or ((top, bottom), (left, right)).
        data_format: where the channels are.

    Call: inputs of shape (batch, height, width, channels).

    >>> import numpy as np
    >>> ZeroPadding2D(1)(np.zeros((5, 8, 8, 3))).shape
    (5, 10, 10, 3)
    """

    axes = 2

    def __init__(
        self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.padding = self._borders = borders(self, "padding", padding, 2)


@register("layers")
class ZeroPadding3D(_ZeroPadding):
    """Adds a border of zeros around volumes.

    Args:
        padding: one number; or three; or three pairs (before, after).
        data_format: where the channels are.

    Call: inputs of shape (batch, depth, height, width, channels).

    >>> import numpy as np
    >>> ZeroPadding3D(1)(np.zeros((1, 2, 2, 2, 3))).shape
    (1, 4, 4, 4, 3)
    """

    axes = 3

    def __init__(
        self,
        padding: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.padding = self._borders = borders(self, "padding", padding, 3)


class _UpSampling(_Spatial):
    _factors: tuple[int, ...]

    def call(self, inputs: Any) -> Any:
        """The inputs with every element repeated along the spatial axes."""
        for axis, factor in enumerate(self._factors, self._first):
            inputs = ops.repeat(inputs, factor, axis=axis)
        return inputs


@register("layers")
class UpSampling1D(_UpSampling):
    """Repeats each timestep.

    Args:
        size: how often.

    Call: inputs of shape (batch, time, features).

    >>> import numpy as np
    >>> UpSampling1D(3)(np.zeros((5, 4, 2))).shape
    (5, 12, 2)
    """

    axes = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__("channels_last", **kwargs)
        self._factors = sizes(self, "size", size, 1)
        self.size = self._factors[0]


@register("layers")
class UpSampling2D(_UpSampling):
    """Enlarges images by repeating their pixels, or drawing lines between them.

    Args:
        size: the factor for height and width, or one number for both.
        data_format: where the channels are.
        interpolation: `"nearest"` repeats pixels; `"bilinear"`, `"bicubic"`, `"lanczos3"` and
            `"lanczos5"` weigh those around, as `ops.image.resize` does.

    Call: inputs of shape (batch, height, width, channels).

    Raises ValueError for another interpolation; but for "nearest" also for a height or width
    unknown.

    >>> UpSampling2D((1, 2))([[[[0.0], [1.0]]]]).reshape(-1)
    array([0., 0., 1., 1.], dtype=float32)
    >>> UpSampling2D((1, 2), interpolation="bilinear")([[[[0.0], [1.0]]]]).reshape(-1)
    array([0.  , 0.25, 0.75, 1.  ], dtype=float32)
    """

    axes = 2

    def __init__(
        self,
        size: Any = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.size = self._factors = sizes(self, "size", size, 2)
        name = interpolation.lower() if isinstance(interpolation, str) else interpolation
        self.interpolation = one_of(self, "interpolation", name, INTERPOLATIONS)

    def call(self, inputs: Any) -> Any:
        """The enlarged images."""
        if self.interpolation == "nearest":
            return super().call(inputs)
        size = [
            size_to_compute(self, inputs.shape, axis) * factor
            for axis, factor in enumerate(self._factors, self._first)
        ]
        return image.resize(inputs, size, self.interpolation, data_format=self.data_format)


@register("layers")
class UpSampling3D(_UpSampling):
    """Enlarges volumes by repeating their elements.

    Args:
        size: the factor for depth, height and width, or one number for all.
        data_format: where the channels are.

    Call: inputs of shape (batch, depth, height, width, channels).

    >>> import numpy as np
    >>> UpSampling3D(2)(np.zeros((1, 2, 2, 2, 1))).shape
    (1, 4, 4, 4, 1)
    """

    axes = 3

    def __init__(
        self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.size = self._factors = sizes(self, "size", size, 3)
