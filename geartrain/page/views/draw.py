"""Drawing: a digit by hand, centred as MNIST's are, and what every layer makes of it."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from geartrain.page.pictures import sprite
from geartrain.page.probe import probe_of
from geartrain.page.subject import Subject, image_shape

NEAREST = 8
SEARCHED = 20_000  # training samples
BOX, SIDE = 20, 28  # pixels of the digit itself, and of its picture, in MNIST


def drawn(subject: Subject, pixels: str, side: int, centred: bool = True) -> dict[str, Any]:
    """What the network says of a drawing.

    Args:
        pixels: bytes of a square picture in base64, 255 where there is ink.
        side: how many pixels the square has a side.
        centred: whether to scale and centre it as MNIST's digits are.
    """
    ink = np.frombuffer(base64.b64decode(pixels), "uint8").reshape(side, side) / 255.0
    probe = probe_of(subject)
    shape = image_shape(subject.model.input_shape[1:])
    if shape is None or shape[2] != 1:
        raise LookupError(
            f"expected a network that takes pictures in grey. Received: inputs of shape "
            f"{subject.model.input_shape[1:]}"
        )
    like_mnist = centred and shape[:2] == (SIDE, SIDE)
    picture = as_mnist(ink) if like_mnist else resized(ink, shape[:2])
    scale = _greatest(subject)
    x = (picture * scale).reshape(1, *subject.model.input_shape[1:]).astype("float32")
    outputs = probe.activations(x)
    scores = outputs[-1].reshape(-1)
    best = int(scores.argmax())
    towards = probe.saliency(x, best).reshape(1, *shape)
    classes = subject.train.classes if subject.train else ()
    return {
        "picture": sprite(picture[None, :, :, None]),
        "scores": scores, "best": best, "saliency": sprite(towards, signed=True),
        "classes": classes or [str(k) for k in range(len(scores))],
        "layers": [
            {"name": layer.name, **_picture(output)}
            for layer, output in zip(probe.layers, outputs, strict=True)
        ],
        **_nearest(subject, x),
    }  # fmt: skip


def as_mnist(ink: np.ndarray) -> np.ndarray:
    """Ink as MNIST has it: scaled into 20 x 20, its centre of mass in the middle of 28 x 28.

    >>> as_mnist(np.eye(100)).shape
    (28, 28)
    """
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    whole = np.zeros((SIDE, SIDE))
    if not len(rows):
        return whole
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(digit.shape)
    height, width = (max(1, round(length * scale)) for length in digit.shape)
    small = resized(digit, (height, width))
    total = small.sum() or 1.0
    middle = (SIDE - 1) / 2
    top = round(middle - float((small.sum(axis=1) * np.arange(height)).sum() / total))
    left = round(middle - float((small.sum(axis=0) * np.arange(width)).sum() / total))
    top, left = min(max(top, 0), SIDE - height), min(max(left, 0), SIDE - width)
    whole[top : top + height, left : left + width] = small
    return whole


def resized(ink: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A picture of another size, each pixel the mean of the area that it covers.

    >>> resized(np.array([[0.0, 1.0], [1.0, 1.0]]), (1, 1))
    array([[0.75]])
    """
    for axis, length in enumerate(shape):
        weights = _covered(ink.shape[axis], length)
        ink = np.moveaxis(np.tensordot(weights, ink, (1, axis)), 0, axis)
    return ink


def _covered(old: int, new: int) -> np.ndarray:
    """Which share of each old pixel is under each new one; rows sum to 1."""
    edges = np.arange(new + 1) * old / new
    low, high = edges[:-1, None], edges[1:, None]
    places = np.arange(old)
    covered = np.clip(np.minimum(high, places + 1) - np.maximum(low, places), 0, None)
    return covered / covered.sum(axis=1, keepdims=True)


def _greatest(subject: Subject) -> float:
    """What full ink is in the training data: 1 or 255."""
    if subject.train is None:
        return 1.0
    return 255.0 if float(np.max(subject.train.x[:100])) > 1.5 else 1.0


def _picture(output: np.ndarray) -> dict[str, Any]:
    """A layer's activations: pictures of its channels, or one row of units."""
    if output.ndim == 4:
        return {"pictures": sprite(np.moveaxis(output[0], 2, 0)[:32, :, :, None])}
    return {"values": output.reshape(-1)[:1024]}


def _nearest(subject: Subject, x: np.ndarray) -> dict[str, Any]:
    """The training samples with the least Euclidean distance."""
    samples = subject.train
    if samples is None:
        return {}
    rows = np.asarray(samples.x[:SEARCHED]).reshape(min(len(samples), SEARCHED), -1)
    known, squares = subject.kept.get("squares", (None, None))
    if known is not samples:
        squares = np.einsum("ij,ij->i", rows, rows, dtype="float64")
        subject.kept["squares"] = (samples, squares)
    near = np.argsort(squares - 2.0 * (rows @ x.reshape(-1)), kind="stable")[:NEAREST]
    labels = samples.labels
    return {
        "nearest": sprite(samples.images(near)), "numbers": near,
        "labels": [] if labels is None else [samples.classes[k] for k in labels[near]],
    }  # fmt: skip


ASKED = {("POST", "digit"): drawn}
