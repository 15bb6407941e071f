"""Fetching a file over https into memory, and putting bytes into a folder made if need be.

The caller verifies the bytes between the two steps, so a file that is unverified, or only partly
there, never exists under its name: not after a cut connection, not after `kill -9`.
This module is imported only when something must be downloaded, since urllib takes its time.
"""

from __future__ import annotations

import http.client
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from geartrain import config, files

_CHUNK = 1 << 16
_TIMEOUT_SECONDS = 20.0


def fetch(url: str, limit: int, *, context: Any = None) -> bytes:
    """The content behind an https address, at most `limit` bytes of it.

    A progress bar is drawn on standard error if that is a terminal.

    Args:
        url: the address. Redirects are followed as long as they are https too.
        limit: the number of bytes above which the answer is refused.
        context: an `ssl.SSLContext`; if None, the system's certificates are trusted, or those
            that the environment variables `SSL_CERT_FILE` and `SSL_CERT_DIR` name.

    Raises:
        ConnectionError: the address is not https or cannot be reached, the answer is an error,
            too long, or cut short. The message starts with the address.

    >>> fetch("http://example.org/file", 100)
    Traceback (most recent call last):
    ConnectionError: http://example.org/file: expected an https address.
    """
    if not url.startswith("https://"):
        raise ConnectionError(f"{url}: expected an https address.")
    request = urllib.request.Request(url, headers={"User-Agent": "geartrain"})
    try:
        with _opener(context).open(request, timeout=_TIMEOUT_SECONDS) as response:
            return _read_body(response, url.rsplit("/", 1)[-1], limit)
    except urllib.error.HTTPError as error:
        error.close()
        raise ConnectionError(f"{url}: HTTP status {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise ConnectionError(f"{url}: {error.reason}") from error
    except (http.client.HTTPException, OSError) as error:
        raise ConnectionError(f"{url}: {error or type(error).__name__}") from error


class _HttpsRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to https: else one hop in the clear could change the file."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        if not newurl.startswith("https://"):
            fp.close()
            raise urllib.error.URLError(f"expected redirects to https alone. Received: {newurl}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(context: Any) -> urllib.request.OpenerDirector:
    """An opener for https alone: urllib's usual one would open http, ftp and local files too."""
    import ssl

    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPSHandler(context=context or ssl.create_default_context()),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _HttpsRedirects(),
    ):
        opener.add_handler(handler)
    return opener


def _read_body(response: Any, label: str, limit: int) -> bytes:
    """Read a response chunk by chunk, holding it to its announced length and to `limit`."""
    announced = response.headers.get("Content-Length", "")
    expected = int(announced) if announced.isdecimal() else None
    if expected is not None and expected > limit:
        raise urllib.error.URLError(f"expected at most {limit} bytes. Received: {expected}.")
    body = bytearray()
    with _Progress(label, expected) as progress:
        while chunk := response.read(_CHUNK):
            body += chunk
            if len(body) > limit:
                raise urllib.error.URLError(f"expected at most {limit} bytes. Received more.")
            progress.show(len(body))
    if expected is not None and len(body) != expected:
        raise urllib.error.URLError(
            f"expected {expected} bytes. Received: {len(body)}, then the connection ended."
        )
    return bytes(body)


class _Progress:
    """One line on standard error, redrawn in place; silent where that is no terminal."""

    def __init__(self, label: str, total: int | None) -> None:
        self.label, self.total, self.drawn = label, total, ""
        terminal = sys.stderr is not None and sys.stderr.isatty()
        self.stream = sys.stderr if terminal and config.is_interactive_logging_enabled() else None

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.stream and self.drawn:
            self.stream.write("\n")

    def show(self, count: int) -> None:
        """Draw `count` bytes as a bar if the total is known, else as a number."""
        if self.stream is None:
            return
        text = f"{self.label} {count / 1e6:.1f} MB"
        if self.total:
            filled = 24 * count // self.total
            text = f"{self.label} [{'=' * filled:24}] {count / 1e6:.1f}/{self.total / 1e6:.1f} MB"
        if text != self.drawn:
            self.stream.write(f"\r{text}")
            self.stream.flush()
            self.drawn = text


def store(path: Path, content: bytes) -> None:
    """Put a file into its folder, made if need be: afterwards it is there whole, or as before.

    Any number of processes may store the same file at once.

    Raises:
        OSError: the folder cannot be made or written, or the disk is full.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store(Path(folder, "set", "file"), b"content")
    ...     Path(folder, "set", "file").read_bytes()
    b'content'
    """
    files.make_folder(path.parent)
    with files.replacing(path) as file:
        file.write(content)
