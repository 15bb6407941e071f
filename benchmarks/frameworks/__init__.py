"""The frameworks that run the workloads: one adapter a module, and here what each name means.

An adapter has a class `Network(workload, threads, **arguments)` with

- `fit(x, y, epochs)`: trains, and returns the seconds of each epoch;
- `predict(x)`: the outputs as an array, by the framework's shortest way for a caller with arrays.

What it cannot run it refuses with `Unavailable` and the reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class Unavailable(Exception):
    """The framework cannot run this workload, and why."""


@dataclass(frozen=True)
class Framework:
    """An adapter, arguments for it, and its environment.

    Attributes:
        module: the name of the adapter's file.
        library: what must be installed.
        arguments: for `Network`.
        environment: variables of its process.
        own: whether it is Geartrain, which runs in another interpreter than its rivals may.
    """

    module: str
    library: str
    arguments: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    own: bool = False


def _keras(backend: str) -> Framework:
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    return Framework("keras_api", "keras", environment={"KERAS_BACKEND": backend, **quiet})


FRAMEWORKS = {
    "geartrain": Framework("keras_api", "geartrain", own=True),
    "geartrain-bfloat16": Framework(
        "keras_api", "geartrain", {"policy": "mixed_bfloat16"}, own=True
    ),
    "numpy": Framework("by_numpy", "numpy"),
    "sklearn": Framework("scikit_learn", "sklearn"),
    "torch": Framework("pytorch", "torch"),
    "torch-channels-last": Framework("pytorch", "torch", {"channels_last": True}),
    "torch-compile": Framework("pytorch", "torch", {"compiled": True}),
    "jax-step": Framework("by_jax", "jax"),
    "jax-scan": Framework("by_jax", "jax", {"scan": True}),
    "keras-jax": _keras("jax"),
    "keras-torch": _keras("torch"),
    "keras-tensorflow": _keras("tensorflow"),
    "onnxruntime": Framework("onnx_runtime", "onnxruntime"),
}


def timed(epochs: int, run: Callable[[], object]) -> list[float]:
    """The seconds of each of so many calls."""
    seconds = []
    for _ in range(epochs):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return seconds
