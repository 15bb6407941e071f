"""Say what this machine offers Geartrain, and whether all is well.

Versions, processor, threads, folders, data sets and where they were found, and a small training.
With --peak also how many multiplications and additions a second the processor can do, measured in
some tenths of a second: programs of dense layers and convolutions should come near.
Ends with 1 if a line says PROBLEM.
"""

from __future__ import annotations

import argparse

HELP = "say what this machine offers, and whether all is well"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One switch."""
    parser.add_argument("--peak", action="store_true", help="measure the processor's peak")


def execute(options: argparse.Namespace) -> int:
    """Print the report; 1 if there is a problem."""
    from geartrain.utils import doctor

    sections = doctor.report() | ({"Peak": doctor.peak()} if options.peak else {})
    for title, findings in sections.items():
        print(title)
        for finding in findings:
            print(f"  {finding}")
    problems = [f for findings in sections.values() for f in findings if f.problem]
    print(f"{len(problems)} problem{'' if len(problems) == 1 else 's'} found.")
    return 1 if problems else 0
