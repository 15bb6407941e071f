"""What is fused alike is lowered once: a later block of a network gets the kernels of an earlier.

Goes in: what is fused, and the slots of its tensors. Comes out: a key that is equal where lowering
writes the same code, up to names and slots.

    relu(x0 + b0) -> h0, slots 3 4 5        one key, one lowering;
    relu(h0 + b1) -> h1, slots 5 6 7        the second's kernels are the first's, with 3 -> 5, ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.kernels.kernel import Kernel
from geartrain.graph.node import Constant, Node
from geartrain.graph.op import Scan, read_sources


@dataclass(frozen=True)
class Lowered:
    """Kernels, and the nodes and the name that they were written for."""

    kernels: list[Kernel]
    nodes: list[Node]
    name: str

    def again(
        self, name: str, nodes: list[Node], slots: Mapping[object, int],
        new_slot: Callable[[], int],
    ) -> list[Kernel]:  # fmt: skip
        """The same kernels for other nodes: another `name`, other places in the table.

        Args:
            name: what their names begin with.
            nodes: the nodes in place of `self.nodes`.
            slots: the places of all nodes.
            new_slot: gives a place for a workspace.
        """
        instead = dict(zip(self.nodes, nodes, strict=True))
        moved = {slots[old]: slots[new] for old, new in instead.items() if old in slots}
        for kernel in self.kernels:
            for slot, _, _ in kernel.workspace:
                if slot not in moved:
                    moved[slot] = new_slot()
        return [
            replace(
                kernel, name=name + kernel.name.removeprefix(self.name), like=kernel, moved=moved,
                nodes=[instead[node] for node in kernel.nodes],
                workspace=[(moved[slot], size, dtype) for slot, size, dtype in kernel.workspace],
                packs=None if kernel.packs is None else instead[kernel.packs],
            )
            for kernel in self.kernels
        ]  # fmt: skip


def key_of(fused: FusionGroup, slots: Mapping[object, int]) -> tuple[Any, list[Node]] | None:
    """A key of what lowering depends on, and the nodes in the order in which it names them.

    None for loops over time: their bodies have tables of addresses of their own.
    """
    op = fused.core.op if fused.core is not None else None
    if op is not None and isinstance(op.lower, Scan):
        return None
    numbers: dict[Node, int] = {}
    described: list[Any] = []
    memory = {*fused.reads}
    for start in [*fused.reads, *fused.members(), *fused.panels]:
        _describe(start, memory, numbers, described)
    rows = fused.rows and (fused.rows.outer, fused.rows.size)
    lists = (fused.members(), fused.nodes, [*fused.panels])
    numbered = tuple(tuple(numbers[node] for node in some) for some in lists)
    place: dict[int, int] = {}
    placed = tuple(
        place.setdefault(slots[node], len(place)) if node in slots else None for node in numbers
    )
    core = None if fused.core is None else numbers[fused.core]
    key = (tuple(described), numbered, core, rows, tuple(fused.panels.values()), placed)
    return key, list(numbers)


def _describe(
    start: Node, memory: set[Node], numbers: dict[Node, int], described: list[Any]
) -> None:
    """Number a node behind its sources, down to memory; one line of description for each."""
    stack = [(start, False)]
    while stack:
        node, sources_done = stack.pop()
        if node in numbers:
            continue
        inside = node not in memory and node.op is not None
        if inside and not sources_done:
            stack.append((node, True))
            stack.extend((source, False) for source in reversed(read_sources(node)))
            continue
        numbers[node] = len(numbers)
        line: tuple[Any, ...] = (node.op, node.extents, node.dtype)
        if inside:
            params = tuple(sorted(node.params.items()))
            line = (*line, params, tuple(numbers[source] for source in read_sources(node)))
        elif isinstance(node.leaf, Constant) and node.extents == ():
            line = (*line, node.leaf.value.tobytes())
        described.append(line)
