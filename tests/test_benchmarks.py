"""The benchmarks: bounds are judged rightly, reports are complete, and workloads run."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent.parent / "benchmarks"
pytestmark = pytest.mark.skipif(not HERE.is_dir(), reason="the benchmarks are not installed")


@pytest.fixture(autouse=True)
def benchmarks_on_the_path(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    yield
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(HERE)):
            del sys.modules[name]


def known():
    import workloads

    return workloads.load()


def test_every_workload_is_well_formed():
    from frameworks import FRAMEWORKS

    found = known()
    assert {"chapter", "convnet", "lstm", "transformer", "predict-one", "compile"} <= set(found)
    for name, workload in found.items():
        assert name == workload.name
        assert FRAMEWORKS[workload.frameworks[0]].own
        assert set(workload.frameworks) <= set(FRAMEWORKS)
        for bound in workload.bounds:
            assert set(getattr(bound, "rivals", ())) <= set(workload.frameworks), name


@pytest.mark.parametrize("name", ["wide-text", "embedding", "transformer", "clips", "gru", "tiny"])
def test_data_has_the_shape_of_the_network(name):
    workload = known()[name]
    x, y = workload.data(np.random.default_rng(0), 3)
    assert x.shape == (3, *workload.shape)
    assert y.shape == (3, 1)
    assert set(np.unique(y)) <= {0, 1}


def test_ratios_are_to_the_best_rival():
    from workload import AtMostRival

    medians = {"geartrain": {"seconds": 1.0}, "a": {"seconds": 2.0}, "b": {"seconds": 4.0}}
    bound = AtMostRival(0.5, ("a", "b", "c"))
    assert bound.judge(medians, None) == (
        "geartrain <= 0.5 of the best rival", "0.50 of a", True
    )  # fmt: skip
    assert AtMostRival(0.5, ("b",)).judge(medians, None).measured == "0.25 of b"
    assert AtMostRival(0.49, ("a",)).judge(medians, None).holds is False
    assert AtMostRival(0.5, ("c",)).judge(medians, None).holds is None
    assert bound.judge({"a": {"seconds": 1.0}}, None).holds is None


def test_the_other_bounds():
    from workload import AtMost, Near, OfPeak

    medians = {"geartrain": {"seconds": 5e-5, "rate": 180.0, "accuracy": 0.98}}
    limit = AtMost(60, "seconds", "µs", 1e6)
    assert limit.judge(medians, None) == ("time <= 60 µs", "50 µs", True)
    assert AtMost(40, "seconds", "µs", 1e6).judge(medians, None).holds is False
    assert limit.judge({}, None).holds is None
    share = OfPeak(0.8).judge(medians, 200.0)
    assert share == (">= 80% of the CPU's peak", "90% (180 of 200 GFLOP/s)", True)
    assert OfPeak(0.95).judge(medians, 200.0).holds is False
    assert OfPeak(0.8).judge(medians, None).holds is None
    assert OfPeak(0.8).judge(medians, 100.0)[1:] == ("180% (180 of 100 GFLOP/s)", True)
    near = Near(0.002, "accuracy", "geartrain", "other")
    assert near.judge(medians | {"other": {"accuracy": 0.979}}, None).holds is True
    assert near.judge(medians | {"other": {"accuracy": 0.9}}, None).holds is False
    assert near.judge(medians, None).holds is None


def test_the_report_hides_no_failure():
    import report

    rounds = [{"seconds": [1.0, 3.0], "first": 9.0}, {"seconds": [2.0], "first": 7.0}]
    results = {
        "geartrain": rounds,
        "numpy": [{"seconds": [4.0]}],
        "torch": [{"unavailable": "No module named 'torch'"}],
        "jax-scan": [{"failed": "RuntimeError: a | b"}],
    }
    measured = {"threads": 2, "peak": [{"rate": 90.0}, {"rate": 100.0}], "results": results}
    lines = report.table(known()["chapter"], measured).splitlines()
    assert "| geartrain | 2 | 1 | 3 | 1.00 | 1.00 | 8 |" in lines
    assert "| numpy | 4 | 4 | 4 | 0.50 | 0.25 |  |" in lines
    assert any("not available: No module named 'torch'" in line for line in lines)
    assert any("FAILED: RuntimeError: a / b" in line for line in lines)
    assert "| geartrain <= 0.5 of torch | not measured | not measured |" in lines


def child(workload, framework, spec):
    done = subprocess.run(
        [sys.executable, str(HERE / "child.py"), workload, framework, json.dumps(spec)],
        env={"PYTHONPATH": str(HERE.parent), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.parametrize("framework", ["geartrain", "numpy"])
def test_a_framework_runs_in_its_own_process(tmp_path, framework):
    workload = known()["tiny"]
    x, y = workload.data(np.random.default_rng(0), 40)
    spec = {"threads": 1, "settings": {"epochs": 2, "fits": 3}}
    for name, array in (("x", x), ("y", y)):
        spec[name] = str(tmp_path / f"{name}.npy")
        np.save(spec[name], array)
    made = child("tiny", framework, spec)
    assert made["first"] > 0
    assert len(made["seconds"]) == 3
    assert all(value > 0 for value in made["seconds"])


def test_what_cannot_run_says_why(tmp_path):
    for name in "xy":
        np.save(tmp_path / f"{name}.npy", np.zeros((2, 50, 32), "float32"))
    spec = {"threads": 1, "x": str(tmp_path / "x.npy"), "y": str(tmp_path / "y.npy")}
    assert child("lstm", "numpy", spec) == {"unavailable": "numpy: only RMSprop, not adam"}


def test_numpy_by_hand_has_the_right_gradients():
    from frameworks.by_numpy import Network

    network = Network(known()["tiny"], 1)
    random = np.random.default_rng(1)
    x, y = random.normal(size=(6, 4)), random.integers(0, 2, (6, 1)).astype(float)
    network.kernels[:] = [kernel.astype(float) for kernel in network.kernels]

    def loss():
        found = network.forward(x)[-1]
        return -(y * np.log(found) + (1 - y) * np.log(1 - found)).mean()

    kernel = network.kernels[0]
    numeric = np.zeros_like(kernel)
    for at in np.ndindex(kernel.shape):
        for sign in (1, -1):
            kernel[at] += sign * 1e-6
            numeric[at] += sign * loss() / 2e-6
            kernel[at] -= sign * 1e-6
    network.weights = [np.zeros_like(w) for w in (*network.kernels, *network.biases)]
    network.slots = [np.zeros_like(w) for w in network.weights]
    network.step(x, y)  # from a slot of 0: w = -0.001 g / sqrt(0.1 g^2 + 1e-7)
    step = -0.001 * numeric / np.sqrt(0.1 * numeric**2 + 1e-7)
    np.testing.assert_allclose(network.weights[0], step, rtol=1e-4, atol=1e-9)
