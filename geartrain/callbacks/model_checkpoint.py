"""Save the model while it is trained."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from geartrain import files
from geartrain.callbacks.monitor import MonitorCallback
from geartrain.errors import describe_value, nearest


class ModelCheckpoint(MonitorCallback):
    """Saves the model, or its weights, after each epoch or every so many batches.

    Args:
        filepath: the file, ending in .keras, or in .weights.h5 with `save_weights_only`. Names
            in braces are filled in: `{epoch}`, `{batch}` (both from 1), and any name in the logs,
            as in `"at_{epoch:02d}_{val_loss:.2f}.keras"`.
        monitor: with `save_best_only`, the value that must get better.
        verbose: 1 to tell each time.
        save_best_only: whether to save only when the watched value is the best so far.
        save_weights_only: whether to save the weights alone.
        mode: `"min"`, `"max"`, or `"auto"` to tell by the metric.
        save_freq: `"epoch"`, or after how many batches to save.
        initial_value_threshold: a value to beat from the start.

    Raises ValueError for another ending, another frequency, and an unknown name in braces.

    >>> ModelCheckpoint("best.keras", save_best_only=True).save_freq
    'epoch'
    """

    def __init__(
        self, filepath: Any, monitor: str = "val_loss", verbose: int = 0,
        save_best_only: bool = False, save_weights_only: bool = False, mode: str = "auto",
        save_freq: Any = "epoch", initial_value_threshold: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath, self.verbose = os.fspath(filepath), verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.save_freq = save_freq
        self._batches = self._epoch = 0
        self._last_batch: int | None = None
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(
                "ModelCheckpoint: expected save_freq to be 'epoch' or a number of batches. "
                f"Received: {describe_value(save_freq)}"
            )
        endings = (".weights.h5",) if save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(endings):
            raise ValueError(
                f"ModelCheckpoint: expected a filepath that ends in {' or '.join(endings)}. "
                f"Received: {self.filepath!r} with save_weights_only={save_weights_only}"
            )

    def wants_batches(self, loop: str) -> bool:
        """Only where it counts batches."""
        return loop == "train" and self.save_freq != "epoch"

    def on_train_begin(self, logs: Any = None) -> None:
        """Make sure that the model can be saved, before any work is done."""
        super().on_train_begin(logs)
        method = self._method()
        if not callable(getattr(self.model, method, None)):
            raise TypeError(
                f"ModelCheckpoint: expected a model with a method {method}. Received: "
                f"{type(self.model).__name__}"
            )

    def _method(self) -> str:
        return "save_weights" if self.save_weights_only else "save"

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch, for the file's name."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count batches."""
        if self.save_freq == "epoch":
            return
        last = self._last_batch
        self._batches += batch + 1 if last is None or batch <= last else batch - last
        self._last_batch = batch
        if self._batches >= self.save_freq:
            self._batches = 0
            self._save(self._epoch, logs or {}, batch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save, if that is the frequency."""
        if self.save_freq == "epoch":
            self._save(epoch, logs or {})

    def _save(self, epoch: int, logs: dict[str, Any], batch: int | None = None) -> None:
        path = self._path(epoch, logs, batch)
        if not self._is_due(epoch, logs, path):
            return
        if Path(path).is_dir():
            raise IsADirectoryError(
                f"ModelCheckpoint: expected a file to write to. Received: the folder {path!r}"
            )
        files.make_folder(Path(path).parent)
        getattr(self.model, self._method())(path, overwrite=True)
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: finished saving model to {path}")

    def _is_due(self, epoch: int, logs: dict[str, Any], path: str) -> bool:
        current = self.monitored(logs) if self.save_best_only else None
        if current is None:
            self._say(epoch, f"saving model to {path}")
            return True
        before = "None" if self.best is None else f"{self.best:.5f}"
        if not self.is_better(current, self.best):
            self._say(epoch, f"{self.monitor} did not improve from {before}")
            return False
        change = f"improved from {before} to {current:.5f}"
        self._say(epoch, f"{self.monitor} {change}, saving model to {path}")
        self.best = current
        return True

    def _say(self, epoch: int, what: str) -> None:
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: {what}")

    def _path(self, epoch: int, logs: dict[str, Any], batch: int | None) -> str:
        names = {"epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1}), **logs}
        try:
            return self.filepath.format(**names)
        except KeyError as error:
            unknown = str(error.args[0])
            guess = nearest(unknown, names)
            hint = f" Did you mean {guess!r}?" if guess else ""
            raise ValueError(
                f"ModelCheckpoint: expected names of the logs in filepath={self.filepath!r}: "
                f"{', '.join(names)}. Received: {unknown!r}.{hint}"
            ) from None
