"""Crossentropy of a softmax or sigmoid: computed from the logits wherever they are known."""

import numpy as np
import pytest

from geartrain import losses, ops
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH
from geartrain.ops.logits import carry_logits, logits_behind
from geartrain.runtime.function import Program, grad, trace

FAR = np.float32([[200.0, 0.0, 0.0], [0.0, -200.0, 0.0]])
WRONG = np.float32([[0, 1, 0], [0, 1, 0]])


def value(function, *arrays):
    symbols = [placeholder((BATCH, *x.shape[1:]), x.dtype.name) for x in arrays]
    result, scope = trace(function, *symbols)
    return Program(symbols, [result], scope.updates).run(*arrays)[0]


def test_a_certain_and_wrong_prediction_has_its_full_loss():
    loss = losses.CategoricalCrossentropy(reduction="none")
    through = value(lambda t, x: loss(t, ops.softmax(x)), WRONG, FAR)
    np.testing.assert_allclose(through, [200.0, 200 + np.log(2)], rtol=1e-6)
    np.testing.assert_allclose(loss(WRONG, ops.softmax(FAR)), [16.118, 16.118], rtol=1e-4)


def test_its_gradient_is_softmax_minus_truth():
    slope = grad(lambda x: ops.sum(losses.categorical_crossentropy(WRONG, ops.softmax(x))))(FAR)
    np.testing.assert_allclose(slope, ops.softmax(FAR) - WRONG, atol=1e-6)


def test_a_saturated_sigmoid():
    x, y = np.float32([[120.0], [-120.0]]), np.float32([[0], [1]])
    loss = losses.BinaryCrossentropy()
    assert value(lambda t, x: loss(t, ops.sigmoid(x)), y, x) == 120.0
    np.testing.assert_allclose(grad(lambda x: loss(y, ops.sigmoid(x)))(x), [[0.5], [-0.5]])


def test_another_axis_is_not_taken_for_the_classes():
    loss = lambda t, x: losses.categorical_crossentropy(t, ops.softmax(x, axis=0), axis=-1)  # noqa: E731
    x, t = np.float32([[1, 2], [3, 5]]), np.float32([[1, 0], [0, 1]])
    symbols = [placeholder((2, 2), "float32") for _ in range(2)]
    result, scope = trace(loss, *symbols)
    found = Program(symbols, [result], scope.updates).run(t, x)[0]
    np.testing.assert_allclose(found, loss(t, x), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_the_logits_follow_a_conversion(dtype):
    loss = losses.SparseCategoricalCrossentropy(reduction="none")
    through = value(lambda t, x: loss(t, ops.softmax(x)), np.int32([1, 1]), FAR.astype(dtype))
    np.testing.assert_allclose(through, [200.0, 200 + np.log(2)], rtol=1e-6)


def test_the_logits_follow_a_dropped_axis():
    """(n, t) labels beside (n, t, 1) predictions."""
    x = np.full((2, 3, 1), 150.0, "float32")
    loss = losses.BinaryCrossentropy()
    assert value(lambda t, x: loss(t, ops.sigmoid(x)), np.zeros((2, 3), "float32"), x) == 150.0


def test_ignored_classes_do_not_count():
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    through = lambda t, x: loss(t, ops.softmax(x))  # noqa: E731
    assert value(through, np.int32([1, -1]), FAR) == 200.0


def test_notes():
    x = placeholder((BATCH, 4), "float32")
    y = ops.softmax(x, axis=1)
    assert logits_behind(y, "softmax", -1) is x
    assert logits_behind(y, "softmax", 0) is None
    assert logits_behind(y, "sigmoid") is None
    assert logits_behind(ops.sigmoid(x), "sigmoid") is x
    assert logits_behind(np.ones(3), "sigmoid") is None
    assert logits_behind(ops.softmax(x, axis=(0, 1)), "softmax", (1, 0)) is x
    cast = ops.cast(y, "float64")
    assert carry_logits(y, cast, lambda logits: ops.cast(logits, "float64")) is cast
    assert logits_behind(cast, "softmax", 1).dtype == "float64"
    narrow = ops.softmax(placeholder((BATCH, 1), "float32"))
    flat = carry_logits(narrow, ops.squeeze(narrow, -1), lambda logits: logits)
    assert logits_behind(flat, "softmax", 0) is None
