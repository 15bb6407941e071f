"""Places in the table of addresses: which values share memory with a variable."""

from __future__ import annotations

from geartrain.compiler.analysis.groups import in_memory, looks_up, reaches
from geartrain.compiler.analysis.index_maps import at_own_index
from geartrain.compiler.analysis.memory import Buffer
from geartrain.compiler.codegen.values import BYTES
from geartrain.compiler.passes.state import Compilation
from geartrain.graph.node import Node
from geartrain.graph.shapes import product


def alias_updates(c: Compilation) -> None:
    """Give each node in memory a place: new values of variables over the old, where they may be."""
    # what is looked up may be outside its table: before that is known, no variable changes
    looking = (number + 1 for number, group in enumerate(c.groups) if looks_up(group))
    c.stores_from = max(c.stores_from, *looking, 0)
    fused = c.groups
    for kernel in fused:
        for node in kernel.reads:
            if in_memory(node) and node not in c.slots:
                c.slots[node] = c.new_slot()
    values = list(c.updates.values())
    end = len(fused)
    for variable, value in c.updates.items():
        if variable not in c.slots:
            c.slots[variable] = c.new_slot()
        if value.op is None and value not in c.slots:
            c.slots[value] = c.new_slot()
        alone = value not in c.outputs and values.count(value) == 1
        if alone and value.op is not None and _in_place(c, variable, value):
            c.slots[value] = c.slots[variable]
    for kernel in fused:
        for node in kernel.nodes:
            if node not in c.slots:
                c.slots[node] = c.new_slot()
    for variable, value in c.updates.items():
        source, size = c.slots[value], product(variable.extents)
        if source == c.slots[variable]:
            continue
        if value in c.updates:  # a variable that gets a new value itself: keep its old one
            source = c.new_slot()
            c.copies.insert(0, (size, variable.dtype, c.slots[value], source))
            c.workspace.append(Buffer(source, size * BYTES[variable.dtype], end, end))
        c.copies.append((size, variable.dtype, source, c.slots[variable]))


def _in_place(c: Compilation, variable: Node, value: Node) -> bool:
    """Whether the new value may overwrite the old: nobody reads the old one afterwards."""
    fused = c.groups
    (at,) = (number for number, kernel in enumerate(fused) if value in kernel.nodes)
    if at < c.stores_from or any(variable in kernel.reads for kernel in fused[at + 1 :]):
        return False
    if any(new is variable for new in c.updates.values()):
        return False
    host = fused[at]
    if variable not in host.reads:
        return True
    stored = {*host.reads, *host.members()}
    if host.rows is not None:
        if [one for one in host.rows.steps if reaches(one, variable, stored)] != [value]:
            return False
        return at_own_index(value, variable, stored)
    if host.core is not None and reaches(host.core, variable, stored - {host.core}):
        return False
    return all(at_own_index(node, variable, stored) for node in host.nodes)
