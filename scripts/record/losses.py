"""Losses: values of every function and class, and gradients with respect to the predictions."""

from __future__ import annotations

import inspect

import jax
import jax.numpy as jnp
import keras
import numpy as np

from record.common import Recording, args, generator, integers, jsonable, normal, uniform


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    return np.eye(classes, dtype=np.float32)[labels]


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray((powers / powers.sum(-1, keepdims=True)).round(4), np.float32)


def catalogue() -> dict[str, np.ndarray]:
    """The labels, predictions and weights that the cases name."""
    classes, signs = integers("classes", (6,), 5), integers("signs", (6, 3), 2)
    logits = normal("logits", (6, 5), 2.0)
    extreme = logits.copy()
    extreme[0], extreme[1] = [60, -60, 0, 0, 0], [-200, 200, 3, 2, 1]
    saturated = softmax(logits)
    saturated[0], saturated[1], saturated[2] = one_hot(classes[:3], 5)  # Exactly right.
    saturated[3] = one_hot((classes[3] + 1) % 5, 5)  # Certain, and wrong.
    zero_row = saturated.copy()
    zero_row[4] = 0.0
    binary = uniform("binary", (6, 3))
    binary_saturated = binary.copy()
    binary_saturated[0], binary_saturated[1] = 0.0, 1.0
    regression, predicted = normal("regression", (6, 4)), normal("predicted", (6, 4))
    predicted[0, 0], regression[1, 1] = regression[0, 0], 0.0
    near = regression.copy()
    near[0, 0] += 1.0  # At Huber's delta.
    void = integers("void", (2, 4), 5)
    void[0, 1], void[1, 3], minus = 255, 255, void.copy()
    minus[minus == 255] = -1
    sequence = integers("sequence", (2, 4), 5)
    unit = generator("unit").standard_normal((6, 4))
    return {
        "regression": regression,
        "predicted": predicted,
        "near": near,
        "large": np.asarray(predicted * 40, np.float32),
        "column": normal("column", (6, 1)),
        "vector": normal("vector", (6,)),
        "sequence_regression": normal("sequence_regression", (2, 3, 4)),
        "sequence_predicted": normal("sequence_predicted", (2, 3, 4)),
        "positive": uniform("positive", (6, 4), 0.1, 3.0),
        "positive_predicted": uniform("positive_predicted", (6, 4), 0.1, 3.0),
        "counts": integers("counts", (6, 4), 4).astype(np.float32),
        "classes": classes,
        "classes_column": classes.reshape(6, 1),
        "one_hot": one_hot(classes, 5),
        "soft_labels": softmax(normal("soft_labels", (6, 5))),
        "logits": logits,
        "extreme": extreme,
        "probabilities": softmax(logits),
        "unnormalized": uniform("unnormalized", (6, 5), 0.0, 2.0),
        "saturated": saturated,
        "zero_row": zero_row,  # Keras divides it by its sum, 0, and returns NaN.
        "sequence": sequence,
        "sequence_one_hot": one_hot(sequence, 5),
        "sequence_logits": normal("sequence_logits", (2, 4, 5), 2.0),
        "sequence_probabilities": softmax(normal("sequence_logits", (2, 4, 5), 2.0)),
        "class_axis_1": one_hot(sequence, 5).transpose(0, 2, 1).copy(),
        "probabilities_axis_1": softmax(normal("sequence_logits", (2, 4, 5))).swapaxes(1, 2).copy(),
        "void_255": void,
        "void_minus_1": minus,
        "binary_labels": signs.astype(np.float32),
        "binary_integers": signs,
        "sign_labels": (2 * signs - 1).astype(np.float32),
        "binary": binary,
        "binary_saturated": binary_saturated,
        "binary_logits": normal("binary_logits", (6, 3), 3.0),
        "binary_extreme": np.tile(np.float32([-120.0, 0.0, 120.0]), (6, 1)),
        "binary_column": signs[:, :1].astype(np.float32),
        "binary_vector": signs[:, 0].astype(np.float32),
        "binary_predicted_column": uniform("binary", (6, 1)),
        "embeddings": np.float32(unit / np.linalg.norm(unit, axis=-1, keepdims=True)),
        "two_classes": integers("two_classes", (6,), 2),
        "words": np.int32([[1, 2, 0], [3, 0, 0]]),
        "words_weight": np.float32([0.5, 2.0]),
        "weight": np.float32([1, 2, 0, 0.5, 3, 1.5]),
        "weight_column": np.float32([[1], [2], [0], [0.5], [3], [1.5]]),
        "weight_zero": np.zeros(6, np.float32),
        "weight_sequence": np.float32([[1, 0, 2, 1], [0.5, 1, 1, 0]]),
        "weight_sequence_column": np.float32([[1], [3]]),
    }


