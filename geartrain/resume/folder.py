"""The folder of a run: its checkpoints, and who may write to it."""

from __future__ import annotations

import contextlib
import errno
import re
from pathlib import Path

from geartrain import files
from geartrain.errors import warn
from geartrain.files.lock import FolderLock
from geartrain.resume.checkpoint import read_checkpoint, write_checkpoint
from geartrain.resume.state import TrainingState

BEST = "best.safetensors"
_NAME = re.compile(r"step-(\d{10,})\.safetensors")


class RunFolder:
    """Checkpoints in a folder; the last `keep` of them stay.

    Args:
        path: the folder.
        keep: how many.
    """

    def __init__(self, path: Path, keep: int = 2) -> None:
        self.path, self.keep = path, keep
        self._lock: FolderLock | None = None

    def open(self) -> None:
        """Have it alone, until it is closed.

        Raises:
            RuntimeError: another process trains in it now.
            OSError: it cannot be written.
        """
        files.check_writable(self.path / BEST)
        try:
            self._lock = FolderLock(self.path)
        except BlockingIOError as error:
            pid = getattr(error, "pid", 0)
            raise RuntimeError(
                f"fit: expected the folder {str(self.path)!r} for this training alone. Received: "
                f"one in which process {pid or 'unknown'} trains now. Wait for it or end it "
                f"(kill {pid or 'PID'}), or give another folder."
            ) from None

    def close(self) -> None:
        """Let others have it."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def steps(self) -> list[int]:
        """The numbers of steps of which there are checkpoints, ascending."""
        if not self.path.is_dir():
            return []
        found = (_NAME.fullmatch(one.name) for one in self.path.iterdir())
        return sorted(int(match[1]) for match in found if match)

    def file(self, step: int) -> Path:
        """The file of the checkpoint after so many steps.

        >>> RunFolder(Path("run")).file(1234).as_posix()
        'run/step-0000001234.safetensors'
        """
        return self.path / f"step-{step:010d}.safetensors"

    def latest(self, up_to: int | None = None) -> TrainingState | None:
        """The last checkpoint that is sound; None where there is none at all.

        Args:
            up_to: a number of steps that it must not be behind.

        Raises ValueError or OSError where all are damaged.
        """
        steps = [step for step in self.steps() if up_to is None or step <= up_to]
        failure: Exception | None = None
        for step in reversed(steps):
            try:
                return read_checkpoint(self.file(step))
            except (ValueError, OSError) as error:
                warn(f"fit: a checkpoint is damaged, so the one before it is taken. {error}")
                failure = error
        if failure is not None:
            raise failure
        return None

    def write(self, state: TrainingState) -> None:
        """Write a checkpoint, read it again, and only then remove older ones.

        Raises OSError where it cannot be written, or other bytes are read than were written.
        """
        path = self.file(state.step)
        write_checkpoint(state, path)
        try:
            read_checkpoint(path)
        except (ValueError, OSError) as error:
            path.unlink(missing_ok=True)
            raise OSError(
                errno.EIO, f"cannot write {str(path)!r}: what was read again is not what was "
                f"written. What was there before is whole. Look after the disk. {error}"
            ) from error  # fmt: skip
        with contextlib.suppress(OSError):  # the next one tries again
            for step in self.steps()[: -self.keep]:
                if step < state.step:
                    self.file(step).unlink()

    def write_best(self, state: TrainingState) -> None:
        """Write the best checkpoint in the place of the former one."""
        write_checkpoint(state, self.path / BEST)
