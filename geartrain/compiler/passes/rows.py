"""Joining kernels that work on the rows of one tensor: reductions, and the maps around them.

Goes in: kernels in order, one reduction each. Comes out: fewer kernels in order. A softmax is

    m[i] = max of x[i, :];  e[i, j] = exp(x[i, j] - m[i]);  s[i] = sum of e[i, :];  y = e / s

four kernels before, and one row-wise kernel after: a row stays in registers, or close by, from its
first reduction to its last map. Joined are reductions along one last axis with each other, and with
maps of their rows, where one reads what the other makes, or both read the same memory. A kernel
reads of another's results only the row that it works on, and none outside the join may come in
between.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from geartrain.compiler.analysis.cost import USUAL_BATCH, few_units
from geartrain.compiler.analysis.groups import (
    MOST_READS,
    FusionGroup,
    Rows,
    longer,
    readings_of,
    walk_index,
)
from geartrain.compiler.analysis.index_maps import readings
from geartrain.compiler.analysis.scan_body import ScanBody
from geartrain.compiler.passes.fuse import fuse
from geartrain.graph.affine import Index
from geartrain.graph.node import Node, sorted_nodes
from geartrain.graph.op import Reduce, Scan
from geartrain.graph.shapes import Shape, product, resolve


def join_rows(kernels: list[FusionGroup]) -> list[FusionGroup]:
    """Join what works on the same rows; the others stay as they are."""
    order = _Order(kernels)
    while order.join_neighbours():
        pass  # a kernel that joined may be the neighbour that another one waited for
    return [group.fused() for group in order.groups]


def group_rows(groups: list[FusionGroup], outputs: Sequence[Node]) -> list[FusionGroup]:
    """Join what works on the same rows; store only what is an output, or what others read.

    A loop over time learns what one of its steps does: its body goes the same way.
    """
    groups = join_rows(groups)
    order = sorted_nodes(outputs)
    kept = {*outputs, *(node for group in groups for node in group.reads)}
    for group in groups:
        core = group.core
        if core is not None and isinstance(core.op.lower, Scan):  # type: ignore[union-attr]
            group.readers = [node for node in order if core in node.sources]
            group.loop = ScanBody.of(group, fused)
        group.nodes = [node for node in group.nodes if node in kept]
    return groups


def fused(outputs: Sequence[Node]) -> list[FusionGroup]:
    """The fusion groups that make `outputs`, rows joined."""
    return group_rows(fuse(outputs), outputs)


class _Group:
    """Some kernels that become one.

    Attributes:
        kernels: the kernels, in order.
        shape: the whole rows' shape without axes of size 1, once a reduction says so.
        made, reads: the nodes that they store, and that they read from outside.
        needs: what is made before, be it read or not.
    """

    def __init__(self, kernels: list[FusionGroup]) -> None:
        self.kernels = kernels
        self.shape = next(filter(None, map(_row_shape, kernels)), None)
        self.made = {node for kernel in kernels for node in kernel.nodes}
        reads = dict.fromkeys(node for kernel in kernels for node in kernel.reads)
        self.reads = [node for node in reads if node not in self.made]
        self.needs = {*self.reads, *(node for kernel in kernels for node in kernel.waits)}
        self.starts = [start for kernel in kernels for start in _starts(kernel)]
        self.row_by_row = all(
            kernel.core is None or _row_shape(kernel) is not None for kernel in kernels
        )

    def fits(self, shape: Shape) -> bool:
        """Whether all that is made has rows of this shape, or single values of them."""
        shapes = {longer(node.extents) for node in self.made}
        return self.row_by_row and shapes <= {shape, shape[:-1]}

    def fused(self) -> FusionGroup:
        """The joined kernel; a single one as it was."""
        if len(self.kernels) == 1:
            return self.kernels[0]
        assert self.shape is not None
        steps = tuple(dict.fromkeys(node for one in self.kernels for node in one.members()))
        reads = list(dict.fromkeys(node for one in self.kernels for node in one.reads))
        return FusionGroup(
            list(steps), None, [node for node in reads if node not in self.made],
            Rows(self.shape[:-1], self.shape[-1], steps), waits=list(self.needs - self.made),
        )  # fmt: skip


def _row_shape(kernel: FusionGroup) -> Shape | None:
    """The shape of what a kernel reduces row by row, without axes of size 1; None for others."""
    core = kernel.core
    if core is None or not isinstance(core.op.lower, Reduce):  # type: ignore[union-attr]
        return None
    (source,) = core.sources
    shape = longer(source.extents)
    reduced = longer(tuple(source.extents[axis] for axis in core.params["axes"]))
    last = [axis for axis, size in enumerate(source.extents) if size != 1][-1:]
    if len(reduced) != 1 or last[0] not in core.params["axes"]:
        return None
    units = shape[0] if len(shape) > 1 else 1
    return None if few_units(units, product(shape)) else shape


def _starts(kernel: FusionGroup) -> Iterable[tuple[Node, Index | None]]:
    """The nodes that a kernel begins to compute with, and their index in its loops."""
    for node in kernel.members():
        if node is kernel.core:
            yield from ((source, walk_index(source.extents)) for source in node.sources)
        else:
            yield from readings(node, walk_index(node.extents))


def _elements(pair: tuple[_Group, _Group]) -> int:
    """About how many elements two groups work on."""
    shapes = [group.shape for group in pair if group.shape is not None]
    return max((int(resolve(product(shape), USUAL_BATCH)) for shape in shapes), default=0)


class _Order:
    """Groups of kernels in an order in which each comes after those it reads from."""

    def __init__(self, kernels: list[FusionGroup]) -> None:
        self.groups = [_Group([kernel]) for kernel in kernels]

    def join_neighbours(self) -> bool:
        """Join pairs of neighbours, those with most elements first; whether there were any."""
        pairs = sorted(self._neighbours(), key=_elements, reverse=True)
        joined = 0
        for pair in pairs:
            if joined > _elements(pair):
                break  # first look for new neighbours among the larger
            if self._join(*pair):
                joined = _elements(pair)
        return joined > 0

    def _neighbours(self) -> list[tuple[_Group, _Group]]:
        """Pairs of groups of which one reads from the other, or both read the same memory."""
        rows = [group for group in self.groups if group.row_by_row]
        maker = {node: group for group in rows for node in group.made}
        pairs: dict[tuple[_Group, _Group], None] = {}
        readers: dict[Node, _Group] = {}
        for group in rows:
            for node in group.reads:
                if node in maker:
                    pairs[maker[node], group] = None
                elif group.shape is not None:
                    if node in readers and readers[node].shape == group.shape:
                        pairs[readers[node], group] = None
                    readers[node] = group
        return list(pairs)

    def _join(self, first: _Group, second: _Group) -> bool:
        """Join two groups, if they work on the same rows and nothing has to come in between."""
        if first not in self.groups or second not in self.groups:
            return False
        shapes = {first.shape, second.shape} - {None}
        if len(shapes) != 1 or not all(one.fits(*shapes) for one in (first, second)):  # type: ignore[arg-type]
            return False
        if len({*first.reads, *second.reads} - first.made) > MOST_READS:
            return False
        read = readings_of(second.starts, {*second.made, *first.made, *second.reads})
        for node in first.made:
            if read.get(node, set()) - {walk_index(node.extents)}:
                return False
        return self._moved(first, second)

    def _moved(self, first: _Group, second: _Group) -> bool:
        """Put a group right after another, and what depends on the other after both."""
        low, high = self.groups.index(first), self.groups.index(second)
        if low > high:
            return False  # other joins have moved them: they are found again
        early: list[_Group] = []
        late: list[_Group] = []
        after = set(first.made)
        for group in self.groups[low + 1 : high]:
            depends = not after.isdisjoint(group.needs)
            (late if depends else early).append(group)
            if depends:
                after |= group.made
        if not (after - first.made).isdisjoint(second.needs):
            return False
        both = _Group([*first.kernels, *second.kernels])
        self.groups[low : high + 1] = [*early, both, *late]
        return True
