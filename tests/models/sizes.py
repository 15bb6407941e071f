"""Functions of tensors whose sizes are not known while a model is made, by name.

Each is computed with the keras of `module` (this one, or the real one in a script).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

RECORDED = (3, 5)  # batch and time of what the real Keras computed


def functions(module: Any) -> dict[str, Callable[[Any], Any]]:
    """Functions of x (batch, time, 3), float32."""
    ops = module.ops

    def n(x: Any, axis: int) -> Any:
        return ops.shape(x)[axis]

    def twice(x: Any) -> Any:
        return ops.concatenate([x, x], 0)

    def longer(x: Any) -> Any:
        return ops.concatenate([x, x[:, 1:]], 1)

    def places(x: Any) -> Any:
        return ops.cast(ops.arange(n(x, 1)), "float32")

    return {
        "ones of twice the rows": lambda x: ops.ones((n(twice(x), 0), 1)),
        "zeros of the rows and one": lambda x: ops.zeros((n(x, 0) + 1, 2)),
        "full of the other size": lambda x: ops.full((n(x, 1), n(x, 0)), 2.0),
        "full of twice less one": lambda x: ops.full((2 * n(longer(x), 1) - 1, 2), 3.0),
        "half of the rows": lambda x: ops.ones((n(x, 0) // 2 + 1, n(x, 1) // 2)),
        "odd rows": lambda x: ops.ones((n(x, 0) % 2 + 1, n(x, 1) % 3 + 1)),
        "rows negated twice": lambda x: ops.ones((-(1 - n(x, 0)) + 1, 3)),
        "product of sizes": lambda x: ops.ones((n(x, 0) * n(x, 1) * 2,)),
        "reshape to one axis": lambda x: ops.reshape(x, (n(x, 0) * n(x, 1) * 3,)),
        "reshape with the rows": lambda x: ops.reshape(x, (n(x, 0), -1)),
        "reshape with the time": lambda x: ops.reshape(x, (-1, n(x, 1), 1, 3)),
        "reshape joined rows": lambda x: ops.reshape(twice(x), (2, n(x, 0), n(x, 1), 3)),
        "reshape to what divides": lambda x: ops.reshape(
            ops.concatenate([x, x], 1), (-1, 2, n(x, 1), 3)
        ),
        "reshape of pairs": lambda x: ops.reshape(ops.concatenate([x, x], 0), (-1, 6)),
        "reshape of two rows each": lambda x: ops.reshape(twice(x), (n(twice(x), 0) // 2, -1)),
        "broadcast to joined rows": lambda x: ops.broadcast_to(x[:1, :1], (n(twice(x), 0), 2, 3)),
        "broadcast to the other size": lambda x: ops.broadcast_to(
            ops.ones((1, 1, 3)), (n(x, 1), n(x, 0), 3)
        ),
        "arange of the time": places,
        "arange of the rows": lambda x: ops.arange(n(x, 0)),
        "arange between sizes": lambda x: ops.arange(n(x, 0), n(x, 0) + 2 * n(x, 1)),
        "arange by twos": lambda x: ops.arange(1, n(twice(x), 0), 2),
        "arange backwards": lambda x: ops.arange(n(x, 0) - 1, -1, -1),
        "arange of floats": lambda x: ops.arange(0, n(x, 0), 1, dtype="float32"),
        "positions added": lambda x: x + places(x)[:, None],
        "positions of time reversed": lambda x: x * places(x)[::-1, None],
        "one hot of the time": lambda x: ops.one_hot(ops.arange(n(x, 1)), n(x, 1)),
        "one hot of twice the rows": lambda x: ops.one_hot(ops.arange(3), n(twice(x), 0)),
        "identity of the rows": lambda x: ops.eye(n(x, 0)),
        "identity of both": lambda x: ops.eye(n(x, 0), n(x, 1)),
        "identity by its name": lambda x: ops.identity(n(x, 1)),
        "triangle": lambda x: ops.tri(n(x, 1), n(x, 0)),
        "causal mask": lambda x: ops.arange(n(x, 1))[:, None] >= ops.arange(n(x, 1)),
        "tile by the rows": lambda x: ops.tile(x[:1], (n(x, 0), 1, 2)),
        "repeat by the time": lambda x: ops.repeat(x, n(x, 1), axis=1),
        "repeat by joined rows": lambda x: ops.repeat(x[0], n(twice(x), 0), axis=0),
        "slice by half": lambda x: x[:, : n(x, 1) // 2 + 1],
        "slice from the end": lambda x: x[n(x, 0) - 1 :, n(x, 1) - 1],
        "slice of joined rows": lambda x: twice(x)[n(x, 0) :],
        "ops.slice": lambda x: ops.slice(twice(x), (n(x, 0) - 1, 0, 0), (n(x, 0), 1, 2)),
        "mean by hand": lambda x: ops.sum(x, 0) / n(x, 0),
        "mean of joined rows by hand": lambda x: ops.sum(x, 0) / n(twice(x), 0),
        "scale by root": lambda x: x / ops.sqrt(ops.cast(n(x, 1), "float32")),
        "sizes as numbers": lambda x: ops.cast(n(twice(x), 0) * n(x, 1) + 3, "float32") * x,
        "sizes compared": lambda x: ops.where(n(x, 0) > 2, x, -x),
        "sizes compared with each other": lambda x: ops.where(n(x, 0) < n(x, 1), x, -x),
        "sizes equal": lambda x: ops.where(ops.equal(n(x, 0), n(x, 1)), x, -x),
        "sizes taken for truth": lambda x: x if n(x, 0) >= 3 else -x,
        "a loop over the rows": lambda x: sum(x[i] * (i + 1) for i in range(n(x, 0))),
        "a loop over the time": lambda x: sum(x[:, i] * (i + 1) for i in range(n(x, 1))),
        "size as a Python number": lambda x: x * math.sqrt(int(n(twice(x), 0))),
        "shape of one axis": lambda x: ops.ones((x.shape[1], 2)) * ops.mean(x),
        "pad to twice": lambda x: ops.pad(x, [[0, 0], [0, n(x, 1)], [0, 0]]),
        "roll by half": lambda x: ops.roll(x, n(x, 1) // 2, axis=1),
        "linspace": lambda x: ops.linspace(0.0, 1.0, n(x, 1)),
        "split in halves": lambda x: ops.split(twice(x), 2, axis=0)[1],
        "unstack time": lambda x: ops.stack(ops.unstack(x, axis=1)[::-1], axis=1),
        "segments of the rows": lambda x: ops.segment_sum(
            x, ops.arange(n(x, 0)), num_segments=n(x, 0)
        ),
        "scatter of the rows": lambda x: ops.scatter(
            ops.arange(n(x, 0))[:, None], x, (n(twice(x), 0), n(x, 1), 3)
        ),
        "flattened sizes": lambda x: ops.zeros(ops.shape(x)[:2]) + math.prod(ops.shape(x)[1:]),
        "last time": lambda x: ops.take(x, n(x, 1) - 1, axis=1),
        "first difference": lambda x: x[:, 1:] - x[:, : n(x, 1) - 1],
        "pairwise": lambda x: ops.reshape(x[:, :, None] - x[:, None], (n(x, 0), -1)),
        "size": lambda x: ops.ones((ops.size(x),)),
        "largest of sizes": lambda x: ops.ones((max(n(x, 0), n(x, 1)), 2)),
        "sum of a shape": lambda x: (
            x * ops.cast(ops.sum(ops.convert_to_tensor(ops.shape(x))), "float32")
        ),
        "triangle of scores": lambda x: ops.triu(ops.matmul(x, ops.transpose(x, (0, 2, 1))), 1),
        "diagonal of scores": lambda x: ops.diagonal(x @ ops.swapaxes(x, 1, 2), axis1=1, axis2=2),
        "top of the time": lambda x: ops.top_k(x[:, :, 0], (n(x, 1) + 1) // 2)[0],
    }


# What a graph of calls cannot do, since Python needs the sizes as numbers while it is made.
OF_NUMBERS = (
    "sizes taken for truth",
    "a loop over the rows",
    "a loop over the time",
    "size as a Python number",
    "shape of one axis",
    "unstack time",
    "size",
    "largest of sizes",
)


def data(batch: int, time: int) -> np.ndarray:
    """An input for the functions above."""
    return np.random.default_rng(batch * 10 + time).normal(size=(batch, time, 3)).astype("float32")
