"""WAV files: samples as numbers from -1 to 1."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np

from geartrain.data.elements import as_tensor
from geartrain.errors import shown

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE


def decode_wav(
    contents: Any, desired_channels: int = -1, desired_samples: int = -1, name: str | None = None
) -> tuple[Any, Any]:
    """The samples of a WAV file, float32 of shape (samples, channels), and its sampling rate.

    Whole numbers of b bits are divided by 2^(b-1), those of 8 bits less 128 before.

    Args:
        contents: the bytes of the file.
        desired_channels: how many channels to return; what is missing is zeros. -1 for all.
        desired_samples: the same of samples.
        name: accepted as in TensorFlow.

    Raises ValueError for what is no such file, or is compressed.
    """
    found = as_tensor(contents)
    data = found.numpy() if hasattr(found, "numpy") else contents
    if not isinstance(data, bytes) or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError(f"decode_wav: expected the bytes of a WAV file. Received: {shown(data)}")
    kind = channels = rate = bits = 0
    place = 12
    while place + 8 <= len(data):
        name_of, size = struct.unpack_from("<4sI", data, place)
        body = data[place + 8 : place + 8 + size]
        if name_of == b"fmt " and len(body) >= 16:
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
            if kind == _EXTENSIBLE and len(body) >= 26:
                (kind,) = struct.unpack_from("<H", body, 24)
        elif name_of == b"data" and channels:
            samples = _numbers(body, kind, bits)
            samples = samples[: len(samples) // channels * channels].reshape(-1, channels)
            samples = cut_or_filled(samples, desired_samples, desired_channels)
            return as_tensor(samples), as_tensor(np.int32(rate))
        place += 8 + size + size % 2
    raise ValueError(
        "decode_wav: expected a WAV file with a format and samples. Received: one that ends "
        f"before, of {len(data)} bytes"
    )


def _numbers(body: bytes, kind: int, bits: int) -> np.ndarray:
    size = bits // 8
    body = body[: len(body) // size * size] if size else body
    if kind == _FLOAT and bits in (32, 64):
        return np.frombuffer(body, f"<f{size}").astype("float32")
    if kind == _PCM and bits == 8:
        return (np.frombuffer(body, "u1").astype("float32") - 128) / 128
    if kind == _PCM and bits in (16, 32):
        return (np.frombuffer(body, f"<i{size}") / 2.0 ** (bits - 1)).astype("float32")
    if kind == _PCM and bits == 24:
        wide = np.zeros((len(body) // 3, 4), "u1")
        wide[:, 1:] = np.frombuffer(body, "u1").reshape(-1, 3)
        return (wide.view("<i4")[:, 0] / 2.0**31).astype("float32")
    raise ValueError(
        "decode_wav: expected whole numbers of 8, 16, 24 or 32 bits, or floats. "
        f"Received: format {kind} of {bits} bits. Convert the file to 16-bit PCM first."
    )


def cut_or_filled(samples: np.ndarray, rows: int, channels: int) -> np.ndarray:
    """So many rows and channels: cut, or filled up with zeros; -1 for all."""
    rows = samples.shape[0] if rows < 0 else rows
    channels = samples.shape[1] if channels < 0 else channels
    found = np.zeros((rows, channels), "float32")
    part = samples[:rows, :channels]
    found[: part.shape[0], : part.shape[1]] = part
    return found


def resampled(samples: Any, rate: int, wanted: int) -> Any:
    """Samples at another rate: each weighs its neighbours by a sine cardinal under a wider one.

    `y(t) = sum_n x(n) h(t - n)` with `h(u) = c sinc(c u) cos^2(pi u c / 2 w)` for `|u| < w / c`,
    `w = 16` and `c = min(1, wanted / rate)`, so that no tone above half the lower rate is left.

    Args:
        samples: (samples, channels).
        rate: samples a second.
        wanted: those of the result.

    >>> resampled(np.ones((8, 1), "float32"), 8, 4).shape
    (4, 1)
    """
    samples = np.asarray(samples)
    if rate == wanted or not len(samples):
        return samples
    count = math.ceil(len(samples) * wanted / rate)
    cut = min(1.0, wanted / rate)
    reach = math.ceil(16 / cut)
    place = np.arange(count) * (rate / wanted)
    nearest = np.floor(place).astype(int)
    total: Any = np.zeros((count, samples.shape[1]))
    weight = np.zeros(count)
    for step in range(-reach + 1, reach + 1):
        source = nearest + step
        distance = (place - source) * cut
        share = np.where(
            np.abs(distance) < 16, np.sinc(distance) * np.cos(np.pi * distance / 32) ** 2, 0
        )
        there = (source >= 0) & (source < len(samples))
        total += samples[np.clip(source, 0, len(samples) - 1)] * (share * there)[:, None]
        weight += share
    return (total / weight[:, None]).astype("float32")