# Function: (class, its usual labels, its usual predictions, other variants of both kinds).
# A variant is (name, arguments, labels, predictions).
PLAIN = [
    ("sequence", {}, "sequence_regression", "sequence_predicted"),
    ("column_and_vector", {}, "vector", "column"),
    ("large", {}, "regression", "large"),
    ("equal", {}, "regression", "regression"),
]
CLASSES = [
    ("saturated", {}, "one_hot", "saturated"),
    ("zero_row", {}, "one_hot", "zero_row"),
    ("soft", {}, "soft_labels", "probabilities"),
    ("unnormalized", {}, "one_hot", "unnormalized"),
    ("logits", args(from_logits=True), "one_hot", "logits"),
    ("extreme_logits", args(from_logits=True), "one_hot", "extreme"),
    ("smoothed", args(label_smoothing=0.1), "one_hot", "probabilities"),
    ("smoothed_saturated", args(label_smoothing=0.2), "one_hot", "saturated"),
    ("smoothed_logits", args(label_smoothing=0.1, from_logits=True), "one_hot", "logits"),
    ("sequence", {}, "sequence_one_hot", "sequence_probabilities"),
    ("sequence_logits", args(from_logits=True), "sequence_one_hot", "sequence_logits"),
    ("axis_1", args(axis=1), "class_axis_1", "probabilities_axis_1"),
]
BINARY = [
    ("saturated", {}, "binary_labels", "binary_saturated"),
    ("integers", {}, "binary_integers", "binary"),
    ("column", {}, "binary_column", "binary_predicted_column"),
    ("logits", args(from_logits=True), "binary_labels", "binary_logits"),
    ("extreme_logits", args(from_logits=True), "binary_labels", "binary_extreme"),
    ("smoothed", args(label_smoothing=0.1), "binary_labels", "binary"),
    ("smoothed_logits", args(label_smoothing=0.3, from_logits=True), "binary_labels", "binary"),
    ("axis_0", args(axis=0), "binary_labels", "binary"),
]
HINGE = [
    ("zeros_and_ones", {}, "binary_labels", "binary_logits"),
    ("column", {}, "binary_column", "binary_predicted_column"),
]
LOSSES = {
    "mean_squared_error": ("MeanSquaredError", "regression", "predicted", PLAIN),
    "mean_absolute_error": ("MeanAbsoluteError", "regression", "predicted", PLAIN),
    "mean_absolute_percentage_error": (
        "MeanAbsolutePercentageError",
        "regression",
        "predicted",
        [*PLAIN, ("counts", {}, "counts", "predicted")],
    ),
    "mean_squared_logarithmic_error": (
        "MeanSquaredLogarithmicError",
        "positive",
        "positive_predicted",
        [*PLAIN, ("counts", {}, "counts", "positive_predicted")],
    ),
    "cosine_similarity": (
        "CosineSimilarity",
        "regression",
        "predicted",
        [
            ("axis_0", args(axis=0), "regression", "predicted"),
            ("zero_rows", {}, "counts", "large"),
            ("sequence", args(axis=1), "sequence_regression", "sequence_predicted"),
        ],
    ),
    "huber": (
        "Huber",
        "regression",
        "predicted",
        [
            *PLAIN,
            ("delta", args(delta=0.3), "regression", "predicted"),
            ("at_delta", args(delta=1.0), "regression", "near"),
        ],
    ),
    "log_cosh": ("LogCosh", "regression", "predicted", PLAIN),
    "poisson": ("Poisson", "counts", "positive_predicted", [("zero", {}, "counts", "counts")]),
    "kl_divergence": (
        "KLDivergence",
        "soft_labels",
        "probabilities",
        [("one_hot", {}, "one_hot", "saturated"), ("beyond", {}, "unnormalized", "unnormalized")],
    ),
    "hinge": ("Hinge", "sign_labels", "binary_logits", HINGE),
    "squared_hinge": ("SquaredHinge", "sign_labels", "binary_logits", HINGE),
    "categorical_hinge": (
        "CategoricalHinge",
        "one_hot",
        "logits",
        [("saturated", {}, "one_hot", "saturated")],
    ),
    "categorical_crossentropy": ("CategoricalCrossentropy", "one_hot", "probabilities", CLASSES),
    "categorical_focal_crossentropy": (
        "CategoricalFocalCrossentropy",
        "one_hot",
        "probabilities",
        [*CLASSES, ("gamma", args(alpha=0.5, gamma=3.0), "one_hot", "probabilities")],
    ),
    "sparse_categorical_crossentropy": (
        "SparseCategoricalCrossentropy",
        "classes",
        "probabilities",
        [
            ("column", {}, "classes_column", "probabilities"),
            ("saturated", {}, "classes", "saturated"),
            ("logits", args(from_logits=True), "classes", "logits"),
            ("extreme_logits", args(from_logits=True), "classes", "extreme"),
            ("sequence", {}, "sequence", "sequence_probabilities"),
            ("ignore_255", args(ignore_class=255), "void_255", "sequence_probabilities"),
            ("ignore_minus_1", args(ignore_class=-1), "void_minus_1", "sequence_probabilities"),
            (
                "ignore_logits",
                args(ignore_class=255, from_logits=True),
                "void_255",
                "sequence_logits",
            ),
        ],
    ),
    "binary_crossentropy": ("BinaryCrossentropy", "binary_labels", "binary", BINARY),
    "binary_focal_crossentropy": (
        "BinaryFocalCrossentropy",
        "binary_labels",
        "binary",
        [
            *BINARY,
            ("gamma", args(gamma=3.5), "binary_labels", "binary"),
            (
                "balanced",
                args(apply_class_balancing=True, alpha=0.4),
                "binary_labels",
                "binary",
            ),
        ],
    ),
    "dice": ("Dice", "binary_labels", "binary", [("axis", args(axis=1), "one_hot", "saturated")]),
    "tversky": (
        "Tversky",
        "binary_labels",
        "binary",
        [("weights", args(alpha=0.3, beta=0.8, axis=1), "one_hot", "probabilities")],
    ),
    "circle": (
        "Circle",
        "two_classes",
        "embeddings",
        [("gamma", args(gamma=10.0, margin=0.2), "two_classes", "embeddings")],
    ),
    "ctc": ("CTC", "words", "sequence_logits", []),
    "categorical_generalized_cross_entropy": (
        "CategoricalGeneralizedCrossEntropy",
        "classes",
        "probabilities",
        [("q", args(q=0.7), "classes", "probabilities")],
    ),
}
REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "none", "mean_with_sample_weight")
WEIGHTS = (None, "weight", "weight_zero")
SEQUENCE_WEIGHTS = ("weight_sequence", "weight_sequence_column")
REQUIRED = {"categorical_generalized_cross_entropy": args(q=0.5)}


