"""Tables as text, as wide as the terminal; 80 columns in pipes and files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

_BETWEEN = "   "  # columns
_LEAST = 18  # columns that words need to be read


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
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    numbers, room = set(right), width()
    cells = [[plain(cell).replace("\n", " ") for cell in row] for row in (heads, *rows)]
    widest = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    made = Table(
        box=box.SIMPLE_HEAD if _can_draw() else box.ASCII2, show_edge=False, pad_edge=False
    )
    widths = _widths(widest, numbers, room - len(_BETWEEN) * (len(heads) - 1))
    for place, head in enumerate(cells[0]):
        justify = "right" if place in numbers else "left"
        made.add_column(head, overflow="fold", justify=justify, width=widths[place])
    for row in cells[1:]:
        made.add_row(*map(Text, row))
    stream = io.StringIO()
    console = Console(file=stream, width=room, color_system=None, legacy_windows=False)
    console.print(made)
    return "\n".join(line for text in stream.getvalue().splitlines() if (line := text.rstrip()))


def _widths(widest: list[int], numbers: set[int], room: int) -> list[int]:
    """How wide each column is: words give way to numbers, and the first column gives way last."""
    widths = list(widest)
    order = [place for place in range(len(widths) - 1, -1, -1) if place not in numbers]
    for least in (_LEAST, 1):
        for place in order:
            over = sum(widths) - room
            if over > 0:
                widths[place] = max(min(least, widths[place]), widths[place] - over)
    return widths


def width() -> int:
    """The columns to write in."""
    import shutil

    watched = sys.stdout is not None and sys.stdout.isatty()
    return max(40, shutil.get_terminal_size((80, 24)).columns if watched else 80)


def plain(text: str) -> str:
    """A text of a file without characters that would steer a terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def _can_draw() -> bool:
    try:
        "─".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
