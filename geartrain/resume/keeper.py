"""Checkpoints while training runs: taken between native calls, written by a thread."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any

from geartrain.errors import warn
from geartrain.resume.folder import RunFolder
from geartrain.resume.settings import Checkpoints
from geartrain.resume.state import TrainingState

_SHARE = 50  # writing takes at most one part in so many of the time


class Keeper:
    """Takes the state of a training from time to time, and has it written.

    Args:
        settings: how.
        folder: where to; it is open.
        state: gives the state now, as a copy.
        best: the best value so far, of a training that goes on.
    """

    def __init__(
        self,
        settings: Checkpoints,
        folder: RunFolder,
        state: Callable[[], TrainingState],
        best: float | None = None,
    ) -> None:
        self._settings, self._folder, self._state = settings, folder, state
        self.best = best
        self._best_state: TrainingState | None = None
        self._due = time.monotonic() + settings.seconds
        self._thread: threading.Thread | None = None
        self._taking = self._writing = 0.0  # seconds, of the last one
        self._steps = 0  # at the last one
        self._failure: Exception | None = None

    def begin(self, step: int) -> None:
        """Count steps behind this one, at the beginning of an epoch or where training goes on."""
        self._steps = step

    def until(self, step: int) -> int | None:
        """How many steps there are to the next checkpoint, if they decide when to write it."""
        every = self._settings.steps
        return None if every is None else every - step % every

    def after_steps(self, step: int) -> None:
        """Take and write the state, if it is time."""
        every = self._settings.steps
        if every is not None and step // every > self._steps // every:
            self._steps = step
            self._wait()
        elif time.monotonic() < self._due or self._is_writing():
            return
        self._submit()

    def after_epoch(self, step: int, logs: dict[str, Any]) -> None:
        """The same at the end of an epoch; the best state is taken, and written with the next."""
        watched = self._settings.monitor or ("val_loss" if "val_loss" in logs else "loss")
        value = logs.get(watched)
        if isinstance(value, float | int) and self._is_better(float(value)):
            self.best = float(value)
            self._best_state = self._state()
        self.after_steps(step)

    def _is_better(self, value: float) -> bool:
        if math.isnan(value) or self.best is None:
            return not math.isnan(value)
        return value > self.best if self._settings.mode == "max" else value < self.best

    def _submit(self) -> None:
        before = time.perf_counter()
        state = self._state()
        self._taking = time.perf_counter() - before
        best, self._best_state = self._best_state, None
        self._thread = threading.Thread(
            target=self._write, args=(state, best), name="geartrain-checkpoint", daemon=True
        )
        self._thread.start()
        self._schedule()

    def _schedule(self) -> None:
        pause = max(self._settings.seconds, _SHARE * (self._taking + self._writing))
        self._due = time.monotonic() + pause

    def _write(self, state: TrainingState, best: TrainingState | None) -> None:
        """In the thread: write; of a failure the main one tells, and the next attempt may work."""
        before = time.thread_time()
        try:
            if best is not None:
                self._folder.write_best(best)
            self._folder.write(state)
            self._failure = None
        except Exception as error:
            self._failure = error
            if best is not None and self._best_state is None:
                self._best_state = best
        self._writing = time.thread_time() - before

    def _is_writing(self) -> bool:
        """Whether the thread is at work; what it has failed at is told once it is not."""
        if self._thread is not None and not self._thread.is_alive():
            self._wait()
        return self._thread is not None

    def _wait(self) -> None:
        """Wait for the thread, and tell of its failure."""
        if self._thread is None:
            return
        self._thread.join()
        self._thread = None
        self._schedule()
        if self._failure is not None and not isinstance(self._failure, OSError):
            raise self._failure
        if self._failure is not None:
            warn(f"fit: a checkpoint could not be written; training goes on. {self._failure}")

    def finish(self) -> None:
        """Write the state at the end; raises OSError where that cannot be done."""
        self._wait()
        best, self._best_state = self._best_state, None
        self._write(self._state(), best)
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Let what is being written be whole, after an error too."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
