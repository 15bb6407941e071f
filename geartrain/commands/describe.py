"""Say what a file of tensors holds: kind of data, axes, shape, dtype, range, and oddities.

Files may be .npy, .npz, IDX (also gzipped) or .csv; `mnist`, `cifar10`, `imdb` and so on stand for
the data sets of these names.
"""

from __future__ import annotations

import argparse

from geartrain.commands.data.contents import contents

HELP = "say what a file of tensors holds"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("file", nargs="+", help=".npy, .npz, IDX, .csv, or a data set's name")


def execute(options: argparse.Namespace) -> int:
    """Print an account of each file."""
    from geartrain.utils import describe

    for number, name in enumerate(options.file):
        if number:
            print()
        account = describe(contents(name))
        print(f"{name}: {account}" if len(options.file) > 1 else account)
    return 0
