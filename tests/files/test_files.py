"""Writing whole or not at all: what is there afterwards, and what is said when it fails."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from geartrain import files

is_administrator = hasattr(os, "getuid") and os.getuid() == 0
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def write(path: Path, content: bytes = b"new", **options: bool) -> None:
    with files.replacing(path, **options) as stream:
        stream.write(content)


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_is_there_only_at_the_end(tmp_path):
    path = tmp_path / "file"
    with files.replacing(path) as stream:
        stream.write(b"some")
        stream.flush()
        assert not path.exists()
    assert path.read_bytes() == b"some" and names(tmp_path) == ["file"]


def test_the_former_file_is_there_until_the_end(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with files.replacing(str(path)) as stream:
        stream.write(b"new" * 1_000_000)
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new" * 1_000_000


def test_writers_that_move_about_can_use_the_stream(tmp_path):
    with files.replacing(tmp_path / "a.zip") as stream, zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("one", b"1" * 100_000)
        with archive.open("two", "w", force_zip64=True) as member:
            member.write(b"2" * 500_000)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None and archive.read("two") == b"2" * 500_000
    with files.replacing(tmp_path / "a.npz") as stream:
        np.savez(stream, x=np.arange(100_000))
    assert np.load(tmp_path / "a.npz")["x"][-1] == 99_999
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    with files.replacing(tmp_path / "a.h5") as stream, h5py.File(stream, "w") as store:
        store["x"] = np.arange(100_000)
        store["y"] = np.ones(7)
    with h5py.File(tmp_path / "a.h5") as store:
        assert store["x"][-1] == 99_999 and store["y"][:].sum() == 7


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_in_the_block_leaves_what_was_there(tmp_path, error):
    (tmp_path / "file").write_bytes(b"old")
    for name in ("file", "other"):
        with pytest.raises(error), files.replacing(tmp_path / name) as stream:
            stream.write(b"half")
            raise error
    assert names(tmp_path) == ["file"] and (tmp_path / "file").read_bytes() == b"old"


def test_permissions_are_those_of_the_former_file_or_of_open(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "new")
        (tmp_path / "former").write_bytes(b"old")
        (tmp_path / "former").chmod(0o604)
        write(tmp_path / "former")
        write(tmp_path / "own", private=True)
    finally:
        os.umask(before)
    found = [mode(tmp_path / name) for name in ("new", "former", "own")]
    assert found == [0o640, 0o604, 0o600]


@pytest.mark.skipif(not is_administrator, reason="only an administrator may change an owner")
def test_the_owner_stays(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    os.chown(tmp_path / "file", 1234, 4321)
    write(tmp_path / "file")
    found = (tmp_path / "file").stat()
    assert (found.st_uid, found.st_gid) == (1234, 4321)


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real/file")
    (tmp_path / "dangling").symlink_to("real/later")
    write(tmp_path / "link")
    write(tmp_path / "dangling")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "dangling").is_symlink()
    assert names(tmp_path / "real") == ["file", "later"]
    assert (tmp_path / "real" / "file").read_bytes() == b"new"


def test_a_private_file_replaces_a_link(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("file")
    write(tmp_path / "link", private=True)
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path):
    path = tmp_path / ("ö" * 127)
    write(path)
    assert path.read_bytes() == b"new" and len(names(tmp_path)) == 1


def refusals(folder: Path) -> dict[str, tuple[Path, type[OSError], str]]:
    (folder / "folder").mkdir()
    (folder / "file").write_bytes(b"old")
    (folder / "circle").symlink_to("circle")
    os.mkfifo(folder / "pipe")
    return {
        "a folder": (folder / "folder", IsADirectoryError, "it is a folder.*Name a file"),
        "no folder": (
            folder / "no" / "file", FileNotFoundError,
            "No such file or directory. Nothing was left there. Make its folder first",
        ),
        "a file as folder": (folder / "file" / "x", NotADirectoryError, "Choose another path"),
        "a pipe": (folder / "pipe", OSError, "a device or a pipe. What was .*Name a regular file"),
        "a device": (Path(os.devnull), OSError, "a device or a pipe"),
        "a circle of links": (folder / "circle", OSError, "symbolic links"),
        "a name too long": (folder / ("x" * 256), OSError, "name too long"),
    }  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
@pytest.mark.parametrize(
    "case",
    ["a folder", "no folder", "a file as folder", "a pipe", "a device", "a circle of links",
     "a name too long"],
)  # fmt: skip
@pytest.mark.parametrize(
    "writer", [write, files.append_lines, files.append], ids=["replacing", "lines", "bytes"]
)
def test_what_cannot_be_a_file_is_refused(tmp_path, case, writer):
    path, error, message = refusals(tmp_path)[case]
    before = names(tmp_path)
    with pytest.raises(error, match=f"cannot write '.*': .*{message}") as caught:
        writer(path, b"new")
    assert str(path) in str(caught.value) and names(tmp_path) == before
    assert Path(os.devnull).is_char_device()


@pytest.fixture
def folder_of_a_user():
    """A folder of an ordinary user: an administrator may write anywhere."""
    folder = Path(tempfile.mkdtemp()).resolve()
    if os.getuid() == 0:
        os.chown(folder, 65534, 65534)
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


def refused_to_a_user(act: Callable[[], None]) -> str:
    """What an ordinary user is told when `act` is refused, in a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            act()
        except PermissionError as error:
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        message = pipe.read().decode()
    os.waitpid(child, 0)
    return message


