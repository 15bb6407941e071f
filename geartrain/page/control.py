"""The hand on a training: lets it run, holds it after a step or an epoch, and looks in between.

A training and a page are two threads. The weights change in the middle of a native call, so the
page looks at them between two calls only: it leaves what it wants to know, and the training's own
thread finds it out at the next hook, some twenty times a second. While no training is going on,
the page's thread does so itself.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

MODES = ("run", "pause", "step", "epoch", "stop")
PATIENCE = 10.0  # seconds that a look may take, however long a native call is


def alone(asked: Callable[..., Any]) -> Callable[..., Any]:
    """Mark what is asked for without a look at the training, or sees to its own."""
    asked.alone = True  # type: ignore[attr-defined]
    return asked


class Control:
    """How far a training may go on, and what others want to know of it meanwhile.

    Attributes:
        mode: "run", "pause", "step" (one step, then pause), "epoch" (to its end), "stop".
        training: whether a training is going on, be it held.

    >>> control = Control()
    >>> control.look(lambda: 1 + 1)
    2
    """

    def __init__(self) -> None:
        self.mode = "run"
        self.training = False
        self._changed = threading.Condition(threading.RLock())
        self._wanted: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._told: list[Callable[[str, Any], None]] = []

    # -- from the page ----------------------------------------------------------------------------

    def set(self, mode: str) -> None:
        """Go on in another way."""
        if mode not in MODES:
            raise ValueError(f"expected one of {', '.join(MODES)}. Received: {mode!r}")
        with self._changed:
            self.mode = mode
            self._changed.notify_all()
        self.tell("mode", mode)

    def look(self, what: Callable[[], Any]) -> Any:
        """What a function finds out while no weight changes.

        Raises TimeoutError where a native call takes longer than `PATIENCE`.
        """
        with self._changed:
            if not self.training:
                return what()
            answer: Future[Any] = Future()
            self._wanted.append((what, answer))
            self._changed.notify_all()
        return answer.result(PATIENCE)

    def subscribe(self, told: Callable[[str, Any], None]) -> Callable[[], None]:
        """Have a function told of all that happens; returns what ends that."""
        self._told.append(told)
        return lambda: self._told.remove(told)

    def tell(self, event: str, data: Any) -> None:
        """Tell all who have subscribed."""
        for told in tuple(self._told):
            told(event, data)

    # -- from the training ------------------------------------------------------------------------

    def begin(self) -> None:
        """A training starts: from now on looks wait for its hooks."""
        with self._changed:
            self.training = True

    def end(self) -> None:
        """It has ended, be it by an error: what is still wanted is found out now."""
        with self._changed:
            self.training = False
            self._answer()

    def between(self, done: str = "") -> bool:
        """Between two native calls: answer, and wait while held. Returns whether to go on.

        Args:
            done: "step" or "epoch", where one has just been done.
        """
        with self._changed:
            self._answer()
            if self.mode == done:
                self.mode = "pause"
                self.tell("mode", self.mode)
            while self.mode == "pause":
                self._changed.wait()
                self._answer()
            return self.mode != "stop"

    def _answer(self) -> None:
        while self._wanted:
            what, answer = self._wanted.popleft()
            try:
                answer.set_result(what())
            except Exception as error:
                answer.set_exception(error)
