"""What an optimizer is given, checked before it changes anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

from geartrain.errors import describe_value, shown, warn
from geartrain.graph.node import Node
from geartrain.ops.operands import operand
from geartrain.runtime.variable import Variable, current_trace


def check_options(optimizer: Any) -> None:
    """Refuse options that contradict each other, or that are out of range."""
    names = ("clipnorm", "clipvalue", "global_clipnorm")
    given = {name: getattr(optimizer, name) for name in names}
    given = {name: value for name, value in given.items() if value is not None}
    if len(given) > 1:
        raise ValueError(
            f"{_who(optimizer)}: expected at most one of clipnorm, clipvalue and global_clipnorm. "
            f"Received: {', '.join(f'{name}={value!r}' for name, value in given.items())}"
        )
    for name in given:
        check_range(optimizer, name, 0)
    check_range(optimizer, "ema_momentum", 0, 1)
    _check_count(optimizer, "gradient_accumulation_steps", 2)
    _check_count(optimizer, "ema_overwrite_frequency", 1)


def check_range(optimizer: Any, name: str, low: float, high: float = float("inf")) -> None:
    """Refuse a hyperparameter that is not a number in [low, high]."""
    value = getattr(optimizer, name)
    if not isinstance(value, Real) or not low <= value <= high:
        bounds = f"of at least {low}" if high == float("inf") else f"in [{low}, {high}]"
        raise ValueError(
            f"{type(optimizer).__name__}: expected {name} to be a number {bounds}. "
            f"Received: {describe_value(value)}"
        )


def _check_count(optimizer: Any, name: str, least: int) -> None:
    value = getattr(optimizer, name)
    if value is not None and (not isinstance(value, int) or value < least):
        raise ValueError(
            f"{_who(optimizer)}: expected {name} to be an integer of at least {least}, or None. "
            f"Received: {describe_value(value)}"
        )


def check_learning_rate(optimizer: Any, value: Any, previous: Any) -> None:
    """Refuse what is no learning rate, and a number where a schedule sets the rate."""
    if isinstance(value, type):
        raise TypeError(
            f"{_who(optimizer)}: expected learning_rate to be an object. Received: the class "
            f"{value.__name__}. Call it with its arguments: {value.__name__}(...)."
        )
    if callable(value):
        return
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number and tuple(getattr(value, "shape", (None,))) != ():
        raise TypeError(
            f"{_who(optimizer)}: expected learning_rate to be a number, a LearningRateSchedule or "
            f"a function that returns a number. Received: {describe_value(value)}"
        )
    if previous is not None and not isinstance(previous, Variable):
        raise TypeError(
            f"{_who(optimizer)}: its learning rate follows {shown(previous)}, so a number cannot "
            f"be set. Received: {value!r}. Make the optimizer with a number as learning_rate."
        )


def check_initialized(optimizer: Any) -> None:
    """Refuse a subclass that did not call `Optimizer.__init__`."""
    if "_variables" not in optimizer.__dict__:
        raise RuntimeError(
            f"{type(optimizer).__name__}: call super().__init__(learning_rate=...) first in "
            "__init__."
        )


def check_variables(optimizer: Any, variables: Iterable[Any]) -> list[Variable]:
    """The variables to be built for, as a list of different ones."""
    variables = list(variables)
    for variable in variables:
        if not isinstance(variable, Variable):
            raise TypeError(
                f"{_who(optimizer)}: expected variables to update. Received: "
                f"{describe_value(variable)}. Pass model.trainable_variables."
            )
    counts = Counter(variables)
    repeated = [variable.path for variable, count in counts.items() if count > 1]
    if repeated:
        raise ValueError(
            f"{_who(optimizer)}: expected each variable once. Received again: {repeated[0]}"
        )
    return variables


def variables_for(optimizer: Any, grads: Sequence[Any], variables: Any) -> list[Variable]:
    """The variables that the gradients belong to."""
    if variables is not None:
        variables = check_variables(optimizer, variables)
        if optimizer.built:
            check_known(optimizer, variables)
    elif optimizer.built:
        variables = optimizer._trainable_variables
    else:
        raise ValueError(
            f"{_who(optimizer)}: expected variables along with the first gradients. Received: "
            "trainable_variables=None. Pass them, or call build(model.trainable_variables)."
        )
    if len(variables) != len(grads):
        raise ValueError(
            f"{_who(optimizer)}: expected a gradient for each of {len(variables)} variables. "
            f"Received: {len(grads)} gradients"
        )
    return variables


def check_known(optimizer: Any, variables: Iterable[Variable]) -> None:
    """Refuse variables that the optimizer was not built with."""
    for variable in variables:
        if variable not in optimizer._places:
            raise ValueError(
                f"{_who(optimizer)}: expected variables that it was built with. Received: "
                f"{variable!r}. Make a new optimizer for other variables."
            )


def present(
    optimizer: Any, grads: Sequence[Any], variables: Sequence[Variable]
) -> list[tuple[Any, Variable]]:
    """The gradients that are not None, with the dtype of their variables."""
    pairs: list[tuple[Any, Variable]] = []
    missing: dict[str, None] = {}  # each name once
    for gradient, variable in zip(grads, variables, strict=True):
        if gradient is None:
            missing[variable.path] = None
        else:
            pairs.append((_fitting(optimizer, gradient, variable), variable))
    if not pairs:
        raise ValueError(
            f"{_who(optimizer)}: expected gradients. Received: None for every variable "
            f"({', '.join(missing)}). Does the loss depend on them?"
        )
    if missing:
        warn(
            f"{_who(optimizer)}: no gradients for {', '.join(missing)}, which stay as they are. "
            "Does the loss depend on them?"
        )
    return pairs


def _fitting(optimizer: Any, gradient: Any, variable: Variable) -> Any:
    gradient = operand(gradient, variable.dtype)
    if tuple(gradient.shape) != variable.shape:
        raise ValueError(
            f"{_who(optimizer)}: expected a gradient of shape {variable.shape} for variable "
            f"{variable.path!r}. Received: {describe_value(gradient)}"
        )
    if isinstance(gradient, Node) and current_trace() is None:
        raise TypeError(
            f"{_who(optimizer)}: expected arrays as gradients. Received: {gradient!r}, which is "
            "symbolic. Call apply inside the function that is traced."
        )
    return gradient


def check_values(
    optimizer: Any, what: str, values: Sequence[Any], variables: Sequence[Variable]
) -> None:
    """Refuse values that do not fit the variables they are for."""
    if len(values) != len(variables):
        hint = "" if optimizer.built else " Build it first."
        raise ValueError(
            f"{_who(optimizer)}: expected {len(variables)} {what}. Received: {len(values)}.{hint}"
        )
    for value, variable in zip(values, variables, strict=True):
        value = operand(value)
        if tuple(value.shape) != variable.shape:
            raise ValueError(
                f"{_who(optimizer)}: expected {what} of shape {variable.shape} for "
                f"{variable.path!r}. Received: {describe_value(value)}"
            )


def _who(optimizer: Any) -> str:
    name = getattr(optimizer, "name", None)
    return f"{type(optimizer).__name__} {name!r}" if name else type(optimizer).__name__
