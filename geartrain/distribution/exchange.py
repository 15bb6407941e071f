"""What ranks tell one another of a step: each its branches of the sum, then all have the whole.

Little is sent to everybody, and each rank adds it up. Of much, each rank gets one slice from all,
adds that up, and sends it to everybody: `2 (n - 1) / n` of the bytes, whatever the number n of
ranks. Both take the same sums in the same tree.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from geartrain.distribution.pool import Pool
from geartrain.distribution.ranks import Ranks
from geartrain.distribution.tree import Branch, summed
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.node import Node
from geartrain.graph.shapes import resolve

Part: TypeAlias = list[np.ndarray]  # one array for each sum
Join: TypeAlias = Any  # a ufunc of two arrays
LITTLE = 1 << 15  # bytes that are not worth two messages


def joined(joins: Sequence[Join], pool: Pool | None = None) -> Callable[[Part, Part], Part]:
    """The function that joins two parts: the result is in the memory of the first one.

    Args:
        joins: how two arrays are joined, for each of the arrays of a part.
        pool: gets the memory of the second part.
    """

    def both(first: Part, second: Part) -> Part:
        made = [
            np.asarray(join(one, other, out=one))
            for join, one, other in zip(joins, first, second, strict=True)
        ]
        if pool is not None:
            pool.give_back(second)
        return made

    return both


def exchanged(
    ranks: Ranks, own: Mapping[Branch, Part | None], of_ranks: Sequence[Sequence[Branch]],
    sums: Mapping[Node, Join], top: Branch,
) -> Part:  # fmt: skip
    """What all branches come to.

    Args:
        ranks: who computes.
        own: what the branches of this rank come to.
        of_ranks: the branches of each rank that have rows.
        sums: for each sum the node that tells its shape and dtype, and how two are joined.
        top: the whole tree.
    """
    mine = [part for branch in of_ranks[ranks.rank] if (part := own[branch]) is not None]
    empty = {branch: None for branch, part in own.items() if part is None}
    specs = [(resolve(node.extents, None), numpy_dtype(node.dtype)) for node in sums]
    found: list[Any] = [None] * len(specs)
    groups: dict[Any, list[int]] = {}
    for place, (join, (_, dtype)) in enumerate(zip(sums.values(), specs, strict=True)):
        groups.setdefault((join, dtype.name), []).append(place)
    for (join, _), places in groups.items():
        shapes, dtype = [specs[place][0] for place in places], specs[places[0]][1]
        parts = np.empty((len(mine), sum(math.prod(shape) for shape in shapes)), dtype)
        for row, part in zip(parts, mine, strict=True):
            np.concatenate([part[place].reshape(-1) for place in places], out=row)
        whole = _whole(ranks, parts, of_ranks, join, top, empty)
        ends = np.cumsum([math.prod(shape) for shape in shapes])
        for place, shape, piece in zip(places, shapes, np.split(whole, ends[:-1]), strict=True):
            found[place] = piece.reshape(shape)
    return found


def _whole(
    ranks: Ranks, parts: np.ndarray, of_ranks: Sequence[Sequence[Branch]], join: Join, top: Branch,
    empty: Mapping[Branch, None],
) -> np.ndarray:  # fmt: skip
    """The sum of vectors, one for each branch of each rank."""
    size, width, dtype = parts.shape[1], parts.itemsize, parts.dtype
    counts = [len(branches) for branches in of_ranks]
    order = [branch for branches in of_ranks for branch in branches]

    def summed_up(vectors: np.ndarray) -> Any:
        known: dict[Branch, Part | None] = dict.fromkeys(empty)
        known.update((branch, [vector]) for branch, vector in zip(order, vectors, strict=True))
        result = summed(top, _EmptyElsewhere(known), joined([join]))
        assert result is not None
        return result[0]

    if size * width * len(order) <= LITTLE:
        sent = parts.reshape(-1).view(np.uint8)
        arrived = ranks.all_gather(sent, [count * size * width for count in counts])
        total: np.ndarray = summed_up(arrived.view(dtype).reshape(len(order), size))
        return total
    borders = [rank * size // ranks.size for rank in range(ranks.size + 1)]
    lengths = [end - start for start, end in itertools.pairwise(borders)]
    sent = parts.reshape(-1)  # of one branch the slices lie in order already
    if len(parts) > 1:
        slices = (parts[:, start:end].reshape(-1) for start, end in itertools.pairwise(borders))
        sent = np.concatenate(list(slices))
    own = lengths[ranks.rank]
    arrived = ranks.all_to_all(
        sent.view(np.uint8),
        [len(parts) * length * width for length in lengths],
        [count * own * width for count in counts],
    )
    piece = summed_up(arrived.view(dtype).reshape(len(order), own))
    found = ranks.all_gather(piece.view(np.uint8), [length * width for length in lengths])
    whole: np.ndarray = found.view(dtype)
    return whole


class _EmptyElsewhere(dict[Branch, Any]):
    """Branches that are known, and the shards without rows, which nobody sent."""

    def __contains__(self, branch: object) -> bool:
        assert isinstance(branch, Branch)
        return super().__contains__(branch) or branch.end - branch.first == 1

    def __missing__(self, branch: Branch) -> None:
        return None


def rows_of_all(
    ranks: Ranks, node: Node, axis: int, pieces: Sequence[np.ndarray], counts: Sequence[int]
) -> np.ndarray:
    """The rows of all ranks along an axis, in order.

    Args:
        ranks: who computes.
        node: what tells the shape and dtype.
        axis: where the rows lie.
        pieces: of this rank.
        counts: how many rows each rank has.
    """
    dtype = numpy_dtype(node.dtype)
    if ranks.size == 1 and pieces:
        return np.concatenate(pieces, axis=axis)
    each = tuple(int(extent or 0) for place, extent in enumerate(node.shape) if place != axis)
    width = math.prod(each)
    own = [np.ascontiguousarray(np.moveaxis(piece, axis, 0)).reshape(-1) for piece in pieces]
    sent = np.concatenate([np.empty(0, dtype), *own]).view(np.uint8)
    found = ranks.all_gather(sent, [count * width * dtype.itemsize for count in counts])
    return np.moveaxis(found.view(dtype).reshape(sum(counts), *each), 0, axis)
