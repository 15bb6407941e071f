"""Is training equal to Keras's? Trains the same networks with both, and compares.

    python scripts/equal_training.py --keras PYTHON           # an interpreter that has Keras 3
    python scripts/equal_training.py --keras PYTHON --seeds 10

1. From the same weights, on the same batches in the same order, 200 steps give the same weights:
   a dense, a convolutional and a recurrent network, no weight off by more than 1e-3.
2. From weights and orders that each library draws itself, a convolutional network with dropout ends
   with the same accuracy and the same loss on data held back, over 40 seeds: equal in mean (Welch's
   t test) and in spread (Levene's test about the median), each at p > 0.01. The seeds are fixed, so
   a night's answer changes only if a library does.

The digits are the sample in the package. Exits with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
STEPS, BATCH = 200, 32
MOST_DIFFERENCE, LEAST_P = 1e-3, 0.01
NETWORKS = ("dense", "convolutional", "recurrent")
MEASURES = ("accuracy", "loss")


def network(keras: Any, kind: str) -> Any:
    """One of the networks, compiled; its weights are still to be set."""
    layers = keras.layers
    made = {
        "dense": lambda: [
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        "convolutional": lambda: [
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ],
        "recurrent": lambda: [layers.LSTM(24), layers.Dense(10, activation="softmax")],
        "drawn": lambda: [
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.25),
            layers.Dense(10, activation="softmax"),
        ],
    }[kind]()
    model = keras.Sequential([keras.Input((28, 28)), *made])
    optimizer = keras.optimizers.RMSprop() if kind == "dense" else keras.optimizers.Adam()
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(keras: Any, data: dict[str, np.ndarray], seeds: int) -> dict[str, np.ndarray]:
    """All trainings of one library: the weights of part 1, the measures of part 2."""
    x, y, held = data["x"], data["y"], (data["x_held"], data["y_held"])
    results = {}
    for kind in NETWORKS:
        model = network(keras, kind)
        random = np.random.default_rng(0)
        model.set_weights(
            [
                random.normal(0, 1 / np.sqrt(one.shape[0] + 8), one.shape).astype("float32")
                if one.ndim > 1
                else one
                for one in model.get_weights()
            ]
        )
        first = model.get_weights()
        count = STEPS // 2 * BATCH
        model.fit(x[:count], y[:count], batch_size=BATCH, epochs=2, shuffle=False, verbose=0)
        for place, (weight, before) in enumerate(zip(model.get_weights(), first, strict=True)):
            results[f"{kind}/{place}"] = weight
            results[f"moved/{kind}/{place}"] = np.abs(weight - before).max()
    for seed in range(seeds):
        keras.utils.set_random_seed(seed)
        model = network(keras, "drawn")
        model.fit(x, y, batch_size=64, epochs=2, verbose=0)
        found = model.evaluate(*held, verbose=0, return_dict=True)
        for name in MEASURES:
            results[f"{name}/{seed}"] = np.float64(found[name])
        print(f"  {seed + 1} of {seeds}", end="\r", file=sys.stderr, flush=True)
    return results


def child(library: str, folder: Path, seeds: int) -> None:
    """Train with one library, in its own process, and leave the results in the folder."""
    if library == "geartrain":
        import geartrain as keras
    else:
        import keras
    with np.load(folder / "data.npz") as data:
        results = train(keras, dict(data), seeds)
    np.savez(folder / f"{library}.npz", **results)


def trained(library: str, python: str, folder: Path, seeds: int) -> dict[str, np.ndarray]:
    """The results of a library, by a process of its own."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if library == "geartrain":
        environment["PYTHONPATH"] = str(ROOT)
    command = [python, __file__, "--child", library, "--folder", str(folder)]
    subprocess.run([*command, "--seeds", str(seeds)], check=True, env=environment)
    with np.load(folder / f"{library}.npz") as results:
        return dict(results)


def compare(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray], seeds: int) -> list[str]:
    """Print each comparison, and return those that failed."""
    from scipy import stats

    failed = []
    for kind in NETWORKS:
        names = [name for name in ours if name.startswith(f"{kind}/")]
        worst = max(float(np.abs(ours[name] - theirs[name]).max()) for name in names)
        moved = max(float(ours[f"moved/{name}"]) for name in names)
        print(f"{kind}: weights moved by {moved:.2f} in {STEPS} steps, and differ by {worst:.1e}")
        if not worst <= MOST_DIFFERENCE < moved / 10:
            failed.append(kind)
    for name in MEASURES:
        pair = [
            np.array([one[f"{name}/{seed}"] for seed in range(seeds)]) for one in (ours, theirs)
        ]
        mean = stats.ttest_ind(*pair, equal_var=False).pvalue
        spread = stats.levene(*pair, center="median").pvalue
        said = [f"{one.mean():.4f} +- {one.std(ddof=1):.4f}" for one in pair]
        print(f"{name} of {seeds} seeds: {said[0]} here, {said[1]} with Keras; ", end="")
        print(f"equal means p = {mean:.3f}, equal spreads p = {spread:.3f}")
        failed += [f"{name}'s {what}" for what, p in (("mean", mean), ("spread", spread))
                   if not p > LEAST_P]  # fmt: skip
    return failed


def digits() -> dict[str, np.ndarray]:
    """The sample of digits, between 0 and 1."""
    sys.path.insert(0, str(ROOT))
    from geartrain.datasets import digits

    (x, y), (x_held, y_held) = digits.load_data()
    scaled = [(one / 255).astype("float32") for one in (x, x_held)]
    labels = [one.astype("int32") for one in (y, y_held)]
    return {"x": scaled[0], "y": labels[0], "x_held": scaled[1], "y_held": labels[1]}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keras", help="an interpreter that has Keras 3", default=sys.executable)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--child", choices=("geartrain", "keras"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        if arguments.child == "keras" and "KERAS_BACKEND" not in os.environ:
            found = [one for one in ("tensorflow", "jax", "torch") if find_spec(one)]
            os.environ["KERAS_BACKEND"] = (found or ["jax"])[0]
        child(arguments.child, arguments.folder, arguments.seeds)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "data.npz", **digits())
        ours = trained("geartrain", sys.executable, folder, arguments.seeds)
        theirs = trained("keras", arguments.keras, folder, arguments.seeds)
    failed = compare(ours, theirs, arguments.seeds)
    print(f"training differs from Keras's: {', '.join(failed)}" if failed else "training is equal")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
