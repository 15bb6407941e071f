"""The state of a training: all that decides how it goes on, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from geartrain.errors import nearest
from geartrain.runtime.variable import Variable

_NUMBER = re.compile(r"_\d+(?=/|_|$)")  # of automatic names


@dataclass(frozen=True)
class TrainingState:
    """Where a training stands: small, explicit and exact.

    Attributes:
        step: how many steps are done in all epochs.
        values: the value of each variable that a step reads or changes, by name.
        facts: everything else, as nested plain values and arrays.
        identity: what must be the same where it goes on, each as a short text: of the model, the
            data, the settings, the versions.

    >>> TrainingState(3, {"weights/w": np.ones(2)}, {"epoch": 0}, {"seed": "1"}).step
    3
    """

    step: int
    values: dict[str, np.ndarray]
    facts: dict[str, Any]
    identity: dict[str, str]


def named_variables(model: Any, others: Iterable[Variable] = ()) -> dict[str, Variable]:
    """All variables that training a model reads or changes, each once.

    Names are the variables' paths without automatic numbers, which count what else the process has
    made: `weights/sequential/dense/kernel`, and `weights/sequential/dense/kernel#2` of the second.

    Args:
        model: a model that is built and compiled.
        others: what its steps change besides, such as the global generator.
    """
    optimizer = getattr(model, "optimizer", None)
    groups: dict[str, Iterable[Variable]] = {
        "weights": model.variables,
        "metrics": [one for metric in model.metrics for one in metric.variables],
        "optimizer": [] if optimizer is None else optimizer.variables,
        "others": others,
    }
    found: dict[str, Variable] = {}
    used: dict[str, int] = {}
    known: set[int] = set()
    for kind, variables in groups.items():
        for variable in variables:
            if id(variable) in known:
                continue
            known.add(id(variable))
            base = _NUMBER.sub("", f"{kind}/{variable.path}")
            used[base] = used.get(base, 0) + 1
            found[base if used[base] == 1 else f"{base}#{used[base]}"] = variable
    return found


def values_of(variables: dict[str, Variable]) -> dict[str, np.ndarray]:
    """A copy of each value."""
    return {name: variable.array.copy() for name, variable in variables.items()}


def put_back(
    variables: dict[str, Variable], values: dict[str, np.ndarray], who: str,
    check_only: bool = False,
) -> None:  # fmt: skip
    """Give each variable its value of before, all or none; or only see whether that can be done.

    Raises ValueError where the variables are not those that the values were taken of.
    """
    for name in [*(variables.keys() - values.keys()), *(values.keys() - variables.keys())]:
        here, there = ("a", "none") if name in variables else ("none", "one")
        guess = nearest(name, values if name in variables else variables)
        raise _another(who, f"{there} of the name {name!r} there, {here} here", guess)
    for name, variable in variables.items():
        value = values[name]
        if (value.shape, value.dtype) != (variable.shape, variable.array.dtype):
            raise _another(
                who, f"{name!r} of shape {value.shape}, dtype {value.dtype} there, of "
                f"{variable.shape}, {variable.array.dtype} here", None,
            )  # fmt: skip
    for name, variable in () if check_only else variables.items():
        np.copyto(variable.array, values[name])


def _another(who: str, received: str, guess: str | None) -> ValueError:
    hint = f" (nearest: {guess!r})" if guess else ""
    return ValueError(
        f"{who}: expected a checkpoint of this model. Received: variables that differ: "
        f"{received}{hint}. Train the model that it is of, or begin anew in another folder."
    )