@needs_fork
@pytest.mark.parametrize(
    "writer", [write, files.append_lines, files.append], ids=["replacing", "lines", "bytes"]
)
def test_a_file_that_must_not_be_written_is_left_alone(folder_of_a_user, writer):
    path = folder_of_a_user / "file"
    path.write_bytes(b"old")
    path.chmod(0o444)
    message = refused_to_a_user(lambda: writer(path, b"new"))
    assert "it must not be written. What was there before is whole. Change the per" in message
    assert path.read_bytes() == b"old" and names(folder_of_a_user) == ["file"]


@needs_fork
def test_a_folder_that_must_not_be_written_is_told(folder_of_a_user):
    folder_of_a_user.chmod(0o555)
    message = refused_to_a_user(lambda: write(folder_of_a_user / "file"))
    assert "Permission denied. Nothing was left there. Change the permissions, or" in message


@needs_fork
def test_a_user_may_replace_what_belongs_to_another(folder_of_a_user):
    """The right to write is that of the file and its folder; the owner then changes."""
    path = folder_of_a_user / "file"
    path.write_bytes(b"old")
    path.chmod(0o666)
    assert refused_to_a_user(lambda: write(path)) == ""
    assert path.read_bytes() == b"new" and mode(path) == 0o666


def leave(path: Path, age: float) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"half")
    for one in (path, path.parent) if path.parent.name.endswith(".part") else (path,):
        os.utime(one, (one.stat().st_mtime - age,) * 2)


def test_what_killed_processes_left_is_removed_after_an_hour(tmp_path):
    token = "0123456789abcdef"
    for name, age in {
        f".model.keras.geartrain-{token}.part": 4000, f".other.geartrain-{token}.part": 4000,
        f".folder.geartrain-{token}.part/config.json": 4000,
        f".fresh.geartrain-{token}.part": 3000, ".model.keras.part": 4000,
        f"model.geartrain-{token}.part": 4000, f".former.geartrain-{token}.former": 4000,
    }.items():  # fmt: skip
        leave(tmp_path / name, age)
    write(tmp_path / "model.keras")
    assert names(tmp_path) == [
        f".former.geartrain-{token}.former", f".fresh.geartrain-{token}.part",
        ".model.keras.part", f"model.geartrain-{token}.part", "model.keras",
    ]  # fmt: skip


def fill(path: Path, members: tuple[str, ...] = ("config.json", "assets"), text: str = "new"):
    with files.replacing_folder(path, members) as folder:
        (folder / "config.json").write_text(text, encoding="ascii")
        (folder / "assets").mkdir()
        (folder / "assets" / "words.txt").write_text(text, encoding="ascii")


def whole(path: Path, text: str) -> bool:
    found = [path / "config.json", path / "assets" / "words.txt"]
    return [one.read_text(encoding="ascii") for one in found] == [text, text]


@pytest.fixture(params=["at once", "in steps"])
def exchange(request, monkeypatch):
    """Both ways of exchanging folders: of this system, and of those that have no such call."""
    if request.param == "in steps":
        monkeypatch.setattr("geartrain.files.folder._exchange_at_once", lambda first, second: False)


