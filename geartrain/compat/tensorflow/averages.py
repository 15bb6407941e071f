"""`tf.train.ExponentialMovingAverage`: variables that follow others slowly."""

from __future__ import annotations

from typing import Any

from geartrain.compat.tensorflow.variables import Variable


class ExponentialMovingAverage:
    """Averages of variables: `average = decay * average + (1 - decay) * variable` at each `apply`.

    Args:
        decay: how slowly they follow.
        num_updates: how many there were, so that the first are faster:
            `min(decay, (1 + num_updates) / (10 + num_updates))`.
    """

    def __init__(
        self, decay: Any, num_updates: Any = None, zero_debias: bool = False,
        name: str = "ExponentialMovingAverage",
    ) -> None:  # fmt: skip
        if zero_debias:
            raise ValueError(
                "tf.train.ExponentialMovingAverage: expected zero_debias=False. Received: True. "
                "The averages begin at the values of the variables."
            )
        self._decay, self._updates, self.name = decay, num_updates, name
        self._kept: dict[int, tuple[Any, Variable]] = {}  # by identity, with what it is of

    def apply(self, var_list: Any = None) -> None:
        """Let the averages follow; they begin at the values."""
        decay = self._decay
        if self._updates is not None:
            decay = min(decay, (1.0 + float(self._updates)) / (10.0 + float(self._updates)))
        for one in var_list or ():
            if id(one) not in self._kept:
                made = Variable(one.numpy(), trainable=False, name="average")
                self._kept[id(one)] = (one, made)
            average = self._kept[id(one)][1]
            average.assign(average - (1.0 - decay) * (average - one))

    def average(self, var: Any) -> Variable | None:
        """The variable with the average of another; None where there is none."""
        return self._kept[id(var)][1] if id(var) in self._kept else None


__all__ = ["ExponentialMovingAverage"]
