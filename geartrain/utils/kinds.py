"""What kind of data a tensor holds, read from its shape and its values.

| rank | shape | kind |
| --- | --- | --- |
| 0 | () | scalar |
| 1 | (samples,) | labels, or a vector |
| 2 | (samples, features) | vector data |
| 3 | (samples, timesteps, features) | time series or sequences |
| 4 | (samples, height, width, channels) | images |
| 5 | (samples, frames, height, width, channels) | video |

Shapes alone do not tell: (250, 390, 3) is a year of stock prices by the minute, or one photograph.
Then the values decide, and the other reading is mentioned.
"""

from __future__ import annotations

from math import prod

import numpy as np

_CHANNELS = (1, 3, 4)
_CHANNEL_NAMES = {1: "greyscale", 3: "colour", 4: "colour with transparency"}
_SMALLEST_PICTURE = 8


class Facts:
    """What the readings need to know of the values; `sample` is the tensor or a part of it."""

    def __init__(self, sample: np.ndarray, minimum: float | None, maximum: float | None) -> None:
        self.integer = sample.dtype.kind in "biu"
        self.byte = sample.dtype == np.uint8
        self.classes: int | None = None
        self.one_hot = self.whole = self.unit = self.pixels = False
        if minimum is None or maximum is None:
            return
        thin = thinned(sample, 2**20)
        self.whole = self.integer or bool((thin == np.floor(thin)).all())
        self.unit = 0 <= minimum < maximum <= 1
        self.pixels = self.whole and minimum >= 0 and 1 < maximum <= 255
        if sample.ndim in (2, 3) and sample.shape[-1] > 1 and (minimum, maximum) == (0, 1):
            sums = sample.sum(-1, dtype="float32")
            full = sums == 1 if sample.ndim == 2 else (sums <= 1) & (sums.max() == 1)
            self.one_hot = self.whole and bool(full.all())
        if minimum >= 0 and self.whole and (sample.ndim == 1 or sample.shape[1:] == (1,)):
            self.classes = _count_classes(thin.ravel(), self.integer)

    @property
    def picture(self) -> bool:
        """Whether pixels take such values."""
        return self.byte or self.unit or self.pixels


class Reading:
    """A kind of data, the names of the axes, one sentence, and what else it might be."""

    def __init__(
        self,
        kind: str,
        axes: tuple[str, ...],
        sentence: str,
        also: str = "",
        data_format: str | None = None,
    ) -> None:
        self.kind, self.axes, self.sentence = kind, axes, sentence
        self.also, self.data_format = also, data_format


def read(shape: tuple[int, ...], facts: Facts) -> Reading:
    """The likeliest reading of a tensor of numbers."""
    by_rank = {0: _scalar, 1: _rank_1, 2: _rank_2, 3: _rank_3, 4: _rank_4, 5: _rank_5}
    return by_rank.get(len(shape), _rank_6)(shape, facts)


