"""`scripts/equal_training.py` tells training that is equal from training that is not."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

SEEDS = 40


@pytest.fixture(scope="module")
def script():
    path = Path(__file__).parents[1] / "scripts/equal_training.py"
    spec = importlib.util.spec_from_file_location("equal_training", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def results(script, seed, off=0.0, mean=0.9, spread=0.01):
    """What one library may have come to."""
    random = np.random.default_rng(seed)
    made = {}
    for kind in script.NETWORKS:
        made[f"{kind}/0"] = np.linspace(-1, 1, 50) + off
        made[f"moved/{kind}/0"] = np.float64(0.3)
    for name in script.MEASURES:
        for place, value in enumerate(random.normal(mean, spread, SEEDS)):
            made[f"{name}/{place}"] = value
    return made


def test_equal_trainings_pass(script, capsys):
    assert script.compare(results(script, 0), results(script, 2, off=2e-4), SEEDS) == []
    said = capsys.readouterr().out
    assert "recurrent: weights moved by 0.30 in 200 steps, and differ by 2.0e-04" in said
    assert "accuracy of 40 seeds: 0." in said


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        ({"off": 2e-3}, ["dense", "convolutional", "recurrent"]),
        ({"off": np.nan}, ["dense", "convolutional", "recurrent"]),
        ({"mean": 0.91}, ["accuracy's mean", "loss's mean"]),
        ({"spread": 0.03}, ["accuracy's spread", "loss's spread"]),
        ({"mean": np.nan}, ["accuracy's mean", "accuracy's spread", "loss's mean",
                            "loss's spread"]),
    ],
)  # fmt: skip
def test_each_difference_is_told(script, change, failed):
    assert script.compare(results(script, 0), results(script, 2, **change), SEEDS) == failed


def test_weights_that_did_not_move_prove_nothing(script):
    still = {name: 0.001 if "moved" in name else one for name, one in results(script, 0).items()}
    assert script.compare(still, results(script, 2), SEEDS) == list(script.NETWORKS)


def test_the_networks_train_here(script):
    import geartrain

    digits = {key: array[:3_200] for key, array in script.digits().items()}
    found = script.train(geartrain, digits, seeds=1)
    assert all(found[f"moved/{kind}/0"] > 0.01 for kind in script.NETWORKS)
    assert 0.5 < found["accuracy/0"] < 1
