"""Losses: how far predictions are from the truth, as one number to make small."""

from __future__ import annotations

from typing import Any

from geartrain.compat.names import finder
from geartrain.functions import FunctionFamily
from geartrain.losses.classification import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    sparse_categorical_crossentropy,
)
from geartrain.losses.classification_classes import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    KLDivergence,
    SparseCategoricalCrossentropy,
)
from geartrain.losses.embedding import CTC, Circle, circle, ctc
from geartrain.losses.labels import check_labels, check_output
from geartrain.losses.loss import Loss, LossFunctionWrapper
from geartrain.losses.margin import (
    CategoricalHinge,
    Dice,
    Hinge,
    SquaredHinge,
    Tversky,
    categorical_hinge,
    dice,
    hinge,
    squared_hinge,
    tversky,
)
from geartrain.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
)

__all__ = [
    "CTC",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "check_labels",
    "check_output",
    "circle",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "resolve",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

_aliases = {
    "mse": mean_squared_error,
    "mae": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "msle": mean_squared_logarithmic_error,
    "bce": binary_crossentropy,
    "kld": kl_divergence,
}
_aliases |= {name.upper(): function for name, function in _aliases.items()}
_aliases |= {"logcosh": log_cosh, "kullback_leibler_divergence": kl_divergence}
_family = FunctionFamily(
    "losses",
    "loss",
    [
        binary_crossentropy, binary_focal_crossentropy, categorical_crossentropy,
        categorical_focal_crossentropy, categorical_generalized_cross_entropy, categorical_hinge,
        circle, cosine_similarity, ctc, dice, hinge, huber, kl_divergence, log_cosh,
        mean_absolute_error, mean_absolute_percentage_error, mean_squared_error,
        mean_squared_logarithmic_error, poisson, sparse_categorical_crossentropy, squared_hinge,
        tversky,
    ],
    _aliases,
)  # fmt: skip


def get(identifier: Any) -> Any:
    """The loss that `identifier` means: a function or a `Loss`.

    Args:
        identifier: a name such as `"mse"` or `"MeanSquaredError"`, a `Loss` or its class, a
            function of `(y_true, y_pred)`, a config, or None.

    Raises:
        ValueError: for an unknown name, with the nearest one, and for anything else.

    >>> get("mse") is mean_squared_error, get("Huber").delta
    (True, 1.0)
    """
    return _family.get(identifier)


def serialize(loss: Any) -> Any:
    """A loss as plain data, from which `deserialize` makes it again.

    Raises:
        ValueError: for a function that no name leads back to.

    >>> serialize(mean_squared_error)["config"]
    'mean_squared_error'
    """
    return _family.serialize(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss that `serialize` described.

    Args:
        name: what `serialize` returned, or a name.
        custom_objects: functions and classes of your own by name.

    Raises:
        ValueError: for an unknown name, with the nearest one.

    >>> deserialize(serialize(Huber(delta=2.0))).delta
    2.0
    """
    return _family.deserialize(name, custom_objects)


def resolve(identifier: Any, y_true_shape: Any, y_pred_shape: Any) -> Any:
    """The `Loss` that `compile(loss=identifier)` means for tensors of these shapes.

    Args:
        identifier: see `get`; besides, `"crossentropy"` (or `"ce"`) is the one that fits the
            shapes: binary for one output, sparse for class numbers, else categorical.
        y_true_shape, y_pred_shape: shapes, with None for the batch axis.

    Returns:
        A `Loss`, named as it was given; None for None.

    Raises:
        ValueError: see `get`.

    >>> resolve("crossentropy", (None,), (None, 10)).fn.__name__
    'sparse_categorical_crossentropy'
    """
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        kind = kind_of_labels(y_true_shape, y_pred_shape)
        found: Any = globals()[f"{kind}_crossentropy"]
    else:
        found = get(identifier)
    if found is None or isinstance(found, Loss):
        return found
    name = identifier if isinstance(identifier, str) else getattr(found, "__name__", None)
    return LossFunctionWrapper(found, name=name)


def kind_of_labels(y_true_shape: Any, y_pred_shape: Any) -> str:
    """`"binary"`, `"sparse_categorical"` or `"categorical"`, as the shapes of the two tell.

    >>> kind_of_labels((None, 1), (None, 10))
    'sparse_categorical'
    """
    true, predicted = tuple(y_true_shape), tuple(y_pred_shape)
    if predicted and predicted[-1] == 1:
        return "binary"
    if len(true) < len(predicted) or (true and true[-1] == 1):
        return "sparse_categorical"
    return "categorical"


__getattr__ = finder("losses")  # names of older Keras, and why others are not here
