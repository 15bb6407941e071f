"""Trainings that are killed at any moment and started again: a process that is run as a script.

It has no threads itself, so that it can fork: each child trains from the beginning of the program,
as a new process does.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from geartrain import callbacks, layers, models, resume, utils


def train(folder: Path, run: Path | None) -> str:
    """The hash of all that a training leaves."""
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 8)).astype("float32")
    y = random.integers(0, 3, 300)
    utils.set_random_seed(4)
    model = models.Sequential([
        layers.Dense(16, activation="relu"), layers.Dropout(0.2), layers.BatchNormalization(),
        layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    listeners = [
        callbacks.ReduceLROnPlateau("val_loss", patience=2),
        callbacks.CSVLogger(folder / "log.csv"),
    ]
    history = model.fit(
        x, y, batch_size=16, epochs=12, verbose=0, validation_split=0.2, callbacks=listeners,
        resume=run and resume.Checkpoints(run, steps=5),
    )  # fmt: skip
    found = hashlib.sha256(json.dumps(history.history).encode())
    for array in [*model.get_weights(), *(one.numpy() for one in model.optimizer.variables)]:
        found.update(array.tobytes())
    found.update((folder / "log.csv").read_bytes())
    return found.hexdigest()


def in_child(folder: Path, run: Path | None, after: float | None = None) -> str | None:
    """The hash from a child process; None where it was killed after so many seconds."""
    answer = folder / "hash"
    answer.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        try:
            found = train(folder, run)
            answer.write_text(found)
            os._exit(0)
        finally:
            os._exit(1)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, ended = os.waitpid(child, 0)
    if os.WIFSIGNALED(ended):
        return None
    assert ended == 0, "a training failed"
    return answer.read_text()


def kill(count: int, seed: int) -> dict[str, int]:
    """How many kills there were, and how many of the trainings ended in other bits."""
    random = np.random.default_rng(seed)
    killed = other = ended = 0
    with tempfile.TemporaryDirectory() as around:
        whole = Path(around, "whole")
        whole.mkdir()
        in_child(whole, None)  # compiles
        begun = time.monotonic()
        expected = in_child(whole, None)
        longest = 1.5 * (time.monotonic() - begun)
        while killed < count:
            folder = Path(around, f"cut{ended}")
            folder.mkdir()
            found = None
            while found is None:
                after = random.uniform(0.2, 1) * longest if killed < count else None
                found = in_child(folder, folder / "run", after)
                killed += found is None
            ended += 1
            other += found != expected
    return {"killed": killed, "ended": ended, "other": other}


if __name__ == "__main__":
    json.dump(kill(*map(int, sys.argv[1:])), sys.stdout)
