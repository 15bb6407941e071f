"""Doing steps of a run again: what is asked for, and the program that trained."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Done(BaseException):
    """Ends the program once all that was asked for is known."""


@dataclass
class Request:
    """Steps to do again, instead of training.

    Attributes:
        folder: the run.
        first: the number of steps of the last checkpoint that may be gone on from.
        last: the number of the step to look at; None for each.
        tell: called with the number of a step, and what is known of it by name.
        is_met: whether a training was found to do so.
    """

    folder: Path
    first: int
    last: int | None
    tell: Callable[[int, dict[str, Any]], None]
    is_met: bool = False

    def missed(self, steps: int) -> Exception | Done:
        """What ends the program where training is over."""
        if self.last is None:
            return Done()
        return ValueError(
            f"replay: expected a step of this training, which has {steps}. Received: {self.last}"
        )


_requests: list[Request] = []


@contextmanager
def replaying(request: Request) -> Iterator[None]:
    """A `with` block in which `fit(resume=...)` does what is asked for, and raises `Done`."""
    _requests.append(request)
    try:
        yield
    except Done:
        pass
    finally:
        _requests.pop()


def request_for(folder: Path) -> Request | None:
    """What is asked of a run now, if anything is."""
    found = _requests[-1] if _requests else None
    if found is None or found.folder.resolve() != folder.resolve():
        return None
    found.is_met = True
    return found


def program_of_process() -> dict[str, Any]:
    """The script that runs, its arguments and the folder in which it does."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    return {
        "script": None if script is None else str(Path(script).resolve()),
        "arguments": list(sys.argv[1:]),
        "folder": str(Path.cwd()),
    }
