"""Ten steps from a naive loop to machine code: one layer, `relu(x · W + b)`, each time measured.

Each step computes the same for a batch of 128 images of 784 pixels and 512 units: 51 million
multiplications and additions. The first ones, which would take a minute, are measured on fewer rows
and units, and say so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from geartrain import layers, models, ops
from geartrain.naive import naive_matrix_dot
from geartrain.runtime import threads
from geartrain.runtime.function import jit
from geartrain.runtime.peak import measure

ROWS, INPUTS, UNITS = 128, 784, 512
WORK = ROWS * INPUTS * UNITS  # multiply-adds
LEAST = 0.15  # seconds to measure for


class Step(NamedTuple):
    """A step: its name, the code that it runs, how much of the work that is, and the function."""

    name: str
    code: str
    share: float
    run: Callable[[], Any]


def steps() -> list[Step]:
    """The ten steps, ready to run."""
    random = np.random.default_rng(0)
    x = random.random((ROWS, INPUTS))
    w, b = random.normal(0, 0.05, (INPUTS, UNITS)), np.zeros(UNITS)
    xs, ws, bs = (array.astype("float32") for array in (x, w, b))
    few, columns = xs[:2], ws[:, :4]
    lists = few.tolist(), columns.tolist()
    part = (2 * 4) / (ROWS * UNITS)
    layer = jit(lambda x, w, b: ops.relu(ops.matmul(x, w) + b))
    apart = jit(lambda x, w: ops.matmul(x, w)), jit(lambda y, b: ops.relu(y + b))
    model = models.Sequential([layers.Input((INPUTS,)), layers.Dense(UNITS, activation="relu")])
    model.add(layers.Dense(10, activation="softmax"))
    model.compile("sgd", "sparse_categorical_crossentropy")
    many, labels = np.tile(xs, (8, 1)), np.zeros(8 * ROWS, "int32")
    of_step = 3 * (1 + 10 / INPUTS)  # forwards, and two products backwards

    def loops() -> None:
        rows, matrix = lists
        for row in rows:
            for j in range(4):
                total = 0.0
                for k in range(INPUTS):
                    total += row[k] * matrix[k][j]
                max(total, 0.0)

    def one_by_one() -> None:
        for k in range(8):
            model.train_on_batch(xs, labels[k * ROWS : (k + 1) * ROWS])

    def epoch() -> None:
        model.fit(many, labels, batch_size=ROWS, epochs=1, shuffle=False, verbose=0)

    return [
        Step("lists", "for row in x: for j: for k: total += row[k] * w[k][j]", part, loops),
        Step("rows", "naive_matrix_dot(x, w)", part, lambda: naive_matrix_dot(few, columns)),
        Step(
            "vectors", "for i, j: z[i, j] = x[i] @ w[:, j]", 2 / ROWS,
            lambda: [[row @ ws[:, j] for j in range(UNITS)] for row in few],
        ),
        Step("numpy", "np.maximum(x @ w + b, 0)", 1, lambda: np.maximum(x @ w + b, 0)),
        Step("float32", "the same in float32", 1, lambda: np.maximum(xs @ ws + bs, 0)),
        Step("apart", "jit(matmul), then jit(relu)", 1, lambda: apart[1](apart[0](xs, ws), bs)),
        Step("fused", "jit(relu(x @ w + b)), one thread", 1, lambda: layer(xs, ws, bs)),
        Step("threads", "the same on all threads", 1, lambda: layer(xs, ws, bs)),
        Step("steps", "8 times model.train_on_batch", 8 * of_step, one_by_one),
        Step("epoch", "model.fit: 8 steps in one native call", 8 * of_step, epoch),
    ]  # fmt: skip


def measured(number: int) -> dict[str, Any]:
    """The time of a step: of the whole layer, or of as much work.

    Raises IndexError for a number that no step has.
    """
    global _known
    if _known is None:
        _known = steps()
    step = _known[number]
    alone = step.name == "fused"
    before = threads.thread_count()
    if alone:
        threads.set_thread_count(1)
    try:
        seconds = _best(step.run) / step.share
    finally:
        if alone:
            threads.set_thread_count(before)
    peak = measure()
    rate = 2 * WORK / seconds / 1e9
    return {
        "number": number, "of": len(_known), "name": step.name, "code": step.code,
        "seconds": seconds, "rate": rate, "share": rate / peak, "part": step.share,
    }  # fmt: skip


_known: list[Step] | None = None


def _best(run: Callable[[], Any]) -> float:
    """The least time of several runs, in seconds."""
    run()
    best, end = float("inf"), time.perf_counter() + LEAST
    while True:
        before = time.perf_counter()
        run()
        now = time.perf_counter()
        best = min(best, now - before)
        if now > end:
            return best
