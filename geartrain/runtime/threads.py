"""The worker threads: one team for the process, asleep while there is nothing to do.

Workers are Python threads inside one native call, which they leave at exit only, so they hold no
lock of the interpreter. `run` makes the calling thread the first of the team.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from geartrain import config
from geartrain.compiler.codegen.team import COUNTERS, JOBS, LINE, THREADS, team_bytes, team_text
from geartrain.compiler.targets.machine import waiting
from geartrain.compiler.targets.target import host
from geartrain.runtime import native
from geartrain.runtime.processors import cgroup_limit

JOB, JOB_SLEEPERS, FUNCTION = JOBS, JOBS + LINE, JOBS + 2 * LINE
ARGUMENT, BUSY = FUNCTION + 8, JOBS + 3 * LINE
assert BUSY + LINE <= COUNTERS
LITTLE_WORK = 200_000  # scalar operations that are done sooner than shared
MUCH_WORK = 2_000_000  # what is worth waking threads for
OFTEN = 100e-6  # seconds between calls that keep the team awake
_JOB = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)

_POOL = f"""
; a worker: wait for a job, do it with the others, wait for the next; a null job is the end
define void @work(ptr %team, i64 %thread) nounwind {{
entry:
  %job.at = getelementptr i8, ptr %team, i64 {JOB}
  %sleepers.at = getelementptr i8, ptr %team, i64 {JOB_SLEEPERS}
  %function.at = getelementptr i8, ptr %team, i64 {FUNCTION}
  %argument.at = getelementptr i8, ptr %team, i64 {ARGUMENT}
  br label %next
next:
  %old = phi i32 [ 0, %entry ], [ %job, %do ]
  call void @wait_while(ptr %job.at, i32 %old, ptr %sleepers.at)
  %job = load atomic i32, ptr %job.at acquire, align 4
  %function = load ptr, ptr %function.at, align 8
  %end = icmp eq ptr %function, null
  br i1 %end, label %done, label %do
do:
  %argument = load ptr, ptr %argument.at, align 8
  call void %function(ptr %argument, i64 %thread, ptr %team)
  call void @barrier(ptr %team)
  br label %next
done:
  ret void
}}

; give a job to the team, and take part in it: 1; or 0 at once if the team is at work already
define i32 @launch(ptr %team, ptr %function, ptr %argument) nounwind {{
entry:
  %threads.at = getelementptr i8, ptr %team, i64 {THREADS}
  %threads = load i32, ptr %threads.at, align 4
  %single = icmp eq i32 %threads, 1
  br i1 %single, label %alone, label %take
alone:
  call void %function(ptr %argument, i64 0, ptr %team)
  call void @barrier(ptr %team)
  ret i32 1
take:
  %busy.at = getelementptr i8, ptr %team, i64 {BUSY}
  %before.busy = atomicrmw xchg ptr %busy.at, i32 1 seq_cst
  %free = icmp eq i32 %before.busy, 0
  br i1 %free, label %share, label %refuse
refuse:
  ret i32 0
share:
  %job.at = getelementptr i8, ptr %team, i64 {JOB}
  %sleepers.at = getelementptr i8, ptr %team, i64 {JOB_SLEEPERS}
  %function.at = getelementptr i8, ptr %team, i64 {FUNCTION}
  %argument.at = getelementptr i8, ptr %team, i64 {ARGUMENT}
  store ptr %function, ptr %function.at, align 8
  store ptr %argument, ptr %argument.at, align 8
  %before = atomicrmw add ptr %job.at, i32 1 seq_cst
  call void @wake(ptr %job.at, ptr %sleepers.at)
  %end = icmp eq ptr %function, null
  br i1 %end, label %done, label %do
do:
  call void %function(ptr %argument, i64 0, ptr %team)
  call void @barrier(ptr %team)
  store atomic i32 0, ptr %busy.at release, align 4
  br label %done
done: ; a team that has ended stays busy
  ret i32 1
}}

