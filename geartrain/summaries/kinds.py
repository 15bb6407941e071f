"""The kinds of summaries: scalars, histograms, images, texts, sounds, and tensors of any kind."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from geartrain.errors import shown, warn
from geartrain.summaries.messages import message, metadata, tensor
from geartrain.summaries.png import encode_png
from geartrain.summaries.writer import current

_WAV = b"\x10\x0b"  # the message of the audio part: encoding WAV


def write(
    tag: str, tensor: Any, step: Any = None, metadata: Any = None, name: str | None = None
) -> bool:
    """Write a tensor under a name, for the part of TensorBoard that `metadata` names.

    Args:
        tag: the name.
        tensor: numbers or texts of any shape, or a function that returns them.
        step: the number of the step; by default the one in use.
        metadata: `SummaryMetadata`, as bytes or as an object with `SerializeToString`.
        name: taken as `tf.summary` does, without effect.

    Returns whether it was written: False where no writer is in use.

    Raises ValueError where no step is known, and for what are no numbers and no texts.
    """
    del name
    if hasattr(metadata, "SerializeToString"):
        metadata = metadata.SerializeToString()
    return _write("write", tag, tensor, step, metadata)


def _write(who: str, tag: str, value: Any, step: Any, meta: bytes | None) -> bool:
    place = current(who, step)
    if place is None:
        return False
    writer, number = place
    content = tensor(_array(who, value() if callable(value) else value))
    writer.add_event(5, message({1: message({1: tag, 8: content, 9: meta})}), number)
    return True


def scalar(name: str, data: Any, step: Any = None, description: str | None = None) -> bool:
    """Write a number, which becomes a point of a curve.

    Args:
        name: the curve's name; slashes make groups.
        data: the number.
        step: where on the curve; by default the step in use.
        description: what TensorBoard tells of it, in Markdown.

    Returns whether it was written: False where no writer is in use.

    Raises ValueError where no step is known, and for what is no single number.
    """

    def value() -> np.ndarray:
        array = _array("scalar", data)
        if array.shape or array.dtype.kind not in "biuf":
            raise _unfit("scalar", "one number", array)
        return array.astype("float32")

    return _write("scalar", name, value, step, metadata("scalars", None, description))


def histogram(
    name: str, data: Any, step: Any = None, buckets: int | None = None,
    description: str | None = None,
) -> bool:  # fmt: skip
    """Write how often which values occur in a tensor.

    The values between the least and the greatest are counted in buckets of one width, each without
    its right edge but for the last. Where all values are equal, the last bucket has them all.

    Args:
        name: its name.
        data: numbers, of any shape.
        step: the number of the step; by default the one in use.
        buckets: how many; 30 by default.
        description: what TensorBoard tells of it, in Markdown.

    Returns whether it was written: False where no writer is in use.

    Warns of what is NaN or infinite, and leaves it out.

    Raises ValueError where no step is known, and for what are no numbers.
    """

    def value() -> np.ndarray:
        array = _array("histogram", data)
        if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
            raise _unfit("histogram", "numbers", array)
        values = array.astype("float64").ravel()
        finite = values[np.isfinite(values)]
        if finite.size < values.size:
            warn(
                f"summaries.histogram: {values.size - finite.size} of {values.size} values of "
                f"{name!r} are NaN or infinite, and left out. Find where they come from."
            )
        return counted(finite, 30 if buckets is None else max(buckets, 0))

    return _write("histogram", name, value, step, metadata("histograms", None, description))


def counted(values: np.ndarray, buckets: int) -> np.ndarray:
    """The left edge, the right edge and the count of each bucket: shape (buckets, 3).

    >>> counted(np.array([0.0, 1.0, 2.0, 4.0]), 2).tolist()
    [[0.0, 2.0, 2.0], [2.0, 4.0, 2.0]]
    """
    table = np.zeros((buckets, 3))
    if not values.size or not buckets:
        return table
    low, high = values.min(), values.max()
    if low == high:
        table[:, :2] = low
        table[-1, 2] = values.size
        return table
    edges = np.linspace(low, high, buckets + 1)
    place = np.minimum((values - low) // ((high - low) / buckets), buckets - 1).astype(int)
    table[:, 0], table[:, 1] = edges[:-1], edges[1:]
    table[:, 2] = np.bincount(place, minlength=buckets)
    return table


def image(
    name: str, data: Any, step: Any = None, max_outputs: int = 3, description: str | None = None
) -> bool:
    """Write images.

    Args:
        name: their name.
        data: shape (images, height, width, channels) with 1 to 4 channels: grey, grey and alpha,
            RGB, RGBA. Floats are from 0 to 1, others bytes.
        step: the number of the step; by default the one in use.
        max_outputs: how many are written at most.
        description: what TensorBoard tells of them, in Markdown.

    Returns whether they were written: False where no writer is in use.

    Raises ValueError where no step is known, and for what are no images.
    """

    def value() -> np.ndarray:
        array = _array("image", data)
        if array.ndim != 4 or not 1 <= array.shape[-1] <= 4:
            raise _unfit("image", "shape (images, height, width, 1 to 4 channels)", array)
        pixels = _bytes(array)
        size = [str(array.shape[2]).encode(), str(array.shape[1]).encode()]
        pictures = [encode_png(one) for one in pixels[: max(max_outputs, 0)]]
        return np.array([*size, *pictures], object)

    return _write("image", name, value, step, metadata("images", None, description))


def _bytes(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind == "f":
        return np.clip(np.nan_to_num(array) * 255.5, 0, 255).astype("uint8")
    if array.dtype.kind == "b":
        return array * np.uint8(255)
    if array.dtype == "uint8":
        return array
    raise _unfit("image", "floats from 0 to 1, or bytes (uint8)", array)


def text(name: str, data: Any, step: Any = None, description: str | None = None) -> bool:
    """Write a text in Markdown, or a table of texts.

    Args:
        name: its name.
        data: a text, or a list of them; of rank 2 a table.
        step: the number of the step; by default the one in use.
        description: what TensorBoard tells of it, in Markdown.

    Returns whether it was written: False where no writer is in use.

    Raises ValueError where no step is known, and for what is no text.
    """

    def value() -> np.ndarray:
        array = _array("text", data)
        if not all(isinstance(one, str | bytes) for one in array.flat):
            raise _unfit("text", "a text, or texts", array)
        return array

    return _write("text", name, value, step, metadata("text", None, description))


def audio(
    name: str, data: Any, sample_rate: int, step: Any = None, max_outputs: int = 3,
    encoding: str | None = None, description: str | None = None,
) -> bool:  # fmt: skip
    """Write sounds, as WAV of 16 bits.

    Args:
        name: their name.
        data: shape (sounds, samples, channels), from -1 to 1.
        sample_rate: samples a second, in Hz.
        step: the number of the step; by default the one in use.
        max_outputs: how many are written at most.
        encoding: "wav" or None.
        description: what TensorBoard tells of them, in Markdown.

    Returns whether they were written: False where no writer is in use.

    Raises ValueError where no step is known, and for what are no sounds.
    """
    if encoding not in (None, "wav"):
        raise ValueError(
            f"summaries.audio: expected encoding='wav'. Received: encoding={encoding!r}"
        )

    def value() -> np.ndarray:
        array = _array("audio", data)
        if array.ndim != 3 or array.dtype.kind != "f":
            raise _unfit("audio", "floats of shape (sounds, samples, channels)", array)
        rows = [[_wav(one, int(sample_rate)), b""] for one in array[: max(max_outputs, 0)]]
        return np.array(rows, object).reshape(-1, 2)

    return _write("audio", name, value, step, metadata("audio", _WAV, description))


def _wav(samples: np.ndarray, rate: int) -> bytes:
    import wave

    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        levels = np.clip(np.rint(np.nan_to_num(samples) * 32768.0), -32768, 32767)
        file.writeframes(levels.astype("<i2").tobytes())
    return stream.getvalue()


def _array(who: str, data: Any) -> np.ndarray:
    try:
        return np.asarray(data)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"summaries.{who}: expected values. Received: {shown(data)}. While a step is traced "
            "there are none: write summaries in a callback, or of what a step returns."
        ) from error


def _unfit(who: str, expected: str, array: np.ndarray) -> ValueError:
    return ValueError(
        f"summaries.{who}: expected {expected}. Received: shape {array.shape}, dtype {array.dtype}"
    )
