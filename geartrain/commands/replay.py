"""Do a step of a training again, from the nearest checkpoint, and show what it did: its samples,
its loss, the norms of its gradients, and the first value that is not finite.

The program that trained is run again, with its arguments: it builds its model and its data, and in
fit(resume=RUN) does that step instead of training. Nothing is written to files.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

HELP = "do a step of a training again and show what it did"
_SHOWN = 20  # sample numbers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("run", type=Path, help="the folder that fit(resume=...) was given")
    parser.add_argument("--step", type=int, help="the number of the step, from 1 over all epochs")
    parser.add_argument("--script", type=Path, help="the program, if it is not where it was")
    parser.add_argument("--trail", type=int, help=argparse.SUPPRESS)  # for `bisect`
    parser.add_argument("--first", type=int, help=argparse.SUPPRESS)


def execute(options: argparse.Namespace) -> int:
    """Show the step."""
    import json

    if options.trail is None:
        if options.step is None or options.step < 1:
            raise ValueError(f"replay: expected --step of 1 or more. Received: {options.step}")
        again(options.run, options.script, options.step - 1, options.step, _show)
        return 0

    def tell(step: int, known: dict[str, Any]) -> None:
        os.write(options.trail, f"{json.dumps([step, known])}\n".encode())

    try:
        again(options.run, options.script, options.first, None, tell)
    except BrokenPipeError:  # nobody wants to know more
        os._exit(0)
    return 0


def again(run: Path, script: Path | None, first: int, last: int | None, tell: Any) -> None:
    """Run the program of a run again, to tell of steps.

    Args:
        run: the folder of the run.
        script: the program, if it is not where it was.
        first, last, tell: see `resume.replaying.Request`.

    Raises ValueError for a folder without checkpoints, a program that is gone, or one that does not
    train into that folder.
    """
    from geartrain.resume.folder import RunFolder
    from geartrain.resume.replaying import Request, replaying
    from geartrain.script import run as run_script

    state = RunFolder(run).latest()
    if state is None:
        raise ValueError(
            f"replay: expected a folder that fit(resume=...) has filled. Received: {str(run)!r}, "
            "without a checkpoint"
        )
    program = state.facts["program"]
    path = script or (program["script"] and Path(program["script"]))
    if not path or not path.is_file():
        raise ValueError(
            f"replay: expected the program that trained, {str(path)!r}. Received: no such file. "
            "Name it by --script."
        )
    path, folder = path.resolve(), Path.cwd()
    request = Request(run.resolve(), first, last, tell)
    with replaying(request):
        try:
            os.chdir(program["folder"])
            run_script(path, program["arguments"])
        finally:
            os.chdir(folder)
    if not request.is_met:
        raise ValueError(
            f"replay: expected {str(path)!r} to call fit with resume={str(run)!r}. Received: a "
            "program that ended without it"
        )


def _show(step: int, known: dict[str, Any]) -> None:
    """Print what is known of a step."""
    print(
        f"step {step}: epoch {known['epoch']}, batch {known['batch']}, from the state after step "
        f"{known['from']}"
    )
    samples = known["samples"]
    if samples is not None:
        more = f", ... ({len(samples)})" if len(samples) > _SHOWN else f" ({len(samples)})"
        print(f"samples: {', '.join(map(str, samples[:_SHOWN]))}{more}")
    if "loss" in known:
        print(f"loss: {known['loss']:.6g}")
        print("norms of the gradients:")
        width = max(map(len, known["gradients"]), default=0)
        for path, norm in known["gradients"].items():
            print(f"  {path:<{width}}  {norm:.6g}")
        print(f"first value that is not finite: {known['not finite'] or 'none'}")
    logs = ", ".join(f"{name} {value:.6g}" for name, value in known["logs"].items())
    print(f"metrics of the epoch so far: {logs}")
