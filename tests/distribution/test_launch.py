"""Ranks as processes: the same bits for any number of them, and after whatever befalls them."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from geartrain.commands.launching import mpiexec

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mpi4py") is None, reason="mpi4py is not installed"
)
JOB = Path(__file__).with_name("job.py")


def run(*arguments, seconds=120, before=()):
    """The output and the code of a command of `geartrain`."""
    command = [*before, sys.executable, "-m", "geartrain", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    return done.stdout + done.stderr, done.returncode


def launched(ranks, folder, fault="none", *options):
    return run("launch", "-n", ranks, "--logs", folder / "logs", *options, JOB, folder, fault)


def result(said):
    found = re.findall(r"result (\w+) from epoch \[(\w*)\]", said)
    assert len(found) == 1, said
    return found[0]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What one process comes to, which was not launched."""
    said, code = run("run", JOB, tmp_path_factory.mktemp("alone"), "none")
    assert code == 0, said
    return result(said)[0]


def test_a_killed_rank_is_named_and_other_ranks_go_on_to_the_same_bits(tmp_path, expected):
    said, code = launched(2, tmp_path, "kill")
    assert code == 1 and "result" not in said
    assert re.search(r"rank 1 of 2 \(process \d+ on .*\) is gone without a word", said), said
    said, code = launched(3, tmp_path)  # more ranks than before
    assert code == 0, said
    digest, epoch = result(said)
    assert digest == expected and int(epoch) > 0
    assert {(tmp_path / f"rank-{rank}").read_text() for rank in range(3)} == {expected}
    assert [one.name for one in tmp_path.glob("*.keras")] == ["of-0.keras"]
    assert "result" in (tmp_path / "logs" / "rank-2.log").read_text()


FAULTS = {
    "kill": "is gone without a word",
    "stop": r"is stopped \(SIGSTOP\)",
    "raise": "failed: ValueError: a sample that nobody can read",
    "memory": "failed: MemoryError: no room for a sample",
    "exit": "ended with the code 3",
}


@pytest.mark.nightly
@pytest.mark.parametrize("fault", FAULTS)
def test_after_each_fault_a_restart_ends_in_the_same_bits(fault, tmp_path, expected):
    said, code = launched(2, tmp_path, fault, "--restarts", 1)
    assert code == 0 and re.search(f"rank 1 of 2 .* {FAULTS[fault]}", said), said
    assert "restart 1 of 1" in said
    digest, epoch = result(said)
    assert digest == expected and int(epoch) > 0


@pytest.mark.nightly
@pytest.mark.parametrize("fault", FAULTS)
def test_all_ranks_end_soon_after_a_fault(fault, tmp_path):
    said, code = launched(4, tmp_path, fault)
    ended = time.time()
    assert code == 1 and re.search(FAULTS[fault], said), said
    assert ended - (tmp_path / "failed").stat().st_mtime < 4  # 2, and what a busy machine adds


@pytest.mark.nightly
@pytest.mark.parametrize("ranks", [1, 2, 4, 5, 8])
def test_any_number_of_ranks_has_the_same_bits(ranks, tmp_path, expected):
    said, code = launched(ranks, tmp_path)
    assert code == 0, said
    assert result(said)[0] == expected


@pytest.mark.nightly
def test_many_ways_to_train_have_the_same_bits(tmp_path):
    found = []
    for ranks in (1, 2, 3):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        fits = JOB.with_name("fits.py")
        said, code = run("launch", "-n", ranks, "--logs", folder / "logs", fits, folder)
        assert code == 0, said
        found += [json.loads((folder / f"rank-{rank}.json").read_text()) for rank in range(ranks)]
        assert (folder / "best.keras").exists() and not (folder / "backup").exists()
    assert all(one == found[0] for one in found)


def can_make_networks():
    """Whether this user may make network namespaces."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        return False
    made = subprocess.run(["ip", "netns", "add", "geartrain-try"], capture_output=True)
    subprocess.run(["ip", "netns", "del", "geartrain-try"], capture_output=True)
    return made.returncode == 0


@pytest.fixture
def two_machines(tmp_path):
    """Two network namespaces, joined by a cable; what MPI's launcher needs to reach the second."""
    if not can_make_networks():
        pytest.skip("this user may make no network namespaces")
    names = [f"geartrain-{os.getpid()}-{number}" for number in (1, 2)]
    commands = [f"netns add {name}" for name in names]
    commands += [f"link add end1 netns {names[0]} type veth peer name end2 netns {names[1]}"]
    for number, name in enumerate(names, start=1):
        commands += [
            f"-n {name} addr add 10.77.0.{number}/24 dev end{number}",
            f"-n {name} link set end{number} up",
            f"-n {name} link set lo up",
        ]
    shell = tmp_path / "shell"
    shell.write_text(
        '#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do shift; done\nshift\n'
        f'exec ip netns exec {names[1]} sh -c "$*"\n'
    )
    shell.chmod(0o755)
    try:
        for command in commands:
            subprocess.run(["ip", *command.split()], check=True)
        yield names[0], shell
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


@pytest.mark.nightly
def test_two_machines_have_the_same_bits_over_tcp(tmp_path, expected, two_machines, monkeypatch):
    """MPI finds shared memory across networks of one machine, unless it is told to use TCP."""
    network, shell = two_machines
    monkeypatch.setenv("UCX_TLS", "tcp,self")
    monkeypatch.setenv("HYDRA_LAUNCHER_EXEC", str(shell))
    said, code = run(
        "launch", "-n", 2, "--hosts", "10.77.0.1,10.77.0.2", "--address", "10.77.0.1",
        "--logs", tmp_path / "logs", JOB, tmp_path, "none",
        before=["ip", "netns", "exec", network],
    )  # fmt: skip
    assert code == 0, said
    assert result(said)[0] == expected


def test_without_a_launcher_the_remedy_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImportError, match=r"expected MPI's launcher.*pip install 'geartrain"):
        mpiexec.mpiexec()


def test_wrong_arguments_are_refused(tmp_path):
    said, code = run("launch", "-n", 0, JOB)
    assert code == 1 and "-n: expected 1 rank or more. Received: 0" in said
    said, code = run("launch", "-n", 2, tmp_path / "none.py")
    assert code == 1 and "script: expected a Python file. Received:" in said
