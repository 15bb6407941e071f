"""Names and signatures are Keras's own: compared with a listing of its public API, if there is one.

The listing is a JSON file, `{"keras.layers.Dense": {"sig": "(units, ...)", ...}, ...}`, that the
environment variable GEARTRAIN_KERAS_API names.
"""

import importlib
import inspect
import json
import os
import re
from pathlib import Path

import pytest

PACKAGES = (
    "activations", "callbacks", "constraints", "initializers", "layers", "losses", "metrics",
    "ops", "optimizers", "optimizers.schedules", "random", "regularizers",
)  # fmt: skip
# Layer: options that Keras takes through **kwargs are written out. ReduceLROnPlateau: Keras takes
# **kwargs for two names of old, which are refused here with the new ones.
DIFFERENT = {"keras.layers.Layer", "keras.callbacks.ReduceLROnPlateau"}


@pytest.fixture(scope="module")
def listing():
    path = os.environ.get("GEARTRAIN_KERAS_API")
    if not path:
        pytest.skip("GEARTRAIN_KERAS_API names no listing of Keras's API")
    return json.loads(Path(path).read_text())


def bare(signature):
    """`(x, axis=-1)`: parameters and defaults, without annotations."""
    parameters = [
        parameter.replace(annotation=parameter.empty)
        for parameter in signature.parameters.values()
        if parameter.name != "self"
    ]
    return str(inspect.Signature(parameters))


def own(item):
    if not isinstance(item, type):
        return bare(inspect.signature(item))
    if item.__init__ is object.__init__:
        return "()"
    return bare(inspect.signature(item.__init__))


@pytest.mark.parametrize("package", PACKAGES)
def test_signatures_are_those_of_keras(package, listing):
    module = importlib.import_module(f"geartrain.{package}")
    wrong = []
    for name in module.__all__:
        known = listing.get(f"keras.{package}.{name}")
        if known is None or known.get("sig") is None or f"keras.{package}.{name}" in DIFFERENT:
            continue
        expected = re.sub(r": \w+ =", "=", known["sig"]).replace("= ", "=")
        if expected == "(*args, **kwargs)":
            expected = "()"
        found = own(getattr(module, name))
        if package == "optimizers":  # Keras's **kwargs take nothing there but for one class
            expected, found = (one.replace(", **kwargs)", ")") for one in (expected, found))
        if found != expected:
            wrong.append(f"{name}{found}\n  Keras: {expected}")
    assert not wrong, "\n".join(wrong)
