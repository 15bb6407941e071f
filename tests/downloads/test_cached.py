"""`get_file`: verified, whole or not there, and no archive writes outside of its folder."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from geartrain.errors import GeartrainWarning
from geartrain.utils import get_file

BODY = bytes(range(256)) * 1024
SHA256 = hashlib.sha256(BODY).hexdigest()
MD5 = hashlib.md5(BODY).hexdigest()


def tree(folder):
    """All files in a folder, and what they hold."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


def tarball(members, mode="w:gz"):
    """A tar archive; a member is bytes, or a TarInfo."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            body = b"" if isinstance(content, tarfile.TarInfo) else content
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return file.getvalue()


def zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize("scheme", ["http", "https", "file"])
def test_a_file_is_kept_where_keras_keeps_it(home, server, plain_server, tmp_path, scheme):
    (tmp_path / "data.csv").write_bytes(BODY)
    for one in (server, plain_server):
        one.put("/a/data.csv", BODY)
        one.put("/a/data.csv?raw=true", BODY)
    origin = {
        "http": f"{plain_server.url}/a/data.csv?raw=true",
        "https": f"{server.url}/a/data.csv",
        "file": (tmp_path / "data.csv").as_uri(),
    }[scheme]
    path = get_file(origin=origin)
    assert path == str(home / ".keras/datasets/data.csv") and isinstance(path, str)
    assert get_file(origin=origin) == path
    assert len(server.requests) + len(plain_server.requests) == (scheme != "file")
    assert tree(home) == {".keras/datasets/data.csv": BODY}


def test_arguments_choose_name_and_folder(home, server, tmp_path, monkeypatch):
    server.put("/data.csv", BODY)
    origin = f"{server.url}/data.csv"
    assert get_file("other.csv", origin, cache_subdir="sub/below") == str(
        home / ".keras/sub/below/other.csv"
    )
    assert get_file(Path("one.csv"), origin, cache_dir=tmp_path / "cache", cache_subdir="") == str(
        tmp_path / "cache/one.csv"
    )
    assert get_file(origin=origin, cache_subdir=tmp_path / "absolute") == str(
        tmp_path / "absolute/data.csv"
    )
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    assert get_file(origin=origin) == str(tmp_path / "keras/datasets/data.csv")


@pytest.mark.parametrize(
    "arguments",
    [
        {"file_hash": SHA256},
        {"file_hash": MD5},
        {"md5_hash": MD5},
        {"file_hash": SHA256.upper(), "hash_algorithm": "sha256"},
        {"file_hash": MD5, "hash_algorithm": "md5"},
    ],
)
def test_a_hash_is_compared_in_the_cache_and_of_what_comes(home, server, arguments):
    server.put("/data", BODY)
    path = Path(get_file(origin=f"{server.url}/data", **arguments))
    get_file(origin=f"{server.url}/data", **arguments)
    assert len(server.requests) == 1
    path.write_bytes(b"damaged")
    with pytest.warns(GeartrainWarning, match=r"data' has the hash .* It is downloaded again"):
        get_file(origin=f"{server.url}/data", **arguments)
    assert path.read_bytes() == BODY
    server.put("/data", BODY[:-1])
    with pytest.raises(ValueError, match=r"data to have the hash .* Received a file with the hash"):
        get_file(origin=f"{server.url}/data", force_download=True, **arguments)
    assert tree(home) == {".keras/datasets/data": BODY}


def test_a_download_can_be_forced(home, server):
    server.put("/data", b"old")
    path = Path(get_file(origin=f"{server.url}/data"))
    server.put("/data", b"new")
    get_file(origin=f"{server.url}/data")
    assert path.read_bytes() == b"old"
    get_file(origin=f"{server.url}/data", force_download=True)
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("answer", [404, "short", "nobody"])
def test_a_download_that_fails_leaves_nothing_and_says_where_to_put_the_file(home, server, answer):
    if answer == "short":
        server.put("/data", BODY, **{"Content-Length": str(len(BODY) + 1)})
    if answer == "nobody":
        server.close()
        server.close = lambda: None
    where = str(home / ".keras/datasets/data")
    with pytest.raises(ConnectionError, match=rf"put the file at {where!r}\.$"):
        get_file(origin=f"{server.url}/data")
    assert tree(home) == {}


MEMBERS = {"set/a.txt": b"a", "set/below/b.txt": BODY, "c.txt": b""}
ARCHIVES = {
    "set.tar": lambda members: tarball(members, "w"),
    "set.tar.gz": tarball,
    "set.tgz": tarball,
    "set.tar.bz2": lambda members: tarball(members, "w:bz2"),
    "set.zip": zipped,
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_is_extracted(home, server, name):
    server.put(f"/{name}", ARCHIVES[name](MEMBERS))
    folder = get_file(origin=f"{server.url}/{name}", extract=True)
    assert folder == str(home / ".keras/datasets" / name)
    assert tree(folder) == MEMBERS
    assert Path(f"{folder}_archive").is_file()


def test_the_folder_is_named_as_keras_names_it(home, server):
    server.put("/set.tar.gz", tarball(MEMBERS))
    origin = f"{server.url}/set.tar.gz"
    datasets = home / ".keras/datasets"
    assert get_file("cats", origin, extract=True) == str(datasets / "cats")
    assert (datasets / "cats_archive").is_file()
    assert get_file("dogs.v1.tgz", origin, untar=True) == str(datasets / "dogs_extracted")
    assert (datasets / "dogs.v1.tgz").is_file()


def test_extracting_again_mends_what_lacks_and_keeps_what_others_put_there(home, server):
    server.put("/set.zip", zipped(MEMBERS))
    folder = Path(get_file("set", f"{server.url}/set.zip", extract=True))
    (folder / "c.txt").unlink()
    (folder / "set/a.txt").write_bytes(b"cut")
    (folder / "own.txt").write_bytes(b"own")
    get_file("set", f"{server.url}/set.zip", extract=True)
    assert tree(folder) == {**MEMBERS, "own.txt": b"own"}
    server.put("/set.zip", zipped({**MEMBERS, "set/a.txt": b"z"}))
    get_file("set", f"{server.url}/set.zip", extract=True, force_download=True)
    assert tree(folder)["set/a.txt"] == b"z"


@pytest.mark.parametrize("archive", [tarball, zipped])
@pytest.mark.parametrize("name", ["../out.txt", "/tmp/out.txt", "a/../../out.txt", r"..\out.txt"])
def test_nothing_is_written_outside_of_the_folder(home, server, archive, name):
    server.put("/set", archive({name: b"out", "in.txt": b"in"}))
    with pytest.warns(GeartrainWarning, match=r"out\.txt' in the archive is passed over"):
        folder = get_file("cats", f"{server.url}/set", extract=True)
    assert tree(folder) == {"in.txt": b"in"}
    assert not [path for path in tree(home) if "out" in path]


def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_links_are_copied_or_passed_over(home, server, tmp_path):
    (tmp_path / "outside").mkdir()
    members = {
        "a.txt": b"a",
        "copy": link("copy", "a.txt"),
        "hard": link("hard", "a.txt", tarfile.LNKTYPE),
        "door": link("door", str(tmp_path / "outside")),
        "door/in.txt": b"in",
        "up": link("up", "../../secret"),
        "pipe": link("pipe", "", tarfile.FIFOTYPE),
    }
    server.put("/set", tarball(members))
    with pytest.warns(GeartrainWarning) as told:
        folder = get_file("cats", f"{server.url}/set", extract=True)
    assert [str(one.message).split("'")[1] for one in told] == ["door", "up", "pipe"]
    assert tree(folder) == {"a.txt": b"a", "copy": b"a", "hard": b"a", "door/in.txt": b"in"}
    assert not any(path.is_symlink() for path in Path(folder).rglob("*"))
    assert list((tmp_path / "outside").iterdir()) == []


def damaged(body):
    return body[:300] + bytes(one ^ 255 for one in body[300:304]) + body[304:]


LOOP = {"a": link("a", "b"), "b": link("b", "a")}


@pytest.mark.parametrize("body", [tarball(MEMBERS)[:-200], damaged(zipped(MEMBERS)), tarball(LOOP)])
def test_a_damaged_archive_is_refused_and_no_folder_made(home, server, body):
    server.put("/set", body)
    with pytest.raises(ValueError, match=r"cats_archive: expected a whole (tar|zip) archive"):
        get_file("cats", f"{server.url}/set", extract=True)
    assert list(tree(home)) == [".keras/datasets/cats_archive"]


@pytest.mark.parametrize("formats", ["auto", None, "zip"])
def test_what_is_no_archive_of_the_formats_is_said(home, server, formats):
    server.put("/set", BODY if formats == "auto" else tarball(MEMBERS))
    with pytest.warns(GeartrainWarning, match="expected .* to be an archive"):
        folder = get_file("cats", f"{server.url}/set", extract=True, archive_format=formats)
    assert folder == str(home / ".keras/datasets/cats") and not Path(folder).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"origin": None}, r"origin to be the address of the file\. Received: None"),
        ({"fname": "a/b"}, r"fname to be a name without folders\. Received: 'a/b'"),
        ({"fname": ".."}, r"fname to be a name without folders\. Received: '\.\.'"),
        ({"origin": "https://localhost/"}, r"Received: 'https://localhost/'\. Give the name as"),
        ({"hash_algorithm": "sha1"}, r"hash_algorithm to be one of .* Received: 'sha1'"),
        ({"extract": True, "archive_format": "rar"}, r"archive_format .* Received: 'rar'"),
    ],
)
def test_wrong_arguments_are_refused(home, arguments, message):
    with pytest.raises(ValueError, match=f"^get_file expected .*{message}"):
        get_file(**{"origin": "https://localhost/data", **arguments})
    assert tree(home) == {}


@pytest.mark.parametrize("origin", ["ftp://localhost/a", "data:,a", "/etc/hostname"])
def test_other_schemes_are_refused(home, origin):
    with pytest.raises(ConnectionError, match="expected an https, http, file address"):
        get_file("a", origin=origin)


def test_a_cache_that_cannot_be_made_is_replaced_for_a_while(server, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "file").write_bytes(b"in the way")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file/keras"))
    server.put("/data", BODY)
    path = Path(get_file(origin=f"{server.url}/data"))
    assert path.parent.parent.parent == tmp_path and path.read_bytes() == BODY
    assert path.parent.parent.stat().st_mode & 0o077 == 0