; wake the workers, which then wait for a job without sleep for a while
define void @rouse(ptr %team) nounwind {{
entry:
  %job.at = getelementptr i8, ptr %team, i64 {JOB}
  %sleepers.at = getelementptr i8, ptr %team, i64 {JOB_SLEEPERS}
  call void @wake(ptr %job.at, ptr %sleepers.at)
  ret void
}}
"""


@functools.cache
def _functions() -> tuple[Callable[..., int], Callable[..., None], Callable[..., None]]:
    """The native `launch`, `work` and `rouse`."""
    target = host()
    library = native.load(team_text(waiting(target.triple)) + _POOL, target)
    launch = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    work = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)
    rouse = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    found = (
        launch(library.address("launch")), work(library.address("work")),
        rouse(library.address("rouse")),
    )  # fmt: skip
    found[0].library = library  # type: ignore[attr-defined]  # lives as long as its functions
    return found


class TeamMemory:
    """What the threads of a team share; for one thread alone, all that it takes to do a job."""

    def __init__(self, size: int, at_most: int = 1) -> None:
        self._memory = ctypes.create_string_buffer(team_bytes(max(size, at_most)) + LINE)
        address = ctypes.addressof(self._memory)
        self.address = address + -address % LINE
        self.set_size(size)

    def set_size(self, size: int) -> None:
        """How many threads meet at barriers."""
        self.size = size
        ctypes.c_int32.from_address(self.address + THREADS).value = size


class Team(TeamMemory):
    """Some threads and the memory that they share.

    Whether they are at work is a word of that memory, which native code alone sets and clears: a
    signal that interrupts Python between any two of its instructions leaves the team free.
    """

    def __init__(self, size: int) -> None:
        super().__init__(1, at_most=size)
        self.launch, self._native_work, self._rouse = _functions()
        self._sleepers = ctypes.c_int32.from_address(self.address + JOB_SLEEPERS)
        self._asked = 0.0
        self._workers: list[threading.Thread] = []
        for number in range(1, size):
            worker = threading.Thread(
                target=self._work, args=(number,), daemon=True, name=f"geartrain-{number}"
            )
            try:
                worker.start()
            except RuntimeError:  # the system gives no more threads: these will do
                break
            self._workers.append(worker)
        self.set_size(1 + len(self._workers))

    def _work(self, number: int) -> None:
        """A worker's life; it holds the team, so that the memory lives as long as the thread."""
        self._native_work(self.address, number)

    def run(self, job: Job, argument: int, much: bool = True) -> int:
        """Do a job on all threads, the calling one among them; 0 if the team is busy.

        Or if it sleeps, and there is not so `much` to do that waking it pays.
        """
        if self._sleepers.value == 0:
            return self.launch(self.address, job.address, argument)
        if not much:
            self.keep_awake()
            return 0
        with self._woken_elsewhere():
            return self.launch(self.address, job.address, argument)

    def keep_awake(self) -> None:
        """Wake workers that sleep, if this is asked often, to be there the next time."""
        before, self._asked = self._asked, time.perf_counter()
        if self._asked - before < OFTEN:
            with self._woken_elsewhere():
                self._rouse(self.address)

    @contextmanager
    def _woken_elsewhere(self) -> Iterator[None]:
        """While this lasts, workers wake on other processors than that of the calling thread.

        Left alone, Linux may wake a worker where its waker runs, and let it wait there for some
        milliseconds although another processor is idle.
        """
        elsewhere, everywhere = _other_processors()
        if not elsewhere:
            yield
            return
        try:
            self._allow(elsewhere)
            yield
        finally:
            self._allow(everywhere)

    def _allow(self, processors: set[int]) -> None:
        for worker in self._workers:
            with suppress(OSError):  # a sandbox may forbid it: it is a matter of speed alone
                os.sched_setaffinity(worker.native_id or 0, processors)

    def close(self, patience: float | None = None) -> None:
        """Let the workers end, when they are done with what they are at; wait so many seconds."""
        end = None if patience is None else time.monotonic() + patience
        while self._workers and not self.launch(self.address, None, None):
            if end is not None and time.monotonic() > end:
                return
            time.sleep(0.001)
        for worker in self._workers:
            worker.join()
        self._workers = []


def _other_processors() -> tuple[set[int], set[int]]:
    """The processors that this thread may use but does not, and all that it may use."""
    if not hasattr(os, "sched_setaffinity"):
        return set(), set()
    everywhere = os.sched_getaffinity(0)
    return everywhere - {_current_processor()()}, everywhere


@functools.cache
def _current_processor() -> Callable[[], int]:
    """A function that tells the number of the processor that it runs on."""
    found: Callable[[], int] = getattr(ctypes.CDLL(None), "sched_getcpu", lambda: -1)
    return found


class _State:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.team: Team | None = None
        self.alone = threading.local()
        self.wanted: int | None = None


_state = _State()


def thread_count() -> int:
    """How many threads compute: as set, or as the environment and the machine allow."""
    if _state.wanted is not None:
        return _state.wanted
    count = config.threads()
    asked = os.environ.get("GEARTRAIN_THREADS") or os.environ.get("OMP_NUM_THREADS")
    return count if asked else min(count, cgroup_limit() or count)


def set_thread_count(count: int | None) -> None:
    """Compute with that many threads from now on; None for the usual number."""
    if count is not None and (not isinstance(count, int) or count < 1):
        raise ValueError(
            f"set_thread_count: expected a whole number of at least 1, or None. Received: {count!r}"
        )
    with _state.lock:
        team, _state.team, _state.wanted = _state.team, None, count
    if team is not None:
        team.close()


class Job:
    """A native function `(argument, thread, team)`, to be called by one thread or a team."""

    __slots__ = ("address", "call")

    def __init__(self, address: int) -> None:
        self.address, self.call = address, _JOB(address)


def run(job: Job, argument: int, work: int) -> None:
    """Do a job, on as many threads as pay; returns when all are done.

    Little work, and any while the team is busy for another Python thread, is done by the calling
    thread alone; so is moderate work while the team is asleep.

    Args:
        job: the function.
        argument: the address that it is given.
        work: about how many scalar operations there are.
    """
    if work >= LITTLE_WORK:
        team = _state.team or _the_team()
        if team.size > 1 and team.run(job, argument, work >= MUCH_WORK):
            return
    alone: Any = getattr(_state.alone, "memory", None)
    if alone is None:
        alone = _state.alone.memory = TeamMemory(1)
    job.call(argument, 0, alone.address)


def _the_team() -> Team:
    with _state.lock:
        if _state.team is None:
            _state.team = Team(thread_count())
        return _state.team


def _after_fork() -> None:
    """A forked child has none of the workers: it makes a team of its own."""
    global _state
    wanted = _state.wanted
    _state = _State()
    _state.wanted = wanted


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@atexit.register
def _end() -> None:
    team, _state.team = _state.team, None
    if team is not None:
        team.close(patience=1.0)
