"""From fusion groups to loop nests: which axes are units of work, vectors, or folded.

h = exp(x)                for i by units: for j in vectors: h[i, j] = exp(x[i, j])
s = sum(x, axis=1)        for i by units: total = 0; for j in vectors: total += x[i, j]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.analysis.index_maps import variables
from geartrain.compiler.loops.grammar import PART, At, By, Fold, Loop, Nest, Product
from geartrain.graph.affine import Affine, Index
from geartrain.graph.contraction import spec_of
from geartrain.graph.node import Node
from geartrain.graph.op import Contraction, Cumulative, Reduce
from geartrain.graph.shapes import Shape

UNROLL = 4  # vectors of columns that are reduced at once: longer runs of memory are read


def nest_of(group: FusionGroup) -> Nest | None:
    """The loops of a group of maps, of a reduction, or of a contraction; None for other kinds."""
    core = group.core
    if group.rows is not None or group.loop is not None:
        return None
    if core is None:
        shape = group.nodes[0].extents
        return Nest(
            loops_over(shape, lane_axis(shape)), None, _stores(group.nodes, variables(shape))
        )
    lower = core.op.lower  # type: ignore[union-attr]
    if isinstance(lower, Reduce):
        (source,) = core.sources
        kept = tuple(n for n in range(source.ndim) if n not in core.params["axes"])
        return _folded(core, group.nodes, source.extents, kept, lambda index: At(source, index))
    if isinstance(lower, Contraction):
        return _contracted(core, group.nodes)
    return _cumulative(core) if isinstance(lower, Cumulative) else None


def in_parts(nest: Nest, parts: int) -> Nest:
    """The first folded axis cut into parts: each part's total goes to the workspace."""
    assert nest.fold is not None
    outer = tuple(Loop(one.variable, one.extent, By.ONE, one.unroll) if one.by is By.UNITS else one
                  for one in nest.loops)  # fmt: skip
    first, *others = nest.fold.loops
    cut = Loop(first.variable, first.extent, first.by, first.unroll, parts)
    fold = Fold(nest.fold.core, (cut, *others), nest.fold.element)
    index = nest.stores[0].index
    return Nest((Loop(PART, parts, By.UNITS), *outer), fold, (At(fold.core, index, True),))


def joined(group: FusionGroup, parts: int) -> Nest:
    """What folds the parts together, with what else the group stores."""
    core = group.core
    assert core is not None
    extents = (parts, *core.extents)
    kept = tuple(range(1, len(extents)))
    return _folded(core, group.nodes, extents, kept, lambda index: At(core, index, True))


def lane_axis(shape: Shape) -> int | None:
    """The axis that vectors run along: the last that has more than one element."""
    longer = [axis for axis, size in enumerate(shape) if size != 1]
    return longer[-1] if longer else None


def loops_over(shape: Shape, lane: int | None, unroll: int = 1) -> tuple[Loop, ...]:
    """Loops over a shape, vectors along an axis: the first other one is cut into units of work."""
    found: list[Loop] = []
    for axis, size in enumerate(shape):
        if size != 1 and axis != lane:
            found.append(Loop(f"i{axis}", size, By.ONE if found else By.UNITS))
    if lane is not None:
        found.append(Loop(f"i{lane}", shape[lane], By.VECTORS, unroll))
    return tuple(found)


def _stores(nodes: Sequence[Node], index: Index) -> tuple[At, ...]:
    return tuple(At(node, index) for node in nodes)


def _folded(
    core: Node, nodes: Sequence[Node], extents: Shape, kept: tuple[int, ...],
    element: Callable[[Index], At | Product],
) -> Nest:  # fmt: skip
    """Loops over the kept axes, around those over the others."""
    index, lane = variables(extents), lane_axis(extents)
    shape = tuple(size if axis in kept else 1 for axis, size in enumerate(extents))
    outer = loops_over(shape, lane if lane in kept else None, UNROLL)
    inner = tuple(
        Loop(f"i{axis}", size, By.VECTORS if axis == lane else By.ONE)
        for axis, size in enumerate(extents) if axis not in kept and size != 1
    )  # fmt: skip
    stores = _stores(nodes, tuple(index[axis] for axis in kept))
    return Nest(outer, Fold(core, inner, element(index)), stores)


def _contracted(core: Node, nodes: Sequence[Node]) -> Nest:
    spec, (first, second) = spec_of(core), core.sources
    sizes = spec.sizes(first.extents, second.extents)
    labels = [*spec.out, *(label for label in spec.left if label in spec.summed)]

    def element(index: Index) -> Product:
        at: dict[str, Affine] = dict(zip(labels, index, strict=True))
        return Product(
            At(first, tuple(at[label] for label in spec.left)),
            At(second, tuple(at[label] for label in spec.right)),
        )

    extents = tuple(sizes[label] for label in labels)
    return _folded(core, nodes, extents, tuple(range(len(spec.out))), element)


def _cumulative(core: Node) -> Nest:
    """Loops over the other axes, around that over the axis of a cumulative reduction."""
    axis, (source,) = core.params["axis"], core.sources
    lane, index = lane_axis(core.extents), variables(core.extents)
    shape = tuple(1 if n == axis else size for n, size in enumerate(core.extents))
    outer = loops_over(shape, None if lane == axis else lane)
    fold = Fold(core, (Loop(f"i{axis}", core.extents[axis]),), At(source, index), cumulative=True)
    return Nest(outer, fold, _stores([core], index))
