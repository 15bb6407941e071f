"""Kernels that only copy: one tensor, or the rows of a batch from a whole data set."""

from __future__ import annotations

from geartrain.compiler.codegen.builder import BYTES, Builder, Value
from geartrain.compiler.kernels.kernel import (
    ARGUMENTS,
    BEGIN,
    BLOCK,
    END,
    Kernel,
    address,
    vector_loop,
)
from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent, apply, product


def copy_kernel(name: str, size: Extent, dtype: str, source: int, target: int) -> Kernel:
    """Copy a tensor from one slot to another."""
    b = Builder(name, ARGUMENTS, "internal")
    old, new = address(b, source), address(b, target)
    lanes = 64 // BYTES[dtype]
    stored = "uint8" if dtype == "bool" else dtype

    def block(i: Value, _: list[Value]) -> None:
        low = b.mul(i, b.constant(BLOCK, "int64"))
        high, last = b.add(low, b.constant(BLOCK, "int64")), b.index(size)
        high = b.select(b.compare("lt", high, last), high, last)

        def vector(at: Value, mask: Value | None, _: list[Value]) -> None:
            value = b.load(b.pointer(old, at, stored), stored, lanes, mask)
            b.store(value, b.pointer(new, at, stored), mask)

        vector_loop(b, low, high, lanes, vector)

    b.loop(BEGIN, END, 1, block)
    b.finish()
    return Kernel(name, [], "copy", [b], apply("ceildiv", size, BLOCK), size)


def gather_rows(name: str, node: Node, slot: int, data: int, order: int) -> Kernel:
    """Copy the rows of one batch from a whole data set, in a given order.

    Args:
        slot: the place of the address of the batch.
        data: the place of the address of the data set.
        order: the place of the address of the rows' numbers; the batch begins at number `%row`.
    """
    b = Builder(name, (*ARGUMENTS, ("i64", "%row")), "internal")
    numbers, source, target = address(b, order), address(b, data), address(b, slot)
    size = b.index(product(node.extents[1:]) * BYTES[node.dtype])

    def row(i: Value, _: list[Value]) -> None:
        at = b.pointer(numbers, b.add(i, Value("%row", "int64")), "int64")
        place = b.mul(b.load(at, "int64"), size)
        old = b.pointer(source, place, "uint8")
        new = b.pointer(target, b.mul(i, size), "uint8")
        b.copy_bytes(new, old, size)

    b.loop(BEGIN, END, 1, row)
    b.finish()
    return Kernel(name, [node], "gather rows", [b], node.extents[0], product(node.extents))
