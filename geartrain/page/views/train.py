"""Training: curves, and what weights, gradients, updates and units do meanwhile."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.page.control import alone
from geartrain.page.pictures import histogram, sprite
from geartrain.page.probe import probe_of
from geartrain.page.subject import Subject, image_shape
from geartrain.page.views.data import shown

LOOKED_AT = 256  # samples, for gradients, activations and losses
TESTED = 2000  # samples, for the confusion matrix
MOST_UNITS = 64  # shown as pictures


@alone
def status(subject: Subject) -> dict[str, Any]:
    """What goes on, and all curves so far."""
    return {
        "mode": subject.control.mode, "training": subject.control.training,
        "editable": subject.editable,
        "runs": [
            {"name": run.name, "points": run.points, "epochs": run.epochs} for run in subject.runs
        ],
    }  # fmt: skip


@alone
def steer(subject: Subject, to: str = "") -> dict[str, Any]:
    """Let the training run, hold it, or make one step or one epoch."""
    subject.steer(to)
    return {"mode": subject.control.mode}


def layers(subject: Subject) -> dict[str, Any]:
    """For each layer: histograms of weights, gradients and updates, and dead units."""
    probe = probe_of(subject)
    given = subject.train is not None and subject.train.y is not None
    gradients: dict[int, Any] = {}
    outputs: list[Any] = [None] * len(probe.layers)
    if subject.train is not None:
        x = np.asarray(subject.train.x[:LOOKED_AT])
        outputs = probe.activations(x)
        if given and subject.model.compiled:
            found = probe.gradients(x, np.asarray(subject.targets(subject.train)[:LOOKED_AT]))
            gradients = {
                id(v): g for v, g in zip(subject.model.trainable_variables, found, strict=True)
            }
    before = subject.kept.get("weights", {})
    steps = max(subject.version - before.get("version", 0), 1)
    now: dict[Any, Any] = {"version": subject.version}
    told = []
    for layer, output in zip(probe.layers, outputs, strict=True):
        weights = []
        for variable in layer.trainable_variables:
            value = now[id(variable)] = np.array(variable.value)
            row = {"name": variable.name, "shape": value.shape, "weights": histogram(value)}
            if id(variable) in gradients:
                row["gradients"] = histogram(gradients[id(variable)])
            if id(variable) in before:
                row["updates"] = histogram((value - before[id(variable)]) / steps)
            weights.append(row)
        told.append({"name": layer.name, "weights": weights, **_units(output)})
    if subject.version != before.get("version"):
        subject.kept["weights"] = now
    return {"layers": told, "samples": LOOKED_AT, "steps": steps}


def _units(output: Any) -> dict[str, Any]:
    """How many units there are, and how many give 0 for all samples."""
    if output is None:
        return {}
    flat = output.reshape(-1, output.shape[-1])
    return {
        "units": flat.shape[1], "dead": int((flat == 0).all(axis=0).sum()),
        "activations": histogram(flat),
    }  # fmt: skip


def filters(subject: Subject, layer: str = "") -> dict[str, Any]:
    """What the units of a layer look for, as pictures: of the first by default."""
    probe = probe_of(subject)
    for found in probe.layers:
        kernel = getattr(found, "kernel", None)
        if kernel is None or (layer and found.name != layer):
            continue
        value = np.asarray(kernel.value)
        if value.ndim == 4:  # of a convolution: rows, columns, channels, filters
            pictures = np.moveaxis(value, 3, 0)[..., :1]
        else:
            shape = image_shape(subject.model.input_shape[1:])
            if value.ndim != 2 or shape is None or value.shape[0] != np.prod(shape):
                continue
            pictures = value.T.reshape(-1, *shape)
        return {
            "layer": found.name,
            "of": len(pictures),
            "pictures": sprite(pictures[:MOST_UNITS], signed=True),
        }
    raise LookupError(
        "expected a layer whose kernel looks at pixels: a first Dense of pictures, or a convolution"
    )


def confusion(subject: Subject) -> dict[str, Any]:
    """How often each class is taken for each other one, over the test samples."""
    samples = subject.needs("test")
    if samples.labels is None:
        raise LookupError("expected samples with classes. Received: targets that are numbers")
    said = _said(subject, samples)
    right = samples.labels[:TESTED]
    size = len(samples.classes)
    counts = np.bincount(right * size + said, minlength=size * size).reshape(size, size)
    return {
        "classes": samples.classes, "counts": counts, "accuracy": float((said == right).mean()),
        "samples": len(right),
    }  # fmt: skip


def confused(subject: Subject, right: Any, said: Any) -> dict[str, Any]:
    """The test samples of class `right` that are taken for class `said`."""
    samples = subject.needs("test")
    found = np.flatnonzero(
        (samples.labels[:TESTED] == int(right)) & (_said(subject, samples) == int(said))
    )[:60]
    return {"numbers": found, **shown(samples, found)}


def hardest(subject: Subject) -> dict[str, Any]:
    """Of the first training samples, those with the greatest loss now, and their losses."""
    samples = subject.needs("train")
    if samples.y is None:
        raise LookupError("expected samples with targets. Received: samples alone")
    x = np.asarray(samples.x[:LOOKED_AT])
    y = np.asarray(subject.targets(samples)[:LOOKED_AT])
    each = probe_of(subject).losses(x, y)
    order = np.argsort(-each, kind="stable")[:32]
    labels = samples.labels
    return {
        "numbers": order, "losses": each[order], "of": len(x),
        "labels": [] if labels is None else [samples.classes[k] for k in labels[order]],
        **shown(samples, order),
    }  # fmt: skip


def _said(subject: Subject, samples: Any) -> Any:
    x = np.asarray(samples.x[:TESTED])
    scores = np.asarray(subject.model.predict(x, batch_size=500, verbose=0))
    if scores.shape[-1] == 1:
        return (scores.reshape(len(x)) > 0.5).astype(int)
    return scores.reshape(len(x), -1).argmax(-1)


ASKED = {
    ("GET", "status"): status,
    ("POST", "steer"): steer,
    ("GET", "layers"): layers,
    ("GET", "filters"): filters,
    ("GET", "confusion"): confusion,
    ("GET", "confused"): confused,
    ("GET", "hardest"): hardest,
}
