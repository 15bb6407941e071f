"""Cases of branches, loops, and functions of functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops
from tests.ops.cases import CUBE, ROW, Table, X

table = Table(6)
case, plain, reals, integers = table.case, table.plain, table.reals, table.integers


def clipped(x: Any) -> Any:
    """Differentiable, and 0.5 of what the gradient would be."""

    @ops.custom_gradient
    def square(x: Any) -> Any:
        return ops.square(x), lambda upstream: upstream * x * 2

    return square(x)


def times(i: Any, value: Any) -> Any:
    return value * ops.cast(i, value.dtype)


def running(carry: Any, x: Any) -> Any:
    carry = carry * 0.5 + ops.sin(x)
    return carry, {"double": carry * 2, "positive": carry > 0}


# How each function is called here: the tensors are the arguments of what is to be tested.
CALLS: dict[str, Any] = {
    "cond": lambda x, y: ops.cond(
        ops.sum(x) > ops.sum(y), lambda: ops.sin(x), lambda: x * y),
    "switch": lambda index, x: ops.switch(index, [ops.sin, ops.cos, ops.negative], x),
    "while_loop": lambda x: ops.while_loop(
        lambda i, x: ops.sum(ops.abs(x)) > 1, lambda i, x: (i + 1, ops.sin(x) * 0.8), (0, x)),
    "fori_loop": lambda x: ops.fori_loop(1, 4, times, x),
    "map": lambda x: ops.map(lambda row: (ops.sum(row), ops.sin(row)), x),
    "vectorized_map": lambda x: ops.vectorized_map(ops.cumsum, x),
    "scan": lambda init, xs, reverse: ops.scan(running, init, xs, reverse=reverse),
    "associative_scan": lambda x, axis, reverse: ops.associative_scan(
        lambda a, b: a * b, x, reverse=reverse, axis=axis),
    "vectorize": lambda x, y: ops.vectorize(
        lambda a, b: ops.sum(a * b), signature="(n),(n)->()")(x, y),
    "custom_gradient": clipped,
}  # fmt: skip

for x in (X, -X):
    case("cond", x, np.zeros((3, 4)) + 0.1, batched=False,
         expected=lambda x, y: np.sin(x) if x.sum() > y.sum() else x * y)  # fmt: skip
for index, chosen in ((-3, np.sin), (0, np.sin), (1, np.cos), (2, np.negative), (7, np.negative)):
    case("switch", np.array(index), X, batched=False,
         expected=lambda _, x, chosen=chosen: chosen(x))  # fmt: skip


def until_small(x: np.ndarray) -> tuple[Any, np.ndarray]:
    count = 0
    while np.abs(x).sum() > 1:
        x, count = np.sin(x) * 0.8, count + 1
    return np.array(count), x


for x in (X, X / 1000):
    case("while_loop", x, expected=until_small)
case("fori_loop", X, expected=lambda x: 6 * x)
case("map", CUBE, expected=lambda x: (x.sum((1, 2)), np.sin(x)))
case("vectorized_map", X, expected=lambda x: np.cumsum(x, 1))


def scanned(init: np.ndarray, xs: np.ndarray, reverse: bool) -> list[np.ndarray]:
    carry, every = init, []
    for x in xs[::-1] if reverse else xs:
        carry = carry * 0.5 + np.sin(x)
        every.append(carry)
    every = every[::-1] if reverse else every
    return [carry, 2 * np.stack(every), np.stack(every) > 0]


for reverse in (False, True):
    case("scan", ROW, X, reverse=reverse, batched=False, expected=scanned)
    for axis in (0, 1):
        for size in (1, 2, 5, 8):
            x = reals(size, 2) if axis == 0 else reals(2, size)
            case("associative_scan", x, axis=axis, reverse=reverse, batched=axis == 1,
                 expected=lambda x, axis, reverse: np.flip(
                     np.cumprod(np.flip(x, axis), axis), axis) if reverse
                 else np.cumprod(x, axis))  # fmt: skip
case("vectorize", CUBE, ROW, expected=lambda x, y: x @ y)
case("vectorize", reals(3, 1, 4), reals(2, 4), batched=False,
     expected=lambda x, y: (x * y).sum(-1))  # fmt: skip
case("custom_gradient", X, expected=np.square)
