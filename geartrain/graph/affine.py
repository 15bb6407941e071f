"""Index arithmetic of views: affine functions of loop variables.

A view says, for each position of its result, where to read its source. Written with `Affine`
indices, views of views compose by substitution, and what reaches memory in the end is one offset:
a constant plus a stride for each loop.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from geartrain.graph.shapes import Extent, Shape


class Affine:
    """A constant plus multiples of loop variables; both may depend on the batch size.

    >>> i, j = Affine.variable("i"), Affine.variable("j")
    >>> i * 28 + j + 3
    28*i + j + 3
    >>> i - 1
    i - 1
    """

    __slots__ = ("_hash", "constant", "terms")

    def __init__(self, constant: Extent = 0, terms: dict[str, Extent] | None = None):
        self.constant = constant
        self.terms = {name: factor for name, factor in (terms or {}).items() if factor != 0}
        self._hash: int | None = None  # found when it is first asked for, which is often

    @staticmethod
    @functools.lru_cache(maxsize=1024)
    def variable(name: str) -> Affine:
        """The loop variable of that name."""
        return Affine(0, {name: 1})

    def __add__(self, other: Affine | Extent) -> Affine:
        if not isinstance(other, Affine):
            return self if other == 0 else Affine(self.constant + other, self.terms)
        terms = dict(self.terms)
        for name, factor in other.terms.items():
            terms[name] = terms.get(name, 0) + factor
        return Affine(self.constant + other.constant, terms)

    def __mul__(self, factor: Extent) -> Affine:
        if factor == 1:
            return self
        return Affine(
            self.constant * factor, {name: value * factor for name, value in self.terms.items()}
        )

    __radd__, __rmul__ = __add__, __mul__

    def __sub__(self, other: Affine | Extent) -> Affine:
        return self + other * -1

    def substitute(self, replaced: dict[str, Affine]) -> Affine:
        """Each variable of `replaced` exchanged for a function of other variables."""
        result = Affine(self.constant)
        for name, factor in self.terms.items():
            result = result + replaced.get(name, Affine.variable(name)) * factor
        return result

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Affine)
            and self.constant == other.constant
            and self.terms == other.terms
        )

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash((self.constant, frozenset(self.terms.items())))
        return self._hash

    def __repr__(self) -> str:
        parts = [name if f == 1 else f"{f}*{name}" for name, f in self.terms.items()]
        if self.constant != 0 or not parts:
            parts.append(str(self.constant))
        return " + ".join(parts).replace("+ -", "- ")


Index: TypeAlias = tuple[Affine, ...]


class Guard(NamedTuple):
    """A condition for reading: `value` is a multiple of `divisor`, and the quotient in [0, size).

    Where it fails, the element is 0. With a divisor, index entries equal to `value` stand for the
    quotient.
    """

    value: Affine
    size: Extent
    divisor: int = 1


@dataclass(frozen=True)
class Reading:
    """Where a view reads: which source, at which index, under which conditions."""

    source: int
    index: Index
    guards: tuple[Guard, ...] = ()


@functools.lru_cache(maxsize=1024)
def strides_of(shape: Shape) -> tuple[Extent, ...]:
    """How far apart in memory neighbours along each axis are, in elements (row-major).

    >>> strides_of((2, 3, 4))
    (12, 4, 1)
    """
    strides: list[Extent] = []
    step: Extent = 1
    for extent in reversed(shape):
        strides.append(step)
        step = step * extent
    return tuple(reversed(strides))


def offset_of(index: Index, shape: Sequence[Extent]) -> Affine:
    """The place in memory of the element at `index` of a row-major array."""
    total = Affine()
    for position, stride in zip(index, strides_of(tuple(shape)), strict=True):
        if position.terms or position.constant != 0:
            total = total + position * stride
    return total
