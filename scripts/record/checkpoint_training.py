"""A training with ModelCheckpoint, in Keras to record it and in Geartrain to compare."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import Any

import numpy as np

EPOCHS, BATCHES, BATCH = 4, 5, 2
SCORES = [0.5, 0.7, 0.6, 0.9]


def training_of(
    library: Any, folder: Path, filepath: str, options: dict[str, Any], setting: dict[str, Any]
) -> tuple[list[dict[str, Any]], str]:
    """Train with a checkpoint: the files after each epoch, and what was printed.

    Args:
        library: Keras, or what has its names.
        setting: `scores`, put into the logs epoch by epoch; `trainings`, `initial_epoch`,
            `steps_per_execution`.
    """
    scores = [float(one) for one in setting.get("scores", SCORES)]
    found: list[dict[str, Any]] = []

    class Scores(library.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["score"] = scores[epoch]

    class Look(library.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.before: dict[str, bytes] = {}

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            paths = sorted(path for path in folder.rglob("*") if path.is_file())
            now = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
            written = [name for name in now if now[name] != self.before.get(name)]
            found.append({"files": list(now), "written": written})
            self.before = now

    model = library.Sequential([library.layers.Input((3,)), library.layers.Dense(1)])
    model.compile(
        optimizer=library.optimizers.SGD(0.01), loss="mse",
        steps_per_execution=setting.get("steps_per_execution", 1),
    )  # fmt: skip
    x = np.ones((BATCHES * BATCH, 3), "float32")
    checkpoint = library.callbacks.ModelCheckpoint(f"{folder}{os.sep}{filepath}", **options)
    look = Look()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for _ in range(setting.get("trainings", 1)):
            model.fit(
                x, np.zeros((len(x), 1)), epochs=EPOCHS, batch_size=BATCH, verbose=0,
                initial_epoch=setting.get("initial_epoch", 0),
                callbacks=[Scores(), checkpoint, look],
            )  # fmt: skip
    return found, printed.getvalue().replace(f"{folder}{os.sep}", "")
