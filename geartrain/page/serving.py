"""Starting and ending the page's server, on this machine alone."""

from __future__ import annotations

import secrets
import socket
import threading
import webbrowser
from typing import Any

from geartrain.page.subject import Subject

HOST = "127.0.0.1"


class Server:
    """A page about a subject, served from a thread of its own.

    Args:
        subject: what it is about.
        port: where to serve it; 0 for any port that is free.
        ancestors: whose frames it may be in, as a Content-Security-Policy says it.

    Raises ImportError with the remedy where starlette and uvicorn are not installed, and OSError
    where the port is taken.

    Attributes:
        address: what to open in a browser. The token is behind the `#`, which browsers keep to
            themselves.
    """

    def __init__(self, subject: Subject, port: int = 0, ancestors: str = "'none'") -> None:
        try:
            import uvicorn

            from geartrain.page.app import application
            from geartrain.page.guard import Guard
        except ImportError as error:
            raise ImportError(
                f"the page expected starlette and uvicorn to be installed. Received: {error}. "
                "Install them: pip install 'geartrain[page]'"
            ) from error
        self._subject = subject
        token = secrets.token_urlsafe(24)
        # told to be TCP, so that asyncio sends answers at once: else each waits 40 ms for more
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((HOST, port))
            self._socket.listen()  # who asks before the thread serves, waits
        except OSError as error:
            self._socket.close()
            raise OSError(
                f"the page expected port {port} to be free. Received: {error}. Choose another, or "
                "0 for any"
            ) from error
        port = self._socket.getsockname()[1]
        self.address = f"http://{HOST}:{port}/#token={token}"
        hosts = {f"{HOST}:{port}", f"localhost:{port}"}
        settings = uvicorn.Config(
            Guard(application(subject), token, hosts, ancestors),
            log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._serve, name="geartrain page", daemon=True)

    def start(self, open_browser: bool = False) -> Server:
        """Serve from now on; returns itself."""
        self._thread.start()
        if open_browser:
            threading.Thread(target=webbrowser.open, args=[self.address], daemon=True).start()
        return self

    def stop(self) -> None:
        """Serve no longer."""
        self._subject.control.tell("bye", {})  # ends the streams of events
        self._server.should_exit = True
        self._thread.join(5)
        self._socket.close()

    def wait(self) -> None:
        """Until the server has been stopped."""
        while self._thread.is_alive():
            self._thread.join(0.2)

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *error: Any) -> None:
        self.stop()
