"""Layers that turn signals into spectrograms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geartrain import config, ops
from geartrain.errors import warn
from geartrain.initializers import STFT
from geartrain.layers.arguments import data_format_of, one_of, positive
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.layer import COMMON_KEYS, Layer
from geartrain.ops.operands import dtype_of
from geartrain.registry import register

MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


@register("layers")
class STFTSpectrogram(Layer):
    """The short-time Fourier transform of signals, by convolutions whose kernels are waves.

    Args:
        mode: what to return of each frequency: `"magnitude"`, its logarithm (`"log"`), the power
            (`"psd"`), the `"real"` or `"imag"` part, the `"angle"`, or both parts (`"stft"`).
        frame_length: the length of the stretches that are transformed.
        frame_step: how far apart they start; half of their length if None.
        fft_length: the length of the transform; the next power of two if None.
        window: the name of a window function, weights, or None; see `initializers.STFT`.
        periodic: whether the window is one period of its function.
        scaling: `"density"` or `"spectrum"` divides by the window's length as a vector, or its
            sum; None does not.
        padding: `"valid"`, or `"same"` with zeros at the ends.
        expand_dims: whether frequencies and channels have an axis each.
        data_format: `"channels_last"` or `"channels_first"`.

    Weights: real_kernel and imag_kernel (frame_length, 1, fft_length // 2 + 1), of which the modes
    `"imag"` and `"real"` need one only. They can be trained.

    Call: float inputs (batch, time, channels) give (batch, frames, frequencies * channels).

    Raises ValueError for settings that do not go together; TypeError for inputs that are no floats.

    >>> import numpy as np
    >>> STFTSpectrogram("magnitude", frame_length=8)(np.ones((1, 32, 1), "float32")).shape
    (1, 7, 5)
    """

    config_order = (
        *COMMON_KEYS, "mode", "frame_length", "frame_step", "fft_length", "window", "periodic",
        "scaling", "padding", "data_format",
    )  # fmt: skip

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mode = one_of(self, "mode", mode, MODES)
        self.frame_length = positive(self, "frame_length", frame_length)
        self.frame_step, self.fft_length = frame_step, fft_length
        if frame_step is not None and not 1 <= frame_step <= frame_length:
            raise ValueError(
                f"{self._who()}: expected frame_step from 1 to frame_length={frame_length}. "
                f"Received: {frame_step}"
            )
        if fft_length is not None and fft_length < frame_length:
            raise ValueError(
                f"{self._who()}: expected fft_length of at least frame_length={frame_length}. "
                f"Received: {fft_length}"
            )
        if fft_length is not None and fft_length & (fft_length - 1):
            warn(f"{self._who()}: a power of two is best for fft_length. Received: {fft_length}")
        self.window, self.periodic = window, periodic
        STFT(window=window, scaling=scaling)  # a wrong name is told at once
        self.scaling = scaling
        self.padding = one_of(self, "padding", padding, ("valid", "same"))
        self.expand_dims = expand_dims
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=3)
        self._step = frame_step or frame_length // 2
        self._length = fft_length or 2 ** math.ceil(math.log2(frame_length))

    def build(self, input_shape: Any) -> None:
        """Make the kernels."""
        shape = (self.frame_length, 1, self._length // 2 + 1)
        for side, other in (("real", "imag"), ("imag", "real")):
            if self.mode != other:
                waves = STFT(side, self.window, self.scaling, self.periodic)
                name = f"{side}_kernel"
                setattr(self, name, self.add_weight(name=name, shape=shape, initializer=waves))
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The spectrogram."""
        if "float" not in dtype_of(inputs):
            raise TypeError(
                f"{self._who()}: expected signals of floats. Received: {dtype_of(inputs)}. "
                'Cast them first: ops.cast(x, "float32").'
            )
        if self.mode in ("real", "imag"):
            return self._arranged(self._waves(inputs, getattr(self, f"{self.mode}_kernel")))
        real, imag = (self._waves(inputs, k) for k in (self.real_kernel, self.imag_kernel))
        if self.mode == "angle":
            return self._arranged(ops.arctan2(imag, real))
        if self.mode == "stft":
            return self._arranged(ops.concatenate([real, imag], axis=2))
        power = ops.square(real) + ops.square(imag)
        if self.mode == "psd":  # all but the first and the last stand for two frequencies
            twice = ops.pad(power[:, :, 1:-1], [[0, 0], [0, 0], [1, 1], [0, 0]])
            return self._arranged(power + twice)
        size = self._arranged(ops.sqrt(ops.maximum(power, config.epsilon())))
        return size if self.mode == "magnitude" else ops.log(ops.maximum(size, config.epsilon()))

    def _waves(self, inputs: Any, kernel: Any) -> Any:
        """Each channel's correlation with the kernel: (batch, channels, frequencies, frames)."""
        last = self.data_format == "channels_last"
        x = ops.transpose(inputs, (0, 2, 1)) if last else inputs
        batch, channels, time = ops.shape(x)
        found = ops.conv(
            ops.reshape(x, (batch * channels, time, 1)), ops.cast(kernel, dtype_of(x)),
            strides=self._step, padding=self.padding, data_format="channels_last",
        )  # fmt: skip
        frames, frequencies = ops.shape(found)[1:]
        found = ops.reshape(found, (batch, channels, frames, frequencies))
        return ops.transpose(found, (0, 1, 3, 2))

    def _arranged(self, x: Any) -> Any:
        """(batch, channels, frequencies, frames) as the settings want it."""
        last = self.data_format == "channels_last"
        if self.expand_dims:
            return ops.transpose(x, (0, 3, 2, 1) if last else (0, 1, 3, 2))
        batch, channels, frequencies, frames = ops.shape(x)
        x = ops.reshape(x, (batch, channels * frequencies, frames))
        return ops.transpose(x, (0, 2, 1)) if last else x


def hertz_to_mel(hertz: Any) -> Any:
    """The pitch of a frequency, in mel: `1127 * log(1 + hertz / 700)`."""
    return 1127.0 * np.log1p(np.asarray(hertz, "float64") / 700.0)


@register("layers")
class MelSpectrogram(Layer):
    """The powers of a signal's pitches over time, as heard: in mel, and in decibels.

    Magnitudes of `ops.stft`, to the power of `mag_exp`, are gathered in triangles that are equally
    wide in mel, and `10 log10(power / ref_power)` is taken of them.

    Args:
        fft_length: the length of the stretches that are transformed.
        sequence_stride: how far apart they are.
        sequence_length: the length of the window; `fft_length` if None.
        window: the window, see `ops.stft`.
        sampling_rate: how many numbers of the signal are a second.
        num_mel_bins: how many pitches.
        min_freq, max_freq: the lowest and the highest frequency in hertz; half of the sampling
            rate if None.
        power_to_db: whether to return decibels; else powers.
        top_db: how far below the loudest of the whole batch the decibels go.
        mag_exp: 1 for magnitudes, 2 for powers.
        min_power: the least power that is told from 0.
        ref_power: the power that has 0 decibels.

    Call: signals (batch, time) or (time,) give (batch, num_mel_bins, frames), or without batch.

    Raises ValueError for an fft_length below sequence_length.

    >>> import numpy as np
    >>> MelSpectrogram(num_mel_bins=80, fft_length=64, sequence_stride=16)(np.ones(256)).shape
    (80, 17)
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.fft_length = positive(self, "fft_length", fft_length)
        self.sequence_stride = positive(self, "sequence_stride", sequence_stride)
        self.sequence_length = sequence_length or fft_length
        if self.fft_length < self.sequence_length:
            raise ValueError(
                f"{self._who()}: expected fft_length of at least sequence_length="
                f"{self.sequence_length}. Received: {fft_length}"
            )
        self.window, self.sampling_rate = window, sampling_rate
        self.num_mel_bins = positive(self, "num_mel_bins", num_mel_bins)
        self.min_freq, self.max_freq = min_freq, max_freq or int(sampling_rate / 2)
        self.power_to_db, self.top_db, self.mag_exp = power_to_db, top_db, mag_exp
        self.min_power, self.ref_power = min_power, ref_power

    def call(self, inputs: Any) -> Any:
        """The spectrogram."""
        wide = "float64" if self.compute_dtype == "float64" else "float32"
        real, imag = ops.stft(
            ops.cast(inputs, wide), self.sequence_length, self.sequence_stride, self.fft_length,
            window=self.window,
        )  # fmt: skip
        power = ops.power(ops.sqrt(ops.square(real) + ops.square(imag)), self.mag_exp)
        triangles = self.linear_to_mel_weight_matrix(
            self.num_mel_bins, self.fft_length // 2 + 1, self.sampling_rate, self.min_freq,
            self.max_freq, wide,
        )  # fmt: skip
        found = ops.matmul(power, triangles)
        if self.power_to_db:
            reference = math.log10(max(abs(self.ref_power), self.min_power))
            found = 10.0 * (ops.log10(ops.maximum(found, self.min_power)) - reference)
            loudest = ops.max(found, initial=-math.inf)
            found = ops.maximum(found, loudest - self.top_db)
        return ops.cast(ops.swapaxes(found, -1, -2), self.compute_dtype)

    def linear_to_mel_weight_matrix(
        self,
        num_mel_bins: int = 20,
        num_spectrogram_bins: int = 129,
        sampling_rate: float = 8000,
        lower_edge_hertz: float = 125.0,
        upper_edge_hertz: float = 3800.0,
        dtype: str = "float32",
    ) -> np.ndarray:
        """The matrix that gathers frequencies in triangles of height 1, equally wide in mel.

        Args:
            num_mel_bins: how many triangles.
            num_spectrogram_bins: how many frequencies, from 0 to half of the sampling rate.
            sampling_rate: how many numbers of the signal are a second.
            lower_edge_hertz, upper_edge_hertz: where the first begins and the last ends.
            dtype: of the matrix.

        Returns an array of shape (num_spectrogram_bins, num_mel_bins). Frequency 0 is left out.
        """
        pitches = hertz_to_mel(np.linspace(0, sampling_rate / 2, num_spectrogram_bins))[:, None]
        edges = np.linspace(
            hertz_to_mel(lower_edge_hertz), hertz_to_mel(upper_edge_hertz), num_mel_bins + 2
        )
        low, center, high = edges[:-2], edges[1:-1], edges[2:]
        rising, falling = (pitches - low) / (center - low), (high - pitches) / (high - center)
        triangles = np.maximum(np.minimum(rising, falling), 0)
        triangles[0] = 0
        return triangles.astype(dtype)
