"""The discrete Fourier transform, and spectrograms.

Complex numbers are pairs of tensors (real, imaginary), as in Keras: there is no complex dtype in
graphs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from geartrain.graph.op import Op, Opaque, Sample
from geartrain.graph.shapes import Extent, Spec, apply, public
from geartrain.ops import views
from geartrain.ops.arithmetic import divide, divide_no_nan, multiply
from geartrain.ops.folds import sum_
from geartrain.ops.operands import (
    Tensor,
    as_float,
    dtype_of,
    extents_of,
    operand,
    promoted,
    rank_of,
)
from geartrain.ops.rearranging import pad
from geartrain.ops.reductions import known_size
from geartrain.ops.shaping import concatenate, reshape, stack, swapaxes
from geartrain.ops.spatial import whole_numbers
from geartrain.ops.tapers import named_window
from geartrain.ops.windows import unwindow, window

__all__ = ["extract_sequences", "fft", "fft2", "ifft2", "irfft", "istft", "rfft", "stft"]

PRECISIONS = ("float32", "float64")


def _infer(x: Spec, inverse: bool) -> Spec:
    if len(x.shape) < 2 or x.shape[-1] != 2 or x.dtype not in PRECISIONS:
        raise ValueError(
            "fourier: expected pairs of float32 or float64 in the last axis, behind the axis to "
            f"transform. Received: {x.dtype} of shape {public(x.shape)}"
        )
    return x


def _reference(x: np.ndarray, inverse: bool) -> np.ndarray:
    """Neither direction is scaled."""
    if not x.size:
        return x
    whole = np.ascontiguousarray(x).view(f"complex{8 * 2 * x.itemsize}")[..., 0]
    made = np.fft.ifft(whole, norm="forward") if inverse else np.fft.fft(whole)
    return made.astype(whole.dtype, copy=False)[..., None].view(x.dtype)


def _samples() -> Iterable[Sample]:
    values = np.random.default_rng(0).normal(size=(2, 5, 2))
    yield Sample((values,), {"inverse": False})
    yield Sample((values[0],), {"inverse": True})


# y[k] = sum of x[n] * exp(-2 pi i n k / size) over n, of numbers as pairs in the last axis, along
# the axis before; with exp(+...) for the inverse. Each is the other's transpose.
fourier: Op = Op(
    "fourier", _infer, _reference,
    lambda g, y, x, inverse: (fourier(g, inverse=not inverse),), Opaque(), _samples,
)  # fmt: skip


def _pair(who: str, x: Any, rank: int = 1) -> Tensor:
    """A pair of tensors as one, with an axis of 2 behind."""
    if not isinstance(x, list | tuple) or len(x) != 2:
        raise ValueError(
            f"{who}: expected a pair of tensors (real, imaginary). Received: {type(x).__name__}"
            f"{f' of {len(x)}' if isinstance(x, list | tuple) else ''}"
        )
    real, imaginary = promoted(*x)
    shapes = [extents_of(part) for part in (real, imaginary)]
    if shapes[0] != shapes[1] or len(shapes[0]) < rank:
        raise ValueError(
            f"{who}: expected real and imaginary parts of one shape, with {rank} axes or more. "
            f"Received: shapes {public(shapes[0])} and {public(shapes[1])}"
        )
    if dtype_of(real) not in PRECISIONS:
        raise ValueError(
            f"{who}: expected tensors of float32 or float64. Received: {dtype_of(real)}. "
            'Cast them first: ops.cast(x, "float32").'
        )
    return stack([real, imaginary], axis=-1)


def _parts(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[..., 0], x[..., 1]


def fft(x: Any) -> tuple[Tensor, Tensor]:
    """The Fourier transform along the last axis: `y[k] = sum(x[n] exp(-2 pi i n k / size))`.

    Args:
        x: a pair of float tensors of one shape, the real and the imaginary parts.

    Returns the real and the imaginary parts of the transform, of the same shape.

    Raises ValueError for anything but such a pair.

    >>> real, imaginary = fft(([1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0]))
    >>> real, imaginary
    (array([10., -2., -2., -2.], dtype=float32), array([ 0.,  2.,  0., -2.], dtype=float32))
    """
    return _parts(fourier(_pair("fft", x), inverse=False))


def _twice(x: Tensor, inverse: bool) -> Tensor:
    x = swapaxes(fourier(x, inverse=inverse), -2, -3)
    return swapaxes(fourier(x, inverse=inverse), -2, -3)


def fft2(x: Any) -> tuple[Tensor, Tensor]:
    """The Fourier transform along the last two axes; see `fft`.

    >>> real, imaginary = fft2(([[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]))
    >>> real
    array([[10., -2.],
           [-4.,  0.]], dtype=float32)
    """
    return _parts(_twice(_pair("fft2", x, rank=2), inverse=False))


def ifft2(x: Any) -> tuple[Tensor, Tensor]:
    """What `fft2` transforms into x: the inverse along the last two axes.

    >>> real, imaginary = ifft2(fft2(([[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]])))
    >>> real
    array([[1., 2.],
           [3., 4.]], dtype=float32)
    """
    pair = _pair("ifft2", x, rank=2)
    count = known_size(x[0] if hasattr(x[0], "shape") else operand(x[0]), "ifft2")
    rows = extents_of(pair)[-3]
    if not isinstance(rows, int):
        known_size(swapaxes(pair, -1, -3), "ifft2")
    return _parts(divide(_twice(pair, inverse=True), count * rows))


def _cut(x: Tensor, axis: int, size: int) -> Tensor:
    """The axis cut, or filled with zeros, to that size."""
    extent = extents_of(x)[axis]
    if extent == size:
        return x
    low = high = [0] * rank_of(x)
    if isinstance(extent, int) and extent < size:
        high = list(high)
        high[axis] = size - extent
        return views.pad(x, low=tuple(low), high=tuple(high), interior=(0,) * rank_of(x))
    extents = list(extents_of(x))
    extents[axis] = size
    return views.slice_(x, start=tuple(low), length=tuple(extents), step=(1,) * rank_of(x))


def rfft(x: Tensor, fft_length: int | None = None) -> tuple[Tensor, Tensor]:
    """The Fourier transform of real numbers along the last axis: its first half, which tells all.

    Args:
        x: tensor of real numbers, at least one axis.
        fft_length: cut or fill x with zeros to this size first; its own if None.

    Returns the real and imaginary parts, with `fft_length // 2 + 1` elements in the last axis.

    Raises ValueError for a length below 1, or an axis whose size is not known yet.

    >>> real, imaginary = rfft([0.0, 1.0, 2.0, 3.0])
    >>> real, imaginary
    (array([ 6., -2., -2.], dtype=float32), array([0., 2., 0.], dtype=float32))
    """
    x = as_float(x)
    if dtype_of(x) not in PRECISIONS:
        raise TypeError(
            f"rfft: expected float32 or float64. Received: {dtype_of(x)}. Cast the tensor first."
        )
    (size,) = (
        (known_size(x, "rfft"),)
        if fft_length is None
        else whole_numbers("rfft", "fft_length", fft_length, 1)
    )
    x = _cut(x, rank_of(x) - 1, size)
    zeros = multiply(x, 0)
    return _parts(fourier(stack([x, zeros], axis=-1), inverse=False)[..., : size // 2 + 1, :])


def irfft(x: Any, fft_length: int | None = None) -> Tensor:
    """The real numbers that `rfft` transforms into x.

    Args:
        x: a pair of float tensors, the real and imaginary parts of the first half.
        fft_length: how many numbers; twice the last axis less one if None.

    Raises ValueError for anything but such a pair, or a length below 1.

    >>> irfft(rfft([0.0, 1.0, 2.0, 3.0]))
    array([0., 1., 2., 3.], dtype=float32)
    """
    pair = _pair("irfft", x)
    axis = rank_of(pair) - 2
    size = fft_length
    if size is None:
        size = 2 * (known_size(pair[..., 0], "irfft") - 1)
    (size,) = whole_numbers("irfft", "fft_length", size, 1)
    half = _cut(pair, axis, size // 2 + 1)
    mirrored = views.flip(half[..., 1 : (size + 1) // 2, :], [axis])
    whole = concatenate([half, multiply(mirrored, np.asarray([1, -1], dtype_of(half)))], axis)
    # The first number (and the last, of an even size) has no partner, so no imaginary part.
    return divide(fourier(whole, inverse=True)[..., 0], size)


def extract_sequences(x: Tensor, sequence_length: int, sequence_stride: int) -> Tensor:
    """The stretches of a signal that start at every `sequence_stride`-th place.

    Args:
        x: tensor whose last axis is the signal.
        sequence_length: how long they are.
        sequence_stride: how far apart they start.

    Returns a tensor of shape (..., stretches, sequence_length); what is left over is dropped.

    Raises ValueError for a length longer than the signal.

    >>> extract_sequences([1, 2, 3, 4, 5], 3, 2)
    array([[1, 2, 3],
           [3, 4, 5]], dtype=int32)
    """
    x = operand(x)
    who = "extract_sequences"
    (size,) = whole_numbers(who, "sequence_length", sequence_length, 1)
    (stride,) = whole_numbers(who, "sequence_stride", sequence_stride, 1)
    total: Extent = extents_of(x)[-1] if rank_of(x) else 0
    if isinstance(total, int) and total < size:
        raise ValueError(
            f"{who}: expected a signal of at least sequence_length={size}. "
            f"Received: shape {public(extents_of(x))}"
        )
    count = apply("floordiv", total - size, stride) + 1
    return window(
        x, axes=(rank_of(x) - 1,), counts=(count,), sizes=(size,), strides=(stride,),
        dilations=(1,), paired=False,
    )  # fmt: skip


def _weights(who: str, kind: Any, sequence_length: int, fft_length: int, dtype: str) -> Tensor:
    """The window function, with zeros on both sides up to the transform's length."""
    if fft_length < sequence_length:
        raise ValueError(
            f"{who}: expected fft_length of at least sequence_length={sequence_length}. "
            f"Received: {fft_length}"
        )
    if kind is None:
        return np.ones(fft_length, dtype)
    if isinstance(kind, str) and kind not in ("hann", "hamming"):
        raise ValueError(
            f"{who}: expected window 'hann' or 'hamming', a vector of weights, or None. "
            f"Received: {kind!r}"
        )
    weights = named_window(who, kind, sequence_length, periodic=True).astype(dtype)
    before = (fft_length - sequence_length) // 2
    return pad(weights, [[before, fft_length - sequence_length - before]])


def stft(
    x: Tensor, sequence_length: int, sequence_stride: int, fft_length: int,
    window: Any = "hann", center: bool = True,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The short-time Fourier transform: `rfft` of stretches of a signal, each times a window.

    Args:
        x: tensor of float32 or float64 whose last axis is the signal.
        sequence_length: the length of the window.
        sequence_stride: how far apart the stretches start.
        fft_length: the length of the stretches and their transform; the window is in the middle.
        window: "hann", "hamming", a vector of `sequence_length` weights, or None for ones.
        center: whether stretch t is around t * sequence_stride, with the signal mirrored at
            its ends, rather than behind it.

    Returns the real and imaginary parts, of shape (..., stretches, fft_length // 2 + 1).

    Raises:
        TypeError: for another dtype.
        ValueError: for an fft_length below sequence_length, or another window.

    >>> real, imaginary = stft(np.ones(8, "float32"), 4, 2, 4)
    >>> real.shape
    (5, 3)
    """
    x = operand(x)
    if dtype_of(x) not in PRECISIONS:
        raise TypeError(f"stft: expected x of float32 or float64. Received: {dtype_of(x)}")
    weights = _weights("stft", window, sequence_length, fft_length, dtype_of(x))
    if center:
        border = (fft_length // 2, fft_length // 2)
        x = pad(x, [(0, 0)] * (rank_of(x) - 1) + [border], mode="reflect")
    return rfft(multiply(extract_sequences(x, fft_length, sequence_stride), weights))


def istft(
    x: Any, sequence_length: int, sequence_stride: int, fft_length: int,
    length: int | None = None, window: Any = "hann", center: bool = True,
) -> Tensor:  # fmt: skip
    """The signal whose `stft` is x: stretches times the window, added up where they overlap.

    The sum is divided by that of the squared windows, so that the signal of an unchanged `stft`
    comes out as it was. Without a window it is not divided.

    Args:
        x: a pair of float tensors (real, imaginary) as of `stft`.
        sequence_length, sequence_stride, fft_length, window, center: as they were for `stft`.
        length: the length of the result; that of all stretches if None.

    Raises ValueError for anything but such a pair, and as `stft` does.

    >>> signal = np.arange(8, dtype="float32")
    >>> istft(stft(signal, 4, 2, 4), 4, 2, 4).round(4)
    array([0., 1., 2., 3., 4., 5., 6., 7.], dtype=float32)
    """
    pair = _pair("istft", x, rank=2)
    weights = _weights("istft", window, sequence_length, fft_length, dtype_of(pair))
    stretches = irfft(_parts(pair), fft_length)
    signal = _overlapped(multiply(stretches, weights), sequence_stride)
    if window is not None:
        signal = divide_no_nan(signal, _overlapped(_squares(stretches, weights), sequence_stride))
    start = fft_length // 2 if center else 0
    total = extents_of(signal)[-1]
    if length is not None:
        return signal[..., start : start + length]
    return signal[..., start : total - start]


def _squares(stretches: Tensor, weights: Tensor) -> Tensor:
    """The squares of the weights, for each stretch."""
    count, size = extents_of(stretches)[-2:]
    return views.expand(reshape(multiply(weights, weights), (1, size)), shape=(count, size))


def _overlapped(stretches: Tensor, stride: int) -> Tensor:
    """The sum of stretches (..., count, size), each put `stride` behind the one before.

    Each is cut into pieces of the stride, so that piece c of stretch t belongs to place t + c.
    """
    *front, count, size = extents_of(stretches)
    pieces = -(-known_size(stretches, "istft") // stride)
    axis = len(front)
    cut = _cut(stretches, axis + 1, pieces * stride)
    cut = views.reshape(cut, shape=(*front, count, pieces, stride))
    places = count + pieces - 1
    moved = unwindow(
        cut, axes=(axis,), lengths=(places,), sizes=(pieces,), strides=(1,), dilations=(1,),
        starts=(0,), paired=True,
    )  # fmt: skip
    added = views.reshape(sum_(moved, axes=(axis + 1,)), shape=(*front, places * stride))
    return added[..., : (count - 1) * stride + size]
