"""Labels that do not fit a loss, and outputs that cannot learn: errors that name the remedy.

The shapes are checked wherever a loss is used. The values are checked by `check_labels`, once
before training: a label out of range would otherwise quietly add nothing to the loss.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.errors import warn

Shape = tuple[int | None, ...]

CATEGORICAL = ("categorical_crossentropy", "categorical_focal_crossentropy")
SPARSE = ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy")
BINARY = ("binary_crossentropy", "binary_focal_crossentropy")


def _alike(first: Shape, second: Shape) -> bool:
    """Whether shapes are equal, where None is any size."""
    return len(first) == len(second) and all(
        a == b or None in (a, b) for a, b in zip(first, second, strict=True)
    )


def _leaves_out(shape: Shape, whole: Shape, axis: int) -> bool:
    """Whether `shape` is `whole` without an axis, or with size 1 there."""
    axis %= max(len(whole), 1)
    rest = whole[:axis] + whole[axis + 1 :]
    single = (*whole[:axis], 1, *whole[axis + 1 :])
    return _alike(shape, rest) or (_alike(shape, single) and shape[axis : axis + 1] == (1,))


def check_one_hot(who: str, y_true: Shape, y_pred: Shape, axis: int = -1) -> None:
    """Refuse labels whose shape is not that of the predictions."""
    if _alike(y_true, y_pred):
        return
    remedy = ""
    if len(y_true) == len(y_pred) and -len(y_pred) <= axis < len(y_pred):
        before, after = list(y_true), list(y_pred)
        given, classes = before.pop(axis), after.pop(axis)
        if _alike(tuple(before), tuple(after)):
            remedy = (
                f" The labels have {given} classes and the model has {classes} outputs: let the "
                f"last layer have {given} units."
            )
    if _leaves_out(y_true, y_pred, axis):
        classes = y_pred[axis] if y_pred else None
        remedy = (
            " These look like class numbers: use loss='sparse_categorical_crossentropy', or "
            f"y = utils.to_categorical(y, {classes})."
        )
    raise ValueError(
        f"{who}: expected y_true as one-hot rows of the shape of y_pred, {y_pred}. "
        f"Received: shape {y_true}.{remedy}"
    )


def check_class_numbers(who: str, y_true: Shape, y_pred: Shape, axis: int = -1) -> None:
    """Refuse labels whose shape is not that of the predictions without the classes' axis."""
    if _leaves_out(y_true, y_pred, axis):
        return
    remedy = ""
    if len(y_true) == len(y_pred):
        remedy = (
            " These look like one-hot rows: use loss='categorical_crossentropy', or "
            "y = y.argmax(axis=-1)."
        )
    axis %= max(len(y_pred), 1)
    raise ValueError(
        f"{who}: expected y_true as class numbers of shape {y_pred[:axis] + y_pred[axis + 1 :]}, "
        f"for y_pred of shape {y_pred}. Received: shape {y_true}.{remedy}"
    )


def check_same_shape(who: str, y_true: Shape, y_pred: Shape) -> None:
    """Refuse labels for yes-or-no outputs whose shape is not that of the predictions."""
    if _alike(y_true, y_pred):
        return
    remedy = " Let the last layer have as many units as y_true has columns."
    if _leaves_out(y_true, y_pred, -1):
        remedy = (
            " For one yes or no a sample give the last layer 1 unit; for class numbers use "
            "softmax and loss='sparse_categorical_crossentropy'."
        )
    elif y_pred and y_pred[-1] == 1 and len(y_true) == len(y_pred):
        remedy = (
            f" These look like one-hot rows: give the last layer {y_true[-1]} units, with softmax "
            "and loss='categorical_crossentropy'."
        )
    raise ValueError(
        f"{who}: expected y_true of the shape of y_pred, {y_pred}. Received: shape {y_true}."
        f"{remedy}"
    )


def function_name(loss: Any) -> str:
    """The name of the function behind a loss that is given in any way; "" if there is none."""
    from geartrain.losses import get

    found = get(loss)
    return getattr(getattr(found, "fn", found), "__name__", "")


def check_labels(loss: Any, y_true: Any, y_pred_shape: Shape, sample_weight: Any = None) -> None:
    """Refuse labels that the loss would misread. Costs one pass over the labels.

    Args:
        loss: a name, function or object.
        y_true: all labels, an array.
        y_pred_shape: the shape of the model's output, with None for the batch axis.
        sample_weight: weights of shape (samples,) or y_true's; labels of weight 0 may be anything.

    Raises:
        ValueError: for labels of a wrong shape, or out of range; the first of them is named.

    >>> check_labels("sparse_categorical_crossentropy", np.array([0, 1, 9]), (None, 10))
    >>> check_labels("sparse_categorical_crossentropy", np.array([0, 1, 10]), (None, 10))
    ... # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: sparse_categorical_crossentropy: expected labels from 0 to 9, ...y_true[2] = 10...
    """
    who = function_name(loss)
    if who not in CATEGORICAL + SPARSE + BINARY:
        return
    labels = np.asarray(y_true)
    shape, wanted = (None, *labels.shape[1:]), tuple(y_pred_shape)
    keywords = getattr(loss, "keywords", {})
    axis = keywords.get("axis", -1)
    if who in SPARSE:
        check_class_numbers(who, shape, wanted, axis)
        ignored = keywords.get("ignore_class")
        _check_range(who, labels, wanted[axis], sample_weight, ignored)
    elif who in CATEGORICAL:
        check_one_hot(who, shape, wanted, axis)
        _check_probabilities(who, labels, sample_weight)
    else:
        check_same_shape(who, *_ranks_matched(shape, wanted))
        _check_probabilities(who, labels, sample_weight)


