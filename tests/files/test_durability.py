"""What is on the disk after a fault, a kill or a full disk: the former content or the new one."""

from __future__ import annotations

import os

import pytest

from tests.files.tracing import can_trace
from tests.files.writers import BAD_WRITERS, WRITERS, in_process

KINDS = {
    "kill": "killed at every file operation: the former file or the new one",
    "error": "EIO at every file operation: an error, and the former file or the new one",
    "full": "a full disk from any file operation on: an error, and the former file or the new one",
    "short": "a short write at every write: the file is whole",
    "interrupt": "a signal at every call that it can cut short: the file is whole",
}
GOOD_WRITERS = [name for name in WRITERS if name not in BAD_WRITERS]

needs_tracing = pytest.mark.skipif(
    not can_trace(), reason="faults are injected by ptrace, on Linux on x86-64"
)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


@needs_tracing
@pytest.mark.parametrize("writer", GOOD_WRITERS)
def test_every_fault_at_every_file_operation(writer, count_cases):
    counts, wrong = in_process("examine", writer)
    assert not wrong, "\n".join(wrong)
    assert counts["kill"] >= 10 and counts["error"] == counts["kill"]
    for kind, count in counts.items():
        count_cases(KINDS[kind], count)


@needs_tracing
@pytest.mark.parametrize("writer", BAD_WRITERS)
def test_a_writer_that_is_not_atomic_is_found_out(writer):
    _, wrong = in_process("examine", writer)
    assert any("a mix is left" in one or "left behind" in one for one in wrong)


RANDOMLY_KILLED = [name for name in GOOD_WRITERS if not WRITERS[name].adds]


@needs_fork
@pytest.mark.parametrize("writer", RANDOMLY_KILLED)
def test_a_kill_at_any_moment(writer, count_cases):
    assert in_process("kill", writer, 10, 0) == []
    count_cases("killed at random moments: the former file or the new one", 10)


@needs_fork
@pytest.mark.nightly
@pytest.mark.parametrize("writer", RANDOMLY_KILLED)
def test_very_many_kills_at_any_moment(writer, count_cases):
    assert in_process("kill", writer, 500, 1) == []
    count_cases("killed at random moments: the former file or the new one", 500)
