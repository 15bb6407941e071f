"""The command line of MPI's launcher."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from geartrain import config, files


def command_of(options: argparse.Namespace) -> list[str]:
    """What starts the ranks that the options of `geartrain launch` ask for.

    Raises ImportError without MPI.
    """
    files.make_folder(options.logs)
    hosts = [host for host in (options.hosts or "").split(",") if host]
    pattern = str(options.logs.absolute() / "rank-%r.log")
    for rank in range(options.ranks):
        (options.logs / f"rank-{rank}.log").unlink(missing_ok=True)
    command = [mpiexec(), "-n", str(options.ranks), "-outfile-pattern", pattern]
    command += ["-errfile-pattern", pattern]
    if hosts:
        command += ["-hosts", ",".join(hosts)]
    threads = options.threads or threads_of(options.ranks, max(1, len(hosts)))
    if options.pin:
        command += ["-bind-to", f"core:{threads}"]
    command += ["-genv", "GEARTRAIN_THREADS", str(threads)]
    script = [str(options.script.absolute()), *options.arguments]
    return [*command, sys.executable, "-m", "geartrain.commands.launching.rank", *script]


def threads_of(ranks: int, hosts: int) -> int:
    """The threads of each rank: those of a machine, shared among the ranks on it.

    >>> threads_of(10_000, 1)
    1
    """
    return max(1, config.threads() // -(-ranks // hosts))


def mpiexec() -> str:
    """MPI's launcher: that of the environment that Python runs in, or the first of the path.

    Raises ImportError where there is none.
    """
    beside = Path(sys.executable).parent / "mpiexec"
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("mpiexec")
    if found is None:
        raise ImportError(
            "expected MPI's launcher. Received: no program mpiexec. Install it: pip install "
            "'geartrain[mpi]'"
        )
    return found
