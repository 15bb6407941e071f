"""Time the textbook's network in Geartrain and its rivals, each in a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
RIVALS = {
    "geartrain": {},
    "numpy": {},
    "sklearn": {},
    "torch": {},
    "jax-step": {},
    "jax-scan": {},
    "keras-jax": {"KERAS_BACKEND": "jax"},
    "keras-torch": {"KERAS_BACKEND": "torch"},
    "keras-tensorflow": {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
}


def write_data(folder: Path) -> tuple[Path, str]:
    from geartrain import datasets

    found = datasets.find("mnist") is not None
    (x, y), (x_test, y_test) = (datasets.mnist if found else datasets.digits).load_data()
    path = folder / "data.npz"
    np.savez(path, x=x, y=y, x_test=x_test, y_test=y_test)
    return path, f"{len(x):,} images of {'MNIST' if found else 'the sample'}"


def run(name: str, spec: dict, python: str, threads: int) -> dict | None:
    limits = dict.fromkeys(
        ("GEARTRAIN_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
        str(threads),
    )
    root = str(HERE.parent)
    environment = {**os.environ, **limits, **RIVALS[name], "PYTHONPATH": root}
    if threads == 1:
        environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    done = subprocess.run(
        [python, str(HERE / "rivals.py"), name, json.dumps(spec)],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    if "ModuleNotFoundError" in done.stderr:
        return None
    if done.returncode:
        sys.stderr.write(f"{name} failed:\n{done.stderr[-2000:]}\n")
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", nargs="+", choices=RIVALS, default=list(RIVALS))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results: dict[str, list[dict]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path, what = write_data(Path(folder))
        spec = {"data": str(path), "epochs": options.epochs, "threads": options.threads}
        for _ in range(options.rounds):
            for name in options.only:
                made = run(name, spec, options.python, options.threads)
                if made:
                    results.setdefault(name, []).append(made)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(f"{what}, {options.threads} threads, {options.rounds} rounds of {options.epochs} epochs")
    titles = ("epoch s", "first s", "import s", "accuracy", "ours/its")
    print(" " * 18 + "".join(f"{title:>9}" for title in titles))
    ours = median(results.get("geartrain", []), "epochs")
    for name, rounds in results.items():
        epoch = median(rounds, "epochs")
        print(
            f"{name:18} {epoch:8.3f} {median(rounds, 'first'):8.3f} "
            f"{median(rounds, 'import'):8.3f} {median(rounds, 'accuracy'):8.4f} {ours / epoch:8.2f}"
        )


def median(rounds: list[dict], key: str) -> float:
    values = [value for one in rounds for value in np.atleast_1d(one[key])]
    return statistics.median(values) if values else float("nan")


if __name__ == "__main__":
    main()
