"""Geartrain: the Keras API on an engine written in Python and small enough to read.

>>> import geartrain as keras
>>> model = keras.Sequential([keras.layers.Dense(10, activation="softmax")])
>>> model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])

Parts are imported when they are first used, so importing the library costs little.
"""

from __future__ import annotations

from typing import Any

from geartrain._version import __version__
from geartrain.lazy import lazy_names

_MODULES = (
    "activations", "applications", "backend", "callbacks", "config", "constraints", "data",
    "datasets", "distribution", "dtype_policies", "errors", "export", "initializers", "layers",
    "losses", "metrics", "models", "naive", "ops", "optimizers", "plots", "preprocessing", "random",
    "regularizers", "resume", "saving", "summaries", "tree", "utils", "wrappers",
)  # fmt: skip
_NAMES = {
    "DTypePolicy": "dtype_policies",
    "Functional": "models",
    "Initializer": "initializers",
    "Input": "layers",
    "InputSpec": "layers.input_spec",
    "KerasTensor": "layers.symbolic",
    "Layer": "layers.layer",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models",
    "Operation": "layers.operation",
    "Optimizer": "optimizers",
    "Regularizer": "regularizers",
    "RematScope": "layers.remat_scope",
    "Sequential": "models",
    "StatelessScope": "runtime.staging",
    "Variable": "runtime.variable",
    "device": "runtime.scopes",
    "explain": "explanation",
    "grad": "runtime.function",
    "jit": "runtime.function",
    "name_scope": "runtime.scopes",
    "remat": "ops.rematerializing",
    "value_and_grad": "runtime.function",
}

__all__ = ["__version__", *_MODULES, *_NAMES, "version"]


def version() -> str:
    """The library's version."""
    return __version__


def _otherwise(name: str) -> Any:
    """Names of older Keras, and why others are not here."""
    from geartrain.compat.names import finder

    return finder("")(name)


__getattr__, __dir__ = lazy_names(
    __name__,
    {name: f"geartrain.{name}:" for name in _MODULES}
    | {name: f"geartrain.{module}" for name, module in _NAMES.items()},
    _otherwise,
)
