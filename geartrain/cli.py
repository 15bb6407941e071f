"""The command `geartrain`: its parts are in `geartrain.commands`, one file a command.

It ends with 0 if all went well, 1 with one line that says what went wrong, 2 for arguments that it
does not take, 130 after Ctrl-C, and 141 when what reads its output has gone.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from geartrain._version import __version__
from geartrain.commands import (
    bisect,
    convert,
    describe,
    doctor,
    evaluate,
    explain,
    inspect,
    launch,
    learn,
    mnist,
    predict,
    replay,
    run,
    train,
)

_COMMANDS = {
    "mnist": mnist,
    "predict": predict,
    "evaluate": evaluate,
    "train": train,
    "learn": learn,
    "inspect": inspect,
    "convert": convert,
    "run": run,
    "launch": launch,
    "describe": describe,
    "explain": explain,
    "replay": replay,
    "bisect": bisect,
    "doctor": doctor,
}
_FAILED, _INTERRUPTED, _READER_GONE = 1, 130, 141


def parser() -> argparse.ArgumentParser:
    """The parser of the command line.

    >>> parser().parse_args(["mnist", "--epochs", "2"]).epochs
    2
    """
    top = argparse.ArgumentParser(
        prog="geartrain",
        description="The Keras API on an engine written in Python and small enough to read.",
    )
    top.add_argument("--version", action="version", version=f"geartrain {__version__}")
    below = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in _COMMANDS.items():
        one = below.add_parser(name, help=module.HELP, description=module.__doc__)
        one.formatter_class = argparse.RawDescriptionHelpFormatter
        one.add_argument(
            "--traceback", action="store_true", help="show where in the code an error arose"
        )
        module.add_arguments(one)
        one.set_defaults(execute=module.execute)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        arguments: what follows `geartrain`; by default those of this process.

    Returns:
        The code that the process should end with.

    >>> main(["describe", "no/such/file"])
    1
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a character that cannot be shown is no error
    options = parser().parse_args(arguments)
    try:
        code = int(options.execute(options) or 0)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        _let_go_of_output()
        return _READER_GONE
    except Exception as error:
        if options.traceback:
            raise
        print(f"geartrain {options.command}: {in_one_line(error)}", file=sys.stderr)
        return _FAILED
    return code


def in_one_line(error: Exception) -> str:
    """What went wrong, for a person.

    >>> in_one_line(ValueError("expected 2.\\nReceived: 3."))
    'expected 2. Received: 3.'
    >>> in_one_line(FileNotFoundError(2, "No such file or directory", "a.npy"))
    'a.npy: No such file or directory'
    >>> in_one_line(OSError(28, "cannot write 'a.npz': No space left on device."))
    "cannot write 'a.npz': No space left on device."
    >>> in_one_line(KeyError("x"))
    "KeyError: 'x' (--traceback shows where)"
    """
    if isinstance(error, OSError) and error.strerror:
        place = "" if error.filename is None else f"{error.filename}: "
        return f"{place}{error.strerror}"
    text = " ".join(str(error).split())
    if isinstance(error, ValueError | TypeError | OSError | ImportError) and text:
        return text
    return f"{type(error).__name__}: {text} (--traceback shows where)"


def _let_go_of_output() -> None:
    """Let nothing be written to a closed pipe any more, not at the process's end either."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - the null device is no file
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
