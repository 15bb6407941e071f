"""Ways to sum products in float32 from packed operands, for one tile of a result.

Each reads a panel of either operand as `pack.py` lays them out, and leaves the sums in memory,
row after row. Of narrow floats: `TileDot` by instructions that multiply whole tiles (AMX),
`PairDot` by one that adds two products to each lane (AVX-512 BF16), `WideDot` by multiply-adds of
float32, on any CPU. Of float32: `SplitDot`, by tiles of the slices of each number.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from geartrain.compiler.analysis.cost import USUAL_BATCH
from geartrain.compiler.codegen.builder import Builder, Value
from geartrain.compiler.kernels.matmul.bf16x6 import PRODUCTS, SLICES
from geartrain.compiler.targets import x86
from geartrain.compiler.targets.target import Target
from geartrain.graph.shapes import Extent, resolve

SHALLOW = 8  # terms of a sum below which a tile would hold mostly zeros


# Work that is overlapped with the multiplication of tiles, a little after each group of
# instructions: from the values that it hands on, it makes those for the next time.
Overlap = Callable[[list[Value]], list[Value]]


class Dot(ABC):
    """How the tiles of one product are summed.

    Attributes:
        rows, vectors, lanes: the size of a tile, and of its vectors.
        groups: how many neighbours along the summed axis lie together in either operand.
        step: how many terms are summed at a time.
        dtype: what the operands are packed as.
        products: which slices of two numbers are multiplied, where numbers are packed in slices.
        slices: into how many slices a number is split.
        speed: about how many times as fast as multiply-adds of float32.
        overlaps: whether multiplying takes so long that packing is better overlapped with it.
    """

    groups, step = (1, 1), 1
    dtype = "float32"
    products: tuple[tuple[int, int], ...] = ((0, 0),)
    slices = 1
    speed = 1
    overlaps = False

    def __init__(self, target: Target, rows: Extent, columns: Extent) -> None:
        self.target, self.lanes = target, target.lanes(4)
        most, vectors = target.tile()
        self.rows, self.vectors = _even(rows, most), _vectors(columns, vectors, self.lanes)
        self.width = self.vectors * self.lanes

    def begin(self, b: Builder) -> None:  # noqa: B027 (most need nothing)
        """What a thread does before its first tile."""

    def end(self, b: Builder) -> None:  # noqa: B027
        """What a thread does after its last tile."""

    @abstractmethod
    def write(
        self, b: Builder, first: str, second: str, low: Value, high: Value, results: str,
        overlap: Overlap, values: list[Value],
    ) -> list[Value]:  # fmt: skip
        """Sum the steps from `low` to `high` of two panels, into `rows` rows of `width`.

        Other work may be overlapped with it, or none: what `overlap` made of `values` is returned.
        """

    def _at(self, b: Builder, base: str, number: int) -> str:
        """The address of a 32-bit element."""
        return b.pointer(base, b.constant(number, "int64"), "float32")


class VectorDot(Dot):
    """By instructions on vectors: each row's number, repeated, meets the columns."""

    def write(
        self, b: Builder, first: str, second: str, low: Value, high: Value, results: str,
        overlap: Overlap, values: list[Value],
    ) -> list[Value]:  # fmt: skip
        """Sum in registers, which leaves none for other work."""
        count = self.rows * self.vectors
        zeros = [b.splat(b.constant(0, "float32"), self.lanes)] * count

        def iteration(step: Value, sums: list[Value]) -> list[Value]:
            a = b.pointer(first, b.mul(step, b.constant(self.rows, "int64")), "float32")
            at = b.pointer(second, b.mul(step, b.constant(self.width, "int64")), "float32")
            places = [self._at(b, at, v * self.lanes) for v in range(self.vectors)]
            columns = [self._column(b, place) for place in places]
            made = []
            for row in range(self.rows):
                repeated = self._repeated(b, self._at(b, a, row))
                for v, column in enumerate(columns):
                    made.append(self._add(b, repeated, column, sums[row * self.vectors + v]))
            return made

        sums = b.loop(low, high, 1, iteration, zeros)
        for n, total in enumerate(sums):
            b.store(total, self._at(b, results, n * self.lanes))
        return values

    @abstractmethod
    def _column(self, b: Builder, place: str) -> Value:
        """Numbers of the second operand, for a vector of columns."""

    @abstractmethod
    def _repeated(self, b: Builder, place: str) -> Value:
        """A row's number of the first operand, in each lane."""

    @abstractmethod
    def _add(self, b: Builder, x: Value, y: Value, total: Value) -> Value:
        """The total with the products."""


