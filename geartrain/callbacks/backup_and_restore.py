"""Go on with training that was interrupted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from geartrain import files
from geartrain.callbacks.callback import Callback
from geartrain.errors import describe_value

LATEST, FORMER = "latest.safetensors", "former.safetensors"


class BackupAndRestore(Callback):
    """Keeps how far training has come, so that the same program, started again, goes on from there.

    A backup is one file, the whole state of the training as `fit(resume=...)` keeps it: what goes
    on from it ends in the same bits as training in one piece, from the middle of an epoch too. It
    is replaced in one step, so that after a crash at any moment there is a whole one. When
    training ends, the backup is removed. In a loop of your own it holds the variables alone.

    Args:
        backup_dir: a folder for the backup.
        save_freq: `"epoch"`, or after how many batches to make a backup; False for never.
        double_checkpoint: whether to keep the backup before the last one too, and to take that
            where the last one is damaged.
        delete_checkpoint: whether to remove the backup at the end.

    Raises ValueError for an empty `backup_dir` and another frequency; at the start of `fit`,
    OSError for a folder that cannot be written, and ValueError for a backup of another model.

    >>> BackupAndRestore("backup", save_freq=100).save_freq
    100
    """

    def __init__(
        self, backup_dir: Any, save_freq: Any = "epoch", double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:  # fmt: skip
        if not backup_dir:
            raise ValueError(
                "BackupAndRestore: Empty `backup_dir` argument passed: expected a folder. "
                f"Received: {backup_dir!r}"
            )
        is_count = isinstance(save_freq, int) and (save_freq is False or save_freq > 0)
        if save_freq != "epoch" and (not is_count or save_freq is True):
            raise ValueError(
                "BackupAndRestore: Invalid value for argument `save_freq`: expected 'epoch' or a "
                f"number of batches. Received: {describe_value(save_freq)}"
            )
        self.backup_dir, self.save_freq = os.fspath(backup_dir), save_freq
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self._folder = Path(self.backup_dir)
        self._current_epoch = self._last_batch_seen = self._batches = 0

    def get_state(self) -> dict[str, Any]:
        """Nothing: it counts anew."""
        return {}

    def wants_batches(self, loop: str) -> bool:
        """Only where it counts batches."""
        return loop == "train" and self.save_freq not in ("epoch", False)

    def _former_state(self, training: Any) -> Any:
        """The backup, if there is one: where the last is damaged, the one before it."""
        files.check_writable(self._folder / LATEST)
        present = [one for one in (LATEST, FORMER) if (self._folder / one).exists()]
        for name in present:
            try:
                return training.read(self._folder / name, "BackupAndRestore")
            except (OSError, ValueError) as error:
                if name == present[-1]:
                    error.args = (f"{error} Remove {self.backup_dir!r} to start anew.",)
                    raise
        return None

    def on_train_begin(self, logs: Any = None) -> None:
        """In a loop of your own, go on from the backup, if there is one."""
        self._batches = 0
        if self.model._training is None:
            training = self.model._training_outside()
            state = self._former_state(training)
            if state is not None:
                training.take_up(state)
                self.model._initial_epoch = training.epoch

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        self._current_epoch, self._last_batch_seen = epoch, -1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Make a backup, if it is time."""
        self._batches += batch - self._last_batch_seen
        self._last_batch_seen = batch
        if self.save_freq not in ("epoch", False) and self._batches >= self.save_freq:
            self._batches = 0
            self._save(self._current_epoch, batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Make a backup, if it is time."""
        self._current_epoch, self._last_batch_seen = epoch + 1, 0
        if self.save_freq == "epoch":
            self._save(epoch + 1, 0, logs)

    def _save(self, epoch: int, batch: int, logs: Any) -> None:
        files.make_folder(self._folder)
        latest = self._folder / LATEST
        if self.double_checkpoint and latest.exists():
            with files.replacing(self._folder / FORMER) as stream:
                stream.write(latest.read_bytes())
        training = self.model._training or self.model._training_outside()
        training.write(latest, self, epoch, batch, logs or {})

    def on_train_end(self, logs: Any = None) -> None:
        """Remove the backup: training is complete."""
        if not self.delete_checkpoint:
            return
        for name in (LATEST, FORMER):
            (self._folder / name).unlink(missing_ok=True)
        if self._folder.is_dir() and not any(self._folder.iterdir()):
            self._folder.rmdir()
