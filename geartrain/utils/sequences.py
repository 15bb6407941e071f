"""Sequences of unequal lengths, brought to one length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain.errors import shown

_SIDES = ("pre", "post")


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Sequences as one array: shorter ones filled up with `value`, longer ones cut.

    Args:
        sequences: sequences of numbers, or of vectors of one size.
        maxlen: the length; that of the longest by default.
        dtype: the array's element type; `object` for strings.
        padding: "pre" to fill in front, "post" to fill behind.
        truncating: "pre" to cut the beginning off, "post" to cut the end.
        value: what to fill with.

    Returns:
        An array of shape (samples, maxlen), or (samples, maxlen, size) for vectors.

    Raises:
        ValueError: something that is no sequence, vectors of different sizes, or another side.

    >>> pad_sequences([[1], [2, 3], [4, 5, 6, 7]], maxlen=3)
    array([[0, 0, 1],
           [0, 2, 3],
           [5, 6, 7]], dtype=int32)
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in _SIDES:
            raise ValueError(
                f"pad_sequences: expected {name} 'pre' or 'post'. Received: {shown(side)}"
            )
    if not hasattr(sequences, "__len__"):
        raise ValueError(
            f"pad_sequences: expected sequences as a list of them. Received: {shown(sequences)}"
        )
    if maxlen is not None and not hasattr(maxlen, "__index__"):
        raise TypeError(
            "pad_sequences: expected maxlen as a whole number, or None for the longest. "
            f"Received: {shown(maxlen)}"
        )
    try:
        dtype = np.dtype(dtype)
    except TypeError as error:
        raise TypeError(
            "pad_sequences: expected dtype as one of NumPy's, such as 'int32' or object. "
            f"Received: {shown(dtype)}"
        ) from error
    for number, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise ValueError(
                f"pad_sequences: expected a sequence of sequences. Received at {number}: "
                f"{shown(sequence)}"
            )
    length = max(map(len, sequences), default=0) if maxlen is None else maxlen
    cut = [
        np.asarray(sequence[-length:] if truncating == "pre" else sequence[:length], dtype)
        for sequence in sequences
        if length
    ]
    shape = next((rows.shape[1:] for rows in cut if len(rows)), ())
    padded = np.full((len(sequences), length, *shape), value, dtype)
    for number, rows in enumerate(cut):
        if len(rows) and rows.shape[1:] != shape:
            raise ValueError(
                f"pad_sequences: expected items of shape {shape}, as in the first sequence. "
                f"Received at {number}: shape {rows.shape[1:]}"
            )
        if len(rows):
            place = slice(-len(rows), None) if padding == "pre" else slice(len(rows))
            padded[number, place] = rows
    return padded
