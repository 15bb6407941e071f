"""How a product whose operands are both packed is cut into tiles; its sums are in float32.

That are products of bfloat16 and float16, and those of float32 that are split into slices. How a
tile is summed is for the CPU's `Dot` to say, and with it how operands are packed: in panels, each
of some rows of the first operand (or columns of the second), for all of the summed axis, padded
with zeros:

    [shared..., panel, groups of the summed axis, rows of a panel, places in a group]

A pair of bfloat16 is one 32-bit slot, as a float32 is. Numbers that are packed in slices lie in
steps of 32 along the summed axis, and pair each of the first 16 with one of the others, which takes
no shuffling:

    [shared..., panel, step, slice, groups of the step, rows of a panel, places in a group]

The windows of a convolution are written out when they are packed: that takes their memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from geartrain.compiler.analysis.cost import USUAL_BATCH, few_units
from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.codegen.builder import Builder, Value
from geartrain.compiler.kernels.kernel import address, at_least
from geartrain.compiler.kernels.matmul.dots import Dot, dot_for
from geartrain.compiler.kernels.matmul.tiling import (
    PART,
    ROWS_PER_UNIT,
    Cut,
    Labels,
    Operand,
    merged,
)
from geartrain.compiler.kernels.reduce import PARTS
from geartrain.compiler.targets.target import Target
from geartrain.graph.shapes import Extent, apply, product, resolve

COPY_ELEMENTS = 1 << 19  # so many leave room for more in a core's own cache
SHORT = 8192  # elements of a panel that is sooner read again than the rows of results are left


def in_runs(labels: Labels, lanes: int) -> bool:
    """Whether a vector along labels stays within one run of the last: always at constant steps."""
    last = labels[-1][1] if labels else 1
    return len(labels) <= 1 or (isinstance(last, int) and last % lanes == 0)


@dataclass
class Panels:
    """One operand as it is packed.

    Attributes:
        name: of the kernel that packs.
        operand: what is packed.
        own: the labels that are rows (or columns) of a panel, as one.
        summed: the labels that are summed, as one.
        shared: the other labels that the operand depends on.
        width: how many rows (or columns) a panel has.
        group: how many neighbours along the summed axis lie together.
        dot: how the product is summed: its steps along that axis, dtype and slices.
        slot: the place of its address in the table.
        kept: how wide the panels are in which a variable is kept already, if it is.
        copies: whether there are two copies, if the whole is small.
    """

    name: str
    operand: Operand
    own: Labels
    summed: Labels
    shared: Labels
    width: int
    group: int
    dot: Dot
    slot: int
    kept: int | None = None
    copies: bool = False

    def __post_init__(self) -> None:
        self.dtype, step = self.dot.dtype, self.dot.step
        self.halves = 1 if self.dtype == "float32" else 2  # elements in a slot
        self.size = product(size for _, size in self.own)
        self.depth = product(size for _, size in self.summed)
        self.panels = apply("ceildiv", self.size, self.width)
        self.groups = apply("ceildiv", self.depth, step) * (step // self.group)
        self.slots = self.groups * (self.group // self.halves)  # along the summed axis
        self.panel_size = self.groups * (self.group * self.width * self.dot.slices)

    def units(self) -> Extent:
        """How many panels there are in all."""
        return product(size for _, size in self.shared) * self.panels

    def elements(self) -> Extent:
        """How many elements are packed, padding included."""
        return self.units() * self.panel_size

    def workspace(self) -> tuple[int, Extent, str]:
        """The memory: for a second copy, there is as much more as that may have."""
        size = self.elements()
        more = apply("min", size, COPY_ELEMENTS) if self.copies else 0
        return self.slot, size + more, self.dtype

    def small(self) -> Extent | None:
        """1 if it is so small that there are two copies, else 0; None if there never are."""
        return 1 - at_least(self.elements(), COPY_ELEMENTS + 1) if self.copies else None

    def copy(self) -> list[tuple[str, str]]:
        """The argument that tells the number of the copy, of functions that use the memory."""
        return [("i64", "%copy")] if self.copies else []

    def memory(self, b: Builder) -> str:
        """The address, in a function that has this argument."""
        base = address(b, self.slot)
        if not self.copies:
            return base
        before = b.mul(Value("%copy", "int64"), b.index(self.elements()))
        return b.pointer(base, before, self.dtype)

    def start(self, b: Builder, base: str, loops: dict[str, Value], panel: Value) -> str:
        """The address of a panel."""
        number = b.constant(0, "int64")
        for label, size in self.shared:
            number = b.add(b.mul(number, b.index(size)), loops[label])
        number = b.add(b.mul(number, b.index(self.panels)), panel)
        return b.pointer(base, b.mul(number, b.index(self.panel_size)), self.dtype)


class Packed:
    """The geometry of one product.

    Its columns are the last label of the result, its rows all labels of the first operand alone.

    Attributes:
        dot: how tiles are summed.
        first, second: the operands' panels.
        rows, row_count: the labels of the rows, and how many rows they make.
        column, columns: the label of the columns, and how many there are.
        outer: the other labels of the result, with their sizes.
        per_unit: how many tiles of a panel of columns are one unit of work.
        parts_slot: the place of the sums in parts, if they are.
    """

    def __init__(
        self, name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target,
        new_slot: Callable[[], int], cut: Cut,
    ) -> None:  # fmt: skip
        assert fused.core is not None
        self.name, self.fused, self.core, self.slots = name, fused, fused.core, slots
        self.target, self.sizes, self.out, self.new_slot = target, cut.sizes, cut.out, new_slot
        self.parts_slot = 0
        sizes, out, own, a, b = cut.sizes, cut.out, cut.rows, cut.a, cut.b
        longer = [label for label in sizes if sizes[label] != 1]
        summed = merged([label for label in longer if label not in out], sizes, [a, b])
        column = out[-1]
        self.column, self.columns = column, sizes[column]
        self.depth = product(size for _, size in summed)
        count = product(sizes[label] for label in own)
        self.dot = dot_for(target, self.core.dtype, count, self.columns, self.depth)
        lanes = target.lanes(4)
        along_depth = bool(summed) and a.stride(summed[-1][0]) == 1 and in_runs(summed, lanes)
        runs = merged(own, sizes, [a])
        aligned = in_runs(runs, lanes) and (len(runs) == 1 or self.dot.rows % lanes == 0)
        if not along_depth and not aligned:
            own = own[-1:]  # or vectors of rows would lie in several runs
            count = sizes[own[0]]
            self.dot = dot_for(target, self.core.dtype, count, self.columns, self.depth)
        self.rows: Labels = [(label, sizes[label]) for label in own]
        self.row_count = count
        others = [label for label in out[:-1] if label in longer and label not in own]
        self.outer: Labels = [(label, sizes[label]) for label in others]

        def panels(letter: str, operand: Operand, own: Labels, width: int, group: int) -> Panels:
            shared = [one for one in self.outer if operand.stride(one[0]) != 0]
            return Panels(
                f"{name}_pack_{letter}", operand, own, summed, shared, width, group,
                self.dot, new_slot(), fused.panels.get(operand.memory),
            )  # fmt: skip

        groups, columns = self.dot.groups, [(column, self.columns)]
        self.first = panels("a", a, merged(own, sizes, [a]), self.dot.rows, groups[0])
        self.second = panels("b", b, columns, self.dot.width, groups[1])
        # where panels are short, the tiles of a row come one after the other: so does their memory
        short = int(resolve(self.depth, USUAL_BATCH)) * self.dot.width <= SHORT
        self.per_unit: Extent = 1 if short else max(1, ROWS_PER_UNIT // self.dot.rows)
        self.kept = any(node in fused.panels for node in fused.nodes)
        if self.kept:
            self.per_unit = self.first.panels  # results lie in panels, one after the other
        self.row_groups = apply("ceildiv", self.first.panels, self.per_unit)

    def units(self) -> Extent:
        """How many units of work there are: some tiles of one panel of columns each."""
        return product(size for _, size in self.outer) * self.row_groups * self.second.panels

    def work(self) -> Extent:
        """About how many operations there are."""
        return 2 * self.depth * product(self.core.extents)

    def too_few(self) -> bool:
        """Whether there is too little for several threads, unless sums are cut into parts.

        Results that are kept in panels never are: what joins parts walks over rows.
        """
        if self.kept:
            return False
        work = 2 * apply("ceildiv", self.depth, self.dot.speed) * product(self.core.extents)
        return few_units(self.units(), work)

    def cut(self) -> None:
        """Sum in parts: each part is like one more place of the result."""
        self.parts_slot = self.new_slot()
        self.outer = [(PART, PARTS), *self.outer]

    def part(self, b: Builder, outer: dict[str, Value]) -> tuple[Value, Value]:
        """From which group of the summed axis to which."""
        count = apply("ceildiv", self.depth, self.dot.step)
        low, high = b.constant(0, "int64"), b.index(count)
        if not self.parts_slot:
            return low, high
        chunk = b.index(apply("ceildiv", count, PARTS))
        low = b.minimum(b.mul(outer[PART], chunk), high)
        return low, b.minimum(b.add(low, chunk), high)
