"""Kernels as loops that read like Python: what the machine code does, one number at a time.

for i in range(batch):
    for j in range(512):
        total = 0
        for k in range(784):
            total += x[i, k] * kernel[k, j]
        relu[i, j] = maximum(total + bias[j], 0)
"""

from __future__ import annotations

from collections.abc import Sequence

from geartrain.compiler.analysis.groups import FusionGroup, Rows, in_memory, walk_index
from geartrain.compiler.analysis.index_maps import followed, group_offset, reshape_groups
from geartrain.compiler.analysis.nests import nest_of
from geartrain.compiler.loops.grammar import PART, At, Fold, Loop, Nest, Product
from geartrain.graph.affine import Affine, Guard, Index
from geartrain.graph.formula import Names, bare
from geartrain.graph.node import Constant, Node
from geartrain.graph.op import Contraction, Cumulative, Lookup, Map, Reduce, View
from geartrain.graph.shapes import Extent, Shape, apply

_LETTERS = "ijklmnopqrs"
_TOO_LONG = 400  # characters of one line that nobody would read


def loop_nest(fused: FusionGroup, names: Names) -> str:
    """The loops of one group, before any schedule."""
    return _Nest(fused, names).text()


def nest_text(fused: FusionGroup, nest: Nest, names: Names) -> str:
    """The loops of one nest of a group: what its kernel's code was written of."""
    return _Nest(fused, names, nest).text()


