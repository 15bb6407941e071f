"""Putting a program together: kernels in phases, and a table of addresses that they share.

Goes in: the outputs of a graph, and the new values of variables. Comes out: the text of a module
whose functions `run_0`, `run_1`, ... do the work, each called by all threads of a team at once;
`phases.py` has the functions around them.

A node that the compiler has no code for is computed by its NumPy reference, between two of these
functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from geartrain.compiler.analysis.groups import FusionGroup, in_memory, looks_up, reaches
from geartrain.compiler.analysis.index_maps import at_own_index
from geartrain.compiler.analysis.memory import Buffer
from geartrain.compiler.codegen.builder import BYTES, REPORT
from geartrain.compiler.codegen.legalize import without_fma
from geartrain.compiler.codegen.module import module_text
from geartrain.compiler.codegen.team import team_text
from geartrain.compiler.kernels.copies import copy_kernel, gather_rows
from geartrain.compiler.kernels.expression import Unsupported
from geartrain.compiler.kernels.kernel import Kernel
from geartrain.compiler.kernels.matmul.layout import panel_kernel
from geartrain.compiler.launch.phases import (
    Around,
    StepCounts,
    epoch_function,
    epoch_step_function,
    only_function,
    run_function,
    step_function,
    sweep_function,
)
from geartrain.compiler.passes.fuse import fuse
from geartrain.compiler.passes.layouts import choose
from geartrain.compiler.passes.lower import lower, product_plan
from geartrain.compiler.passes.reuse import Lowered, key_of
from geartrain.compiler.passes.schedule import near_sources
from geartrain.compiler.passes.share import share
from geartrain.compiler.targets.machine import waiting
from geartrain.compiler.targets.target import Target
from geartrain.graph.node import Node
from geartrain.graph.shapes import BATCH, Extent, product

LONGEST = 50_000  # lines of a kernel: views of views can ask for more than LLVM gets done in time


@dataclass
class Reference:
    """A step that is left to the NumPy reference.

    Attributes:
        fused: the nodes to compute, and what they read.
        why: what the compiler lacks.
    """

    fused: FusionGroup
    why: str


Step = Reference | list[Kernel]


@dataclass
class EpochSlots:
    """Where `epoch` finds the data set.

    Attributes:
        order: the place of the address of the rows' numbers (int64), in the order to take them.
        steps: the place of the number of steps to do.
        last: the place of the number of rows of the last one.
        inputs: for each input that has a batch axis, the place of the address of its whole data.
    """

    order: int
    steps: int
    last: int
    inputs: dict[Node, int]


@dataclass
class Assembly:
    """A program as text, and what running it takes.

    Attributes:
        text: the module.
        steps: what `run_0`, `run_1`, ... do; between them, steps for the reference.
        slots: the place of each node in the table of addresses (place 0 holds the batch size,
            place `REPORT` what was found outside a tensor).
        buffers: the results that need memory of the program's own.
        epoch: the places that a whole epoch needs besides; None if some step has no code.
        size: how many places the table has.
        work: about how many scalar operations the whole takes.
        groups: what each kernel computes; the kernels of number n have names that begin with `kn`.
    """

    text: str
    steps: list[Step]
    slots: dict[object, int]
    buffers: list[Buffer]
    epoch: EpochSlots | None
    size: int
    work: Extent
    groups: list[FusionGroup]


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
    assembly = _Assembler(outputs, updates, target, measurable).assembly()
    left = [id(step.fused) for step in assembly.steps if isinstance(step, Reference)]
    if left and updates:  # again: a step of the reference may fail, and must find all as it was
        last = max(number for number, one in enumerate(assembly.groups) if id(one) in left)
        return _Assembler(outputs, updates, target, measurable, stores_from=last + 1).assembly()
    return assembly


@dataclass
class _Assembler:
    outputs: Sequence[Node]
    updates: Mapping[Node, Node]
    target: Target
    measurable: bool = False
    stores_from: int = 0  # the first kernel that may store the new value of a variable
    slots: dict[object, int] = field(default_factory=dict)
    workspace: list[Buffer] = field(default_factory=list)
    size: int = REPORT + 1
    panel_slots: dict[Node, int] = field(default_factory=dict)
    enter: list[Kernel] = field(default_factory=list)  # what is done once, before the first step
    leave: list[Kernel] = field(default_factory=list)  # and after the last
    known: dict[Any, Lowered] = field(default_factory=dict)  # what is alike is lowered once
    lowered: list[list[Kernel]] = field(default_factory=list)  # what became of each fused kernel

    def assembly(self) -> Assembly:
        """Fuse, place, write."""
        fused = fuse([*self.outputs, *self.updates.values()])
        fused = near_sources(fused, self.updates)
        # what is looked up may be outside its table: before that is known, no variable changes
        looking = (number + 1 for number, kernel in enumerate(fused) if looks_up(kernel))
        self.stores_from = max(self.stores_from, *looking, 0)
        copies = self._place(fused)
        self._choose_panels(fused)
        steps = self._steps(fused)
        if copies:
            if not steps or isinstance(steps[-1], Reference):
                steps.append([])
            made = [copy_kernel(f"copy_{n}", *copy) for n, copy in enumerate(copies)]
            steps[-1].extend(made)  # type: ignore[union-attr]
            self.lowered.extend([one] for one in made)
        kernels = [kernel for step in steps if isinstance(step, list) for kernel in step]
        work: Extent = 0
        for kernel in kernels:
            work = work + kernel.work * kernel.enabled
        buffers = self._buffers(fused, {slot for _, _, slot, _ in copies})
        epoch = self._epoch_slots(steps)
        text = self._text(steps, epoch)
        return Assembly(text, steps, self.slots, buffers, epoch, self.size, work, fused)

    def _slot(self) -> int:
        self.size += 1
        return self.size - 1

    # -- places -----------------------------------------------------------------------------------

    def _place(self, fused: list[FusionGroup]) -> list[tuple[Extent, str, int, int]]:
        """Give each node in memory a slot; the copies that remain to do at the end."""
        for kernel in fused:
            for node in kernel.reads:
                if in_memory(node) and node not in self.slots:
                    self.slots[node] = self._slot()
        values = list(self.updates.values())
        copies: list[tuple[Extent, str, int, int]] = []
        end = len(fused)
        for variable, value in self.updates.items():
            if variable not in self.slots:
                self.slots[variable] = self._slot()
            if value.op is None and value not in self.slots:
                self.slots[value] = self._slot()
            alone = value not in self.outputs and values.count(value) == 1
            if alone and value.op is not None and self._in_place(variable, value, fused):
                self.slots[value] = self.slots[variable]
        for kernel in fused:
            for node in kernel.nodes:
                if node not in self.slots:
                    self.slots[node] = self._slot()
        for variable, value in self.updates.items():
            source, size = self.slots[value], product(variable.extents)
            if source == self.slots[variable]:
                continue
            if value in self.updates:  # a variable that gets a new value itself: keep its old one
                source = self._slot()
                copies.insert(0, (size, variable.dtype, self.slots[value], source))
                self.workspace.append(Buffer(source, size * BYTES[variable.dtype], end, end))
            copies.append((size, variable.dtype, source, self.slots[variable]))
        return copies

    def _in_place(self, variable: Node, value: Node, fused: list[FusionGroup]) -> bool:
        """Whether the new value may overwrite the old: nobody reads the old one afterwards."""
        (at,) = (number for number, kernel in enumerate(fused) if value in kernel.nodes)
        if at < self.stores_from or any(variable in kernel.reads for kernel in fused[at + 1 :]):
            return False
        if any(new is variable for new in self.updates.values()):
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

    def _buffers(self, fused: list[FusionGroup], copied: set[int]) -> list[Buffer]:
        """When each stored node is first and last needed; steps are numbered by kernel."""
        outside = {self.slots[node] for node in self.updates}
        outside |= {self.slots[node] for node in self.outputs if node.op is not None}
        end = len(fused)
        found: dict[int, Buffer] = {}
        for number, kernel in enumerate(fused):
            for node in kernel.nodes:
                slot = self.slots[node]
                if slot not in outside:
                    size = product(node.extents) * BYTES[node.dtype]
                    last = end if slot in copied else number
                    found[slot] = Buffer(slot, size, number, last)
            for node in kernel.reads:
                if node.op is not None and self.slots[node] in found:
                    buffer = found[self.slots[node]]
                    buffer.last = max(buffer.last, number)
        return [*found.values(), *self.workspace]

    def _choose_panels(self, fused: list[FusionGroup]) -> None:
        """Decide which variables this program keeps in panels while it runs."""
        if self.stores_from:
            return  # the reference reads variables in their own order
        plans = {
            number: plan for number, one in enumerate(fused)
            if (plan := product_plan(one, self.slots, self.target)) is not None
        }  # fmt: skip
        kept = choose(fused, self.updates, self.slots, plans)
        for number, (variable, width) in enumerate(kept.items()):
            slot, size = self._slot(), product(variable.extents) * BYTES[variable.dtype]
            self.workspace.append(Buffer(slot, size, 0, len(fused)))
            self.panel_slots |= {variable: slot, self.updates[variable]: slot}
            given = (variable, width, self.slots[variable], slot)
            self.enter.append(panel_kernel(f"enter_{number}", *given, into=True))
            self.leave.append(panel_kernel(f"leave_{number}", *given, into=False))

    def _epoch_slots(self, steps: list[Step]) -> EpochSlots | None:
        """Places for the data of whole epochs, if all steps have code."""
        inputs = [
            node for node in self.slots
            if isinstance(node, Node) and node.op is None and BATCH in node.extents[:1]
        ]  # fmt: skip
        if len(steps) != 1 or isinstance(steps[0], Reference) or not inputs:
            return None
        slots = {node: self._slot() for node in inputs}
        return EpochSlots(self._slot(), self._slot(), self._slot(), slots)

    # -- steps ------------------------------------------------------------------------------------

    def _steps(self, fused: list[FusionGroup]) -> list[Step]:
        steps: list[Step] = []
        slots = self.slots | self.panel_slots
        for number, one in enumerate(fused):
            try:
                kernels = self._lowered(f"k{number}", one, slots)
            except Unsupported as problem:
                steps.append(Reference(one, str(problem)))
                continue
            if not steps or isinstance(steps[-1], Reference):
                steps.append([])
            steps[-1].extend(kernels)  # type: ignore[union-attr]
            self.lowered.append(kernels)
            for kernel in kernels:
                for slot, size, dtype in kernel.workspace:
                    self.workspace.append(Buffer(slot, size * BYTES[dtype], number, number))
        return steps

    def _lowered(self, name: str, fused: FusionGroup, slots: Mapping[object, int]) -> list[Kernel]:
        """The kernels of what is fused: those of an earlier one, where it is alike."""
        found = key_of(fused, slots)
        if found is not None and found[0] in self.known:
            known, nodes = self.known[found[0]], found[1]
            return known.again(name, nodes, slots, self._slot)
        kernels = lower(name, fused, slots, self.target, self._slot)
        if sum(len(part.lines) for kernel in kernels for part in kernel.functions) > LONGEST:
            raise Unsupported("its code would be too long")
        if found is not None:
            self.known[found[0]] = Lowered(kernels, found[1], name)
        return kernels

    # -- text -------------------------------------------------------------------------------------

    def _text(self, steps: list[Step], epoch: EpochSlots | None) -> str:
        """The module: kernels, then the functions that run them in order."""
        compiled = [step for step in steps if not isinstance(step, Reference)]
        gathers = [] if epoch is None else [
            gather_rows(f"gather_{n}", node, self.slots[node], slot, epoch.order)
            for n, (node, slot) in enumerate(epoch.inputs.items())
        ]  # fmt: skip
        together = [*self.lowered, *([one] for one in (*self.enter, *self.leave, *gathers))]
        texts = share(together)
        around = Around(bool(self.enter), self.target.triple if self.updates else "")
        callers = [
            step_function(name, some)
            for name, some in (("enter", self.enter), ("leave", self.leave)) if some
        ]  # fmt: skip
        for number, step in enumerate(compiled):
            callers += [step_function(f"step_{number}", step), run_function(number, around)]
            callers += [only_function(kernel, around) for kernel in step if self.measurable]
        if epoch is not None:
            counts = StepCounts(epoch.steps, epoch.last, around)
            callers += [epoch_step_function(gathers), epoch_function(counts)]
            callers += [sweep_function(counts, self._moving(epoch))]
        functions = [one for kernels in together for kernel in kernels for one in kernel.functions]
        team = team_text(waiting(self.target.triple))
        text = module_text(functions, callers, team, *texts)
        return text if self.target.fma else without_fma(text)

    def _moving(self, epoch: EpochSlots) -> dict[int, Extent]:
        """By how many bytes the addresses of rows of inputs and outputs move on after a step."""
        outputs = [node for node in self.outputs if node.op is not None]
        return {
            self.slots[node]: product(node.extents) * BYTES[node.dtype]
            for node in [*epoch.inputs, *outputs]
            if node.extents[:1] == (BATCH,)
        }
