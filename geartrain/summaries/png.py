"""Pictures as PNG, by zlib alone."""

from __future__ import annotations

import struct
import zlib

import numpy as np

_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}  # the kind of colours by the number of channels


def encode_png(pixels: np.ndarray) -> bytes:
    """A PNG file of bytes of shape (height, width, channels): grey, grey and alpha, RGB, RGBA.

    Source: the PNG specification of the W3C; rows without a filter, no interlacing.

    >>> encode_png(np.zeros((2, 3, 1), "uint8"))[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    height, width, channels = pixels.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
