"""Where values lie: what is in memory already, and what is only another reading of it."""

from __future__ import annotations

from collections.abc import Collection

from geartrain.compiler.analysis.groups import in_memory
from geartrain.compiler.analysis.index_maps import (
    only_tensor,
    plain_reshape,
    reshaped_index,
    variables,
)
from geartrain.graph.affine import Affine, Index, offset_of, strides_of
from geartrain.graph.node import Node
from geartrain.graph.op import View
from geartrain.graph.shapes import Extent, holds_dim


def plain_base(node: Node, stored: Collection[Node]) -> Node:
    """The node whose memory `node` is, seen through index arithmetic alone.

    That is `node` itself, unless it is a view without conditions, of one tensor.
    """
    while node not in stored and node.op is not None and isinstance(node.op.lower, View):
        source = node.sources[0]
        if node.op.lower.same_order:
            if not plain_reshape(node):
                return source  # its place in memory says it all, so it has to have one
        elif not _plain(node):
            break
        node = source
    return node


def _plain(view: Node) -> bool:
    """Whether a view is index arithmetic alone: of one tensor, without conditions."""
    lower, (source, *more) = view.op.lower, view.sources  # type: ignore[union-attr]
    assert isinstance(lower, View)
    if (more and lower.reads != 1) or lower.index is None:
        return False
    readings = lower.index(variables(view.extents), source.extents, **view.params)
    return len(readings) == 1 and not readings[0].guards


def from_one(node: Node, stored: Collection[Node]) -> bool:
    """Whether a value is computed from one stored tensor, through maps and plain views alone.

    What a product packs may be: products of narrow floats pack both operands.
    """
    flat = False  # below a reshape, an element has a place in memory but no index
    while node not in stored:
        if node.op is None or not node.sources:
            return False
        lower, source = node.op.lower, node.sources[0]
        if isinstance(lower, View) and lower.same_order:
            if flat and plain_reshape(node):
                return False
            flat = flat or not plain_reshape(node)
        elif isinstance(lower, View):
            if flat or not _plain(node):
                return False
        else:
            tensor = only_tensor(node)
            if tensor is None:
                return False
            source = tensor
        node = source
    return True


def below_maps(node: Node, memory: Collection[Node]) -> Node:
    """Of what is computed `from_one` tensor, the node below all maps: a view of memory."""
    base = node
    while node not in memory:
        tensor = only_tensor(node)
        node = node.sources[0] if tensor is None else tensor
        base = base if tensor is None else node
    return base


def place_of(node: Node, index: Index, memory: Collection[Node]) -> tuple[Node, Affine]:
    """The memory that plain views (and maps) lead to, and the place of the element at an index."""
    while node not in memory:
        tensor = only_tensor(node)
        if tensor is not None:
            node = tensor
            continue
        assert node.op is not None and isinstance(node.op.lower, View)
        lower, source = node.op.lower, node.sources[0]
        if lower.same_order:
            index = reshaped_index(index, node.extents, source.extents)
        else:
            assert lower.index is not None
            index = lower.index(index, source.extents, **node.params)[0].index
        node = source
    return node, offset_of(index, node.extents)


def step_place(sequence: Node, stored: Collection[Node]) -> tuple[Node, Extent, Extent] | None:
    """Where the steps of a sequence lie: the memory, the first step's place, and how far apart.

    None if one step is not a piece of memory as it is.
    """
    base = plain_base(sequence, stored)
    _, place = place_of(sequence, variables(sequence.extents), {base})
    strides = enumerate(zip(sequence.extents, strides_of(sequence.extents), strict=True))
    fits = all(
        place.terms.get(f"i{axis}", 0) == stride for axis, (size, stride) in strides
        if axis and size != 1
    )  # fmt: skip
    fits = fits and _lies(base)
    return (base, place.constant, place.terms.get("i0", 0)) if fits else None


def whole_place(node: Node, stored: Collection[Node]) -> tuple[Node, Extent] | None:
    """The memory and the place in it where a tensor lies as it is; None if it does not."""
    base = plain_base(node, stored)
    _, place = place_of(node, variables(node.extents), {base})
    own = offset_of(variables(node.extents), node.extents)
    fits = _lies(base) and place.terms == own.terms
    return (base, place.constant) if fits else None


def _lies(base: Node) -> bool:
    """Whether a node can lie in memory: scalar constants are part of the code."""
    return base.op is not None or in_memory(base)


def seen_through(value: Node, stored: Collection[Node]) -> Node | None:
    """The memory that a value is a view of, or the value itself; None if it is made of constants.

    Of what depends on the batch, only other names are seen through: a loop takes rows of it.
    """
    node, renamed = value, True
    while node not in stored and node.op is not None:
        lower = node.op.lower
        if not isinstance(lower, View) or (len(node.sources) != 1 and lower.reads != 1):
            return value
        renamed = renamed and lower.same_order and plain_reshape(node)
        node = node.sources[0]
    if node.op is None and not in_memory(node):
        return None
    return node if renamed or not holds_dim(node.extents) else value
