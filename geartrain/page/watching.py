"""What tells a page of a training, and holds the training when the page says so."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from geartrain.callbacks.callback import Callback
from geartrain.page.subject import Run, Subject

TOLD_EVERY = 0.1  # seconds between two points of a curve


class Watching(Callback):
    """Tells a subject's page what happens in `fit`, and holds it when the page says so."""

    def __init__(self, subject: Subject, name: str = "") -> None:
        self.subject, self.name = subject, name
        self._step, self._epoch, self._told = 0, 0, 0.0
        self._run = Run(name)

    def wants_batches(self, loop: str) -> bool:
        """False: between two native calls is soon enough."""
        return False

    def most_steps(self) -> int | None:
        """One while the page steps, else as many as fit."""
        return 1 if self.subject.control.mode == "step" else None

    def on_train_begin(self, logs: Any = None) -> None:
        """A new curve."""
        subject = self.subject
        self._run = Run(self.name or f"run {len(subject.runs) + 1}")
        subject.runs.append(self._run)
        self._step = 0
        subject.control.begin()
        subject.control.tell("run", {"name": self._run.name, "params": self.params})

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Take note of its number, and wait here if held before the first step."""
        self._epoch = epoch
        self._go_on()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """A point of the curve, a look by the page, and a halt if it is held."""
        steps = (self.params or {}).get("steps") or 0
        self._step = self._epoch * steps + batch + 1
        self.subject.version += 1
        now = time.monotonic()
        if now - self._told >= TOLD_EVERY or self.subject.control.mode == "step":
            self._told = now
            self._tell("point", logs)
        self._go_on("step")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """A point with the values of the validation too."""
        self._tell("epoch", logs)
        self._go_on("epoch")

    def on_train_end(self, logs: Any = None) -> None:
        """Let the page's own thread look from now on."""
        self.subject.control.end()
        self.subject.control.tell("end", {"name": self._run.name})

    def _tell(self, kind: str, logs: Any) -> None:
        values = {name: float(np.mean(value)) for name, value in (logs or {}).items()}
        point = (self._step, self._epoch, values)
        if kind == "point":
            self._run.add(*point)
        else:
            self._run.epochs.append(point)
        said = {"step": self._step, "epoch": self._epoch, "logs": values, "name": self._run.name}
        self.subject.control.tell(kind, said)

    def _go_on(self, done: str = "") -> None:
        if not self.subject.control.between(done):
            self.model.stop_training = True
