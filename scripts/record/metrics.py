"""Metrics: the result after each of three batches, after a reset, and after one batch more."""

from __future__ import annotations

import keras
import numpy as np

from record.common import Recording, args, integers, jsonable, normal, uniform
from record.losses import one_hot, softmax

BATCHES = ((0, 6), (6, 12), (12, 15))
ROWS = 15


def catalogue() -> dict[str, np.ndarray]:
    """Fifteen rows of labels, predictions and weights."""
    classes, binary = integers("metric classes", (ROWS,), 5), integers("metric binary", (ROWS,), 2)
    logits, several = normal("metric logits", (ROWS, 5), 1.5), integers("several", (ROWS, 3), 2)
    logits[1], logits[7, :3] = 0.5, 2.0  # Ties.
    scores = np.clip(binary * 0.3 + uniform("metric scores", (ROWS,), 0.0, 0.7), 0, 1)
    scores[2:6] = [0.0, 0.5, 1.0, 0.5]  # At the ends, and at the usual threshold.
    map_true, map_pred = integers("map true", (ROWS, 4), 3), integers("map pred", (ROWS, 4), 3)
    void = map_true.copy()
    void[::4, 1] = 255
    weights = uniform("metric weights", (ROWS,), 0.0, 2.0)
    weights[3] = 0.0
    regression, predicted = normal("metric y", (ROWS, 2)), normal("metric error", (ROWS, 2), 0.5)
    return {
        "classes": classes,
        "classes_column": classes.reshape(-1, 1),
        "one_hot": one_hot(classes, 5),
        "logits": logits,
        "probabilities": softmax(logits),
        "guesses": np.where(np.arange(ROWS) % 3 == 0, classes, (classes + 1) % 5).astype(np.int32),
        "sequence": integers("metric sequence", (ROWS, 3), 4),
        "sequence_probabilities": softmax(normal("metric sequence", (ROWS, 3, 4), 2.0)),
        "sequence_weights": uniform("metric sequence weights", (ROWS, 3)),
        "sorted_ids": np.argsort(-logits, axis=-1).astype(np.int32),
        "binary": binary.astype(np.float32),
        "binary_column": binary.reshape(-1, 1).astype(np.float32),
        "scores": scores.astype(np.float32),
        "scores_column": scores.reshape(-1, 1).astype(np.float32),
        "score_logits": normal("metric score logits", (ROWS,), 2.0),
        "several": several.astype(np.float32),
        "several_scores": uniform("several scores", (ROWS, 3)),
        "signs": (2.0 * several - 1.0).astype(np.float32),
        "margins": normal("margins", (ROWS, 3), 1.5),
        "map_true": map_true,
        "map_void": void,
        "map_pred": map_pred,
        "map_one_hot": one_hot(map_true, 3),
        "map_probabilities": softmax(normal("map probabilities", (ROWS, 4, 3), 2.0)),
        "map_binary": integers("map binary", (ROWS, 4), 2).astype(np.float32),
        "map_scores": uniform("map scores", (ROWS, 4)),
        "map_weights": uniform("map weights", (ROWS, 4)),
        "map_counts": integers("map counts", (ROWS, 4), 4),
        "regression": regression,
        "predicted": regression + predicted,
        "positive": np.abs(regression) + 0.1,
        "positive_predicted": np.abs(predicted) + 0.1,
        "values": normal("metric values", (ROWS,), 3.0),
        "matrix": normal("metric matrix", (ROWS, 2), 3.0),
        "weights": weights,
        "weights_column": weights.reshape(-1, 1),
    }