def measure(recording, name, function, predictions) -> dict:
    """Store value and gradient of sum(function) at `predictions`."""
    value, gradient = function(predictions), None
    total = lambda predicted: jnp.sum(function(predicted))  # noqa: E731
    gradient = jax.grad(total)(jnp.asarray(predictions))
    return {
        "value": recording.array(f"{name}/value", value),
        "gradient": recording.array(f"{name}/gradient", gradient),
    }


def record_function(recording, data, function_name, variant) -> None:
    variant_name, config, labels, predictions = variant
    function = getattr(keras.losses, function_name)
    config = {**REQUIRED.get(function_name, {}), **config}
    if function_name.startswith("sparse") and "axis" in config:
        return
    accepted = {k: v for k, v in config.items() if k in inspect.signature(function).parameters}
    name = f"{function_name}.{variant_name}"
    call = lambda predicted: function(data[labels], predicted, **accepted)  # noqa: E731
    spec = measure(recording, name, call, data[predictions])
    spec = {"y_true": f"data/{labels}", "y_pred": f"data/{predictions}", **spec}
    recording.case(
        name=name, kind="function", target=function_name, config=jsonable(accepted), **spec
    )


def record_class(recording, data, function_name, class_name, variant, weight, reduction) -> None:
    variant_name, config, labels, predictions = variant
    keras.utils.clear_session(free_memory=False)
    config = {**REQUIRED.get(function_name, {}), **config}
    if reduction is not None:
        config["reduction"] = reduction
    loss = getattr(keras.losses, class_name)(**config)
    parts = (class_name, variant_name, reduction, weight)
    name = ".".join(part for part in parts if part)
    weights = None if weight is None else data[weight]
    call = lambda predicted: loss(data[labels], predicted, sample_weight=weights)  # noqa: E731
    spec = measure(recording, name, call, data[predictions])
    keys = {"y_true": f"data/{labels}", "y_pred": f"data/{predictions}"}
    keys["sample_weight"] = None if weight is None else f"data/{weight}"
    own = {"config": jsonable(config)}
    if variant_name == "usual" and not weight:
        own["get_config"] = jsonable(loss.get_config())
    recording.case(name=name, kind="class", target=class_name, **own, **keys, **spec)


