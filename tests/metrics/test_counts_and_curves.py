"""Counts at thresholds, curves, overlaps and scores: against loops, at the edges, and errors."""

import numpy as np
import pytest

from geartrain import metrics
from geartrain.errors import GeartrainWarning
from geartrain.runtime.function import jit

RANDOM = np.random.default_rng(5)
TRUE = RANDOM.integers(0, 2, 40)
SCORES = RANDOM.uniform(size=40).round(2).astype("float32")
WEIGHTS = RANDOM.uniform(size=40).astype("float32")


def counted(thresholds, true, scores, weights):
    """The four counts by loops."""
    rows = []
    for threshold in np.float32(thresholds):
        tp = fp = tn = fn = 0.0
        for label, score, weight in zip(true, scores, weights, strict=True):
            if score > threshold:
                tp, fp = tp + weight * (label == 1), fp + weight * (label == 0)
            else:
                tn, fn = tn + weight * (label == 0), fn + weight * (label == 1)
        rows.append((tp, fp, tn, fn))
    return np.array(rows).T


@pytest.mark.parametrize("thresholds", [[0.1, 0.35, 0.8], [0.0, 0.25, 0.5, 0.75, 1.0], [0.5]])
def test_counts_are_those_of_loops(thresholds):
    names = ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives")
    expected = counted(thresholds, TRUE, SCORES, WEIGHTS)
    for name, values in zip(names, expected, strict=True):
        found = getattr(metrics, name)(thresholds)(TRUE, SCORES, WEIGHTS)
        np.testing.assert_allclose(np.ravel(found), values, rtol=1e-5)


def test_nan_and_numbers_beyond_are_put_aside_or_held():
    scores = np.float32([np.nan, -3, 0, 7, np.inf, -np.inf])
    for thresholds in ([0.0, 0.5, 1.0], [0.1, 0.9]):
        found = metrics.TruePositives(thresholds)(np.ones(6), scores)
        expected = [2, 2, 0] if len(thresholds) == 3 else [2, 2]
        assert found.tolist() == expected


def test_the_area_is_that_of_all_pairs():
    """The area under ROC is the chance that a positive scores above a negative."""
    positive, negative = SCORES[TRUE == 1], SCORES[TRUE == 0]
    above = np.mean(positive[:, None] > negative) + 0.5 * np.mean(positive[:, None] == negative)
    assert metrics.AUC(num_thresholds=1001)(TRUE, SCORES) == pytest.approx(above, abs=1e-3)
    assert metrics.AUC()(TRUE, TRUE.astype("float32")) == pytest.approx(1.0)


def test_thresholds_are_equally_far_apart():
    best = metrics.RecallAtPrecision(0.5, num_thresholds=5)
    np.testing.assert_allclose(best.thresholds, np.linspace(0, 1, 5))
    assert metrics.RecallAtPrecision(0.0, num_thresholds=1)([0, 1, 1], [0.6, 0.3, 0.9]) == 0.5
    inner = metrics.AUC(num_thresholds=5).thresholds[1:-1]
    np.testing.assert_allclose(inner, np.linspace(0, 1, 5)[1:-1])


def test_precision_gain_recall_gain():
    """Flach and Kull, 2015: gains are ratios on a harmonic scale, from the rate of positives."""
    between = [0.2, 0.4, 0.6, 0.8]
    tp, fp, tn, fn = counted([-1, *between, 2], TRUE, SCORES, np.ones(40))
    odds = (tp + fn) / (tn + fp)
    with np.errstate(all="ignore"):
        recall = np.where(tp == 0, 0, np.maximum(1 - odds * fn / tp, 0))
        precision = np.where(tp == 0, 1, 1 - odds * fp / tp)
    area = np.sum(-np.diff(recall) * (precision[1:] + precision[:-1]) / 2)
    found = metrics.AUC(curve="PRGAIN", thresholds=between)(TRUE, SCORES)
    assert found == pytest.approx(area, rel=1e-5)
    assert metrics.AUC(curve="PRGAIN")([0, 1, 1], [0.1, 0.6, 0.8]) == pytest.approx(1.0)
    assert metrics.AUC(curve="prgain").get_config()["curve"] == "PRGAIN"


def test_labels_with_a_curve_of_their_own():
    true, scores = TRUE.reshape(20, 2), SCORES.reshape(20, 2)
    alone = [metrics.AUC()(true[:, i], scores[:, i]) for i in range(2)]
    together = metrics.AUC(multi_label=True)
    assert together(true, scores) == pytest.approx(np.mean(alone))
    assert together.variables[0].shape == (200, 2)
    uneven = metrics.AUC(multi_label=True, thresholds=[0.1, 0.5], label_weights=[1, 3])
    single = [metrics.AUC(thresholds=[0.1, 0.5])(true[:, i], scores[:, i]) for i in range(2)]
    assert uneven(true, scores) == pytest.approx((single[0] + 3 * single[1]) / 4)
    again = metrics.deserialize(metrics.serialize(uneven))
    assert again(true, scores) == uneven.result()


def test_the_best_of_no_threshold_is_zero():
    assert metrics.PrecisionAtRecall(1.0)([0, 0], [0.3, 0.6]) == 0


def test_rows_without_a_largest_prediction_predict_nothing():
    assert metrics.F1Score(average="micro")([[1, 0]], [[0.0, 0.0]]) == 0


CLASSES_THERE_ARE_NOT = [([5], [5]), ([0, 2], [0, 1]), ([0, 1], [0, 7]), ([-1, 0], [0, 0])]


