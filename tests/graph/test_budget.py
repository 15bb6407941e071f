"""Budgets: what exceeds the file is refused before its memory is taken, and all get values."""

from __future__ import annotations

import threading
import tracemalloc

import numpy as np
import pytest

from geartrain import Input, Sequential, layers, ops
from geartrain.graph.budget import (
    LAYER_STEPS,
    SMALL,
    SPARE,
    SPARE_STEPS,
    STEPS,
    Budget,
    current_budget,
)
from geartrain.layers.symbolic import KerasTensor
from geartrain.runtime.variable import Variable
from geartrain.saving import load_model


def ones(shape, dtype):
    return np.ones(shape, dtype)


def never(shape, dtype):
    raise AssertionError("initialised")


@pytest.mark.parametrize("units", [10**12, 2**62, 10**30])
def test_a_layer_beyond_the_budget_is_refused(units):
    dense = layers.Dense(units, name="d")
    with (
        pytest.raises(
            ValueError, match=rf'Dense "d": expected at most 400 .* shape \(4, {units}\)'
        ),
        Budget(400),
    ):
        dense.build((None, 4))
    assert current_budget() is None


def test_many_small_variables_count_together():
    with Budget(10**6) as budget, pytest.raises(ValueError, match="after 5187500 bytes of others"):
        for _ in range(1000):
            Variable(ones, shape=(3125,))
    assert budget.taken <= 10**6 + SPARE


def test_large_variables_wait_for_the_file():
    with Budget(10**7) as budget:
        large = Variable(never, shape=(SMALL // 4 + 1,))
        small = Variable(ones, shape=(SMALL // 4,))
        missed = Variable(ones, shape=(10**6,))
        given = Variable(np.full(10**5, 3.0), dtype="float32")
    assert not large.numpy().any() and not missed.numpy().any()
    assert small.numpy().all()
    budget.settle([large])
    assert missed.numpy().all() and not large.numpy().any()
    assert (given.numpy() == 3).all()


def test_other_threads_are_not_bound():
    made = []
    with Budget(0):
        thread = threading.Thread(target=lambda: made.append(Variable(ones, shape=(2 * SPARE,))))
        thread.start()
        thread.join()
    assert made and made[0].numpy().all()


def test_budgets_nest():
    with Budget(1) as outer:
        with Budget(2) as inner:
            assert current_budget() is inner
        assert current_budget() is outer


def test_more_weights_than_the_file_has_are_refused():
    with (
        pytest.raises(ValueError, match=r'"d50": expected no more weights than .* 100. .* 301th'),
        Budget(10**6, count=100),
    ):
        for number in range(1000):
            if number % 3 == 0:
                layers.Dense(1, name="a").build((None, 1))
            layers.Dense(1, name="d50").build((None, 1))


def test_tensors_with_axes_that_no_such_model_has_are_refused():
    with (
        pytest.raises(ValueError, match=r"'many': expected axes of at most 1048576 .* 1000000000"),
        Budget(10**5),
    ):
        layers.RepeatVector(10**9, name="many")(layers.Input((4,)))
    with Budget(10**9):
        assert layers.RepeatVector(10**7)(layers.Input((4,))).shape == (None, 10**7, 4)


def test_nodes_are_counted_found_ones_too():
    x = KerasTensor((None, 4))
    with (
        Budget(0, objects=2) as budget,
        pytest.raises(ValueError, match=r"negative: expected at most 51000 steps .* few tensors"),
    ):
        while True:
            ops.negative(x)
    assert budget.steps == SPARE_STEPS + 2 * STEPS + 1


def test_layers_are_counted():
    with Budget(0), pytest.raises(ValueError, match=r"Activation.*: expected at most 50000 steps"):
        for _ in range(SPARE_STEPS // LAYER_STEPS + 1):
            layers.Activation("relu")


def test_restarting_forgets_what_was_made():
    with Budget(0) as budget:
        layers.Activation("relu")
        ops.zeros((5,))
        assert (budget.steps, budget.elements) == (LAYER_STEPS, 5)
        budget.restart()
        assert (budget.steps, budget.elements) == (0, 0)


MANY = 10**6
OVER = {
    "zeros": lambda: ops.zeros((MANY, MANY)),
    "arange": lambda: ops.arange(10**12),
    "arange of floats": lambda: ops.arange(0.0, 1e12, 0.5),
    "an op of arrays": lambda: ops.add(np.zeros((MANY, 1)), np.zeros((1, MANY))),
    "a broadcast": lambda: ops.broadcast_to(np.zeros(()), (MANY, MANY)),
    "padding": lambda: ops.pad(np.zeros(4), ((0, 10**12),), mode="reflect"),
    "adaptive averages": lambda: layers.AdaptiveAveragePooling1D(MANY)(KerasTensor((None, 4, 1))),
    "adaptive averages of many": lambda: layers.AdaptiveAveragePooling1D(3)(
        KerasTensor((None, MANY, 1))
    ),
    "adaptive maxima": lambda: layers.AdaptiveMaxPooling1D(10**5)(KerasTensor((None, 4, 1))),
    "averages around zeros": lambda: layers.AveragePooling1D(10**5, 1, padding="same")(
        KerasTensor((None, MANY, 1))
    ),
    "shares": lambda: layers.UpSampling2D(MANY, interpolation="bilinear")(
        KerasTensor((None, 4, 4, 1))
    ),
    "a state of images": lambda: layers.ConvLSTM2D(1, 1)(KerasTensor((None, 4, 10**4, 10**4, 1))),
}


@pytest.mark.parametrize("what", OVER)
def test_arrays_that_no_model_with_so_few_weights_needs_are_refused_before_they_are_made(what):
    tracemalloc.start()
    try:
        with Budget(1000), pytest.raises(ValueError, match=r"(elements in an array|steps of work)"):
            OVER[what]()
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


def test_many_arrays_count_together():
    with Budget(0), pytest.raises(ValueError, match=r"8388608 in all.*9000000 in all"):
        for _ in range(9):
            ops.zeros((MANY,))


def deep_model():
    return Sequential([Input((8,)), *(layers.Activation("gelu") for _ in range(1000))])


def test_a_deep_model_without_weights_and_large_resizing_are_loaded(tmp_path):
    rows = [layers.UpSampling2D(4, interpolation="bilinear") for _ in range(2)]
    for model in (deep_model(), Sequential([Input((64, 64, 1)), *rows])):
        model.save(tmp_path / "m.keras")
        assert len(load_model(tmp_path / "m.keras").layers) == len(model.layers)
