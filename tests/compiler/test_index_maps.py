"""What needs no memory: reshapes by index arithmetic, short folds, values at their own index."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import ops
from geartrain.compiler.analysis.index_maps import (
    at_own_index,
    followed,
    repeats,
    reshape_groups,
    short_reduce,
)
from geartrain.compiler.targets.target import host
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH
from geartrain.ops import views
from geartrain.ops.windows import window
from geartrain.runtime.executable import Executable

pytest.importorskip("llvmlite")


def test_axes_are_grouped_by_the_elements_they_hold():
    assert reshape_groups((4, 6), (4, 2, 3)) == [([0], [0]), ([1], [1, 2])]
    assert reshape_groups((BATCH * 28, 28), (BATCH, 28, 28)) == [([0], [0, 1]), ([1], [2])]
    assert reshape_groups((BATCH, 1, 6), (BATCH, 6)) == [([0], [0]), ([2], [1])]
    assert reshape_groups((6, 4), (4, 6)) == [([0, 1], [0, 1])]
    assert reshape_groups((BATCH + 1, 3), (3, BATCH + 1)) is None


@pytest.mark.parametrize(
    ("shape", "new", "answer"),
    [
        ((4, 6, 5), (4, 2, 3, 5), True),  # joins nothing: each axis of the result is known
        ((4, 2, 3, 5), (4, 6, 5), True),
        ((4, 5, 2, 3), (4, 5, 6), False),  # along the last axis vectors would have to divide
        ((4, 5, 6), (4, 5, 2, 3), True),
        ((4, 6, 5), (6, 4, 5), True),
    ],
)
def test_a_reshape_is_followed_where_the_last_axis_stays_whole(shape, new, answer):
    node = ops.reshape(placeholder(shape, "float32", "x"), new)
    assert followed(node) is answer


RESHAPED = {
    "split": ((6, 3), (2, 3, 3)),
    "joined": ((2, 3, 3), (6, 3)),
    "regrouped": ((4, 6, 3), (6, 4, 3)),
    "three parts": ((24, 3), (2, 3, 4, 3)),
    "the last axis": ((4, 6), (4, 2, 3)),
    "all": ((4, 6), (24,)),
}


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("name", RESHAPED)
def test_reshapes_inside_of_kernels(name, back):
    shape, new = RESHAPED[name]
    shape, new = (new, shape) if back else (shape, new)
    x = placeholder((BATCH, *shape), "float32", "x")
    y = placeholder((BATCH, *new), "float32", "y")
    row = placeholder((shape[-1],), "float32", "row")
    outputs = [ops.reshape(ops.exp(x) * row, (-1, *new)) * y + 1]
    program, plan = Executable(outputs, {}, host()), Plan(outputs)
    random = np.random.default_rng(0)
    for batch in (3, 1, 0):
        values = {
            x.leaf: random.normal(size=(batch, *shape)).astype("float32"),
            y.leaf: random.normal(size=(batch, *new)).astype("float32"),
            row.leaf: random.normal(size=shape[-1:]).astype("float32"),
        }
        (found,), (expected,) = program.run(values, batch), plan.run(values, batch)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_a_fold_is_short_if_vectors_do_not_run_along_it():
    x = placeholder((BATCH, 4, 10), "float32", "x")
    assert short_reduce(ops.sum(x, axis=1))
    assert short_reduce(ops.max(placeholder((BATCH, 4, 1), "float32", "x"), axis=2)) is True
    assert not short_reduce(ops.sum(x, axis=2))
    assert not short_reduce(ops.sum(x, axis=0))
    assert not short_reduce(ops.sum(placeholder((BATCH, 100, 10), "float32", "x"), axis=1))
    assert not short_reduce(ops.sum(ops.cast(x, "bfloat16"), axis=1))


def windows(x, size, stride):
    place = {"axes": (2,), "sizes": (size,), "strides": (stride,), "dilations": (1,)}
    return window(x, counts=(4,), paired=False, **place)


def test_views_that_read_elements_again():
    x = placeholder((BATCH, 4, 10), "float32", "x")
    assert not repeats(ops.transpose(x))
    assert not repeats(views.pad(x, low=(0, 1, 0), high=(0, 1, 0), interior=(0, 0, 0)))
    assert not repeats(x[:, ::2, 3:5])
    assert not repeats(windows(x, 2, 2))
    assert repeats(windows(x, 3, 2)) and repeats(windows(x, 2, 1))
    assert repeats(views.expand(placeholder((BATCH, 1, 10), "float32", "x"), shape=x.extents))


def test_whether_a_value_is_used_at_its_own_index_only():
    x = placeholder((3, 4, 5), "float32", "x")
    y = ops.exp(x)
    stored = {x, y}
    assert at_own_index(ops.sin(y) + y, y, stored)
    assert at_own_index(ops.transpose(ops.transpose(y, (1, 0, 2)), (1, 0, 2)) * 2, y, stored)
    assert at_own_index(views.reshape(views.reshape(y, shape=(12, 5)), shape=(3, 4, 5)), x, {y})
    assert not at_own_index(ops.flip(y, 1) + y, y, stored)
    again = views.expand(views.reshape(ops.sum(y, axis=1), shape=(3, 1, 5)), shape=(3, 4, 5))
    assert not at_own_index(again + y, y, stored)
    largest = ops.max(x, axis=1)
    below = views.expand(views.reshape(largest, shape=(3, 1, 5)), shape=(3, 4, 5))
    assert at_own_index(ops.sum(x - below, axis=1), largest, {x, largest})
