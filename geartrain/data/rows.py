"""Elements that are rows of arrays: to shuffle, take and batch them moves their numbers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from geartrain.data.elements import each_row, gathered

# Numbers of rows, one after the other: those of a range are found by one slice.
Numbers: TypeAlias = "range | np.ndarray"
_PIECE = 4096  # numbers that are made at a time
TOGETHER = 256  # rows that are computed together, where they are asked for one by one


class Rows:
    """Rows of a block of arrays in some order.

    Args:
        block: the arrays, nested as the elements are; or what makes them when they are needed.
        order: gives the numbers of the rows, in pieces, anew each time.
        fixed: the same numbers, where they are one range and always the same.
        then: what is computed of rows before they are elements, if anything: of a block of any
            number of rows a block of as many.
        total: about how many rows there are at least; 0 where nobody knows.
    """

    def __init__(
        self,
        block: Any,
        order: Callable[[], Iterator[Numbers]],
        fixed: range | None = None,
        then: Callable[[Any], Any] | None = None,
        total: int = 0,
    ) -> None:
        self._block, self.order, self.fixed, self.then = block, order, fixed, then
        self.total = total if fixed is None else len(fixed)

    @property
    def block(self) -> Any:
        """The arrays."""
        if callable(self._block):
            self._block = self._block()
        return self._block

    @classmethod
    def in_range(cls, block: Any, numbers: range, then: Any = None) -> Rows:
        """Rows in the order in which they stand."""
        return cls(block, lambda: iter([numbers]), numbers, then)

    def gathered(self, numbers: Numbers) -> Any:
        """A block of some of the rows."""
        found = gathered(self.block, numbers)
        return found if self.then is None else self.then(found)

    def blocks(self, size: int) -> Iterator[Any]:
        """All rows, so many at a time."""
        return map(self.gathered, in_pieces(self.order(), size))

    def elements(self) -> Iterator[Any]:
        """The elements, one by one."""
        if self.then is None:
            for numbers in self.order():
                yield from each_row(self.block, numbers)
            return
        for numbers in in_pieces(self.order(), TOGETHER):
            yield from each_row(self.gathered(numbers), range(len(numbers)))

    def mapped(self, then: Callable[[Any], Any]) -> Rows:
        """The same rows, of which a function computes others."""
        before = self.then
        both = then if before is None else lambda block: then(before(block))
        return Rows(lambda: self.block, self.order, self.fixed, both, self.total)

    def reordered(self, order: Callable[[Iterator[Numbers]], Iterator[Numbers]]) -> Rows:
        """The same rows in the order that a function makes of the present one."""
        return self.ordered(lambda: order(self.order()))

    def ordered(self, order: Callable[[], Iterator[Numbers]]) -> Rows:
        """The same rows in another order."""
        return Rows(lambda: self.block, order, None, self.then, self.total)

    def cut(self, rows: slice) -> Rows:
        """Some of the rows: `rows` as of a list that holds all; with a start, a stop and a step."""
        if self.fixed is not None:
            return Rows.in_range(lambda: self.block, self.fixed[rows], self.then)
        made = self.reordered(lambda pieces: _cut(pieces, rows))
        made.total = len(range(self.total)[rows])
        return made


class Batched(NamedTuple):
    """What `batch` made batches of.

    Attributes:
        rows: the elements, if they are rows of arrays, as these are.
        total: how many there are; negative if that is not known, or they have no end.
        size: how many a batch has.
        drop_remainder: whether a last, smaller batch is left out.
    """

    rows: Rows | None
    total: int
    size: int
    drop_remainder: bool


def _cut(pieces: Iterator[Numbers], rows: slice) -> Iterator[Numbers]:
    start, stop, step = rows.start or 0, rows.stop, rows.step or 1
    before = 0
    for numbers in pieces:
        if stop is not None and before >= stop:
            return
        first = start - before if before <= start else (start - before) % step
        last = None if stop is None else min(len(numbers), stop - before)
        found = numbers[first:last:step]
        if len(found):
            yield found
        before += len(numbers)
        if stop is not None and before >= stop:
            return


def in_pieces(pieces: Iterable[Numbers], size: int) -> Iterator[Numbers]:
    """The same numbers in pieces of one size, but for the last.

    >>> [len(piece) for piece in in_pieces([range(3), np.arange(5, 9)], 2)]
    [2, 2, 2, 1]
    """
    held: list[Numbers] = []
    count = 0
    for numbers in pieces:
        start = 0
        while len(numbers) - start >= size - count:
            end = start + size - count
            yield _joined([*held, numbers[start:end]])
            held, count, start = [], 0, end
        if start < len(numbers):
            held.append(numbers[start:])
            count += len(numbers) - start
    if held:
        yield _joined(held)


def _joined(pieces: list[Numbers]) -> Numbers:
    pieces = [piece for piece in pieces if len(piece)]
    return pieces[0] if len(pieces) == 1 else np.concatenate([np.asarray(one) for one in pieces])


def shuffled(items: Iterable[Any], size: int, random: np.random.Generator) -> Iterator[Any]:
    """The items in a random order, each drawn from a buffer of `size`, which the next one fills."""
    items = iter(items)
    buffer = [item for _, item in zip(range(size), items, strict=False)]
    drawn: list[int] = []
    for item in items:
        if not drawn:
            drawn = random.integers(0, size, _PIECE).tolist()
        place = drawn.pop()
        yield buffer[place]
        buffer[place] = item
    for place in random.permutation(len(buffer)).tolist():
        yield buffer[place]


def shuffled_numbers(
    pieces: Iterator[Numbers], size: int, random: np.random.Generator, total: int
) -> Iterator[Numbers]:
    """The same of numbers, permuted at once where the buffer holds all `total` of them."""
    if 0 <= total <= size:
        yield random.permutation(_joined(list(pieces)) if total else np.arange(0))
        return
    singly = (number for piece in pieces for number in piece)
    order = shuffled(singly, size, random)
    while found := [number for _, number in zip(range(_PIECE), order, strict=False)]:
        yield np.array(found, np.int64)