def test_a_folder_is_replaced_as_a_whole(tmp_path, exchange):
    path = tmp_path / "model"
    fill(path, text="old")
    assert whole(path, "old")
    path.chmod(0o750)
    (tmp_path / "link").symlink_to("model")
    fill(tmp_path / "link")
    assert whole(path, "new") and names(tmp_path) == ["link", "model"] and mode(path) == 0o750


def test_an_error_in_the_block_leaves_the_former_folder(tmp_path, exchange):
    fill(tmp_path / "model", text="old")
    for name in ("model", "other"):
        with (
            pytest.raises(ValueError, match="stop"),
            files.replacing_folder(tmp_path / name, ("config.json", "assets")) as folder,
        ):
            (folder / "config.json").write_text("half", encoding="ascii")
            raise ValueError("stop")
    assert whole(tmp_path / "model", "old") and names(tmp_path) == ["model"]


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    fill(tmp_path / "model", text="old")
    (tmp_path / "model" / "thesis.tex").write_text("two years of work", encoding="ascii")
    with pytest.raises(OSError, match=r"holds other files, such as 'thesis.tex'.*Choose another"):
        fill(tmp_path / "model")
    assert whole(tmp_path / "model", "old") and len(names(tmp_path / "model")) == 3
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(NotADirectoryError, match=r"it is a file\. What was there before is"):
        fill(tmp_path / "file")
    assert names(tmp_path) == ["file", "model"]


def test_appending_adds_to_what_is_there(tmp_path):
    for content in (b"one\n", b"", b"two\n"):
        files.append_lines(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == b"one\ntwo\n" and names(tmp_path) == ["file"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_line_without_its_end_gets_it(tmp_path, end):
    (tmp_path / "file").write_bytes(b"one")
    files.append_lines(tmp_path / "file", b"")
    assert (tmp_path / "file").read_bytes() == b"one"
    files.append_lines(tmp_path / "file", b"two" + end)
    assert (tmp_path / "file").read_bytes() == b"one" + end + b"two" + end


def test_folders_are_made_as_far_as_they_are_missing(tmp_path):
    files.make_folder(tmp_path / "a" / "b" / "c", 0o700)
    files.make_folder(tmp_path / "a" / "b" / "c")
    assert mode(tmp_path / "a" / "b" / "c") == 0o700 and mode(tmp_path / "a" / "b") & 0o055
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError, match=r"cannot write .*file/d/e': .*file' is a file"):
        files.make_folder(tmp_path / "file" / "d" / "e")


@pytest.fixture
def small_files():
    """Files of this process may have a million bytes: the next ones do not fit, as on a full disk.

    A write that crosses the limit is a short one, and the one after it fails.
    """
    resource = pytest.importorskip("resource", reason="no limits of this kind on this system")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_does_not_fit_leaves_what_was_there(tmp_path, small_files):
    (tmp_path / "file").write_bytes(b"old")
    for name, state in {"file": "What was there before is whole", "new": "Nothing was le"}.items():
        with pytest.raises(OSError, match=rf"{name}': File too large\. {state}.*Make room on the"):
            write(tmp_path / name, b"x" * 1_000_001)
    assert (tmp_path / "file").read_bytes() == b"old" and names(tmp_path) == ["file"]


def test_a_failure_that_the_writer_swallows_is_told_nevertheless(tmp_path, small_files):
    """Some libraries turn errors of a stream into their own, or into a printed line."""
    (tmp_path / "file").write_bytes(b"old")
    with (
        pytest.raises(OSError, match=r"File too large\. What was there before is whole"),
        files.replacing(tmp_path / "file") as stream,
    ):
        with contextlib.suppress(OSError):
            stream.write(b"x" * 1_000_001)
        stream.seek(0)
        with contextlib.suppress(OSError):
            stream.write(b"after the gap")
    assert (tmp_path / "file").read_bytes() == b"old" and names(tmp_path) == ["file"]


def test_a_line_that_does_not_fit_is_not_there_in_part(tmp_path, small_files):
    files.append_lines(tmp_path / "file", b"x" * 999_990)
    with pytest.raises(OSError, match=r"File too large\. What was there before is whole"):
        files.append_lines(tmp_path / "file", b"y" * 20)
    assert (tmp_path / "file").read_bytes() == b"x" * 999_990
