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
from geartrain.compiler.analysis.memory import Buffer
from geartrain.compiler.codegen.values import BYTES
from geartrain.compiler.kernels.copies import copy_kernel
from geartrain.compiler.kernels.expression import Unsupported
from geartrain.compiler.kernels.kernel import Kernel
from geartrain.compiler.passes.lower import lower
from geartrain.compiler.passes.state import Compilation, Reference
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
                nest=None if kernel.nest is None else kernel.nest.of(instead),
            )
            for kernel in self.kernels
        ]  # fmt: skip


LONGEST = 50_000  # lines of a kernel: views of views can ask for more than LLVM gets done in time


def lower_groups(c: Compilation) -> None:
    """From fusion groups to kernels; what has no code is left to the reference."""
    known: dict[Any, Lowered] = {}
    slots = c.slots | c.panel_slots
    for number, one in enumerate(c.groups):
        try:
            kernels = _lowered(c, f"k{number}", one, slots, known)
        except Unsupported as problem:
            c.steps.append(Reference(one, str(problem)))
            continue
        if not c.steps or isinstance(c.steps[-1], Reference):
            c.steps.append([])
        c.steps[-1].extend(kernels)  # type: ignore[union-attr]
        c.lowered.append(kernels)
        for kernel in kernels:
            for slot, size, dtype in kernel.workspace:
                c.workspace.append(Buffer(slot, size * BYTES[dtype], number, number))
    if c.copies:
        if not c.steps or isinstance(c.steps[-1], Reference):
            c.steps.append([])
        made = [copy_kernel(f"copy_{n}", *copy) for n, copy in enumerate(c.copies)]
        c.steps[-1].extend(made)  # type: ignore[union-attr]
        c.lowered.extend([one] for one in made)


def _lowered(
    c: Compilation, name: str, fused: FusionGroup, slots: Mapping[object, int],
    known: dict[Any, Lowered],
) -> list[Kernel]:  # fmt: skip
    """The kernels of what is fused: those of an earlier one, where it is alike."""
    found = key_of(fused, slots)
    if found is not None and found[0] in known:
        return known[found[0]].again(name, found[1], slots, c.new_slot)
    kernels = lower(name, fused, slots, c.target, c.new_slot)
    if sum(len(part.lines) for kernel in kernels for part in kernel.functions) > LONGEST:
        raise Unsupported("its code would be too long")
    if found is not None:
        known[found[0]] = Lowered(kernels, found[1], name)
    return kernels


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
