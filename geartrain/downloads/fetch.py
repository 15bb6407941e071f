"""Fetching a file into memory or a stream, and putting bytes into a folder made if need be.

The caller verifies the bytes between the two steps, so a file that is unverified, or only partly
there, never exists under its name: not after a cut connection, not after `kill -9`.
This module is imported only when something must be downloaded, since urllib takes its time.
"""

from __future__ import annotations

import http.client
import io
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

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
    body = io.BytesIO()
    copy(url, body, limit, context=context)
    return body.getvalue()


def copy(
    url: str,
    stream: BinaryIO,
    limit: int | None = None,
    *,
    schemes: Sequence[str] = ("https",),
    context: Any = None,
) -> None:
    """Write the content behind an address to a stream.

    Args:
        url: the address. Redirects are followed as long as they are https too, or http if the
            address is.
        stream: what takes the content, chunk by chunk.
        limit: the number of bytes above which the answer is refused, if any.
        schemes: what is allowed of `"https"`, `"http"` and `"file"`.
        context: an `ssl.SSLContext`, as in `fetch`.

    Raises:
        ConnectionError: as in `fetch`.
        OSError: the stream cannot be written.
    """
    scheme = url.partition(":")[0].lower()
    if scheme not in schemes or (scheme != "file" and not url[len(scheme) :].startswith("://")):
        allowed = f"{'an' if schemes[0] == 'https' else 'a'} {', '.join(schemes)} address"
        raise ConnectionError(f"{url}: expected {allowed}.")
    try:
        with _open(url, scheme, context) as response:
            _copy_body(response, stream, url.rsplit("/", 1)[-1], limit)
    except urllib.error.HTTPError as error:
        error.close()
        raise ConnectionError(f"{url}: HTTP status {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise ConnectionError(f"{url}: {error.reason}") from error
    except (http.client.HTTPException, _Broken) as error:
        raise ConnectionError(f"{url}: {str(error) or type(error).__name__}") from error


class _Broken(Exception):
    """Reading from the other side failed, which writing to the stream must not be taken for."""


def _open(url: str, scheme: str, context: Any) -> Any:
    """The response behind an address, or the file that it names."""
    try:
        if scheme == "file":
            path = urllib.request.url2pathname(urllib.parse.urlsplit(url).path)
            return Path(path).open("rb")
        request = urllib.request.Request(url, headers={"User-Agent": "geartrain"})
        return _opener(scheme, context).open(request, timeout=_TIMEOUT_SECONDS)
    except urllib.error.URLError:
        raise
    except OSError as error:
        raise _Broken(str(error) or type(error).__name__) from error


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows https only to https: else one hop in the clear could change the file."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        if not newurl.startswith(tuple(f"{one}://" for one in self.allowed)):
            fp.close()
            allowed = " and ".join(self.allowed)
            raise urllib.error.URLError(
                f"expected redirects to {allowed} alone. Received: {newurl}"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(scheme: str, context: Any) -> urllib.request.OpenerDirector:
    """An opener for the web alone: urllib's usual one would open ftp and local files too."""
    import ssl

    opener = urllib.request.OpenerDirector()
    if scheme == "http":
        opener.add_handler(urllib.request.HTTPHandler())
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPSHandler(context=context or ssl.create_default_context()),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _Redirects(("https", "http") if scheme == "http" else ("https",)),
    ):
        opener.add_handler(handler)
    return opener


def _copy_body(response: Any, stream: BinaryIO, label: str, limit: int | None) -> None:
    """Copy a response chunk by chunk, holding it to its announced length and to `limit`."""
    headers = getattr(response, "headers", {})
    announced = headers.get("Content-Length", "")
    expected = int(announced) if announced.isdecimal() else None
    if limit is not None and expected is not None and expected > limit:
        raise urllib.error.URLError(f"expected at most {limit} bytes. Received: {expected}.")
    count = 0
    with _Progress(label, expected) as progress:
        while chunk := _read(response):
            stream.write(chunk)
            count += len(chunk)
            if limit is not None and count > limit:
                raise urllib.error.URLError(f"expected at most {limit} bytes. Received more.")
            progress.show(count)
    if expected is not None and count != expected:
        raise urllib.error.URLError(
            f"expected {expected} bytes. Received: {count}, then the connection ended."
        )


def _read(response: Any) -> bytes:
    try:
        return response.read(_CHUNK)
    except OSError as error:
        raise _Broken(str(error) or type(error).__name__) from error


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
