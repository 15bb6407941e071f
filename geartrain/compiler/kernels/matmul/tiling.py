"""How a product is cut: operands as places in memory, tiles of the result, panels, parts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from geartrain.compiler.analysis.aliases import below_maps, place_of
from geartrain.compiler.analysis.cost import USUAL_BATCH, few_units
from geartrain.compiler.analysis.groups import FusionGroup, reaches
from geartrain.compiler.codegen.builder import BYTES, Builder, Value
from geartrain.compiler.kernels.expression import Expression
from geartrain.compiler.kernels.kernel import at_least, lanes_for
from geartrain.compiler.kernels.reduce import PARTS
from geartrain.compiler.targets.target import Target
from geartrain.graph.affine import Affine, Index
from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent, apply, holds_dim, product, resolve

ROWS_PER_UNIT = 128
SHORT_TILES = 8  # rows of tiles where few of them are done
WIDE = 8  # vectors of a tile that is a single row
MUCH_USED = 32  # tiles that use a panel
LEAST_BYTES = 1 << 17  # weights of fewer stay in the nearest cache in any order
MANY_ROWS = 64  # of a batch, from which on packing pays
SPLIT_DEPTH, DEEP = 32, 4096  # so many terms are best summed in slices, if there are
USES = 96  # rows * columns / (rows + columns): how often slices are used, by what there is to cut
FEW_PANELS = 4  # so few that the last one, in part, is much of the work
LARGE_OPERANDS = 1 << 20  # bytes: beyond it the operands of a product leave no room in a cache
PART_OPERANDS = 384 * 1024  # bytes of the operands of a part
MOST_PARTS = 32
BLOCK_BYTES = 24 * 1024  # of a panel's rows that stay in the first-level cache
PART = "#"  # the label of the parts that a summed label is cut into

Labels = list[tuple[str, Extent]]


@dataclass
class Operand:
    """A tensor in memory, and the place of the element that each setting of the labels needs.

    What is multiplied is `top`, computed from the element of `base` there; they are one, unless the
    operand is packed first.
    """

    memory: Node
    place: Affine
    top: Node
    base: Node

    def stride(self, label: str) -> Extent:
        """How far apart neighbours along a label are."""
        return self.place.terms.get(label, 0)

    def mapped(self, b: Builder, loaded: Value) -> Value:
        """What is multiplied, from what was loaded."""
        if self.base is self.top:
            return loaded
        index = tuple(Affine() for _ in self.top.extents)
        known = {self.base: loaded}
        return Expression(b, {}, {}, None, loaded.lanes, None, known).value(self.top, index)


def operand_of(node: Node, labels: str, sizes: dict[str, Extent], memory: set[Node]) -> Operand:
    """Follow plain views down to memory, and through maps of one tensor where there are any."""
    index: Index = tuple(
        Affine() if sizes[label] == 1 else Affine.variable(label) for label in labels
    )
    return Operand(*place_of(node, index, memory), node, below_maps(node, memory))


def unravel(b: Builder, number: Value, labels: Labels) -> dict[str, Value]:
    """A running number as the values of several labels, the last fastest."""
    found = {}
    for label, size in reversed(labels[1:]):
        extent = b.index(size)
        found[label] = b.rem(number, extent)
        number = b.div(number, extent)
    return found | {label: number for label, _ in labels[:1]}


def merged(labels: list[str], sizes: dict[str, Extent], operands: list[Operand]) -> Labels:
    """Labels with their sizes; neighbours that lie in one row of all operands become one."""
    found: Labels = []
    for label in reversed(labels):
        size = sizes[label]
        if found:
            inner, inner_size = found[0]
            if all(one.stride(label) == inner_size * one.stride(inner) for one in operands):
                found[0] = (inner, inner_size * size)
                continue
        found.insert(0, (label, size))
    return found


def _much_used(rows: Extent, columns: Extent) -> Extent:
    """1 if rows * columns / (rows + columns) is at least `USES`, else 0."""
    if isinstance(rows, int) and isinstance(columns, int):
        return int(rows * columns >= USES * (rows + columns))
    if isinstance(columns, int):
        rows, columns = columns, rows
    if not isinstance(rows, int):  # neither is known
        return at_least(rows, 2 * USES) * at_least(columns, 2 * USES)
    return at_least(columns, -(-USES * rows // (rows - USES))) if rows > USES else 0


def _usual_bytes(elements: Extent, dtype: str) -> int:
    return int(resolve(elements, USUAL_BATCH)) * BYTES[dtype]


class Cut(NamedTuple):
    """A product with rows and columns: the labels' sizes, its own labels, and the operands."""

    sizes: dict[str, Extent]
    out: str
    rows: list[str]
    a: Operand
    b: Operand
    narrow: bool


