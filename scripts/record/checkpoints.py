"""ModelCheckpoint: which files are there, and which were written, after each epoch."""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras

from record.checkpoint_training import BATCH, BATCHES, EPOCHS, SCORES, training_of
from record.common import Recording, args

FALLING = [0.9, 0.7, 0.8, 0.5]
NAN = "nan"

FORMS = {"keras": args(), "weights.h5": args(save_weights_only=True)}
OPTIONS = {
    "one file": ("model", args()),
    "a file an epoch": ("{epoch:02d}", args()),
    "named by a log": ("at_{epoch}_{score:.2f}", args()),
    "best by max": ("best", args(monitor="score", mode="max", save_best_only=True)),
    "best by min": ("best_{epoch}", args(monitor="score", mode="min", save_best_only=True)),
    "threshold": (
        "{epoch}",
        args(monitor="score", mode="max", save_best_only=True, initial_value_threshold=0.65),
    ),
    "threshold not met": (
        "{epoch}",
        args(monitor="score", mode="min", save_best_only=True, initial_value_threshold=0.1),
    ),
    "threshold without best": ("{epoch}", args(initial_value_threshold=0.1)),
    "every batch": ("{epoch}_{batch}", args(save_freq=1)),
    "every third batch": ("{epoch}_{batch:02d}", args(save_freq=3)),
    "more batches than an epoch": ("{epoch}_{batch}", args(save_freq=7)),
    "in a new folder": ("new/deep/{epoch}", args()),
    "two trainings": (
        "{epoch}",
        args(monitor="score", mode="max", save_best_only=True),
        args(trainings=2),
    ),
    "later epochs": ("{epoch}", args(), args(initial_epoch=2)),
    "several steps at once": ("{epoch}_{batch}", args(save_freq=3), args(steps_per_execution=2)),
    "falling": (
        "{epoch}",
        args(monitor="score", mode="min", save_best_only=True),
        args(scores=FALLING),
    ),
    "nan first": (
        "{epoch}",
        args(monitor="score", mode="max", save_best_only=True),
        args(scores=[NAN, 0.5, NAN, 0.6]),
    ),
    "equal": (
        "{epoch}",
        args(monitor="score", mode="max", save_best_only=True),
        args(scores=[0.5, 0.5, 0.5, 0.6]),
    ),
}


def record() -> Recording:
    recording = Recording(
        """In each case a model is trained with ModelCheckpoint, whose path is `filepath` in a
        folder of its own; `after` lists the files there after each epoch, and those that have
        changed in it, `printed` what a verbose checkpoint says. Before it comes a callback that
        puts the epoch's score into the logs.""",
        epochs=EPOCHS, batches=BATCHES, batch_size=BATCH, scores=SCORES,
    )  # fmt: skip
    for form, more in FORMS.items():
        for name, (filepath, options, *setting) in OPTIONS.items():
            given = args(filepath=f"{filepath}.{form}", options={**more, **options, "verbose": 1})
            given["setting"] = setting[0] if setting else {}
            with tempfile.TemporaryDirectory() as folder:
                after, printed = training_of(
                    keras, Path(folder), given["filepath"], given["options"], given["setting"]
                )
            recording.case(name=f"{name}, {form}", **given, after=after, printed=printed)
    return recording
