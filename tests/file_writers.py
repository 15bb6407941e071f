"""Every writer of the library under every fault of the disk, and killed at every file operation.

Run as a script it examines one writer and prints what it found: the faults need a process that has
no threads yet, so each writer gets a fresh one.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from errno import EINTR, EIO, ENOSPC
from pathlib import Path
from typing import Any

import numpy as np

from geartrain import files
from tests.file_faults import NEED_ROOM, WRITES, Fault, Outcome, run

Steps = list[Callable[[], Any]]
State = dict[str, Any]

LEFT_OVER = re.compile(r"\..+\.geartrain-[0-9a-f]{16}\.part")
INTERRUPTED = (*WRITES, "create", "fsync", "ftruncate")  # the calls that a signal can cut short


@dataclass
class Writer:
    """What is examined.

    Attributes:
        steps: of a folder, the steps to do there one after another; what stands between two steps
            is a state that a fault may leave.
        former: the steps that make what is there before.
        is_silent: whether it goes on where nothing can be written.
        adds: whether it adds to what is there, so that doing it twice gives something else.
    """

    steps: Callable[[Path], Steps]
    former: Callable[[Path], Steps]
    is_silent: bool = False
    adds: bool = False


def examine(writer: Writer) -> tuple[dict[str, int], list[str]]:
    """The number of faults of each kind that were tried, and what went wrong."""
    counts: dict[str, int] = {}
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(dir=_in_memory()) as around:
        folder, start = Path(around).resolve() / "folder", Path(around).resolve() / "start"
        for is_there in (True, False):
            start.mkdir()
            for step in writer.former(start) if is_there else []:
                step()
            found = _examine_from(writer, start, folder)
            for fault, outcome, complaint in found:
                counts[fault.kind] = counts.get(fault.kind, 0) + 1
                if complaint:
                    call = outcome.calls[fault.at : fault.at + 1]
                    wrong.append(f"former={is_there}, {fault} {call}: {complaint} {outcome}")
            shutil.rmtree(start)
    return counts, wrong


def _in_memory() -> str | None:
    """A folder in memory, if there is one: these faults are not the disk's own."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _examine_from(
    writer: Writer, start: Path, folder: Path
) -> Iterator[tuple[Fault, Outcome, str]]:
    def restart() -> Steps:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(start, folder)
        return writer.steps(folder)

    states = []
    steps = restart()
    states.append(state_of(folder))
    for step in steps:
        step()
        states.append(state_of(folder))
    assert states[0] != states[-1], "a writer that changes nothing"
    steps = restart()
    whole = run(lambda: [step() for step in steps], folder, None)
    assert whole.status == "done" and state_of(folder) == states[-1], whole
    for fault in faults(whole.calls):
        steps = restart()
        outcome = run(lambda steps=steps: [step() for step in steps], folder, fault)
        complaint = judge(writer, states, folder, fault, outcome)
        if outcome.status == "killed" and not writer.adds:
            again = run(lambda: [step() for step in writer.steps(folder)], folder, None)
            if again.status != "done" or state_of(folder) != states[-1]:
                complaint += f" a second attempt: {again}"
        yield fault, outcome, complaint


def kill_at_random(writer: Writer, count: int, seed: int) -> list[str]:
    """What went wrong when a process that writes without end was killed at any moment."""
    random, wrong, states = np.random.default_rng(seed), [], []
    with tempfile.TemporaryDirectory(dir=_in_memory()) as around:
        folder = Path(around).resolve() / "folder"
        folder.mkdir()
        for steps in (writer.former, writer.steps):
            for step in steps(folder):
                step()
                states.append(state_of(folder))
        for number in range(count):
            child = os.fork()
            if child == 0:
                _write_without_end(writer, folder)
            time.sleep(random.uniform(0, 0.02))
            os.kill(child, signal.SIGKILL)
            _, ended = os.waitpid(child, 0)
            if not os.WIFSIGNALED(ended) or state_of(folder) not in states:
                wrong.append(f"kill {number}: {ended}, {sorted(state_of(folder))}")
    return wrong


