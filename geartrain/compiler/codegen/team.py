"""How threads share the work of a kernel: IR that every program includes.

A team is a few threads that run the same function. Each kernel is cut into parts. A thread claims
the parts of its own range first, so that it meets the same memory again in the next step, in its
own cache; then it helps the others. All meet at a barrier before the next kernel; the last to
arrive sets the counters back. A thread that waits spins for a while, then sleeps in the kernel of
the operating system (a futex), so a team that waits for long uses no CPU.

A team's memory is `team_bytes` long, all zeros at first but for the number of threads. Each word
that threads write has a cache line of its own.
"""

from __future__ import annotations

from typing import NamedTuple

LINE = 64  # bytes of a cache line
ARRIVED, GENERATION, SLEEPERS, THREADS = 0, 64, 128, 192
JOBS = 256  # what `runtime/threads.py` keeps here
COUNTERS = 512  # how many parts of its range are taken, for each thread
SPINS = 5_000  # pauses before a waiting thread sleeps: about as long as it takes to wake


class Waiting(NamedTuple):
    """How threads wait on a machine, in its words: declarations, and three instructions."""

    declared: str
    pause: str
    sleep: str
    wake: str


def team_bytes(threads: int) -> int:
    """The size of a team's memory."""
    return COUNTERS + LINE * threads


def team_text(how: Waiting) -> str:
    """The functions `claim`, `barrier`, `wait_while` and `wake`."""
    return f"""{how.declared}

; wait until *%word is no longer %old; who is woken before that spins again for a while
define internal void @wait_while(ptr %word, i32 %old, ptr %sleepers) nounwind noinline {{
entry:
  %old64 = zext i32 %old to i64
  br label %spin
spin:
  %spins = phi i64 [ 0, %entry ], [ %next, %again ], [ 0, %awake ]
  %now = load atomic i32, ptr %word acquire, align 4
  %same = icmp eq i32 %now, %old
  br i1 %same, label %again, label %done
again:
  {how.pause}
  %next = add i64 %spins, 1
  %more = icmp ult i64 %next, {SPINS}
  br i1 %more, label %spin, label %tired
tired:
  %before = atomicrmw add ptr %sleepers, i32 1 seq_cst
  %seen = load atomic i32, ptr %word seq_cst, align 4
  %still = icmp eq i32 %seen, %old
  br i1 %still, label %sleep, label %awake
sleep:
  %slept = {how.sleep}
  br label %awake
awake:
  %after = atomicrmw sub ptr %sleepers, i32 1 seq_cst
  br label %spin
done:
  ret void
}}

; wake the threads that sleep until *%word changes; it has changed already
define internal void @wake(ptr %word, ptr %sleepers) nounwind {{
entry:
  %count = load atomic i32, ptr %sleepers seq_cst, align 4
  %none = icmp eq i32 %count, 0
  br i1 %none, label %done, label %rouse
rouse:
  %roused = {how.wake}
  br label %done
done:
  ret void
}}

; the number of the next part of a kernel: first of this thread's own range, then of the others'
define internal i64 @claim(ptr %team, i64 %thread, i64 %parts) nounwind {{
entry:
  %threads.at = getelementptr i8, ptr %team, i64 {THREADS}
  %count = load i32, ptr %threads.at, align 4
  %threads = zext i32 %count to i64
  br label %range
range:
  %tried = phi i64 [ 0, %entry ], [ %trying, %empty ]
  %ahead = add i64 %thread, %tried
  %owner = urem i64 %ahead, %threads
  %behind = add i64 %owner, 1
  %low.all = mul i64 %owner, %parts
  %high.all = mul i64 %behind, %parts
  %low = udiv i64 %low.all, %threads
  %high = udiv i64 %high.all, %threads
  %line = mul i64 %owner, {LINE}
  %place = add i64 %line, {COUNTERS}
  %counter.at = getelementptr i8, ptr %team, i64 %place
  %claimed = atomicrmw add ptr %counter.at, i64 1 monotonic
  %part = add i64 %low, %claimed
  %found = icmp ult i64 %part, %high
  br i1 %found, label %done, label %empty
empty:
  %trying = add i64 %tried, 1
  %more = icmp ult i64 %trying, %threads
  br i1 %more, label %range, label %none
done:
  ret i64 %part
none:
  ret i64 %parts
}}

; wait for all threads of the team; then claims start from 0 again
define internal void @barrier(ptr %team) nounwind {{
entry:
  %threads.at = getelementptr i8, ptr %team, i64 {THREADS}
  %threads = load i32, ptr %threads.at, align 4
  %single = icmp eq i32 %threads, 1
  br i1 %single, label %alone, label %meet
alone:
  ret void
meet:
  %arrived.at = getelementptr i8, ptr %team, i64 {ARRIVED}
  %generation.at = getelementptr i8, ptr %team, i64 {GENERATION}
  %sleepers.at = getelementptr i8, ptr %team, i64 {SLEEPERS}
  %generation = load atomic i32, ptr %generation.at acquire, align 4
  %before = atomicrmw add ptr %arrived.at, i32 1 acq_rel
  %count = add i32 %before, 1
  %last = icmp eq i32 %count, %threads
  br i1 %last, label %release, label %wait
release:
  store atomic i32 0, ptr %arrived.at monotonic, align 4
  br label %clear
clear:
  %cleared = phi i32 [ 0, %release ], [ %clearing, %clear ]
  %number = zext i32 %cleared to i64
  %line = mul i64 %number, {LINE}
  %place = add i64 %line, {COUNTERS}
  %counter.at = getelementptr i8, ptr %team, i64 %place
  store atomic i64 0, ptr %counter.at monotonic, align 8
  %clearing = add i32 %cleared, 1
  %more = icmp ult i32 %clearing, %threads
  br i1 %more, label %clear, label %open
open:
  %following = add i32 %generation, 1
  %previous = atomicrmw xchg ptr %generation.at, i32 %following seq_cst
  call void @wake(ptr %generation.at, ptr %sleepers.at)
  ret void
wait:
  call void @wait_while(ptr %generation.at, i32 %generation, ptr %sleepers.at)
  ret void
}}
"""