def thinned(x: np.ndarray, most: int) -> np.ndarray:
    """About `most` values of x at most, spread evenly: steps along the first axes.

    An axis keeps 16 of its places as long as others can be thinned instead, so that a few large
    samples are all looked into.
    """
    for keep in (16, 4, 1):
        size, slices = prod(x.shape), []
        for length in x.shape:
            step = max(min(-(-size // most), length // keep), 1)
            slices.append(slice(None, None, step))
            size = size // max(length, 1) * -(-length // step)
        if size <= most:
            break
    return np.asarray(x[tuple(slices)])


def _count_classes(values: np.ndarray, integer: bool) -> int | None:
    """How many classes these whole numbers name, None if they look like something else.

    Labels repeat, and leave few gaps: (12, 3, 6, 14, 7) is a vector, (1, 0, 1) are labels.
    """
    if values.size < 2:
        return None
    distinct = np.unique(values)
    if not integer:
        return 2 if distinct.tolist() == [0, 1] and values.size > 2 else None
    repeated, dense = distinct.size < values.size, int(distinct[-1]) < 2 * distinct.size
    return distinct.size if repeated and dense and distinct.size > 1 else None


def counted(number: int, noun: str) -> str:
    """`1 sample`, `60,000 samples`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _scalar(shape: tuple[int, ...], facts: Facts) -> Reading:
    return Reading("scalar", (), "Scalar: one number")


def _labels(shape: tuple[int, ...], facts: Facts) -> Reading:
    axes = ("samples", "label")[: len(shape)]
    sentence = f"Labels: {counted(shape[0], 'sample')} of {facts.classes} classes"
    return Reading("labels", axes, sentence)


def _rank_1(shape: tuple[int, ...], facts: Facts) -> Reading:
    if facts.classes:
        return _labels(shape, facts)
    return Reading("vector", ("values",), f"Vector: {counted(shape[0], 'value')}")


def _rank_2(shape: tuple[int, ...], facts: Facts) -> Reading:
    rows, columns = shape
    if facts.one_hot:
        sentence = f"One-hot labels: {counted(rows, 'sample')} of {columns} classes"
        return Reading("one-hot labels", ("samples", "classes"), sentence)
    if facts.classes and columns == 1:
        return _labels(shape, facts)
    vectors = f"{counted(rows, 'sample')} of {counted(columns, 'feature')}"
    square = rows == columns >= _SMALLEST_PICTURE and facts.picture
    if square or (facts.pixels and facts.byte and _framed(rows, columns, 64)):
        sentence = f"Image: {rows} x {columns} pixels, greyscale"
        return Reading("image", ("height", "width"), sentence, f"vector data: {vectors}")
    also, side = "", int(columns**0.5)
    if side * side == columns and side >= _SMALLEST_PICTURE and facts.picture:
        also = f"images of {side} x {side} pixels, each laid out in a row"
    elif facts.integer and not facts.byte and 1 < columns <= 4096:
        also = f"sequences of {columns} tokens, for an Embedding layer"
    return Reading("vector data", ("samples", "features"), f"Vector data: {vectors}", also)


def _rank_3(shape: tuple[int, ...], facts: Facts) -> Reading:
    first, second, third = shape
    series = f"{counted(first, 'sample')} of {counted(second, 'timestep')}"
    features = f"with {counted(third, 'feature')}"
    axes = ("samples", "timesteps", "features")
    if facts.one_hot:
        sentence = f"Sequences: {series}, each one of {third} symbols (one-hot)"
        return Reading("series", axes, sentence)
    if third in _CHANNELS and _framed(first, second, _SMALLEST_PICTURE):
        also = f"one image of {first} x {second} pixels, {_CHANNEL_NAMES[third]}"
        if (facts.byte and facts.pixels) or (first == second and facts.picture):
            return Reading(
                "image",
                ("height", "width", "channels"),
                f"Image: {also.removeprefix('one image of ')}",
                f"time series: {series} {features}",
                "channels_last",
            )
        return Reading("series", axes, f"Time series: {series} {features}", also)
    square = second == third >= _SMALLEST_PICTURE and (facts.picture or not facts.integer)
    if square or (facts.pixels and facts.byte and _framed(second, third, 16)):
        also = f"time series: {series} {features}"
        if first in (3, 4):
            also = f"one image with {first} channels first, or {also}"
        return _images(first, second, third, None, ("samples", "height", "width"), also)
    return Reading("series", axes, f"Time series: {series} {features}")


def _rank_4(shape: tuple[int, ...], facts: Facts) -> Reading:
    samples, second, third, fourth = shape
    frames = _framed(third, fourth, _SMALLEST_PICTURE) and fourth not in _CHANNELS
    if second in _CHANNELS and frames:
        axes = ("samples", "channels", "height", "width")
        return _images(samples, third, fourth, second, axes, "", "channels_first")
    if third == fourth and second != third and frames and facts.picture:
        sentence = f"Videos: {_clips(samples, second, third, fourth)}, greyscale"
        axes = ("samples", "frames", "height", "width")
        also = f"feature maps of {second} channels, channels first"
        return Reading("video", axes, sentence, also)
    also = f"one video of {counted(samples, 'frame')}" if samples > 1 else ""
    axes = ("samples", "height", "width", "channels")
    return _images(samples, second, third, fourth, axes, also, "channels_last")


def _rank_5(shape: tuple[int, ...], facts: Facts) -> Reading:
    samples, second, third, fourth, last = shape
    if last not in _CHANNELS and second in _CHANNELS:
        axes = ("samples", "channels", "frames", "height", "width")
        clips, channels, form = _clips(samples, third, fourth, last), second, "channels_first"
    elif last not in _CHANNELS and third in _CHANNELS:
        axes = ("samples", "frames", "channels", "height", "width")
        clips, channels, form = _clips(samples, second, fourth, last), third, "channels_first"
    else:
        axes = ("samples", "frames", "height", "width", "channels")
        clips, channels, form = _clips(samples, second, third, fourth), last, "channels_last"
    also = "volumes, such as scans, with a depth for the frames"
    return Reading("video", axes, f"Videos: {clips}, {_channels(channels)}", also, form)


def _rank_6(shape: tuple[int, ...], facts: Facts) -> Reading:
    axes = ("samples", *(f"axis {axis}" for axis in range(1, len(shape))))
    return Reading(
        "tensor", axes, f"Tensor: {counted(shape[0], 'sample')} of rank {len(shape) - 1}"
    )


def _images(
    samples: int,
    height: int,
    width: int,
    channels: int | None,
    axes: tuple[str, ...],
    also: str,
    data_format: str | None = None,
) -> Reading:
    colours = "greyscale" if channels is None else _channels(channels)
    sentence = f"Images: {counted(samples, 'sample')} of {height} x {width} pixels, {colours}"
    return Reading("image", axes, sentence, also, data_format)


def _channels(number: int) -> str:
    name = _CHANNEL_NAMES.get(number)
    return f"{counted(number, 'channel')} ({name})" if name else counted(number, "channel")


def _clips(samples: int, frames: int, height: int, width: int) -> str:
    return (
        f"{counted(samples, 'sample')} of {counted(frames, 'frame')} of {height} x {width} pixels"
    )


def _framed(height: int, width: int, least: int) -> bool:
    """Whether a picture has such sides: not tiny, and not a strip."""
    short, long = sorted((height, width))
    return short >= least and long <= 4 * short
