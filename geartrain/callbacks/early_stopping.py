"""Stop when there is nothing more to gain."""

from __future__ import annotations

from typing import Any

from geartrain.callbacks.monitor import MonitorCallback


class EarlyStopping(MonitorCallback):
    """Ends training once the watched value has not got better for some epochs.

    Args:
        monitor: its name in the logs.
        min_delta: by how much it must get better to count.
        patience: for how many epochs without progress to go on.
        verbose: 1 to tell when training ends.
        mode: `"min"`, `"max"`, or `"auto"` to tell by the metric.
        baseline: a value that must be beaten for progress to count.
        restore_best_weights: whether to put back the weights of the best epoch at the end.
        start_from_epoch: how many epochs to wait before watching.

    Attributes:
        best: the best value so far.
        best_epoch: its epoch, from 0.
        stopped_epoch: the epoch that ended training, 0 if none did.

    >>> from types import SimpleNamespace
    >>> stopping = EarlyStopping(monitor="loss", patience=2)
    >>> stopping.set_model(model := SimpleNamespace(stop_training=False))
    >>> stopping.on_train_begin()
    >>> for epoch, loss in enumerate([0.9, 0.5, 0.6, 0.5]):
    ...     stopping.on_epoch_end(epoch, {"loss": loss})
    >>> model.stop_training, stopping.stopped_epoch, stopping.best_epoch
    (True, 3, 1)
    """

    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0, patience: int = 0, verbose: int = 0,
        mode: str = "auto", baseline: float | None = None, restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = self.best_weights = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Start afresh."""
        super().on_train_begin(logs)
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Watch."""
        current = self.monitored(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep_weights(epoch)
        self.wait += 1
        if self.is_better(current, self.best):
            self.best = current
            self._keep_weights(epoch)
            if self.baseline is None or self.is_better(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep_weights(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: Any = None) -> None:
        """Put back the best weights."""
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                print(f"Restoring the weights of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