# Class: [(arguments, inputs)]; inputs are (y_true, y_pred), or one name for Mean and Sum.
MANY = ("several", "several_scores")
ONE = ("binary", "scores")
COLUMN = ("binary_column", "scores_column")
REGRESSION = ("regression", "predicted")
POSITIVE = ("positive", "positive_predicted")
PROBABILITIES = ("one_hot", "probabilities")
LOGITS = ("one_hot", "logits")
MAP = ("map_true", "map_pred")
CONFUSION = [
    ({}, ONE),
    ({}, COLUMN),
    ({}, MANY),
    (args(thresholds=0.3), ONE),
    (args(thresholds=[0.0, 0.25, 0.5, 1.0]), ONE),
]
RATIO = [
    *CONFUSION,
    (args(top_k=2), PROBABILITIES),
    (args(class_id=1), PROBABILITIES),
    (args(class_id=2, thresholds=[0.2, 0.6]), PROBABILITIES),
    (args(top_k=3, class_id=1), PROBABILITIES),
]
F_SCORES = [
    ({}, PROBABILITIES),
    *[(args(average=a), PROBABILITIES) for a in ("micro", "macro", "weighted")],
    (args(threshold=0.4), MANY),
    (args(threshold=0.4, average="macro"), MANY),
]
METRICS = {
    "Mean": [({}, ("values",)), ({}, ("matrix",))],
    "Sum": [({}, ("values",)), ({}, ("matrix",))],
    "Accuracy": [({}, ("classes", "guesses")), ({}, ("classes_column", "guesses")), ({}, MAP)],
    "BinaryAccuracy": [({}, ONE), ({}, COLUMN), ({}, MANY), (args(threshold=0.3), MANY)],
    "CategoricalAccuracy": [({}, PROBABILITIES), ({}, ("map_one_hot", "map_probabilities"))],
    "SparseCategoricalAccuracy": [
        ({}, ("classes", "probabilities")),
        ({}, ("classes_column", "probabilities")),
        ({}, ("sequence", "sequence_probabilities")),
    ],
    "TopKCategoricalAccuracy": [({}, PROBABILITIES), (args(k=2), PROBABILITIES)],
    "SparseTopKCategoricalAccuracy": [
        (args(k=2), ("classes", "probabilities")),
        (args(k=3), ("classes_column", "probabilities")),
        (args(k=2), ("sequence", "sequence_probabilities")),
        (args(k=2, from_sorted_ids=True), ("classes", "sorted_ids")),
    ],
    "FalsePositives": CONFUSION,
    "FalseNegatives": CONFUSION,
    "TruePositives": CONFUSION,
    "TrueNegatives": CONFUSION,
    "Precision": RATIO,
    "Recall": RATIO,
    "SensitivityAtSpecificity": [(args(specificity=0.5), ONE), (args(specificity=0.9), MANY)],
    "SpecificityAtSensitivity": [
        (args(sensitivity=0.5), ONE),
        (args(sensitivity=0.7, num_thresholds=20), MANY),
    ],
    "PrecisionAtRecall": [(args(recall=0.8), ONE), (args(recall=0.5, num_thresholds=20), MANY)],
    "RecallAtPrecision": [(args(precision=0.6), ONE), (args(precision=0.99), MANY)],
    "AUC": [
        ({}, ONE),
        ({}, COLUMN),
        ({}, MANY),
        (args(num_thresholds=5), ONE),
        (args(curve="PR"), ONE),
        *[
            (args(curve=c, summation_method=m, num_thresholds=20), ONE)
            for c in ("ROC", "PR")
            for m in ("minoring", "majoring")
        ],
        (args(thresholds=[0.2, 0.5, 0.7]), ONE),
        (args(multi_label=True, num_labels=3), MANY),
        (args(multi_label=True, num_labels=3, label_weights=[1.0, 2.0, 0.5]), MANY),
        (args(multi_label=True, num_labels=3, curve="PR"), MANY),
        (args(from_logits=True), ("binary", "score_logits")),
    ],
    "F1Score": F_SCORES,
    "FBetaScore": [*F_SCORES, (args(beta=2.0, average="weighted"), PROBABILITIES)],
    "Hinge": [({}, ("signs", "margins")), ({}, ("several", "margins"))],
    "SquaredHinge": [({}, ("signs", "margins")), ({}, ("several", "margins"))],
    "CategoricalHinge": [({}, LOGITS)],
    "IoU": [
        (args(num_classes=3, target_class_ids=[0, 2]), MAP),
        (args(num_classes=3, target_class_ids=[1], ignore_class=255), ("map_void", "map_pred")),
    ],
    "BinaryIoU": [
        ({}, ("map_binary", "map_scores")),
        (args(target_class_ids=[1], threshold=0.3), ("map_binary", "map_scores")),
    ],
    "MeanIoU": [
        (args(num_classes=3), MAP),
        (args(num_classes=4, ignore_class=1), MAP),
        (args(num_classes=3, sparse_y_pred=False), ("map_true", "map_probabilities")),
    ],
    "OneHotIoU": [
        (args(num_classes=3, target_class_ids=[0, 1]), ("map_one_hot", "map_probabilities")),
        (
            args(num_classes=3, target_class_ids=[2], sparse_y_pred=True),
            ("map_one_hot", "map_pred"),
        ),
    ],
    "OneHotMeanIoU": [(args(num_classes=3), ("map_one_hot", "map_probabilities"))],
    "KLDivergence": [({}, PROBABILITIES)],
    "Poisson": [({}, POSITIVE)],
    "BinaryCrossentropy": [
        ({}, MANY),
        (args(label_smoothing=0.2), MANY),
        (args(from_logits=True), ("several", "margins")),
    ],
    "CategoricalCrossentropy": [
        ({}, PROBABILITIES),
        (args(from_logits=True, label_smoothing=0.1), LOGITS),
    ],
    "SparseCategoricalCrossentropy": [
        ({}, ("classes", "probabilities")),
        (args(from_logits=True), ("classes", "logits")),
        ({}, ("sequence", "sequence_probabilities")),
        (args(ignore_class=0), ("classes", "probabilities")),
    ],
    "MeanSquaredError": [({}, REGRESSION), ({}, COLUMN)],
    "MeanAbsoluteError": [({}, REGRESSION)],
    "MeanAbsolutePercentageError": [({}, REGRESSION)],
    "MeanSquaredLogarithmicError": [({}, POSITIVE), ({}, REGRESSION)],
    "RootMeanSquaredError": [({}, REGRESSION)],
    "CosineSimilarity": [({}, REGRESSION), (args(axis=0), REGRESSION)],
    "LogCoshError": [({}, REGRESSION)],
    "R2Score": [
        ({}, REGRESSION),
        (args(class_aggregation=None), REGRESSION),
        (args(class_aggregation="variance_weighted_average"), REGRESSION),
        (args(num_regressors=2), REGRESSION),
    ],
    "PearsonCorrelation": [({}, REGRESSION)],
    "ConcordanceCorrelation": [({}, REGRESSION)],
}
FUNCTIONS = {
    "binary_accuracy": [({}, MANY), (args(threshold=0.3), MANY)],
    "categorical_accuracy": [({}, PROBABILITIES)],
    "sparse_categorical_accuracy": [
        ({}, ("classes", "probabilities")),
        ({}, ("sequence", "sequence_probabilities")),
    ],
    "top_k_categorical_accuracy": [({}, PROBABILITIES), (args(k=2), PROBABILITIES)],
    "sparse_top_k_categorical_accuracy": [
        (args(k=2), ("classes", "probabilities")),
        (args(k=2, from_sorted_ids=True), ("classes", "sorted_ids")),
    ],
}
UNWEIGHTED = ("PearsonCorrelation", "ConcordanceCorrelation")


