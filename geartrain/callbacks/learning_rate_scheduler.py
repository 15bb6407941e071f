"""A learning rate for each epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from geartrain.callbacks.callback import Callback
from geartrain.errors import describe_value


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch, and records it in the logs.

    Args:
        schedule: a function of the epoch, or of the epoch and the learning rate so far, that
            returns the learning rate.
        verbose: 1 to tell each time.

    Raises TypeError if the function returns no number.

    >>> halve = LearningRateScheduler(lambda epoch, rate: rate / 2)
    >>> halve.schedule(3, 0.5)
    0.25
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        if not callable(schedule):
            raise TypeError(
                "LearningRateScheduler: expected a function of the epoch. Received: "
                f"{describe_value(schedule)}"
            )
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set the learning rate."""
        optimizer = self.model.optimizer
        if _takes(self.schedule, 2):
            rate = self.schedule(epoch, float(optimizer.learning_rate))
        else:
            rate = self.schedule(epoch)
        try:
            rate = float(rate)
        except (TypeError, ValueError):
            raise TypeError(
                "LearningRateScheduler: expected the schedule to return a number. Received: "
                f"{describe_value(rate)} for epoch {epoch}"
            ) from None
        optimizer.learning_rate = rate
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Record the learning rate."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


def _takes(function: Callable[..., Any], count: int) -> bool:
    """Whether the function takes so many arguments by position."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # a function in C that does not tell
        return True
    return True
