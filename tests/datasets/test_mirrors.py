"""Downloaded data sets: verified, kept whole, and safe for processes at once or killed."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from geartrain.datasets import source
from geartrain.datasets.idx import encode_idx
from geartrain.errors import GeartrainWarning

CACHE = ".cache/geartrain/datasets"
IMAGES = "train-images-idx3-ubyte"
LABELS = "t10k-labels-idx1-ubyte"


def offering(tiny, *mirrors, **fields):
    """The tiny data set with mirrors to download it from."""
    return tiny.data_set._replace(mirrors=mirrors, **fields)


def serve_idx(server, tiny, folder="/idx/"):
    """Offer a data set's four gzipped files, and return the mirror's address."""
    for part in tiny.data_set.parts:
        server.put(
            f"{folder}{part.file}.gz", gzip.compress(encode_idx(tiny.arrays[part.key]), mtime=0)
        )
    return server.url + folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_downloads_verifies_and_keeps(tiny, home, server):
    data_set = offering(tiny, serve_idx(server, tiny))
    assert source.find(data_set) is None and server.requests == []
    tiny.check(source.load(data_set))
    assert len(server.requests) == 4
    assert names(home / CACHE / "tiny") == sorted(part.file for part in data_set.parts)
    tiny.check(source.load(data_set))
    assert len(server.requests) == 4
    assert source.find(data_set).label == "Geartrain's cache"


def test_downloads_the_npz_and_keeps_it(tiny, home, server):
    server.put("/tiny.npz", tiny.put_npz(home / "tiny.npz").read_bytes())
    data_set = offering(tiny, f"{server.url}/tiny.npz")
    for _ in range(2):
        tiny.check(source.load(data_set))
    assert server.requests == ["/tiny.npz"]
    assert names(home / CACHE / "tiny") == ["tiny.npz"]


def test_a_mirror_may_unpack_what_it_sends(tiny, server):
    mirror = serve_idx(server, tiny)
    for path, (status, headers, body) in server.routes.items():
        server.routes[path] = (status, headers, gzip.decompress(body))
    tiny.check(source.load(offering(tiny, mirror)))


def test_goes_on_to_the_next_mirror_where_one_stopped(tiny, other, server):
    first = serve_idx(server, tiny, "/first/")
    del server.routes[f"/first/{LABELS}.gz"]
    wrong = serve_idx(server, other, "/wrong/")
    right = serve_idx(server, tiny, "/right/")
    tiny.check(source.load(offering(tiny, first, wrong, right)))
    assert [path for path in server.requests if "right" in path] == [f"/right/{LABELS}.gz"]
    assert [path for path in server.requests if "wrong" in path] == [f"/wrong/{LABELS}.gz"]


def test_a_wrong_hash_is_refused_and_not_kept(tiny, other, home, server):
    data_set = offering(tiny, serve_idx(server, other))
    expected = tiny.data_set.parts[0].sha256
    received = other.data_set.parts[0].sha256
    with pytest.raises(FileNotFoundError) as caught:
        source.load(data_set)
    assert f"{IMAGES}.gz: expected x_train of Tiny, SHA-256 {expected}" in str(caught.value)
    assert f"Received: SHA-256 {received}." in str(caught.value)
    assert not (home / CACHE).exists()


BAD = {
    "cut connection": ({"Content-Length": "99999"}, None, "expected at most|then the connection"),
    "cut file": ({}, lambda body: body[:-20], "expected a whole gzip file"),
    "page": ({}, lambda body: b"<html>sign in</html>", "expected an IDX file"),
    "bomb": ({}, lambda body: gzip.compress(bytes(1 << 20)), "expected an IDX file"),
    "empty": ({}, lambda body: b"", "Received: nothing"),
    "other shape": (
        {},
        lambda body: gzip.compress(encode_idx(np.zeros((60, 28, 28), "uint8"))),
        r"expected shape \(6, 28, 28\). Received: \(60, 28, 28\)",
    ),
}


@pytest.mark.parametrize(("headers", "change", "message"), BAD.values(), ids=BAD.keys())
def test_a_bad_answer_is_refused_and_leaves_nothing(tiny, home, server, headers, change, message):
    mirror = serve_idx(server, tiny)
    path = f"/idx/{IMAGES}.gz"
    status, _, body = server.routes[path]
    if "Content-Length" in headers:
        headers = {"Content-Length": str(len(body) + 1)}
    server.routes[path] = (status, headers, change(body) if change else body)
    with pytest.raises(FileNotFoundError, match=rf"{IMAGES}.gz: .*({message})"):
        source.load(offering(tiny, mirror))
    assert not (home / CACHE).exists()


def test_a_mirror_that_redirects_to_http_is_refused(tiny, server):
    mirror = serve_idx(server, tiny)
    server.redirect(f"/idx/{IMAGES}.gz", f"http://localhost/{IMAGES}.gz")
    with pytest.raises(
        FileNotFoundError, match=r"expected redirects to https alone. Received: htt"
    ):
        source.load(offering(tiny, mirror))


def test_a_damaged_cache_is_mended_by_a_download(tiny, home, server):
    data_set = offering(tiny, serve_idx(server, tiny))
    source.load(data_set)
    path = home / CACHE / "tiny" / IMAGES
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(GeartrainWarning, match=r"Received: 4703. Passing over Geartrain's cache"):
        tiny.check(source.load(data_set))
    assert server.requests[4:] == [f"/idx/{IMAGES}.gz"]
    tiny.check(source.load(data_set))
    assert len(server.requests) == 5


def test_a_cache_that_cannot_be_written_costs_a_warning(tiny, home, server, monkeypatch):
    (home / "file").write_bytes(b"")
    monkeypatch.setenv("GEARTRAIN_CACHE", str(home / "file"))
    with pytest.warns(GeartrainWarning, match=r"could not be written, .* Set GEARTRAIN_CACHE to a"):
        tiny.check(source.load(offering(tiny, serve_idx(server, tiny))))


def test_nothing_found_lists_every_place_and_the_remedies(tiny, home, server):
    data_set = offering(tiny, f"{server.url}/a/", f"{server.url}/b.npz", package="dataset-tiny")
    (home / CACHE).mkdir(parents=True)
    with pytest.raises(FileNotFoundError) as caught:
        source.load(data_set)
    assert str(caught.value).splitlines() == [
        "Tiny was not found. Looked in:",
        "  GEARTRAIN_DATA: not set",
        f"  Geartrain's cache ({home / CACHE}): no files of this name",
        f"  Keras's cache ({home}/.keras/datasets): no such folder",
        f"  the system ({home}/share/datasets): no such folder",
        f"  {server.url}/a/{IMAGES}.gz: HTTP status 404 Not Found",
        f"  {server.url}/b.npz: HTTP status 404 Not Found",
        "Do one of these: set GEARTRAIN_DATA to a folder with train-images-idx3-ubyte, "
        "train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, plain or "
        "gzipped, or tiny.npz; install Debian's package dataset-tiny; or use "
        "geartrain.datasets.digits, 5,000 images of MNIST that come with Geartrain.",
    ]


# Several processes

CHILD = """
import json, sys
from geartrain.datasets import source
hashes, mirror = json.loads(sys.argv[1])
parts = source.image_parts(6, 3, hashes)
data_set = source.DataSet("Tiny", ("tiny",), parts, (mirror,))
(x_train, y_train), _ = source.load(data_set)
print(int(x_train.sum()), y_train.tolist())
"""


def start_child(tiny, mirror):
    argument = json.dumps([[part.sha256 for part in tiny.data_set.parts], mirror])
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", CHILD, argument],
        cwd=Path(source.__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_several_processes_may_download_at_once(tiny, home, server):
    mirror = serve_idx(server, tiny)
    route, body = f"/idx/{IMAGES}.gz", server.routes[f"/idx/{IMAGES}.gz"][2]
    both_there = threading.Barrier(2, timeout=30)

    def answer(handler):
        both_there.wait()
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(body)

    server.routes[route] = answer
    children = [start_child(tiny, mirror) for _ in range(2)]
    expected = f"{int(tiny.arrays['x_train'].sum())} {tiny.arrays['y_train'].tolist()}\n"
    for child in children:
        out, errors = child.communicate(timeout=60)
        assert (out, errors, child.returncode) == (expected, "", 0)
    assert names(home / CACHE / "tiny") == sorted(part.file for part in tiny.data_set.parts)
    tiny.check(source.load(tiny.data_set))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_kill_in_the_middle_of_a_download_leaves_no_partial_file(tiny, home, server):
    mirror = serve_idx(server, tiny)
    body = server.routes[f"/idx/{IMAGES}.gz"][2]
    half_sent, killed = threading.Event(), threading.Event()

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        half_sent.set()
        killed.wait(30)

    server.routes[f"/idx/{IMAGES}.gz"] = answer
    child = start_child(tiny, mirror)
    assert half_sent.wait(30)
    child.kill()
    out, _ = child.communicate(timeout=30)
    killed.set()
    assert (out, child.returncode) == ("", -signal.SIGKILL)
    assert [path for path in home.rglob("*") if path.is_file()] == []
    server.put(f"/idx/{IMAGES}.gz", body)
    tiny.check(source.load(offering(tiny, mirror)))
