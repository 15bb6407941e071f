"""The devices of a job: the processor of each rank; and how a job begins."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from geartrain.distribution import current
from geartrain.distribution.ranks import MpiRanks
from geartrain.errors import shown

_SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "PALS_SIZE")
_NUMBERS = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "PALS_RANKID")


def launched() -> tuple[int, int]:
    """The number of this process, and how many an MPI launcher has started: (0, 1) without one."""
    return _first_number(_NUMBERS, 0), _first_number(_SIZES, 1)


def _first_number(names: tuple[str, ...], otherwise: int) -> int:
    found = (os.environ[name] for name in names if os.environ.get(name, "").isdecimal())
    return int(next(found, otherwise))


def list_devices(device_type: str | None = None) -> list[str]:
    """The devices of all ranks: the processor of each.

    Args:
        device_type: `"cpu"`; there are none of other kinds.

    >>> list_devices(), list_devices("gpu")
    (['cpu:0'], [])
    """
    if device_type is not None and str(device_type).lower() != "cpu":
        return []
    return [f"cpu:{rank}" for rank in range(current.ranks().size)]


def get_device_count(device_type: str | None = None) -> int:
    """How many devices `list_devices` tells.

    >>> get_device_count()
    1
    """
    return len(list_devices(device_type))


def initialize(
    job_addresses: str | None = None, num_processes: int | None = None,
    process_id: int | None = None,
) -> None:  # fmt: skip
    """Let this process and the others that `geartrain launch` has started be the ranks of one job.

    They then have one list of devices, which `DataParallel` shares the data out to. Files are
    written by rank 0 alone from now on, and an error that nobody catches ends all ranks. A process
    that was not launched stays alone. The environment variables `KERAS_DISTRIBUTION_NUM_PROCESSES`
    and `KERAS_DISTRIBUTION_PROCESS_ID` stand for arguments that are not given.

    Args:
        job_addresses: accepted as in Keras: the launcher knows the hosts.
        num_processes: how many ranks there have to be; as many as were launched by default.
        process_id: which of them this has to be.

    Raises:
        ImportError: several were launched, and mpi4py is not installed.
        ValueError: other numbers than those of the launcher; ranks whose program, versions or
            processors differ.
    """
    number, size = launched()
    wanted = {
        "num_processes": _given(num_processes, "KERAS_DISTRIBUTION_NUM_PROCESSES", size),
        "process_id": _given(process_id, "KERAS_DISTRIBUTION_PROCESS_ID", number),
    }
    if wanted["num_processes"] != size or wanted["process_id"] != number:
        raise ValueError(
            f"initialize: expected num_processes={size} and process_id={number}, as this process "
            f"was launched. Received: num_processes={shown(wanted['num_processes'])}, "
            f"process_id={shown(wanted['process_id'])}. Start the ranks by: geartrain launch -n "
            f"{wanted['num_processes']} {os.path.basename(sys.argv[0]) or 'script.py'}"  # noqa: PTH119
        )
    if size == 1 or current.ranks().size > 1:
        return
    ranks = MpiRanks()
    current.set_ranks(ranks)
    _end_all_on_errors()
    refuse_strangers(ranks.all_values(identity()))
    if ranks.rank:
        from geartrain import files

        files.leave_to_others()


def _given(value: int | None, variable: str, otherwise: int) -> Any:
    text = os.environ.get(variable, "")
    return value if value is not None else int(text) if text.isdecimal() else otherwise


def identity() -> dict[str, str]:
    """What ranks of one job must have in common, each with a word for what it is."""
    from hashlib import blake2b
    from pathlib import Path

    import numpy as np

    from geartrain._version import __version__
    from geartrain.compiler.targets.target import host

    target = host()
    script = Path(sys.argv[0]) if sys.argv else Path()
    text = script.read_bytes() if script.is_file() else b""
    return {
        "program": f"{script.name} {blake2b(text, digest_size=6).hexdigest()}",
        "arguments": " ".join(sys.argv[1:]),
        "version of Geartrain": __version__,
        "version of NumPy": np.__version__,
        "version of Python": ".".join(map(str, sys.version_info[:3])),
        "processor": f"{target.cpu} {blake2b(target.features.encode(), digest_size=4).hexdigest()}",
    }


def refuse_strangers(found: list[Mapping[str, str]]) -> None:
    """Raise ValueError where ranks differ in what they must have in common.

    >>> refuse_strangers([{"program": "a.py 01"}, {"program": "a.py 02"}])
    Traceback (most recent call last):
    ValueError: initialize: expected ranks with one program. Received: a.py 01 at rank 0, a.py 02...
    """
    for what, expected in found[0].items():
        for rank, own in enumerate(found):
            if own.get(what) != expected:
                raise ValueError(
                    f"initialize: expected ranks with one {what}. Received: {expected} at rank 0, "
                    f"{own.get(what)} at rank {rank}. Sums of different kinds have different bits: "
                    "let all hosts have the same."
                )


def _end_all_on_errors() -> None:
    """Let an exception that ends this rank end the others, who would wait for it forever."""
    before = sys.excepthook

    def told(kind: Any, error: Any, trace: Any) -> None:
        ranks = current.ranks()
        try:
            before(kind, error, trace)
            last = traceback.format_exception_only(kind, error)[-1].strip()
            print(f"geartrain: rank {ranks.rank} of {ranks.size} ends the job: {last}",
                  file=sys.stderr, flush=True)  # fmt: skip
        finally:
            ranks.abort()

    sys.excepthook = told
