"""Loops over turns in native code: what the reference computes, for any batch and any threads."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import explain, layers, ops
from geartrain.compiler.analysis.batch import rows_independent
from geartrain.compiler.analysis.loop_text import Names, loop_nest
from geartrain.compiler.targets.target import host
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH, resolve
from geartrain.ops.elementwise import constant_like
from geartrain.ops.rules import gradients
from geartrain.ops.scan import scan
from geartrain.runtime import threads
from geartrain.runtime.executable import Executable

pytest.importorskip("llvmlite")

F32 = "float32"
RANDOM = np.random.default_rng(0)


def plain(x, h, w, reverse=False, keep=False):
    """h = tanh(x + h @ w)."""

    def turn(states, items):
        return [ops.tanh(items[0] + ops.matmul(states[0], w))], []

    return scan(turn, [h], [x], reverse, keep)


def gated(x, h, w, reverse=False, keep=False):
    """Two states, columns apart, an output beside them, and a view of a value from outside."""

    def turn(states, items):
        sums = ops.matmul(items[0], w[:, :20]) + ops.matmul(states[0], w[:, 3:23]) + w[0, :20]
        gates = ops.sigmoid(sums[:, :10]), ops.sigmoid(sums[:, 10:])
        cell = gates[0] * states[1] + (1 - gates[0]) * ops.tanh(sums[:, 5:15])
        return [gates[1] * ops.tanh(cell), cell], [gates[1] * states[0]]

    return scan(turn, [h, h * 2], [x], reverse, keep)


def exchanged(x, h, w, reverse=False, keep=False):
    """States that are handed on as they are, to one another, and twice."""

    def turn(states, items):
        new = ops.tanh(items[0] + states[1])
        return [states[1], new, new, states[3]], [states[2] * 1.0, items[0]]

    return scan(turn, [h, h * 2, h - 1, h + 1], [x], reverse, keep)


def centred(x, h, w, reverse=False, keep=False):
    """Rows of the batch that meet: the whole batch goes through one turn after the other."""

    def turn(states, items):
        mean = ops.mean(states[0], axis=0, keepdims=True)
        return [ops.tanh(items[0] + ops.matmul(states[0] - mean, w[:, :10]))], []

    return scan(turn, [h], [x], reverse, keep)


def boxes(x, h, w, reverse=False, keep=False):
    """States of higher rank."""

    def turn(states, items):
        box = ops.reshape(items[0], (-1, 2, 5))
        return [ops.tanh(states[0] * 0.5 + box), ops.sum(states[1], axis=1)[:, None] * box], []

    first = ops.reshape(h, (-1, 2, 5))
    return scan(turn, [first, first + 1], [x], reverse, keep)


def masked(x, h, w, reverse=False, keep=False):
    """States that stay where a mask of booleans is off."""
    mask = x[:, :, :1] > 0

    def turn(states, items):
        new = ops.tanh(items[0] + ops.matmul(states[0], w[:, :10]))
        return [ops.where(items[1], new, states[0])], []

    return scan(turn, [h], [x, mask], reverse, keep)


BODIES = {"plain": plain, "gated": gated, "exchanged": exchanged, "centred": centred,
          "boxes": boxes, "masked": masked}  # fmt: skip
WIDTHS = {"plain": 10}


def program(name, turns, reverse, keep):
    """Inputs, and outputs: all turns, and the gradients of a function of them."""
    inputs = [
        placeholder((turns, BATCH, 10), F32, "x"), placeholder((BATCH, 10), F32, "h"),
        placeholder((10, WIDTHS.get(name, 23)), F32, "w"),
    ]  # fmt: skip
    made = BODIES[name](*inputs, reverse=reverse, keep=keep)
    value = sum(ops.sum(one * one) for one in made) + ops.sum(ops.sin(made[0][-1]))
    slopes = gradients([value], inputs, [constant_like(value, 1.0)])
    return inputs, [*made, *(slope for slope in slopes if slope is not None)]


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", BODIES)
def test_a_loop_computes_what_the_reference_computes(name, reverse, keep):
    for turns in (1, 7):
        inputs, outputs = program(name, turns, reverse, keep)
        compiled, plan = Executable(outputs, {}, host()), Plan(outputs)
        assert all(isinstance(step, list) for step in compiled.assembly.steps), "all native"
        for batch in (5, 1, 0, 128, 200):
            values = {
                node.leaf: RANDOM.normal(size=resolve(node.extents, batch)).astype(F32) / 3
                for node in inputs
            }
            expected, found = plan.run(values, batch), compiled.run(values, batch)
            for one, other in zip(found, expected, strict=True):
                assert (one.dtype, one.shape) == (other.dtype, other.shape)
                scale = max(1.0, np.abs(other).max(initial=0))
                np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * scale)


def test_the_bits_do_not_depend_on_the_number_of_threads():
    inputs, outputs = program("gated", 9, False, True)
    compiled = Executable(outputs, {}, host())
    values = {
        node.leaf: RANDOM.normal(size=resolve(node.extents, 203)).astype(F32) for node in inputs
    }
    found = []
    try:
        for count in (1, 2, 4):
            threads.set_thread_count(count)
            found.append([one.tobytes() for one in compiled.run(values, 203)])
    finally:
        threads.set_thread_count(None)
    assert found[0] == found[1] == found[2]


def body_of(name):
    """The outputs of a body."""
    _, (first, *_) = program(name, 3, False, False)
    (flat,) = first.sources
    return flat.params["body"].outputs


def test_rows_are_apart_where_nothing_meets_along_the_batch():
    for name in ("plain", "gated", "exchanged", "boxes", "masked"):
        assert rows_independent(body_of(name)), name
    assert not rows_independent(body_of("centred"))
    x = placeholder((BATCH, 4), F32, "x")
    assert rows_independent([x * 2, ops.sum(x, axis=1), ops.cumsum(x, axis=1)])
    for meets in (x[::-1], ops.transpose(x), ops.cumsum(x, axis=0), ops.sum(x, axis=0)):
        assert not rows_independent([meets])
    assert not rows_independent([ops.matmul(x, ops.transpose(x))])
    assert not rows_independent([x + ops.cast(ops.arange(4), F32), ops.mean(x)])


def test_a_body_without_code_is_left_to_the_reference():
    def turn(states, items):
        return [ops.sort(states[0] + items[0], axis=1)], []

    x, h = placeholder((3, BATCH, 4), F32, "x"), placeholder((BATCH, 4), F32, "h")
    outputs = scan(turn, [h], [x])
    compiled = Executable(outputs, {}, host())
    whys = [step.why for step in compiled.assembly.steps if not isinstance(step, list)]
    assert whys == ["argsort has no kernel"]
    values = {x.leaf: np.ones((3, 2, 4), F32), h.leaf: np.ones((2, 4), F32)}
    np.testing.assert_array_equal(
        compiled.run(values, 2)[0][-1, 0], Plan(outputs).run(values, 2)[0][-1, 0]
    )


def test_what_nobody_reads_of_a_turn_is_not_computed():
    def turn(states, items):
        return [states[0] + items[0]], [ops.exp(items[0]), ops.sin(items[0])]

    x, h = placeholder((3, BATCH, 4), F32, "x"), placeholder((BATCH, 4), F32, "h")
    states, _, sines = scan(turn, [h], [x])
    text = loops_of([states[-1]])
    assert "sin(" not in text and "exp(" not in text
    text = loops_of([sines])
    assert "sin(" in text and "exp(" not in text


def loops_of(outputs):
    """The kernels as loops."""
    names = Names()
    return "\n".join(
        loop_nest(one, names) for one in Executable(outputs, {}, host()).assembly.groups
    )


def test_a_loop_over_turns_reads_like_python():
    x, h = placeholder((3, BATCH, 4), F32, "x"), placeholder((BATCH, 4), F32, "h")
    w = placeholder((4, 4), F32, "w")
    assert loops_of([plain(x, h, w, reverse=True)[0][0]]).startswith(
        """for t in reversed(range(3)):
    for i in range(batch):
        for j in range(4):
            total = 0
            for k in range(4):
                total += state[t + 1][i, k] * w[k, j]
            state[t][i, j] = tanh(x[t][i, j] + total)
