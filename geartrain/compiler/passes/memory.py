"""When the memory of each result is needed, and the places of the data of whole epochs."""

from __future__ import annotations

from geartrain.compiler.analysis.memory import Buffer
from geartrain.compiler.codegen.values import BYTES
from geartrain.compiler.passes.state import Compilation, EpochSlots, Reference
from geartrain.graph.node import Node
from geartrain.graph.shapes import BATCH, product


def plan_memory(c: Compilation) -> None:
    """When each stored node is first and last needed; steps are numbered by kernel."""
    fused, copied = c.groups, {source for _, _, source, _ in c.copies}
    outside = {c.slots[node] for node in c.updates}
    outside |= {c.slots[node] for node in c.outputs if node.op is not None}
    end = len(fused)
    found: dict[int, Buffer] = {}
    for number, kernel in enumerate(fused):
        for node in kernel.nodes:
            slot = c.slots[node]
            if slot not in outside:
                size = product(node.extents) * BYTES[node.dtype]
                last = end if slot in copied else number
                found[slot] = Buffer(slot, size, number, last)
        for node in kernel.reads:
            if node.op is not None and c.slots[node] in found:
                buffer = found[c.slots[node]]
                buffer.last = max(buffer.last, number)
    c.buffers = [*found.values(), *c.workspace]
    c.epoch = _epoch_slots(c)


def _epoch_slots(c: Compilation) -> EpochSlots | None:
    """Places for the data of whole epochs, if all steps have code."""
    inputs = [
        node for node in c.slots
        if isinstance(node, Node) and node.op is None and BATCH in node.extents[:1]
    ]  # fmt: skip
    if len(c.steps) != 1 or isinstance(c.steps[0], Reference) or not inputs:
        return None
    slots = {node: c.new_slot() for node in inputs}
    return EpochSlots(c.new_slot(), c.new_slot(), c.new_slot(), slots)
