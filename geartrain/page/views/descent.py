"""Descent: a loss as a landscape, and optimizers raced over it from one start."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import optimizers
from geartrain.page import surfaces
from geartrain.page.control import alone
from geartrain.page.probe import probe_of
from geartrain.page.subject import Subject
from geartrain.page.surfaces import Surface
from geartrain.runtime.variable import Variable

CELLS, NETWORK_CELLS = 41, 15  # a side of the grid
SAMPLES, MOST_STEPS = 256, 400
RACERS: dict[str, Any] = {
    "SGD": lambda rate, momentum: optimizers.SGD(rate),
    "momentum": lambda rate, momentum: optimizers.SGD(rate, momentum=momentum),
    "Adagrad": lambda rate, momentum: optimizers.Adagrad(rate),
    "RMSprop": lambda rate, momentum: optimizers.RMSprop(rate),
    "Adam": lambda rate, momentum: optimizers.Adam(rate),
}
BATCHES = {"batch SGD": 0, "mini-batch SGD": 32, "true SGD": 1}  # samples a step; 0: all


@alone
def surface(subject: Subject, name: str = "valley", weights: Any = "") -> dict[str, Any]:
    """The values of a loss on a grid of the plane.

    Args:
        name: one of the known ones, or "network".
        weights: of the network, two weights as `variable.place,variable.place`; random directions
            if there are none.
    """
    found = _surface(subject, name, weights)
    cells = NETWORK_CELLS if name == "network" else CELLS
    return {
        "reach": found.reach, "start": found.start, "values": found.grid(cells),
        "names": list(surfaces.KNOWN), "racers": list(RACERS), "batches": list(BATCHES),
    }  # fmt: skip


@alone
def race(
    subject: Subject, name: str = "valley", start: Any = None, rate: Any = 0.1, momentum: Any = 0.9,
    steps: Any = 100, weights: Any = "",
) -> dict[str, Any]:  # fmt: skip
    """The way of each optimizer from one start; of a network also by samples a step."""
    steps, rate, momentum = int(steps), float(rate), float(momentum)
    if not 0 < steps <= MOST_STEPS or not 0 < rate <= 10 or not 0 <= momentum < 1:
        raise ValueError(
            f"expected up to {MOST_STEPS} steps, a rate above 0 up to 10 and a momentum from 0 to "
            f"below 1. Received: {steps}, {rate}, {momentum}"
        )
    found = _surface(subject, name, weights)
    begin = found.start if start is None else (float(start[0]), float(start[1]))
    ways = {
        racer: _way(found, make(rate, momentum), begin, steps) for racer, make in RACERS.items()
    }
    if name == "network":
        for told, batch in BATCHES.items():
            other = _surface(subject, name, weights, batch)
            ways[told] = _way(other, optimizers.SGD(rate), begin, min(steps, 60))
    return {"ways": ways, "losses": {racer: _loss(found, way[-1]) for racer, way in ways.items()}}


def _way(surface: Surface, optimizer: Any, start: tuple[float, float], steps: int) -> list[Any]:
    """The points of a descent; it ends where it leaves the numbers that can be told."""
    point = Variable(np.array(start, "float32"), name="point")
    way = [list(start)]
    for step in range(steps):
        now = np.array(point.value)
        optimizer.apply([surface.slope(now, *surface.rest(step))], [point])
        now = np.array(point.value)
        if not np.isfinite(now).all() or np.abs(now).max() > 100 * surface.reach:
            break
        way.append(now.round(5).tolist())
    return way


def _loss(surface: Surface, point: Any) -> float:
    return float(surface.value(np.array(point, "float32"), *surface.rest(-1)))


def _surface(subject: Subject, name: str, weights: Any, batch: int = 0) -> Surface:
    """A surface, kept with its compiled functions for as long as the weights stay."""
    if name != "network" and name not in surfaces.KNOWN:
        raise ValueError(f"expected one of {', '.join(surfaces.KNOWN)}. Received: {name!r}")
    key = (name, weights, batch, subject.version if name == "network" else 0)
    known = subject.kept.setdefault("surfaces", {})
    if key not in known:
        while len(known) > 8:
            del known[next(iter(known))]
        known[key] = _made(subject, name, weights, batch)
    return known[key]  # type: ignore[no-any-return]


def _made(subject: Subject, name: str, weights: Any, batch: int) -> Any:
    if name != "network":
        return surfaces.known(name)
    samples = subject.needs("train")
    if samples.y is None:
        raise LookupError("expected samples with targets. Received: samples alone")
    x = np.asarray(samples.x[:SAMPLES])
    y = np.asarray(subject.targets(samples)[:SAMPLES])
    chosen = [part.split(".") for part in weights.split(",")] if weights else None
    if chosen is not None:
        sizes = [int(np.prod(v.shape)) for v in subject.model.trainable_variables]
        fits = len(chosen) == 2 and all(
            len(one) == 2 and int(one[0]) < len(sizes) and int(one[1]) < sizes[int(one[0])]
            for one in chosen
        )
        if not fits:
            raise ValueError(f"expected two weights, such as 0.5,0.6. Received: {weights!r}")
    return subject.control.look(  # the weights as they are now, between two steps
        lambda: surfaces.of_network(probe_of(subject), x, y, chosen, batch)
    )


ASKED = {("GET", "surface"): surface, ("POST", "race"): race}
