"""Where a data set is taken from, in which order, and what happens where it is damaged."""

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


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# Places


def test_the_places_and_their_order(tiny, home, monkeypatch):
    monkeypatch.setenv("GEARTRAIN_DATA", str(home / "data"))
    monkeypatch.setenv("XDG_DATA_DIRS", f"{home / 'local'}:{home / 'share'}:")
    received = [(place.label, place.folder, place.note) for place in source.places(tiny.data_set)]
    assert received == [
        ("GEARTRAIN_DATA", home / "data", "no such folder"),
        ("Geartrain's cache", home / CACHE, "no such folder"),
        ("Keras's cache", home / ".keras/datasets", "no such folder"),
        ("the system", home / "local/datasets", "no such folder"),
        ("the system", home / "share/datasets", "no such folder"),
    ]
    assert source.find(tiny.data_set) is None


def test_the_environment_moves_the_places(tiny, home, monkeypatch):
    monkeypatch.setenv("GEARTRAIN_CACHE", str(home / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(home / "keras"))
    monkeypatch.delenv("XDG_DATA_DIRS")
    folders = [place.folder for place in source.places(tiny.data_set)]
    assert folders == [
        None,
        home / "cache/datasets",
        home / "keras/datasets",
        Path("/usr/local/share/datasets"),
        Path("/usr/share/datasets"),
    ]
    assert next(source.places(tiny.data_set)).note == "not set"


ROOTS = {
    "GEARTRAIN_DATA": "data",
    "Geartrain's cache": CACHE,
    "Keras's cache": ".keras/datasets",
    "the system": "share/datasets",
}


@pytest.mark.parametrize("label", ROOTS)
@pytest.mark.parametrize("folder", ["", "tiny", "Tiny/raw"], ids=["itself", "named", "torch"])
def test_each_place_is_found_with_its_subfolders(tiny, home, monkeypatch, label, folder):
    monkeypatch.setenv("GEARTRAIN_DATA", str(home / "data"))
    where = tiny.put_idx(home / ROOTS[label] / folder)
    place = source.find(tiny.data_set)
    assert (place.label, place.folder, place.found) == (label, home / ROOTS[label], where)
    tiny.check(source.load(tiny.data_set))


@pytest.mark.parametrize("label", list(ROOTS)[:3])
def test_an_earlier_place_wins(tiny, home, monkeypatch, label):
    monkeypatch.setenv("GEARTRAIN_DATA", str(home / "data"))
    for later in list(ROOTS)[list(ROOTS).index(label) :]:
        tiny.put_idx(home / ROOTS[later])
    assert source.find(tiny.data_set).label == label


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("dotted", [True, False])
def test_every_spelling_of_the_files_is_read(tiny, home, compressed, dotted):
    folder = tiny.put_idx(home / CACHE, compressed=compressed, dotted=dotted)
    tiny.check(source.load(tiny.data_set))
    tiny.check(source.load(tiny.data_set, folder))


@pytest.mark.parametrize("folder", ["", "tiny"])
def test_the_npz_of_keras_is_read(tiny, home, folder):
    path = tiny.put_npz(home / ".keras/datasets" / folder / "tiny.npz")
    assert source.find(tiny.data_set).found == path
    tiny.check(source.load(tiny.data_set))


def test_files_of_another_data_set_are_told_apart(tiny, other, home, monkeypatch):
    monkeypatch.setenv("GEARTRAIN_DATA", str(other.put_idx(home / "data")))
    tiny.put_idx(home / CACHE)
    first, second, *_ = source.places(tiny.data_set)
    assert first.found is None and second.found
    assert first.note == f"{home}/data/{LABELS}.gz is not of Tiny"
    tiny.check(source.load(tiny.data_set))
    other.check(source.load(other.data_set))


def test_a_set_whose_files_lack_one_says_which(tiny, home):
    (tiny.put_idx(home / CACHE) / f"{IMAGES}.gz").unlink()
    place = list(source.places(tiny.data_set))[1]
    assert place.found is None and place.note == f"{home / CACHE} lacks {IMAGES}"


def test_a_place_that_cannot_be_looked_into_is_passed_over(tiny, home, monkeypatch):
    monkeypatch.setenv("GEARTRAIN_DATA", "x" * 5000)
    tiny.put_idx(home / CACHE)
    assert "too long" in next(source.places(tiny.data_set)).note
    tiny.check(source.load(tiny.data_set))


# Damage


def test_a_damaged_place_is_passed_over_with_a_warning(tiny, home, monkeypatch):
    monkeypatch.setenv("GEARTRAIN_DATA", str(tiny.put_idx(home / "data")))
    tiny.put_idx(home / CACHE)
    damaged = tiny.arrays["x_train"].copy()
    damaged[0, 0, 0] ^= 1
    (home / f"data/{IMAGES}.gz").write_bytes(gzip.compress(encode_idx(damaged)))
    expected = tiny.data_set.parts[0].sha256
    with pytest.warns(
        GeartrainWarning, match=rf"{IMAGES}.gz: expected x_train of Tiny.*{expected}"
    ):
        tiny.check(source.load(tiny.data_set))
    with pytest.raises(ValueError, match=r"Received: SHA-256 [0-9a-f]{64}. It is damaged, or of"):
        source.load(tiny.data_set, home / "data")


@pytest.mark.parametrize("keep", [0, 9, 40])
def test_a_file_cut_short_is_passed_over_or_refused(tiny, home, keep):
    folder = tiny.put_idx(home / "data")
    path = folder / f"{IMAGES}.gz"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=rf"{IMAGES}\.gz: expected "):
        source.load(tiny.data_set, folder)
    (folder / f"{LABELS}.gz").write_bytes(b"")
    with pytest.raises(
        ValueError, match=rf"files of Tiny. Received: .*{LABELS}\.gz: expected an I"
    ):
        source.load(tiny.data_set, folder)


