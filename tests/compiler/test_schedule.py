"""The order of kernels: near their sources, and behind the readers of what they overwrite."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import ops
from geartrain.compiler.passes.rows import fused
from geartrain.compiler.passes.schedule import near_sources
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH
from geartrain.runtime.function import jit
from geartrain.runtime.variable import Variable

pytest.importorskip("llvmlite")

F32 = "float32"


def order_of(outputs, updates=None):
    """What each kernel stores first, in order."""
    updates = updates or {}
    kernels = near_sources(fused([*outputs, *updates.values()]), updates)
    return [kernel.nodes[0] for kernel in kernels]


def step(x, w):
    """A large product, and a sum of what it reads too."""
    d = ops.exp(ops.sin(x))
    return d, ops.matmul(ops.transpose(d), w), ops.sum(d, axis=0)


def test_a_small_fold_comes_right_after_what_it_reads():
    x, w = placeholder((BATCH, 512), F32, "x"), placeholder((BATCH, 784), F32, "w")
    d, large, total = step(x, w)
    assert order_of([large, total]) == [d, total, large]


def test_a_large_fold_stays_where_it_is():
    x, w = placeholder((BATCH, 5120), F32, "x"), placeholder((BATCH, 784), F32, "w")
    d, large, total = step(x, w)
    assert order_of([large, total]) == [d, large, total]


def test_a_new_value_stays_behind_the_readers_of_the_old():
    x, w = placeholder((BATCH, 512), F32, "x"), placeholder((BATCH, 784), F32, "w")
    mean = Variable(np.ones(784, F32))
    d, large, _ = step(x, w + mean.node)
    new = mean.node + ops.sum(ops.matmul(d, ops.ones((512, 784), F32)), axis=0)
    assert order_of([large], {mean.node: new})[-1] is new


def test_the_moved_kernels_compute_the_same():
    mean = Variable(np.ones(7, F32))

    @jit
    def update(x, w):
        old = mean.value
        _, large, total = step(x, w)
        mean.assign(old * 0.5 + total)
        return large * ops.sum(old)

    random = np.random.default_rng(0)
    x, w = random.normal(size=(5, 7)).astype(F32), random.normal(size=(5, 9)).astype(F32)
    d = np.exp(np.sin(x))
    np.testing.assert_allclose(update(x, w), d.T @ w * 7, rtol=1e-5)
    np.testing.assert_allclose(mean.numpy(), 0.5 + d.sum(0), rtol=1e-5)
