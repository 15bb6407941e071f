"""Functions of items applied to whole tensors: prefix results, and vectorized functions."""

from __future__ import annotations

import builtins
import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

from geartrain import tree
from geartrain.errors import shown
from geartrain.graph.recording import record
from geartrain.graph.shapes import axis_index, broadcast, conflict, public
from geartrain.ops.operands import extents_of, operand, rank_of, stretched
from geartrain.ops.rearranging import flip
from geartrain.ops.scanning import map
from geartrain.ops.shaping import concatenate, reshape, stack
from geartrain.ops.slicing import get_item

__all__ = ["associative_scan", "vectorize"]


def associative_scan(
    f: Callable[..., Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """All of the results of combining items with `f` from the first up to each.

        y[0] = x[0],  y[i] = f(y[i - 1], x[i])

    Since `f` is associative, pairs are combined first, then pairs of pairs: about
    `2 log2(n)` calls of `f`, each of many items at once.

    Args:
        f: an associative function of two items (nested as `elems`), computed element by element
            along the axis, of which it gets several items at once.
        elems: nested tensors of one size along the axis.
        reverse: combine from the last item down to each.
        axis: the axis of the items.

    Raises:
        TypeError: what is no function.
        ValueError: sizes that differ, or that are known at run time only.

    >>> import numpy as np
    >>> associative_scan(lambda a, b: a + b, np.array([1, 2, 3, 4]))
    array([ 1,  3,  6, 10])
    """
    if not callable(f):
        raise TypeError(f"associative_scan: expected a function as f. Received: {shown(f)}")
    flat = [operand(leaf) for leaf in tree.flatten(elems)]
    axes = [axis_index(axis, rank_of(x), "associative_scan") for x in flat]
    (size, *others) = {extents_of(x)[place] for x, place in zip(flat, axes, strict=True)}
    if others or not isinstance(size, int):
        shapes = [public(extents_of(x)) for x in flat]
        raise conflict(
            "associative_scan: expected tensors of one size along the axis, known now. "
            f"Received: shapes {shapes}, axis={axis}",
            (size, *others),
        )

    def combine(left: list[Any], right: list[Any]) -> list[Any]:
        pairs = (tree.pack_sequence_as(elems, one) for one in (left, right))
        return [operand(leaf) for leaf in tree.flatten(f(*pairs))]

    part = _Along(axes)
    if reverse:
        flat = part.flipped(flat)
    made = _prefixes(combine, flat, part, size)
    return tree.pack_sequence_as(elems, part.flipped(made) if reverse else made)


class _Along:
    """Parts of several tensors, each along an axis of its own."""

    def __init__(self, axes: Sequence[int]) -> None:
        self.axes = axes

    def cut(self, tensors: list[Any], *bounds: Any) -> list[Any]:
        """The items of a slice."""
        return [
            get_item(x, (*[builtins.slice(None)] * axis, builtins.slice(*bounds)))
            for x, axis in zip(tensors, self.axes, strict=True)
        ]

    def flipped(self, tensors: list[Any]) -> list[Any]:
        """The items in the other order."""
        return [flip(x, axis) for x, axis in zip(tensors, self.axes, strict=True)]

    def joined(self, first: list[Any], second: list[Any]) -> list[Any]:
        """The items of one behind those of another."""
        return [
            concatenate(pair, axis)
            for *pair, axis in zip(first, second, self.axes, strict=True)
        ]  # fmt: skip

    def woven(self, even: list[Any], odd: list[Any]) -> list[Any]:
        """As many items of both by turns, the even ones first."""
        made = []
        for left, right, axis in zip(even, odd, self.axes, strict=True):
            front, (count, *behind) = extents_of(left)[:axis], extents_of(left)[axis:]
            made.append(reshape(stack([left, right], axis + 1), (*front, 2 * count, *behind)))
        return made


def _prefixes(combine: Any, items: list[Any], part: _Along, size: int) -> list[Any]:
    """Combine pairs: their prefixes are those that end at odd places, and the even ones follow."""
    if size < 2:
        return items
    pairs = combine(part.cut(items, 0, size - 1, 2), part.cut(items, 1, None, 2))
    odd, even = _prefixes(combine, pairs, part, size // 2), part.cut(items, 0, 1)
    if size > 2:
        before = odd if size % 2 else part.cut(odd, 0, -1)
        even = part.joined(even, combine(before, part.cut(items, 2, None, 2)))
    made = part.woven(part.cut(even, 0, size // 2), odd)
    return part.joined(made, part.cut(even, -1, None)) if size % 2 else made


def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None
) -> Callable[..., Any]:
    """A function of items as a function of tensors, which broadcasts as NumPy's `vectorize` does.

    Args:
        pyfunc: function of scalars; with a signature, of vectors, matrices and so on.
        excluded: the places of arguments that are handed on as they are.
        signature: the axes that `pyfunc` works on, such as `"(n),(n)->()"`: what axes there are
            before these is broadcast.

    Raises:
        TypeError: what is no function.
        ValueError: a signature of another form, or arguments with fewer axes than it says.

    >>> import numpy as np
    >>> dot = vectorize(lambda a, b: (a * b).sum(), signature="(n),(n)->()")
    >>> dot(np.ones((2, 3)), np.arange(3.0))
    array([3., 3.])
    """
    if not callable(pyfunc):
        raise TypeError(f"vectorize: expected a function as pyfunc. Received: {shown(pyfunc)}")
    fixed = set(excluded or ())
    inputs = None if signature is None else _axes_of(signature)

    @functools.wraps(pyfunc)
    def vectorized(*args: Any, **kwargs: Any) -> Any:
        places = [place for place in range(len(args)) if place not in fixed]
        tensors = [operand(args[place]) for place in places]
        own = [0] * len(tensors) if inputs is None else inputs
        if len(own) != len(tensors):
            raise ValueError(
                f"vectorize: expected {len(own)} arguments for the signature {signature!r}. "
                f"Received: {len(tensors)}"
            )

        def one(items: list[Any]) -> Any:
            rest = dict(zip(places, items, strict=True))
            return pyfunc(*(rest.get(n, argument) for n, argument in enumerate(args)), **kwargs)

        return record(vectorize, args, kwargs, _vectorized(one, tensors, own, signature))

    return vectorized


def _axes_of(signature: str) -> list[int]:
    """How many axes of each argument a signature names."""
    group = r"\(\s*(?:\w+\s*(?:,\s*\w+\s*)*)?\)"
    if not re.fullmatch(
        rf"\s*{group}(\s*,\s*{group})*\s*->\s*{group}(\s*,\s*{group})*\s*", signature
    ):
        raise ValueError(
            "vectorize: expected a signature such as '(n),(n,m)->(m)'. "
            f"Received: {shown(signature)}"
        )
    groups = re.findall(r"\(([^)]*)\)", signature.split("->")[0])
    return [len(re.findall(r"\w+", names)) for names in groups]


def _vectorized(one: Any, tensors: list[Any], own: list[int], signature: str | None) -> Any:
    """`one` of each item, in the shape that the axes before the items' own broadcast to."""
    for x, axes in zip(tensors, own, strict=True):
        if rank_of(x) < axes:
            raise ValueError(
                f"vectorize: expected at least {axes} axes for the signature {signature!r}. "
                f"Received: shape {public(extents_of(x))}"
            )
    fronts = [extents_of(x)[: rank_of(x) - axes] for x, axes in zip(tensors, own, strict=True)]
    front = broadcast(*fronts, who="vectorize")
    if not front:
        return one(tensors)
    rows = []
    for x, axes in zip(tensors, own, strict=True):
        items = extents_of(x)[rank_of(x) - axes :]
        rows.append(reshape(stretched(x, (*front, *items)), (-1, *items)))
    results = map(one, rows)
    return tree.map_structure(
        lambda x: reshape(x, (*front, *extents_of(x)[1:])), results
    )  # fmt: skip
