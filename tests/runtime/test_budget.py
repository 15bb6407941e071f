"""Budgets: what exceeds the file is refused before its memory is taken, and all get values."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from geartrain import layers
from geartrain.runtime.budget import SMALL, SPARE, Budget, current_budget
from geartrain.runtime.variable import Variable


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
