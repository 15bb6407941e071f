"""What a workload is, and the bounds that Geartrain promises on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

Medians = Mapping[str, Mapping[str, float]]  # of each framework, of each value that it measured


class Layer(NamedTuple):
    """A layer by its name in Keras, and its arguments."""

    kind: str
    arguments: dict[str, Any]


def layer(kind: str, **arguments: Any) -> Layer:
    """`layer("Dense", units=10)`, for the list of a workload's layers."""
    return Layer(kind, arguments)


class Judgement(NamedTuple):
    """A bound, what was measured, and whether it holds (None: it could not be measured)."""

    bound: str
    measured: str
    holds: bool | None


@dataclass(frozen=True)
class AtMostRival:
    """Our value is at most `ratio` times that of the best of some rivals."""

    ratio: float
    rivals: tuple[str, ...]
    value: str = "seconds"
    ours: str = "geartrain"

    def judge(self, medians: Medians, peak: float | None) -> Judgement:
        """Compare medians."""
        ran = {
            name: medians[name][self.value]
            for name in self.rivals
            if self.value in medians.get(name, {})
        }
        of = self.rivals[0] if len(self.rivals) == 1 else "the best rival"
        bound = f"{self.ours} <= {self.ratio:g} of {of}"
        own = medians.get(self.ours, {}).get(self.value)
        if own is None or not ran:
            return Judgement(bound, "not measured", None)
        best = min(ran, key=lambda name: ran[name])
        found = own / ran[best]
        return Judgement(bound, f"{found:.2f} of {best}", found <= self.ratio)


@dataclass(frozen=True)
class AtMost:
    """A value is at most a number."""

    limit: float
    value: str
    unit: str
    scale: float = 1.0  # from what is measured to the unit
    ours: str = "geartrain"

    def judge(self, medians: Medians, peak: float | None) -> Judgement:
        """Compare the median with the limit."""
        what = "time" if self.value == "seconds" else self.value
        bound = f"{what} <= {self.limit:g} {self.unit}"
        own = medians.get(self.ours, {}).get(self.value)
        if own is None:
            return Judgement(bound, "not measured", None)
        found = own * self.scale
        return Judgement(bound, f"{found:.4g} {self.unit}", found <= self.limit)


@dataclass(frozen=True)
class OfPeak:
    """At least a share of the multiply-adds of float32 that the CPU can do.

    It may be more than all of them, where products go another way: by tiles of bfloat16.
    """

    share: float
    ours: str = "geartrain"

    def judge(self, medians: Medians, peak: float | None) -> Judgement:
        """Compare operations a second with the highest peak that the same run has measured."""
        bound = f">= {self.share:.0%} of the CPU's peak"
        rate = medians.get(self.ours, {}).get("rate")
        if rate is None or not peak:
            return Judgement(bound, "not measured", None)
        found = f"{rate / peak:.0%} ({rate:.0f} of {peak:.0f} GFLOP/s)"
        return Judgement(bound, found, rate / peak >= self.share)


@dataclass(frozen=True)
class Near:
    """A value differs from another framework's by little."""

    within: float
    value: str
    ours: str
    other: str

    def judge(self, medians: Medians, peak: float | None) -> Judgement:
        """Compare the two medians."""
        bound = f"{self.value} of {self.ours} within {self.within:g} of {self.other}"
        own = medians.get(self.ours, {}).get(self.value)
        other = medians.get(self.other, {}).get(self.value)
        if own is None or other is None:
            return Judgement(bound, "not measured", None)
        found = abs(own - other)
        return Judgement(bound, f"{found:.4f}", found <= self.within)


Bound = AtMostRival | AtMost | OfPeak | Near
Data = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Workload:
    """A network, its data, what is measured, by whom, and what is promised.

    Attributes:
        name: for `--only`.
        title: for the report.
        shape, layers: the network, without its batch axis.
        loss, optimizer: by their names in Keras, with their defaults.
        data: from a random generator and a number of samples to inputs and labels.
        samples, batch: their numbers.
        frameworks: who runs it, Geartrain first.
        bounds: what is promised.
        measure: the name of a function of `measures.py`.
        settings: more for that function.
        unit, scale: how the report shows `value`, from what was measured.
        threads: the number of threads; None for what the command line says.
        operations: multiplications and additions a sample and epoch, for shares of the peak.
    """

    name: str
    title: str
    shape: tuple[int | None, ...]
    layers: Sequence[Layer]
    loss: str
    optimizer: str
    data: Callable[[np.random.Generator, int], Data]
    samples: int
    frameworks: tuple[str, ...]
    bounds: tuple[Bound, ...]
    batch: int = 128
    measure: str = "epochs"
    settings: dict[str, Any] = field(default_factory=dict)
    value: str = "seconds"
    unit: str = "s an epoch"
    scale: float = 1.0
    threads: int | None = None
    operations: float = 0.0