@dataclass
class Tiling:
    """The geometry of one product: what its kernels need to know of its labels and operands."""

    name: str
    fused: FusionGroup
    core: Node
    slots: Mapping[object, int]
    target: Target
    sizes: dict[str, Extent]
    out: str
    a: Operand
    b: Operand
    row: str  # the label whose neighbours are the rows of a tile; perhaps with more: `row_labels`
    packed_slot: int | None = None
    parts: int = 0  # how many parts the sums are cut into, if they are
    parts_slot: int = 0  # workspace for sums in parts, if they are
    block: tuple[int, int] | None = None  # see `_blocks`

    @classmethod
    def of(
        cls, name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target, cut: Cut
    ) -> Self:
        """The product that is cut so."""
        assert fused.core is not None
        given = (name, fused, fused.core, slots, target)
        return cls(*given, cut.sizes, cut.out, cut.a, cut.b, cut.rows[-1])

    def __post_init__(self) -> None:
        self.dtype = self.core.dtype
        self.lanes = lanes_for(self.target, self.dtype)
        self.tile_rows, vectors = self.target.tile()
        self.column = self.out[-1]
        columns = self.sizes[self.column]
        if isinstance(columns, int) and columns <= self.lanes:
            self.tile_rows, vectors = self.tile_rows * vectors, 1
        self.vectors = vectors
        self.width = vectors * self.lanes
        self.row_labels = self._rows_together()
        self.row_count = product(self.sizes[label] for label in self.row_labels)
        rows = self.row_count
        if isinstance(rows, int) and rows % self.tile_rows:  # equal tiles, if rows are known
            tiles = -(-rows // self.tile_rows)
            self.tile_rows = -(-rows // tiles)
        labels = [label for label in self.sizes if self.sizes[label] != 1]
        summed = [label for label in labels if label not in self.out]
        self.summed = merged(summed, self.sizes, [self.a, self.b])
        others = [label for label in self.out[:-1] if label not in self.row_labels]
        self.outer = [label for label in others if label in labels]
        self.panels = apply("ceildiv", columns, self.width)
        self.tiles_per_unit = max(1, ROWS_PER_UNIT // self.tile_rows)

    def shorten(self) -> None:
        """Cut into tiles of fewer rows, which is less code: large batches go another way."""
        self.tile_rows = min(self.tile_rows, SHORT_TILES)
        self.tiles_per_unit = max(1, ROWS_PER_UNIT // self.tile_rows)

    def _rows_together(self) -> list[str]:
        """The labels whose settings are rows: several, if rows of all of them can share a tile.

        They can if they lie at equal distances, or if there are so few that one tile holds them.
        So a convolution's kernel has a row for each of its places and channels.
        """
        found, regular = [self.row], True
        for label in reversed(self.out[: self.out.index(self.row)]):
            if self.sizes[label] == 1:
                continue
            count = product(self.sizes[one] for one in found)
            more = count * self.sizes[label]
            if not isinstance(more, int) or self.b.stride(label) != 0:
                break
            regular = regular and self.a.stride(label) == count * self.a.stride(self.row)
            one_tile = self.target.registers >= 32 and more <= self.tile_rows
            if not regular and not one_tile:
                break
            found.insert(0, label)
        return found

    def row_offset(self, row: int) -> Extent:
        """How far a row of a tile is from the tile's first one, in the first operand."""
        offset: Extent = 0
        for label in reversed(self.row_labels[1:]):
            size = self.sizes[label]
            assert isinstance(size, int)
            offset = offset + row % size * self.a.stride(label)
            row //= size
        return offset + row * self.a.stride(self.row_labels[0])

    def units(self) -> Extent:
        """How many units of work there are: some rows of one panel each."""
        rows = apply("ceildiv", self.row_count, self.tile_rows * self.tiles_per_unit)
        return product(self.sizes[label] for label in self.outer) * self.panels * rows

    def work(self) -> Extent:
        """About how many operations there are."""
        return 2 * self.depth * product(self.core.extents)

    def in_parts(self) -> bool:
        """Whether the sums are cut into parts, each small enough for the cache.

        That is so if there are too few units of work, or if much larger operands are walked for
        a small result: of a convolution's kernel, each tile walks all windows of a batch.
        """
        if not self.summed:
            return False
        read, made = self._usual_traffic()
        large = read > LARGE_OPERANDS and PARTS * made < read
        large = large and int(resolve(self.summed[0][1], USUAL_BATCH)) >= PARTS
        return large or few_units(self.units(), self.work())

    def _usual_traffic(self) -> tuple[int, int]:
        """The bytes of both operands, and of the result."""
        memory = (self.a.memory, self.b.memory)
        read = sum(_usual_bytes(product(one.extents), one.dtype) for one in memory)
        return read, _usual_bytes(product(self.core.extents), self.dtype)

    def _part_count(self) -> int:
        """How many parts: so many that what each reads stays close by, but few to add up."""
        read, made = self._usual_traffic()
        size, parts = int(resolve(self.summed[0][1], USUAL_BATCH)), PARTS
        while read > parts * PART_OPERANDS and 4 * parts * made <= read and 2 * parts <= size:
            parts *= 2
        return min(parts, MOST_PARTS)

    def crowds_the_cache(self) -> bool:
        """Whether a panel of the second operand, used often, falls into few sets of the cache.

        That is so if its rows are a multiple of 1 KiB apart.
        """
        tiles = int(resolve(self.row_count, USUAL_BATCH)) // self.tile_rows
        return tiles >= MUCH_USED and self._crowded()

    def crowds_for_many_rows(self) -> bool:
        """Whether large weights crowd the cache so where a batch has many rows, and only there."""
        memory = self.b.memory
        weights = memory.op is None and not holds_dim(memory.extents)
        plain = weights and self.b.stride(self.column) == 1 and not self.reads_panels()
        large = plain and product(memory.extents) * BYTES[self.dtype] >= LEAST_BYTES  # type: ignore[operator]
        either = self.crowds_the_cache() or self.needs_masks() or self.in_parts()
        return large and holds_dim(self.row_count) and self._crowded() and not either

    def prefers_bf16x6(self) -> Extent:
        """1 where it is better done by the bf16x6 split, else 0: see `packed_layout.py`.

        That is so for products of large matrices. Windows would have to be written out; and of deep
        sums the slices of a few rows and columns fill the cache alone.
        """
        rows, columns = self.row_count, self.sizes[self.column]
        matrices = (
            product((size, self.depth)) == product(one.memory.extents)
            for size, one in ((rows, self.a), (columns, self.b))
        )
        possible = self.target.bf16_tiles and self.dtype == "float32" and not self.outer
        deep = int(resolve(self.depth, USUAL_BATCH)) > DEEP
        if not possible or not all(matrices) or deep:
            return 0
        return at_least(self.depth, SPLIT_DEPTH) * _much_used(rows, columns)

    def _crowded(self) -> bool:
        strides = [self.b.stride(label) for label, _ in self.summed]
        distances = [int(resolve(stride, USUAL_BATCH)) * BYTES[self.dtype] for stride in strides]
        return any(one and one % 1024 == 0 for one in distances)

    def needs_masks(self) -> bool:
        """Whether much of the work is a panel in part, which the CPU has no instruction to read."""
        columns = self.sizes[self.column]
        if self.target.masks or not isinstance(columns, int):
            return not self.target.masks
        return columns % self.width > 0 and columns < FEW_PANELS * self.width

    def panel_width(self) -> int | None:
        """How wide the panels are in which the result can be kept; None if it can not be."""
        rows, *more = self.core.extents
        if len(more) != 1 or self.out[0] != self.row or self.in_parts():
            return None
        columns, size = more[0], product(self.core.extents)
        whole = isinstance(rows, int) and isinstance(columns, int) and columns % self.width == 0
        large = isinstance(size, int) and size * BYTES[self.dtype] >= LEAST_BYTES
        return self.width if whole and large else None

    def can_read_panels(self, variable: Node, width: int) -> bool:
        """Whether a variable in panels can be the second operand, as it is or transposed."""
        if self.b.memory is not variable or self.a.memory is variable or len(self.summed) != 1:
            return False
        memory = {*self.fused.reads, *self.fused.nodes, self.core}
        epilogue = (node for node in self.fused.nodes if node is not self.core)
        if any(reaches(node, variable, memory - {variable}) for node in epilogue):
            return False
        ((summed, depth),) = self.summed
        rows, columns = variable.extents
        straight = self.b.place == Affine(0, {summed: columns, self.column: 1})
        across = self.b.place == Affine(0, {self.column: columns, summed: 1})
        return (straight and self.width == width and depth == rows) or (across and depth == columns)

    def reads_panels(self) -> bool:
        """Whether the second operand is in panels already, just as the tiles want it."""
        return self.b.memory in self.fused.panels and self.b.stride(self.column) == 1

    def cut(self, slot: int) -> None:
        """Sum in parts: each part is like one more place of the result."""
        self.parts_slot = slot
        self.name = f"{self.name}_parts"
        self.parts = self._part_count()
        self.sizes = {PART: self.parts, **self.sizes}
        self.outer = [PART, *self.outer]
        self.block = self._blocks()

    def _blocks(self) -> tuple[int, int] | None:
        """How a part is walked: the number of a summed label, and how many of its settings a block.

        A block is so short that all tiles of a unit read the same rows of the panel from the
        nearest cache. None if there is one tile, or if a part is short anyway.
        """
        room = BLOCK_BYTES // (self.width * BYTES[self.dtype])
        tiles = int(resolve(self.row_count, USUAL_BATCH)) / self.tile_rows
        sizes = [int(resolve(size, USUAL_BATCH)) for _, size in self.summed]
        sizes[0] = -(-sizes[0] // self.parts)
        inner = math.prod(sizes)
        if tiles <= 1 or inner <= room:
            return None
        number = -1
        while inner > room:
            number += 1
            inner //= max(1, sizes[number])
        blocks = -(-sizes[number] // (room // inner))
        return number, -(-sizes[number] // blocks)

    def part_range(self, b: Builder, part: Value) -> tuple[Value, Value]:
        """From where to where a part walks the first summed label."""
        size = self.summed[0][1]
        chunk, end = b.index(apply("ceildiv", size, self.parts)), b.index(size)
        low = b.minimum(b.mul(part, chunk), end)
        return low, b.minimum(b.add(low, chunk), end)

    @property
    def depth(self) -> Extent:
        """How many products a result sums."""
        return product(size for _, size in self.summed)

    def shared(self) -> list[str]:
        """The labels of the result that both operands have."""
        return [label for label in self.outer if self.b.stride(label) != 0]

    def _unravel(self, b: Builder, number: Value, labels: list[str]) -> dict[str, Value]:
        """A running number as the values of several labels, the last fastest."""
        return unravel(b, number, [(label, self.sizes[label]) for label in labels])

    def _zeros(self, b: Builder) -> dict[str, Value]:
        return dict.fromkeys(self.sizes, b.constant(0, "int64"))
