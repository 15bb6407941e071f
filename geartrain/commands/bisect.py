"""Find the first step at which two trainings differ, and the tensor.

Both programs are run again side by side, each in a process of its own, from the last step of which
both have the same checkpoint, else from the start. Nothing is written to files.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

HELP = "find the first step at which two trainings differ"
_SHOWN = 5  # tensors


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("runs", type=Path, nargs=2, help="folders that fit(resume=...) was given")


def execute(options: argparse.Namespace) -> int:
    """Compare them; 1 if they differ."""
    first = _common(*options.runs)
    names = [str(run) for run in options.runs]
    with ExitStack() as stack:
        trails = [stack.enter_context(_steps(run, first)) for run in options.runs]
        before = first
        for (step, ours), (other_step, others) in zip(*trails, strict=False):
            found = _difference(step, ours, other_step, others)
            if found:
                print(f"{names[0]} and {names[1]} are the same up to step {before}. {found}")
                return 1
            before = step
    print(f"{names[0]} and {names[1]} are the same in all {before} steps that both have")
    return 0


def _common(one: Path, other: Path) -> int:
    """The last step of which both have a checkpoint with the same values; 0 without any."""
    import numpy as np

    from geartrain.resume.folder import RunFolder

    folders = [RunFolder(one), RunFolder(other)]
    for step in sorted(set(folders[0].steps()) & set(folders[1].steps()), reverse=True):
        ours, others = (folder.latest(step) for folder in folders)
        if ours is None or others is None or ours.values.keys() != others.values.keys():
            continue
        pairs = [(value, others.values[name]) for name, value in ours.values.items()]
        if all(np.array_equal(*pair, equal_nan=True) for pair in pairs):
            return step
    return 0


@contextmanager
def _steps(run: Path, first: int) -> Iterator[Iterator[tuple[int, dict[str, Any]]]]:
    """The steps of a run, done again by another process, from one on."""
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "geartrain", "replay", str(run)]
    command += ["--trail", str(writer), "--first", str(first)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, pass_fds=[writer]
    ) as child:
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as trail:
            try:
                yield _told(trail, child)
            finally:
                child.kill()


def _told(trail: TextIO, child: subprocess.Popen[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """What the process tells, until it ends."""
    for line in trail:
        step, known = json.loads(line)
        yield step, known
    _, said = child.communicate()
    if child.returncode != 0:
        raise ValueError(
            f"bisect: expected the program to train again. Received: {said.strip()[-500:]}"
        )


def _difference(step: int, ours: dict[str, Any], other_step: int, others: dict[str, Any]) -> str:
    """What differs in a step, in words; empty if nothing does."""
    if step != other_step:
        return f"They begin with different steps: {step} and {other_step}."
    mine, theirs = ours["tensors"], others["tensors"]
    names = dict.fromkeys([*mine, *theirs])
    different = [name for name in names if mine.get(name) != theirs.get(name)]
    data = ours.get("data") != others.get("data")
    if not different and not data:
        return ""
    place = f" (epoch {ours['epoch']}, batch {ours['batch']})" if "epoch" in ours else ""
    what = ", ".join(different[:_SHOWN]) or "no tensor"
    more = f" and {len(different) - _SHOWN} more" if len(different) > _SHOWN else ""
    batch = " Their batches of data differ there too." if data else ""
    where = f"In step {step}{place}" if "epoch" in ours else f"At the start, after step {step},"
    return f"{where} these differ: {what}{more}.{batch}"
