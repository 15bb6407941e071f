"""Kernels to be, and walks over what they compute.

A `FusionGroup` says which nodes a kernel makes and what it reads: `passes/fuse.py` and
`passes/rows.py` decide, and each kind of kernel is written from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from geartrain.compiler.analysis.index_maps import readings, short_reduce
from geartrain.graph.affine import Affine, Index
from geartrain.graph.node import Constant, Node
from geartrain.graph.op import Lookup, Reduce, read_sources
from geartrain.graph.shapes import Extent, Shape

if TYPE_CHECKING:
    from geartrain.compiler.analysis.scan_body import ScanBody

MOST_READS = 24  # tensors that one kernel reads at most: each needs a register for its address


@dataclass(frozen=True)
class Rows:
    """What a row-wise kernel walks, and what it computes of each row.

    Attributes:
        outer: the sizes of the axes that count rows.
        size: the length of a row.
        steps: the nodes that are computed, each after those it needs: whole rows, reductions of a
            row, and single values of a row.
    """

    outer: Shape
    size: Extent
    steps: tuple[Node, ...]

    def whole(self, node: Node) -> bool:
        """Whether a node has a whole row for each row, not a single value."""
        return len(longer(node.extents)) > len(self.outer)

    def reduces(self, node: Node) -> bool:
        """Whether a node reduces a row: other than a short reduction, which is written out."""
        return isinstance(node.op.lower, Reduce) and not short_reduce(node)  # type: ignore[union-attr]


@dataclass
class FusionGroup:
    """One kernel to be.

    Attributes:
        nodes: the nodes that it stores, in an order in which each can use those before it; all of
            one shape, unless the kernel is row-wise.
        core: the reduction or opaque node from whose result they are computed; None for a kernel of
            maps and views alone, and for a row-wise one.
        reads: the nodes in memory that it needs.
        rows: for a row-wise kernel, its rows and steps.
        readers: for a loop over time, the nodes that use its core directly.
        panels: those of its nodes that are kept in panels, and how wide: see `layout.py`.
        loop: for a loop over time, what one step does.
        waits: nodes in memory that it does not read, but that are made before.
    """

    nodes: list[Node]
    core: Node | None
    reads: list[Node] = field(default_factory=list)
    rows: Rows | None = None
    readers: list[Node] = field(default_factory=list)
    panels: dict[Node, int] = field(default_factory=dict)
    loop: ScanBody | None = None
    waits: list[Node] = field(default_factory=list)

    def members(self) -> list[Node]:
        """The nodes that are computed here, and never read from memory here."""
        if self.rows is not None:
            return list(self.rows.steps)
        return self.nodes if self.core is None else [self.core, *self.nodes]


def in_memory(node: Node) -> bool:
    """Whether a node is memory already: an input, a variable, a tensor of constants."""
    return node.op is None and not (isinstance(node.leaf, Constant) and node.extents == ())


def longer(shape: Shape) -> Shape:
    """The sizes of a shape that are not 1."""
    return tuple(size for size in shape if size != 1)


def walk_index(shape: Shape, letters: str = "") -> Index:
    """A loop variable for each axis that is longer than 1, and 0 along the others.

    Variables are `i0`, `i1`, ..., or letters if given.

    >>> walk_index((8, 1, 3)), walk_index((8, 1, 3), "ijk")
    ((i0, 0, i1), (i, 0, j))
    """
    index, count = [], 0
    for size in shape:
        name = letters[count % len(letters)] if letters else f"i{count}"
        index.append(Affine() if size == 1 else Affine.variable(name))
        count += size != 1
    return tuple(index)


def reads_of(kernel: FusionGroup, stored: Iterable[Node]) -> list[Node]:
    """The memory that a kernel reads."""
    own = kernel.members()
    return _memory_below([source for node in own for source in read_sources(node)], own, stored)[0]


def waits_of(kernel: FusionGroup, stored: Iterable[Node]) -> list[Node]:
    """The memory that is there before a kernel runs, besides what it reads."""
    own = kernel.members()
    read = [source for node in own for source in read_sources(node)]
    waited = [source for node in own for source in node.sources[len(read_sources(node)) :]]
    waited += _memory_below(read, own, stored)[1]
    return _memory_below(waited, (), stored)[0]


def _memory_below(
    starts: Iterable[Node], own: Iterable[Node], stored: Iterable[Node]
) -> tuple[list[Node], list[Node]]:
    """The memory from which nodes are computed, and the nodes that have to be there before."""
    found: dict[Node, None] = {}
    waited: list[Node] = []
    stack, seen = list(starts), set(own)
    while stack:
        one = stack.pop()
        if one in seen:
            continue
        seen.add(one)
        if one in stored:
            found[one] = None
        else:
            read = read_sources(one)
            waited += one.sources[len(read) :]
            stack.extend(read)
    return list(found), waited


def looks_up(kernel: FusionGroup) -> bool:
    """Whether a kernel reads a tensor at places that another tensor gives."""
    stack, seen = list(kernel.members()), set(kernel.reads)
    while stack:
        node = stack.pop()
        if node.op is None or node in seen:
            continue
        if isinstance(node.op.lower, Lookup) and len(node.sources) > 1:
            return True
        seen.add(node)
        stack.extend(read_sources(node))
    return False


def readings_of(
    starts: Iterable[tuple[Node, Index | None]], stops: set[Node]
) -> dict[Node, set[Index | None]]:
    """At which indices the nodes in `stops` are read, to compute the starts at theirs.

    An index is None where it is not plain arithmetic: behind a reshape, or computed.
    """
    found: dict[Node, set[Index | None]] = {}
    stack: list[tuple[Node, Index | None]] = list(starts)
    seen = set()
    while stack:
        node, index = one = stack.pop()
        if one in seen:
            continue
        seen.add(one)
        if node in stops:
            found.setdefault(node, set()).add(index)
        elif node.op is not None:
            stack.extend(readings(node, index))
    return found


def reaches(node: Node, core: Node, stored: set[Node]) -> bool:
    """Whether the sources of `node` are computed from `core`, without memory in between."""
    stack, seen = list(read_sources(node)), set()
    while stack:
        one = stack.pop()
        if one is core:
            return True
        if one in seen or one in stored:
            continue
        seen.add(one)
        stack.extend(read_sources(one))
    return False
