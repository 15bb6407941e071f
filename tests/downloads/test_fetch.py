"""Downloads: https alone, whole or not at all. Every server here is on this machine."""

from __future__ import annotations

import io
import os
import ssl
import sys
import threading

import pytest

from geartrain import config
from geartrain.downloads import fetch as fetching
from geartrain.downloads.fetch import fetch, store


def names(folder):
    return sorted(path.name for path in folder.iterdir())


BODY = bytes(range(256)) * 1024


def test_fetches_the_content(server):
    server.put("/file", BODY)
    assert fetch(f"{server.url}/file", len(BODY)) == BODY


def test_fetches_content_of_unannounced_length(server):
    server.routes["/file"] = (200, {"Content-Length": "none"}, BODY)
    assert fetch(f"{server.url}/file", len(BODY)) == BODY


def test_a_context_can_be_given(server, authority, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    server.put("/file", BODY)
    assert fetch(f"{server.url}/file", len(BODY), context=context) == BODY


def test_follows_redirects_that_stay_https(server):
    server.put("/file", BODY)
    server.redirect("/new", "/file")
    server.redirect("/old", f"{server.url}/new")
    assert fetch(f"{server.url}/old", len(BODY)) == BODY
    assert server.requests == ["/old", "/new", "/file"]


@pytest.mark.parametrize(
    "url",
    ["http://localhost/file", "ftp://localhost/file", "file:///etc/hostname", "/etc/hostname"],
)
def test_refuses_another_scheme(url):
    with pytest.raises(ConnectionError, match=f"^{url}: expected an https address"):
        fetch(url, 100)


@pytest.mark.parametrize("scheme", ["http", "ftp"])
def test_refuses_a_redirect_to_another_scheme(server, scheme):
    target = f"{scheme}{server.url.removeprefix('https')}/file"
    server.put("/file", BODY)
    server.redirect("/old", target)
    with pytest.raises(
        ConnectionError, match=f"/old: expected redirects to https alone. Received: {target}"
    ):
        fetch(f"{server.url}/old", len(BODY))
    assert server.requests == ["/old"]


@pytest.mark.parametrize("target", ["file:///etc/hostname", "data:,content", "gopher://x/"])
def test_refuses_a_redirect_out_of_the_web(server, target):
    server.redirect("/old", target)
    with pytest.raises(ConnectionError, match=f"^{server.url}/old: "):
        fetch(f"{server.url}/old", len(BODY))


def test_refuses_redirects_in_a_circle(server):
    server.redirect("/a", "/b")
    server.redirect("/b", "/a")
    with pytest.raises(ConnectionError, match=r"/a: HTTP status 302 .*infinite loop"):
        fetch(f"{server.url}/a", len(BODY))


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_reports_the_status(server, status):
    server.routes["/file"] = (status, {}, b"sorry")
    with pytest.raises(ConnectionError, match=f"/file: HTTP status {status} "):
        fetch(f"{server.url}/file", len(BODY))


def test_refuses_an_answer_that_is_announced_too_long(server):
    server.put("/file", BODY)
    with pytest.raises(ConnectionError, match=r"expected at most 1000 bytes. Received: 262144"):
        fetch(f"{server.url}/file", 1000)


def test_refuses_an_answer_that_turns_out_too_long(server):
    server.routes["/file"] = (200, {"Content-Length": "none"}, BODY)
    with pytest.raises(ConnectionError, match=r"expected at most 1000 bytes. Received more"):
        fetch(f"{server.url}/file", 1000)


def test_refuses_an_answer_that_is_cut_short(server):
    server.routes["/file"] = (200, {"Content-Length": str(len(BODY) + 7)}, BODY)
    with pytest.raises(ConnectionError, match=r"expected 262151 bytes. Received: 262144, then the"):
        fetch(f"{server.url}/file", 1 << 20)


def test_reports_an_answer_that_is_not_http(server):
    server.routes["/file"] = lambda handler: handler.wfile.write(b"hello\r\n\r\n")
    with pytest.raises(ConnectionError, match=r"/file: hello"):
        fetch(f"{server.url}/file", 100)


def test_reports_a_server_that_hangs_up(server):
    server.routes["/file"] = lambda handler: None
    with pytest.raises(ConnectionError, match=r"/file: "):
        fetch(f"{server.url}/file", 100)


def test_reports_a_server_that_says_nothing(server, monkeypatch):
    monkeypatch.setattr(fetching, "_TIMEOUT_SECONDS", 0.05)
    answer = threading.Event()
    server.routes["/file"] = lambda handler: answer.wait(10)
    try:
        with pytest.raises(ConnectionError, match=r"/file: .*timed out"):
            fetch(f"{server.url}/file", 100)
    finally:
        answer.set()


def test_refuses_a_certificate_of_an_unknown_authority(server, monkeypatch, tmp_path):
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    server.put("/file", BODY)
    with pytest.raises(ConnectionError, match=r"/file: .*CERTIFICATE_VERIFY_FAILED"):
        fetch(f"{server.url}/file", len(BODY))
    assert server.requests == []


def test_refuses_a_certificate_for_another_host(server):
    server.put("/file", BODY)
    url = server.url.replace("localhost", "127.0.0.1")
    with pytest.raises(ConnectionError, match=r"/file: .*not valid for '127.0.0.1'"):
        fetch(f"{url}/file", len(BODY))


def test_reports_a_server_that_is_not_there(server):
    url = server.url
    server.close()
    server.close = lambda: None
    with pytest.raises(ConnectionError, match=f"^{url}/file: "):
        fetch(f"{url}/file", 100)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_draws_one_line_on_a_terminal(server, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    server.put("/digits.gz", BODY)
    fetch(f"{server.url}/digits.gz", len(BODY))
    drawn = terminal.getvalue()
    assert drawn.count("\n") == 1 and drawn.endswith("\n")
    assert drawn.startswith("\rdigits.gz [======                  ] 0.1/0.3 MB\r")
    assert drawn.split("\r")[-1] == "digits.gz [========================] 0.3/0.3 MB\n"


def test_draws_a_number_if_the_length_is_unknown(server, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    server.routes["/digits.gz"] = (200, {"Content-Length": "none"}, BODY)
    fetch(f"{server.url}/digits.gz", len(BODY))
    assert terminal.getvalue().split("\r")[-1] == "digits.gz 0.3 MB\n"


@pytest.mark.parametrize(
    "stream", [io.StringIO, Terminal, lambda: None], ids=["file", "quiet", "no"]
)
def test_is_silent_elsewhere(server, monkeypatch, stream):
    stream = stream()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setitem(config._settings, "interactive_logging", not isinstance(stream, Terminal))
    server.put("/digits.gz", BODY)
    assert fetch(f"{server.url}/digits.gz", len(BODY)) == BODY
    assert stream is None or stream.getvalue() == ""


def test_stores_a_file_and_makes_its_folder(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    store(path, b"first")
    store(path, b"second")
    assert path.read_bytes() == b"second"
    assert names(path.parent) == ["file"]


def test_two_may_store_the_same_file_at_once(home, monkeypatch):
    """The second starts and ends while the first is writing; the first then replaces it."""
    path = home / "file"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: patch.undo() or store(path, b"second"))
        store(path, b"first")
    assert path.read_bytes() == b"first"
    assert names(home) == ["file"]