def test_a_damaged_npz_is_passed_over_with_a_warning(tiny, home, monkeypatch):
    monkeypatch.setenv("GEARTRAIN_DATA", str(home / "data"))
    (home / "data").mkdir()
    (home / "data/tiny.npz").write_bytes(b"damaged")
    tiny.put_npz(home / ".keras/datasets/tiny.npz")
    with pytest.warns(GeartrainWarning, match=r"tiny.npz: expected a whole .* over GEARTRAIN_DATA"):
        tiny.check(source.load(tiny.data_set))


def test_an_npz_with_other_arrays_is_refused(tiny, other, home):
    path = other.put_npz(home / "mine.npz")
    with pytest.raises(ValueError, match=r"mine.npz, member x_train.npy: expected x_train of Tiny"):
        source.load(tiny.data_set, path)


def test_the_very_file_of_keras_is_known_by_its_own_hash(tiny, other, home):
    import hashlib

    path = other.put_npz(home / "tiny.npz")
    known = hashlib.sha256(path.read_bytes()).hexdigest()
    other.check(source.load(tiny.data_set._replace(npz_sha256=known), path))


# The argument path


def test_a_path_comes_before_all_places(tiny, home, monkeypatch):
    monkeypatch.setenv("GEARTRAIN_DATA", str(home / "data"))
    (home / "data").mkdir()
    (home / "data/tiny.npz").write_bytes(b"damaged")
    tiny.check(source.load(tiny.data_set, tiny.put_npz(home / "my/copy.npz")))
    tiny.check(source.load(tiny.data_set, str(tiny.put_idx(home / "idx"))))
    tiny.put_idx(home / "all/tiny")
    tiny.check(source.load(tiny.data_set, home / "all"))


def test_a_path_may_start_with_the_home_folder(tiny, home):
    tiny.put_npz(home / "copy.npz")
    tiny.check(source.load(tiny.data_set, "~/copy.npz"))


