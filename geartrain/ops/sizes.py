"""Sizes of axes that compute: what `ops.shape` returns where a size is not known yet.

Sums, products, quotients and remainders of sizes and whole numbers are sizes again. A size is
taken wherever a number of rows or a bound is, and in any other function it is a scalar of int32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.errors import UnknownSize, shown
from geartrain.graph.node import Constant, Node
from geartrain.graph.operators import OPERATORS, Operators
from geartrain.graph.shapes import Atom, Dim, Extent, Shape, apply
from geartrain.ops.views import extent as extent_op


class Size(Operators):
    """The size of an axis, or a formula of such sizes, that is not known yet.

    Attributes:
        extent: the formula.
        sources: the tensors whose axes it was read from.

    >>> from geartrain import ops
    >>> from geartrain.graph.node import placeholder
    >>> from geartrain.graph.shapes import BATCH
    >>> rows = ops.shape(placeholder((BATCH, 3), "float32"))[0]
    >>> 2 * rows + 1, (6 * rows) // 3, rows < rows + 1
    (<size 2*batch + 1>, <size 2*batch>, True)
    """

    __slots__ = ("extent", "sources")

    def __init__(self, extent: Dim, sources: tuple[Node, ...] = ()) -> None:
        self.extent, self.sources = extent, sources

    def __tensor__(self) -> Node:
        return extent_op.node(size=self.extent, dtype="int32")

    def substitute(self, sizes: Mapping[Atom, Extent], sources: Iterable[Any]) -> Any:
        """The size where other sizes stand for those that it is made of, read from `sources`."""
        nodes = tuple(source for source in sources if isinstance(source, Node))
        return size_of(self.extent.substitute(sizes), nodes)

    # -- arithmetic -------------------------------------------------------------------------------

    def _joined(self, other: Any, result: Extent) -> Any:
        more = other.sources if isinstance(other, Size) else ()
        return size_of(result, tuple(dict.fromkeys((*self.sources, *more))))

    def __add__(self, other: Any) -> Any:
        whole = _whole(other)
        return super().__add__(other) if whole is None else self._joined(other, self.extent + whole)

    def __sub__(self, other: Any) -> Any:
        whole = _whole(other)
        return super().__sub__(other) if whole is None else self._joined(other, self.extent - whole)

    def __rsub__(self, other: Any) -> Any:
        whole = _whole(other)
        if whole is None:
            return super().__rsub__(other)
        return self._joined(other, whole - self.extent)

    def __mul__(self, other: Any) -> Any:
        whole = _whole(other)
        return super().__mul__(other) if whole is None else self._joined(other, self.extent * whole)

    def __radd__(self, other: Any) -> Any:
        return self + other

    def __rmul__(self, other: Any) -> Any:
        return self * other

    def __neg__(self) -> Any:
        return self * -1

    def __floordiv__(self, other: Any) -> Any:
        if _whole(other) is None:
            return super().__floordiv__(other)
        return self._joined(other, _divided("floordiv", self, other))

    def __rfloordiv__(self, other: Any) -> Any:
        if _whole(other) is None:
            return super().__rfloordiv__(other)
        return self._joined(other, _divided("floordiv", other, self))

    def __mod__(self, other: Any) -> Any:
        if _whole(other) is None:
            return super().__mod__(other)
        return self._joined(other, _divided("mod", self, other))

    def __rmod__(self, other: Any) -> Any:
        if _whole(other) is None:
            return super().__rmod__(other)
        return self._joined(other, _divided("mod", other, self))

    # -- comparison -------------------------------------------------------------------------------

    def _compared(self, name: str, other: Any) -> Any:
        """The answer where it is the same for all sizes, else a symbolic one."""
        whole = _whole(other)
        apart = None if whole is None else self.extent - whole
        if isinstance(apart, int):
            return bool(getattr(np, name)(apart, 0))
        return OPERATORS[name](self, other)

    def __lt__(self, other: Any) -> Any:
        return self._compared("less", other)

    def __le__(self, other: Any) -> Any:
        return self._compared("less_equal", other)

    def __gt__(self, other: Any) -> Any:
        return self._compared("greater", other)

    def __ge__(self, other: Any) -> Any:
        return self._compared("greater_equal", other)

    def __eq__(self, other: Any) -> Any:
        """A comparison of numbers; and, as Keras's shapes have None here, true of None."""
        if other is None:
            return True
        comparable = isinstance(other, int | float | np.generic | np.ndarray | Size | Node)
        return self._compared("equal", other) if comparable else NotImplemented

    def __ne__(self, other: Any) -> Any:
        if other is None:
            return False
        comparable = isinstance(other, int | float | np.generic | np.ndarray | Size | Node)
        return self._compared("not_equal", other) if comparable else NotImplemented

    def __hash__(self) -> int:
        return hash(self.extent)

    # -- where Python needs the number ------------------------------------------------------------

    def _unknown(self, what: str) -> UnknownSize:
        return UnknownSize(
            f"{what}: expected a number. Received: the size of an axis, {self.extent}, which is "
            "not known yet. Compute with it by ops, which take such sizes: ops.arange(size) for a "
            "range, ops.where(size > 1, a, b) for a choice; or do it in the call of a layer of "
            "your own."
        )

    def __bool__(self) -> bool:
        raise self._unknown("bool()")

    def __int__(self) -> int:
        raise self._unknown("int()")

    def __index__(self) -> int:
        raise self._unknown("range() or index")

    def __float__(self) -> float:
        raise self._unknown("float()")

    def __iter__(self) -> Any:
        raise TypeError(f"A size is one number and cannot be iterated over. Received: {self!r}")

    def __getitem__(self, key: Any) -> Any:
        raise TypeError(f"A size is one number and has no parts. Received: {self!r}[{shown(key)}]")

    def __repr__(self) -> str:
        return f"<size {self.extent}>"


