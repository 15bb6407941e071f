"""How the kernels of a program are run: in phases, each shared by the threads of a team.

A large kernel is a phase of its own: every thread claims units of work until none are left, then
waits for the others at a barrier. Small kernels are done by one thread, several in one phase.

When a kernel has found an index outside its tensor, the step ends before it changes variables. All
threads must agree on that, so they look only where no kernel that reports is at work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from geartrain.compiler.builder import REPORT, Builder, Value
from geartrain.compiler.kernels import SMALL, USUAL_BATCH, Kernel, address
from geartrain.compiler.team import THREADS
from geartrain.graph.shapes import Extent, apply, resolve

LARGE_BATCH = 1024  # beyond it nothing that grows with the batch is small
CHUNKS = 32  # parts of a kernel that threads claim: enough to even out, few enough to be cheap
THREAD_ARGUMENTS = (("ptr", "%args"), ("i64", "%thread"), ("ptr", "%team"))
STEP_ARGUMENTS = (("ptr", "%args"), ("i64", "%batch"), ("i64", "%thread"), ("ptr", "%team"))


def step_function(name: str, kernels: list[Kernel]) -> Builder:
    """The function that runs some kernels in order; all threads of a team call it."""
    b = Builder(name, STEP_ARGUMENTS, "internal")
    reported = False
    for group in _grouped(kernels):
        reports = any(kernel.reports for kernel in group)
        if reported and not reports:
            _end_if_reported(b)
            reported = False
        before, reported = reported, reports
        if len(group) == 1 and not _small(group[0]):
            _shared(b, group[0])
            continue
        if all(isinstance(kernel.work, int) for kernel in group):
            _alone(b, group, before)
            continue
        few, many, done = b.label_name(), b.label_name(), b.label_name()
        limit = b.constant(LARGE_BATCH, "int64")
        small = b.compare("le", Value("%batch", "int64"), limit)
        b.line(f"br i1 {small.name}, label %{few}, label %{many}")
        b.label(few)
        _alone(b, group, before)
        b.line(f"br label %{done}")
        b.label(many)
        for kernel in group:
            if before and not kernel.reports:
                _end_if_reported(b)
            before = before or kernel.reports
            _shared(b, kernel)
        b.line(f"br label %{done}")
        b.label(done)
    b.line("ret void")
    return b


def run_function(number: int, panels: bool) -> Builder:
    """The function that a team calls for one step; `panels`: whether to put variables in them."""
    b = Builder(f"run_{number}", THREAD_ARGUMENTS)
    b.prologue.append("  %batch = load i64, ptr %args")
    with _in_panels(b, panels):
        _call(b, f"step_{number}")
    b.line("ret void")
    return b


def only_function(kernel: Kernel) -> Builder:
    """The function that a team calls for one kernel alone."""
    b = Builder(f"only_{kernel.name}", THREAD_ARGUMENTS)
    b.prologue.append("  %batch = load i64, ptr %args")
    _shared(b, kernel)
    b.line("ret void")
    return b


@dataclass(frozen=True)
class Turns:
    """Where functions that do many steps find how many, and with how many rows.

    Attributes:
        steps: the place in the table of the number of steps.
        last: the place of the number of rows of the last step; the others have a batch each.
        panels: whether variables are put in panels meanwhile.
    """

    steps: int
    last: int
    panels: bool


def turn_function(gathers: list[Kernel]) -> Builder:
    """One step of an epoch: gather the rows of its batch, of numbers from `%row` on; then do it."""
    b = Builder("turn", (*STEP_ARGUMENTS, ("i64", "%row")), "internal")
    for kernel in gathers:
        _shared(b, kernel, ", i64 %row")
    _call(b, "step_0")
    b.line("ret void")
    return b


def epoch_function(turns: Turns) -> Builder:
    """The function that a team calls for many steps, on rows in an order of their own."""
    b = Builder("epoch", THREAD_ARGUMENTS)

    def turn(step: Value, rows: Value) -> Value:
        row = b.mul(step, Value("%batch", "int64"))
        b.line(
            f"call void @turn(ptr %args, i64 {rows.name}, i64 %thread, ptr %team, i64 {row.name})"
        )
        return _reported(b)

    _many(b, turns, turn)
    return b


def sweep_function(turns: Turns, moving: Mapping[int, Extent]) -> Builder:
    """The function that a team calls for many steps on rows as they come, without copies.

    Args:
        turns: the number of steps and of rows.
        moving: by place in the table, how many bytes an address moves on after each step: those of
            inputs and outputs, to the rows of the next.
    """
    b = Builder("sweep", THREAD_ARGUMENTS)

    def turn(step: Value, rows: Value) -> Value:
        _call(b, "step_0", rows.name)
        reported = _reported(b)  # before the barrier behind which the next step begins
        with _first_thread(b):
            for slot, size in moving.items():
                place = b.pointer("%args", b.constant(slot, "int64"), "int64")
                b.store(b.add(b.load(place, "int64"), b.index(size)), place)
        return reported

    _many(b, turns, turn)
    return b


@contextmanager
def _in_panels(b: Builder, panels: bool) -> Iterator[None]:
    """What is written inside finds the variables in panels, if the program keeps any so."""
    if panels:
        _call(b, "enter")
    yield
    if panels:
        _call(b, "leave")


def _call(b: Builder, name: str, rows: str = "%batch") -> None:
    b.line(f"call void @{name}(ptr %args, i64 {rows}, i64 %thread, ptr %team)")


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
    units, one = b.index(kernel.units), b.constant(1, "int64")
    alone = b.compare("eq", _team_size(b), b.constant(1, "int32"))
    chunk = apply("max", kernel.grain, apply("ceildiv", kernel.units, CHUNKS))
    size = b.maximum(b.select(alone, units, b.index(chunk)), one)
    whole = b.sub(b.add(units, size), one)
    parts = b.make(f"sdiv i64 {whole.name}, {size.name}", "int64")
    head, body, done = b.label_name(), b.label_name(), b.label_name()
    b.line(f"br label %{head}")
    b.label(head)
    part = b.make(f"call i64 @claim(ptr %team, i64 %thread, i64 {parts.name})", "int64")
    b.line(f"br i1 {b.compare('lt', part, parts).name}, label %{body}, label %{done}")
    b.label(body)
    low = b.mul(part, size)
    end = b.add(low, size)
    high = b.select(b.compare("lt", end, units), end, units)
    between = f"i64 {low.name}, i64 {high.name}{more}"
    b.line(f"call void @{kernel.name}(ptr %args, i64 %batch, {between})")
    b.line(f"br label %{head}")
    b.label(done)
    b.line("call void @barrier(ptr %team)")


def _team_size(b: Builder) -> Value:
    place = b.pointer("%team", b.constant(THREADS, "int64"), "uint8")
    return b.load(place, "int32")


def _alone(b: Builder, kernels: list[Kernel], reported: bool) -> None:
    """The first thread that comes does all of some kernels; none after one that has reported."""
    units = [b.index(kernel.units) for kernel in kernels]
    rest = b.label_name()
    with _first_thread(b):
        for kernel, count in zip(kernels, units, strict=True):
            if reported:
                following = b.label_name()
                b.line(f"br i1 {_reported(b).name}, label %{rest}, label %{following}")
                b.label(following)
            b.line(f"call void @{kernel.name}(ptr %args, i64 %batch, i64 0, i64 {count.name})")
            reported = kernel.reports
        b.line(f"br label %{rest}")
        b.label(rest)


def _reported(b: Builder) -> Value:
    """Whether a kernel has noted a place outside a tensor."""
    place = b.pointer("%args", b.constant(REPORT, "int64"), "int64")
    return b.compare("ne", b.load(place, "int64"), b.constant(0, "int64"))


def _many(b: Builder, turns: Turns, turn: Callable[[Value, Value], Value]) -> None:
    """The body of a function that does many steps, or fewer: until one has reported.

    `turn(step, rows)` writes the step of that number, and returns whether it has reported.
    """
    b.prologue.append("  %batch = load i64, ptr %args")
    zero, one = b.constant(0, "int64"), b.constant(1, "int64")
    count, last = (Value(address(b, place, "i64"), "int64") for place in (turns.steps, turns.last))

    def unless(step: Value, ended: list[Value]) -> list[Value]:
        def go_on() -> list[Value]:
            more = b.compare("lt", b.add(step, one), count)
            rows = b.select(more, Value("%batch", "int64"), last)
            return [b.convert(turn(step, rows), "int64")]

        return b.when(b.compare("eq", ended[0], zero), go_on, ended)

    with _in_panels(b, turns.panels):
        b.loop(zero, count, 1, unless, [zero])
    b.line("ret void")


def _end_if_reported(b: Builder) -> None:
    """Return, once a place outside a tensor was noted."""
    end, following = b.label_name(), b.label_name()
    b.line(f"br i1 {_reported(b).name}, label %{end}, label %{following}")
    b.label(end)
    b.line("ret void")
    b.label(following)


@contextmanager
def _first_thread(b: Builder) -> Iterator[None]:
    """What is written inside is done by one thread, while the others wait for it."""
    body, done = b.label_name(), b.label_name()
    part = b.make("call i64 @claim(ptr %team, i64 %thread, i64 1)", "int64")
    first = b.compare("eq", part, b.constant(0, "int64"))
    b.line(f"br i1 {first.name}, label %{body}, label %{done}")
    b.label(body)
    yield
    b.line(f"br label %{done}")
    b.label(done)
    b.line("call void @barrier(ptr %team)")