class WideDot(VectorDot):
    """By multiply-adds of float32; the operands are converted when they are packed."""

    def _column(self, b: Builder, place: str) -> Value:
        return b.load(place, "float32", self.lanes)

    def _repeated(self, b: Builder, place: str) -> Value:
        return b.splat(b.load(place, "float32"), self.lanes)

    def _add(self, b: Builder, x: Value, y: Value, total: Value) -> Value:
        return b.fma(x, y, total) if self.target.fma else b.add(total, b.mul(x, y))


class PairDot(VectorDot):
    """By an instruction that adds two products of bfloat16 to each float32."""

    groups, step = (2, 2), 2
    dtype = "bfloat16"
    speed = 2

    def _column(self, b: Builder, place: str) -> Value:
        return b.load(place, "bfloat16", 2 * self.lanes)

    def _repeated(self, b: Builder, place: str) -> Value:
        pair = b.splat(b.load(place, "int32"), self.lanes)
        return x86.repeated_pair(b, pair)

    def _add(self, b: Builder, x: Value, y: Value, total: Value) -> Value:
        return x86.add_products_of_pairs(b, x, y, total)


class TileDot(Dot):
    """By instructions that multiply tiles of 16 x 32 and 32 x 16: two by two of them at a time.

    There are eight tile registers: 0 to 3 hold sums, 4 and 5 rows, 6 and 7 columns.
    """

    groups, step = (32, 2), 32
    dtype = "bfloat16"
    speed = 8

    def __init__(self, target: Target, rows: Extent, columns: Extent) -> None:
        super().__init__(target, rows, columns)
        even = _even(rows, 32)
        self.high = 1 if even <= 16 else 2  # tiles one below the other
        self.tile_rows = -(-even // self.high)
        self.rows = self.high * self.tile_rows
        self.vectors = _vectors(columns, 2, self.lanes)
        self.width = self.vectors * self.lanes

    def begin(self, b: Builder) -> None:
        """Tell the processor the sizes of the tiles."""
        x86.configure_tiles(b, [self.tile_rows] * 6 + [16] * 2)

    def end(self, b: Builder) -> None:
        """Let the tiles go: they need not be kept when the thread is interrupted."""
        x86.release_tiles(b)

    def write(
        self, b: Builder, first: str, second: str, low: Value, high: Value, results: str,
        overlap: Overlap, values: list[Value],
    ) -> list[Value]:  # fmt: skip
        """Sum in tiles: the instructions for vectors have time for other work."""
        tiles = [(m, v) for m in range(self.high) for v in range(self.vectors)]
        row_bytes = 4 * self.width  # of the second operand: a pair of each column; and of results
        sizes = [16 * self.slices * self.rows, 16 * self.slices * self.width]  # of a step
        for m, v in tiles:
            x86.clear_tile(b, 2 * m + v)

        def iteration(step: Value, inside: list[Value]) -> list[Value]:
            a, at = (
                b.pointer(base, b.mul(step, b.constant(size, "int64")), "float32")
                for base, size in zip((first, second), sizes, strict=True)
            )
            held: dict[int, int] = {}  # which slice's tile a register holds
            for x, y in self.products:
                for m, v in tiles:
                    rows = 4 + m, x, a, 16 * (x * self.rows + m * self.tile_rows), 64
                    columns = 6 + v, y, at, 16 * y * self.width + v * self.lanes, row_bytes
                    for number, slice_, base, place, stride in (rows, columns):
                        if held.get(number) != slice_:
                            held[number] = slice_
                            x86.load_tile(b, number, self._at(b, base, place), stride)
                    x86.add_products_of_tiles(b, 2 * m + v, 4 + m, 6 + v)
                inside = overlap(inside)
            return inside

        values = b.loop(low, high, 1, iteration, values)
        for m, v in tiles:
            place = self._at(b, results, m * self.tile_rows * self.width + v * self.lanes)
            x86.store_tile(b, 2 * m + v, place, row_bytes)
        return values


class SplitDot(TileDot):
    """Products of float32 by tiles of bfloat16: see `bf16x6.py`."""

    products, slices = PRODUCTS, SLICES
    speed = 2
    overlaps = True


def dot_for(target: Target, dtype: str, rows: Extent, columns: Extent, depth: Extent) -> Dot:
    """The fastest way there is on a target."""
    if dtype == "float32":
        return SplitDot(target, rows, columns)
    if dtype == "bfloat16" and target.bf16_tiles and int(resolve(depth, USUAL_BATCH)) >= SHALLOW:
        return TileDot(target, rows, columns)
    if dtype == "bfloat16" and target.bf16_dot:
        return PairDot(target, rows, columns)
    return WideDot(target, rows, columns)


def _even(rows: Extent, most: int) -> int:
    """How many rows a tile has: as many as may be, or fewer so that all tiles are alike."""
    if not isinstance(rows, int) or rows == 0:
        return most
    return -(-rows // -(-rows // most))


def _vectors(columns: Extent, most: int, lanes: int) -> int:
    return 1 if isinstance(columns, int) and columns <= lanes else most
