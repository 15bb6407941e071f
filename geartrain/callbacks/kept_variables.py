"""All that training changes, kept to be put back."""

from __future__ import annotations

from typing import Any


class KeptVariables:
    """The values of a model's variables and of its optimizer's, as they are now.

    Args:
        model: a model that is built and compiled.

    Attributes:
        values: each variable with its value of then.
    """

    def __init__(self, model: Any) -> None:
        found = [*model.variables, *model.optimizer.variables]
        self.values = [(one, one.numpy().copy()) for one in dict.fromkeys(found)]

    def put_back(self) -> None:
        """Give every variable its value of then."""
        for variable, value in self.values:
            variable.assign(value)


def check_rate_can_be_set(who: str, optimizer: Any) -> None:
    """Refuse an optimizer whose learning rate is no number.

    Raises ValueError.
    """
    rate = getattr(optimizer, "inner_optimizer", optimizer)._learning_rate
    if callable(rate):
        raise ValueError(
            f"{who}: expected an optimizer whose learning rate is a number. Received: "
            f"{type(optimizer).__name__} with {type(rate).__name__} as learning_rate. Compile with "
            "a number for this test."
        )