class _Nest:
    def __init__(self, fused: FusionGroup, names: Names, nest: Nest | None = None) -> None:
        self.fused, self.names = fused, names
        self.nest = nest_of(fused) if nest is None else nest
        self.known: dict[Node, str] = {}
        self.lines: list[str] = []

    def text(self) -> str:
        """The whole nest."""
        core = self.fused.core
        if self.nest is not None:
            self._nest(self.nest)
        elif self.fused.rows is not None:
            self._rows(self.fused.rows)
        elif self.fused.loop is not None:
            self._scan()
        else:
            assert core is not None and core.op is not None
            sources = ", ".join(self.names.of(source) for source in core.sources)
            self._line(0, f"{self.names.of(core)} = {core.op.name}({sources})")
        return "\n".join(self.lines)

    def _nest(self, nest: Nest) -> None:
        """Loops, a fold, stores."""
        fold = nest.fold
        loops = [*nest.loops, *(fold.loops if fold is not None else ())]
        letters = (letter for letter in _LETTERS * len(loops))
        self.letters = {
            one.variable: Affine.variable(PART if one.variable == PART else next(letters))
            for one in loops
        }
        depth = self._walk(nest.loops, 0)
        if fold is not None:
            self._fold(fold, depth)
            if fold.cumulative:
                return
            self.known[fold.core] = "total"
        for store in nest.stores:
            if store.part:
                self._line(depth, f"{self._element(store)} = total")
            else:
                self._assign(store.node, self._lettered(store.index), depth)

    def _walk(self, loops: Sequence[Loop], depth: int) -> int:
        """The heads of loops; how deep what is inside them is."""
        for loop in loops:
            if loop.extent == 1:
                continue
            span = f"range({_extent(loop.extent)})"
            if loop.parts:
                size = f"{_extent(apply('ceildiv', loop.extent, loop.parts))}"
                span += f"[{PART} * {size}:({PART} + 1) * {size}]"
            self._line(depth, f"for {self.letters[loop.variable]} in {span}:")
            depth += 1
        return depth

    def _fold(self, fold: Fold, depth: int) -> None:
        """The loops of a fold, and what is combined in them."""
        core, lower = fold.core, fold.core.op.lower  # type: ignore[union-attr]
        assert isinstance(lower, Reduce | Contraction | Cumulative)
        self._line(depth, f"total = {lower.identity(core.dtype)}")
        depth = self._walk(fold.loops, depth)
        if isinstance(fold.element, Product):
            factors = (self._element(one) for one in (fold.element.left, fold.element.right))
            self._line(depth, f"total += {' * '.join(factors)}")
            return
        value = self._element(fold.element)
        if fold.cumulative:
            assert isinstance(lower, Cumulative)
            named = f"{self.names.of(core)}{_subscript(self._lettered(fold.element.index))}"
            self._line(depth, f"{named} = total = total {lower.sign} {value}")
            return
        sign = "+" if isinstance(lower, Contraction) else lower.sign
        called = f"total = {core.op.name}(total, {bare(value)})"  # type: ignore[union-attr]
        self._line(depth, f"total {sign}= {bare(value)}" if sign else called)

    def _element(self, one: At) -> str:
        index = self._lettered(one.index)
        if one.part:
            index = (self.letters[PART], *index) if PART in self.letters else index
            return f"parts{_subscript(index)}"
        return self.value(one.node, index)

    def _lettered(self, index: Index) -> Index:
        return tuple(place.substitute(self.letters) for place in index)

    def _rows(self, rows: Rows) -> None:
        """The loops over rows, and in them those of each step over one row."""
        depth, lane = len(rows.outer), _LETTERS[len(rows.outer) % len(_LETTERS)]
        self._open(rows.outer, 0)
        for node in rows.steps:
            index = walk_index(node.extents, _LETTERS)
            if rows.whole(node):
                self._line(depth, f"for {lane} in range({_extent(rows.size)}):")
                self._assign(node, index, depth + 1)
            elif rows.reduces(node):
                self._reduce(node, index, depth)
                self.known[node] = f"{self.names.of(node)}{_subscript(index)}"
                self._line(depth, f"{self.known[node]} = total")
            else:
                self._assign(node, index, depth)

    def _assign(self, node: Node, index: Index, depth: int) -> None:
        """One line: the element of a node at an index gets its value."""
        value = bare(self.value(node, index))
        if len(value) > _TOO_LONG:
            value = value[:_TOO_LONG] + " ..."
        self.known[node] = f"{self.names.of(node)}{_subscript(index)}"
        self._line(depth, f"{self.known[node]} = {value}")

    def _scan(self) -> None:
        """The loop over time, around the loops of one step."""
        loop = self.fused.loop
        assert loop is not None
        given = self.names.given
        for symbol, node in zip(loop.body.items, loop.sequences, strict=True):
            given[symbol] = f"{self.names.of(node)}[t]"
        for symbol, node in loop.held.items():
            given[symbol] = self.names.of(node)
        before, after = ("t + 1", "t") if loop.reverse else ("t", "t + 1")
        for number, output in enumerate(loop.outputs):
            if number < loop.count:
                name = self.names.new("state")
                given[loop.body.states[number]] = f"{name}[{before}]"
                given.setdefault(output, f"{name}[{after}]")
            elif output not in given:
                given[output] = f"{self.names.of(output)}[t]"
        order = f"range({_extent(loop.steps)})"
        self._line(0, f"for t in {f'reversed({order})' if loop.reverse else order}:")
        for one in loop.inner:
            for line in loop_nest(one, self.names).splitlines():
                self._line(1, line)

    def _line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def _open(self, shape: Shape, depth: int, taken: int = 0) -> Index:
        """Loops over a shape; the index that they walk."""
        index = []
        for size in shape:
            if size == 1:
                index.append(Affine())
                continue
            letter = _LETTERS[taken % len(_LETTERS)]
            self._line(depth, f"for {letter} in range({_extent(size)}):")
            index.append(Affine.variable(letter))
            depth, taken = depth + 1, taken + 1
        return tuple(index)

    def _reduce(self, core: Node, index: Index, depth: int) -> None:
        """The loops over what is reduced of a row, and what is combined in them."""
        (source,), axes = core.sources, core.params["axes"]
        lower = core.op.lower  # type: ignore[union-attr]
        assert isinstance(lower, Reduce)
        self._line(depth, f"total = {lower.identity(core.dtype)}")
        taken = sum(size != 1 for size in core.extents)
        inner = self._open(tuple(source.extents[axis] for axis in axes), depth, taken)
        kept, reduced = iter(index), dict(zip(axes, inner, strict=True))
        place = tuple(reduced[n] if n in reduced else next(kept) for n in range(source.ndim))
        depth += sum(source.extents[axis] != 1 for axis in axes)
        value = bare(self.value(source, place))
        called = f"total = {core.op.name}(total, {value})"  # type: ignore[union-attr]
        self._line(depth, f"total {lower.sign}= {value}" if lower.sign else called)

    def value(self, node: Node, index: Index) -> str:
        """The element of a node at an index, as an expression."""
        if node in self.known:
            return self.known[node]
        if node in self.fused.reads or in_memory(node):
            return f"{self.names.of(node)}{_subscript(index)}"
        if isinstance(node.leaf, Constant):
            return f"{node.leaf.value.item():.6g}"
        assert node.op is not None
        lower = node.op.lower
        if isinstance(lower, View):
            return self._view(node, lower, index)
        if isinstance(lower, Lookup):
            sources = ", ".join(self.names.of(source) for source in node.sources)
            return f"{node.op.name}({sources}){_subscript(index)}"
        if isinstance(lower, Reduce):
            return self._short_reduce(node, index)
        assert isinstance(lower, Map), node
        values = [self.value(source, index) for source in node.sources]
        if lower.sign:
            return f"({f' {lower.sign} '.join(values)})"
        values = [bare(value) for value in values]
        values += [f"{name}={value}" for name, value in node.params.items()]
        place = _subscript(index) if lower.indexed else ""
        return f"{node.op.name}({', '.join(values)}){place}"

    def _view(self, node: Node, lower: View, index: Index) -> str:
        if lower.same_order:
            return self._reshape(node, index)
        assert lower.index is not None
        shapes = [source.extents for source in node.sources]
        text = "0"
        for reading in reversed(lower.index(index, *shapes, **node.params)):
            value = self.value(node.sources[reading.source], reading.index)
            conditions = " and ".join(_guard(guard) for guard in reading.guards)
            text = f"({value} if {conditions} else {text})" if conditions else value
        return text

    def _reshape(self, node: Node, index: Index) -> str:
        source = node.sources[0]
        if not followed(node):
            return f"{self.value(source, ())}.reshaped{_subscript(index)}"
        found = [Affine() for _ in source.extents]
        for axes, places in reshape_groups(node.extents, source.extents) or []:
            offset = group_offset(index, node.extents, axes)
            sizes: list[Extent] = [source.extents[place] for place in places]
            for place, part in zip(places, _divided(offset, sizes), strict=True):
                found[place] = part
        return self.value(source, tuple(found))

    def _short_reduce(self, node: Node, index: Index) -> str:
        """`max(x[i, j] for j in range(2))`."""
        source, axes = node.sources[0], node.params["axes"]
        free = (
            letter for letter in reversed(_LETTERS) if not any(letter in a.terms for a in index)
        )
        inner = {axis: next(free) for axis in axes if source.extents[axis] != 1}
        kept = iter(index)
        place = tuple(
            next(kept) if axis not in axes
            else Affine.variable(inner[axis]) if axis in inner else Affine()
            for axis in range(source.ndim)
        )  # fmt: skip
        ranges = "".join(f" for {inner[a]} in range({source.extents[a]})" for a in inner)
        return f"{node.op.name}({self.value(source, place)}{ranges})"  # type: ignore[union-attr]


def _divided(offset: Affine, sizes: Sequence[Extent]) -> list[Affine]:
    """A place in a block of these sizes as an index, in Python's words."""
    found: list[Affine] = []
    step: Extent = 1
    for number, size in enumerate(reversed(sizes)):
        text = f"({offset})" if len(offset.terms) > 1 or offset.constant != 0 else f"{offset}"
        text = text if step == 1 else f"{text} // {step}"
        whole = number == len(sizes) - 1
        named = Affine.variable(text if whole else f"{text} % {size}")
        found.insert(0, offset if len(sizes) == 1 else named)
        step = step * size
    return found


def _guard(guard: Guard) -> str:
    inside = f"0 <= {guard.value} < {_extent(guard.size * guard.divisor)}"
    return inside if guard.divisor == 1 else f"{inside} and ({guard.value}) % {guard.divisor} == 0"


def _extent(size: Extent) -> str:
    return str(size)


def _subscript(index: Sequence[Affine]) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""
