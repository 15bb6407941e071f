"""The callback that shows any `fit` on a page while it goes on."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.page.serving import Server
from geartrain.page.subject import Samples, Subject
from geartrain.page.watching import Watching


class LivePage(Watching):
    """Shows the training on a page in the browser: curves, weights, gradients, digits, every gear.

    The page can hold the training and let it make one step. To close it does not stop the training,
    and the training is not slowed by it: the page looks between two native calls only.

    Args:
        data: `(x, y)`, or x alone: samples to show, and to look at the network's answers with.
            Without them the views that need samples say so.
        classes: the names of the classes.
        port: where to serve it; 0 for any free port.
        open: whether to open a browser.
        hold: whether to wait before the first step until the page starts it.

    Raises ImportError where `geartrain[page]` is not installed.

    Attributes:
        address: where the page is. It is on this machine alone, for as long as the program runs.

    >>> page = LivePage(data=(np.zeros((4, 28, 28)), np.array([3, 1, 4, 1])), open=False)
    >>> page.address  # before `model.fit(x, y, callbacks=[page])`
    ''
    """

    def __init__(
        self, data: Any = None, classes: Any = (), port: int = 0, open: bool = True,
        hold: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(Subject(None, samples_of(data, classes)))
        self.data, self.classes, self.port, self.open, self.hold = data, classes, port, open, hold
        self._server: Server | None = None

    @property
    def address(self) -> str:
        """Where the page is; empty before the first `fit`."""
        return self._server.address if self._server else ""

    def on_train_begin(self, logs: Any = None) -> None:
        """Serve the page, unless it is served already."""
        self.subject.model = self.model
        if self._server is None:
            self._server = Server(self.subject, self.port).start(self.open)
            print(f"Watch it learn: {self.address}", flush=True)
            if self.hold:
                self.subject.control.set("pause")
        super().on_train_begin(logs)

    def close(self) -> None:
        """Serve the page no longer."""
        if self._server is not None:
            self._server.stop()
            self._server = None


def samples_of(data: Any, classes: Any = ()) -> Samples | None:
    """The samples that `(x, y)`, or x, are; with names for the classes of whole-number targets."""
    if data is None:
        return None
    x, y = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
    x, y = np.asarray(x), None if y is None else np.asarray(y)
    if y is not None and not classes:
        if y.ndim == 2 and y.shape[1] > 1:
            classes = range(y.shape[1])
        elif y.dtype.kind in "iub" and y.size:
            classes = range(int(y.max()) + 1)
    return Samples(x, y, tuple(map(str, classes)))