def _write_without_end(writer: Writer, folder: Path) -> None:
    try:
        while True:
            for steps in (writer.former, writer.steps):
                for step in steps(folder):
                    step()
    finally:
        os._exit(1)


def faults(calls: list[str]) -> Iterator[Fault]:
    """Every fault there can be for a writer that makes these calls."""
    for at, name in enumerate(calls):
        yield Fault("kill", at)
        yield Fault("error", at, EIO)
        if name in NEED_ROOM:
            yield Fault("full", at, ENOSPC)
        if name in WRITES:
            yield Fault("short", at)
        if name in INTERRUPTED:
            yield Fault("interrupt", at, EINTR)


def judge(writer: Writer, states: list[State], folder: Path, fault: Fault, outcome: Outcome) -> str:
    """What is wrong with what a fault has left; an empty text if all is well."""
    found, rests = state_of(folder), left_overs(folder)
    if found not in states:
        return f"a mix is left: {list(found)}"
    if outcome.status == "killed" and fault.kind == "kill":
        return ""
    # Where removing fails it stays for an hour; what is under its name is whole nevertheless.
    unremoved = fault.kind == "error" and outcome.calls[fault.at] in (
        ("unlink", "rmdir", "open", "close") if outcome.status == "done" else ("unlink", "rmdir")
    )
    if rests and not unremoved:
        return f"left behind: {rests}"
    if outcome.status == "error" and not writer.is_silent:
        expected = "cannot write '" in outcome.error and fault.kind in ("error", "full")
        is_new = "It has its new content" in outcome.error
        return "" if expected and (is_new or found != states[-1]) else "the wrong error"
    if outcome.status != "done":
        return "a broken end"
    must_be_whole = not writer.is_silent or fault.kind in ("short", "interrupt")
    return "not written, and no error" if must_be_whole and found != states[-1] else ""


def state_of(folder: Path) -> State:
    """All files in a folder with their content, but for what a killed process leaves."""
    return {
        str(path.relative_to(folder)): _content(path)
        for path in sorted(folder.rglob("*"))
        if not any(map(LEFT_OVER.fullmatch, path.relative_to(folder).parts)) and path.is_file()
    }


def left_overs(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if LEFT_OVER.fullmatch(path.name)]


def _content(path: Path) -> Any:
    """A file's bytes; of a model file its members, without the date on which it was saved."""
    content = path.read_bytes()
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        return {name: _undated(data) for name, data in members.items()}
    return _undated(content) if path.suffix == ".json" else content


def _undated(content: bytes) -> bytes:
    return re.sub(rb'"date_saved": *"[^"]*"', b"", content)


# -- the writers ----------------------------------------------------------------------------------


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


def csv_steps(folder: Path, loss: float, append: bool = False) -> Steps:
    from geartrain.callbacks import CSVLogger

    logger = CSVLogger(folder / "log.csv", append=append)
    return [
        logger.on_train_begin,
        lambda: logger.on_epoch_end(0, {"loss": loss}),
        lambda: logger.on_epoch_end(1, {"loss": loss / 2}),
    ]


def store_steps(folder: Path, number: int) -> Steps:
    from geartrain.datasets.download import store

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
    model = Sequential([Input((300,)), layers.Dense(200, activation="relu"), layers.Dense(2)])
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
    "weights": pair(save_steps("some.weights.h5")),
    "weights as safetensors": pair(save_steps("some.safetensors")),
    "weights as npz": pair(save_steps("some.npz")),
    "weights in parts": pair(save_steps("some.weights.json", max_shard_size=1e-4)),
    "ONNX": pair(export_steps),
    "checkpoints": pair(checkpoint_steps),
}


def in_process(function: str, *arguments: Any) -> Any:
    """What a function of this file gives, in a fresh process: the name of a writer comes first."""
    command = [sys.executable, "-m", "tests.file_writers", function, *map(json.dumps, arguments)]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[1]
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


if __name__ == "__main__":
    chosen, (name, *others) = sys.argv[1], map(json.loads, sys.argv[2:])
    json.dump(
        {"examine": examine, "kill": kill_at_random}[chosen](WRITERS[name], *others), sys.stdout
    )
