"""What is known of a graph's nodes where a batch is computed in parts, and what is refused."""

import numpy as np
import pytest

from geartrain import ops, random
from geartrain.graph.node import Node, placeholder
from geartrain.graph.parting import WHOLE, MixesRows, Partial, Rows, holdings
from geartrain.graph.shapes import BATCH
from geartrain.ops.scan import scan

W = np.random.default_rng(0).normal(size=(6, 6)).astype("float32")


def loop(x):
    """A loop over 2 turns of 3 values each, whose state is a row's."""
    turns = ops.transpose(ops.reshape(x, (-1, 2, 3)), (1, 0, 2))
    start = ops.zeros_like(turns[0])
    return scan(lambda s, i: ([ops.tanh(s[0] + i[0])], []), [start], [turns])[0]


HELD = {
    "a dense layer": (lambda x: ops.relu(ops.matmul(x, W) + W[0]), Rows(0)),
    "samples along another axis": (ops.transpose, Rows(1)),
    "samples along a joint axis": (lambda x: ops.reshape(x, (-1, 3)), Rows(0)),
    "all turns of a loop": (loop, Rows(1)),
    "labels picked from each row": (
        lambda x: ops.take_along_axis(x, ops.argmax(x, axis=1, keepdims=True), axis=1),
        Rows(0),
    ),
    "running sums within rows": (lambda x: ops.cumsum(x, axis=1), Rows(0)),
    "the order within rows": (lambda x: ops.argsort(x, axis=1), Rows(0)),
    "random numbers of each sample": (lambda x: random.dropout(x, 0.5, seed=1), Rows(0)),
    "a sample compared with the mean": (lambda x: x - ops.mean(x, axis=0), Rows(0)),
    "what does not depend on samples": (lambda x: ops.sum(Node.wrap(W)), WHOLE),
    "the number of samples": (lambda x: ops.cast(ops.shape(x)[0], "float32"), WHOLE),
    "a function of a sum": (lambda x: ops.sqrt(ops.sum(x)), WHOLE),
}
SUMS = {
    "a sum": (lambda x: ops.sum(x), np.add),
    "an extreme": (lambda x: ops.max(x, axis=0), np.maximum),
    "whether all are positive": (lambda x: ops.all(x > 0), np.logical_and),
    "a gradient of weights": (lambda x: ops.matmul(ops.transpose(x), ops.relu(x)), np.add),
    "rows added up by label": (
        lambda x: ops.segment_sum(x, ops.argmax(x, axis=1), num_segments=6),
        np.add,
    ),
}


def row_numbers(x):
    return ops.cast(ops.arange(ops.shape(x)[0]), "float32")[:, None]


def looped(turn, start, x):
    return scan(turn, [start], [ops.transpose(ops.reshape(x, (-1, 2, 3)), (1, 0, 2))])[0]


REFUSED = {
    "samples that change their places": lambda x: ops.flip(x, 0),
    "another number of rows than the batch's": lambda x: x[1:],
    "single samples taken out of the batch": lambda x: x[0],
    "products of each sample with each": lambda x: ops.matmul(x, ops.transpose(x)),
    "sums over the samples before each": lambda x: ops.cumsum(x, axis=0),
    "an operation over all samples": lambda x: ops.argsort(x, axis=0),
    "samples at computed places": lambda x: ops.take(x, ops.cast(x[:, 0], "int32"), axis=0),
    "samples at places that do not depend on the samples": lambda x: ops.take(x, [0, 1], axis=0),
    "sums at computed places of samples": lambda x: ops.segment_sum(
        x, ops.argmax(x, axis=1), num_segments=ops.shape(x)[0]
    ),
    "a new shape that takes samples apart": lambda x: ops.reshape(x, (6, -1)),
    "the numbers of rows as a result": lambda x: x * row_numbers(x),
    "a sum of row numbers": lambda x: ops.sum(row_numbers(x)),
    "a product of row numbers": lambda x: ops.matmul(ops.transpose(row_numbers(x)), x),
    "a loop over the samples": lambda x: scan(
        lambda s, i: ([s[0] + i[0]], []), [np.zeros(6, "float32")], [x]
    )[0],
    "a loop that adds up samples from turn to turn": lambda x: looped(
        lambda s, i: ([ops.sum(i[0] * s[0], axis=0)], []), np.zeros(3, "float32"), x
    ),
    "a sum over samples that is used within a loop": lambda x: looped(
        lambda s, i: ([s[0] - ops.mean(i[0], axis=0)], []), np.zeros(3, "float32"), x
    ),
    "random numbers that are drawn within a loop": lambda x: scan(
        lambda s, i: ([random.dropout(s[0], 0.5, seed=i[0])], []), [x], [np.ones((2, 2), "uint32")]
    )[0],
    "arithmetic on what loops give as one": lambda x: ops.exp(loop(x).sources[0]),
    "a new shape of what a loop gives as one": lambda x: ops.expand_dims(loop(x).sources[0], 0),
    "a part of several results of a loop": lambda x: loop(x).sources[0][:1],
    "a loop over all that another one gives": lambda x: scan(
        lambda s, i: ([s[0] + i[0]], []), [np.zeros((), "float32")], [loop(x).sources[0]]
    )[0],
}


def held(function):
    made = Node.wrap(ops.convert_to_tensor(function(placeholder((BATCH, 6), "float32"))))
    return holdings([made])[made]


@pytest.mark.parametrize("case", HELD)
def test_what_nodes_hold(case):
    function, expected = HELD[case]
    assert held(function) == expected


@pytest.mark.parametrize("case", SUMS)
def test_sums_over_the_batch(case):
    function, join = SUMS[case]
    found = held(function)
    assert isinstance(found, Partial) and found.join is join


@pytest.mark.parametrize("case", REFUSED)
def test_what_mixes_samples_is_refused(case):
    with pytest.raises(MixesRows, match=rf"Received: {case}.*set_distribution\(None\)"):
        held(REFUSED[case])
