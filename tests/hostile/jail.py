"""Work on a hostile file in a child process that may do next to nothing, and what it did.

The child is forked from a process that has imported everything. An audit hook then lets pass what
loading needs: its own files, read only, and temporary ones without a name. Everything else that
Python announces (imports, compiling, sockets, processes, dynamic libraries, other files, changes
to files) is noted and stopped. What libraries in C open without announcing it is seen by the
kernel's own watch over the canary files.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

CPU_SECONDS = 10  # ten times what is promised: machines that run tests are busy
WALL_SECONDS = 20  # for what waits without working
MOST_FILE = 64 << 20  # bytes that temporary files may take
MOST_ADDRESSES = 2 << 30  # bytes of address space beyond what there is at the start

# What Python announces and loading may do. Everything else is an escape.
HARMLESS = {
    "array.__new__", "builtins.id", "gc.get_objects", "object.__delattr__", "object.__getattr__",
    "object.__setattr__", "os.listdir", "os.scandir", "os.walk", "sys._getframe",
    "sys._getframemodulename", "_thread.start_joinable_thread", "_thread.start_new_thread",
    "function.__new__", "mmap.__new__",
}  # fmt: skip
# pickles of Geartrain name these, and nothing else.
UNPICKLED = {
    ("geartrain.configurable", "rebuilt"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Escape(BaseException):
    """Raised where a file makes the process do what it must not."""


class Guard:
    """An audit hook that lets through what reading files of some folders needs.

    Attributes:
        seen: what was tried beyond that.
        on: whether it watches.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = tuple(os.path.realpath(folder) + os.sep for folder in folders)
        self.seen: list[str] = []
        self.on = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on or event in HARMLESS:
            return
        self.on = False  # what follows is this hook's own doing
        try:
            if not self.allowed(event, arguments):
                self.seen.append(f"{event} {arguments!r:.200}")
                raise Escape(event)
        finally:
            self.on = True

    def allowed(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "pickle.find_class":
            return arguments in UNPICKLED
        if event not in ("open", "os.remove"):
            return False
        if isinstance(arguments[0], int):
            return True
        path = os.path.realpath(os.fsdecode(arguments[0]))
        if path.startswith(os.path.realpath(os.environ["TMPDIR"])):
            return True  # where nothing may stay
        inside = path.startswith(self.folders) or path == "/dev/zero"
        return event == "open" and inside and not arguments[2] & _WRITING


class Canaries:
    """A folder that nothing may touch: the kernel tells who opens, reads or changes what is in it.

    Attributes:
        folder: the folder.
        secret: a file in it, whose text no error and no output may show.
    """

    SECRET = "canary-8c1f27"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.secret = folder / "secret.txt"
        self.secret.write_text(self.SECRET + "\n", encoding="ascii")
        libc = ctypes.CDLL(None)
        self._watch = libc.inotify_init1(os.O_NONBLOCK)
        everything = 0xFFF
        if libc.inotify_add_watch(self._watch, os.fsencode(folder), everything) < 0:
            raise OSError("inotify_add_watch")

    def touched(self) -> bool:
        """Whether anything has happened in the folder since the last call."""
        try:
            return bool(os.read(self._watch, 1 << 16))
        except BlockingIOError:
            return False


def limit() -> None:
    """Let this process take little of anything from now on."""
    size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    bytes_now = size * resource.getpagesize()
    for kind, most in (
        (resource.RLIMIT_AS, bytes_now + MOST_ADDRESSES),
        (resource.RLIMIT_FSIZE, MOST_FILE),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def be_quick() -> None:
    """Let this process be killed if what it does from now on takes long."""
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)


def peak() -> int:
    """The most bytes of memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def guarded(work: Callable[[], Any], guard: Guard) -> dict[str, Any]:
    """What comes of the work: what it returns or raises, what it tried, and what it took."""
    before, begun = peak(), time.process_time()
    result: dict[str, Any] = {"outcome": "done", "error": "", "message": "", "value": None}
    be_quick()
    guard.seen.clear()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        guard.on = True
        try:
            result["value"] = work()
        except BaseException as error:
            guard.on = False
            kind = type(error)
            result |= {"outcome": "error", "error": kind.__name__, "message": str(error)[:2000]}
            plain = {"ValueError", "TypeError", "UnknownKeyword"}  # the last is both
            result["plain"] = kind.__name__ in plain or issubclass(kind, OSError)
        guard.on = False
    result["warned"] = str(warned[0].message)[:500] if warned else ""
    result |= {"escapes": list(guard.seen), "grown": peak() - before}
    result["seconds"] = time.process_time() - begun
    return result


def in_child(work: Callable[[Guard], Iterable[Any]], folders: list[Path]) -> dict[str, Any]:
    """What `work` gives in a child process that can read the files of these folders, and no others.

    `work` is given the guard, and gives plain data, which are the `results`. It is also told what
    the child has printed, and the signal that ended it; 0 if it came to its end.
    """
    results, give = os.pipe()
    printed = os.memfd_create("printed")
    child = os.fork()
    if not child:
        try:
            for stream in (1, 2):
                os.dup2(printed, stream)
            os.chdir(folders[0])
            limit()
            guard = Guard(folders)
            sys.addaudithook(guard)
            with os.fdopen(give, "w") as stream:
                for one in work(guard):
                    print(json.dumps(one), file=stream, flush=True)
            sys.stdout.flush()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    os.close(give)
    with os.fdopen(results) as stream:
        found = [json.loads(line) for line in stream if line.endswith("\n")]
    _, status = os.waitpid(child, 0)
    os.lseek(printed, 0, os.SEEK_SET)
    with os.fdopen(printed, errors="replace") as stream:
        said = stream.read()
    return {"results": found, "printed": said, "signal": os.WTERMSIG(status)}


def freeze() -> None:
    """Keep what there is out of the collector's way: children would copy it."""
    gc.collect()
    gc.freeze()
