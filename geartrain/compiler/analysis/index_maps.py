"""Indices through reshapes and short reductions: what can be computed without memory in between.

A reshape joins axes, splits them, or both, group by group. Its elements are found by arithmetic:

    y = reshape(x, (batch, 13, 2))        y[b, o, k] = x[b, 2 * o + k]
    y = reshape(x, (batch, 26))           y[b, h] = x[b, h // 2, h % 2]

A short reduction, such as the maximum of a window, is written out element by element wherever it is
needed, like an element-wise value: it needs no loop of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

from geartrain.compiler.codegen.values import NARROW
from geartrain.graph.affine import Affine, Index, offset_of, strides_of
from geartrain.graph.node import Constant, Node
from geartrain.graph.op import Map, Reduce, View, read_sources
from geartrain.graph.shapes import Extent, Shape, divide, product

SHORT = 32  # elements of a reduction that is written out

Group = tuple[list[int], list[int]]  # axes of a tensor, and the source's axes with their elements


def variables(shape: Shape, prefix: str = "i") -> Index:
    """A loop variable for each axis; 0 along axes of size 1."""
    return tuple(
        Affine() if size == 1 else Affine.variable(f"{prefix}{axis}")
        for axis, size in enumerate(shape)
    )


# -- reshapes -----------------------------------------------------------------------------------


def plain_reshape(node: Node) -> bool:
    """Whether a reshape only drops or adds axes of size 1."""
    kept = [size for size in node.extents if size != 1]
    return kept == [size for size in node.sources[0].extents if size != 1]


def followed(node: Node) -> bool:
    """Whether index arithmetic says where the elements of a reshape come from.

    Splitting an axis takes a division, so the last axis, along which vectors run, must stay whole,
    and sizes must be known.
    """
    found = reshape_groups(node.extents, node.sources[0].extents)
    if found is None:
        return False
    for number, (axes, places) in enumerate(found):
        known = all(isinstance(node.sources[0].extents[place], int) for place in places[1:])
        if len(places) > 1 and (not known or number == len(found) - 1):
            return False
        assert axes and places
    return True


@functools.lru_cache(maxsize=1024)
def reshape_groups(shape: Shape, source: Shape) -> list[Group] | None:
    """The axes longer than 1 in the smallest groups that hold the same elements, in order.

    None if the sizes do not tell.

    >>> reshape_groups((8, 26, 5), (8, 13, 2, 1, 5))
    [([0], [0]), ([1], [1, 2]), ([2], [4])]
    """
    ours = [axis for axis, size in enumerate(shape) if size != 1]
    theirs = [axis for axis, size in enumerate(source) if size != 1]
    groups: list[Group] = []
    while ours and theirs:
        axes, places = [ours.pop(0)], [theirs.pop(0)]
        size, other = shape[axes[0]], source[places[0]]
        while size != other:
            if _divides(size, other) and ours:
                axes.append(ours.pop(0))
                size = size * shape[axes[-1]]
            elif _divides(other, size) and theirs:
                places.append(theirs.pop(0))
                other = other * source[places[-1]]
            else:
                return None
        groups.append((axes, places))
    return None if ours or theirs else groups


def _divides(size: Extent, other: Extent) -> bool:
    if isinstance(size, int) and isinstance(other, int):
        return size < other
    return divide(other, size) is not None


def group_offset(index: Index, shape: Shape, axes: list[int]) -> Affine:
    """The place, within a group of axes, of the element at `index`."""
    return offset_of(tuple(index[axis] for axis in axes), [shape[axis] for axis in axes])


def repeats(node: Node) -> bool:
    """Whether a view may read an element of a source more than once.

    It does not where different indices always mean different places of the source: each axis moves
    the reading, and axes that move it along the same axis do so like digits of one number.
    """
    assert node.op is not None and isinstance(node.op.lower, View)
    if node.op.lower.index is None:
        return False
    own = variables(node.extents)
    sizes = {f"i{axis}": size for axis, size in enumerate(node.extents) if size != 1}
    shapes = [source.extents for source in node.sources]
    for reading in node.op.lower.index(own, *shapes, **node.params):
        moved = [name for place in reading.index for name in place.terms]
        digits = all(_like_digits(place, sizes) for place in reading.index)
        if not digits or set(moved) != set(sizes) or len(moved) != len(sizes):
            return True
    return False


def _like_digits(place: Affine, sizes: dict[str, Extent]) -> bool:
    """Whether each setting of the variables gives another place."""
    if len(place.terms) <= 1:
        return True
    steps: list[tuple[int, int]] = []
    for name, step in place.terms.items():
        size = sizes[name]
        if not isinstance(step, int) or not isinstance(size, int):
            return False
        steps.append((abs(step), size))
    reach = 0
    for distance, size in sorted(steps):
        if distance <= reach:
            return False
        reach += distance * (size - 1)
    return True


# -- short reductions ---------------------------------------------------------------------------


def short_reduce(node: Node) -> bool:
    """Whether a node is a reduction of a few elements, none of them neighbours in a vector.

    Sums of narrow floats are left to loops, which add in float32.
    """
    if node.op is None or not isinstance(node.op.lower, Reduce):
        return False
    extents, axes = node.sources[0].extents, node.params["axes"]
    longer = [axis for axis, size in enumerate(extents) if size != 1]
    across = not longer or longer[-1] in axes
    if across or node.dtype in NARROW:
        return False
    count = product(extents[axis] for axis in axes)
    return isinstance(count, int) and 1 <= count <= SHORT


def reduced_places(node: Node, index: Index) -> Iterator[Index]:
    """The index of each element of its source that a short reduction combines, in order."""
    extents, axes = node.sources[0].extents, node.params["axes"]
    for numbers in np.ndindex(*(extents[axis] for axis in axes)):
        kept, inner = iter(index), dict(zip(axes, numbers, strict=True))
        yield tuple(
            Affine(inner[axis]) if axis in inner else next(kept) for axis in range(len(extents))
        )


# -- uses -----------------------------------------------------------------------------------------


def at_own_index(root: Node, core: Node, stored: set[Node]) -> bool:
    """Whether `root` uses `core`, of the same shape, at its own index only."""
    own = variables(root.extents)
    stack: list[tuple[Node, Index | None]] = [(root, own)]
    seen = set()
    while stack:
        node, index = stack.pop()
        if (node, index) in seen:
            continue
        seen.add((node, index))
        if node is core:
            if index != own:
                return False
        elif node.op is not None and (node not in stored or node is root):
            stack.extend(readings(node, index))
    return True


def readings(node: Node, index: Index | None) -> list[tuple[Node, Index | None]]:
    """What an element of a node is computed from: nodes with an index, None if it is not known."""
    assert node.op is not None
    lower, (first, *_) = node.op.lower, node.sources or (None,)
    if isinstance(lower, Map):
        return [(source, index) for source in node.sources]
    if index is not None and short_reduce(node):
        assert first is not None
        return [(first, place) for place in reduced_places(node, index)]
    if index is not None and isinstance(lower, View):
        if lower.same_order and first is not None:
            return [(first, _regrouped(node, index))]
        if lower.index is not None:
            readings = lower.index(
                index, *(source.extents for source in node.sources), **node.params
            )
            return [
                (node.sources[one.source], None if one.guards else one.index) for one in readings
            ]
    return [(source, None) for source in read_sources(node)]


def _regrouped(node: Node, index: Index) -> Index | None:
    """The index of a reshape's source, where no axis is split."""
    source = node.sources[0].extents
    groups = reshape_groups(node.extents, source)
    if groups is None or any(len(places) > 1 for _, places in groups):
        return None
    found = [Affine() for _ in source]
    for axes, places in groups:
        found[places[0]] = group_offset(index, node.extents, axes)
    return tuple(found)


