"""Losses over a plane: known ones, and a plane through the weights of a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import ops
from geartrain.page.probe import Probe
from geartrain.runtime.function import grad, jit

# Each of a point (x, y), with the half width of the plane that is shown.
KNOWN: dict[str, tuple[Callable[[Any, Any], Any], float]] = {
    # a long valley: forty times as steep across as along
    "valley": (lambda x, y: 0.05 * x**2 + 2 * y**2, 2.0),
    # flat in the middle, down on both sides
    "saddle": (lambda x, y: 0.5 * x**2 - 0.5 * y**2 + 0.1 * y**4, 2.5),
    # a local minimum on the way to the global one
    "two minima": (lambda x, y: 0.25 * x**4 - x**2 + 0.3 * x + 0.5 * y**2 + 1.2, 2.2),
    # a bent valley: to find it is easy, to follow it is not
    "banana": (lambda x, y: 0.05 * ((1 - x) ** 2 + 20 * (y - x**2) ** 2), 2.0),
}


class Surface:
    """A function of a point in the plane, with its gradient.

    Args:
        value: the function of a point of shape (2,), and of further arrays.
        reach: the half width of the plane that is shown.
        start: where descents begin by default.
        rest: makes the further arrays of a step, by its number; of none by default.
    """

    def __init__(
        self, value: Callable[..., Any], reach: float, start: tuple[float, float],
        rest: Callable[[int], tuple[Any, ...]] = lambda step: (),
    ) -> None:  # fmt: skip
        self.reach, self.start, self.rest = reach, start, rest
        self.value, self.slope = jit(value), jit(grad(value))

    def grid(self, cells: int) -> np.ndarray:
        """The values on a grid, rows by y from below."""
        axis = np.linspace(-self.reach, self.reach, cells, dtype="float32")
        rest = self.rest(-1)
        points = [np.array([x, y], "float32") for y in axis for x in axis]
        return np.array([self.value(point, *rest) for point in points]).reshape(cells, cells)


def known(name: str) -> Surface:
    """One of `KNOWN`.

    >>> round(float(known("valley").value(np.float32([2, 0]))), 6)
    0.2
    """
    function, reach = KNOWN[name]
    return Surface(lambda p: function(p[0], p[1]), reach, (-0.85 * reach, 0.6 * reach))


def of_network(
    probe: Probe, x: np.ndarray, y: np.ndarray, chosen: Any = None, batch: int = 0, seed: int = 0
) -> Surface:
    """The loss of a network as its weights move along two directions from where they are.

    Args:
        probe: of the network.
        x, y: samples and targets.
        chosen: for each direction (the number of a variable, the place of one weight in it); two
            random directions if None, each variable's part as long as the variable itself.
        batch: how many samples each step sees; 0 for all of them.
    """
    random = np.random.default_rng(seed)
    weights = [np.array(variable.value) for variable in probe.model.trainable_variables]
    if chosen is None:
        directions = [[_alike(random, weight) for weight in weights] for _ in range(2)]
        reach = 1.0
    else:
        directions = [[np.zeros_like(weight) for weight in weights] for _ in range(2)]
        for parts, (variable, place) in zip(directions, chosen, strict=True):
            parts[int(variable)].reshape(-1)[int(place)] = 1
        reach = 3.0

    def value(point: Any, x: Any, y: Any) -> Any:
        moved = [
            weight + point[0] * first + point[1] * second
            for weight, first, second in zip(weights, *directions, strict=True)
        ]
        return ops.mean(probe.each_loss(moved, x, y))

    def rest(step: int) -> tuple[Any, Any]:
        if step < 0 or not batch:
            return x, y
        numbers = np.random.default_rng((seed, step)).choice(len(x), batch, replace=False)
        return x[numbers], y[numbers]

    return Surface(value, reach, (-0.8 * reach, 0.7 * reach), rest)


def _alike(random: np.random.Generator, weight: np.ndarray) -> np.ndarray:
    """A random direction as long as the weight."""
    direction = random.normal(size=weight.shape).astype(weight.dtype)
    length = np.linalg.norm(direction)
    scaled: np.ndarray = direction * (np.linalg.norm(weight) / length if length else 0)
    return scaled
