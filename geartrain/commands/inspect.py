"""Say what is in a file of a model or of weights, without loading it.

Told are layers, shapes, dtypes, bytes, SHA-256s, the optimizer and its step, versions, and what is
odd or hostile.

FILE is .keras, a folder, .h5, .weights.h5, .weights.json, .safetensors, .npz, .npy or .onnx. The
file goes through the checks of loading; what these refuse is told, and nothing in it is run.

    geartrain inspect mnist.keras
    geartrain inspect --all --json mnist.keras
    geartrain inspect --diff before.keras after.keras

Ends with 1 if a file would be refused. With --diff: 0 if both hold the same, 1 if they differ, 2 if
that cannot be told.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from geartrain.commands import notes

HELP = "say what is in a file of a model or of weights, without loading it"
_SAME, _DIFFERENT, _UNKNOWN = 0, 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("file", nargs="+", type=Path, help="a file of a model or of weights")
    parser.add_argument("--diff", action="store_true", help="tell how two files differ")
    parser.add_argument("--all", action="store_true", help="show every tensor by its path")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--no-values", action="store_true", help="read no values: no SHA-256 is checked"
    )


def execute(options: argparse.Namespace) -> int:
    """Print an account of each file, or of the differences of two."""
    with notes.told():
        return _difference(options) if options.diff else _accounts(options)


def _accounts(options: argparse.Namespace) -> int:
    import json

    from geartrain.commands.inspection.printing import as_plain, as_text
    from geartrain.commands.inspection.reading import read_account

    told, refused = [], False
    for number, path in enumerate(options.file):
        with read_account(path, values=not options.no_values) as account:
            refused = refused or account.refused
            if options.json:
                told.append(as_plain(account))
            else:
                print(("\n" if number else "") + as_text(account, options.all))
    if options.json:
        print(json.dumps(told if len(told) > 1 else told[0], indent=2))
    return int(refused)


def _difference(options: argparse.Namespace) -> int:
    import json

    from geartrain.commands.inspection.difference import differences

    if len(options.file) != 2:
        print(f"geartrain inspect: --diff: expected two files. Received: {len(options.file)}",
              file=sys.stderr)  # fmt: skip
        return _UNKNOWN
    try:
        found = differences(*options.file)
    except (ValueError, OSError) as error:
        if options.traceback:
            raise
        print(f"geartrain inspect: {' '.join(str(error).split())}", file=sys.stderr)
        return _UNKNOWN
    print(json.dumps(found.as_plain(), indent=2) if options.json else found.as_text(options.all))
    return _SAME if found.same else _DIFFERENT
