"""Weights in panels: variables that a program keeps in another order while it runs.

A product reads its second operand in panels: so many columns wide, one row after the other,

    w[k, c]  ->  panels[c // width, k, c % width]

If the same program also updates that variable, in the store of its gradient's product, all who
touch it walk over panels. So it is put into that order once, when the program begins, and back
when it ends, however many steps lie between: no step packs it, and every access is to neighbours.
"""

from __future__ import annotations

from geartrain.compiler.codegen.builder import BYTES, Builder, Value
from geartrain.compiler.kernels.kernel import ARGUMENTS, BEGIN, END, Kernel, address
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
    b.finish()
    return Kernel(name, [], "into panels" if into else "out of panels", [b], rows, rows * columns)