@pytest.mark.parametrize("cache", [CACHE, ".keras/datasets"])
@pytest.mark.parametrize("name", ["copy.npz", "deep/copy.npz"])
def test_a_path_may_be_relative_to_a_cache(tiny, home, cache, name):
    tiny.put_npz(home / cache / name)
    tiny.check(source.load(tiny.data_set, name))


def test_the_default_name_means_the_usual_places(tiny, other, home, monkeypatch):
    monkeypatch.chdir(home)
    other.put_npz(home / "tiny.npz")
    tiny.put_idx(home / CACHE)
    tiny.check(source.load(tiny.data_set, "tiny.npz"))
    tiny.check(source.load(tiny.data_set, "absent.npz"))


def test_a_path_that_does_not_exist_is_refused(tiny, home):
    tiny.put_idx(home / CACHE)
    with pytest.raises(
        FileNotFoundError, match=r"file or folder that exists. Received: 'no/a.npz'"
    ):
        source.load(tiny.data_set, "no/a.npz")


@pytest.mark.parametrize("path", [7, b"bytes", ["list"]])
def test_a_path_that_is_none_is_refused(tiny, path):
    with pytest.raises(TypeError, match=r"expected path to be a path or None. Received: "):
        source.load(tiny.data_set, path)


def test_a_folder_without_the_files_is_refused(tiny, home):
    with pytest.raises(
        ValueError, match=r"home: expected the files of Tiny. Received: no files of"
    ):
        source.load(tiny.data_set, home)


# Downloads


def test_downloads_verifies_and_keeps(tiny, home, server):
    data_set = offering(tiny, server.serve_idx(tiny))
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
    mirror = server.serve_idx(tiny)
    for path, (status, headers, body) in server.routes.items():
        server.routes[path] = (status, headers, gzip.decompress(body))
    tiny.check(source.load(offering(tiny, mirror)))


def test_goes_on_to_the_next_mirror_where_one_stopped(tiny, other, server):
    first = server.serve_idx(tiny, "/first/")
    del server.routes[f"/first/{LABELS}.gz"]
    wrong = server.serve_idx(other, "/wrong/")
    right = server.serve_idx(tiny, "/right/")
    tiny.check(source.load(offering(tiny, first, wrong, right)))
    assert [path for path in server.requests if "right" in path] == [f"/right/{LABELS}.gz"]
    assert [path for path in server.requests if "wrong" in path] == [f"/wrong/{LABELS}.gz"]


def test_a_wrong_hash_is_refused_and_not_kept(tiny, other, home, server):
    data_set = offering(tiny, server.serve_idx(other))
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
    mirror = server.serve_idx(tiny)
    path = f"/idx/{IMAGES}.gz"
    status, _, body = server.routes[path]
    if "Content-Length" in headers:
        headers = {"Content-Length": str(len(body) + 1)}
    server.routes[path] = (status, headers, change(body) if change else body)
    with pytest.raises(FileNotFoundError, match=rf"{IMAGES}.gz: .*({message})"):
        source.load(offering(tiny, mirror))
    assert not (home / CACHE).exists()


def test_a_mirror_that_redirects_to_http_is_refused(tiny, server):
    mirror = server.serve_idx(tiny)
    server.redirect(f"/idx/{IMAGES}.gz", f"http://localhost/{IMAGES}.gz")
    with pytest.raises(
        FileNotFoundError, match=r"expected redirects to https alone. Received: htt"
    ):
        source.load(offering(tiny, mirror))


def test_a_damaged_cache_is_mended_by_a_download(tiny, home, server):
    data_set = offering(tiny, server.serve_idx(tiny))
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
        tiny.check(source.load(offering(tiny, server.serve_idx(tiny))))


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


# Other processes

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
    mirror = server.serve_idx(tiny)
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
    mirror = server.serve_idx(tiny)
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
