"""Extents of axes, known now or at run time.

An extent is an `int`, or a `Dim`: a polynomial in the batch size with whole coefficients. Every
axis that users see as `None` is a `Dim`; one program run has one batch size, which turns every
`Dim` into an `int`. So `None` is never a guess: `(None, 3)` joined to itself is `(2 * None, 3)`,
and the engine knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

Extent: TypeAlias = "int | Dim"
Shape: TypeAlias = "tuple[Extent, ...]"
Atom: TypeAlias = tuple[Any, ...]  # ("batch",), ("axis", n) or (function name, argument, ...)
Monomial: TypeAlias = tuple[Atom, ...]


class Spec(NamedTuple):
    """The shape and dtype of a tensor."""

    shape: Shape
    dtype: str


_FUNCTIONS: dict[str, Callable[[int, int], int]] = {
    "min": min,
    "max": max,
    "ceildiv": lambda a, b: -(-a // b),
}


class Dim:
    """An extent that is known once the batch size is: sums of products of atoms.

    >>> (BATCH * 2 + 3).evaluate(batch=10)
    23
    >>> BATCH + BATCH == 2 * BATCH
    True
    """

    __slots__ = ("terms",)

    def __init__(self, terms: dict[Monomial, int]):
        kept = [(monomial, count) for monomial, count in terms.items() if count]
        self.terms = tuple(sorted(kept, key=repr) if len(kept) > 1 else kept)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dim) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(self.terms)

    def __add__(self, other: Extent) -> Extent:
        terms = dict(self.terms)
        for monomial, count in _terms(other):
            terms[monomial] = terms.get(monomial, 0) + count
        return _simplest(terms)

    def __mul__(self, other: Extent) -> Extent:
        if not isinstance(other, Dim):
            return self._times(other)
        terms: dict[Monomial, int] = {}
        for left, count in self.terms:
            for right, times in other.terms:
                monomial = tuple(sorted(left + right, key=repr))
                terms[monomial] = terms.get(monomial, 0) + count * times
        return _simplest(terms)

    def _times(self, factor: int) -> Extent:
        if factor == 1:
            return self
        return _simplest({monomial: count * factor for monomial, count in self.terms})

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Extent:
        return self * -1

    def __sub__(self, other: Extent) -> Extent:
        return self + (-other)

    def __rsub__(self, other: Extent) -> Extent:
        return -self + other

    def evaluate(self, batch: int) -> int:
        """The extent as a number, for one batch size."""
        total = 0
        for monomial, count in self.terms:
            for name, *arguments in monomial:
                assert name != "axis", f"axis {arguments[0]} is not known in this program"
                if name == "batch":
                    count *= batch
                else:
                    count *= _FUNCTIONS[name](*(resolve(a, batch) for a in arguments))
            total += count
        return total

    def __repr__(self) -> str:
        return " + ".join(
            "*".join([str(count)] * (count != 1 or not monomial) + [_show(a) for a in monomial])
            for monomial, count in self.terms
        )


def _show(atom: Atom) -> str:
    name, *arguments = atom
    return f"{name}({', '.join(map(repr, arguments))})" if arguments else str(name)


def _terms(extent: Extent) -> Iterable[tuple[Monomial, int]]:
    return extent.terms if isinstance(extent, Dim) else (((), extent),)


def _simplest(terms: dict[Monomial, int]) -> Extent:
    dim = Dim(terms)
    if all(monomial == () for monomial, _ in dim.terms):
        return sum(count for _, count in dim.terms)
    return dim


BATCH = Dim({(("batch",),): 1})


def apply(name: str, first: Extent, second: Extent) -> Extent:
    """`min`, `max` or `ceildiv` of two extents, now if both are known."""
    if isinstance(first, int) and isinstance(second, int):
        return int(_FUNCTIONS[name](first, second))
    return Dim({((name, first, second),): 1})


def resolve(value: Any, batch: int | None) -> Any:
    """`value` with each `Dim` in it (also inside tuples) replaced by its number."""
    if isinstance(value, Dim):
        assert batch is not None, f"{value} needs a batch size"
        return value.evaluate(batch)
    if type(value) is tuple:
        return tuple(resolve(item, batch) for item in value)
    return value


def holds_dim(value: Any) -> bool:
    """Whether `value` is, or a tuple in it holds, an extent known at run time only."""
    return isinstance(value, Dim) or (type(value) is tuple and any(map(holds_dim, value)))


def product(extents: Iterable[Extent]) -> Extent:
    """The number of elements of a shape.

    >>> product((BATCH, 28, 28))
    784*batch
    """
    total: Extent = 1
    for extent in extents:
        total = total * extent
    return total


def divide(total: Extent, part: Extent) -> Extent | None:
    """`total / part` if that is a whole extent, else None."""
    if total == part:
        return 1
    if isinstance(part, Dim):
        if len(part.terms) != 1 or not isinstance(total, Dim):
            return None
        ((factors, scale),) = part.terms
    else:
        factors, scale = (), part
    quotient: dict[Monomial, int] = {}
    for monomial, count in _terms(total):
        left = list(monomial)
        for factor in factors:
            if factor not in left:
                return None
            left.remove(factor)
        if scale == 0 or count % scale:
            return None
        quotient[tuple(left)] = count // scale
    return _simplest(quotient)


def public(shape: Sequence[Extent]) -> tuple[int | None, ...]:
    """The shape as users see it: `None` where the extent is known at run time only."""
    return tuple(extent if isinstance(extent, int) else None for extent in shape)


def from_public(shape: Sequence[Extent | None]) -> Shape:
    """The shape with the batch size for None in front, and a symbol of its own for None elsewhere.

    Programs are traced with all other sizes known; the symbols serve to find shapes before that.
    """
    return tuple(
        extent if extent is not None else BATCH if axis == 0 else Dim({(("axis", axis),): 1})
        for axis, extent in enumerate(shape)
    )


def broadcast(*shapes: Shape, who: str = "") -> Shape:
    """The shape that all of `shapes` stretch to: sizes equal or 1, aligned at the last axis.

    >>> broadcast((3, 1), (4,))
    (3, 4)
    """
    rank = max(map(len, shapes), default=0)
    result: list[Extent] = []
    for axis in range(-rank, 0):
        extents = {shape[axis] for shape in shapes if -axis <= len(shape)} - {1}
        if len(extents) > 1:
            shown = " and ".join(str(public(shape)) for shape in shapes)
            start = f"{who}: shapes" if who else "Shapes"
            raise ValueError(
                f"{start} {shown} do not broadcast: axis {axis} has sizes "
                f"{', '.join(map(str, sorted(extents, key=str)))}. Sizes must be equal, or 1. "
                "Check the order of axes, or insert one with ops.expand_dims."
            )
        result.append(extents.pop() if extents else 1)
    return tuple(result)


def axis_index(axis: int, rank: int, who: str) -> int:
    """`axis` counted from the front, refused if the tensor has no such axis."""
    if not -rank <= axis < rank:
        raise ValueError(
            f"{who}: expected an axis in [{-rank}, {rank - 1}] for a tensor of rank {rank}. "
            f"Received: axis={axis}"
        )
    return axis % rank
