"""`tf.signal`: Fourier transforms, windows and frames. Complex results have no gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops
from geartrain.compat.tensorflow.creation import convert_to_tensor
from geartrain.compat.tensorflow.shapes import shape_of
from geartrain.compat.tensorflow.tensor import tensor
from geartrain.ops.operands import extents_of, operand


def _array(x: Any) -> np.ndarray:
    return np.asarray(convert_to_tensor(x))


def _narrow(made: np.ndarray, like: Any) -> Any:
    """NumPy's result in the precision of the input."""
    wide = _array(like).dtype.name in ("float64", "complex128")
    kind = ("complex128" if wide else "complex64") if made.dtype.kind == "c" else (
        "float64" if wide else "float32")  # fmt: skip
    return tensor(made.astype(kind))


def fft(input: Any, name: str | None = None) -> Any:
    """The Fourier transform along the last axis."""
    return _narrow(np.fft.fft(_array(input)), input)


def ifft(input: Any, name: str | None = None) -> Any:
    """The inverse Fourier transform along the last axis."""
    return _narrow(np.fft.ifft(_array(input)), input)


def fft2d(input: Any, name: str | None = None) -> Any:
    """The Fourier transform along the last two axes."""
    return _narrow(np.fft.fft2(_array(input)), input)


def ifft2d(input: Any, name: str | None = None) -> Any:
    """The inverse Fourier transform along the last two axes."""
    return _narrow(np.fft.ifft2(_array(input)), input)


def _length(fft_length: Any) -> int | None:
    return None if fft_length is None else int(np.ravel(np.asarray(fft_length))[0])


def rfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """The Fourier transform of real numbers along the last axis: its first half."""
    return _narrow(np.fft.rfft(_array(input_tensor), _length(fft_length)), input_tensor)


def irfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """Real numbers of the first half of their Fourier transform."""
    return _narrow(np.fft.irfft(_array(input_tensor), _length(fft_length)), input_tensor)


def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """The frequency 0 moved to the middle."""
    return tensor(np.fft.fftshift(_array(x), axes))


def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """The frequency 0 moved to the beginning."""
    return tensor(np.fft.ifftshift(_array(x), axes))


def _window(name: str, shares: tuple[float, ...]) -> Any:
    def window(
        window_length: Any, periodic: bool = True, dtype: Any = "float32", name: str | None = None
    ) -> Any:
        length = int(window_length)
        turns = 2 * np.pi * np.arange(length) / max(length - (not periodic), 1)
        made = sum(share * np.cos(n * turns) for n, share in enumerate(shares))
        return tensor(np.asarray(made if length > 1 else np.ones(length), str(dtype)))

    window.__name__ = window.__qualname__ = name
    window.__doc__ = "A window: sums of cosines, low at both ends."
    return window


hann_window = _window("hann_window", (0.5, -0.5))
hamming_window = _window("hamming_window", (0.54, -0.46))


def frame(
    signal: Any, frame_length: Any, frame_step: Any, pad_end: bool = False, pad_value: Any = 0,
    axis: int = -1, name: str | None = None,
) -> Any:  # fmt: skip
    """Pieces of a signal along its last axis, each a step after the one before."""
    x, length, step = operand(signal), int(frame_length), int(frame_step)
    if axis not in (-1, len(extents_of(x)) - 1):
        raise ValueError(f"tf.signal.frame: expected the last axis. Received: axis={axis}")
    size = extents_of(x)[-1]
    if pad_end:
        count = -(-size // step)
        missing = max(0, (count - 1) * step + length - size)
        x = ops.pad(
            x, [*[[0, 0]] * (len(extents_of(x)) - 1), [0, missing]], constant_values=pad_value
        )
    else:
        count = max(0, 1 + (size - length) // step)
    places = np.arange(count)[:, None] * step + np.arange(length)[None]
    return ops.take(x, places.astype("int32"), axis=-1)


def overlap_and_add(signal: Any, frame_step: Any, name: str | None = None) -> Any:
    """A signal of pieces, added where they overlap."""
    array, step = _array(signal), int(frame_step)
    count, length = array.shape[-2:]
    made = np.zeros((*array.shape[:-2], (count - 1) * step + length), array.dtype)
    for n in range(count):
        made[..., n * step : n * step + length] += array[..., n, :]
    return tensor(made)


def stft(
    signals: Any, frame_length: Any, frame_step: Any, fft_length: Any = None,
    window_fn: Any = hann_window, pad_end: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The Fourier transforms of windows of a signal: (..., frames, frequencies)."""
    length = int(frame_length)
    size = int(fft_length) if fft_length is not None else 1 << (length - 1).bit_length()
    pieces = frame(signals, length, frame_step, pad_end)
    if window_fn is not None:
        pieces = pieces * window_fn(length, dtype="float32")
    return rfft(pieces, [size])


def inverse_stft(
    stfts: Any, frame_length: Any, frame_step: Any, fft_length: Any = None,
    window_fn: Any = hann_window, name: str | None = None,
) -> Any:  # fmt: skip
    """A signal of the Fourier transforms of its windows."""
    length = int(frame_length)
    pieces = irfft(stfts, fft_length)[..., :length]
    if window_fn is not None:
        pieces = pieces * window_fn(length, dtype="float32")
    return overlap_and_add(pieces, frame_step)


def linear_to_mel_weight_matrix(
    num_mel_bins: Any = 20, num_spectrogram_bins: Any = 129, sample_rate: Any = 8000,
    lower_edge_hertz: Any = 125.0, upper_edge_hertz: Any = 3800.0, dtype: Any = "float32",
    name: str | None = None,
) -> Any:  # fmt: skip
    """What brings frequencies onto the mel scale, 1127 log(1 + f / 700): triangles."""

    def mel(hertz: Any) -> Any:
        return 1127.0 * np.log1p(np.asarray(hertz, "float64") / 700.0)

    frequencies = mel(np.linspace(0.0, float(sample_rate) / 2, int(num_spectrogram_bins))[1:])
    edges = np.linspace(mel(lower_edge_hertz), mel(upper_edge_hertz), int(num_mel_bins) + 2)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies[:, None] - low) / (middle - low)
    falling = (high - frequencies[:, None]) / (high - middle)
    made = np.maximum(0.0, np.minimum(rising, falling))
    return tensor(np.pad(made, [(1, 0), (0, 0)]).astype(str(dtype)))


def dct(
    input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The discrete cosine transform of type 2 along the last axis."""
    if type != 2:
        raise ValueError(f"tf.signal.dct: expected type=2. Received: type={type}")
    x = operand(input)
    size = shape_of(x.shape)[-1]
    places = np.arange(size)
    matrix = 2 * np.cos(np.pi * (places[:, None] + 0.5) * places / size)
    if norm == "ortho":
        matrix = matrix * np.where(places == 0, np.sqrt(1 / (4 * size)), np.sqrt(1 / (2 * size)))
    return ops.matmul(x, matrix.astype("float32"))


__all__ = [
    "dct", "fft", "fft2d", "fftshift", "frame", "hamming_window", "hann_window", "ifft", "ifft2d",
    "ifftshift", "inverse_stft", "irfft", "linear_to_mel_weight_matrix", "overlap_and_add", "rfft",
    "stft",
]  # fmt: skip
