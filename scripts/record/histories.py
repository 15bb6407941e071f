"""Whole trainings: the history, the final weights, and what evaluate and predict then return."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from record.common import Recording, args, jsonable, normal, uniform

ROWS, FEATURES, CLASSES, BATCH, EPOCHS, KEPT = 103, 20, 5, 16, 3, 7


def catalogue() -> dict[str, np.ndarray]:
    """Rows that can be learned, their labels of several kinds, and weights."""
    x, plan = normal("history x", (ROWS, FEATURES)), normal("history plan", (FEATURES, CLASSES))
    scores = x @ plan + normal("history noise", (ROWS, CLASSES))
    classes = scores.argmax(-1).astype(np.int32)
    weights = uniform("history weights", (ROWS,), 0.0, 2.0)
    weights[5] = 0.0
    return {
        "x": x,
        "one_hot": np.eye(CLASSES, dtype=np.float32)[classes],
        "classes": classes,
        "classes_column": classes.reshape(-1, 1),
        "binary": (scores[:, :1] > 0).astype(np.float32),
        "binary_vector": (scores[:, 0] > 0).astype(np.int32),
        "value": np.asarray((scores[:, :1] / 4).round(3), np.float32),
        "weights": weights,
        "validation_x": normal("history validation x", (19, FEATURES)),
        "validation_one_hot": np.eye(CLASSES, dtype=np.float32)[np.arange(19) % CLASSES],
        "validation_classes": (np.arange(19) % CLASSES).astype(np.int32),
        "validation_weights": uniform("history validation weights", (19,), 0.0, 2.0),
    }


def dense(units: int, activation: str | None = None, **config) -> list:
    return ["Dense", args(units=units, activation=activation, **config)]


NETWORKS = {
    "classifier": [dense(16, "relu"), dense(CLASSES, "softmax")],
    "logits": [dense(16, "relu"), dense(CLASSES)],
    "binary": [dense(16, "relu"), dense(1, "sigmoid")],
    "value": [dense(16, "tanh"), dense(1)],
    "regularized": [
        dense(16, "relu", kernel_regularizer="l2", activity_regularizer="l1"),
        dense(CLASSES, "softmax", bias_regularizer="l2", kernel_constraint="unit_norm"),
    ],
    "normalized": [
        dense(16),
        ["BatchNormalization", {}],
        ["Activation", args(activation="relu")],
        dense(CLASSES, "softmax"),
    ],
    "frozen": [dense(16, "relu", trainable=False), dense(CLASSES, "softmax")],
}


def case(network, optimizer, loss, y, metrics=(), **more) -> dict:
    """`more`: compile and fit (JSON arguments), arrays (fit's keys of data), check (evaluate's)."""
    compiled = args(optimizer=optimizer, loss=loss, metrics=list(metrics))
    compiled.update(more.pop("compile", {}))
    return args(network=network, compile=compiled, y=y, **more)


def given(name: str, /, **config) -> dict:
    return {"class": name, "config": config}


CE, SPARSE = "categorical_crossentropy", "sparse_categorical_crossentropy"
ADAM = given("Adam", learning_rate=0.01)
VALIDATION = ["validation_x", "validation_one_hot"]
CASES = {
    "rmsprop": case("classifier", "rmsprop", CE, "one_hot", ["accuracy"]),
    "adam_sparse": case("classifier", "adam", SPARSE, "classes", ["accuracy"]),
    "adam_sparse_column": case("classifier", ADAM, SPARSE, "classes_column", ["acc"]),
    "sgd_mse": case(
        "value", given("SGD", learning_rate=0.05, momentum=0.9), "mse", "value", ["mae"]
    ),
    "binary": case("binary", ADAM, "binary_crossentropy", "binary", ["accuracy"]),
    "binary_vector": case("binary", ADAM, "binary_crossentropy", "binary_vector", ["accuracy"]),
    "no_metrics": case("classifier", ADAM, CE, "one_hot"),
    "class_weight": case(
        "classifier",
        ADAM,
        CE,
        "one_hot",
        ["accuracy"],
        fit=args(class_weight={0: 1.0, 1: 2.0, 2: 0.5, 3: 0.0, 4: 1.5}),
    ),
    "class_weight_sparse": case(
        "classifier", ADAM, SPARSE, "classes", ["accuracy"], fit=args(class_weight={1: 3.0})
    ),
    "sample_weight": case(
        "classifier",
        ADAM,
        CE,
        "one_hot",
        ["accuracy"],
        compile=args(weighted_metrics=["accuracy", "mse"]),
        arrays=args(sample_weight="weights"),
        check=args(sample_weight="weights"),
    ),
    "validation_split": case(
        "classifier", "rmsprop", CE, "one_hot", ["accuracy"], fit=args(validation_split=0.2)
    ),
    "validation_split_weights": case(
        "classifier",
        ADAM,
        CE,
        "one_hot",
        ["accuracy"],
        compile=args(weighted_metrics=["accuracy"]),
        fit=args(validation_split=0.2),
        arrays=args(sample_weight="weights"),
    ),
    "validation_data": case(
        "classifier", ADAM, CE, "one_hot", ["accuracy"], arrays=args(validation_data=VALIDATION)
    ),
    "validation_data_weights": case(
        "classifier",
        ADAM,
        CE,
        "one_hot",
        ["accuracy"],
        fit=args(validation_batch_size=8, validation_freq=2),
        arrays=args(validation_data=[*VALIDATION, "validation_weights"]),
    ),
    "metrics": case(
        "classifier",
        ADAM,
        CE,
        "one_hot",
        [
            "accuracy",
            "categorical_crossentropy",
            "mse",
            given("Precision"),
            given("AUC", num_thresholds=20, name="area"),
            given("TopKCategoricalAccuracy", k=2),
        ],
    ),
    "from_logits": case(
        "logits", ADAM, given("CategoricalCrossentropy", from_logits=True), "one_hot", ["accuracy"]
    ),
    "from_logits_sparse": case(
        "logits",
        ADAM,
        given("SparseCategoricalCrossentropy", from_logits=True),
        "classes",
        ["accuracy", given("SparseCategoricalCrossentropy", from_logits=True, name="entropy")],
    ),
    "loss_sum": case(
        "classifier",
        given("SGD", learning_rate=0.01),
        given("CategoricalCrossentropy", reduction="sum", label_smoothing=0.1),
        "one_hot",
        ["accuracy"],
    ),
    "regularized": case("regularized", ADAM, CE, "one_hot", ["accuracy"]),
    "normalized": case(
        "normalized", ADAM, CE, "one_hot", ["accuracy"], arrays=args(validation_data=VALIDATION)
    ),
    "frozen": case("frozen", ADAM, CE, "one_hot", ["accuracy"]),
    "clipped": case(
        "classifier", given("Adam", learning_rate=0.01, global_clipnorm=0.1), CE, "one_hot"
    ),
    "initial_epoch": case(
        "classifier", ADAM, CE, "one_hot", ["accuracy"], fit=args(initial_epoch=1, batch_size=103)
    ),
    "steps_per_epoch": case(
        "classifier", ADAM, CE, "one_hot", ["accuracy"], fit=args(steps_per_epoch=4)
    ),
    "steps_per_execution": case(
        "classifier", ADAM, CE, "one_hot", ["accuracy"], compile=args(steps_per_execution=3)
    ),
    "two_heads": case(
        "two_heads",
        ADAM,
        {"label": CE, "value": "mse"},
        {"label": "one_hot", "value": "value"},
        compile=args(
            loss_weights={"label": 1.0, "value": 0.3},
            metrics={"label": ["accuracy"], "value": ["mae", "mse"]},
        ),
        fit=args(validation_split=0.2),
    ),
    "two_heads_list": case(
        "two_heads",
        ADAM,
        [CE, "mse"],
        ["one_hot", "value"],
        compile=args(loss_weights=[1.0, 0.3], metrics=[["accuracy"], []]),
    ),
}


def resolve(spec: Any, module: Any) -> Any:
    """A spec with each {"class", "config"} inside it made an object of `module`."""
    if isinstance(spec, dict) and set(spec) == {"class", "config"}:
        return getattr(module, spec["class"])(**spec["config"])
    if isinstance(spec, dict):
        return {key: resolve(value, module) for key, value in spec.items()}
    return [resolve(value, module) for value in spec] if isinstance(spec, list) else spec


def look_up(keys: Any, data: dict) -> Any:
    if isinstance(keys, dict):
        return {key: look_up(value, data) for key, value in keys.items()}
    if isinstance(keys, list):
        return [look_up(value, data) for value in keys]
    return data[keys]


def build(network: str) -> keras.Model:
    """A network of NETWORKS, or the one with two heads."""
    keras.utils.clear_session(free_memory=False)
    inputs = keras.Input((FEATURES,), name="x")
    if network == "two_heads":
        body = keras.layers.Dense(16, activation="relu", name="body")(inputs)
        label = keras.layers.Dense(CLASSES, activation="softmax", name="label")(body)
        value = keras.layers.Dense(1, name="value")(body)
        return keras.Model(inputs, {"label": label, "value": value}, name="two_heads")
    layers = [getattr(keras.layers, name)(**config) for name, config in NETWORKS[network]]
    return keras.Sequential([inputs, *layers])


def build_for(spec: dict) -> keras.Model:
    """The case's network; with lists of labels, its outputs are a list."""
    model = build(spec["network"])
    if spec["network"] == "two_heads" and isinstance(spec["y"], list):
        heads = [model.get_layer(name).output for name in ("label", "value")]
        model = keras.Model(model.inputs, heads)
    return model


