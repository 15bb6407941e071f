"""Whole trainings, compared with what Keras recorded: histories, weights, evaluate, predict."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, losses, metrics, optimizers

FOLDER = Path(__file__).parents[1] / "recorded"
RECORD = json.loads((FOLDER / "histories.json").read_text(encoding="utf-8"))
ARRAYS = dict(np.load(FOLDER / "histories.npz"))
CASES = {case["name"]: case for case in RECORD["cases"]}


def built(name):
    """A network of the record, with the weights that it started from."""
    if name == "two_heads":
        x = keras.Input((20,))
        body = layers.Dense(16, activation="relu", name="body")(x)
        heads = {
            "label": layers.Dense(5, activation="softmax", name="label")(body),
            "value": layers.Dense(1, name="value")(body),
        }
        model = keras.Model(x, heads)
    else:
        rows = [getattr(layers, cls)(**config) for cls, config in RECORD["networks"][name]]
        model = keras.Sequential([keras.Input((20,)), *rows])
    for index, weight in enumerate(model.weights):
        weight.assign(ARRAYS[f"start/{name}/{index}"])
    return model


def as_list(model):
    return keras.Model(model.inputs, [model.output["label"], model.output["value"]])


def objects(value, families=(optimizers, losses, metrics)):
    """JSON arguments with {"class", "config"} made into objects."""
    if isinstance(value, dict) and "class" in value:
        for family in families:
            if hasattr(family, value["class"]):
                return getattr(family, value["class"])(**value["config"])
    if isinstance(value, dict):
        return {
            key: objects(item, (metrics,) if "metrics" in key else families)
            for key, item in value.items()
        }
    return [objects(item, families) for item in value] if isinstance(value, list) else value


def data(names):
    if isinstance(names, dict):
        return {key: data(name) for key, name in names.items()}
    if isinstance(names, list):
        return [data(name) for name in names]
    return ARRAYS[f"data/{names}"]


@pytest.mark.filterwarnings("ignore:fit. expected 4 batches in an epoch")  # as Keras warns
@pytest.mark.parametrize("name", [name for name in CASES if name != "on_batch"])
def test_training_is_as_recorded(name):
    case = CASES[name]
    model = built(case["network"])
    if isinstance(case["y"], list):
        model = as_list(model)
    model.compile(**objects(case["compile"]))
    given = {key: data(value) for key, value in case["arrays"].items()}
    fit = dict(case["fit"])
    if "class_weight" in fit:
        fit["class_weight"] = {int(label): w for label, w in fit["class_weight"].items()}
    if "validation_data" in given:
        given["validation_data"] = tuple(given["validation_data"])
    x, y = data("x"), data(case["y"])
    history = model.fit(x, y, **fit, **given, verbose=0)
    assert history.epoch == case["epochs"]
    assert sorted(history.history) == sorted(case["history"])
    for key, values in case["history"].items():
        np.testing.assert_allclose(history.history[key], values, rtol=2e-4, atol=2e-5, err_msg=key)
    for weight, key in zip(model.weights, case["final"], strict=True):
        if name == "normalized" and key.endswith("/1"):
            continue  # a bias before normalization has no slope but rounding, which Adam magnifies
        np.testing.assert_allclose(weight.numpy(), ARRAYS[key], rtol=2e-3, atol=2e-5)
    check = {key: data(value) for key, value in case["check"].items()}
    found = model.evaluate(x, y, **check, verbose=0, return_dict=True)
    assert sorted(found) == sorted(case["evaluate"])
    for key, value in case["evaluate"].items():
        np.testing.assert_allclose(found[key], value, rtol=2e-4, atol=2e-5, err_msg=key)
    predicted = keras.tree.flatten(model.predict(x, verbose=0))
    for made, key in zip(predicted, case["predict"], strict=True):
        np.testing.assert_allclose(made[: len(ARRAYS[key])], ARRAYS[key], rtol=2e-3, atol=2e-5)


def test_single_batches_are_as_recorded():
    case = CASES["on_batch"]
    model = built(case["network"])
    model.compile(**objects(case["compile"]))
    x, y = data("x"), data("one_hot")
    for method, number, values in case["results"]:
        rows = slice(16 * number, 16 * (number + 1))
        np.testing.assert_allclose(getattr(model, method)(x[rows], y[rows]), values, rtol=1e-4)
