"""Weights in panels: variables that a program keeps in another order while it runs.

A product reads its second operand in panels: so many columns wide, one row after the other,

    w[k, c]  ->  panels[c // width, k, c % width]

If the same program also updates that variable, in the store of its gradient's product, all who
touch it walk over panels. So it is put into that order once, when the program begins, and back
when it ends, however many steps lie between: no step packs it, and every access is to neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping

from geartrain.compiler.builder import BYTES, Builder, Value
from geartrain.compiler.fused import Fused
from geartrain.compiler.indices import at_own_index
from geartrain.compiler.kernels import ARGUMENTS, BEGIN, END, Kernel, address
from geartrain.compiler.tiling import Tiling
from geartrain.compiler.values import summed_in
from geartrain.graph.affine import Affine, Index
from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent

PANEL = "panel"  # the loop variable that holds the first column of a tile


def place_in_panel(index: Index, rows: Extent, width: int) -> Affine:
    """The place of an element of a variable in panels, inside a tile that is one panel wide.

    The place is `first * rows + row * width + column - first`, with `first` the tile's column.

    >>> place_in_panel((Affine.variable("i"), Affine.variable("j")), 784, 32)
    32*i + j + 783*panel
    """
    row, column = index
    return row * width + column + Affine.variable(PANEL) * (rows - 1)


def choose(
    fused: list[Fused], updates: Mapping[Node, Node], slots: Mapping[object, int],
    plans: Mapping[int, Tiling],
) -> dict[Node, int]:  # fmt: skip
    """The variables that are kept in panels, with the width of these.

    Args:
        fused: all kernels.
        updates: the new value of each variable.
        slots: the place of each node; a variable that is updated in place shares its new value's.
        plans: how each product among the kernels is cut, by its number.
    """
    found: dict[Node, int] = {}
    for number, plan in plans.items():
        width = plan.panel_width()
        if width is None:
            continue
        kernel = fused[number]
        chosen = [
            variable for variable, value in updates.items()
            if value in kernel.nodes
            and slots[variable] == slots[value]
            and variable.extents == plan.core.extents
            and variable.dtype == summed_in(plan.dtype)
            and _fits(variable, value, number, width, fused, plans)
        ]  # fmt: skip
        read = any(variable in one.reads for variable in chosen for one in fused if one != kernel)
        found |= dict.fromkeys(chosen, width) if read else {}
    for kernel in fused:
        for variable, width in found.items():
            if variable in kernel.reads:
                kernel.panels[variable] = width
            if updates[variable] in kernel.nodes:
                kernel.panels[updates[variable]] = width
    return found


def _fits(
    variable: Node, value: Node, own: int, width: int, fused: list[Fused],
    plans: Mapping[int, Tiling],
) -> bool:  # fmt: skip
    """Whether all who read a variable can read it in panels."""
    for number, kernel in enumerate(fused):
        if number != own and value in kernel.reads:
            return False
        if variable not in kernel.reads:
            continue
        stored = {*kernel.reads, *kernel.nodes}
        if number == own:
            if not all(at_own_index(node, variable, stored) for node in kernel.nodes):
                return False
        elif number not in plans or not plans[number].can_read_panels(variable, width):
            return False
    return True


def panel_kernel(
    name: str, variable: Node, width: int, natural: int, panels: int, into: bool
) -> Kernel:
    """Copy a variable from its own order into panels, or back; a unit of work is one row."""
    rows, columns = variable.extents
    assert isinstance(rows, int) and isinstance(columns, int)
    b = Builder(name, ARGUMENTS, "internal")
    plain, packed = address(b, natural), address(b, panels)
    lanes = 64 // BYTES[variable.dtype]

    def row(k: Value, _: list[Value]) -> None:
        start = b.mul(k, b.constant(columns, "int64"))
        target = b.mul(k, b.constant(width, "int64"))

        def panel(first: Value, _: list[Value]) -> None:
            at = b.add(target, b.mul(first, b.constant(rows, "int64")))
            for lane in range(0, width, lanes):
                step = b.constant(lane, "int64")
                here = b.pointer(plain, b.add(b.add(start, first), step), variable.dtype)
                there = b.pointer(packed, b.add(at, step), variable.dtype)
                old, new = (here, there) if into else (there, here)
                b.store(b.load(old, variable.dtype, min(lanes, width)), new)

        b.loop(b.constant(0, "int64"), b.constant(columns, "int64"), width, panel)

    b.loop(BEGIN, END, 1, row)
    b.line("ret void")
    return Kernel(name, [], "into panels" if into else "out of panels", [b], rows, rows * columns)
