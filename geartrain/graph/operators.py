"""Python's operators on nodes and variables.

The functions behind them are declared in `geartrain.ops`, a level above; it fills `OPERATORS`.
While a function is traced, `==` and `!=` compare nodes element by element; else they are identity.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

OPERATORS: dict[str, Callable[..., Any]] = {}


class _Tracing(threading.local):
    depth = 0


tracing = _Tracing()  # how many functions this thread is tracing, one in another


class Operators:
    """Arithmetic, comparison, matrix product and slicing for anything that ops accept."""

    __slots__ = ()
    __array_ufunc__ = None  # NumPy arrays on the left hand over to the operators below

    def __add__(self, other: Any) -> Any:
        return OPERATORS["add"](self, other)

    def __radd__(self, other: Any) -> Any:
        return OPERATORS["add"](other, self)

    def __sub__(self, other: Any) -> Any:
        return OPERATORS["subtract"](self, other)

    def __rsub__(self, other: Any) -> Any:
        return OPERATORS["subtract"](other, self)

    def __mul__(self, other: Any) -> Any:
        return OPERATORS["multiply"](self, other)

    def __rmul__(self, other: Any) -> Any:
        return OPERATORS["multiply"](other, self)

    def __truediv__(self, other: Any) -> Any:
        return OPERATORS["true_divide"](self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return OPERATORS["true_divide"](other, self)

    def __floordiv__(self, other: Any) -> Any:
        return OPERATORS["floor_divide"](self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return OPERATORS["floor_divide"](other, self)

    def __mod__(self, other: Any) -> Any:
        return OPERATORS["mod"](self, other)

    def __rmod__(self, other: Any) -> Any:
        return OPERATORS["mod"](other, self)

    def __pow__(self, other: Any) -> Any:
        return OPERATORS["power"](self, other)

    def __rpow__(self, other: Any) -> Any:
        return OPERATORS["power"](other, self)

    def __matmul__(self, other: Any) -> Any:
        return OPERATORS["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return OPERATORS["matmul"](other, self)

    def __neg__(self) -> Any:
        return OPERATORS["negative"](self)

    def __abs__(self) -> Any:
        return OPERATORS["absolute"](self)

    def __pos__(self) -> Any:
        return OPERATORS["copy"](self)

    def __round__(self, ndigits: int | None = None) -> Any:
        return OPERATORS["round"](self, ndigits or 0)

    def __invert__(self) -> Any:
        return OPERATORS["logical_not"](self)

    def __and__(self, other: Any) -> Any:
        return OPERATORS["logical_and"](self, other)

    def __rand__(self, other: Any) -> Any:
        return OPERATORS["logical_and"](other, self)

    def __or__(self, other: Any) -> Any:
        return OPERATORS["logical_or"](self, other)

    def __ror__(self, other: Any) -> Any:
        return OPERATORS["logical_or"](other, self)

    def __xor__(self, other: Any) -> Any:
        return OPERATORS["logical_xor"](self, other)

    def __rxor__(self, other: Any) -> Any:
        return OPERATORS["logical_xor"](other, self)

    def __lt__(self, other: Any) -> Any:
        return OPERATORS["less"](self, other)

    def __le__(self, other: Any) -> Any:
        return OPERATORS["less_equal"](self, other)

    def __gt__(self, other: Any) -> Any:
        return OPERATORS["greater"](self, other)

    def __ge__(self, other: Any) -> Any:
        return OPERATORS["greater_equal"](self, other)

    def __getitem__(self, key: Any) -> Any:
        return OPERATORS["get_item"](self, key)

    def __iter__(self) -> Iterator[Any]:
        return iter(OPERATORS["unstack"](self))
