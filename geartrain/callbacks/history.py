"""The record of training that `fit` returns."""

from __future__ import annotations

from typing import Any

from geartrain.callbacks.callback import Callback


class Curves(dict[str, list[Any]]):
    """Values by name; what was recorded as accuracy answers to acc as well, and the reverse.

    >>> Curves(val_acc=[0.5])["val_accuracy"]
    [0.5]
    """

    def __missing__(self, name: str) -> list[Any]:
        stem = name.removeprefix("val_")
        other = {"acc": "accuracy", "accuracy": "acc"}.get(stem)
        key = name[: len(name) - len(stem)] + other if other else None
        if key in self:
            return self[key]
        raise KeyError(f"{name!r} was not recorded. Recorded: {', '.join(self)}")


class History(Callback):
    """The values of the loss and the metrics, epoch by epoch: what `fit` returns.

    Attributes:
        history: a list of values for each name in the logs.
        epoch: the numbers of the epochs, from 0.

    >>> record = History()
    >>> record.on_train_begin()
    >>> record.on_epoch_end(0, {"loss": 0.5, "accuracy": 0.9})
    >>> record.epoch, record.history
    ([0], {'loss': [0.5], 'accuracy': [0.9]})
    """

    def __init__(self) -> None:
        self.history = Curves()
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Start counting epochs."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Record the logs."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.model is not None and getattr(self.model, "history", None) is not self:
            self.model.history = self

    def __repr__(self) -> str:
        return f"<History of {len(self.epoch)} epochs: {', '.join(self.history)}>"
