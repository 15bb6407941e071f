"""Labels that do not fit their loss, and last layers that cannot learn."""

import numpy as np
import pytest

from geartrain import losses
from geartrain.errors import GeartrainWarning
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH

CLASSES, ONE_HOT = np.arange(4) % 3, np.eye(3, dtype="float32")[np.arange(4) % 3]
SOFTMAX = np.full((4, 3), 1 / 3, "float32")


def refused(message, call, *arguments, **keywords):
    with pytest.raises(ValueError, match=message):
        call(*arguments, **keywords)


@pytest.mark.parametrize("labels", [CLASSES, CLASSES[:, None]], ids=["vector", "column"])
@pytest.mark.parametrize("name", ["categorical_crossentropy", "categorical_focal_crossentropy"])
def test_class_numbers_where_one_hot_rows_belong(name, labels):
    message = (
        rf"{name}: expected y_true as one-hot rows of the shape of y_pred, \(.*, 3\)\. Received: "
        r"shape .*These look like class numbers: use loss='sparse_categorical_crossentropy', or "
        r"y = utils\.to_categorical\(y, 3\)\."
    )
    refused(message, getattr(losses, name), labels, SOFTMAX)
    refused(message, losses.LossFunctionWrapper(getattr(losses, name)), labels, SOFTMAX)
    refused(message, losses.check_labels, name, labels, (None, 3))
    symbols = (placeholder((BATCH, *x.shape[1:]), "float32") for x in (labels, SOFTMAX))
    refused(message, getattr(losses, name), *symbols)


def test_one_hot_rows_where_class_numbers_belong():
    message = (
        r"sparse_categorical_crossentropy: expected y_true as class numbers of shape \(.*,\), for "
        r"y_pred of shape \(.*, 3\)\. Received: shape \(.*, 3\)\. These look like one-hot rows: "
        r"use loss='categorical_crossentropy', or y = y\.argmax\(axis=-1\)"
    )
    refused(message, losses.sparse_categorical_crossentropy, ONE_HOT, SOFTMAX)
    refused(message, losses.SparseCategoricalCrossentropy(), ONE_HOT, SOFTMAX)
    refused(message, losses.check_labels, "sparse_categorical_crossentropy", ONE_HOT, (None, 3))
    refused("class numbers", losses.categorical_generalized_cross_entropy, ONE_HOT, SOFTMAX, 0.5)


def test_other_shapes_of_labels():
    refused(
        r"have 4 classes and the model has 3",
        losses.categorical_crossentropy,
        SOFTMAX.T[:, :4],
        SOFTMAX[:3],
    )
    refused(
        r"Received: shape \(2, 4, 3\)\.$", losses.categorical_crossentropy, [SOFTMAX] * 2, SOFTMAX
    )
    refused(
        r"Received: shape \(5,\)\.$", losses.sparse_categorical_crossentropy, np.zeros(5), SOFTMAX
    )
    message = r"binary_crossentropy: expected y_true of the shape of y_pred"
    refused(f"{message}.*1 unit; for class numbers", losses.binary_crossentropy, CLASSES, SOFTMAX)
    refused(
        f"{message}.*look like one-hot rows: give the last layer 3",
        losses.check_labels,
        "bce",
        ONE_HOT,
        (None, 1),
    )
    refused(f"{message}.*as many units", losses.binary_crossentropy, SOFTMAX[:, :2], SOFTMAX)
    refused(
        r"mean_squared_error: expected y_true of the shape of y_pred, \(4, 3\)\. Received: shape "
        r"\(4,\).*1 unit for one number a sample; for class numbers",
        losses.mean_squared_error, CLASSES, SOFTMAX,
    )  # fmt: skip
    refused("as many units as y_true has", losses.MeanAbsoluteError(), SOFTMAX[:, :2], SOFTMAX)


def test_columns_and_vectors_go_together():
    for name in ("mean_squared_error", "binary_crossentropy", "hinge"):
        function = getattr(losses, name)
        column, vector = np.float32([[0], [1], [1]]), np.float32([0, 1, 1])
        scores = np.float32([[0.2], [0.4], [0.9]])
        np.testing.assert_array_equal(function(vector, scores), function(column, scores))
        losses.check_labels(name, vector, (None, 1))
        losses.check_labels(name, column, (None, 1))


def check(name, labels, shape=(None, 3), **keywords):
    return losses.check_labels(name, np.asarray(labels), shape, **keywords)


SPARSE = "sparse_categorical_crossentropy"


def test_labels_out_of_range_are_named():
    message = r"expected labels from 0 to 2, as the model has 3 outputs\. Received: y_true\[3\] = 3"
    refused(rf"{message}\. Give the last layer 4 units", check, SPARSE, [0, 1, 2, 3])
    refused(r"y_true\[1, 0\] = 5", check, SPARSE, [[0, 1], [5, 2]], (None, 2, 3))
    refused(r"y_true\[2\] = 3\. The labels start at 1: use y - 1", check, SPARSE, [1, 2, 3])
    refused(r"y_true\[1\] = -1\. For labels.*use ignore_class=-1", check, SPARSE, [0, -1])
    refused(r"y_true\[0\] = 0\.5\. Class numbers are whole", check, SPARSE, [0.5, 1.0])
    refused(r"y_true\[1\] = nan", check, SPARSE, [0.0, np.nan])


