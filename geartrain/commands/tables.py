"""Tables as text, as wide as the terminal; 80 columns in pipes and files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> str:
    """Rows under heads, as text; cells that do not fit are folded.

    Where the output's encoding has no lines, they are drawn with `-`.

    Args:
        heads: of the columns.
        rows: texts, one for each column.
        right: the columns that are numbers.

    >>> print(table(["layer", "bytes"], [["dense", "12"]], right=[1]))
    layer   bytes
    ─────────────
    dense      12
    """
    import io

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(
        box=box.SIMPLE_HEAD if _can_draw() else box.ASCII2, show_edge=False, pad_edge=False
    )
    numbers = set(right)
    for place, head in enumerate(heads):
        made.add_column(
            head, overflow="fold", justify="right" if place in numbers else "left",
            no_wrap=place in numbers,
        )  # fmt: skip
    for row in rows:
        made.add_row(*(Text(_plain(cell)) for cell in row))
    stream = io.StringIO()
    console = Console(file=stream, width=width(), color_system=None, legacy_windows=False)
    console.print(made)
    return "\n".join(line for text in stream.getvalue().splitlines() if (line := text.rstrip()))


def width() -> int:
    """The columns to write in."""
    import shutil

    watched = sys.stdout is not None and sys.stdout.isatty()
    return max(40, shutil.get_terminal_size((80, 24)).columns if watched else 80)


def _plain(text: str) -> str:
    """A text of a file without characters that would steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _can_draw() -> bool:
    try:
        "─".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
