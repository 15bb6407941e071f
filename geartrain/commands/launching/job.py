"""Watching the ranks of one job: each has a connection to here, and tells how it is.

A connection that closes before its rank was done means that the rank is gone; the operating system
tells at once, on any machine. A rank that is stopped keeps its connection: one on this machine is
known by its state, one elsewhere by its silence.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
ADDRESS, KEY = "GEARTRAIN_LAUNCH_ADDRESS", "GEARTRAIN_LAUNCH_KEY"
LOOK = 0.1  # seconds from look to look
STOPPED = 1.0  # seconds after which a stopped rank has failed: all may be stopped for a while
ENDING = 1.0  # seconds that the launcher has to end what it started


@dataclass
class Member:
    """A rank as it is known here."""

    rank: int
    pid: int
    host: str
    heard: float
    is_done: bool = False
    stopped_since: float | None = None

    @property
    def is_here(self) -> bool:
        """Whether it runs on this machine."""
        return self.host == socket.gethostname()

    def state(self) -> str:
        """What the operating system says of it: a letter; "" where that is not known."""
        try:
            text = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:
            return ""
        return text.rpartition(")")[2].split()[0]


@dataclass
class _Connection:
    socket: socket.socket
    received: bytes = b""
    member: Member | None = None


@dataclass
class Job:
    """The ranks of one job.

    Args:
        size: how many there are.
        watchdog: seconds of silence after which one has failed.
        address: this machine's for ranks on others; None if all run here.
    """

    size: int
    watchdog: float = 60.0
    address: str | None = None
    members: dict[int, Member] = field(default_factory=dict)
    failure: str | None = None

    def __enter__(self) -> Job:
        self._listening = socket.create_server(("" if self.address else LOOPBACK, 0))
        self._listening.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._key = secrets.token_hex(16)
        return self

    def __exit__(self, *exception: object) -> None:
        for known in list(self._selector.get_map().values()):
            known.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def run(self, command: list[str], log: Path) -> str | None:
        """Run a launcher, show a log as it grows; what failed, or None."""
        address = f"{self.address or LOOPBACK}:{self._listening.getsockname()[1]}"
        environment = {**os.environ, ADDRESS: address, KEY: self._key}
        shown = 0
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            try:
                while self.failure is None and process.poll() is None:
                    self._listen(LOOK)
                    self._look()
                    shown = _show(log, shown)
                if self.failure is None:
                    self._listen(0.0)  # last words
                if self.failure is None and process.returncode:
                    self.failure = f"mpiexec ended with code {process.returncode}" + _last_words(
                        process.stdout
                    )
            finally:
                self._end(process)
                _show(log, shown)
        return self.failure

    # -- what ranks say ---------------------------------------------------------------------------

    def _listen(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._listening:
                with contextlib.suppress(OSError):
                    accepted = self._listening.accept()[0]
                    self._selector.register(accepted, selectors.EVENT_READ, _Connection(accepted))
            else:
                self._receive(key.data)

    def _receive(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(connection.socket)
            connection.socket.close()
            if connection.member is not None and not connection.member.is_done:
                self._failed(
                    connection.member,
                    "is gone without a word: it was killed. If nobody did that, the machine was "
                    "out of memory",
                )
            return
        if connection.member is not None:
            connection.member.heard = time.monotonic()
        *lines, connection.received = (connection.received + data).split(b"\n")
        for line in filter(None, lines):
            self._hear(connection, line)

    def _hear(self, connection: _Connection, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            said = {}
        if connection.member is None:
            if said.get("key") != self._key:  # some other program
                self._selector.unregister(connection.socket)
                connection.socket.close()
                return
            now = time.monotonic()
            connection.member = Member(int(said["rank"]), int(said["pid"]), said["host"], now)
            self.members[connection.member.rank] = connection.member
        elif "failed" in said:
            self._failed(connection.member, str(said["failed"]))
            connection.member.is_done = True
        elif said.get("done"):
            connection.member.is_done = True

    def _failed(self, member: Member, what: str) -> None:
        if self.failure is None:
            self.failure = (
                f"rank {member.rank} of {self.size} (process {member.pid} on {member.host}) {what}"
            )

    def _look(self) -> None:
        """Look for ranks that are stopped, or silent."""
        now = time.monotonic()
        for member in self.members.values():
            if member.is_done:
                continue
            if member.is_here and member.state() in ("T", "t"):
                member.stopped_since = member.stopped_since or now
                if now - member.stopped_since > STOPPED:
                    self._failed(member, "is stopped (SIGSTOP)")
            else:
                member.stopped_since = None
            if now - member.heard > self.watchdog:
                self._failed(member, f"was not heard of for {self.watchdog:g} seconds")

    # -- the end ----------------------------------------------------------------------------------

    def _end(self, process: Any) -> None:
        """End what is left of the job; ranks elsewhere end when their connection closes."""
        if process.poll() is not None and self.failure is None:
            return
        for member in self.members.values():
            if member.is_here and not member.is_done:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(member.pid, signal.SIGKILL)
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(ENDING)
            except subprocess.TimeoutExpired:
                process.kill()


def _show(log: Path, shown: int) -> int:
    """Write what is new in a log to the terminal; how much of it is shown now."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(shown)
        new = file.read()
        sys.stdout.write(new.decode(errors="replace"))
        sys.stdout.flush()
        return shown + len(new)
    return shown


def _last_words(stream: Any) -> str:
    text = stream.read().decode(errors="replace").strip() if stream is not None else ""
    return f": {' '.join(text.split())[-500:]}" if text else ""
