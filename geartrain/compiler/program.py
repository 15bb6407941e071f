"""Putting a program together: kernels in phases, and a table of addresses that they share.

Goes in: the outputs of a graph, and the new values of variables. Comes out: the text of a module
whose functions `run_0`, `run_1`, ... do the work, each called by all threads of a team at once.
Every thread claims units of work of a kernel until none are left, then waits for the others at a
barrier. Kernels too small to share are done by one thread, several in one phase.

A node that the compiler has no code for is computed by its NumPy reference, between two of these
functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from geartrain.compiler.builder import BYTES, Builder, Value
from geartrain.compiler.contraction import contraction_kernels
from geartrain.compiler.expression import Unsupported
from geartrain.compiler.folds import reduction_kernels
from geartrain.compiler.fuse import Fused, by_maps, fuse, in_memory, reaches
from geartrain.compiler.kernels import (
    SMALL,
    USUAL_BATCH,
    Kernel,
    address,
    copy_kernel,
    gather_rows,
    map_kernel,
    scatter_kernel,
)
from geartrain.compiler.memory import Buffer
from geartrain.compiler.target import Target
from geartrain.compiler.team import THREADS, team_text
from geartrain.graph.node import Node
from geartrain.graph.op import Opaque, Scatter
from geartrain.graph.shapes import BATCH, Extent, apply, product, resolve

LARGE_BATCH = 1024  # beyond it nothing that grows with the batch is small
CHUNKS = 32  # parts of a kernel that threads claim: enough to even out, few enough to be cheap


@dataclass
class Reference:
    """A step that is left to the NumPy reference.

    Attributes:
        fused: the nodes to compute, and what they read.
        why: what the compiler lacks.
    """

    fused: Fused
    why: str


Step = Reference | list[Kernel]


@dataclass
class EpochSlots:
    """Where `epoch` finds the data set.

    Attributes:
        order: the place of the address of the rows' numbers (int64), in the order to take them.
        steps: the place of the number of steps to do.
        inputs: for each input that has a batch axis, the place of the address of its whole data.
    """

    order: int
    steps: int
    inputs: dict[Node, int]


@dataclass
class Assembly:
    """A program as text, and what running it takes.

    Attributes:
        text: the module.
        steps: what `run_0`, `run_1`, ... do; between them, steps for the reference.
        slots: the place of each node in the table of addresses (place 0 holds the batch size).
        buffers: the results that need memory of the program's own.
        epoch: the places that a whole epoch needs besides; None if some step has no code.
        size: how many places the table has.
        work: about how many scalar operations the whole takes.
        fused: what each kernel computes; the kernels of number n have names that begin with `kn`.
    """

    text: str
    steps: list[Step]
    slots: dict[object, int]
    buffers: list[Buffer]
    epoch: EpochSlots | None
    size: int
    work: Extent
    fused: list[Fused]


def assemble(
    outputs: Sequence[Node], updates: Mapping[Node, Node], target: Target, apart: bool = False
) -> Assembly:
    """The program that computes `outputs`, and stores new values of variables.

    Args:
        outputs: the nodes to compute.
        updates: the new value of each variable, by the variable's node.
        target: the CPU to write code for.
        apart: write a function `only_...` for each kernel as well, to measure them one by one.
    """
    return _Assembler(outputs, updates, target, apart).assembly()


@dataclass
class _Assembler:
    outputs: Sequence[Node]
    updates: Mapping[Node, Node]
    target: Target
    apart: bool = False
    slots: dict[object, int] = field(default_factory=dict)
    scratch: list[Buffer] = field(default_factory=list)
    size: int = 1
    number: int = 0

    def assembly(self) -> Assembly:
        """Fuse, place, write."""
        fused = fuse([*self.outputs, *self.updates.values()])
        copies = self._place(fused)
        steps = self._steps(fused)
        if copies:
            if not steps or isinstance(steps[-1], Reference):
                steps.append([])
            made = [copy_kernel(f"copy_{n}", *copy) for n, copy in enumerate(copies)]
            steps[-1].extend(made)  # type: ignore[union-attr]
        kernels = [kernel for step in steps if isinstance(step, list) for kernel in step]
        work: Extent = 0
        for kernel in kernels:
            work = work + kernel.work
        buffers = self._buffers(fused, {slot for _, _, slot, _ in copies})
        epoch = self._epoch_slots(steps)
        text = self._text(steps, epoch)
        return Assembly(text, steps, self.slots, buffers, epoch, self.size, work, fused)

    def _slot(self) -> int:
        self.size += 1
        return self.size - 1

    # -- places -----------------------------------------------------------------------------------

    def _place(self, fused: list[Fused]) -> list[tuple[Extent, str, int, int]]:
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
                self.scratch.append(Buffer(source, size * BYTES[variable.dtype], end, end))
            copies.append((size, variable.dtype, source, self.slots[variable]))
        return copies

    def _in_place(self, variable: Node, value: Node, fused: list[Fused]) -> bool:
        """Whether the new value may overwrite the old: nobody reads the old one afterwards."""
        (at,) = (number for number, kernel in enumerate(fused) if value in kernel.nodes)
        if any(variable in kernel.reads for kernel in fused[at + 1 :]):
            return False
        if any(new is variable for new in self.updates.values()):
            return False
        host = fused[at]
        if variable not in host.reads:
            return True
        stored = {*host.reads, *host.nodes}
        if host.core is not None and reaches(host.core, variable, stored - {host.core}):
            return False
        return all(by_maps(node, variable, stored) for node in host.nodes)

    def _buffers(self, fused: list[Fused], copied: set[int]) -> list[Buffer]:
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
        return [*found.values(), *self.scratch]

    def _epoch_slots(self, steps: list[Step]) -> EpochSlots | None:
        """Places for the data of whole epochs, if all steps have code."""
        inputs = [
            node for node in self.slots
            if isinstance(node, Node) and node.op is None and BATCH in node.extents[:1]
        ]  # fmt: skip
        if len(steps) != 1 or isinstance(steps[0], Reference) or not inputs:
            return None
        slots = {node: self._slot() for node in inputs}
        return EpochSlots(self._slot(), self._slot(), slots)

    # -- steps ------------------------------------------------------------------------------------

    def _steps(self, fused: list[Fused]) -> list[Step]:
        steps: list[Step] = []
        for number, one in enumerate(fused):
            self.number = number
            try:
                kernels = self._lower(f"k{number}", one)
            except Unsupported as problem:
                steps.append(Reference(one, str(problem)))
                continue
            if not steps or isinstance(steps[-1], Reference):
                steps.append([])
            steps[-1].extend(kernels)  # type: ignore[union-attr]
        return steps

    def _lower(self, name: str, fused: Fused) -> list[Kernel]:
        """The kernels of one fused node, by the kind of its core."""
        given = (name, fused, self.slots, self.target)
        if fused.core is None:
            return [map_kernel(*given)]
        assert fused.core.op is not None
        if isinstance(fused.core.op.lower, Scatter):
            return [scatter_kernel(*given)]
        if isinstance(fused.core.op.lower, Opaque):
            raise Unsupported(f"{fused.core.op.name} has no kernel")
        write = contraction_kernels if len(fused.core.sources) == 2 else reduction_kernels
        kernels = write(*given, self._slot)
        for kernel in kernels:
            for slot, size, dtype in kernel.scratch:
                size = size * BYTES[dtype]
                self.scratch.append(Buffer(slot, size, self.number, self.number))
        return kernels

    # -- text -------------------------------------------------------------------------------------

    def _text(self, steps: list[Step], epoch: EpochSlots | None) -> str:
        """The module: kernels, then the functions that run them in order."""
        functions: list[Builder] = []
        for step in steps:
            if not isinstance(step, Reference):
                number = sum(one.name.startswith("run_") for one in functions)
                functions += [function for kernel in step for function in kernel.functions]
                functions += [_step(f"step_{number}", step), _run(number)]
                if self.apart:
                    functions += [_only(kernel) for kernel in step]
        if epoch is not None:
            gathers = [
                gather_rows(f"gather_{n}", node, self.slots[node], slot, epoch.order)
                for n, (node, slot) in enumerate(epoch.inputs.items())
            ]
            functions += [f for kernel in gathers for f in kernel.functions]
            functions += [_epoch(gathers, epoch.steps), self._sweep(epoch)]
        declared = sorted(set().union(*(function.declared for function in functions)))
        return "\n".join([*declared, team_text(), *(function.text() for function in functions)])

    def _sweep(self, epoch: EpochSlots) -> Builder:
        """The function that a team calls for many steps on rows as they come, without copies.

        After each step the addresses of inputs and outputs move on to the rows of the next one.
        """
        b = Builder("sweep", THREAD_ARGUMENTS)
        b.prologue.append("  %batch = load i64, ptr %args")
        outputs = [node for node in self.outputs if node.op is not None]
        moving = {
            self.slots[node]: product(node.extents) * BYTES[node.dtype]
            for node in [*epoch.inputs, *outputs]
            if node.extents[:1] == (BATCH,)
        }

        def turn(step: Value, _: list[Value]) -> None:
            b.line("call void @step_0(ptr %args, i64 %batch, ptr %team)")
            with _first_thread(b):
                for slot, size in moving.items():
                    place = b.pointer("%args", b.constant(slot, "int64"), "int64")
                    b.store(b.add(b.load(place, "int64"), b.index(size)), place)

        count = address(b, epoch.steps, "i64")
        b.loop(b.constant(0, "int64"), Value(count, "int64"), 1, turn)
        b.line("ret void")
        return b


def _step(name: str, kernels: list[Kernel]) -> Builder:
    """The function that runs some kernels in order; all threads of a team call it."""
    b = Builder(name, (("ptr", "%args"), ("i64", "%batch"), ("ptr", "%team")), "internal")
    for group in _grouped(kernels):
        if len(group) == 1 and not _small(group[0]):
            _shared(b, group[0])
            continue
        if all(isinstance(kernel.work, int) for kernel in group):
            _alone(b, group)
            continue
        few, many, done = b.label_name(), b.label_name(), b.label_name()
        limit = b.constant(LARGE_BATCH, "int64")
        small = b.compare("le", Value("%batch", "int64"), limit)
        b.line(f"br i1 {small.name}, label %{few}, label %{many}")
        b.label(few)
        _alone(b, group)
        b.line(f"br label %{done}")
        b.label(many)
        for kernel in group:
            _shared(b, kernel)
        b.line(f"br label %{done}")
        b.label(done)
    b.line("ret void")
    return b


THREAD_ARGUMENTS = (("ptr", "%args"), ("i64", "%thread"), ("ptr", "%team"))


def _run(number: int) -> Builder:
    """The function that a team calls for one step."""
    b = Builder(f"run_{number}", THREAD_ARGUMENTS)
    b.prologue.append("  %batch = load i64, ptr %args")
    b.line(f"call void @step_{number}(ptr %args, i64 %batch, ptr %team)")
    b.line("ret void")
    return b


def _only(kernel: Kernel) -> Builder:
    """The function that a team calls for one kernel alone."""
    b = Builder(f"only_{kernel.name}", THREAD_ARGUMENTS)
    b.prologue.append("  %batch = load i64, ptr %args")
    _shared(b, kernel)
    b.line("ret void")
    return b


def _epoch(gathers: list[Kernel], steps_slot: int) -> Builder:
    """The function that a team calls for many steps: gather the rows of a batch, then one step."""
    b = Builder("epoch", THREAD_ARGUMENTS)
    b.prologue.append("  %batch = load i64, ptr %args")
    count = address(b, steps_slot, "i64")

    def turn(step: Value, _: list[Value]) -> None:
        row = b.mul(step, Value("%batch", "int64"))
        for kernel in gathers:
            _shared(b, kernel, f", i64 {row.name}")
        b.line("call void @step_0(ptr %args, i64 %batch, ptr %team)")

    b.loop(b.constant(0, "int64"), Value(count, "int64"), 1, turn)
    b.line("ret void")
    return b


def _small(kernel: Kernel) -> bool:
    return int(resolve(kernel.work, USUAL_BATCH)) < SMALL


def _grouped(kernels: list[Kernel]) -> list[list[Kernel]]:
    """Neighbouring small kernels together, each other one alone."""
    groups: list[list[Kernel]] = []
    for kernel in kernels:
        if groups and _small(kernel) and _small(groups[-1][0]):
            groups[-1].append(kernel)
        else:
            groups.append([kernel])
    return groups


def _shared(b: Builder, kernel: Kernel, more: str = "") -> None:
    """All threads claim parts of a kernel until none are left."""
    units = b.index(kernel.units)
    alone = b.compare("eq", _team_size(b), b.constant(1, "int32"))
    size = b.select(alone, units, b.index(apply("ceildiv", kernel.units, CHUNKS)))
    head, body, done = b.label_name(), b.label_name(), b.label_name()
    b.line(f"br label %{head}")
    b.label(head)
    part = b.make(f"call i64 @claim(ptr %team, i64 {CHUNKS})", "int64")
    low = b.mul(part, size)
    b.line(f"br i1 {b.compare('lt', low, units).name}, label %{body}, label %{done}")
    b.label(body)
    end = b.add(low, size)
    high = b.select(b.compare("lt", end, units), end, units)
    parts = f"i64 {low.name}, i64 {high.name}{more}"
    b.line(f"call void @{kernel.name}(ptr %args, i64 %batch, {parts})")
    b.line(f"br label %{head}")
    b.label(done)
    b.line("call void @barrier(ptr %team)")


def _team_size(b: Builder) -> Value:
    place = b.pointer("%team", b.constant(THREADS, "int64"), "uint8")
    return b.load(place, "int32")


def _alone(b: Builder, kernels: list[Kernel]) -> None:
    """The first thread that comes does all of some kernels."""
    units = [b.index(kernel.units) for kernel in kernels]
    with _first_thread(b):
        for kernel, count in zip(kernels, units, strict=True):
            b.line(f"call void @{kernel.name}(ptr %args, i64 %batch, i64 0, i64 {count.name})")


@contextmanager
def _first_thread(b: Builder) -> Iterator[None]:
    """What is written inside is done by one thread, while the others wait for it."""
    body, done = b.label_name(), b.label_name()
    part = b.make("call i64 @claim(ptr %team, i64 1)", "int64")
    first = b.compare("eq", part, b.constant(0, "int64"))
    b.line(f"br i1 {first.name}, label %{body}, label %{done}")
    b.label(body)
    yield
    b.line(f"br label %{done}")
    b.label(done)
    b.line("call void @barrier(ptr %team)")
