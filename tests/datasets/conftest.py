"""A home of one's own for every test, a tiny data set, and an https server on this machine."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import ssl
import threading
from typing import NamedTuple

import numpy as np
import pytest
import trustme

from geartrain.datasets import source
from geartrain.datasets.idx import encode_idx


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


class Tiny(NamedTuple):
    """A data set of 6 + 3 images and its arrays."""

    data_set: source.DataSet
    arrays: dict[str, np.ndarray]

    def put_idx(self, folder, *, compressed=True, dotted=False):
        """Write the four IDX files into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for part in self.data_set.parts:
            content = encode_idx(self.arrays[part.key])
            name = part.file.replace("-idx", ".idx") if dotted else part.file
            path = folder / (f"{name}.gz" if compressed else name)
            path.write_bytes(gzip.compress(content) if compressed else content)
        return folder

    def put_npz(self, path):
        """Write the arrays as Keras does."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **self.arrays)
        return path

    def check(self, loaded):
        """Assert that `loaded` is this data set."""
        (x_train, y_train), (x_test, y_test) = loaded
        received = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
        for key, array in self.arrays.items():
            assert received[key].dtype == np.uint8
            np.testing.assert_array_equal(received[key], array)


def make_tiny(seed, title="Tiny", folder="tiny"):
    random = np.random.default_rng(seed)
    arrays = {
        "x_train": random.integers(0, 256, (6, 28, 28), dtype="uint8"),
        "y_train": random.integers(0, 10, 6, dtype="uint8"),
        "x_test": random.integers(0, 256, (3, 28, 28), dtype="uint8"),
        "y_test": random.integers(0, 10, 3, dtype="uint8"),
    }
    hashes = tuple(hashlib.sha256(encode_idx(array)).hexdigest() for array in arrays.values())
    parts = source.image_parts(6, 3, hashes)
    data_set = source.DataSet(title, (folder, f"{title}/raw"), parts, npz="tiny.npz")
    return Tiny(data_set, arrays)


@pytest.fixture
def tiny():
    return make_tiny(0)


@pytest.fixture
def other():
    """Another data set whose files have the same names and shapes."""
    return make_tiny(1, "Other", "other")


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


class Server:
    """An https server: `routes` maps a path to (status, headers, body) or to a function."""

    def __init__(self, authority):
        self.routes, self.requests = {}, []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
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
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.url = f"https://localhost:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()

    def put(self, path, body, **headers):
        self.routes[path] = (200, headers, body)

    def redirect(self, path, target):
        self.routes[path] = (302, {"Location": target}, b"")

    def serve_idx(self, tiny, folder="/idx/"):
        """Offer a data set's four gzipped files, and return the mirror's address."""
        for part in tiny.data_set.parts:
            self.put(
                f"{folder}{part.file}.gz", gzip.compress(encode_idx(tiny.arrays[part.key]), mtime=0)
            )
        return self.url + folder

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
