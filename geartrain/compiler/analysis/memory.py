"""Planning memory: which part of one block each intermediate result takes, and when.

Goes in: for each result its size, and the first and last step at which it is needed. Comes out: an
offset for each, such that results needed at the same time do not overlap, and the block is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geartrain.graph.shapes import Extent, resolve

ALIGNMENT = 64  # bytes: a cache line, and the widest vector


@dataclass
class Buffer:
    """Memory for one result.

    Attributes:
        slot: its number in the table of addresses.
        size: how many bytes, perhaps known at run time only.
        first, last: the steps between which it is needed, both included.
    """

    slot: int
    size: Extent
    first: int
    last: int


def plan(buffers: Sequence[Buffer], batch: int, *others: int) -> tuple[dict[int, int], int]:
    """The offset of each buffer by slot, and the size of the whole block, for some batch sizes.

    The largest first, each at the lowest offset that is free for as long as it is needed.

    >>> plan([Buffer(1, 64, 0, 1), Buffer(2, 64, 1, 2), Buffer(3, 64, 2, 3)], batch=1)
    ({1: 0, 2: 64, 3: 0}, 128)
    """
    sizes = {
        one.slot: max(int(resolve(one.size, rows)) for rows in (batch, *others))
        for one in buffers
    }  # fmt: skip
    placed: list[tuple[int, int, Buffer]] = []
    offsets: dict[int, int] = {}
    for buffer in sorted(buffers, key=lambda one: (-sizes[one.slot], one.slot)):
        size = -(-max(sizes[buffer.slot], 1) // ALIGNMENT) * ALIGNMENT
        at = 0
        for start, end, other in placed:  # in the order of their offsets
            together = other.first <= buffer.last and buffer.first <= other.last
            if together and start < at + size and at < end:
                at = end
        offsets[buffer.slot] = at
        placed.append((at, at + size, buffer))
        placed.sort(key=lambda one: one[0])
    return offsets, max((end for _, end, _ in placed), default=0)
