"""Sums, maxima and other folds along axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import ops
from geartrain.saving.onnx.reader.place import Place
from geartrain.saving.onnx.reader.table import operator
from geartrain.saving.onnx.reader.values import holds_unknown, settled


def _log_sum(x: Any, **how: Any) -> Any:
    return ops.log(ops.sum(x, **how))


def _sum_square(x: Any, **how: Any) -> Any:
    return ops.sum(ops.square(x), **how)


_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "ReduceL1": lambda x, **how: ops.sum(ops.absolute(x), **how),
    "ReduceL2": lambda x, **how: ops.sqrt(_sum_square(x, **how)),
    "ReduceLogSum": _log_sum,
    "ReduceLogSumExp": lambda x, **how: ops.logsumexp(x, **how),
    "ReduceMax": ops.max,
    "ReduceMean": ops.mean,
    "ReduceMin": ops.min,
    "ReduceProd": ops.prod,
    "ReduceSum": ops.sum,
    "ReduceSumSquare": _sum_square,
}


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    def build(
        at: Place, x: Any, axes_: Any = None, *, axes: list | None = None, keepdims: int = 1,
        noop_with_empty_axes: int = 0,
    ) -> Any:  # fmt: skip
        chosen = at.numbers(axes_, "axes") if axes_ is not None else axes
        if not chosen and noop_with_empty_axes:
            return x
        along = tuple(chosen) if chosen else None
        if holds_unknown(x) and function is ops.prod:
            return settled(np.asarray(np.prod(x, axis=along, keepdims=bool(keepdims))))
        return at.compute(lambda a: function(a, axis=along, keepdims=bool(keepdims)), x)

    return build


for _name, _function in _REDUCTIONS.items():
    operator(_name)(_reduction(_function))


def _best(function: Callable[..., Any]) -> Callable[..., Any]:
    def build(
        at: Place, x: Any, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0
    ) -> Any:
        if select_last_index:
            raise ValueError("expected the first of equal values. Received: select_last_index=1")
        return at.compute(
            lambda a: ops.cast(function(a, axis=axis, keepdims=bool(keepdims)), "int64"), x
        )

    return build


operator("ArgMax")(_best(ops.argmax))


operator("ArgMin")(_best(ops.argmin))


@operator("CumSum")
def cumulative_sum(at: Place, x: Any, axis: Any, *, exclusive: int = 0, reverse: int = 0) -> Any:
    """The sums of all elements up to each."""
    (along,) = at.numbers(axis, "axis")

    def run(a: Any) -> Any:
        flipped = ops.flip(a, axis=along) if reverse else a
        total = ops.cumsum(flipped, axis=along)
        total = ops.subtract(total, flipped) if exclusive else total
        return ops.flip(total, axis=along) if reverse else total

    return at.compute(run, x)
