"""The passes of the compiler, in order: from the outputs of a graph to the text of a module.

    simplify        graph -> graph         what rules can write cheaper
    fuse            graph -> groups        what has memory, and what is computed where it is used
    group rows      groups -> fewer        several reductions of one row, and the maps between them
    schedule        groups -> groups       small reductions and products move to their sources
    alias updates   groups -> places       new values of variables take the place of the old
    choose layouts  places -> more         weights that are best kept in panels while a program runs
    lower           groups -> kernels      functions, in the words of a builder
    plan memory     kernels -> buffers     when the memory of each result is needed
    emit            kernels -> text        functions alike as one, phases, barriers: the module

The order is this since each asks for what the ones before have settled: rows are joined before the
schedule, which moves whole kernels; layouts ask which updates are in place; code asks for layouts.
The module's functions `run_0`, `run_1`, ... do the work, each called by all threads of a team at
once. A node without code is computed by its NumPy reference, between two of these functions.

Each pass is timed, and what it made is verified. `GEARTRAIN_SHOW=passes` prints a line for each;
the name of a pass there prints what it made.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from geartrain.compiler.passes import show, verify
from geartrain.compiler.passes.aliases import alias_updates
from geartrain.compiler.passes.emit import emit
from geartrain.compiler.passes.fuse import fuse
from geartrain.compiler.passes.layouts import choose_layouts
from geartrain.compiler.passes.memory import plan_memory
from geartrain.compiler.passes.reuse import lower_groups
from geartrain.compiler.passes.rows import group_rows
from geartrain.compiler.passes.schedule import near_sources
from geartrain.compiler.passes.state import Compilation, Reference
from geartrain.compiler.targets.target import Target
from geartrain.errors import unknown_name
from geartrain.graph.node import Node
from geartrain.graph.simplify import COMPILED, simplify

__all__ = ["PASSES", "Assembly", "Pass", "Reference", "Timed", "assemble"]


def _simplify(c: Compilation) -> None:
    found = simplify(c.ends, COMPILED)
    count = len(c.outputs)
    c.outputs, c.updates = found[:count], dict(zip(c.updates, found[count:], strict=True))


def _fuse(c: Compilation) -> None:
    c.groups = fuse(c.ends)


def _group_rows(c: Compilation) -> None:
    c.groups = group_rows(c.groups, c.ends)


def _schedule(c: Compilation) -> None:
    c.groups = near_sources(c.groups, c.updates)


class Pass(NamedTuple):
    """One pass.

    Attributes:
        name: what it is called.
        run: does it.
        verify: asserts that what it made is right.
        size: what it made, in a few words.
        show: what it made, as text.
    """

    name: str
    run: Callable[[Compilation], None]
    verify: Callable[[Compilation], None]
    size: Callable[[Compilation], str]
    show: Callable[[Compilation], str]


PASSES = (
    Pass("simplify", _simplify, verify.graph, show.graph_size, show.graph),
    Pass("fuse", _fuse, verify.groups, show.groups_size, show.groups),
    Pass("group rows", _group_rows, verify.groups, show.groups_size, show.groups),
    Pass("schedule", _schedule, verify.groups, show.groups_size, show.groups),
    Pass("alias updates", alias_updates, verify.places, show.aliases_size, show.places),
    Pass("choose layouts", choose_layouts, verify.places, show.layouts_size, show.layouts),
    Pass("lower", lower_groups, verify.kernels, show.kernels_size, show.kernels),
    Pass("plan memory", plan_memory, verify.memory, show.memory_size, show.memory),
    Pass("emit", emit, verify.text, show.text_size, show.text),
)


class Timed(NamedTuple):
    """What a pass made, in a few words, and how many seconds it took."""

    name: str
    size: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.name:15} {self.seconds * 1e3:8.2f} ms   {self.size}"


class Assembly(Compilation):
    """A program as text, and what running it takes.

    Attributes:
        passes: how long each pass took.
    """

    passes: list[Timed]


def assemble(
    outputs: Sequence[Node], updates: Mapping[Node, Node], target: Target, measurable: bool = False
) -> Assembly:
    """The program that computes `outputs`, and stores new values of variables.

    Args:
        outputs: the nodes to compute.
        updates: the new value of each variable, by the variable's node.
        target: the CPU to write code for.
        measurable: write a function `only_...` for each kernel as well, to measure them one by one.
    """
    made = _passed(Assembly(outputs, updates, target, measurable))
    left = [id(step.fused) for step in made.steps if isinstance(step, Reference)]
    if left and updates:  # again: a step of the reference may fail, and must find all as it was
        last = max(number for number, one in enumerate(made.groups) if id(one) in left)
        made = _passed(Assembly(outputs, updates, target, measurable, stores_from=last + 1))
    return made


def _passed(made: Assembly) -> Assembly:
    """A program after all passes."""
    wanted = _wanted()
    made.passes = []
    for one in PASSES:
        start = time.perf_counter()
        one.run(made)
        seconds = time.perf_counter() - start
        one.verify(made)
        made.passes.append(Timed(one.name, one.size(made), seconds))
        if one.name in wanted:
            print(f"-- {one.name}\n{one.show(made)}\n", file=sys.stderr)
    if "passes" in wanted:
        print("\n".join(map(str, made.passes)), file=sys.stderr)
    return made


def _wanted() -> set[str]:
    """What `GEARTRAIN_SHOW` asks for: "passes", or names of some."""
    asked = os.environ.get("GEARTRAIN_SHOW")
    if not asked:
        return set()
    found, known = {one.strip() for one in asked.split(",")}, {"passes", *(p.name for p in PASSES)}
    for name in found - known:
        raise unknown_name("value of GEARTRAIN_SHOW", name, known)
    return found
