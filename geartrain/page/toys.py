"""Two-input networks on points in the plane: what layers do to space, seen as a grid that moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import layers, models, optimizers
from geartrain.random import set_random_seed

HALF = 150  # points a class
MOST_POINTS = 2000
REACH = 1.3  # the plane shown: from -REACH to REACH on both axes


def moons(random: np.random.Generator) -> list[np.ndarray]:
    """Two half circles, one in the arms of the other."""
    angles = random.uniform(0, np.pi, (2, HALF))
    upper = np.stack([np.cos(angles[0]) - 0.5, np.sin(angles[0]) - 0.25], 1)
    lower = np.stack([0.5 - np.cos(angles[1]), 0.25 - np.sin(angles[1])], 1)
    return [0.75 * upper, 0.75 * lower]


def spirals(random: np.random.Generator) -> list[np.ndarray]:
    """Two arms that wind around each other."""
    radius = np.sqrt(random.uniform(0.02, 1, (2, HALF)))
    angles = 3.2 * np.pi * radius + np.array([[0.0], [np.pi]])
    return list(np.stack([radius * np.cos(angles), radius * np.sin(angles)], 2))


def rings(random: np.random.Generator) -> list[np.ndarray]:
    """A disc within a ring."""
    radius = np.stack([0.45 * np.sqrt(random.uniform(0, 1, HALF)), random.uniform(0.7, 1.0, HALF)])
    angles = random.uniform(0, 2 * np.pi, (2, HALF))
    return list(np.stack([radius * np.cos(angles), radius * np.sin(angles)], 2))


def paper(random: np.random.Generator) -> list[np.ndarray]:
    """Two sheets of coloured paper, crumpled together: four bands in turn."""
    x, y = random.uniform(-1, 1, (2, 2 * HALF))
    wave = x + 0.25 * np.sin(4 * y)
    which = (np.floor(2 * wave) % 2).astype(bool)
    points = np.stack([x, y], 1)
    return [points[which], points[~which]]


SETS: dict[str, Callable[[np.random.Generator], list[np.ndarray]]] = {
    "moons": moons, "spirals": spirals, "rings": rings, "paper": paper,
}  # fmt: skip


def made(name: str, seed: int = 0, noise: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Points of a set, (points, 2), and 0 or 1 for each.

    >>> x, y = made("moons")
    >>> x.shape, sorted(set(y.tolist()))
    ((300, 2), [0, 1])
    """
    random = np.random.default_rng(seed)
    parts = SETS[name](random)
    x = np.concatenate(parts)
    y = np.repeat([0, 1], [len(part) for part in parts])
    return (x + random.normal(0, noise, x.shape)).astype("float32"), y


class Toy:
    """A small network from the plane to one probability, with its points.

    Args:
        widths: how many units each hidden layer has.
        activation: of the hidden layers.
        x, y: the points, and 0 or 1 for each.
    """

    def __init__(
        self, widths: list[int], activation: str, x: np.ndarray, y: np.ndarray, seed: int = 0,
        rate: float = 0.01,
    ) -> None:  # fmt: skip
        set_random_seed(seed)
        self.x, self.y = x, y.astype("float32")[:, None]
        self.hidden = [layers.Dense(width, activation=activation) for width in widths]
        self.model = models.Sequential(
            [layers.Input((2,)), *self.hidden, layers.Dense(1, activation="sigmoid")]
        )
        self.model.compile(optimizers.Adam(rate), loss="binary_crossentropy", metrics=["accuracy"])
        self.epochs = 0

    def train(self, epochs: int) -> None:
        """Some epochs of batches of 32."""
        self.model.fit(self.x, self.y, batch_size=32, epochs=epochs, verbose=0)
        self.epochs += epochs

    def state(self, cells: int = 48) -> dict[str, Any]:
        """The weights, the loss, and the probability on a grid of the plane."""
        axis = np.linspace(-REACH, REACH, cells, dtype="float32")
        plane = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
        scores = self.model.predict(plane, batch_size=4096, verbose=0)
        loss, accuracy = self.model.evaluate(self.x, self.y, batch_size=512, verbose=0)
        return {
            "epochs": self.epochs, "loss": loss, "accuracy": accuracy, "reach": REACH,
            "plane": scores.reshape(cells, cells).round(3),
            "layers": [
                {
                    "name": layer.name, "activation": layer.activation.__name__,
                    "kernel": np.asarray(layer.kernel.value), "bias": np.asarray(layer.bias.value),
                }
                for layer in self.model.layers if hasattr(layer, "kernel")
            ],
        }  # fmt: skip
