"""Find a good learning rate by one short training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geartrain.callbacks.callback import Callback
from geartrain.callbacks.counts import is_count
from geartrain.callbacks.kept_variables import KeptVariables, check_rate_can_be_set
from geartrain.errors import describe_value, warn


class LearningRateFinder(Callback):
    """Trains with a learning rate that grows with each batch, and tells which one is good.

    With a learning rate that is too low nothing happens, then the loss falls, and where the rate is
    too high it rises. The test ends there, or after `steps` batches. Then the model and its
    optimizer are as they were before, and training stops: compile with the rate that was found.

        rate of step i = min_lr * (max_lr / min_lr)**(i / (steps - 1))

    The suggestion is the rate where the smoothed loss falls fastest.

    Args:
        min_lr, max_lr: the first and the last learning rate.
        steps: how many batches; fewer where `fit` has fewer.
        smoothing: the weight of the earlier losses in the smoothed one, in [0, 1).
        stop_factor: the test ends where the smoothed loss is this many times the least one.
        verbose: whether to print what was found.

    Attributes:
        learning_rates, losses, smoothed: of each step.
        suggestion: a good learning rate; None, with a warning, where the loss never fell.

    Raises ValueError for other values, and for an optimizer whose learning rate is a schedule.

    Source: Smith, "Cyclical learning rates for training neural networks", 2017, section 3.3.

    >>> finder = LearningRateFinder(min_lr=1e-4, max_lr=1.0, steps=5)
    >>> [float(f"{finder.rate(step):.1e}") for step in range(5)]
    [0.0001, 0.001, 0.01, 0.1, 1.0]
    """

    def __init__(
        self, min_lr: float = 1e-6, max_lr: float = 10.0, steps: int = 100,
        smoothing: float = 0.9, stop_factor: float = 4.0, verbose: int = 1,
    ) -> None:  # fmt: skip
        if not 0 < min_lr < max_lr < math.inf:
            raise ValueError(
                "LearningRateFinder: expected 0 < min_lr < max_lr. Received: "
                f"min_lr={min_lr!r}, max_lr={max_lr!r}"
            )
        if not is_count(steps, least=5):
            raise ValueError(
                "LearningRateFinder: expected steps of at least 5 batches. Received: "
                f"{describe_value(steps)}"
            )
        if not 0 <= smoothing < 1 or not stop_factor > 1:
            raise ValueError(
                "LearningRateFinder: expected smoothing in [0, 1) and stop_factor above 1. "
                f"Received: smoothing={smoothing!r}, stop_factor={stop_factor!r}"
            )
        self.min_lr, self.max_lr, self.steps = min_lr, max_lr, steps
        self.smoothing, self.stop_factor, self.verbose = smoothing, stop_factor, verbose
        self._reset()

    def _reset(self) -> None:
        self.learning_rates: list[float] = []
        self.losses: list[float] = []
        self.smoothed: list[float] = []
        self.suggestion: float | None = None
        self._kept: KeptVariables | None = None
        self._average = 0.0

    def rate(self, step: int) -> float:
        """The learning rate of a step, from 0."""
        return float(self.min_lr * (self.max_lr / self.min_lr) ** (step / (self.steps - 1)))

    def on_train_begin(self, logs: Any = None) -> None:
        """Keep the model as it is."""
        check_rate_can_be_set("LearningRateFinder", self.model.optimizer)
        self._reset()
        self._kept = KeptVariables(self.model)
        params = self.params or {}
        if params.get("steps"):
            self.steps = max(min(self.steps, params["steps"] * params.get("epochs", 1)), 5)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Set the learning rate, and let the loss be that of one batch."""
        if self._kept is not None:
            self.model.optimizer.learning_rate = self.rate(len(self.losses))
            self.model.reset_metrics()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Note the loss, and end the test where it has risen."""
        if self._kept is None:
            return
        if "loss" not in (logs or {}):
            raise ValueError(
                "LearningRateFinder: expected 'loss' in what train_step returns. Received: "
                f"{', '.join(logs or ()) or 'nothing'}. Return it, or leave this callback out."
            )
        loss = float(logs["loss"])
        if math.isfinite(loss):
            self.learning_rates.append(self.rate(len(self.losses)))
            self.losses.append(loss)
            self._average = self.smoothing * self._average + (1 - self.smoothing) * loss
            self.smoothed.append(self._average / (1 - self.smoothing ** len(self.losses)))
        least = min(self.smoothed, default=0.0)
        has_risen = len(self.smoothed) > 5 and self.smoothed[-1] > self.stop_factor * abs(least)
        if not math.isfinite(loss) or has_risen or len(self.losses) >= self.steps:
            self._finish()

    def on_train_end(self, logs: Any = None) -> None:
        """End the test, if there were fewer batches than steps."""
        self._finish()

    def _finish(self) -> None:
        if self._kept is None:
            return
        self._kept.put_back()
        self._kept = None
        self.model.stop_training = True
        self.suggestion = suggested(self.learning_rates, self.smoothed)
        tried = f"from {self.min_lr:g} to {self.learning_rates[-1]:g}" if self.losses else "at all"
        if self.suggestion is None:
            warn(
                f"LearningRateFinder: with learning rates {tried} the loss did not fall in "
                f"{len(self.losses)} steps. callbacks.OverfitOneBatch() looks for the cause."
            )
        elif self.verbose:
            least = int(np.argmin(self.smoothed))
            print(
                f"LearningRateFinder: try learning_rate={self.suggestion:.1e}. Of rates {tried}, "
                f"the loss was least, {self.smoothed[least]:.4g}, at "
                f"{self.learning_rates[least]:.1e}. The model is as it was before."
            )


def suggested(rates: list[float], losses: list[float]) -> float | None:
    """The rate where losses fall fastest, by its logarithm; None where they do not fall by 5%.

    The first losses are few batches' and so left out, and slopes are taken over several steps.

    >>> suggested([1e-4, 1e-3, 1e-2, 1e-1, 1.0], [3.0, 2.9, 2.5, 1.0, 4.0])
    0.01
    """
    if len(losses) < 3:
        return None
    first, least = min(10, len(losses) // 4), int(np.argmin(losses))
    if least <= first or losses[least] > losses[first] - 0.05 * abs(losses[first]):
        return None
    reach = max(len(losses) // 12, 1)

    def slope(step: int) -> float:
        ends = max(step - reach, 0), min(step + reach, least)
        return (losses[ends[1]] - losses[ends[0]]) / math.log(rates[ends[1]] / rates[ends[0]])

    return rates[min(range(first, least), key=slope)]
