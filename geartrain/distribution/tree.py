"""The shards of a batch, and the one tree in which what they come to is added up.

A batch is cut into a fixed number of shards, whoever computes them. Sums over shards are taken in a
tree over shards, never over ranks, so that they have the same bits for any number of ranks:

    ((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7))

A rank owns neighbouring shards, adds up the branches of the tree that are its own, and any rank can
go on from the branches of all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Branch(NamedTuple):
    """The shards from `first` up to, but without, `end`."""

    first: int
    end: int

    @property
    def parts(self) -> tuple[Branch, Branch]:
        """The two branches that this one is made of."""
        middle = (self.first + self.end + 1) // 2
        return Branch(self.first, middle), Branch(middle, self.end)

    def rows(self, shards: int, total: int) -> int:
        """How many rows they have, of so many shards of a batch of `total` rows."""
        return self.end * total // shards - self.first * total // shards


def rows_of(shard: int, shards: int, total: int) -> range:
    """The rows of a shard, of so many shards of a batch: as many in each, give or take one.

    >>> [list(rows_of(shard, 4, 6)) for shard in range(4)]
    [[0], [1, 2], [3], [4, 5]]
    """
    return range(shard * total // shards, (shard + 1) * total // shards)


def owned(rank: int, ranks: int, shards: int) -> range:
    """The shards of a rank.

    >>> [list(owned(rank, 3, 8)) for rank in range(3)]
    [[0, 1], [2, 3, 4], [5, 6, 7]]
    """
    return range(rank * shards // ranks, (rank + 1) * shards // ranks)


def branches(shards: range, whole: Branch) -> list[Branch]:
    """The largest branches of the tree `whole` that together are these shards, in order.

    >>> branches(range(2, 5), Branch(0, 8))
    [Branch(first=2, end=4), Branch(first=4, end=5)]
    """
    if not shards or shards.stop <= whole.first or whole.end <= shards.start:
        return []
    if shards.start <= whole.first and whole.end <= shards.stop:
        return [whole]
    left, right = whole.parts
    return [*branches(shards, left), *branches(shards, right)]


def join_neighbours(
    branch: Branch, known: dict[Branch, T | None], join: Callable[[T, T], T]
) -> bool:
    """Sum branches as far as both of their parts are known, so that few have to be kept.

    Returns whether the whole branch is known now.

    >>> found = {Branch(0, 1): "0", Branch(1, 2): "1", Branch(2, 3): "2"}
    >>> join_neighbours(Branch(0, 4), found, lambda a, b: a + b), found
    (False, {Branch(first=2, end=3): '2', Branch(first=0, end=2): '01'})
    """
    if branch in known or branch.end - branch.first == 1:
        return branch in known
    left, right = branch.parts
    both = [join_neighbours(part, known, join) for part in (left, right)]
    if all(both):
        known[branch] = summed(branch, known, join)
        del known[left], known[right]
    return all(both)


def summed(branch: Branch, known: Mapping[Branch, T | None], join: Callable[[T, T], T]) -> T | None:
    """What a branch comes to, from that of branches in it; None for shards without rows.

    >>> leaves = {Branch(n, n + 1): str(n) for n in range(5)}
    >>> summed(Branch(0, 5), leaves, lambda a, b: f"({a}{b})")
    '(((01)2)(34))'
    """
    if branch in known:
        return known[branch]
    left, right = (summed(part, known, join) for part in branch.parts)
    if left is None or right is None:
        return right if left is None else left
    return join(left, right)