"""
    )


MODELS = {
    "simple": lambda: layers.SimpleRNN(7, return_sequences=True),
    "lstm": lambda: layers.LSTM(7),
    "backwards": lambda: layers.LSTM(7, go_backwards=True, return_sequences=True),
    "gru": lambda: layers.GRU(7),
    "gru, reset before": lambda: layers.GRU(7, reset_after=False),
    "both ways": lambda: layers.Bidirectional(layers.GRU(4, return_sequences=True)),
    "stacked": lambda: layers.RNN([layers.LSTMCell(5), layers.GRUCell(3)]),
    "dropped": lambda: layers.LSTM(7, dropout=0.3, recurrent_dropout=0.3, seed=1),
    "relu": lambda: layers.SimpleRNN(7, activation="relu"),
}


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_whole_epochs_are_native_and_compute_what_the_reference_computes(name, mask):
    x = RANDOM.normal(size=(40, 6, 3)).astype(F32)
    if mask:
        x[RANDOM.random((40, 6)) < 0.3] = 0
    y = x.sum(axis=(1, 2))[:, None]
    results = []
    for eager in (False, True):
        keras.utils.set_random_seed(0)
        parts = [layers.Masking()] if mask else []
        model = keras.Sequential(
            [layers.Input((6, 3)), *parts, MODELS[name](), layers.Flatten(), layers.Dense(1)]
        )
        model.compile("sgd", "mse", run_eagerly=eager)
        history = model.fit(x, y, epochs=2, batch_size=16, verbose=0)
        results.append([np.array(history.history["loss"]), *model.get_weights(),
                        model.predict(x, verbose=0)])  # fmt: skip
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5)
    steps = explain(model, x[:16], y[:16]).executable.assembly.steps
    assert [type(step) for step in steps] == [list], "one native step"
