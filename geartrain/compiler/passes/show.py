"""What a pass made, for human eyes: in a few words, and whole.

What prints is imported where it prints: most programs are compiled unseen.
"""

from __future__ import annotations

from geartrain.compiler.passes.state import Compilation, Reference
from geartrain.graph.node import sorted_nodes


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def graph_size(c: Compilation) -> str:
    """How many nodes there are."""
    return _count(len(sorted_nodes(c.ends)), "node")


def graph(c: Compilation) -> str:
    """The nodes, in the order of their use."""
    from geartrain.graph.printer import graph_text

    return graph_text(c.ends)


def groups_size(c: Compilation) -> str:
    """How many fusion groups there are."""
    rows = sum(group.rows is not None for group in c.groups)
    return _count(len(c.groups), "group") + (f", {rows} of rows" if rows else "")


def groups(c: Compilation) -> str:
    """What each group computes, as loops."""
    from geartrain.compiler.analysis.loop_text import loop_nest
    from geartrain.graph.formula import Names

    names = Names("")
    nests = (f"# k{number}\n{loop_nest(group, names)}" for number, group in enumerate(c.groups))
    return "\n\n".join(nests)


def aliases_size(c: Compilation) -> str:
    """How many new values take the place of the old."""
    over = sum(c.slots[old] == c.slots[new] for old, new in c.updates.items())
    return f"{over} of {_count(len(c.updates), 'update')} in place"


def places(c: Compilation) -> str:
    """The place of each node."""
    from geartrain.graph.formula import Names

    names = Names("")
    return "\n".join(f"{slot:5} {names.of(node)}" for node, slot in c.slots.items())  # type: ignore[arg-type]


def layouts_size(c: Compilation) -> str:
    """How many variables are in panels."""
    return _count(len(c.enter), "variable") + " in panels"


def layouts(c: Compilation) -> str:
    """The variables that are kept in panels."""
    from geartrain.graph.formula import Names

    names = Names("")
    found = (f"{names.of(node)}: place {slot}" for node, slot in c.panel_slots.items())
    return "\n".join(found) or "no variable is kept in panels"


def kernels_size(c: Compilation) -> str:
    """How many kernels there are, how many are different, and what is left to NumPy."""
    own = sum(kernel.like is None for kernel in c.kernels)
    left = sum(isinstance(step, Reference) for step in c.steps)
    return f"{_count(len(c.kernels), 'kernel')}, {own} different" + (
        f", {_count(left, 'step')} by NumPy" if left else ""
    )


def kernels(c: Compilation) -> str:
    """The kind of each kernel, and how its work is cut."""
    lines = [
        f"{one.name:16} {one.kind:22} units {one.units}, work {one.work}"
        + ("" if one.enabled == 1 else f", if {one.enabled}")
        + ("" if one.like is None else f", as {one.like.name}")
        for one in c.kernels
    ]
    lines += [f"by NumPy: {step.why}" for step in c.steps if isinstance(step, Reference)]
    return "\n".join(lines)


def memory_size(c: Compilation) -> str:
    """How many buffers there are."""
    return _count(len(c.buffers), "buffer")


def memory(c: Compilation) -> str:
    """When each buffer is needed."""
    return "\n".join(
        f"place {one.slot:5}: {one.size} bytes, kernels k{one.first} to k{one.last}"
        for one in c.buffers
    )


def text_size(c: Compilation) -> str:
    """How long the text is."""
    return f"{len(c.text):,} characters of IR"


def text(c: Compilation) -> str:
    """The module."""
    return c.text
