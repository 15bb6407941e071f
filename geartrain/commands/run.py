"""Run a script that was written for keras or tensorflow.keras, unchanged, on Geartrain.

An error in the script is shown as Python shows it, without the lines inside Geartrain.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HELP = "run a Keras script, unchanged, on Geartrain"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("script", type=Path, help="a Python file")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="the script's own arguments")


def execute(options: argparse.Namespace) -> int:
    """Run the script; 1 if it ended with an error."""
    from geartrain.script import run

    try:
        run(options.script, options.arguments)
    except Exception as error:
        own = isinstance(error, SyntaxError) or not all(map(_is_ours, _files(error)))
        if options.traceback or not own or isinstance(error, BrokenPipeError):
            raise
        _print_traceback(error)
        return 1
    return 0


def _files(error: Exception) -> list[str]:
    """The files of the lines that an error passed through."""
    import traceback

    return [frame.filename for frame in traceback.extract_tb(error.__traceback__)]


def _print_traceback(error: Exception) -> None:
    """The traceback of an error in a script, as far as it is the script's own."""
    import sys
    import traceback

    described = traceback.TracebackException.from_exception(error)
    for one in _chain(described):
        one.stack[:] = [frame for frame in one.stack if not _is_ours(frame.filename)]
    sys.stdout.flush()
    print("".join(described.format()), end="", file=sys.stderr)


def _chain(described: Any) -> Iterator[Any]:
    """An error, and those that it came of."""
    while described is not None:
        yield described
        described = described.__cause__ or described.__context__


def _is_ours(file: str) -> bool:
    """Whether a line of code is Geartrain's, or of Python's import of a script."""
    import geartrain

    package = str(Path(geartrain.__file__).parent)
    return file.startswith((package, "<frozen runpy", "<frozen importlib"))
