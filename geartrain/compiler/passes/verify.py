"""What has to hold after a pass: asserted for every program, since it costs little."""

from __future__ import annotations

from geartrain.compiler.analysis.groups import in_memory
from geartrain.compiler.passes.state import Compilation
from geartrain.graph.node import Node, sorted_nodes


def graph(c: Compilation) -> None:
    """A new value has the shape and dtype of its variable; sources come before their readers."""
    for variable, value in c.updates.items():
        assert (variable.extents, variable.dtype) == (value.extents, value.dtype), variable
    seen: set[Node] = set()
    for node in sorted_nodes(c.ends):
        assert seen.issuperset(node.sources), node
        seen.add(node)


def groups(c: Compilation) -> None:
    """Every group comes after those it reads from; all that is asked for is stored, and once."""
    stored: set[Node] = set()
    for group in c.groups:
        missing = [node for node in group.reads if node not in stored and not in_memory(node)]
        assert not missing, f"{group} reads {missing}, which nothing before it stores"
        assert stored.isdisjoint(group.nodes), group
        stored.update(group.nodes)
    assert all(node in stored for node in c.ends if node.op is not None)


def places(c: Compilation) -> None:
    """What is in memory has a place; only a variable and its new value share one."""
    owners: dict[int, Node] = {}
    old = {value: variable for variable, value in c.updates.items()}
    for group in c.groups:
        for node in group.nodes:
            slot = c.slots[node]
            other = owners.setdefault(slot, old.get(node, node))
            assert other is node or other is old.get(node), f"{node} and {other} share a place"
        assert all(node in c.slots for node in group.reads), group


def kernels(c: Compilation) -> None:
    """Kernels have names of their own, and all that groups store is stored by one."""
    names = [kernel.name for kernel in c.kernels]
    assert len(set(names)) == len(names), names


def memory(c: Compilation) -> None:
    """Each place has memory once, from its first use to its last."""
    slots = [buffer.slot for buffer in c.buffers]
    assert len(set(slots)) == len(slots), slots
    assert all(buffer.first <= buffer.last for buffer in c.buffers)


def text(c: Compilation) -> None:
    """Every kernel has code; the rest is for LLVM's own verifier."""
    assert all(kernel.code and kernel.places for kernel in c.kernels)
