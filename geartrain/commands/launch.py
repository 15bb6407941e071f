"""Train one script on several processes, on this machine or several, by MPI's mpiexec.

The script runs as by `geartrain run`, once at each rank. All train one model if it begins with

    keras.distribution.initialize()
    keras.distribution.set_distribution(keras.distribution.DataParallel())

What rank 0 prints is shown, and kept with that of the others, one file a rank. A rank that fails,
is killed or stops ends the job within seconds, and is named; with --restarts the script begins
again, and goes on from its checkpoint if it keeps one, by fit(resume="run/") for example.
"""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "train a script on several processes or machines"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("-n", type=int, required=True, dest="ranks", help="how many ranks")
    parser.add_argument("--hosts", help="machines to start them on, as in a,b; reached by ssh")
    parser.add_argument(
        "--address", help="this machine's address for the others; by default its name"
    )
    parser.add_argument(
        "--threads", type=int, help="threads of each rank; by default all share this machine's"
    )
    parser.add_argument("--pin", action="store_true", help="keep each rank on cores of its own")
    parser.add_argument(
        "--logs", type=Path, default=Path("logs"), help="folder for what each rank writes"
    )
    parser.add_argument(
        "--restarts", type=int, default=0, help="how often to begin again after a failure"
    )
    parser.add_argument(
        "--watchdog", type=float, default=60.0,
        help="seconds after which a rank on another machine that is not heard of has failed",
    )  # fmt: skip
    parser.add_argument("script", type=Path, help="a Python file")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="the script's own arguments")


def execute(options: argparse.Namespace) -> int:
    """Run the job; 1 if it failed in the end."""
    import socket
    import sys

    from geartrain.commands.launching.job import Job
    from geartrain.commands.launching.mpiexec import command_of

    if options.ranks < 1:
        raise ValueError(f"-n: expected 1 rank or more. Received: {options.ranks}")
    if not options.script.is_file():
        raise ValueError(f"script: expected a Python file. Received: {str(options.script)!r}")
    address = options.address or (socket.gethostname() if options.hosts else None)
    for attempt in range(options.restarts + 1):
        with Job(options.ranks, options.watchdog, address) as job:
            failure = job.run(command_of(options), options.logs / "rank-0.log")
        if failure is None:
            return 0
        print(f"geartrain launch: {failure}", file=sys.stderr)
        if attempt < options.restarts:
            print(f"geartrain launch: restart {attempt + 1} of {options.restarts}", file=sys.stderr)
    print(f"geartrain launch: the log of each rank is in {options.logs}", file=sys.stderr)
    return 1
