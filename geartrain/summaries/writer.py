"""Where summaries go: a writer for a folder, the writer in use, and the step in use."""

from __future__ import annotations

import itertools
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geartrain import files
from geartrain.files.records import framed
from geartrain.summaries.messages import message

_VERSION = "brain.Event:2"  # of event files
_numbers = itertools.count()


class _State(NamedTuple):
    """What summaries are written to, where and when none is named."""

    writer: Any = None
    step: Any = None
    condition: Any = True


_NONE = _State()
_STATE: ContextVar[_State] = ContextVar("summaries", default=_NONE)


class SummaryWriter:
    """Writes summaries to a file of events of its own in a folder: see `create_file_writer`."""

    def __init__(self, logdir: Any, max_queue: int, flush_millis: int, filename_suffix: str):
        import socket

        files.make_folder(logdir)
        name = (
            f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}."
            f"{next(_numbers)}{filename_suffix}"
        )
        self.path = Path(logdir, name)
        self._most, self._seconds = max_queue, flush_millis / 1000
        self._closed = False
        head = message({1: time.time(), 3: _VERSION, 10: message({1: "geartrain"})})
        files.append(self.path, framed(head))
        self._pending = _Pending(self.path)
        self._finalizer = weakref.finalize(self, self._pending.write)

    def add_event(self, number: int, content: bytes, step: int | None = None) -> None:
        """Add an event whose field of this number has this content."""
        if self._closed:
            raise ValueError(
                f"summaries: expected an open writer. Received: the closed writer of "
                f"{str(self.path.parent)!r}. Make another by create_file_writer."
            )
        # A step of 0 is left out, as in all such messages.
        self._pending.add(framed(message({1: time.time(), 2: step or None, number: content})))
        if self._pending.is_due(self._most, self._seconds):
            self.flush()

    def flush(self) -> None:
        """Write what was added so far: whole events, or on an error none of them."""
        self._pending.write()

    def close(self) -> None:
        """Bring everything to the disk, and take no more."""
        if not self._closed:
            self._pending.write(lasting=True)
        self._closed = True

    def init(self) -> None:
        """Nothing: the file is there from the start. Known from `tf.summary`."""

    @contextmanager
    def as_default(self, step: Any = None) -> Iterator[SummaryWriter]:
        """In a `with` block, summaries go here; with `step`, it is theirs where they name none."""
        before = _STATE.get()
        _STATE.set(before._replace(writer=self, step=before.step if step is None else step))
        try:
            yield self
        finally:
            after = _STATE.get()
            step = after.step if step is None else before.step
            _STATE.set(after._replace(writer=before.writer, step=step))
            if not self._closed:
                self.flush()

    def set_as_default(self, step: Any = None) -> None:
        """From now on, summaries go here."""
        before = _STATE.get()
        _STATE.set(before._replace(writer=self, step=before.step if step is None else step))


class _Pending:
    """Events that are not written yet; they are at the latest when their writer goes."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.RLock()
        self._events: list[bytes] = []
        self._since = time.monotonic()

    def add(self, event: bytes) -> None:
        with self._lock:
            self._events.append(event)

    def is_due(self, most: int, seconds: float) -> bool:
        return len(self._events) >= most or time.monotonic() - self._since >= seconds

    def write(self, lasting: bool = False) -> None:
        with self._lock:
            self._since = time.monotonic()
            if self._events or lasting:
                files.append(self._path, b"".join(self._events), lasting)
                self._events.clear()


def create_file_writer(
    logdir: Any,
    max_queue: int | None = None,
    flush_millis: int | None = None,
    filename_suffix: str | None = None,
    name: str | None = None,
    **kwargs: Any,
) -> SummaryWriter:
    """A writer of summaries, which makes a file in a folder: `tensorboard --logdir` shows it.

    The file holds whole events alone, whatever happens meanwhile.

    Args:
        logdir: the folder; it is made if need be. TensorBoard takes each folder for a run.
        max_queue: how many events may wait to be written; 10 if None.
        flush_millis: how long they may wait, in milliseconds; two minutes if None.
        filename_suffix: the end of the file's name; ".v2" if None.
        name, kwargs: taken as `tf.summary` does, without effect.

    Raises OSError where the folder or the file cannot be written.
    """
    del name, kwargs
    return SummaryWriter(
        logdir,
        10 if max_queue is None else max_queue,
        120_000 if flush_millis is None else flush_millis,
        ".v2" if filename_suffix is None else filename_suffix,
    )


class _NoWriter(SummaryWriter):
    """A writer that writes nothing."""

    def __init__(self) -> None:
        self._closed = False

    def add_event(self, number: int, content: bytes, step: int | None = None) -> None:
        """Nothing."""

    def flush(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def create_noop_writer() -> SummaryWriter:
    """A writer that writes nothing, to switch summaries off."""
    return _NoWriter()


def flush(writer: SummaryWriter | None = None, name: str | None = None) -> None:
    """Bring what a writer, by default the one in use, has taken so far to the disk."""
    del name
    writer = writer or _STATE.get().writer
    if writer is not None:
        writer.flush()


def get_step() -> Any:
    """The step of summaries that name none; None if there is no such step."""
    return _STATE.get().step


def set_step(step: Any) -> None:
    """Set the step of summaries that name none."""
    _STATE.set(_STATE.get()._replace(step=step))


@contextmanager
def record_if(condition: bool | Callable[[], Any]) -> Iterator[None]:
    """In a `with` block, write summaries only where the condition, or what it returns, is true."""
    before = _STATE.get()
    _STATE.set(before._replace(condition=condition))
    try:
        yield
    finally:
        _STATE.set(_STATE.get()._replace(condition=before.condition))


def should_record_summaries() -> bool:
    """Whether summaries are written now: there is a writer, and nothing forbids it."""
    writer, _, condition = _STATE.get()
    return writer is not None and bool(condition() if callable(condition) else condition)


def current(who: str, step: Any) -> tuple[SummaryWriter, int] | None:
    """The writer in use and the step as a number; None where nothing is to be written.

    Raises ValueError, in the name of `who`, where no step is known.
    """
    if not should_record_summaries():
        return None
    writer, default, _ = _STATE.get()
    step = default if step is None else step
    if step is None:
        raise ValueError(
            f"summaries.{who}: No step set: expected step=, the number of the step. Received: "
            "None. Give it here, to as_default(step=...), or to set_step."
        )
    return writer, int(np.asarray(step))
