"""What a tensor is: its kind of data, axes, range, size, and what is odd in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

import numpy as np

from geartrain.utils.kinds import Facts, Reading, counted, read, thinned
from geartrain.utils.oddities import bytes_in_words, oddities, oddities_of_parts

_MOST_READ = 2**26  # values; of a larger tensor, a part is read
_SAMPLE = 2**22


class Description:
    """What `describe` found out about one tensor. It prints as a short account.

    Attributes:
        kind: "scalar", "vector", "labels", "one-hot labels", "vector data", "series", "image",
            "video", "text", "objects" or "tensor" (of a rank above 5).
        axes: a name for each axis, such as ("samples", "height", "width", "channels").
        rank, shape, dtype, size, nbytes: as NumPy's `ndim`, `shape`, `dtype`, `size`, `nbytes`.
        minimum, maximum, mean: of the values that are finite numbers; None if there are none.
        data_format: "channels_last", "channels_first", or None where there are no channels.
        sampled: how many values the range was taken from, where not all were read; else None.
        also: the next likely kind, or "".
        notes: what is odd, each with a remedy.
    """

    def __init__(self, x: Any, sample: np.ndarray, whole: bool, converted: bool) -> None:
        self.shape, self.dtype = tuple(int(length) for length in x.shape), sample.dtype
        self.rank, self.size = len(self.shape), prod(self.shape)
        self.nbytes = self.size * self.dtype.itemsize
        self.sampled = None if whole else int(sample.size)
        values = _as_numbers(sample)
        self.minimum, self.maximum, self.mean = _range(values)
        facts = Facts(values, self.minimum, self.maximum)
        reading = (
            read(self.shape, facts)
            if values.dtype.kind in "biufc"
            else _no_numbers(self.dtype, self.shape)
        )
        self.kind, self.axes, self.sentence = reading.kind, reading.axes, reading.sentence
        self.also, self.data_format = reading.also, reading.data_format
        self.notes = tuple(oddities(self, x, values, facts, converted))

    @property
    def batch(self) -> bool:
        """Whether the first axis counts samples."""
        return self.axes[:1] == ("samples",)

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def text(self, said: Iterable[str] = ()) -> str:
        """The account, without the notes that are among those already `said`."""
        rows = [
            ("shape", f"{self.shape}, rank {self.rank}"),
            ("axes", ", ".join(self.axes)),
            ("dtype", f"{self.dtype}, {bytes_in_words(self.nbytes)}"),
            ("values", self._range_in_words()),
            ("also", f"could be {self.also}" if self.also else ""),
            *(("note", note) for note in self.notes if note not in said),
        ]
        return "\n".join([self.sentence, *(_row(name, text) for name, text in rows if text)])

    def _range_in_words(self) -> str:
        if self.minimum is None or self.maximum is None or self.mean is None:
            return ""
        if self.rank == 0:
            return _number(self.minimum)
        text = f"{_number(self.minimum)} to {_number(self.maximum)}, mean {_number(self.mean)}"
        if self.sampled:
            text += f" (in a sample of {self.sampled:,} of the {self.size:,} values)"
        return text


class Descriptions:
    """What `describe` found out about several tensors: `parts` by name, and `notes` on them all."""

    def __init__(self, parts: dict[str, Description]) -> None:
        self.parts = parts
        self.notes = tuple(oddities_of_parts(parts))

    def __getitem__(self, name: str) -> Description:
        return self.parts[name]

    def __str__(self) -> str:
        texts: list[str] = []
        said: set[str] = set()
        for name, part in self.parts.items():
            texts.append(f"{name} = {part.text(said)}")
            said.update(part.notes)
        return "\n".join(texts + [_row("note", note) for note in self.notes])

    __repr__ = __str__


def describe(x: Any) -> Description | Descriptions:
    """Say what a tensor is: kind of data, axes, rank, shape, dtype, size, range, and oddities.

    Args:
        x: an array, a memory map, nested lists, or a tuple or dict of such, for instance
            `((x_train, y_train), (x_test, y_test))`. Of more than 2**26 values only a part is
            read, and the account says so.

    Returns a `Description`, or `Descriptions` for a tuple or dict. Both print as text; their
    attributes hold the same as values.

    Raises TypeError for a symbolic tensor, which has a shape but no values yet.

    >>> describe(np.zeros((250, 390, 3), "float32"))
    Time series: 250 samples of 390 timesteps with 3 features
      shape   (250, 390, 3), rank 3
      axes    samples, timesteps, features
      dtype   float32, 1.1 MiB
      values  0 to 0, mean 0
      also    could be one image of 250 x 390 pixels, colour
      note    All values are 0.
    """
    if isinstance(x, Mapping):
        return Descriptions({str(name): _describe_one(part) for name, part in x.items()})
    if isinstance(x, tuple) and any(_holds_tensors(part) for part in x):
        return Descriptions({n: _describe_one(part) for n, part in _named(x)})
    return _describe_one(x)


def _describe_one(x: Any) -> Description:
    shape = getattr(x, "shape", None)
    if shape is not None and None in tuple(shape):
        raise TypeError(
            f"describe expected a tensor with values. Received: a symbolic one of shape {shape}, "
            "which gets its values when the model runs. Describe what you feed to the model."
        )
    converted = shape is None
    if converted:
        try:
            x = np.asarray(x)
        except ValueError:  # lists of unequal lengths
            x = np.array([*x, None], dtype=object)[:-1]
    whole = prod(x.shape) <= _MOST_READ
    sample = np.asarray(x) if whole else thinned(x, _SAMPLE)
    return Description(x, sample, whole, converted)


def _holds_tensors(x: Any) -> bool:
    if isinstance(x, tuple | list):
        return any(_holds_tensors(part) for part in x[:8])
    return getattr(x, "shape", None) not in (None, ())


def _named(parts: tuple[Any, ...]) -> Iterable[tuple[str, Any]]:
    """The parts of nested tuples under the names one would give them."""
    if all(isinstance(part, tuple) for part in parts) and len(parts) in (2, 3):
        splits = ("train", "test") if len(parts) == 2 else ("train", "validation", "test")
        for split, part in zip(splits, parts, strict=True):
            for name, tensor in _named(part):
                yield f"{name}_{split}", tensor
        return
    names = ("x", "y", "sample_weight") if len(parts) in (2, 3) else ()
    for position, part in enumerate(parts):
        name = names[position] if names else f"[{position}]"
        if isinstance(part, tuple) and any(_holds_tensors(inner) for inner in part):
            for inner_name, tensor in _named(part):
                yield f"{name}.{inner_name}", tensor
        elif part is not None:  # as in (x, None, sample_weight)
            yield name, part


def _no_numbers(dtype: np.dtype, shape: tuple[int, ...]) -> Reading:
    axes = ("samples", *(f"axis {axis}" for axis in range(1, len(shape))))[: len(shape)]
    if dtype.kind in "US":
        return Reading("text", axes, f"Text: {counted(prod(shape), 'string')}")
    return Reading("objects", axes, f"Objects: {counted(prod(shape), 'value')} of dtype {dtype}")


def _as_numbers(sample: np.ndarray) -> np.ndarray:
    """The sample in a dtype that NumPy computes with: bfloat16 and the like become float32."""
    foreign = sample.dtype.kind == "V" and sample.dtype.names is None
    return sample.astype("float32") if foreign and sample.dtype.type is not np.void else sample


def _range(values: np.ndarray) -> tuple[float | None, float | None, float | None]:
    """Least, greatest and mean of the finite values; whole numbers stay int."""
    kind = values.dtype.kind
    if kind in "biu" and values.size:
        return int(values.min()), int(values.max()), float(values.mean(dtype="float64"))
    if kind != "f" or not values.size:
        return None, None, None
    minimum, maximum = float(values.min()), float(values.max())
    if not np.isfinite(minimum) or not np.isfinite(maximum):
        values = values[np.isfinite(values)]
        if not values.size:
            return None, None, None
        minimum, maximum = float(values.min()), float(values.max())
    with np.errstate(over="ignore"):
        return minimum, maximum, float(values.mean(dtype="float64"))


def _row(name: str, text: str) -> str:
    """`  name    text`, wrapped under itself."""
    import textwrap

    return textwrap.fill(
        text, 100, initial_indent=f"  {name:<8}", subsequent_indent=" " * 10, break_on_hyphens=False
    )


def _number(value: float) -> str:
    """A value in four digits, whole numbers in full.

    >>> _number(255), _number(33.318), _number(1e-9), _number(2.0)
    ('255', '33.32', '1e-09', '2')
    """
    return f"{value}" if isinstance(value, int) else f"{value:.4g}"