def _ranks_matched(first: Shape, second: Shape) -> tuple[Shape, Shape]:
    """Shapes without a last axis of size 1 that only one of them has."""
    if len(first) == len(second) + 1 and first[-1] == 1:
        return first[:-1], second
    if len(second) == len(first) + 1 and second[-1] == 1:
        return first, second[:-1]
    return first, second


def _first_wrong(labels: np.ndarray, wrong: np.ndarray, sample_weight: Any) -> Any:
    """The place of the first wrong label that counts, and the label; None if there is none."""
    if sample_weight is not None:
        weight = np.asarray(sample_weight)
        weight = weight.reshape(weight.shape + (1,) * (labels.ndim - weight.ndim))
        wrong = wrong & (weight != 0)
    if not wrong.any():
        return None
    index = np.unravel_index(int(wrong.argmax()), labels.shape)
    place = ", ".join(str(int(one)) for one in index)
    return f"y_true[{place}] = {labels[index].item()}"


def _check_range(
    who: str, labels: np.ndarray, classes: int | None, sample_weight: Any, ignored: int | None
) -> None:
    if not labels.size or classes is None:
        return
    low, high = labels.min(), labels.max()
    whole = labels.dtype.kind in "biu"
    if whole and low >= 0 and high < classes:
        return
    wrong = ~((labels >= 0) & (labels < classes) & (labels == np.floor(labels)))
    if ignored is not None:
        wrong &= labels != ignored
    found = _first_wrong(labels, wrong, sample_weight)
    if found is None:
        return
    if not whole and not np.array_equal(labels, np.floor(labels)):
        remedy = "Class numbers are whole: correct the labels."
    elif low == 1 and high == classes:
        remedy = "The labels start at 1: use y - 1."
    elif low < 0:
        remedy = f"For labels that do not count use ignore_class={int(low)}, or correct the labels."
    else:
        remedy = f"Give the last layer {int(high) + 1} units, or correct the labels."
    raise ValueError(
        f"{who}: expected labels from 0 to {classes - 1}, as the model has {classes} outputs. "
        f"Received: {found}. {remedy}"
    )


def _check_probabilities(who: str, labels: np.ndarray, sample_weight: Any) -> None:
    if not labels.size or labels.dtype.kind == "b":
        return
    low, high = labels.min(), labels.max()
    if low >= 0 and high <= 1:
        return
    found = _first_wrong(labels, ~((labels >= 0) & (labels <= 1)), sample_weight)
    if found is None:
        return
    remedy = "Correct the labels."
    if low == -1 and high == 1:
        remedy = "Use (y + 1) / 2, or loss='hinge'."
    elif low == 1 and high == 2:
        remedy = "The labels start at 1: use y - 1."
    elif who in BINARY and np.array_equal(labels, np.floor(labels)) and low >= 0:
        remedy = (
            f"For {int(high) + 1} classes use Dense({int(high) + 1}, activation='softmax') and "
            "loss='sparse_categorical_crossentropy'."
        )
    said = f"{who}: expected labels between 0 and 1. Received: {found}."
    if np.array_equal(labels, np.floor(labels)):
        raise ValueError(f"{said} {remedy}")
    warn(f"{said} That is well for labels with noise. {remedy}")


def check_output(loss: Any, activation: Any, output_shape: Shape) -> None:
    """Refuse a last layer that cannot learn with the loss, and warn of one that will hardly.

    Args:
        loss: a name, function or object.
        activation: the last layer's activation: its name, the function, or None if unknown.
        output_shape: the shape of the model's output, with None for the batch axis.

    Raises:
        ValueError: for softmax, or a crossentropy of classes, over one output.

    Warns (GeartrainWarning): of logits where the loss expects probabilities, and the reverse.

    >>> check_output("binary_crossentropy", "softmax", (None, 1))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: The last layer's softmax has 1 output, which is always 1, ...
    """
    who, name = function_name(loss), getattr(activation, "__name__", activation)
    keywords = getattr(loss, "keywords", {})
    single = bool(output_shape) and output_shape[-1] == 1
    remedy = "Use Dense(1, activation='sigmoid') and loss='binary_crossentropy'."
    if single and name == "softmax":
        raise ValueError(
            "The last layer's softmax has 1 output, which is always 1, so nothing can be learned. "
            f"{remedy}"
        )
    axis = keywords.get("axis", -1)
    if who in CATEGORICAL + SPARSE and output_shape and output_shape[axis] == 1:
        raise ValueError(
            f"{who}: expected an output for each class, 2 or more. Received: output shape "
            f"{output_shape}. {remedy}"
        )
    if who not in CATEGORICAL + SPARSE + BINARY or name is None:
        return
    from_logits = keywords.get("from_logits", False)
    if from_logits and name in ("softmax", "sigmoid"):
        warn(f"{who}(from_logits=True) applies {name} once more to the {name} of the last layer. "
              "Use one of the two.")  # fmt: skip
    elif not from_logits and name == "linear":
        wanted = "sigmoid" if who in BINARY else "softmax"
        warn(f"{who} expects probabilities, but the last layer has no activation. Use "
              f"activation={wanted!r}, or the loss's from_logits=True.")  # fmt: skip
