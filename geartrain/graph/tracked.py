"""Tensors whose operators are those of `geartrain.ops`, so that a tape sees what is computed.

An `EagerTensor` computes with NumPy's operators, which no tape sees. Where there are tapes (see
`compat.tensorflow`), a class made of `Tracked` stands in `eager.kinds`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from geartrain.graph.eager import EagerTensor, eager
from geartrain.graph.operators import OPERATORS, Operators

_UFUNCS = {
    np.add: "add", np.subtract: "subtract", np.multiply: "multiply", np.divide: "true_divide",
    np.power: "power", np.matmul: "matmul", np.floor_divide: "floor_divide", np.mod: "mod",
    np.equal: "equal", np.not_equal: "not_equal", np.less: "less", np.greater: "greater",
    np.less_equal: "less_equal", np.greater_equal: "greater_equal",
}  # fmt: skip


class _Recording(threading.local):
    def __init__(self) -> None:
        self.tapes: list[Any] = []


recording = _Recording()  # the tapes (see `taping`) that note what this thread computes


class Tracked(Operators, EagerTensor):  # type: ignore[misc]
    """An eager tensor that computes by `geartrain.ops`.

    Attributes:
        node: what stands for it in graphs, where a function is traced that differentiates with
            respect to it.

    >>> import geartrain
    >>> x = np.ones(2).view(Tracked)
    >>> [type(y).__name__ for y in (x * 2, np.float64(2.0) * x, np.exp(x))]
    ['EagerTensor', 'EagerTensor', 'ndarray']
    """

    node: Any = None

    def __array_ufunc__(  # type: ignore[override]
        self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any
    ) -> Any:
        """NumPy's functions give plain arrays; its operators are those of ops."""
        if method == "__call__" and ufunc in _UFUNCS and not kwargs:
            return OPERATORS[_UFUNCS[ufunc]](*inputs)
        plain = [x.view(np.ndarray) if isinstance(x, Tracked) else x for x in inputs]
        if "out" in kwargs:
            kwargs["out"] = tuple(
                x.view(np.ndarray) if isinstance(x, Tracked) else x for x in kwargs["out"]
            )
        return getattr(ufunc, method)(*plain, **kwargs)

    def __getitem__(self, key: Any) -> Any:
        return eager(OPERATORS["get_item"](self, key))

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def __eq__(self, other: Any) -> Any:
        return OPERATORS["equal"](self, other)

    def __ne__(self, other: Any) -> Any:
        return OPERATORS["not_equal"](self, other)

    __hash__ = None  # type: ignore[assignment]


# What is added in place makes a new tensor: the old one may be part of a gradient.
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor"):
    setattr(Tracked, f"__i{_name}__", getattr(Operators, f"__{_name}__", None))
