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
from collections.abc import Callable
from pathlib import Path
from typing import Any

from geartrain import config
from geartrain.compiler.target import host
from geartrain.compiler.team import TEAM_BYTES, THREADS, team_text
from geartrain.runtime import native

JOB, JOB_SLEEPERS, FUNCTION, ARGUMENT = 320, 384, 448, 456
POOL_BYTES = 512
assert TEAM_BYTES <= JOB

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

; give a job to the team, and take part in it
define void @launch(ptr %team, ptr %function, ptr %argument) nounwind {{
entry:
  %threads.at = getelementptr i8, ptr %team, i64 {THREADS}
  %threads = load i32, ptr %threads.at, align 4
  %single = icmp eq i32 %threads, 1
  br i1 %single, label %do, label %share
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
  br label %done
done:
  ret void
}}
"""


@functools.cache
def _functions() -> tuple[Callable[..., None], Callable[..., None]]:
    """The native `launch` and `work`."""
    target = host()
    library = native.load(team_text(target.triple) + _POOL, target)
    launch = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    work = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)
    found = launch(library.address("launch")), work(library.address("work"))
    found[0].library = library  # type: ignore[attr-defined]  # lives as long as its functions
    return found


class Team:
    """Some threads and the memory that they share."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._memory = ctypes.create_string_buffer(POOL_BYTES + 64)
        address = ctypes.addressof(self._memory)
        self.address = address + -address % 64
        ctypes.c_int32.from_address(self.address + THREADS).value = size
        self.busy = threading.Lock()
        self.launch, work = _functions()
        self._workers = [
            threading.Thread(
                target=work, args=(self.address, number), daemon=True, name=f"geartrain-{number}"
            )
            for number in range(1, size)
        ]
        for worker in self._workers:
            worker.start()

    def close(self) -> None:
        """Let the workers end."""
        if self._workers:
            self.launch(self.address, None, None)
        for worker in self._workers:
            worker.join()
        self._workers = []


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
        with team.busy:
            team.close()


def cgroup_limit(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """How many processors the control group may use, rounded up; None without a limit."""
    try:
        quota, period = (root / "cpu.max").read_text(encoding="ascii").split()  # version 2
    except (OSError, ValueError):
        try:
            quota = (root / "cpu/cpu.cfs_quota_us").read_text(encoding="ascii").strip()
            period = (root / "cpu/cpu.cfs_period_us").read_text(encoding="ascii").strip()
        except OSError:
            return None
    if not quota.isdecimal() or not period.isdecimal() or int(quota) == 0 or int(period) == 0:
        return None
    return max(1, -(-int(quota) // int(period)))


def run(function: int, argument: int, threads: int | None = None) -> None:
    """Call the native function at an address, as `(argument, thread, team)`, on all threads.

    Returns when all are done. If the team is at work already (for another Python thread), or with
    `threads=1`, the calling thread does it alone.
    """
    if threads != 1:
        team = _state.team or _the_team()
        if team.size > 1 and team.busy.acquire(blocking=False):
            try:
                team.launch(team.address, function, argument)
            finally:
                team.busy.release()
            return
    alone: Any = getattr(_state.alone, "team", None)
    if alone is None:
        alone = _state.alone.team = Team(1)
    alone.launch(alone.address, function, argument)


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
    if team is not None and team.busy.acquire(timeout=1.0):
        team.close()
