"""What a writer leaves behind after every fault of the disk and a kill at every operation."""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from errno import EINTR, EIO, ENOSPC
from pathlib import Path
from typing import Any

import numpy as np

from tests.files.tracing import NEED_ROOM, WRITES, Fault, Outcome, run

Steps = list[Callable[[], Any]]
State = dict[str, Any]

LEFT_OVER = re.compile(r"\..+\.geartrain-[0-9a-f]{16}\.part")
INTERRUPTED = (*WRITES, "create", "fsync", "ftruncate")  # the calls that a signal can cut short


@dataclass
class Writer:
    """What is examined.

    Attributes:
        steps: of a folder, the steps to do there one after another; what stands between two steps
            is a state that a fault may leave.
        former: the steps that make what is there before.
        is_silent: whether it goes on where nothing can be written.
        adds: whether it adds to what is there, so that doing it twice gives something else.
        state: what a folder holds, as a reader sees it.
    """

    steps: Callable[[Path], Steps]
    former: Callable[[Path], Steps]
    is_silent: bool = False
    adds: bool = False
    state: Callable[[Path], State] | None = None

    def state_of(self, folder: Path) -> State:
        return (self.state or files_of)(folder)


def examine(writer: Writer) -> tuple[dict[str, int], list[str]]:
    """The number of faults of each kind that were tried, and what went wrong."""
    counts: dict[str, int] = {}
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(dir=_in_memory()) as around:
        folder, start = Path(around).resolve() / "folder", Path(around).resolve() / "start"
        for is_there in (True, False):
            start.mkdir()
            for step in writer.former(start) if is_there else []:
                step()
            found = _examine_from(writer, start, folder)
            for fault, outcome, complaint in found:
                counts[fault.kind] = counts.get(fault.kind, 0) + 1
                if complaint:
                    call = outcome.calls[fault.at : fault.at + 1]
                    wrong.append(f"former={is_there}, {fault} {call}: {complaint} {outcome}")
            shutil.rmtree(start)
    return counts, wrong


def _in_memory() -> str | None:
    """A folder in memory, if there is one: these faults are not the disk's own."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _examine_from(
    writer: Writer, start: Path, folder: Path
) -> Iterator[tuple[Fault, Outcome, str]]:
    def restart() -> Steps:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(start, folder)
        return writer.steps(folder)

    states = []
    steps = restart()
    states.append(writer.state_of(folder))
    for step in steps:
        step()
        states.append(writer.state_of(folder))
    assert states[0] != states[-1], "a writer that changes nothing"
    steps = restart()
    whole = run(lambda: [step() for step in steps], folder, None)
    assert whole.status == "done" and writer.state_of(folder) == states[-1], whole
    for fault in faults(whole.calls):
        if not states[0] and fault.kind not in ("kill", "error"):
            continue  # what is written is the same as with a former file, where these were tried
        steps = restart()
        outcome = run(lambda steps=steps: [step() for step in steps], folder, fault)
        complaint = judge(writer, states, folder, fault, outcome)
        if outcome.status == "killed" and not writer.adds:
            again = run(lambda: [step() for step in writer.steps(folder)], folder, None)
            if again.status != "done" or writer.state_of(folder) != states[-1]:
                complaint += f" a second attempt: {again}"
        yield fault, outcome, complaint


def kill_at_random(writer: Writer, count: int, seed: int) -> list[str]:
    """What went wrong when a process that writes without end was killed at any moment."""
    random, wrong, states = np.random.default_rng(seed), [], []
    with tempfile.TemporaryDirectory(dir=_in_memory()) as around:
        folder = Path(around).resolve() / "folder"
        folder.mkdir()
        for steps in (writer.former, writer.steps):
            for step in steps(folder):
                step()
                states.append(writer.state_of(folder))
        for number in range(count):
            child = os.fork()
            if child == 0:
                _write_without_end(writer, folder)
            time.sleep(random.uniform(0, 0.02))
            os.kill(child, signal.SIGKILL)
            _, ended = os.waitpid(child, 0)
            if not os.WIFSIGNALED(ended) or writer.state_of(folder) not in states:
                wrong.append(f"kill {number}: {ended}, {sorted(writer.state_of(folder))}")
    return wrong


def _write_without_end(writer: Writer, folder: Path) -> None:
    try:
        while True:
            for steps in (writer.former, writer.steps):
                for step in steps(folder):
                    step()
    finally:
        os._exit(1)


def faults(calls: list[str]) -> Iterator[Fault]:
    """Every fault there can be for a writer that makes these calls."""
    for at, name in enumerate(calls):
        yield Fault("kill", at)
        yield Fault("error", at, EIO)
        if name in NEED_ROOM:
            yield Fault("full", at, ENOSPC)
        if name in WRITES:
            yield Fault("short", at)
        if name in INTERRUPTED:
            yield Fault("interrupt", at, EINTR)


def judge(writer: Writer, states: list[State], folder: Path, fault: Fault, outcome: Outcome) -> str:
    """What is wrong with what a fault has left; an empty text if all is well."""
    found, rests = writer.state_of(folder), left_overs(folder)
    if found not in states:
        return f"a mix is left: {list(found)}"
    if outcome.status == "killed" and fault.kind == "kill":
        return ""
    # Where removing fails it stays for an hour; what is under its name is whole nevertheless.
    unremoved = fault.kind == "error" and outcome.calls[fault.at] in (
        ("unlink", "rmdir", "open", "close") if outcome.status == "done" else ("unlink", "rmdir")
    )
    if rests and not unremoved:
        return f"left behind: {rests}"
    if outcome.status == "error" and not writer.is_silent:
        expected = "cannot write '" in outcome.error and fault.kind in ("error", "full")
        is_new = "It has its new content" in outcome.error
        return "" if expected and (is_new or found != states[-1]) else "the wrong error"
    if outcome.status != "done":
        return "a broken end"
    must_be_whole = not writer.is_silent or fault.kind in ("short", "interrupt")
    return "not written, and no error" if must_be_whole and found != states[-1] else ""


def files_of(folder: Path) -> State:
    """All files in a folder with their content, but for what a killed process leaves."""
    return {
        str(path.relative_to(folder)): _content(path)
        for path in sorted(folder.rglob("*"))
        if not any(map(LEFT_OVER.fullmatch, path.relative_to(folder).parts)) and path.is_file()
    }


def left_overs(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if LEFT_OVER.fullmatch(path.name)]


def _content(path: Path) -> Any:
    """A file's bytes; of a model file its members, without the date on which it was saved."""
    content = path.read_bytes()
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        return {name: _undated(data) for name, data in members.items()}
    return _undated(content) if path.suffix == ".json" else content


def _undated(content: bytes) -> bytes:
    return re.sub(rb'"date_saved": *"[^"]*"', b"", content)
