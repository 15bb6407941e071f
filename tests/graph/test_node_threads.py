"""Nodes are interned for all threads together: one variable has one node, whoever asks for it."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

from geartrain import ops
from geartrain.graph.node import Leaf, Node, placeholder
from geartrain.runtime.function import jit, value_and_grad

THREADS = 4


@pytest.fixture(autouse=True)
def hasty():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(work):
    """What each thread's `work` gives, all of them begun together."""
    gate, found, failed = threading.Barrier(THREADS), [None] * THREADS, []

    def run(number):
        gate.wait()
        try:
            found[number] = work()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not failed
    return found


def test_a_leaf_has_one_node():
    for number in range(300):
        leaf = Leaf(f"leaf{number}")
        assert len(set(at_once(lambda leaf=leaf: Node.leaf_of(leaf, (2,), "float32")))) == 1


def test_what_is_the_same_is_one_node():
    x = placeholder((3,), "float32")
    for number in range(100):
        made = at_once(lambda number=number: ops.exp(x * (number + 0.5)) + ops.exp(x))
        assert len(set(made)) == 1


def test_functions_are_traced_side_by_side():
    weights = np.arange(6, dtype="float32").reshape(2, 3)

    def loss(w):
        return ops.sum(ops.tanh(w * w) @ ops.ones((3, 2)))

    value, slope = jit(value_and_grad(loss))(weights)
    for _ in range(5):
        for other, other_slope in at_once(lambda: jit(value_and_grad(loss))(weights)):
            assert other == value
            np.testing.assert_array_equal(other_slope, slope)
