"""Losses and metrics along another axis: what they give along the last, of tensors turned round.

The numbers along the last axis are those recorded from Keras.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from geartrain import losses, metrics, ops

RANDOM = np.random.default_rng(0)
SCORES = RANDOM.uniform(0.1, 1.0, (2, 3, 4, 5)).astype("float32")
SHARES = SCORES / SCORES.sum(-1, keepdims=True)
LABELS = RANDOM.integers(0, 5, (2, 3, 4))
ROWS = np.eye(5, dtype="float32")[LABELS]

OPTIONS: list[dict[str, Any]] = [
    {},
    {"label_smoothing": 0.2},
    {"label_smoothing": 0.2, "from_logits": True},
    {"alpha": [0.1, 0.2, 0.3, 0.4, 0.5]},
    {"ignore_class": 2},
    {"apply_class_balancing": True, "alpha": 0.3},
    {"num_classes": 5, "sparse_y_pred": False},
    {"num_classes": 5, "target_class_ids": [1, 3], "sparse_y_pred": False},
]


def takes(function: Any, options: dict[str, Any]) -> bool:
    """Whether options fit: all are taken, and none that it needs is missing."""
    parameters = inspect.signature(function).parameters
    needed = {
        name for name, one in parameters.items()
        if one.default is one.empty and name not in ("y_true", "y_pred", "kwargs")
    }  # fmt: skip
    several = isinstance(options.get("alpha"), list)
    wrong = several and not function.__name__.lower().startswith("categorical")
    return needed <= set(options) <= set(parameters) and not wrong


WITH_AXIS = [
    function
    for module in (losses, metrics)
    for function in (getattr(module, name) for name in module.__all__)
    if callable(function) and "axis" in inspect.signature(function).parameters
]
CASES = [
    pytest.param(function, options, id=f"{function.__module__}.{function.__name__}-{options}")
    for function in WITH_AXIS
    for options in OPTIONS
    if takes(function, options)
]


def value(function: Any, y_true: Any, y_pred: Any, **options: Any) -> np.ndarray:
    if inspect.isclass(function):
        return np.asarray(function(**options)(y_true, y_pred))
    return np.asarray(function(y_true, y_pred, **options))


@pytest.mark.parametrize("axis", [1, -2])
@pytest.mark.parametrize(("function", "options"), CASES)
def test_along_any_axis(function: Any, options: dict[str, Any], axis: int) -> None:
    name = function.__name__.lower()
    whole = "sparse" in name or ("iou" in name and "onehot" not in name)
    y_true = LABELS if whole else ROWS
    last = value(function, y_true, SHARES, axis=-1, **options)
    turned = value(
        function, y_true if whole else np.moveaxis(y_true, -1, axis),
        np.moveaxis(SHARES, -1, axis), axis=axis, **options,
    )  # fmt: skip
    np.testing.assert_allclose(turned, last, rtol=2e-6, atol=1e-6)


def test_there_are_cases_of_every_kind() -> None:
    found = {case.values[0].__name__ for case in CASES}
    assert {"CategoricalFocalCrossentropy", "CosineSimilarity", "MeanIoU", "Dice"} <= found
    assert len(found) >= 20


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 1, 3, 4)])
def test_the_op_takes_class_numbers_with_one_along_its_axis(shape: tuple[int, ...]) -> None:
    last = ops.sparse_categorical_crossentropy(LABELS, SHARES)
    turned = ops.sparse_categorical_crossentropy(
        LABELS.reshape(shape), np.moveaxis(SHARES, -1, 1), axis=1
    )
    np.testing.assert_allclose(turned, last, rtol=1e-6)


def test_messages_count_classes_along_the_axis() -> None:
    pred = np.moveaxis(SHARES, -1, 1)
    with pytest.raises(ValueError, match=r"labels have 6 classes and the model has 5 outputs"):
        losses.categorical_crossentropy(np.zeros((2, 6, 3, 4)), pred, axis=1)
    with pytest.raises(ValueError, match=r"look like class numbers.*to_categorical\(y, 5\)"):
        losses.categorical_crossentropy(LABELS, pred, axis=1)
    one = losses.CategoricalCrossentropy(axis=1)
    losses.check_output(one, "softmax", (None, 5, 4, 2))
    with pytest.raises(ValueError, match="expected an output for each class, 2 or more"):
        losses.check_output(one, None, (None, 1, 4, 5))
