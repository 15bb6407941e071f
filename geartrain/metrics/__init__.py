"""Metrics: what a model is judged by, gathered over batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain import losses
from geartrain.compat.names import finder
from geartrain.functions import FunctionFamily
from geartrain.losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kind_of_labels,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from geartrain.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from geartrain.metrics.correlations import (
    ConcordanceCorrelation,
    PearsonCorrelation,
    concordance_correlation,
    pearson_correlation,
)
from geartrain.metrics.counts import (
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from geartrain.metrics.curves import (
    AUC,
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from geartrain.metrics.f_score import F1Score, FBetaScore
from geartrain.metrics.from_losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    cosine_similarity,
)
from geartrain.metrics.iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from geartrain.metrics.means import Mean, MeanMetricWrapper, Sum
from geartrain.metrics.metric import Metric
from geartrain.metrics.regression import R2Score, RootMeanSquaredError

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "accuracy_for",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "crossentropy_for",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "pearson_correlation",
    "poisson",
    "resolve",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

_aliases: dict[str, Callable[..., Any]] = {
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError,
    "bce": BinaryCrossentropy,
    "kld": KLDivergence,
}
_aliases |= {name.upper(): cls for name, cls in _aliases.items()}
_aliases |= {"acc": Accuracy, "logcosh": LogCoshError, "log_cosh": LogCoshError}
# The functions of one name with a class are found as the class, as in Keras.
_family = FunctionFamily("metrics", "metric", [], _aliases)
_functions = FunctionFamily(
    "metrics",
    "metric function",
    [
        accuracy, binary_accuracy, categorical_accuracy, concordance_correlation,
        cosine_similarity, pearson_correlation, sparse_categorical_accuracy,
        sparse_top_k_categorical_accuracy, top_k_categorical_accuracy,
    ],
)  # fmt: skip


def get(identifier: Any) -> Any:
    """The metric that `identifier` means: a `Metric`, or a function of your own.

    Args:
        identifier: a name such as `"mse"` or `"AUC"`, a `Metric` or its class, a function of
            `(y_true, y_pred)`, a config, or None. For `"accuracy"` as `compile` means it see
            `resolve`.

    Raises:
        ValueError: for an unknown name, with the nearest one, and for anything else.

    >>> get("mse")
    <MeanSquaredError name=mean_squared_error>
    """
    return _family.get(identifier)


def serialize(metric: Any) -> Any:
    """A metric, or a function of this package, as plain data.

    Raises:
        ValueError: for a function that no name leads back to.

    >>> serialize(Mean())["config"]
    {'name': 'mean', 'dtype': 'float32'}
    """
    known = getattr(metric, "__name__", None) in _functions.functions
    if known and _functions.functions[metric.__name__] is metric:
        return _functions.serialize(metric)
    return losses.serialize(metric)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The metric that `serialize` described.

    Args:
        config: what `serialize` returned, or a name.
        custom_objects: functions and classes of your own by name.

    Raises:
        ValueError: for an unknown name, with the nearest one.

    >>> deserialize(serialize(AUC(curve="PR"))).curve
    'PR'
    """
    return _family.deserialize(config, custom_objects)


def function_named(config: Any) -> Any:
    """The function of truth and predictions that a name or a config means."""
    name = config.get("config") if isinstance(config, dict) else config
    if isinstance(name, str) and name in _functions.functions:
        return _functions.functions[name]
    return losses.get(config)


def accuracy_for(y_true_shape: Any, y_pred_shape: Any) -> Metric:
    """The accuracy that fits tensors of these shapes.

    Binary for one output, sparse categorical for class numbers, else categorical.

    Args:
        y_true_shape, y_pred_shape: shapes, with None for the batch axis.

    >>> accuracy_for((None,), (None, 10))
    <SparseCategoricalAccuracy name=sparse_categorical_accuracy>
    """
    kinds = {
        "binary": BinaryAccuracy,
        "sparse_categorical": SparseCategoricalAccuracy,
        "categorical": CategoricalAccuracy,
    }
    return kinds[kind_of_labels(y_true_shape, y_pred_shape)]()


def crossentropy_for(y_true_shape: Any, y_pred_shape: Any) -> Metric:
    """The crossentropy that fits tensors of these shapes; see `accuracy_for`.

    >>> crossentropy_for((None, 10), (None, 10))
    <CategoricalCrossentropy name=categorical_crossentropy>
    """
    kinds = {
        "binary": BinaryCrossentropy,
        "sparse_categorical": SparseCategoricalCrossentropy,
        "categorical": CategoricalCrossentropy,
    }
    return kinds[kind_of_labels(y_true_shape, y_pred_shape)]()


def resolve(identifier: Any, y_true_shape: Any, y_pred_shape: Any) -> Any:
    """The `Metric` that `compile(metrics=[identifier])` means for tensors of these shapes.

    Args:
        identifier: see `get`; besides, `"accuracy"` or `"acc"` is that of `accuracy_for`, and
            `"crossentropy"` or `"ce"` that of `crossentropy_for`.
        y_true_shape, y_pred_shape: shapes, with None for the batch axis.

    Returns:
        A `Metric`, named as it was given; functions become `MeanMetricWrapper`. None for None.

    Raises:
        ValueError: see `get`.

    >>> resolve("acc", (None,), (None, 10))
    <SparseCategoricalAccuracy name=acc>
    """
    chosen = {
        "accuracy": accuracy_for,
        "acc": accuracy_for,
        "crossentropy": crossentropy_for,
        "ce": crossentropy_for,
    }.get(identifier.lower() if isinstance(identifier, str) else "")
    found = chosen(y_true_shape, y_pred_shape) if chosen else get(identifier)
    if found is None:
        return None
    if not isinstance(found, Metric):
        name = getattr(found, "__name__", None)
        found = MeanMetricWrapper(found, name="lambda" if name == "<lambda>" else name)
    if isinstance(identifier, str):
        found.name = identifier
    return found


__getattr__ = finder("metrics")  # names of older Keras, and why others are not here