def test_labels_in_range_pass():
    check(SPARSE, [0, 1, 2])
    check(SPARSE, np.uint8([[0], [2]]))
    check(SPARSE, [0.0, 2.0])
    check(SPARSE, [])
    check(SPARSE, [7], (None, None))
    check("mse", [7.5, -3])
    check(lambda y_true, y_pred: y_pred, [7.5, -3])
    check("categorical_crossentropy", [[0.2, 0.8, 0]])
    check("binary_crossentropy", [True, False], (None, 1))
    check("binary_crossentropy", [0.25, 1], (None, 1))
    check("binary_crossentropy", np.zeros((2, 5, 1)), (None, 5))


def test_labels_that_do_not_count_may_be_anything():
    check(losses.SparseCategoricalCrossentropy(ignore_class=-1), [0, -1, 2])
    check(SPARSE, [0, -100, 2], sample_weight=[1, 0, 1])
    check(SPARSE, [[0, -100], [2, 2]], (None, 2, 3), sample_weight=np.array([[1, 0], [1, 1]]))
    check(SPARSE, [[-1, -100], [2, 2]], (None, 2, 3), sample_weight=[0, 1])
    refused(
        r"y_true\[2\] = 9", check, losses.SparseCategoricalCrossentropy(ignore_class=-1), [0, -1, 9]
    )
    refused(r"y_true\[1\] = 9", check, SPARSE, [9, 9], sample_weight=[0, 1])


def test_classes_along_another_axis():
    loss = losses.SparseCategoricalCrossentropy(axis=1)
    check(loss, [[0, 1, 4, 0]], (None, 5, 4))
    check(loss, [[[0, 1, 4, 0]]], (None, 5, 4))
    refused(r"y_true\[0, 2\] = 5", check, loss, [[0, 1, 5, 0]], (None, 5, 4))


def test_labels_that_are_no_probabilities():
    name, one = "binary_crossentropy", (None, 1)
    message = rf"{name}: expected labels between 0 and 1\. Received: y_true"
    refused(
        rf"{message}\[1\] = -1\. Use \(y \+ 1\) / 2, or loss='hinge'", check, name, [1, -1], one
    )
    refused(rf"{message}\[1\] = 2\. The labels start at 1: use y - 1", check, name, [1, 2], one)
    refused(rf"{message}\[2\] = 4.*For 5 classes use Dense\(5, ", check, name, [0, 1, 4], one)
    with pytest.warns(GeartrainWarning, match=rf"{message}\[0\] = 1\.5\. That is well for labels"):
        check(name, [1.5, 0.5], one)
    refused(r"y_true\[0, 1\] = 2\.0\. Correct", check, "categorical_crossentropy", [[0, 2.0, 1]])
    check(name, [0, 7], one, sample_weight=[1, 0])


def test_one_output_cannot_hold_classes():
    remedy = r"Use Dense\(1, activation='sigmoid'\) and loss='binary_crossentropy'"
    refused(
        f"softmax has 1 output, which is always 1.*{remedy}",
        losses.check_output,
        "mse",
        "softmax",
        (None, 1),
    )
    for name in ("categorical_crossentropy", SPARSE):
        refused(
            rf"{name}: expected an output for each class, 2 or more\. Received: output shape "
            rf"\(None, 1\)\. {remedy}",
            losses.check_output, name, "sigmoid", (None, 1),
        )  # fmt: skip


def test_logits_and_probabilities_mixed_up():
    from geartrain import activations

    sparse = losses.SparseCategoricalCrossentropy(from_logits=True)
    with pytest.warns(GeartrainWarning, match="applies softmax once more to the softmax"):
        losses.check_output(sparse, activations.softmax, (None, 3))
    with pytest.warns(GeartrainWarning, match="expects probabilities.*activation='softmax'"):
        losses.check_output(SPARSE, "linear", (None, 3))
    with pytest.warns(GeartrainWarning, match="expects probabilities.*activation='sigmoid'"):
        losses.check_output("binary_crossentropy", activations.linear, (None, 1))


def test_outputs_that_can_learn_pass():
    losses.check_output(SPARSE, "softmax", (None, 3))
    losses.check_output("binary_crossentropy", "sigmoid", (None, 1))
    losses.check_output("mse", "linear", (None, 1))
    losses.check_output(losses.BinaryCrossentropy(from_logits=True), "linear", (None, 1))
    losses.check_output(SPARSE, None, (None, 3))
    losses.check_output("mse", None, ())


def test_one_class_is_warned_of():
    with pytest.warns(GeartrainWarning, match="of 1 class only, so the loss is always 0"):
        assert losses.categorical_crossentropy([[1.0]], [[0.3]]) < 1e-6


def test_the_axis_is_a_number():
    refused(
        "expected axis as an int. Received: True",
        losses.categorical_crossentropy,
        ONE_HOT,
        SOFTMAX,
        axis=True,
    )
