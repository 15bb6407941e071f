"""Summaries of every kind, for any library that has the functions of `tf.summary`.

To record what TensorFlow writes, with tensorflow and tensorboard installed:

    python -m tests.summaries.examples
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

RECORDED = Path(__file__).parents[1] / "recorded" / "summaries.tfevents"


def write_all(summary: Any, folder: str) -> Path:
    """Write the examples to a folder; returns the file."""
    random = np.random.default_rng(0)
    writer = summary.create_file_writer(folder)
    with writer.as_default(step=2):
        summary.scalar("default step", np.float64(1.5))
        summary.scalar("loss", 0.5, step=0)
        summary.scalar("described", 2, step=3, description="a *number*")
        values = np.array([[0, 1, 2], [2, 2, 8]], "float32")
        summary.histogram("values", values, step=3, buckets=4)
        summary.histogram("normal", random.normal(size=1000), step=300)
        summary.histogram("one value", np.ones(5, "float32"), step=3, buckets=3)
        summary.histogram("no value", np.ones(0, "float32"), step=3, buckets=3)
        summary.image("bytes", random.integers(0, 256, (2, 3, 4, 3)).astype("uint8"))
        ramp = np.linspace(0, 1, 20, dtype="float32").reshape(5, 2, 2, 1)
        summary.image("floats", ramp, max_outputs=2)
        summary.text("text", "a **text** ü")
        summary.text("table", [["a", "b"], ["c", "d"]])
        wave = np.linspace(-1, 1, 20, dtype="float32").reshape(2, 10, 1)
        summary.audio("ramp", wave, 8000)
        with summary.record_if(False):
            summary.scalar("not written", 1.0)
        summary.write("numbers", np.array([[1, 2**40]], "int64"), step=2**33)
        summary.write("big", np.arange(5000, dtype="float32"))
    writer.close()
    (path,) = Path(folder).glob("*.tfevents.*")
    return path


def main() -> None:
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        RECORDED.write_bytes(write_all(tf.summary, folder).read_bytes())
    print(f"{RECORDED}: {RECORDED.stat().st_size} bytes")


if __name__ == "__main__":
    main()
