"""The epochs of one call of `fit`, and where they stand.

What decides how training goes on is small and explicit: the values of variables, the place in the
epoch, the generator that shuffles, how far the data are read, what callbacks have seen, and the
process's own random numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from geartrain import random
from geartrain.models import arguments, checks
from geartrain.models.loops import Loop


class Training:
    """Epochs of steps, each with its validation.

    Args:
        model: the model.
        loop: the steps over the data for training.
        validating: those over the data for validation, if there are any.

    Attributes:
        epoch: the number of the epoch that is under way, or comes next.
        batch: how many of its batches are done.
        steps: how many steps of all epochs are done.
        logs: of the epoch: so far, or once it is over.
        order: the generator that shuffles.
        order_before: its state before it shuffled for this epoch.
    """

    def __init__(self, model: Any, loop: Loop, validating: Loop | None) -> None:
        self.model, self.loop, self.validating = model, loop, validating
        self.epoch = self.batch = self.steps = 0
        self.logs: dict[str, Any] = {}
        self.order = np.random.default_rng(0)
        self.order_before = self.order.bit_generator.state

    def find_programs(self) -> None:
        """Trace the steps, so that data which do not fit are refused before any training."""
        self.loop.program()
        if self.validating is not None:
            self.validating.program()

    def start(self) -> None:
        """Draw the seed of all orders."""
        self.order = np.random.default_rng(random.fresh_seed())

    @contextmanager
    def of_the_model(self) -> Iterator[None]:
        """Let the model know its training, for callbacks, in a `with` block."""
        before, self.model._training = self.model._training, self
        try:
            yield
        finally:
            self.model._training = before

    def begin_at(self, epoch: int) -> None:
        """Begin with a later epoch than the first."""
        self.epoch = max(self.epoch, epoch)

    def run(self, listeners: Any, epochs: int, shuffle: bool, validation_freq: Any) -> None:
        """Train up to the epoch with the number `epochs`."""
        model = self.model
        for epoch in range(self.epoch, epochs):
            self.epoch, self.batch, self.logs = epoch, 0, {}
            model.reset_metrics()
            listeners.on_epoch_begin(epoch)
            self._train(listeners, shuffle)
            checks.check_loss(model, self.logs)
            model.stop_training = model.stop_training or not self.logs  # no data are left
            self._validate(listeners, validation_freq)
            listeners.on_epoch_end(epoch, self.logs)
            self.epoch, self.batch = epoch + 1, 0
            if model.stop_training:
                break

    def _train(self, listeners: Any, shuffle: bool) -> None:
        """The rest of the steps of the epoch."""
        self.order_before = self.order.bit_generator.state
        shuffled = self.loop.data.shuffled(self.order) if shuffle else None
        for found in self.loop.run(listeners, shuffled, self.batch):
            self.logs = found
            self.steps += self.loop.done - self.batch
            self.batch = self.loop.done

    def _validate(self, listeners: Any, validation_freq: Any) -> None:
        if not self.logs or self.validating is None:
            return
        if arguments.validates(self.epoch, validation_freq):
            found = evaluated(self.validating, listeners)
            self.logs = {**self.logs, **{f"val_{name}": value for name, value in found.items()}}


def evaluated(loop: Loop, listeners: Any) -> dict[str, Any]:
    """The loss and metrics over the data of a loop, in test mode."""
    loop.model.reset_metrics()
    listeners.on_test_begin()
    logs: dict[str, Any] = {}
    for found in loop.run(listeners):
        logs = found
    listeners.on_test_end(logs)
    return logs
