"""Pictures in a terminal: digits and their predictions without a window.

Each character shows two pixels, one above the other, by half blocks and shades:

    >>> print(picture([[0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0]], encoding="utf-8"))
    ▄▀▀▄
    ▀▄▄▀

Where the encoding has no blocks, they are letters: `" .:-=+*#%@"` from dark to bright.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from geartrain.utils.pixels import as_picture, grey

_SHADES = " ░▒▓█"
_LETTERS = " .:-=+*#%@"
_GREYS = (16, *range(232, 256), 231)  # black, 24 greys and white of the 256 colours
_WIDEST = 80
_NARROWEST = 14  # columns in which a digit can still be read


def picture(
    image: Any,
    width: int | None = None,
    encoding: str | None = None,
    colour: bool | None = None,
) -> str:
    """One image as lines of text, bright pixels drawn in the text's colour.

    Args:
        image: shape (height, width), (height, width, 1), or with 3 or 4 colour channels, which
            are shown in grey; bytes, or values from 0 to 1.
        width: columns to draw in; the image's own width, 80 at most, if None. The height follows.
        encoding: of the terminal; that of `sys.stdout` if None.
        colour: whether to use the 256 colours of terminals, for true greys; if None, wherever
            `sys.stdout` is a terminal that has them (and `NO_COLOR` is not set).

    Returns the lines, joined by newlines.

    Raises ValueError for what is no image, or a width below 1.

    >>> print(picture([[1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1], [0, 1, 1, 0]], encoding="ascii"))
    @  @
    =@@=
    """
    pixels = grey(as_picture("picture", image))
    width = min(pixels.shape[1], _WIDEST) if width is None else width
    if width < 1:
        raise ValueError(f"picture expected a width of at least 1 column. Received: {width}")
    rows = max(round(pixels.shape[0] * width / pixels.shape[1] / 2), 1)
    pixels = _resize(pixels, 2 * rows, width)
    top, bottom = pixels[::2], pixels[1::2]
    if not _can_write(_SHADES + "▀▄", encoding):
        lines = [_letters((t + b) / 2) for t, b in zip(top, bottom, strict=True)]
    elif _terminal_has_colours() if colour is None else colour:
        lines = [_greys(t, b) for t, b in zip(top, bottom, strict=True)]
    else:
        lines = [_blocks(t, b) for t, b in zip(top, bottom, strict=True)]
    return "\n".join(lines)


def side_by_side(
    pictures: Iterable[Any],
    captions: Sequence[Any] | None = None,
    columns: int = _WIDEST,
) -> str:
    """Several pictures in a row, each with its caption below, such as `7 -> 9`.

    Args:
        pictures: texts made by `picture`, or images, which are drawn as large as fits.
        captions: one for each picture.
        columns: the width to fit in; what does not fit continues below.

    Raises ValueError if there is not a caption for each picture.

    >>> print(side_by_side(["######\\n######", "@@@@@@\\n@@@@@@"], ["7", "2 -> 3"]))
    ######  @@@@@@
    ######  @@@@@@
      7     2 -> 3
    """
    pictures = list(pictures)
    texts = [str(caption) for caption in captions] if captions is not None else [""] * len(pictures)
    if len(texts) != len(pictures):
        raise ValueError(
            f"side_by_side expected a caption for each of {len(pictures)} pictures. "
            f"Received: {len(texts)} captions."
        )
    width = _width_of_each(len(pictures), columns)
    blocks = [
        _with_caption(one if isinstance(one, str) else picture(one, width), text)
        for one, text in zip(pictures, texts, strict=True)
    ]
    bands: list[list[list[str]]] = []
    room = 0
    for block in blocks:
        taken = _visible_width(block[0]) + 2
        if taken > room:
            bands.append([])
            room = columns + 2
        bands[-1].append(block)
        room -= taken
    return "\n\n".join(_join(band) for band in bands)


def _width_of_each(number: int, columns: int) -> int:
    """How wide each of several images is drawn: 28 as digits are, less to fit in a row."""
    in_a_row = (columns + 2) // max(number, 1) - 2
    return min(28, columns, max(in_a_row, _NARROWEST))


def _with_caption(text: str, caption: str) -> list[str]:
    """The lines of a picture and its caption, centred and all equally wide."""
    lines = [*text.split("\n"), caption] if caption else text.split("\n")
    width = max(map(_visible_width, lines))
    return [_centre(line, width) for line in lines]


def _join(blocks: list[list[str]]) -> str:
    height = max(map(len, blocks))
    rows = []
    for row in range(height):
        # pictures of unequal height stand on their captions, as on a shelf
        parts = [
            block[row - height + len(block)]
            if row >= height - len(block)
            else " " * _visible_width(block[0])
            for block in blocks
        ]
        rows.append("  ".join(parts).rstrip(" "))
    return "\n".join(rows)


def _centre(line: str, width: int) -> str:
    free = width - _visible_width(line)
    return " " * (free // 2) + line + " " * (free - free // 2)


def _visible_width(line: str) -> int:
    """The columns that a line takes, without the codes of colours."""
    if "\x1b" not in line:
        return len(line)
    import re

    return len(re.sub(r"\x1b\[[0-9;]*m", "", line))


def _resize(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """The mean brightness of each of height x width equal parts."""
    rows, columns = _parts(pixels.shape[0], height), _parts(pixels.shape[1], width)
    resized: np.ndarray = rows @ pixels @ columns.T
    return resized


def _parts(length: int, number: int) -> np.ndarray:
    """Weights of shape (number, length): the share of each pixel in each of the equal parts."""
    edges = np.linspace(0, length, number + 1)
    pixel = np.arange(length)
    overlap = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    overlap = np.clip(overlap, 0, None)
    weights: np.ndarray = overlap / overlap.sum(1, keepdims=True)
    return weights


def _blocks(top: np.ndarray, bottom: np.ndarray) -> str:
    """Half blocks where the two pixels differ clearly, a shade of both where they do not."""
    levels = np.rint((top + bottom) / 2 * (len(_SHADES) - 1)).astype(int)
    return "".join(
        ("▀" if t > b else "▄") if abs(t - b) > 0.45 else _SHADES[level]
        for t, b, level in zip(top, bottom, levels, strict=True)
    )


def _letters(brightness: np.ndarray) -> str:
    return "".join(_LETTERS[i] for i in np.rint(brightness * (len(_LETTERS) - 1)).astype(int))


def _greys(top: np.ndarray, bottom: np.ndarray) -> str:
    """Upper half blocks: the text's colour is the upper pixel, the background the lower one."""
    last, line = None, ""
    steps = len(_GREYS) - 1
    for t, b in zip(np.rint(top * steps), np.rint(bottom * steps), strict=True):
        code = f"\x1b[38;5;{_GREYS[int(t)]};48;5;{_GREYS[int(b)]}m"
        line += "▀" if code == last else f"{code}▀"
        last = code
    return f"{line}\x1b[0m"


def _can_write(characters: str, encoding: str | None) -> bool:
    encoding = encoding or getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        characters.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _terminal_has_colours() -> bool:
    is_terminal = hasattr(sys.stdout, "isatty") and sys.stdout.isatty()
    return is_terminal and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