class Watcher(keras.callbacks.Callback):
    """Notes the keys of the logs that callbacks get, in order."""

    def __init__(self):
        super().__init__()
        self.keys: dict[str, list] = {}

    def on_train_batch_end(self, batch, logs=None):
        self.keys["train_batch"] = list(logs)

    def on_test_batch_end(self, batch, logs=None):
        self.keys["test_batch"] = list(logs)

    def on_epoch_end(self, epoch, logs=None):
        self.keys["epoch"] = list(logs)


def short(value: Any) -> Any:
    """Numbers with the nine digits that a float32 needs."""
    if isinstance(value, dict):
        return {key: short(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [short(item) for item in value]
    return float(f"{float(value):.9g}")


def record_case(recording: Recording, data: dict, name: str, spec: dict) -> None:
    model, network = build_for(spec), spec["network"]
    for index, variable in enumerate(model.weights):
        if variable.name in ("kernel", "bias"):
            value = normal(f"history {network} {index}", tuple(variable.shape), 0.3)
            variable.assign(value)
        recording.arrays[f"start/{network}/{index}"] = np.array(variable)
    compiled = dict(spec["compile"])
    compiled["optimizer"] = resolve(compiled["optimizer"], keras.optimizers)
    compiled["loss"] = resolve(compiled["loss"], keras.losses)
    compiled["metrics"] = resolve(compiled["metrics"], keras.metrics)
    model.compile(**compiled)
    y, watcher = look_up(spec["y"], data), Watcher()
    fit = args(epochs=EPOCHS, batch_size=BATCH, shuffle=False)
    fit.update(spec.get("fit", {}))
    arrays = {key: look_up(value, data) for key, value in spec.get("arrays", {}).items()}
    if "validation_data" in arrays:
        arrays["validation_data"] = tuple(arrays["validation_data"])
    history = model.fit(data["x"], y, verbose=0, callbacks=[watcher], **fit, **arrays)
    check = {key: data[value] for key, value in spec.get("check", {}).items()}
    evaluated = model.evaluate(data["x"], y, batch_size=32, verbose=0, return_dict=True, **check)
    as_list = model.evaluate(data["x"], y, batch_size=32, verbose=0, **check)
    predicted = model.predict(data["x"], batch_size=32, verbose=0)
    if isinstance(predicted, dict):
        predicted = [predicted[key] for key in ("label", "value")]
    predicted = predicted if isinstance(predicted, list) else [predicted]
    recording.case(
        name=name,
        network=network,
        compile=jsonable(spec["compile"]),
        y=spec["y"],
        fit={key: jsonable(value) for key, value in fit.items()},
        arrays=spec.get("arrays", {}),
        check=spec.get("check", {}),
        metrics_names=list(model.metrics_names),
        epochs=history.epoch,
        history=short(history.history),
        logs=watcher.keys,
        evaluate=short(evaluated),
        evaluate_list=short(as_list if isinstance(as_list, list) else [as_list]),
        predict=[
            recording.array(f"{name}/predict/{index}", value[:KEPT])
            for index, value in enumerate(predicted)
        ],
        final=[
            recording.array(f"{name}/final/{index}", np.asarray(variable))
            for index, variable in enumerate(model.weights)
        ],
    )


def record_batches(recording: Recording, data: dict) -> None:
    """train_on_batch and test_on_batch, each of which starts its metrics anew."""
    model = build("classifier")
    for index, variable in enumerate(model.weights):
        variable.assign(recording.arrays[f"start/classifier/{index}"])
    model.compile("sgd", CE, metrics=["accuracy"])
    results = []
    for step in range(3):
        rows = slice(step * BATCH, (step + 1) * BATCH)
        batch = data["x"][rows], data["one_hot"][rows]
        results.append(["train_on_batch", step, model.train_on_batch(*batch)])
        results.append(["test_on_batch", step, model.test_on_batch(*batch)])
    recording.case(
        name="on_batch",
        network="classifier",
        compile=args(optimizer="sgd", loss=CE, metrics=["accuracy"]),
        results=[[method, step, short(list(result))] for method, step, result in results],
    )


NOTE = """A network of `networks` (layers as [class, config], 20 features in; two_heads: Dense 16
relu "body", then Dense 5 softmax "label" and Dense 1 "value", outputs a dictionary, or a list
where y is one) starts from start/<network>/<i>, in the order of model.weights. compile and fit
hold JSON arguments, {"class", "config"} standing for an object; y, arrays (of fit) and check (of
evaluate, with batches of 32) name arrays below data/. Keys of class_weight are integers. history
and logs (what callbacks got) keep the order of their keys. predict has the first seven rows of
each output, final the weights after fit. on_batch: [method, number of the batch of 16, result], of
which each call resets the metrics first. Logs have their keys in alphabetical order, since JAX
sorts dictionaries; evaluate's list follows the metrics, and in sample_weight holds "accuracy"
twice."""


def record() -> Recording:
    data = catalogue()
    recording = Recording(NOTE, shared=["data", "start"], networks=NETWORKS, kept=KEPT)
    for key, value in data.items():
        recording.arrays[f"data/{key}"] = value
    for name, spec in CASES.items():
        record_case(recording, data, name, spec)
    record_batches(recording, data)
    return recording
