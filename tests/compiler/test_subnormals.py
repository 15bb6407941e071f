"""Subnormal numbers count as 0 while variables change, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.compiler.pipeline import assemble
from geartrain.compiler.targets.target import host, named
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH
from geartrain.runtime import native, threads
from geartrain.runtime.executable import Executable
from geartrain.runtime.variable import Variable

pytest.importorskip("llvmlite")
SUBNORMAL = np.float32(1e-40)


@pytest.fixture(autouse=True)
def threads_as_before():
    yield
    threads.set_thread_count(None)


def test_functions_keep_subnormal_numbers():
    x = placeholder((BATCH,), "float32", "x")
    program = Executable([x * 0.5], {}, host())
    (found,) = program.run({x.leaf: np.full(4, SUBNORMAL)}, 4)
    np.testing.assert_array_equal(found, np.full(4, SUBNORMAL) * np.float32(0.5))
    assert (found > 0).all()


@pytest.mark.parametrize("count", [1, 2])
def test_new_values_of_variables_are_zero_or_normal_and_the_mode_is_put_back(count):
    threads.set_thread_count(count)
    state = Variable(np.full(100_000, 3e-38), dtype="float32")
    x = placeholder((BATCH,), "float32", "x")
    program = Executable([x * 1.0], {state: state.node * 0.25}, host())
    program.run({x.leaf: np.ones(4, np.float32)}, 4)
    assert (state.numpy() == 0).all()
    assert SUBNORMAL * np.float32(0.5) > 0  # of NumPy, on this thread
    y = placeholder((BATCH,), "float32", "y")
    (found,) = Executable([y * 0.5], {}, host()).run({y.leaf: np.full(100_000, SUBNORMAL)}, 100_000)
    assert (found > 0).all()  # and of all threads of the team


def test_moments_of_weights_without_a_gradient_become_zero():
    """A pixel that is always 0 leaves its weights' mean squares to shrink, step by step."""
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).random((64, 8), np.float32)
    model = keras.Sequential([layers.Input((8,)), layers.Dense(4)])
    model.compile(optimizer=keras.optimizers.RMSprop(rho=0.5), loss="mse")
    model.fit(x, x[:, :4], batch_size=64, verbose=0)
    x[:, 3] = 0
    model.fit(x, x[:, :4], batch_size=64, epochs=200, verbose=0)
    (velocity,) = (one for one in model.optimizer.variables if one.shape == (8, 4))
    assert (velocity.numpy()[3] == 0).all() and (velocity.numpy()[[0, 1, 2, 4, 5, 6, 7]] > 0).all()


def test_the_mode_is_set_and_put_back_on_each_kind_of_cpu():
    state = Variable(np.zeros(8), dtype="float32")
    x = placeholder((BATCH,), "float32", "x")
    for triple, word in (
        ("x86_64-unknown-linux-gnu", "ldmxcsr"), ("aarch64-unknown-linux-gnu", "msr\tFPCR"),
    ):  # fmt: skip
        target = named(triple, "", "", {})
        trains = assemble([x * 1.0], {state.node: state.node * 0.5}, target).text
        computes = assemble([x * 1.0], {}, target).text
        code = native.assembly(trains, target)
        functions = [one for one in ("run_0", "epoch", "sweep") if f"{one}:" in code]
        assert code.lower().count(word.lower()) == 2 * len(functions)
        assert word.lower() not in native.assembly(computes, target).lower()
