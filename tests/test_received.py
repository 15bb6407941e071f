"""What a class or a method is given for an argument, it takes, or its message shows it."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

from geartrain import (
    Sequential,
    callbacks,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
)

FAMILIES = (callbacks, initializers, layers, losses, metrics, optimizers, regularizers)


class Odd:
    """A thing that no argument expects."""


def arguments_of(cls):
    """The names that `__init__` takes, and those that it must be given."""
    parameters = [
        one for one in list(inspect.signature(cls.__init__).parameters.values())[1:]
        if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
    ]  # fmt: skip
    return [one.name for one in parameters], [
        one.name for one in parameters if one.default is one.empty
    ]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one.__name__.rpartition(".")[2])
def test_messages_show_what_was_received_without_addresses(family):
    wrong, refused = [], 0
    found = {getattr(family, name) for name in family.__all__}
    for cls in sorted(filter(inspect.isclass, found), key=lambda one: one.__name__):
        names, needed = arguments_of(cls)
        for name in names:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    cls(**{**dict.fromkeys(needed, 2), name: Odd()})
                except (ValueError, TypeError, NotImplementedError) as error:
                    refused += 1
                    if " at 0x" in str(error):
                        wrong.append(f"{cls.__name__}({name}=): {error}")
                except Exception as error:
                    wrong.append(f"{cls.__name__}({name}=): {type(error).__name__}: {error}")
    assert not wrong, "\n".join(wrong)
    assert refused > 2


X, Y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("fit", {"x": X, "y": Y, "verbose": 0}), ("evaluate", {"x": X, "y": Y, "verbose": 0}),
        ("predict", {"x": X, "verbose": 0}), ("train_on_batch", {"x": X, "y": Y}),
        ("test_on_batch", {"x": X, "y": Y}), ("predict_on_batch", {"x": X}),
        ("compile", {"optimizer": "sgd", "loss": "mse"}),
    ],
)  # fmt: skip
def test_methods_of_models_name_themselves(method, given):
    model = Sequential([layers.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    for name in list(inspect.signature(getattr(model, method)).parameters):
        try:
            getattr(model, method)(**{**given, name: Odd()})
        except (ValueError, TypeError) as error:
            assert " at 0x" not in str(error) and "Odd" in str(error), (name, str(error))
            others = {"fit", "evaluate", "predict"} - {method}
            assert not str(error).startswith(tuple(f"{one}:" for one in others)), str(error)