def weightings(function_name: str) -> list[tuple]:
    """Pairs of a sample weight and a reduction; all of them for three losses."""
    if function_name == "ctc":
        return [("words_weight", reduction) for reduction in ("sum", "none")]
    if function_name in ("mean_squared_error", "categorical_crossentropy", "binary_crossentropy"):
        return [(weight, reduction) for reduction in REDUCTIONS for weight in WEIGHTS]
    scalar = function_name in ("dice", "tversky")
    return [] if scalar else [("weight", "sum_over_batch_size"), ("weight", "none"), (None, "none")]


def record_through_model(recording, data) -> None:
    """Losses of models that end in softmax or sigmoid, with logits far out."""
    last = [
        ("CategoricalCrossentropy", "softmax", "one_hot", "extreme"),
        ("SparseCategoricalCrossentropy", "softmax", "classes", "extreme"),
        ("BinaryCrossentropy", "sigmoid", "binary_labels", "binary_extreme"),
    ]
    for class_name, activation, labels, inputs in last:
        units = data[inputs].shape[1]
        layer = keras.layers.Dense(units, activation=activation, kernel_initializer="identity")
        model = keras.Sequential([keras.Input((units,)), layer])
        loss = getattr(keras.losses, class_name)()
        state = [variable.value for variable in model.non_trainable_variables]

        def total(kernel, x, model=model, layer=layer, loss=loss, labels=labels, state=state):
            predicted, _ = model.stateless_call([kernel, layer.bias.value], state, x)
            return loss(data[labels], predicted)

        kernel, x = layer.kernel.value, jnp.asarray(data[inputs])
        name = f"model.{activation}.{class_name}"
        gradients = jax.grad(total, argnums=(0, 1))(kernel, x)
        recording.case(
            name=name,
            kind="model",
            target=class_name,
            activation=activation,
            config={},
            y_true=f"data/{labels}",
            x=f"data/{inputs}",
            value=recording.array(f"{name}/value", total(kernel, x)),
            kernel_gradient=recording.array(f"{name}/kernel_gradient", gradients[0]),
            x_gradient=recording.array(f"{name}/x_gradient", gradients[1]),
        )


NOTE = """value is the loss, gradient that of sum(value) with respect to y_pred. kind "function":
target(y_true, y_pred, **config); kind "class": target(**config)(y_true, y_pred, sample_weight).
kind "model": x through Dense(identity kernel, zero bias, softmax or sigmoid), then target() of
the probabilities. How Keras computes crossentropy from the output of a softmax layer depends on
the backend. TensorFlow finds the logits behind the probabilities and uses the exact formula.
JAX, whose numbers these are, and PyTorch do not: they divide by the sum, clip to
[epsilon, 1 - epsilon] with epsilon 1e-7, and take the logarithm; so the loss stops near 16.1
and the gradient of a clipped probability is 0. A library that recognises the logits differs
from these "model" cases on purpose; see the extreme_logits cases for the exact values."""


def record() -> Recording:
    data = catalogue()
    recording = Recording(NOTE, shared=["data"])
    for key, value in data.items():
        # Each under its own name, even if two are equal.
        recording.arrays[f"data/{key}"] = value
    for function_name, (class_name, labels, predictions, variants) in LOSSES.items():
        usual = ("usual", {}, labels, predictions)
        for variant in [usual, *variants]:
            record_function(recording, data, function_name, variant)
            record_class(recording, data, function_name, class_name, variant, None, None)
        for weight, reduction in weightings(function_name):
            both = (function_name, class_name, usual, weight, reduction)
            record_class(recording, data, *both)
    sequence = LOSSES["categorical_crossentropy"][3][9]
    void = ("ignore_255", args(ignore_class=255), "void_255", "sequence_probabilities")
    column = ("usual", {}, "regression", "predicted")
    for reduction in REDUCTIONS:
        for weight in SEQUENCE_WEIGHTS:
            name = "categorical_crossentropy", "CategoricalCrossentropy"
            record_class(recording, data, *name, sequence, weight, reduction)
        name = "sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"
        record_class(recording, data, *name, void, "weight_sequence", reduction)
        record_class(recording, data, *name, void, None, reduction)
        name = "mean_squared_error", "MeanSquaredError"
        record_class(recording, data, *name, column, "weight_column", reduction)
    record_through_model(recording, data)
    return recording
