"""Bring the table of docs/reliability.md up to date with the cases that tests have counted.

Tests that stand for a promise note how many cases have passed, in the file that the environment
variable GEARTRAIN_RESULTS names; `scripts/nightly` collects them and calls this:

    GEARTRAIN_RESULTS=results.jsonl python -m pytest
    python scripts/reliability.py results.jsonl

Each line of that file is `{"promise": ..., "cases": ..., "nightly": ...}`. Figures of promises that
it does not name stay as they are, with their date; a promise that is new gets a row.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
from collections import Counter
from pathlib import Path

from geartrain import files

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
HEAD = "| promise | cases at every commit | cases every night |\n| --- | --- | --- |\n"


def counted(lines: str) -> dict[bool, Counter[str]]:
    """The cases of each promise, of the tests at every commit (False) and the nightly ones (True).

    >>> found = counted('{"promise": "whole", "cases": 2, "nightly": false}\\n' * 3)
    >>> found[False]["whole"], found[True]["whole"]
    (6, 0)
    """
    found: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    for line in lines.splitlines():
        note = json.loads(line)
        found[note["nightly"]][note["promise"]] += note["cases"]
    return found


def updated(page: str, found: dict[bool, Counter[str]], date: str) -> str:
    """The page with the figures that were counted, each with the date."""
    start = page.index(HEAD) + len(HEAD)
    table = re.match(r"(?:\|.*\n)*", page[start:])
    assert table is not None
    rows = {}
    for line in table[0].splitlines():
        promise, *figures = (cell.strip() for cell in line.strip("|").split("|"))
        rows[promise] = figures
    for index, nightly in enumerate((False, True)):
        for promise, count in found[nightly].items():
            rows.setdefault(promise, ["", ""])[index] = f"{count:,} ({date})"
    text = "".join(f"| {promise} | {' | '.join(cells)} |\n" for promise, cells in rows.items())
    return page[:start] + text + page[start + table.end() :]


def main() -> None:
    parser = argparse.ArgumentParser(description="Update the table of docs/reliability.md.")
    parser.add_argument("results", type=Path, help="what the tests have counted")
    found = counted(parser.parse_args().results.read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8")
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    with files.replacing(PAGE) as stream:
        stream.write(updated(page, found, date).encode())
    for kind, name in ((False, "at every commit"), (True, "every night")):
        for promise, cases in found[kind].items():
            print(f"{cases:>9,} {name}: {promise}")


if __name__ == "__main__":
    main()
