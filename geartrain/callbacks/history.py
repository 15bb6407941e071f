"""The record of training that `fit` returns."""

from __future__ import annotations

import math
import os
from html import escape
from typing import Any

import numpy as np

from geartrain import standalone
from geartrain.callbacks.callback import Callback

_SHORT = {
    "acc": "accuracy",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
}
_OTHER = _SHORT | {long: short for short, long in _SHORT.items()}


def other_name(name: str) -> str | None:
    """What a metric is called in logs where it was given by its other name: older Keras had one.

    >>> other_name("val_acc"), other_name("mean_absolute_error"), other_name("loss")
    ('val_accuracy', 'mae', None)
    """
    stem = name.removeprefix("val_")
    return name[: len(name) - len(stem)] + _OTHER[stem] if stem in _OTHER else None


class Curves(dict[str, list[Any]]):
    """Values by name; what was recorded as accuracy answers to acc as well, and the reverse.

    >>> Curves(val_acc=[0.5])["val_accuracy"]
    [0.5]
    """

    def __missing__(self, name: str) -> list[Any]:
        key = other_name(name)
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

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the curves into one file of HTML, to open in any browser, mail or embed.

        Raises ValueError for another ending than .html, OSError where it cannot be written.
        """
        standalone.save(path, "Training", ["train"], {"train/status": self._status()})

    def _status(self) -> dict[str, Any]:
        """The curves as the page takes them; an epoch counts as a step."""
        names = [name for name, values in self.history.items() if np.ndim(values) == 1]
        points = []
        for place, epoch in enumerate(self.epoch):
            known = [name for name in names if place < len(self.history[name])]
            logs = {name: float(self.history[name][place]) for name in known}
            finite = {name: value if math.isfinite(value) else None for name, value in logs.items()}
            points.append([epoch + 1, epoch, finite])
        train = [
            [step, epoch, {name: v for name, v in logs.items() if not name.startswith("val_")}]
            for step, epoch, logs in points
        ]
        name = self.model.name if self.model is not None else "training"
        runs = [{"name": name, "points": train, "epochs": points}]
        return {"mode": "pause", "training": False, "editable": False, "runs": runs}

    def _repr_html_(self) -> str:
        """The values of the last epoch, in a notebook."""
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{values[-1]:.4g}</td></tr>"
            for name, values in self.history.items()
            if values and np.ndim(values[-1]) == 0
        )
        return f"<table><caption>{len(self.epoch)} epochs</caption>{rows}</table>"

    def __repr__(self) -> str:
        return f"<History of {len(self.epoch)} epochs: {', '.join(self.history)}>"
