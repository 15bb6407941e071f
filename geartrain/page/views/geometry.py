"""Geometry: what each layer does to the plane, and where digits are in the last hidden layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.page import toys
from geartrain.page.probe import probe_of
from geartrain.page.subject import Subject

ACTIVATIONS = ("relu", "tanh", "sigmoid", "linear")
MOST_LAYERS, MOST_UNITS, MOST_EPOCHS = 6, 32, 200
PLACED = 1000  # samples


def start(
    subject: Subject, points: Any = "moons", widths: Any = (2, 2), activation: str = "relu",
    seed: Any = 0, rate: Any = 0.01,
) -> dict[str, Any]:  # fmt: skip
    """A new small network on a set of points, or on the user's own.

    Args:
        points: the name of a set, or rows of x, y and 0 or 1.
    """
    widths = [int(width) for width in widths]
    if not 0 < len(widths) <= MOST_LAYERS or not all(0 < width <= MOST_UNITS for width in widths):
        raise ValueError(
            f"expected 1 to {MOST_LAYERS} layers of 1 to {MOST_UNITS} units. Received: {widths}"
        )
    if activation not in ACTIVATIONS:
        raise ValueError(f"expected one of {', '.join(ACTIVATIONS)}. Received: {activation!r}")
    if isinstance(points, str):
        if points not in toys.SETS:
            raise ValueError(f"expected one of {', '.join(toys.SETS)}. Received: {points!r}")
        x, y = toys.made(points, int(seed))
    else:
        rows = np.asarray(points, "float32").reshape(-1, 3)[: toys.MOST_POINTS]
        if len(set(rows[:, 2].tolist())) < 2:
            raise ValueError("expected points of both colours. Received: fewer")
        x, y = rows[:, :2], rows[:, 2]
    toy = subject.kept["toy"] = toys.Toy(widths, activation, x, y, int(seed), float(rate))
    return {**toy.state(), "x": toy.x, "y": toy.y.reshape(-1)}


def train(subject: Subject, epochs: Any = 1) -> dict[str, Any]:
    """Some epochs more."""
    toy = subject.kept.get("toy")
    if toy is None:
        raise LookupError("expected a network. Received: none yet. Choose points first")
    toy.train(min(int(epochs), MOST_EPOCHS))
    return toy.state()  # type: ignore[no-any-return]


def placed(subject: Subject) -> dict[str, Any]:
    """The test samples in the plane of the last hidden layer's two main directions (PCA)."""
    probe, samples = probe_of(subject), subject.needs("test")
    hidden = probe.activations(np.asarray(samples.x[:PLACED]))
    inside = hidden[-2] if len(hidden) > 1 else hidden[-1]
    rows = inside.reshape(len(inside), -1).astype("float64")
    name = probe.layers[-2 if len(hidden) > 1 else -1].name
    if rows.shape[1] > 2:
        centred = rows - rows.mean(axis=0)
        _, directions = np.linalg.eigh(centred.T @ centred)
        main = directions[:, :-3:-1]
        main = main * np.sign(
            main[np.abs(main).argmax(axis=0), [0, 1]]
        )  # no mirror image next time
        rows = centred @ main
    elif rows.shape[1] == 1:
        rows = np.concatenate([rows, np.zeros_like(rows)], 1)
    labels = samples.labels
    return {
        "layer": name, "units": inside[0].size, "points": rows.round(4),
        "labels": [] if labels is None else labels[:PLACED], "classes": samples.classes,
    }  # fmt: skip


ASKED = {("POST", "start"): start, ("POST", "train"): train, ("GET", "placed"): placed}
