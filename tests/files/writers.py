"""Every writer of the library, to be examined.

Run as a script it examines one of them: the faults need a process without other threads, so each
writer gets a fresh one.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from geartrain import files
from tests.files.examination import State, Steps, Writer, examine, kill_at_random


def replace(name: str, fill: Callable[[Any, int], Any]) -> Writer:
    """A writer of one file, by a function of a stream and a number."""

    def step(folder: Path, number: int) -> Steps:
        def write() -> None:
            with files.replacing(folder / name) as stream:
                fill(stream, number)

        return [write]

    return Writer(lambda folder: step(folder, 1), lambda folder: step(folder, 0))


def fill_plainly(stream: Any, number: int) -> None:
    stream.write(bytes([number]) * 300_000)
    stream.seek(10)
    stream.write(b"later")


def fill_zip(stream: Any, number: int) -> None:
    with zipfile.ZipFile(stream, "w") as archive:
        for name in "abc":
            archive.writestr(zipfile.ZipInfo(name), bytes([number]) * 150_000)


def fill_npz(stream: Any, number: int) -> None:
    np.savez(stream, a=np.full(50_000, number), b=np.full(3, number))


def fill_hdf5(stream: Any, number: int) -> None:
    import h5py

    with h5py.File(stream, "w") as file:
        for name, count in {"a": 40_000, "b": 3}.items():
            file.create_group(name).create_dataset("vars", data=np.full(count, number))


def folder_steps(folder: Path, number: int) -> Steps:
    def write() -> None:
        with files.replacing_folder(folder / "model", ("config.json", "assets")) as new:
            (new / "config.json").write_bytes(b"%d" % number)
            (new / "assets").mkdir()
            (new / "assets" / "words.txt").write_bytes(b"%d" % number * 200_000)

    return [write]


def append_steps(folder: Path, number: int) -> Steps:
    return [lambda: files.append_lines(folder / "log", b"a line that is whole %d\n" % number)]


def append_bytes_steps(folder: Path, number: int) -> Steps:
    return [lambda: files.append(folder / "log", b"%d" % number * 70_000)]


def csv_steps(folder: Path, loss: float, append: bool = False) -> Steps:
    from geartrain.callbacks import CSVLogger

    logger = CSVLogger(folder / "log.csv", append=append)
    return [
        logger.on_train_begin,
        lambda: logger.on_epoch_end(0, {"loss": loss}),
        lambda: logger.on_epoch_end(1, {"loss": loss / 2}),
    ]


def store_steps(folder: Path, number: int) -> Steps:
    from geartrain.downloads.fetch import store

    return [lambda: store(folder / "sets" / "digits", b"%d" % number * 200_000)]


def cache_steps(folder: Path, number: int) -> Steps:
    from geartrain.runtime import cache

    def write() -> None:
        os.environ["GEARTRAIN_CACHE"] = str(folder)
        cache.forget_folders()
        cache.write(cache.key_of("a program"), bytes([number]) * 200_000)

    return [write]


@functools.cache
def model_of(number: int) -> Any:
    """A trained model whose weights are known by a number; without native code and its threads."""
    from geartrain import Input, Sequential, layers, utils

    utils.clear_session()  # so that names are the same each time
    utils.set_random_seed(number)
    model = Sequential([Input((300,)), layers.Dense(60, activation="relu"), layers.Dense(2)])
    model.compile(optimizer="adam", loss="mse", run_eagerly=True)
    model.fit(np.ones((2, 300)), np.ones((2, 2)), verbose=0)
    return model


def save_steps(name: str, **options: Any) -> Callable[[Path, int], Steps]:
    """Saving a model in one of its forms; the model is made before any fault."""

    def steps(folder: Path, number: int) -> Steps:
        model = model_of(number)
        save = model.save if name.startswith("model") else model.save_weights
        return [lambda: save(folder / name, **options)]

    return steps


def save_hashing(name: str) -> Callable[[Path, int], Steps]:
    """Saving a model as if it were large: other threads hash what is being written."""
    from geartrain.saving import store

    def steps(folder: Path, number: int) -> Steps:
        store.SMALL = 0
        return save_steps(name)(folder, number)

    return steps


def tensors_of_parts(folder: Path) -> State:
    """The tensors in the files that an index names."""
    import h5py

    found: State = {}

    def note(path: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[path] = item[()].tobytes()

    for index in folder.glob("*.json"):
        for names in json.loads(index.read_bytes())["weight_map"].values():
            for name in [names] if isinstance(names, str) else names:
                with h5py.File(folder / name) as shard:
                    shard.visititems(note)
    return found


def export_steps(folder: Path, number: int) -> Steps:
    model = model_of(number)
    return [lambda: model.export(folder / "model.onnx", format="onnx", verbose=False)]


def checkpoint_steps(folder: Path, number: int) -> Steps:
    """A training with a checkpoint after each epoch: the hooks of `fit`, epoch by epoch."""
    from geartrain.callbacks import ModelCheckpoint

    model = model_of(number)
    start = model.get_weights()
    checkpoint = ModelCheckpoint(folder / "new" / "best.keras", "loss", save_best_only=True)
    checkpoint.set_model(model)

    def epoch(at: int, loss: float) -> None:
        model.set_weights([weight + at for weight in start])
        checkpoint.on_epoch_end(at, {"loss": loss})
        model.set_weights(start)

    return [checkpoint.on_train_begin, lambda: epoch(0, 0.5), lambda: epoch(1, 0.25)]


def run_steps(folder: Path, number: int) -> Steps:
    """Two checkpoints of a run that keeps two, and then one more."""
    from geartrain.resume import TrainingState
    from geartrain.resume.folder import RunFolder

    run = RunFolder(folder / "run")
    files.make_folder(run.path)

    def write(step: int) -> None:
        values = {"w": np.full(20_000, step), "b": np.full(3, step)}
        run.write(TrainingState(step, values, {"order": np.arange(step)}, {}))

    return [lambda: write(2)] if number else [lambda: write(0), lambda: write(1)]


def latest_of_run(folder: Path) -> State:
    """The checkpoint that training would go on from, which must be sound."""
    from geartrain.resume.folder import RunFolder

    found = RunFolder(folder / "run").latest()
    return {} if found is None else {"step": found.step, "sum": int(found.values["w"].sum())}


def pair(steps: Callable[..., Steps], **options: Any) -> Writer:
    return Writer(lambda folder: steps(folder, 1), lambda folder: steps(folder, 0), **options)


def write_in_place(folder: Path, number: int) -> Steps:
    return [lambda: (folder / "file").write_bytes(bytes([number]) * 200_000)]


def rename_without_cleaning(folder: Path, number: int) -> Steps:
    def write() -> None:
        (folder / ".file.geartrain-0123456789abcdef.part").write_bytes(bytes([number]) * 200_000)
        (folder / ".file.geartrain-0123456789abcdef.part").replace(folder / "file")

    return [write]


# These are not the library's: the examination must find what is wrong with them.
BAD_WRITERS = {
    "writing in place": pair(write_in_place),
    "a rename without cleaning": pair(rename_without_cleaning),
    "silence": pair(write_in_place, is_silent=True),
}
WRITERS = BAD_WRITERS | {
    "a file": replace("file", fill_plainly),
    "a zip": replace("file.zip", fill_zip),
    "an npz": replace("file.npz", fill_npz),
    "an HDF5 file": replace("file.h5", fill_hdf5),
    "a folder": pair(folder_steps),
    "a line": pair(append_steps, adds=True),
    "bytes at the end": pair(append_bytes_steps, adds=True),
    "CSVLogger": pair(csv_steps),
    "CSVLogger that appends": Writer(
        lambda folder: csv_steps(folder, 1.0, append=True),
        lambda folder: csv_steps(folder, 0.0),
        adds=True,
    ),
    "a data set": pair(store_steps),
    "the code cache": pair(cache_steps, is_silent=True),
    "a model": pair(save_steps("model.keras")),
    "a model as a folder": pair(save_steps("model", zipped=False)),
    "a large model": pair(save_hashing("model.keras")),
    "large weights as safetensors": pair(save_hashing("some.safetensors")),
    "weights": pair(save_steps("some.weights.h5")),
    "weights as safetensors": pair(save_steps("some.safetensors")),
    "weights as npz": pair(save_steps("some.npz")),
    "weights in parts": pair(
        save_steps("some.weights.json", max_shard_size=1e-4), state=tensors_of_parts
    ),
    "ONNX": pair(export_steps),
    "checkpoints": pair(checkpoint_steps),
    "checkpoints of a run": pair(run_steps, state=latest_of_run),
}


def in_process(function: str, *arguments: Any) -> Any:
    """What a function of this file gives, in a fresh process: the name of a writer comes first."""
    command = [sys.executable, "-m", "tests.files.writers", function, *map(json.dumps, arguments)]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


if __name__ == "__main__":
    chosen, (name, *others) = sys.argv[1], map(json.loads, sys.argv[2:])
    json.dump(
        {"examine": examine, "kill": kill_at_random}[chosen](WRITERS[name], *others), sys.stdout
    )
