"""How the kernels of a program are run: in phases, each shared by the threads of a team.

A large kernel is a phase of its own: every thread claims units of work until none are left. Small
kernels are done by the first thread, several in one phase. Between phases, threads meet. What is
small, and what there is to do at all, may depend on the batch, so it is looked at when they run.

When a kernel has found an index outside its tensor, the step ends before it changes variables. All
threads must agree on that, so they look only where no kernel that reports is at work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from geartrain.compiler.analysis.cost import SMALL
from geartrain.compiler.codegen.builder import REPORT, Builder, Value
from geartrain.compiler.codegen.team import THREADS
from geartrain.compiler.kernels.kernel import Kernel, address
from geartrain.compiler.targets.machine import flushed
from geartrain.graph.shapes import Extent, apply, resolve

CHUNKS = 32  # parts of a kernel that threads claim: enough to even out, few enough to be cheap
THREAD_ARGUMENTS = (("ptr", "%args"), ("i64", "%thread"), ("ptr", "%team"))
TRUE, FALSE, ZERO = Value("true", "bool"), Value("false", "bool"), Value("0", "int64")
THREAD, BATCH_ROWS = Value("%thread", "int64"), Value("%batch", "int64")
STEP_ARGUMENTS = (("ptr", "%args"), ("i64", "%batch"), ("i64", "%thread"), ("ptr", "%team"))


def step_function(name: str, kernels: list[Kernel]) -> Builder:
    """The function that runs some kernels in order; all threads of a team call it.

    Where it returns, kernels may still be at work on other threads.
    """
    b = Builder(name, STEP_ARGUMENTS, "internal")
    phases = _Phases(b)
    for kernel in kernels:
        phases.add(kernel)
    b.finish()
    return b


@dataclass(frozen=True)
class Around:
    """What a native call does before its first step, and undoes after its last.

    Attributes:
        panels: whether variables are put in panels.
        flushes: the machine as LLVM names it, if subnormal numbers are taken for 0 (flush to zero);
            else empty. Below 2**-126 a float32 has fewer bits the smaller it is. CPUs multiply such
            numbers in microcode, a hundred times as slow, and training makes many: the mean square
            of a gradient that stays 0 shrinks by a factor each step. They weigh nothing in an
            update, so a program that changes variables takes them for 0, as TensorFlow and JAX do.
            Programs that only compute keep them. No other code sees the mode.
    """

    panels: bool = False
    flushes: str = ""

    @contextmanager
    def of(self, b: Builder) -> Iterator[None]:
        """What is written inside finds it done."""
        with flushed(b, self.flushes):
            if self.panels:
                _call(b, "enter")
                _meet(b)
            yield
            if self.panels:
                _meet(b)
                _call(b, "leave")


def run_function(number: int, around: Around) -> Builder:
    """The function that a team calls for one step."""
    b = Builder(f"run_{number}", THREAD_ARGUMENTS)
    b.argument_at("%args")
    with around.of(b):
        _call(b, f"step_{number}")
    b.finish()
    return b


def only_function(kernel: Kernel, around: Around) -> Builder:
    """The function that a team calls for one kernel alone."""
    b = Builder(f"only_{kernel.name}", THREAD_ARGUMENTS)
    b.argument_at("%args")
    with replace(around, panels=False).of(b):
        _Phases(b).add(kernel)
    b.finish()
    return b


@dataclass(frozen=True)
class StepCounts:
    """Where functions that do many steps find how many, and with how many rows.

    Attributes:
        steps: the place in the table of the number of steps.
        last: the place of the number of rows of the last step; the others have a batch each.
        around: what is done before the first step, and undone after the last.
    """

    steps: int
    last: int
    around: Around


def epoch_step_function(gathers: list[Kernel]) -> Builder:
    """One step of an epoch: gather the rows of its batch, of numbers from `%row` on; then do it."""
    b = Builder("epoch_step", (*STEP_ARGUMENTS, ("i64", "%row")), "internal")
    phases = _Phases(b, [Value("%row", "int64")])
    for kernel in gathers:
        phases.add(kernel)
    _meet(b)
    _call(b, "step_0")
    _meet(b)
    b.finish()
    return b


def epoch_function(counts: StepCounts) -> Builder:
    """The function that a team calls for many steps, on rows in an order of their own."""
    b = Builder("epoch", THREAD_ARGUMENTS)

    def one(step: Value, rows: Value) -> Value:
        row = b.mul(step, Value("%batch", "int64"))
        b.invoke("epoch_step", "%args", rows, THREAD, "%team", row)
        return _reported(b)

    _many(b, counts, one)
    return b


def sweep_function(counts: StepCounts, moving: Mapping[int, Extent]) -> Builder:
    """The function that a team calls for many steps on rows as they come, without copies.

    Args:
        counts: the number of steps and of rows.
        moving: by place in the table, how many bytes an address moves on after each step: those of
            inputs and outputs, to the rows of the next.
    """
    b = Builder("sweep", THREAD_ARGUMENTS)

    def one(step: Value, rows: Value) -> Value:
        _call(b, "step_0", rows)
        _meet(b)
        reported = _reported(b)  # before the threads meet behind which the next step begins

        def move() -> None:
            for slot, size in moving.items():
                place = b.pointer("%args", b.constant(slot, "int64"), "int64")
                b.store(b.add(b.load(place, "int64"), b.index(size)), place)

        b.when(_first(b), move)
        _meet(b)
        return reported

    _many(b, counts, one)
    return b


def _call(b: Builder, name: str, rows: Value = BATCH_ROWS) -> None:
    b.invoke(name, "%args", rows, THREAD, "%team")


class _Phases:
    """Writes the calls of kernels, one after the other, and where threads meet in between.

    The first thread does what is small, with all other such kernels up to the next that is large:
    of that all threads claim parts. A thread that is alone does everything.

    Args:
        b: the function, with arguments as in `STEP_ARGUMENTS`.
        more: more arguments of the kernels.
    """

    def __init__(self, b: Builder, more: Sequence[Value] = ()) -> None:
        self.b, self.more = b, more
        self.alone = b.compare("eq", _team_size(b), b.constant(1, "int32"))
        self.since = FALSE, TRUE  # since threads met: whether anything was done, and by one thread
        self.reported = False  # whether one of the kernels so far may have reported

    def add(self, kernel: Kernel) -> None:
        """Do one more kernel, after those before it."""
        b = self.b
        units = kernel.units * kernel.enabled
        if kernel.enabled == 1 and int(resolve(units, 1)) > 0:
            self._phase(kernel)
        else:  # perhaps nothing at all
            before, some = self.since, b.compare("gt", b.index(units), ZERO)

            def phase() -> list[Value]:
                self._phase(kernel)
                return list(self.since)

            work, alone = b.when(some, phase, before)
            self.since = work, alone
        self.reported = self.reported or kernel.reports

    def _phase(self, kernel: Kernel) -> None:
        b, looks = self.b, self.reported and not kernel.reports
        work, before = self.since
        each = self._copied(kernel)
        packs = each if kernel.packs is not None else FALSE  # all of it, for itself: no one waits
        by_one = _both(b, _either(b, self._small(kernel), self.alone), _not(b, packs))
        several = _both(b, work, _not(b, _both(b, before, by_one)))
        if several is not FALSE:
            b.when(several, lambda: self._meet(looks))
        self.since = _not(b, packs), _either(b, packs, by_one)
        more = self.more
        if each is not FALSE:
            more = [*more, b.select(each, THREAD, ZERO)]
        one, many, end = b.label_name(), b.label_name(), b.label_name()
        b.branch(_either(b, packs, by_one), one, many)
        b.label(one)
        mine = _either(b, packs, _first(b))
        mine = _both(b, mine, _not(b, _reported(b))) if looks else mine
        b.when(mine, lambda: self._call(kernel, ZERO, b.index(kernel.units), more))
        b.jump(end)
        b.label(many)
        if by_one is not TRUE:
            self._share(kernel, more)
        b.jump(end)
        b.label(end)

    def _copied(self, kernel: Kernel) -> Value:
        """Whether each of two threads has a copy of its own of what a kernel packs or reads so."""
        b = self.b
        if kernel.copies is None:
            return FALSE
        two = b.compare("eq", _team_size(b), b.constant(2, "int32"))
        return b.bits("and", two, b.compare("eq", b.index(kernel.copies), b.constant(1, "int64")))

    def _small(self, kernel: Kernel) -> Value:
        """Whether a kernel is not worth sharing: that may depend on the batch."""
        if isinstance(kernel.work, int):
            return TRUE if kernel.work < SMALL else FALSE
        b = self.b
        return b.compare("lt", b.index(kernel.work), b.constant(SMALL, "int64"))

    def _meet(self, looks: bool) -> None:
        """Wait for all; if a kernel has reported, the step ends here."""
        b = self.b
        _meet(b)
        if looks:
            stop, go_on = b.label_name(), b.label_name()
            b.branch(_reported(b), stop, go_on)
            b.label(stop)
            b.finish()
            b.label(go_on)

    def _share(self, kernel: Kernel, more: Sequence[Value]) -> None:
        """All threads claim parts of a kernel until none are left."""
        b = self.b
        units, one = b.index(kernel.units), b.constant(1, "int64")
        chunk = apply("max", kernel.grain, apply("ceildiv", kernel.units, CHUNKS))
        size = b.maximum(b.index(chunk), one)
        whole = b.sub(b.add(units, size), one)
        parts = b.div(whole, size)
        head, body, done = b.label_name(), b.label_name(), b.label_name()
        b.jump(head)
        b.label(head)
        part = b.ask("claim", "int64", "%team", THREAD, parts)
        b.branch(b.compare("lt", part, parts), body, done)
        b.label(body)
        low = b.mul(part, size)
        end = b.add(low, size)
        self._call(kernel, low, b.select(b.compare("lt", end, units), end, units), more)
        b.jump(head)
        b.label(done)

    def _call(self, kernel: Kernel, low: Value, high: Value, more: Sequence[Value]) -> None:
        places = f"@{kernel.places}"
        self.b.invoke(kernel.code, "%args", places, BATCH_ROWS, low, high, *more)


def _meet(b: Builder) -> None:
    """All threads wait for each other."""
    b.invoke("barrier", "%team")


def _both(b: Builder, x: Value, y: Value) -> Value:
    return y if x is TRUE else x if y is TRUE else FALSE if FALSE in (x, y) else b.bits("and", x, y)


def _either(b: Builder, x: Value, y: Value) -> Value:
    return TRUE if TRUE in (x, y) else y if x is FALSE else b.bits("or", x, y)


def _not(b: Builder, x: Value) -> Value:
    return FALSE if x is TRUE else TRUE if x is FALSE else b.bits("xor", x, TRUE)


def _first(b: Builder) -> Value:
    """Whether this is the first thread of the team."""
    return b.compare("eq", THREAD, b.constant(0, "int64"))


def _team_size(b: Builder) -> Value:
    place = b.pointer("%team", b.constant(THREADS, "int64"), "uint8")
    return b.load(place, "int32")


def _reported(b: Builder) -> Value:
    """Whether a kernel has noted a place outside a tensor."""
    place = b.pointer("%args", b.constant(REPORT, "int64"), "int64")
    return b.compare("ne", b.load(place, "int64"), b.constant(0, "int64"))


def _many(b: Builder, counts: StepCounts, write: Callable[[Value, Value], Value]) -> None:
    """The body of a function that does many steps, or fewer: until one has reported.

    `write(step, rows)` writes the step of that number, and returns whether it has reported.
    """
    b.argument_at("%args")
    zero, one = b.constant(0, "int64"), b.constant(1, "int64")
    count, last = (
        Value(address(b, place, "i64"), "int64") for place in (counts.steps, counts.last)
    )

    def unless(step: Value, ended: list[Value]) -> list[Value]:
        def go_on() -> list[Value]:
            more = b.compare("lt", b.add(step, one), count)
            rows = b.select(more, Value("%batch", "int64"), last)
            return [b.convert(write(step, rows), "int64")]

        return b.when(b.compare("eq", ended[0], zero), go_on, ended)

    with counts.around.of(b):
        b.loop(zero, count, 1, unless, [zero])
    b.finish()
