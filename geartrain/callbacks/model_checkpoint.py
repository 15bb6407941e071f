"""Save the model while it is trained."""

from __future__ import annotations

import os
import string
from pathlib import Path
from typing import Any

from geartrain import files
from geartrain.callbacks.monitor import MonitorCallback, hint
from geartrain.errors import describe_value, nearest, warn
from geartrain.serialization import serialize


class ModelCheckpoint(MonitorCallback):
    """Saves the model, or its weights, after each epoch or every so many batches.

    There is always a whole file: a new one takes the place of the former one in one step. With
    `save_best_only`, a value that is NaN is never the best. What can be known to fail later, such
    as a folder that cannot be written, is an error at the start of `fit`.

    Args:
        filepath: the file, ending in .keras (or .h5), or in .weights.h5 with `save_weights_only`.
            Names in braces are filled in: `{epoch}` and, with a number of batches as `save_freq`,
            `{batch}`, both from 1, and any name in the logs, as in
            `"at_{epoch:02d}_{val_loss:.2f}.keras"`. Folders are made if need be.
        monitor: with `save_best_only`, the value that must get better.
        verbose: 1 to tell each time.
        save_best_only: whether to save only when the watched value is the best so far.
        save_weights_only: whether to save the weights alone (and the state of the optimizer).
        mode: `"min"`, `"max"`, or `"auto"` to tell by the metric.
        save_freq: `"epoch"`, or after how many batches to save. Then the logs are those of the
            epoch so far, without those of validation.
        initial_value_threshold: with `save_best_only`, a value to beat from the start.

    Raises ValueError for another ending, another frequency, and a path that cannot be filled in;
    at the start of `fit`, OSError for a file that could not be written, and the error that saving
    would raise for a model that cannot be described.

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
        self._check_counts()

    def _fields(self) -> list[tuple[str, str]]:
        """The names in braces in the path, each with its format."""
        try:
            parts = list(string.Formatter().parse(self.filepath))
        except ValueError as error:
            raise self._unfit(f"{error}. Write {{{{ and }}}} for braces that stay.") from None
        return [(name, spec or "") for _, name, spec, _ in parts if name is not None]

    def _unfit(self, why: str) -> ValueError:
        return ValueError(
            "ModelCheckpoint: expected a filepath with names in braces, such as {epoch:02d}. "
            f"Received: filepath={self.filepath!r}: {why}"
        )

    def _check_counts(self) -> None:
        """Refuse what can be known now: fields without a name, formats that are none for counts."""
        for name, spec in self._fields():
            if not name or name.isdecimal():
                raise self._unfit(f"{{{name}}} has no name.")
            if name == "batch" and self.save_freq == "epoch":
                raise self._unfit("{batch} needs a number of batches as save_freq.")
            if name in ("epoch", "batch"):
                self._check_format(name, 1, spec)

    def _check_format(self, name: str, value: float, spec: str) -> None:
        try:
            format(value, spec)
        except ValueError as error:
            raise self._unfit(f"{{{name}:{spec}}}: {error}.") from None

    def _check_names(self) -> None:
        """Look at the names of logs: other callbacks may add some, so a doubt is only a warning."""
        found = self.model.metrics_names
        if self.save_freq == "epoch":
            found = [*found, *(f"val_{name}" for name in found), "learning_rate"]
        for name, spec in self._fields():
            if name in found:
                self._check_format(name, 1.0, spec)
            guess = None if name in ("epoch", "batch", *found) else nearest(name, found)
            if guess is not None:
                warn(
                    f"ModelCheckpoint: expected a name of the logs in filepath={self.filepath!r}. "
                    f"Received: {name!r}, which no metric has. Did you mean {guess!r}?"
                )

    def wants_batches(self, loop: str) -> bool:
        """Only where it counts batches."""
        return loop == "train" and self.save_freq != "epoch"

    def on_train_begin(self, logs: Any = None) -> None:
        """Find out what could not be saved, before any work is done."""
        super().on_train_begin(logs)
        self._check_names()
        files.check_writable(self.filepath)
        if not self.save_weights_only:
            serialize(self.model)

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
        current = self._watched(logs) if self.save_best_only else None
        if not self._is_due(epoch, current, path):
            return
        files.make_folder(Path(path).parent)
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(path, overwrite=True)
        if current is not None:
            self.best = current
        self._say(epoch, f"finished saving model to {path}")

    def _watched(self, logs: dict[str, Any]) -> float | None:
        """The watched value; None, with a warning, where it is no number."""
        value = self.monitored(logs)
        if getattr(value, "ndim", 0) or isinstance(value, list | tuple | str):
            warn(
                f"ModelCheckpoint: expected a number as {self.monitor!r} in the logs. Received: "
                f"{describe_value(value)}. The model is saved, as without save_best_only."
            )
            return None
        return value

    def _is_due(self, epoch: int, current: float | None, path: str) -> bool:
        if current is None:
            self._say(epoch, f"saving model to {path}")
            return True
        before = "None" if self.best is None else f"{self.best:.5f}"
        if not self.is_better(current, self.best):
            self._say(epoch, f"{self.monitor} did not improve from {before}")
            return False
        change = f"improved from {before} to {current:.5f}"
        self._say(epoch, f"{self.monitor} {change}, saving model to {path}")
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
            raise ValueError(
                f"ModelCheckpoint: expected names of the logs in filepath={self.filepath!r}: "
                f"{', '.join(names)}. Received: {unknown!r}.{hint(unknown, names)}"
            ) from None
        except (ValueError, TypeError, AttributeError, IndexError) as error:
            raise self._unfit(f"{error}.") from None
