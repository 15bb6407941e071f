"""Preparing numbers for a network: labels to one-hot rows, vectors to unit length."""

from __future__ import annotations

from operator import index
from typing import Any, Literal

import numpy as np

from geartrain.errors import describe_value


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """One-hot rows for integer labels: `z[..., k] = 1 if x[...] == k else 0`.

    For use with `categorical_crossentropy`. (`sparse_categorical_crossentropy` takes the
    integers as they are.)

    Args:
        x: whole numbers from 0 to num_classes - 1, of any shape. A last axis of length 1 is
            dropped.
        num_classes: how many classes there are; `max(x) + 1` if None.

    Returns float64 of shape (*x.shape, num_classes).

    Raises ValueError for a label that is negative, too large or not whole; it names the label.
    (Keras counts -1 from the end and cuts 1.7 down to 1 without a word.)

    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    """
    labels = _whole_labels(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if num_classes is None:
        if not labels.size:
            raise ValueError(
                "to_categorical cannot infer num_classes from no labels. "
                f"Received: {describe_value(labels)}. Pass num_classes."
            )
        classes = int(labels.max()) + 1
    else:
        classes = index(num_classes)
        if classes < 1:
            raise ValueError(
                "to_categorical expected num_classes of at least 1, or None. "
                f"Received: {num_classes}"
            )
    _check_range(labels, classes, given=num_classes is not None)
    one_hot = np.zeros((labels.size, classes))
    one_hot[np.arange(labels.size), labels.ravel()] = 1
    return one_hot.reshape(*labels.shape, classes)


def normalize(
    x: Any, axis: int | None = -1, order: float | Literal["fro", "nuc"] | None = 2
) -> np.ndarray:
    """Scale to unit length: `x / norm(x)` along an axis. Vectors of zeros stay zeros.

    Args:
        x: numbers of any shape.
        axis: the axis along which to measure; None measures the whole vector or matrix.
        order: of the norm, as `np.linalg.norm` takes it: 2 is the length, 1 the sum of absolute
            values, `np.inf` the largest.

    Returns a new array of x's shape; whole numbers become float64. As in Keras, a lone vector
    of shape (n,) comes back as a batch of one, (1, n).

    Raises ValueError for an axis that x does not have, TypeError for what are no numbers.

    >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    x = np.asarray(x)
    if x.dtype.kind in "OSUMm":
        raise TypeError(
            f"normalize expected numbers. Received: {describe_value(x)}. "
            'Convert them first, e.g. x.astype("float32").'
        )
    if x.ndim == 0:
        raise ValueError(f"normalize expected a vector or more. Received: the scalar {x}.")
    if axis is not None and not -x.ndim <= axis < x.ndim:
        raise ValueError(
            f"normalize expected an axis of x, from {-x.ndim} to {x.ndim - 1}. "
            f"Received: axis={axis} for shape {x.shape}."
        )
    norm = np.linalg.norm(x, order, axis, keepdims=True)
    unit: np.ndarray = x / np.where(norm == 0, norm.dtype.type(1), norm)
    return unit if x.ndim > 1 else unit[np.newaxis]


def _whole_labels(x: Any) -> np.ndarray:
    """x as an array of integers, or an error for the first that is not whole."""
    given = np.asarray(x)
    if given.dtype.kind in "biu" or not given.size:
        return given.astype("int64")
    if given.dtype.kind in "OSUMmc":
        raise ValueError(
            f"to_categorical expected whole numbers as labels. Received: dtype {given.dtype}, "
            f"such as {given.flat[0]!s}. "
            "np.unique(x, return_inverse=True)[1] numbers the classes from 0."
        )
    whole = np.isfinite(given) & (given == np.floor(given))
    if not whole.all():
        raise ValueError(
            f"to_categorical expected whole numbers as labels. Received: {given[~whole][0]} "
            f"at {_first(~whole)}. Targets of a regression need no classes."
        )
    return given.astype("int64")


def _check_range(labels: np.ndarray, classes: int, given: bool) -> None:
    """Refuse labels outside 0 .. classes - 1, naming the first of them."""
    outside = (labels < 0) | (labels >= classes)
    if not outside.any():
        return
    label = int(labels[outside][0])
    if label < 0:
        remedy = "Labels count from 0; map a marker such as -1 to a class of its own, or drop it."
    elif given and label == classes and not (labels == 0).any():
        remedy = "These labels count from 1: subtract 1."
    else:
        remedy = f"The largest label is {labels.max()}: num_classes would be {labels.max() + 1}."
    raise ValueError(
        f"to_categorical expected labels from 0 to {classes - 1}. "
        f"Received: label {label} at {_first(outside)}. {remedy}"
    )


def _first(mask: np.ndarray) -> str:
    """Where the first True of `mask` is, as one would index it."""
    position = np.unravel_index(int(mask.argmax()), mask.shape)
    return f"x[{', '.join(str(int(axis)) for axis in position)}]" if position else "x"
