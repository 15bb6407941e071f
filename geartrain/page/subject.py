"""What a page is about: a model, its data, and what was recorded of its training."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from geartrain.page.control import Control

MOST_POINTS = 600  # of a curve: then every second one is left out


@dataclass
class Samples:
    """Inputs as a model takes them, and the number of each one's class or its targets.

    Attributes:
        x, y: arrays of as many samples; y is None where there are no targets.
        classes: the names of the classes, where y holds their numbers.
        source: where the samples are from, in words.
    """

    x: Any
    y: Any = None
    classes: tuple[str, ...] = ()
    source: str = ""

    def __len__(self) -> int:
        return len(self.x)

    @property
    def labels(self) -> Any:
        """The number of each sample's class, also of one-hot targets; None where there are none."""
        if self.y is None or not self.classes:
            return None
        y = np.asarray(self.y)
        return y.argmax(-1) if y.ndim == 2 and y.shape[1] == len(self.classes) else y.reshape(-1)

    def images(self, numbers: Any = slice(None)) -> Any:
        """These samples as (samples, height, width, channels); None if they are no pictures."""
        x = np.asarray(self.x[numbers])
        shape = image_shape(x.shape[1:])
        return None if shape is None else x.reshape(len(x), *shape)


def image_shape(shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Height, width and channels of a sample that can be shown as a picture.

    >>> image_shape((28, 28)), image_shape((784,)), image_shape((13,)), image_shape((32, 32, 3))
    ((28, 28, 1), (28, 28, 1), None, (32, 32, 3))
    """
    if len(shape) == 3 and shape[2] in (1, 3):
        return shape  # type: ignore[return-value]
    if len(shape) == 2 and min(shape) > 3:
        return (*shape, 1)  # type: ignore[return-value]
    side = math.isqrt(shape[0]) if len(shape) == 1 else 0
    return (side, side, 1) if side > 3 and side * side == shape[0] else None


@dataclass
class Run:
    """The curves of one training: at each point the step, the epoch, and the values by name."""

    name: str
    points: list[tuple[int, int, dict[str, float]]] = field(default_factory=list)
    epochs: list[tuple[int, int, dict[str, float]]] = field(default_factory=list)

    def add(self, step: int, epoch: int, logs: dict[str, float]) -> None:
        """Add a point; of a long training, the points get sparse."""
        self.points.append((step, epoch, logs))
        if len(self.points) > MOST_POINTS:
            del self.points[1:-1:2]


class Subject:
    """A model that is looked at, with its data if they are known.

    Attributes:
        model: the model; None before there is one.
        train, test: samples; None if they are not known.
        control: the hand on its training.
        runs: what was recorded, the latest last.
        version: which weights these are; it changes whenever they may have changed.
        kept: what views keep from one request to the next.
    """

    editable = False

    def __init__(self, model: Any, train: Samples | None = None, test: Samples | None = None):
        self.model, self.train, self.test = model, train, test
        self.control = Control()
        self.runs: list[Run] = []
        self.version = 0
        self.kept: dict[str, Any] = {}

    def steer(self, to: str) -> None:
        """Let the training go on in another way; see `Control`."""
        self.control.set(to)

    def targets(self, samples: Samples) -> Any:
        """The targets of samples, as the model's loss takes them."""
        return samples.y

    def needs(self, what: str) -> Any:
        """The model, or the samples "train" or "test"; a LookupError if there are none."""
        found = getattr(self, what)
        if found is None and what == "test":
            found = self.train
        if found is None:
            raise LookupError(
                "expected the data that the model learns from. Received: none. Give them: "
                "LivePage(data=(x, y)), or geartrain learn MODEL DATA"
            )
        return found
