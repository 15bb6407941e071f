"""Initializers whose values are not random."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops
from geartrain.errors import unknown_name
from geartrain.graph.dtypes import numpy_dtype, standardize_dtype
from geartrain.initializers.initializer import Initializer
from geartrain.ops.tapers import named_window
from geartrain.registry import register


@register("initializers")
class Constant(Initializer):
    """One value everywhere.

    Args:
        value: a number, or a tensor that stretches to the shape.

    >>> Constant(3.0)((2,))
    array([3., 3.], dtype=float32)
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values."""
        return ops.full(shape, self.value, standardize_dtype(dtype))


@register("initializers")
class Zeros(Initializer):
    """Zeros.

    >>> Zeros()((2,))
    array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values."""
        return ops.zeros(shape, standardize_dtype(dtype))


@register("initializers")
class Ones(Initializer):
    """Ones.

    >>> Ones()((2,))
    array([1., 1.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values."""
        return ops.ones(shape, standardize_dtype(dtype))


@register("initializers")
class Identity(Initializer):
    """`gain` on the diagonal of a matrix, 0 elsewhere.

    Args:
        gain: the number on the diagonal.

    A call raises ValueError for a shape that is not of rank 2.

    >>> Identity()((2, 3))
    array([[1., 0., 0.],
           [0., 1., 0.]], dtype=float32)
    """

    unless_default = ("gain",)

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values."""
        if len(shape) != 2:
            raise ValueError(f"Identity: expected a shape of rank 2. Received: {tuple(shape)}")
        return ops.multiply(ops.eye(*shape, dtype=standardize_dtype(dtype)), self.gain)


@register("initializers")
class STFT(Initializer):
    """Kernels of a convolution that is one side of a short-time Fourier transform.

    `window[t] * cos(-2 pi t f / fft_length)` for time t and frequency f, or the sine.

    Args:
        side: `"real"` for cosines, `"imag"` for sines.
        window: the name of a window function (`"hann"`, `"hamming"`, `"blackman"`, `"bartlett"`,
            `"boxcar"`, `"blackmanharris"`, `"nuttall"`, `"flattop"`, `"tukey"`), weights, or None.
        scaling: what divides the kernels: `"density"`, the root of the sum of the window's squares;
            `"spectrum"`, the sum of its sizes; None for nothing.
        periodic: whether the window is one period of its function.

    A call takes shapes (frame_length, 1, fft_length // 2 + 1).

    Raises ValueError for another side, window or scaling, or weights of another length.

    >>> STFT("real", window=None)((4, 1, 3))[:, 0].round(4)
    array([[ 1.,  1.,  1.],
           [ 1.,  0., -1.],
           [ 1., -1.,  1.],
           [ 1., -0., -1.]], dtype=float32)
    """

    config_order = ("side", "window", "periodic", "scaling")

    def __init__(
        self, side: str = "real", window: Any = "hann", scaling: str | None = "density",
        periodic: bool = False,
    ) -> None:  # fmt: skip
        if side not in ("real", "imag"):
            raise unknown_name("side of STFT", side, ("real", "imag"))
        if scaling not in (None, "density", "spectrum"):
            raise unknown_name("scaling of STFT", scaling, ("density", "spectrum"))
        if isinstance(window, str):
            named_window("STFT", window, 1, periodic)
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values."""
        if len(shape) != 3:
            raise ValueError(
                "STFT: expected a shape (frame_length, 1, fft_length // 2 + 1). "
                f"Received: {tuple(shape)}"
            )
        frame, _, frequencies = shape
        period = max(2 * (frequencies - 1), 1)
        turns = np.arange(frame)[:, None, None] * np.arange(frequencies) / period
        waves = np.cos(2 * np.pi * turns) if self.side == "real" else np.sin(-2 * np.pi * turns)
        if self.window is not None:
            weights = named_window("STFT", self.window, frame, self.periodic)
            size = {"density": np.linalg.norm, "spectrum": lambda w: np.abs(w).sum()}
            waves = waves * (weights / size.get(self.scaling, lambda _: 1)(weights))[:, None, None]
        return waves.astype(numpy_dtype(standardize_dtype(dtype)))
