"""A home of one's own for every test, and servers on this machine."""

from __future__ import annotations

import http.server
import ssl
import threading

import pytest
import trustme


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """Point every place at an empty folder, and let no proxy stand between."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(home / "share"))
    for name in ("GEARTRAIN_DATA", "GEARTRAIN_CACHE", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return home


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


class Server:
    """An https server, or of http without an authority.

    `routes` maps a path to (status, headers, body) or to a function.
    """

    def __init__(self, authority=None):
        self.routes, self.requests = {}, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append(self.path)
                answer = outer.routes.get(self.path, (404, {}, b"none"))
                if callable(answer):
                    answer(self)
                    return
                status, headers, body = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """A client that hangs up in the middle is what some tests want."""

        self.http = Quiet(("127.0.0.1", 0), Handler)
        if authority is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("localhost").configure_cert(context)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        scheme = "http" if authority is None else "https"
        self.url = f"{scheme}://localhost:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()

    def put(self, path, body, **headers):
        self.routes[path] = (200, headers, body)

    def redirect(self, path, target):
        self.routes[path] = (302, {"Location": target}, b"")

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server(authority, monkeypatch, tmp_path):
    certificates = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(certificates))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "no-certificates"))
    server = Server(authority)
    yield server
    server.close()


@pytest.fixture
def plain_server():
    server = Server()
    yield server
    server.close()
