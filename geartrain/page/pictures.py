"""Arrays as pictures that a browser draws: bytes, with how many there are and how large."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np


def sprite(images: Any, signed: bool = False) -> dict[str, Any]:
    """Pictures of (samples, height, width, channels), from their least to their greatest value.

    Args:
        images: the values; with 1 or 3 channels.
        signed: whether zero stays in the middle: byte 128 is 0, each picture by its own scale.

    >>> sprite(np.zeros((2, 4, 4, 1)))["count"]
    2
    """
    values = np.asarray(images, "float32")
    if signed:
        scale = np.abs(values).max(axis=(1, 2, 3), keepdims=True)
        values = 128 + 127 * values / np.where(scale > 0, scale, 1)
    else:
        least, most = (values.min(), values.max()) if values.size else (0.0, 1.0)
        values = 255 * (values - least) / (most - least if most > least else 1)
    count, height, width, channels = values.shape
    pixels = np.rint(values).astype("uint8").tobytes()
    return {
        "count": count, "height": height, "width": width, "channels": channels,
        "pixels": base64.b64encode(pixels).decode(),
    }  # fmt: skip


def histogram(values: Any, bins: int = 40) -> dict[str, Any]:
    """How often values occur: `counts` of equal bins between `least` and `most`.

    >>> histogram(np.array([0.0, 0.0, 1.0]), bins=2)["counts"]
    [2, 1]
    """
    values = np.asarray(values).ravel()
    finite = values[np.isfinite(values)]
    least, most = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if most <= least:
        least, most = least - 0.5, most + 0.5
    counts, _ = np.histogram(finite, bins, (least, most))
    return {
        "least": least, "most": most, "counts": counts.tolist(),
        "mean": float(finite.mean()) if finite.size else None,
        "norm": float(np.linalg.norm(finite)), "lost": int(values.size - finite.size),
    }  # fmt: skip
