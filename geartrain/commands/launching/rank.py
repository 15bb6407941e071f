"""A rank of a job of `geartrain launch`: runs the script, and tells the launcher how it is.

python -m geartrain.commands.launching.rank script.py its arguments
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from geartrain.commands.launching.job import ADDRESS, KEY
from geartrain.distribution.devices import launched

BEAT = 0.5  # seconds


class Launcher:
    """The connection to whoever launched this rank."""

    def __init__(self) -> None:
        host, _, port = os.environ[ADDRESS].rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=30)
        self._socket.settimeout(None)
        self._lock = threading.Lock()
        self.tell(
            key=os.environ[KEY], rank=launched()[0], pid=os.getpid(), host=socket.gethostname()
        )
        for work in (self._beat, self._end_with_it):
            threading.Thread(target=work, daemon=True).start()

    def tell(self, **what: Any) -> None:
        """Say something."""
        with self._lock:
            self._socket.sendall(json.dumps(what).encode() + b"\n")

    def _beat(self) -> None:
        """Let it know that this rank lives."""
        while True:
            time.sleep(BEAT)
            try:
                with self._lock:
                    self._socket.sendall(b"\n")
            except OSError:
                return

    def _end_with_it(self) -> None:
        """End when the launcher ends, or ends the job: nobody would wait for this rank then."""
        try:
            while self._socket.recv(64):
                pass
        except OSError:
            pass
        os._exit(1)


def main() -> None:
    """Run the script."""
    launcher = Launcher()
    code: Any = 0
    try:
        from geartrain.script import run

        run(Path(sys.argv[1]), sys.argv[2:])
    except SystemExit as end:
        code = end.code
    except BaseException as error:
        traceback.print_exc()
        text = " ".join(traceback.format_exception_only(error)[-1].split())
        _end(launcher, f"failed: {text}")
    if code not in (0, None):
        _end(launcher, f"ended with the code {code}")
    launcher.tell(done=True)


def _end(launcher: Launcher, failure: str) -> None:
    """Tell what failed, and end at once: other ranks may wait for this one in MPI."""
    launcher.tell(failed=failure)
    sys.stdout.flush()
    sys.stderr.flush()
    time.sleep(5 * BEAT)  # for the launcher to end all, and to tell why
    os._exit(1)


if __name__ == "__main__":
    main()
