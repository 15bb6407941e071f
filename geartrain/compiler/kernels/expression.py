"""Writing the value of a node at an index: views become index arithmetic, maps become code.

What lives in memory is loaded; everything else is computed on the spot, back to what does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from geartrain.compiler.analysis.index_maps import (
    followed,
    group_offset,
    reduced_places,
    reshape_groups,
    reshaped_index,
    short_reduce,
)
from geartrain.compiler.codegen.builder import Builder, Value
from geartrain.graph.affine import Affine, Guard, Index, offset_of
from geartrain.graph.node import Constant, Node
from geartrain.graph.op import Lookup, Map, Reduce, View
from geartrain.graph.shapes import Extent, Shape


class Unsupported(Exception):
    """The compiler has no code for a node; the reference computes it instead."""


class Expression:
    """Values of nodes inside some loops.

    Args:
        builder: the function to write to.
        pointers: for each node in memory, the IR name of its address.
        loops: the value of each loop variable.
        lane: the loop variable that runs over the lanes of vectors, if any.
        lanes: how many lanes a vector has.
        mask: which lanes are inside the tensor, where not all are.
        known: values that need no loading, by node: the sums of a contraction, for its epilogue.
        places: for nodes whose memory is not in the order of their indices, where an element is.
    """

    def __init__(
        self,
        builder: Builder,
        pointers: Mapping[Node, str],
        loops: dict[str, Value],
        lane: str | None = None,
        lanes: int = 1,
        mask: Value | None = None,
        known: dict[Node, Value] | None = None,
        places: Mapping[Node, Callable[[Index], Affine]] | None = None,
    ) -> None:
        self.builder, self.pointers, self.loops = builder, pointers, loops
        self.lane, self.lanes, self.mask = lane, lanes, mask
        self.tail = mask  # at least one of its lanes is on, other than of a guard's
        self.known, self.places = dict(known or {}), places or {}
        self._written: dict[tuple[Node, Index, str], Value] = {}
        self._divided: dict[tuple[Affine, Shape], list[Affine]] = {}

    def value(self, node: Node, index: Index) -> Value:
        """The element of `node` at `index`; a vector where the index runs over the lanes."""
        key = (node, index, self.mask.name if self.mask else "")
        if key not in self._written:
            self._written[key] = self._value(node, index)
        return self._written[key]

    def _value(self, node: Node, index: Index) -> Value:
        if node in self.known:
            return self.known[node]
        if node in self.pointers:
            return self.load(node, self.place(node, index))
        if isinstance(node.leaf, Constant):
            assert node.leaf.value.ndim == 0, "constant tensors are in memory"
            return self.builder.constant(node.leaf.value.item(), node.dtype)
        assert node.op is not None, node
        lower = node.op.lower
        if isinstance(lower, Map):
            return self._map(node, lower, index)
        if isinstance(lower, Lookup):
            return lower.element(self, node, index)  # type: ignore[no-any-return]
        if isinstance(lower, Reduce):
            return self._short_reduce(node, lower, index)
        assert isinstance(lower, View), f"{node.op.name} must be in memory"
        return self._view(node, lower, index)

    def place(self, node: Node, index: Index) -> Affine:
        """Where in its memory the element of a node is."""
        if node in self.places:
            return self.places[node](index)
        return offset_of(index, node.extents)

    def _map(self, node: Node, lower: Map, index: Index) -> Value:
        assert lower.emit is not None and node.op is not None
        values = [self.value(source, index) for source in node.sources]
        if lower.indexed:
            values.insert(0, lambda axis: self.affine(index[axis]))  # type: ignore[arg-type]
        return lower.emit(self.builder, *values, **node.params)  # type: ignore[no-any-return]

    def _short_reduce(self, node: Node, lower: Reduce, index: Index) -> Value:
        """All elements that are reduced, one after the other."""
        assert short_reduce(node), f"{node} must be in memory"
        total = self.builder.constant(lower.identity(node.dtype), node.dtype)
        for place in reduced_places(node, index):
            total = lower.combine(self.builder, total, self.value(node.sources[0], place))
        return total

    def inside(self, place: Value, size: Extent) -> Value:
        """The place, moved to the nearest from 0 to `size` - 1; that it was outside is reported."""
        b = self.builder
        b.report_outside(place, b.index(size), self.mask)
        last = b.sub(b.index(size), b.constant(1, "int64"))
        return b.maximum(b.minimum(place, last), b.constant(0, "int64"))

    def read(self, source: Node, places: Sequence[Affine | Value]) -> Value:
        """The element of a source at places of which some are computed."""
        index = []
        for place in places:
            if isinstance(place, Value):
                name = f"p{self.builder.fresh()}"
                self.loops[name] = place
                place = Affine.variable(name)
            index.append(place)
        return self.value(source, tuple(index))

    def _view(self, node: Node, lower: View, index: Index) -> Value:
        if lower.same_order:
            return self.value(node.sources[0], self._before_reshape(node, index))
        assert lower.index is not None
        shapes = [source.extents for source in node.sources]
        readings = lower.index(index, *shapes, **node.params)
        result: Value | None = None
        for reading in reversed(readings):
            inside, quotients = self.guards(reading.guards)
            index = tuple(quotients.get(at, at) for at in reading.index)
            before = self.mask
            if inside is not None:
                self.mask = self._both(inside, before)
            found = self.value(node.sources[reading.source], index)
            self.mask = before
            if inside is None:
                result = found
            else:
                other = result or self.builder.like(0, found)
                result = self.builder.select(inside, found, other)
        assert result is not None
        return result

    def _before_reshape(self, node: Node, index: Index) -> Index:
        """The index of a reshape's source: its place in memory says it all, if it has one."""
        source = node.sources[0]
        if source in self.pointers or not followed(node):
            return reshaped_index(index, node.extents, source.extents)
        found = [Affine() for _ in source.extents]
        for axes, places in reshape_groups(node.extents, source.extents) or []:
            offset = group_offset(index, node.extents, axes)
            parts = self._divide(offset, tuple(source.extents[place] for place in places))
            for place, part in zip(places, parts, strict=True):
                found[place] = part
        return tuple(found)

    def _divide(self, offset: Affine, sizes: Shape) -> list[Affine]:
        """A place in a block of these sizes as an index: the last axis runs fastest."""
        if len(sizes) == 1:
            return [offset]
        if (offset, sizes) not in self._divided:
            b, number, found = self.builder, self.affine(offset), []
            for size in reversed(sizes[1:]):
                divisor = b.splat(b.index(size), number.lanes)
                place, rest = b.divided(number, divisor)
                found.append(rest)
                number = place
            names = [f"d{b.fresh()}" for _ in sizes]
            self.loops.update(zip(names, [number, *reversed(found)], strict=True))
            self._divided[offset, sizes] = [Affine.variable(name) for name in names]
        return self._divided[offset, sizes]

    def _both(self, first: Value, second: Value | None) -> Value:
        return first if second is None else self.builder.bits("and", first, second)

    def guards(self, guards: tuple[Guard, ...]) -> tuple[Value | None, dict[Affine, Affine]]:
        """Whether all conditions hold (None if there are none), and the quotients."""
        b, result, quotients = self.builder, None, {}
        zero = b.constant(0, "int64")
        for guard in guards:
            at = self.affine(guard.value)
            if guard.divisor != 1:
                divisor = b.splat(b.constant(guard.divisor, "int64"), at.lanes)
                rest = b.rem(at, divisor)
                result = self._both(b.compare("eq", rest, zero), result)
                at = b.div(at, divisor)
                name = f"q{b.fresh()}"
                self.loops[name] = at
                quotients[guard.value] = Affine.variable(name)
            inside = b.bits(
                "and", b.compare("ge", at, zero), b.compare("lt", at, b.index(guard.size))
            )
            result = self._both(inside, result)
        return result, quotients

    def affine(self, index: Affine) -> Value:
        """An index as int64: a vector if it runs over the lanes."""
        start = self.builder.affine(index, self.loops)
        stride = index.terms.get(self.lane, 0) if self.lane else 0
        if stride == 0:
            return start
        steps = self.builder.lane_numbers(self.lanes)
        if stride != 1:
            steps = self.builder.mul(steps, self.builder.index(stride))
        return self.builder.add(start, steps)

    def load(self, node: Node, offset: Affine, dtype: str = "") -> Value:
        """The element of a node in memory: once, as neighbours, or from several places.

        Of the node's own dtype, unless the memory holds another.
        """
        base, dtype = self.pointers[node], dtype or node.dtype
        stride = offset.terms.get(self.lane, 0) if self.lane else 0
        if any(self.loops[name].lanes > 1 for name in offset.terms):
            stride = -1  # not a constant step from lane to lane
        builder = self.builder
        if stride == 0 or self.lanes == 1:
            address = builder.pointer(base, builder.affine(offset, self.loops), dtype)
            mask = self.mask
            if mask is self.tail:
                mask = None
            elif mask is not None and mask.lanes > 1:
                mask = builder.reduce(mask, lambda b, x, y: b.bits("or", x, y))
            return builder.load(address, dtype, 1, mask)
        mask = builder.splat(self.mask, self.lanes) if self.mask is not None else None
        if stride == 1:
            address = builder.pointer(base, builder.affine(offset, self.loops), dtype)
            return builder.load(address, dtype, self.lanes, mask)
        return builder.gather(base, self.affine(offset), dtype, mask)
