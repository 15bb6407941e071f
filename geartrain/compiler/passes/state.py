"""What passes hand on: a program in the making."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.analysis.memory import Buffer
from geartrain.compiler.codegen.builder import REPORT
from geartrain.compiler.kernels.kernel import Kernel
from geartrain.compiler.targets.target import Target
from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent


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
class Compilation:
    """A program in the making; each pass fills in what the next ones need.

    Attributes:
        outputs: the nodes to compute.
        updates: the new value of each variable, by the variable's node.
        target: the CPU to write code for.
        measurable: whether each kernel gets a function of its own, to be measured.
        stores_from: the first group that may store the new value of a variable.
        groups: fusion groups, in order; the kernels of number n have names that begin with `kn`.
        slots: the place of each node in the table of addresses (place 0 holds the batch size,
            place `REPORT` what was found outside a tensor).
        size: how many places the table has.
        copies: what has to be copied at the end: elements, dtype, and the places from and to.
        panel_slots: the places of variables that are kept in panels, and of their new values.
        enter, leave: kernels that are run once, before the first step and after the last.
        lowered: what became of each group.
        steps: what `run_0`, `run_1`, ... do; between them, steps for the reference.
        workspace: memory that kernels need while they run.
        buffers: all memory of the program's own.
        epoch: the places that a whole epoch needs besides; None if some step has no code.
        text: the module.
    """

    outputs: Sequence[Node]
    updates: Mapping[Node, Node]
    target: Target
    measurable: bool = False
    stores_from: int = 0
    groups: list[FusionGroup] = field(default_factory=list)
    slots: dict[object, int] = field(default_factory=dict)
    size: int = REPORT + 1
    copies: list[tuple[Extent, str, int, int]] = field(default_factory=list)
    panel_slots: dict[Node, int] = field(default_factory=dict)
    enter: list[Kernel] = field(default_factory=list)
    leave: list[Kernel] = field(default_factory=list)
    lowered: list[list[Kernel]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    workspace: list[Buffer] = field(default_factory=list)
    buffers: list[Buffer] = field(default_factory=list)
    epoch: EpochSlots | None = None
    text: str = ""

    def new_slot(self) -> int:
        """One more place in the table."""
        self.size += 1
        return self.size - 1

    @property
    def ends(self) -> list[Node]:
        """All that is computed: outputs, and new values of variables."""
        return [*self.outputs, *self.updates.values()]

    @property
    def kernels(self) -> list[Kernel]:
        """All kernels of a step, in order."""
        return [one for step in self.steps if isinstance(step, list) for one in step]

    @property
    def work(self) -> Extent:
        """About how many scalar operations a step takes."""
        total: Extent = 0
        for kernel in self.kernels:
            total = total + kernel.work * kernel.enabled
        return total
