"""Go on with training that was interrupted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from geartrain import files
from geartrain.callbacks.callback import Callback
from geartrain.callbacks.training_state import WEIGHTS, TrainingState
from geartrain.errors import describe_value


class BackupAndRestore(Callback):
    """Keeps how far training has come, so that the same program, started again, goes on from there.

    A backup holds the weights, the optimizer's state and the number of the epoch. It is replaced in
    one step, so that after a crash at any moment there is a whole one. An epoch that was
    interrupted in its middle begins anew, with the weights as of the last backup. When training
    ends, the backup is removed.

    Args:
        backup_dir: a folder for the backup, which holds nothing else.
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

    def wants_batches(self, loop: str) -> bool:
        """Only where it counts batches."""
        return loop == "train" and self.save_freq not in ("epoch", False)

    def on_train_begin(self, logs: Any = None) -> None:
        """Go on from the backup, if there is one."""
        files.check_writable(self._folder / WEIGHTS)
        state = TrainingState.restore(self.model, self._folder)
        self._batches = 0
        if state is not None:
            self.model._initial_epoch = state.epoch

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        self._current_epoch, self._last_batch_seen = epoch, -1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Make a backup, if it is time."""
        self._batches += batch - self._last_batch_seen
        self._last_batch_seen = batch
        if self.save_freq not in ("epoch", False) and self._batches >= self.save_freq:
            self._batches = 0
            self._save(TrainingState(self._current_epoch, batch + 1))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Make a backup, if it is time."""
        self._current_epoch, self._last_batch_seen = epoch + 1, 0
        if self.save_freq == "epoch":
            self._save(TrainingState(epoch + 1))

    def _save(self, state: TrainingState) -> None:
        state.save(self.model, self._folder, keep_former=self.double_checkpoint)

    def on_train_end(self, logs: Any = None) -> None:
        """Remove the backup: training is complete."""
        if self.delete_checkpoint:
            TrainingState.remove(self._folder)