@pytest.mark.parametrize(("true", "predicted"), CLASSES_THERE_ARE_NOT)
def test_classes_that_there_are_not_are_refused_and_make_no_program_lie(true, predicted):
    iou = metrics.MeanIoU(num_classes=2)
    with pytest.raises(ValueError, match=r"MeanIoU: expected class numbers from 0 to 1. Received"):
        iou(true, predicted)
    traced = jit(lambda *batch: iou(*batch))(np.int32(true), np.int32(predicted))
    assert np.isnan(traced)
    iou.reset_state()
    assert iou(true, predicted, sample_weight=[0.0] * len(true)) == 0  # left out
    ignoring = metrics.MeanIoU(num_classes=2, ignore_class=7)
    assert ignoring([0, 1, 7], [0, 1, 9]) == pytest.approx(1.0)


def test_a_class_that_does_not_occur_does_not_count():
    assert metrics.IoU(3, [2])([0, 1], [0, 1]) == 0


def test_iou_of_weighted_places():
    """Keras documents 0.238 for the first, and gives 0 for it: its counts are whole numbers."""
    true, predicted, weight = [0, 0, 1, 1], [0, 1, 0, 1], [0.3, 0.3, 0.3, 0.1]
    expected = (0.3 / 0.9 + 0.1 / 0.7) / 2
    assert metrics.MeanIoU(2)(true, predicted, weight) == pytest.approx(expected)
    images = np.reshape(true, (2, 2)), np.reshape(predicted, (2, 2))
    rows = metrics.MeanIoU(2)(*images, sample_weight=[0.2, 0.4])
    assert rows == pytest.approx(metrics.MeanIoU(2)(true, predicted, [0.2, 0.2, 0.4, 0.4]))


def test_r2_of_one_column_and_adjusted():
    true, pred = np.float32([[1], [2], [3], [5]]), np.float32([[1], [2], [4], [5]])
    plain = 1 - 1 / np.sum((true - true.mean()) ** 2)
    assert metrics.R2Score()(true, pred) == pytest.approx(plain)
    adjusted = 1 - (1 - plain) * 3 / (4 - 1 - 1)
    assert metrics.R2Score(num_regressors=1)(true, pred) == pytest.approx(adjusted)
    with pytest.warns(GeartrainWarning, match="3 regressors need more than 4 values"):
        assert metrics.R2Score(num_regressors=3)(true, pred) == pytest.approx(plain)


def refused(message, call, *arguments, **keywords):
    with pytest.raises(ValueError, match=message):
        call(*arguments, **keywords)


def test_arguments_out_of_range():
    m = metrics
    refused(r"Precision: expected thresholds between 0 and 1\. Received: 2", m.Precision, 2)
    refused(r"TruePositives: expected thresh.*Received: -0\.5", m.TruePositives, [0.5, -0.5])
    refused(r"Recall: expected thresholds.*Received: None", m.Recall, [None])
    refused("class_id=1: expected y_pred of shape", m.Recall(class_id=1), TRUE, SCORES)
    refused(
        r"SensitivityAtSpecificity: expected specificity between 0 and 1\. Received: 2",
        m.SensitivityAtSpecificity, 2,
    )  # fmt: skip
    refused(r"RecallAtPrecision: expected precision.*Received: -0\.1", m.RecallAtPrecision, -0.1)
    refused(r"in \(0, 1\], or None. Received: 0\.0", m.F1Score, threshold=0.0)
    refused("num_thresholds of 1 or more, up to 1000000. *Received: 0", m.PrecisionAtRecall, 0.5, 0)
    refused(r"Unknown curve of AUC: 'rok'\. Did you mean 'ROC'", m.AUC, curve="rok")
    refused("Unknown summation_method of AUC: 'middle'", m.AUC, summation_method="middle")
    refused("AUC: expected num_thresholds of 2 or more, up to 1000000. Received: 1", m.AUC, 1)
    refused(r"multi_label=True only\. Received: num_labels=3", m.AUC, num_labels=3)
    refused(
        r"expected y_pred of shape \(samples, labels\).*\(40,\)",
        m.AUC(multi_label=True),
        TRUE,
        SCORES,
    )
    refused("AUC 'a': has no result before", m.AUC(multi_label=True, name="a").result)
    refused(r"expected class_aggregation as one of.*Received: 'mean'", m.R2Score, "mean")
    refused(r"num_regressors of 0 or more\. Received: -1", m.R2Score, num_regressors=-1)
    refused(r"R2Score: expected y_true and y_pred.*y\[:, None\]", m.R2Score(), SCORES, SCORES)
    refused("R2Score 'r': has no result", m.R2Score(name="r").result)
    refused(r"F1Score: expected average as one of.*Received: 'all'", m.F1Score, average="all")
    refused("FBetaScore: expected beta as a positive float.*Received: 2", m.FBetaScore, beta=2)
    refused(r"F1Score: expected threshold as a float in \(0, 1\].*1\.5", m.F1Score, threshold=1.5)
    refused(
        r"F1Score: expected y_true and y_pred of shape \(samples, cl", m.F1Score(), TRUE, SCORES
    )
    refused("F1Score 'f': has no result", m.F1Score(name="f").result)
    refused(r"IoU: expected target_class_ids from 0 to 1\. Received: 2", m.IoU, 2, [0, 2])
    refused(r"BinaryIoU: expected target_class_ids.*Received: -1", m.BinaryIoU, [-1])