@functools.lru_cache(maxsize=1024)
def reshaped_index(index: Index, shape: Shape, source_shape: Shape) -> Index:
    """Where the element at `index` of a reshaped tensor was before; None-free shapes only.

    Axes that only come or go with size 1, and axes that stay, are followed; anything else has to
    have its source in memory, where the place in memory says it all.
    """
    before = [axis for axis, size in enumerate(source_shape) if size != 1]
    after = [axis for axis, size in enumerate(shape) if size != 1]
    result = [Affine() for _ in source_shape]
    if [source_shape[a] for a in before] == [shape[a] for a in after]:
        for old, new in zip(before, after, strict=True):
            result[old] = index[new]
        return tuple(result)
    # one offset over all axes: only right for a source that is read by its offset alone
    # (and put on an axis that no further reshape drops)
    if before:
        assert strides_of(source_shape)[before[-1]] == 1
        result[before[-1]] = offset_of(index, shape)
    return tuple(result)


def known_scalar(node: Node) -> np.ndarray | None:
    """The value of a node that is a constant number."""
    if isinstance(node.leaf, Constant) and node.leaf.value.ndim == 0:
        return node.leaf.value
    return None


def only_tensor(node: Node) -> Node | None:
    """The source of a map whose other sources are constant numbers; None if there is no such."""
    assert node.op is not None
    tensors = {source for source in node.sources if not _is_number(source)}
    alone = isinstance(node.op.lower, Map) and not node.op.lower.indexed and len(tensors) == 1
    return tensors.pop() if alone else None


def _is_number(node: Node) -> bool:
    """Whether a node is one constant number, repeated or not."""
    while node.op is not None and isinstance(node.op.lower, View) and len(node.sources) == 1:
        (node,) = node.sources
    return known_scalar(node) is not None
