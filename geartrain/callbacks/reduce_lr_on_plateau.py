"""Smaller steps where large ones no longer help."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.callbacks.monitor import MonitorCallback


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by a factor when the watched value stops getting better.

    Args:
        monitor: its name in the logs.
        factor: the factor, less than 1.
        patience: after how many epochs without progress.
        verbose: 1 to tell each time.
        mode: `"min"`, `"max"`, or `"auto"` to tell by the metric.
        min_delta: by how much the value must get better to count.
        cooldown: for how many epochs to wait after a reduction before watching again.
        min_lr: the least learning rate.

    Raises ValueError for a factor of 1 or more.

    >>> ReduceLROnPlateau(monitor="loss", factor=0.5, patience=3).factor
    0.5
    """

    def __init__(
        self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0,
        mode: str = "auto", min_delta: float = 0.0001, cooldown: int = 0, min_lr: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau: expected a factor below 1. Received: {factor!r}")
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        self.cooldown_counter = self.wait = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Start afresh."""
        super().on_train_begin(logs)
        self.best = None
        self.cooldown_counter = self.wait = 0

    def in_cooldown(self) -> bool:
        """Whether the last reduction is only a few epochs ago."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Watch, and record the learning rate in the logs."""
        logs = {} if logs is None else logs
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        current = self.monitored(logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_better(current, self.best):
            self.best, self.wait = current, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        optimizer = self.model.optimizer
        rate = float(optimizer.learning_rate)
        if rate <= np.float32(self.min_lr):
            return
        rate = max(rate * self.factor, self.min_lr)
        optimizer.learning_rate = rate
        self.cooldown_counter, self.wait = self.cooldown, 0
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {rate}.")
