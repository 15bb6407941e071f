"""Extents of axes, known now or at run time.

An extent is an `int`, or a `Dim`: a polynomial with whole coefficients in the batch size, and in
the sizes of other axes that are not known yet. Every axis that users see as `None` is a `Dim`. So
`None` is never a guess: `(None, 3)` joined to itself is `(2 * None, 3)`, and the engine knows it.

Programs know all sizes but the batch's; one run has one batch size, which turns every `Dim` in
them into an `int`. The other unknown sizes, each a symbol of its own, serve while a model is made.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from geartrain.errors import UnknownSize, shown

Extent: TypeAlias = "int | Dim"
Shape: TypeAlias = "tuple[Extent, ...]"
Atom: TypeAlias = tuple[Any, ...]  # ("batch",), ("axis", n) or (function name, argument, ...)
Monomial: TypeAlias = tuple[Atom, ...]


class Spec(NamedTuple):
    """The shape and dtype of a tensor."""

    shape: Shape
    dtype: str


MOST_TERMS = 32  # of a quotient
LENGTHS = (89, 97)  # for sizes that are not known, where numbers are tried: see `layers.trials`

FUNCTIONS: dict[str, Callable[[int, int], int]] = {
    "min": min,
    "max": max,
    "ceildiv": lambda a, b: -(-a // b),
    "floordiv": lambda a, b: a // (b or 1),  # a batch may have no rows
    "mod": lambda a, b: a % (b or 1),
}


def foreign_size() -> UnknownSize:
    """The error for a size that is none of a program's own."""
    return UnknownSize(
        "Expected sizes of tensors that the layer or function gets. Received: the size of another "
        "tensor's axis, read by ops.shape while a model was made. Hand that size over as an "
        "argument, or call ops.shape on the layer's own inputs."
    )


class StandIn(int):
    """A number in the place of a size that is not known: see `layers.trials`."""


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
                if name == "batch":
                    count *= batch
                elif name == "axis":
                    raise foreign_size()
                else:
                    count *= FUNCTIONS[name](*(resolve(a, batch) for a in arguments))
            total += count
        return total

    def substitute(self, sizes: Mapping[Atom, Extent]) -> Extent:
        """The extent where other sizes stand for some of its atoms.

        >>> (2 * BATCH + 1).substitute({("batch",): 3})
        7
        """
        total: Extent = 0
        for monomial, count in self.terms:
            term: Extent = count
            for atom in monomial:
                name, *arguments = atom
                factor = sizes.get(atom)
                if factor is None and name in FUNCTIONS:
                    factor = apply(name, *(substituted(one, sizes) for one in arguments))
                term = term * (Dim({(atom,): 1}) if factor is None else factor)
            total = total + term
        return total

    @property
    def atom(self) -> Atom | None:
        """The atom that the extent is, if it is that alone."""
        (monomial, count), *rest = self.terms or (((), 0),)
        alone = not rest and count == 1 and len(monomial) == 1
        return monomial[0] if alone else None

    @property
    def atoms(self) -> set[Atom]:
        """What the extent depends on: the batch, and other unknown axes."""
        found: set[Atom] = set()
        for monomial, _ in self.terms:
            for atom in monomial:
                name, *arguments = atom
                inside = [one.atoms for one in arguments if isinstance(one, Dim)]
                found.update(*inside) if name in FUNCTIONS else found.add(atom)
        return found

    def __repr__(self) -> str:
        return " + ".join(
            "*".join([str(count)] * (count != 1 or not monomial) + [_show(a) for a in monomial])
            for monomial, count in self.terms
        )


def _show(atom: Atom) -> str:
    name, *arguments = atom
    if name == "axis":
        return f"size{arguments[0]}"
    return f"{name}({', '.join(map(repr, arguments))})" if arguments else str(name)


def _terms(extent: Extent) -> Iterable[tuple[Monomial, int]]:
    return extent.terms if isinstance(extent, Dim) else (((), extent),)


def _simplest(terms: dict[Monomial, int]) -> Extent:
    dim = Dim(terms)
    if all(monomial == () for monomial, _ in dim.terms):
        return sum(count for _, count in dim.terms)
    return dim


BATCH = Dim({(("batch",),): 1})
_numbers = itertools.count()


def unknown() -> Dim:
    """The size of an axis about which nothing is known: equal to itself alone."""
    return Dim({(("axis", next(_numbers)),): 1})


def apply(name: str, first: Extent, second: Extent) -> Extent:
    """`min`, `max`, `ceildiv`, `floordiv` or `mod` of two extents, now if both are known.

    >>> apply("floordiv", 6 * BATCH, 2), apply("mod", 6 * BATCH, 2)
    (3*batch, 0)
    """
    if isinstance(first, int) and isinstance(second, int):
        return int(FUNCTIONS[name](first, second))
    if name in ("floordiv", "mod"):
        quotient = divide(first, second)
        if quotient is not None:
            return quotient if name == "floordiv" else 0
    elif name in ("min", "max"):
        for one, other in ((first, second), (second, first)):
            if least(one - other) >= 0:
                return one if name == "max" else other
    return Dim({((name, first, second),): 1})