def _whole(value: Any) -> Extent | None:
    """A size or a whole number as an extent; None for anything else."""
    if isinstance(value, Size):
        return value.extent
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value)
    return None


def _divided(name: str, total: Any, part: Any) -> Extent:
    first, second = _whole(total), _whole(part)
    assert first is not None and second is not None
    if second == 0:
        raise ZeroDivisionError(f"Division of a size by 0: {total!r}")
    return apply(name, first, second)


def size_of(extent: Extent, sources: tuple[Node, ...] = ()) -> Any:
    """An extent as users compute with it: a number, or a `Size`."""
    return Size(extent, sources) if isinstance(extent, Dim) else extent


def extent_from(value: Any, who: str) -> Extent:
    """A size that a user gave, or made by `ops.shape` or `ops.size`, as an extent.

    Raises UnknownSize for None, and for a tensor whose value is not known yet.

    >>> extent_from(np.int64(3), "zeros")
    3
    """
    if isinstance(value, Size):
        return value.extent
    if isinstance(value, Dim):
        return value
    if isinstance(value, Node):
        if isinstance(value.leaf, Constant) and value.ndim == 0:
            return int(value.leaf.value)
        if value.op is extent_op:
            size: Extent = value.params["size"]
            return size
        raise UnknownSize(
            f"{who}: expected sizes that do not depend on values of tensors. Received: {value!r}. "
            "Compute them from ops.shape(x)."
        )
    if value is None:
        raise UnknownSize(
            f"{who}: expected sizes. Received: None, an axis of x.shape that is not known yet. "
            "Write ops.shape(x)[axis], which computes with such sizes."
        )
    if not hasattr(value, "__index__") and not (isinstance(value, float) and value.is_integer()):
        raise TypeError(f"{who}: expected whole numbers as sizes. Received: {shown(value)}")
    return int(value)


def number_from(value: Any, who: str) -> int:
    """A count that a user gave, and that must be known now."""
    extent = extent_from(value, who)
    if not isinstance(extent, int):
        raise UnknownSize(
            f"{who}: expected a number that is known now. Received: the size of an axis, {extent}, "
            "which is not. Do it in the call of a layer of your own."
        )
    return extent


def leaves_of(structure: Any) -> list[Any]:
    """The leaves of nested lists, tuples, dicts and slices, where sizes may be.

    >>> leaves_of(([1, 2], slice(3, 4)))
    [1, 2, 3, 4, None]
    """
    found: list[Any] = []
    for leaf in tree.flatten(structure):
        found.extend([leaf.start, leaf.stop, leaf.step] if isinstance(leaf, slice) else [leaf])
    return found


def map_leaves(function: Callable[[Any], Any], structure: Any) -> Any:
    """`function` of each of the leaves of nested structures and slices."""

    def of_leaf(leaf: Any) -> Any:
        if isinstance(leaf, slice):
            return slice(function(leaf.start), function(leaf.stop), function(leaf.step))
        return function(leaf)

    return tree.map_structure(of_leaf, structure)


def extents_from(value: Any, who: str) -> Shape:
    """A shape that a user gave, a size or several, as extents: see `extent_from`."""
    several = isinstance(value, Iterable) and not isinstance(value, Size | Node)
    return tuple(extent_from(size, who) for size in (value if several else (value,)))
