"""Faults of the disk, and kills, at every file operation of a writer: one after another.

The writer runs in a forked process that this one traces (ptrace), so the faults are at the system's
own calls: what Python, `zipfile`, NumPy and HDF5 do with files is seen alike, and nothing in the
library is exchanged. A call counts if it is about a file or folder inside the folder under test.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

# The calls of Linux on x86-64 that work on files: number, name, and the argument that names the
# file, which is a descriptor ("fd") or a path ("path"), or one that a folder's descriptor precedes
# ("at").
CALLS = {
    1: ("write", "fd"), 3: ("close", "fd"), 18: ("pwrite", "fd"), 20: ("writev", "fd"),
    40: ("sendfile", "fd"), 74: ("fsync", "fd"), 75: ("fdatasync", "fd"), 76: ("truncate", "path"),
    77: ("ftruncate", "fd"), 2: ("open", "path"), 82: ("rename", "path"), 83: ("mkdir", "path"),
    84: ("rmdir", "path"), 85: ("creat", "path"), 86: ("link", "path"), 87: ("unlink", "path"),
    88: ("symlink", "path"), 90: ("chmod", "path"), 91: ("fchmod", "fd"), 92: ("chown", "path"),
    93: ("fchown", "fd"), 257: ("open", "at"), 258: ("mkdir", "at"), 260: ("chown", "at"),
    263: ("unlink", "at"), 264: ("rename", "at"), 268: ("chmod", "at"), 285: ("fallocate", "fd"),
    296: ("pwritev", "fd"), 316: ("rename", "at"), 326: ("copy", "at"),
}  # fmt: skip
WRITES = ("write", "pwrite")
NEED_ROOM = (*WRITES, "writev", "pwritev", "fallocate", "mkdir", "create", "fsync", "rename")

_TRACEME, _GETREGS, _SETREGS, _SYSCALL, _SETOPTIONS = 0, 12, 13, 24, 0x4200
_STOP_SYSCALL, _OPTIONS = signal.SIGTRAP | 0x80, 1 | 0x100000  # TRACESYSGOOD, EXITKILL
_REGISTERS = [
    "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi",
    "rdi", "orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs",
    "gs",
]  # fmt: skip


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in _REGISTERS]


@dataclass(frozen=True)
class Fault:
    """What happens at the call number `at`, of those that count.

    `kind` is "kill", "interrupt" (EINTR), "short" (half of a write), "error" (`code`, once),
    or "full" (`code` for this and all later calls that need room on the disk).
    """

    kind: str
    at: int
    code: int = 0


class Outcome(NamedTuple):
    """How a writer ended: "done", "killed", or its error; and the calls it made that count."""

    status: str
    error: str
    calls: list[str]


def can_trace() -> bool:
    """Whether this machine lets a process trace its child."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    try:
        return run(list, Path("/"), None).status == "done"
    except OSError:
        return False


def run(act: Callable[[], Any], folder: Path, fault: Fault | None) -> Outcome:
    """Let a forked process `act`; at one of its calls about `folder`, let the fault happen."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _act_and_exit(act, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        trace = _Trace(child, str(folder), fault)
        ended = trace.follow()
        error = pipe.read().decode()
    if os.WIFSIGNALED(ended):
        name = signal.Signals(os.WTERMSIG(ended)).name
        return Outcome("killed" if name == "SIGKILL" else name, error, trace.calls)
    return Outcome({0: "done", 1: "error"}.get(os.WEXITSTATUS(ended), "broken"), error, trace.calls)


def _act_and_exit(act: Callable[[], Any], report: int) -> None:
    """In the child: be traced, act, tell of an error, and end without any clean-up."""
    code = 2
    try:
        _ptrace(_TRACEME)
        os.kill(os.getpid(), signal.SIGSTOP)
        try:
            act()
            code = 0
        except OSError as error:
            os.write(report, str(error).encode())
            code = 1
        except BaseException:
            os.write(report, traceback.format_exc().encode()[-4000:])
    finally:
        os._exit(code)


def _ptrace(request: int, pid: int = 0, data: Any = None) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    library.ptrace.restype = ctypes.c_long
    if library.ptrace(request, pid, None, data) < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"ptrace: {os.strerror(code)}")


@dataclass
class _Trace:
    pid: int
    folder: str
    fault: Fault | None
    calls: list[str] = field(default_factory=list)
    answer: int | None = None  # what the call that is under way shall be told

    def follow(self) -> int:
        """Go from call to call until the process has ended; returns how it ended."""
        _, state = os.waitpid(self.pid, 0)
        if not os.WIFSTOPPED(state):
            raise OSError(errno.EPERM, "the process could not be traced")
        _ptrace(_SETOPTIONS, self.pid, _OPTIONS)
        entering, passed_on = True, 0
        while True:
            with contextlib.suppress(ProcessLookupError):  # it has just been killed
                _ptrace(_SYSCALL, self.pid, passed_on)
            _, state = os.waitpid(self.pid, 0)
            if not os.WIFSTOPPED(state):
                return state
            passed_on = 0
            if os.WSTOPSIG(state) != _STOP_SYSCALL:
                passed_on = os.WSTOPSIG(state)
            elif entering:
                entering = False
                self._enter()
            else:
                entering = True
                self._leave()

    def _enter(self) -> None:
        registers = Registers()
        _ptrace(_GETREGS, self.pid, ctypes.byref(registers))
        name, kind = CALLS.get(registers.orig_rax, ("", ""))
        if not name or not self._path(kind, registers).startswith(self.folder):
            return
        if name == "open":
            flags = registers.rdx if kind == "at" else registers.rsi
            name = "create" if flags & os.O_CREAT else "open"
        self.calls.append(name)
        fault, number = self.fault, len(self.calls) - 1
        if fault is None or number < fault.at or (number > fault.at and fault.kind != "full"):
            return
        if fault.kind == "kill":
            os.kill(self.pid, signal.SIGKILL)
        elif fault.kind == "short":
            registers.rdx = max(1, registers.rdx // 2)
            _ptrace(_SETREGS, self.pid, ctypes.byref(registers))
        elif fault.kind != "full" or name in NEED_ROOM:
            self.answer = fault.code
            if name != "close":  # Linux closes a file also where it tells of an error
                registers.orig_rax = 2**64 - 1
                _ptrace(_SETREGS, self.pid, ctypes.byref(registers))

    def _leave(self) -> None:
        if self.answer is not None:
            registers = Registers()
            _ptrace(_GETREGS, self.pid, ctypes.byref(registers))
            registers.rax = 2**64 - self.answer
            _ptrace(_SETREGS, self.pid, ctypes.byref(registers))
            self.answer = None

    def _path(self, kind: str, registers: Registers) -> str:
        if kind == "fd":
            return self._link(registers.rdi)
        name = self._text(registers.rsi if kind == "at" else registers.rdi)
        if kind == "at" and not name.startswith("/"):
            return f"{self._link(registers.rdi)}/{name}"
        return name

    def _link(self, descriptor: int) -> str:
        try:
            return str(Path(f"/proc/{self.pid}/fd/{descriptor & 0xFFFFFFFF}").readlink())
        except OSError:
            return ""

    def _text(self, address: int) -> str:
        found = b""
        with Path(f"/proc/{self.pid}/mem").open("rb", buffering=0) as memory:
            while b"\0" not in found and len(found) < 4096:
                memory.seek(address + len(found))
                found += memory.read(4096 - (address + len(found)) % 4096)
        return os.fsdecode(found.partition(b"\0")[0])