def least(extent: Extent, atom: int = 0) -> float:
    """A bound below which the extent never is, if no unknown size is less than `atom`.

    >>> least(2 * BATCH + 1), least(BATCH - 1), least(BATCH - 1, atom=1), least(3 - BATCH)
    (1, -1, 0, -inf)
    """
    if not isinstance(extent, Dim):
        return extent
    total: float = 0
    for monomial, count in extent.terms:
        if monomial and count < 0:
            return -math.inf
        total += count * math.prod(max(_least_of_atom(one, atom), 0) for one in monomial)
        if any(_least_of_atom(one, atom) < 0 for one in monomial):
            return -math.inf
    return total


def _least_of_atom(atom: Atom, smallest: int) -> float:
    name, *arguments = atom
    if name not in FUNCTIONS:
        return smallest
    first, second = (least(one, smallest) for one in arguments)
    if name in ("min", "max"):
        return min(first, second) if name == "min" else max(first, second)
    return 0 if first >= 0 and second >= 0 else -math.inf


def substituted(extent: Extent, sizes: Mapping[Atom, Extent]) -> Extent:
    """An extent with other sizes for some of its atoms."""
    return extent.substitute(sizes) if isinstance(extent, Dim) else extent


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
    """`total / part` if that is a whole extent, else None.

    >>> divide(6 * BATCH + 6, BATCH + 1)
    6
    """
    if total == part:
        return 1
    if isinstance(total, int) and isinstance(part, int):
        return total // part if part and total % part == 0 else None
    quotient: Extent = 0
    divisor, factor = _leading(part)
    for _ in range(MOST_TERMS):  # long division: each round takes away the leading term
        monomial, count = _leading(total)
        left = list(monomial)
        for one in divisor:
            if one not in left:
                return None
            left.remove(one)
        if factor == 0 or count % factor:
            return None
        term = _simplest({tuple(left): count // factor})
        quotient, total = quotient + term, total - term * part
        if total == 0:
            return quotient
    return None


def _leading(extent: Extent) -> tuple[Monomial, int]:
    """The term of the highest degree; of several the first by name."""
    terms = sorted(_terms(extent), key=repr)
    return max(terms, key=lambda term: len(term[0]))


def public(shape: Sequence[Extent]) -> tuple[int | None, ...]:
    """The shape as users see it: `None` where the extent is known at run time only."""
    return tuple(extent if isinstance(extent, int) else None for extent in shape)


def from_public(shape: Sequence[Extent | None]) -> Shape:
    """The shape with the batch size for None in front, and a symbol of its own for None elsewhere.

    >>> from_public((None, 3))
    (batch, 3)
    """
    return tuple(
        extent if extent is not None else BATCH if axis == 0 else unknown()
        for axis, extent in enumerate(shape)
    )


def conflict(
    message: str, *shapes: Sequence[Extent], fitting: Mapping[Atom, tuple[int, int]] | None = None
) -> ValueError:
    """The error for shapes that do not fit each other, or may not: where sizes are not known.

    `fitting` tells for some of those two numbers each with which the shapes would fit.
    """
    if not holds_dim(tuple(map(tuple, shapes))):
        return ValueError(message)
    error = UnknownSize(message)
    error.fitting = fitting or {}
    return error


def fitting_equal(extents: Iterable[Extent]) -> dict[Atom, tuple[int, int]]:
    """Numbers for sizes that are not known with which all the extents would be equal.

    >>> fitting_equal([BATCH, 6])
    {('batch',): (6, 6)}
    """
    numbers = {extent for extent in extents if isinstance(extent, int)}
    atoms = [extent.atom for extent in extents if isinstance(extent, Dim)]
    if len(numbers) > 1 or None in atoms:
        return {}
    number = next(iter(numbers), None)
    both = LENGTHS if number is None else (number, number)
    return {atom: both for atom in atoms if atom}


def fitting_product(
    total: Extent, part: Extent, several: bool = False
) -> dict[Atom, tuple[int, int]]:
    """Numbers for a size that is not known with which `total` is `part`, or several of it.

    >>> fitting_product(4 * BATCH, 8)
    {('batch',): (2, 2)}
    """
    for atom in sorted(total.atoms if isinstance(total, Dim) else (), key=repr):
        others = divide(total, Dim({(atom,): 1}))
        number = None if others is None else divide(part, others)
        if several and others is not None and isinstance(part, int):
            return {atom: (part * LENGTHS[0], part * LENGTHS[1])}
        if isinstance(number, int):
            return {atom: (number, number)}
    return {}


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
            raise conflict(
                f"{start} {shown} do not broadcast: axis {axis} has sizes "
                f"{', '.join(map(str, sorted(extents, key=str)))}. Sizes must be equal, or 1. "
                "Check the order of axes, or insert one with ops.expand_dims.",
                tuple(extents),
                fitting=fitting_equal(extents),
            )
        result.append(extents.pop() if extents else 1)
    return tuple(result)


def axis_index(axis: int, rank: int, who: str) -> int:
    """`axis` counted from the front, refused if the tensor has no such axis."""
    if not hasattr(axis, "__index__"):
        raise TypeError(f"{who}: expected a whole number as axis. Received: axis={shown(axis)}")
    if not -rank <= axis < rank:
        raise ValueError(
            f"{who}: expected an axis in [{-rank}, {rank - 1}] for a tensor of rank {rank}. "
            f"Received: axis={axis}"
        )
    return int(axis) % rank
