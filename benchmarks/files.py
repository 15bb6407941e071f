"""How fast model files are loaded and saved, and how much memory that takes.

    python benchmarks/files.py --python /path/to/rivals/bin/python

Times are compared in pairs, in alternating rounds: a model against the plain reading, or writing
and syncing, of a file of its size; the chapter's network against Keras, each in a process of its
own from its first import to the loaded model. Memory is the growth of a process's peak.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

CHAPTER = """
import sys, time
start = time.perf_counter()
import {library} as keras
model = keras.models.load_model(sys.argv[1])
print(time.perf_counter() - start)
"""
MEMORY = """
import resource, sys, time
import geartrain as keras
try:
    keras.models.load_model(sys.argv[2])
except ValueError:
    pass
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
try:
    keras.models.load_model(sys.argv[1])
except ValueError:
    pass
print(time.perf_counter() - start)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


def child(python: str, program: str, *arguments: Any) -> list[float]:
    """The numbers that a program prints, in a process of its own."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [python, "-c", program, *map(str, arguments)],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    return [float(line) for line in done.stdout.split()]


def timed(function: Callable[[], Any]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def paired(rounds: int, one: Callable[[], Any], other: Callable[[], Any]) -> tuple[float, float]:
    """The medians of two calls in alternating rounds."""
    pairs = [(timed(one), timed(other)) for _ in range(rounds)]
    first, second = zip(*pairs, strict=True)
    return statistics.median(first), statistics.median(second)


def read(path: Path) -> np.ndarray:
    """A file's bytes, in new memory."""
    made = np.empty(path.stat().st_size, np.uint8)
    with path.open("rb", buffering=0) as stream:
        stream.readinto(made)  # type: ignore[attr-defined]
    return made


def write(path: Path, content: Any) -> None:
    """Write a file and sync it, as a save must."""
    with path.open("wb", buffering=0) as stream:
        stream.write(content)
        os.fsync(stream.fileno())


def chapter_network(keras: Any) -> Any:
    """The chapter's network, trained for a step."""
    layers = [
        keras.layers.Dense(512, activation="relu", input_shape=(784,)),
        keras.layers.Dense(10, activation="softmax"),
    ]
    model = keras.Sequential(layers)
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(np.ones((128, 784), "float32"), np.zeros(128, "int32"), verbose=0)
    return model


def hostile(path: Path, layers: list[dict[str, Any]]) -> Path:
    """A small file whose configuration declares these layers."""
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file["layers/dense/vars/0"] = np.zeros((4, 1), "float32")
    start = {"class_name": "InputLayer", "config": {"batch_shape": [None, 4]}}
    row = [
        {"module": "keras.layers", "registered_name": None, **layer} for layer in [start, *layers]
    ]
    config = {"module": "keras", "class_name": "Sequential", "config": {"layers": row}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", stream.getvalue())
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--python", help="an interpreter that has Keras")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--megabytes", type=int, default=100)
    given = parser.parse_args()
    import geartrain as keras

    def show(what: str, value: float, unit: str, bound: float | None = None) -> None:
        verdict = (
            ""
            if bound is None
            else f"   bound {bound:g}: {'holds' if value <= bound else 'BROKEN'}"
        )
        print(f"{what:58} {value:9.3f} {unit}{verdict}", flush=True)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = folder / "chapter.keras"
        chapter_network(keras).save(small)
        width = round((given.megabytes * 1e6 / 16) ** 0.5)
        model = keras.Sequential(
            [keras.Input((width,)), *(keras.layers.Dense(width) for _ in "1234")]
        )
        large = folder / "large.keras"
        model.save(large)
        size = large.stat().st_size
        plain, ours = paired(
            given.rounds, lambda: read(large), lambda: keras.models.load_model(large)
        )
        show(f"reading a file of {size / 1e6:.0f} MB", plain * 1e3, "ms")
        show("load_model of it", ours * 1e3, "ms")
        show("ratio", ours / plain, "", 1.5)
        content = large.read_bytes()
        plain, ours = paired(
            given.rounds, lambda: write(folder / "plain", content), lambda: model.save(large)
        )
        show("writing and syncing it", plain * 1e3, "ms")
        show("model.save", ours * 1e3, "ms")
        show("ratio", ours / plain, "", 1.5)
        seconds, grown = child(sys.executable, MEMORY, large, small)
        show("memory of load_model, beyond twice the model", (grown - 2 * size) / 2**20, "MiB", 64)
        units = {"units": 10**12}
        for what, layers in {
            "a layer of 4 TB": [{"class_name": "Dense", "config": units}],
            "5,000 layers": [{"class_name": "Dense", "config": {"units": 1, "name": f"d{n}"}}
                             for n in range(5000)],
        }.items():  # fmt: skip
            path = hostile(folder / "hostile.keras", layers)
            seconds, grown = child(sys.executable, MEMORY, path, small)
            show(f"refusing {what}", seconds, "s", 1)
            show(f"memory of refusing {what}", grown / 2**20, "MiB", 64)
        if given.python:
            ours, theirs = (
                statistics.median(times)
                for times in zip(*(
                    (child(sys.executable, CHAPTER.format(library="geartrain"), small)[0],
                     child(given.python, CHAPTER.format(library="keras"), small)[0])
                    for _ in range(min(5, given.rounds))
                ), strict=True)
            )  # fmt: skip
            show("import and load_model of the chapter's network", ours * 1e3, "ms")
            show("the same in Keras", theirs * 1e3, "ms")
            show("ratio", ours / theirs, "", 0.1)


if __name__ == "__main__":
    main()
