"""The time of each example, on Geartrain and on Keras: `examples.py --keras PYTHON [NAME ...]`.

Each example runs as it stands, first on one, then on the other, each in a process of its own with
an empty cache of compiled code; `--rounds` repeats both in turn. Two times are told: of `main`,
from the data to the figures, and of the whole process with its imports. On a machine that others
use, the processor's time (`--clock cpu`) is the steadier one.

    python benchmarks/examples.py --keras ~/rivals/bin/python tabular series --rounds 3
    python benchmarks/examples.py --keras ~/rivals/bin/python images --set epochs=1

Keras finds MNIST where Geartrain does: its own `load_data` would ask the network.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
GOAL = 0.6


def measure(name: str, engine: str, settings: dict) -> None:
    """Run one example in this process, and print its times and figures as JSON."""
    sys.path.insert(0, str(EXAMPLES))
    if engine == "keras":
        import keras

        from geartrain.datasets import fashion_mnist, mnist

        keras.datasets.mnist.load_data = mnist.load_data
        keras.datasets.fashion_mnist.load_data = fashion_mnist.load_data
        made = call(name, settings)
    else:
        from geartrain.script import stand_in

        with stand_in():
            made = call(name, settings)
    print(json.dumps(made))


def call(name: str, settings: dict) -> dict:
    """What `main` of the example returns, and how long it takes."""
    main = __import__(name).main
    wall, cpu = time.perf_counter(), time.process_time()
    figures = main(**settings)
    made = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return {**made, "figures": {name: float(value) for name, value in figures.items()}}


def in_process(python: str, name: str, engine: str, settings: dict) -> dict:
    """The same in a process of its own."""
    with tempfile.TemporaryDirectory() as cache:
        changes = {"GEARTRAIN_CACHE": cache, "KERAS_BACKEND": "tensorflow", "PYTHONPATH": str(ROOT)}
        command = [python, __file__, "--measure", engine, name, json.dumps(settings)]
        begun, before = time.perf_counter(), os.times()
        ended = subprocess.run(
            command, env={**os.environ, **changes}, capture_output=True, text=True, check=False
        )
        whole, after = time.perf_counter() - begun, os.times()
    if ended.returncode:
        raise SystemExit(f"{name} on {engine} failed:\n{ended.stderr[-3000:]}")
    made = json.loads(ended.stdout.splitlines()[-1])
    spent = sum(after[2:4]) - sum(before[2:4])  # of children that ended, by user and system
    return {**made, "process wall": whole, "process cpu": spent}


def compare(name: str, keras: str, rounds: int, settings: dict, clock: str) -> None:
    """Alternate, and print the medians."""
    times: dict[str, list[dict]] = {"geartrain": [], "keras": []}
    for _ in range(rounds):
        for engine, python in (("geartrain", sys.executable), ("keras", keras)):
            times[engine].append(in_process(python, name, engine, settings))
    ours, theirs = times["geartrain"], times["keras"]
    for what in (clock, f"process {clock}"):
        a, b = (statistics.median(one[what] for one in some) for some in (ours, theirs))
        verdict = "" if a <= GOAL * b else f"  above {GOAL}"
        print(f"{name:14} {what:13} {a:8.1f} s {b:8.1f} s  {a / b:5.2f}{verdict}", flush=True)
    for engine, some in times.items():
        print(
            f"  {engine:10}", {key: round(value, 4) for key, value in some[-1]["figures"].items()}
        )


def setting(text: str) -> tuple[str, str | int | float]:
    """`epochs=1` as a name and a value."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def main() -> None:
    """Compare the examples that are asked for, or all."""
    if sys.argv[1:2] == ["--measure"]:
        return measure(sys.argv[3], sys.argv[2], json.loads(sys.argv[4]))
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="examples; all of them if none is named")
    parser.add_argument("--keras", required=True, help="an interpreter with Keras and TensorFlow")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    parser.add_argument("--set", nargs="*", type=setting, default=[], metavar="NAME=VALUE")
    given = parser.parse_args()
    names = given.names or sorted(
        path.stem for path in EXAMPLES.glob("*.py") if path.stem != "gallery"
    )
    print(f"{'':14} {'':13} {'Geartrain':>10} {'Keras':>10}  ratio")
    for name in names:
        compare(name, given.keras, given.rounds, dict(given.set), given.clock)
    return None


if __name__ == "__main__":
    main()
