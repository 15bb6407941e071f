"""Send the logs to a server."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from geartrain.callbacks.callback import Callback
from geartrain.errors import warn


class RemoteMonitor(Callback):
    """Sends the logs of each epoch to a server, by HTTP POST.

    What is sent is a JSON object: the epoch, and the logs by their names. A server that does not
    answer is a warning, and training goes on.

    Args:
        root: the server's address.
        path: what follows it.
        field: the field of the form that holds the JSON.
        headers: more headers of the request.
        send_as_json: whether to send the JSON itself, rather than a form.

    >>> RemoteMonitor(root="http://localhost:8000").path
    '/publish/epoch/end/'
    """

    def __init__(
        self, root: str = "http://localhost:9000", path: str = "/publish/epoch/end/",
        field: str = "data", headers: dict[str, str] | None = None, send_as_json: bool = False,
    ) -> None:  # fmt: skip
        self.root, self.path, self.field = root, path, field
        self.headers, self.send_as_json = headers, send_as_json

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Send."""
        self._send({"epoch": epoch, **{key: _plain(v) for key, v in (logs or {}).items()}})

    def _send(self, content: dict[str, Any]) -> None:
        """Send by the package requests where it is installed."""
        try:
            import requests
        except ImportError:
            self._post(content)
            return
        form: Any = {"json": content} if self.send_as_json else {}
        if not self.send_as_json:
            form = {"data": {self.field: json.dumps(content)}}
        try:
            requests.post(self.root + self.path, headers=self.headers, **form)
        except requests.exceptions.RequestException as error:
            self._warn(error)

    def _post(self, content: dict[str, Any]) -> None:
        """The same by Python's own means."""
        from urllib.parse import urlencode
        from urllib.request import Request, urlopen

        text = json.dumps(content)
        kind, body = "application/json", text
        if not self.send_as_json:
            kind, body = "application/x-www-form-urlencoded", urlencode({self.field: text})
        headers = {"Content-Type": kind, **(self.headers or {})}
        try:
            request = Request(self.root + self.path, body.encode(), headers, method="POST")
            with urlopen(request, timeout=60):
                pass
        except (OSError, ValueError) as error:
            self._warn(error)

    def _warn(self, error: Exception) -> None:
        warn(
            f"RemoteMonitor: Could not reach RemoteMonitor root server at {self.root}: {error}. "
            "Start it, or pass root='http://host:port'. Training goes on."
        )


def _plain(value: Any) -> Any:
    """A value as JSON has it: arrays as numbers or lists; what is not finite as nothing.

    >>> _plain(np.float32(0.5)), _plain(np.arange(1)), _plain(float("nan"))
    (0.5, 0, None)
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.item() if value.size == 1 else value.tolist()
    return None if isinstance(value, float) and not math.isfinite(value) else value
