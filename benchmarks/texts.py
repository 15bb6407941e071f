"""Short texts made into numbers: Geartrain and Keras in turn, each in processes of its own.

    python benchmarks/texts.py [--texts N] [--rounds N] [--keras PYTHON]

PYTHON is a Python with Keras and TensorFlow, this one by default. What is measured: a
`TextVectorization` of 20,000 words over texts of ten words, as whole data (a NumPy array; for
TensorFlow its own tensor too, made before) and batch by batch; and `adapt`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np

WORDS, KNOWN, LENGTH, BATCH = 30_000, 20_000, 16, 1024


def texts(count: int) -> tuple[list[str], np.ndarray]:
    """The words of a vocabulary, and texts of ten of them, as frequent as Zipf's law says."""
    random = np.random.default_rng(0)
    words = [f"word{number}" if number % 3 else f"w{number}" for number in range(WORDS)]
    share = 1 / np.arange(1, WORDS + 1)
    drawn = random.choice(WORDS, (count, 10), p=share / share.sum())
    return words, np.array(
        [f"{' '.join(words[place] for place in row)}." for row in drawn.tolist()]
    )


def seconds(function: Any) -> float:
    """The best of three."""
    found = []
    for _ in range(3):
        start = time.perf_counter()
        function()
        found.append(time.perf_counter() - start)
    return min(found)


def measured(library: str, count: int) -> dict[str, float]:
    """The seconds that each way takes, for so many texts."""
    words, data = texts(count)
    if library == "geartrain":
        from geartrain import layers

        given: Any = data
    else:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        os.environ["KERAS_BACKEND"] = "tensorflow"
        import tensorflow as tf
        from keras import layers

        given = tf.constant(data)
    layer = layers.TextVectorization(vocabulary=words[:KNOWN], output_sequence_length=LENGTH)
    layer(given[:BATCH])
    learned = layers.TextVectorization(max_tokens=KNOWN)
    parts = range(0, count, BATCH)
    found = {
        "array": seconds(lambda: layer(data)),
        "own tensor": seconds(lambda: layer(given)),
        "batches": seconds(lambda: [layer(given[at : at + BATCH]) for at in parts]),
        "adapt": seconds(lambda: learned.adapt(given)),
    }
    return {way: value * 1e6 / count for way, value in found.items()}


def main() -> None:
    """Measure both in turn, and print seconds for a million texts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keras", default=sys.executable)
    parser.add_argument("--one", help="measure this library alone")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measured(given.one, given.texts)))
        return
    rounds: dict[str, list[dict[str, float]]] = {"geartrain": [], "keras": []}
    for _ in range(given.rounds):
        for library, found in rounds.items():
            python = given.keras if library == "keras" else sys.executable
            command = [python, __file__, "--one", library, "--texts", str(given.texts)]
            made = subprocess.run(command, capture_output=True, text=True, check=True)
            found.append(json.loads(made.stdout.splitlines()[-1]))
    print(f"{'seconds for a million texts':28} {'Geartrain':>10} {'Keras':>10} {'ratio':>8}")
    for way in rounds["geartrain"][0]:
        ours, theirs = (statistics.median(one[way] for one in found) for found in rounds.values())
        print(f"{way:28} {ours:10.2f} {theirs:10.2f} {ours / theirs:8.2f}")


if __name__ == "__main__":
    main()