def weights_for(class_name: str, inputs: tuple) -> list[str | None]:
    """The weights to try: those whose shape the metric takes."""
    if class_name in UNWEIGHTED or class_name == "CosineSimilarity":
        return [None]
    if class_name in ("IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU", "BinaryIoU"):
        return [None, "map_counts"]  # Keras would cut off the fractions of float weights.
    if inputs[0] == "sequence":
        return [None, "sequence_weights"]
    if inputs == MAP or inputs[0].startswith("map_"):
        return [None, "map_weights"]
    if inputs == ("matrix",):
        return [None, "weights_column"]
    return [None, "weights"]


def record_class(recording, data, class_name, config, inputs, weight, number) -> None:
    keras.utils.clear_session(free_memory=False)
    metric = getattr(keras.metrics, class_name)(**config)

    def update(start, stop):
        rows = [data[name][start:stop] for name in inputs]
        weights = None if weight is None else data[weight][start:stop]
        metric.update_state(*rows, **({} if weights is None else {"sample_weight": weights}))
        return np.array(metric.result())

    results = np.stack([update(*batch) for batch in BATCHES])
    state = [np.array(variable) for variable in metric.variables]
    metric.reset_state()
    again = update(*BATCHES[1])
    name = ".".join([class_name, str(number), *([weight] if weight else [])])
    recording.case(
        name=name,
        kind="class",
        target=class_name,
        config=jsonable(config),
        get_config=None if number or weight else jsonable(metric.get_config()),
        inputs=[f"data/{key}" for key in inputs],
        sample_weight=f"data/{weight}" if weight else None,
        results=recording.array(f"{name}/results", results),
        again=recording.array(f"{name}/again", again),
        state=[
            [variable.name, recording.array(f"{name}/state/{index}", value)]
            for index, (variable, value) in enumerate(zip(metric.variables, state, strict=True))
        ],
    )


def record() -> Recording:
    data = {key: np.asarray(value) for key, value in catalogue().items()}
    recording = Recording(
        """Each class gets the rows [start, stop) of its inputs in the batches listed; results[i]
        is the result after batch i, state its variables after the last one, in order, as [name,
        key]; again is the result after reset_state and batch 1 alone. Inputs are y_true and
        y_pred, or the values. Functions get all rows at once; their value is in results.""",
        shared=["data"],
        batches=[list(batch) for batch in BATCHES],
    )
    for key, value in data.items():
        recording.arrays[f"data/{key}"] = value
    for class_name, variants in METRICS.items():
        for number, (config, inputs) in enumerate(variants):
            for weight in weights_for(class_name, inputs):
                record_class(recording, data, class_name, config, inputs, weight, number)
    for function_name, variants in FUNCTIONS.items():
        for number, (config, inputs) in enumerate(variants):
            name = f"{function_name}.{number}"
            function = getattr(keras.metrics, function_name)
            value = np.asarray(function(*[data[key] for key in inputs], **config))
            keys = [f"data/{key}" for key in inputs]
            spec = {"target": function_name, "config": config, "inputs": keys}
            spec["results"] = recording.array(f"{name}/results", value)
            recording.case(name=name, kind="function", **spec)
    return recording
