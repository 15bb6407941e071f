"""Record numbers from the real Keras, for the tests to compare Geartrain with.

    pip install keras==3.15.1 jax
    python scripts/record_keras.py                 # every group
    python scripts/record_keras.py losses metrics  # some

Each group writes `tests/recorded/<group>.json` (what was computed) and `<group>.npz` (the inputs
and the results). Every random number is drawn by NumPy from a fixed seed and stored, so that no
test depends on the generator of either library. JAX runs on the CPU, in its usual 32-bit mode.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

GROUPS = (
    "schedules",
    "optimizers",
    "losses",
    "metrics",
    "activations",
    "initializers",
    "layers_core",
    "layers_conv",
    "layers_norm",
    "layers_rnn",
    "layers_attention",
    "layers_signals",
    "applications",
    "augmentation",
    "images",
    "weights",
    "histories",
    "checkpoints",
    "dtypes",
    "operations",
    "configs",
    "loss_scale",
    "generators",
    "graphs",
    "unknown_axes",
    "data",
    "folders",
    "texts",
)


def main(names: list[str]) -> None:
    os.environ["KERAS_BACKEND"] = "jax"
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ.pop("JAX_ENABLE_X64", None)
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        raise SystemExit(f"Unknown groups: {unknown}. Known: {', '.join(GROUPS)}.")
    folder = Path(__file__).resolve().parent.parent / "tests" / "recorded"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or GROUPS:
        recording = importlib.import_module(f"record.{name}").record()
        sizes = recording.write(folder / name)
        print(f"{name:18} {len(recording.cases):4} cases, {sizes / 1024:7.1f} KiB")


if __name__ == "__main__":
    main(sys.argv[1:])
