"""The cache of object code: nothing is loaded that is not, byte for byte, what was written."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from geartrain.runtime import cache

KEY, OTHER = cache.key_of("a program", "llvm"), cache.key_of("another", "llvm")
CODE = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GEARTRAIN_CACHE", str(tmp_path / "home"))
    monkeypatch.delenv("GEARTRAIN_CODE_CACHE", raising=False)
    cache.forget_folders()
    yield tmp_path / "home" / "code"
    cache.forget_folders()


def entry(folder: Path, key: bytes = KEY) -> Path:
    return folder / key.hex()


def test_what_is_written_is_read_again(folder):
    assert cache.read(KEY) is None
    cache.write(KEY, CODE)
    assert cache.read(KEY) == CODE and cache.read(OTHER) is None
    assert folder.stat().st_mode & 0o777 == 0o700
    assert entry(folder).stat().st_mode & 0o777 == 0o600
    assert [one.name for one in folder.iterdir()] == [KEY.hex()]


def test_a_key_depends_on_every_part_and_on_where_they_end():
    keys = [cache.key_of(*parts) for parts in (("ab", "c"), ("a", "bc"), ("abc",), ("ab", "d"))]
    assert len(set(keys)) == 4 and all(len(key) == 32 for key in keys)


def damaged(data: bytes, random: np.random.Generator) -> bytes:
    """A mutation: bits turned, bytes cut, added, exchanged or put elsewhere."""
    kind = random.integers(6)
    place = int(random.integers(len(data)))
    if kind == 0:
        return data[:place]
    if kind == 1:
        return data + bytes(random.integers(0, 256, random.integers(1, 50), dtype="uint8"))
    if kind == 2:
        return data[:place] + b"\x00" + data[place:]
    if kind == 3:
        return data[:place] + data[place + 1 :]
    changed = bytearray(data)
    for _ in range(1 if kind == 4 else int(random.integers(2, 9))):
        changed[int(random.integers(len(data)))] ^= 1 << int(random.integers(8))
    return bytes(changed)


def fuzz(folder: Path, count: int, seed: int) -> int:
    """How many of `count` damaged entries are read as if they were whole."""
    cache.write(KEY, CODE)
    whole, random, wrong = entry(folder).read_bytes(), np.random.default_rng(seed), 0
    for _ in range(count):
        data = damaged(whole, random)
        entry(folder).write_bytes(data)
        wrong += cache.read(KEY) is not None and data != whole
    return wrong


DAMAGED = "a damaged entry of the code cache is never read"
RACED = "rounds of eight processes that write one entry, two of them killed"


def test_no_damaged_entry_is_read(folder, count_cases):
    assert fuzz(folder, 500, seed=0) == 0
    count_cases(DAMAGED, 500)


@pytest.mark.nightly
def test_no_damaged_entry_of_very_many_is_read(folder, count_cases):
    assert fuzz(folder, 10_000, seed=1) == 0
    count_cases(DAMAGED, 10_000)


def test_an_entry_under_another_name_is_not_read(folder):
    cache.write(KEY, CODE)
    entry(folder).rename(entry(folder, OTHER))
    assert cache.read(OTHER) is None


def test_a_link_is_not_followed(folder, tmp_path):
    cache.write(KEY, CODE)
    entry(folder).rename(tmp_path / "elsewhere")
    entry(folder).symlink_to(tmp_path / "elsewhere")
    assert cache.read(KEY) is None


def test_what_is_no_file_is_not_read(folder):
    cache.write(OTHER, CODE)
    entry(folder).mkdir()
    assert cache.read(KEY) is None
    cache.write(KEY, CODE)  # fails in silence
    entry(folder).rmdir()
    os.mkfifo(entry(folder))
    assert cache.read(KEY) is None


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o755, 0o701, 0o720])
def test_a_folder_that_others_may_enter_is_not_used(folder, mode):
    folder.mkdir(parents=True)
    folder.chmod(mode)
    cache.write(KEY, CODE)
    assert cache.read(KEY) is None and not list(folder.iterdir())


def test_a_folder_that_is_a_link_is_not_used(folder, tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    folder.parent.mkdir()
    folder.symlink_to(tmp_path / "real")
    cache.write(KEY, CODE)
    assert cache.read(KEY) is None and not list((tmp_path / "real").iterdir())


def test_a_folder_of_another_owner_is_not_used(folder, monkeypatch):
    folder.mkdir(parents=True, mode=0o700)
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    cache.write(KEY, CODE)
    assert cache.read(KEY) is None and not list(folder.iterdir())


def test_a_file_in_the_place_of_the_folder(folder):
    folder.parent.mkdir()
    folder.write_text("in the way", encoding="ascii")
    cache.write(KEY, CODE)
    assert cache.read(KEY) is None


def test_it_can_be_switched_off(folder, monkeypatch):
    monkeypatch.setenv("GEARTRAIN_CODE_CACHE", "0")
    cache.write(KEY, CODE)
    assert cache.read(KEY) is None and not folder.exists()


@pytest.mark.parametrize("fault", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_home_that_cannot_be_written_to_is_no_error(folder, monkeypatch, fault):
    def fail(*arguments, **keywords):
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(Path, "mkdir", fail)
    cache.write(KEY, CODE)
    assert cache.read(KEY) is None and not folder.parent.exists()


def test_a_user_without_a_home_has_no_cache_and_no_error(monkeypatch):
    def fail(self):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("GEARTRAIN_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", fail)
    cache.forget_folders()
    cache.write(KEY, CODE)
    assert cache.read(KEY) is None


def test_the_oldest_entries_make_room(folder, monkeypatch):
    monkeypatch.setattr(cache, "MOST_BYTES", 4 * len(CODE))
    keys = [cache.key_of(str(number)) for number in range(6)]
    for age, key in enumerate(keys):
        cache.write(key, CODE)
        os.utime(entry(folder, key), (1000 + age, 1000 + age))
    kept = [cache.read(key) is not None for key in keys]
    assert kept == [False, False, False, True, True, True]


RACER = """
import os, sys
from geartrain.runtime import cache
key, number = cache.key_of("raced"), int(sys.argv[1])
for turn in range(40):
    cache.write(key, bytes([7]) * 50_000)
    found = cache.read(key)
    assert found is None or found == bytes([7]) * 50_000, len(found)
    if number % 4 == 3 and turn == 20 + number:
        os.kill(os.getpid(), 9)
"""


def race(rounds: int) -> None:
    for _ in range(rounds):
        command = [sys.executable, "-c", RACER]
        racers = [subprocess.Popen([*command, str(number)]) for number in range(8)]
        codes = [racer.wait(120) for racer in racers]
        assert codes == [0, 0, 0, -9, 0, 0, 0, -9]
        assert cache.read(cache.key_of("raced")) == bytes([7]) * 50_000


def test_eight_processes_race_and_some_are_killed(count_cases):
    race(1)
    count_cases(RACED, 1)


@pytest.mark.nightly
def test_eight_processes_race_for_long(count_cases):
    race(200)
    count_cases(RACED, 200)


def test_a_damaged_program_is_compiled_again(folder):
    pytest.importorskip("llvmlite")
    code = (
        "import numpy as np; from geartrain import jit, ops\n"
        "print(jit(lambda x: ops.sum(ops.exp(x)))(np.zeros(1000, 'float32')).item())"
    )
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "1000.0\n"), done.stderr
        entries = sorted(folder.iterdir())
        assert len(entries) == 1
        for one in entries:
            data = bytearray(one.read_bytes())
            data[len(data) // 2] ^= 16
            one.write_bytes(data)
