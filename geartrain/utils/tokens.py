"""Texts cut into tokens, many texts at once.

A million texts are a million Python strings, but one buffer of bytes: so letters are made small,
punctuation is dropped and words are found in all of them together. Tokens are bytes in UTF-8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

CHUNK = 1 << 12  # texts that are treated together: what fits a core's cache
PUNCTUATION = b"!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"
_SMALL = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz")
_END = b"\xff"  # of a text: a byte that UTF-8 never has
_SPACES = np.isin(np.arange(256), [*b" \t\n\v\f\r\xff"])


class Tokens(NamedTuple):
    """The tokens of some texts.

    Attributes:
        flat: those of all texts, one text after the other.
        lengths: how many each text has.
    """

    flat: list[bytes]
    lengths: np.ndarray


def standardized(texts: Iterable[str], how: str | None) -> bytes:
    """All texts in UTF-8, each with an end mark, with small letters and without punctuation.

    Args:
        texts: the texts.
        how: `"lower"`, `"strip_punctuation"`, both as `"lower_and_strip_punctuation"`, or None.
            Only ASCII's letters are made small.
    """
    buffer = _END.join([*map(str.encode, texts), b""])
    if how is None:
        return buffer
    table = _SMALL if how.startswith("lower") else None
    return buffer.translate(table, PUNCTUATION if how.endswith("punctuation") else b"")


def words_in(buffer: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where what stands between spaces begins and ends, and how many words each text has.

    >>> words_in(standardized(["To be,", "", "or not"], "strip_punctuation"))
    (array([ 0,  3,  7, 10]), array([ 2,  5,  9, 13]), array([2, 0, 2]))
    """
    content = np.frombuffer(_END + buffer, np.uint8)
    between = _SPACES[content]
    changes = np.flatnonzero(between[1:] != between[:-1])
    starts, ends = changes[0::2], changes[1::2]
    before = np.searchsorted(starts, np.flatnonzero(content[1:] == _END[0]))
    return starts, ends, np.diff(before, prepend=0)


def words(buffer: bytes) -> Tokens:
    """What stands between spaces."""
    return Tokens(buffer.replace(_END, b" ").split(), words_in(buffer)[2])


def letters(buffer: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The code point of each letter, and how many letters each text has."""
    text = buffer.decode("utf-8", "surrogateescape")
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    ends = codes == 0xDC00 + _END[0]
    return codes[~ends], np.diff(np.flatnonzero(ends), prepend=-1) - 1


def of_rows(rows: Iterable[Iterable[Any]]) -> Tokens:
    """The tokens that a function gave: strings or bytes, row by row."""
    cut = [[one if isinstance(one, bytes) else str(one).encode() for one in row] for row in rows]
    return Tokens(list(chain.from_iterable(cut)), np.array([*map(len, cut)], np.int64))


def rows_of(tokens: Tokens) -> Iterator[list[bytes]]:
    """The tokens of each text."""
    ends = tokens.lengths.cumsum().tolist()
    for start, end in zip([0, *ends], ends, strict=False):
        yield tokens.flat[start:end]


def ngrams(tokens: Tokens, widths: Sequence[int]) -> Tokens:
    """Of each text all runs of so many tokens, joined by spaces: those of the first width first.

    >>> grams = ngrams(of_rows([["a", "b", "c"]]), (1, 2))
    >>> grams.flat
    [b'a', b'b', b'c', b'a b', b'b c']
    """
    flat, lengths = tokens
    starts = lengths.cumsum() - lengths
    left = np.repeat(starts + lengths, lengths) - np.arange(len(flat))  # tokens from here on
    row = np.repeat(np.arange(len(lengths)), lengths)
    made: list[bytes] = []
    rows = []
    for width in widths:
        runs = zip(*(flat[first:] for first in range(width)), strict=False)
        whole = left >= width
        joined = flat if width == 1 else list(map(b" ".join, runs))
        made += [run for run, fits in zip(joined, whole.tolist(), strict=False) if fits]
        rows.append(row[whole])
    of_row = np.concatenate(rows)
    order = np.argsort(of_row, kind="stable").tolist()
    return Tokens([made[place] for place in order], np.bincount(of_row, minlength=len(lengths)))


def padded(numbers: np.ndarray, lengths: np.ndarray, width: int | None) -> np.ndarray:
    """Numbers of tokens as an array with a row for each text: zeros behind, or cut at `width`.

    >>> padded(np.array([5, 6, 7]), np.array([1, 2]), None)
    array([[5, 0],
           [6, 7]])
    """
    longest = int(lengths.max(initial=0))
    width = longest if width is None else width
    filled = np.zeros((len(lengths), width), numbers.dtype)
    if longest > width:
        starts = lengths.cumsum() - lengths
        place = np.arange(len(numbers)) - np.repeat(starts, lengths)
        numbers = numbers[place < width]
    filled[np.arange(width) < np.minimum(lengths, width)[:, None]] = numbers
    return filled


def chunks(items: Sequence[Any], function: Callable[[Sequence[Any]], Any]) -> list[Any]:
    """`function` of so many items at a time; of none at all once."""
    return [function(items[at : at + CHUNK]) for at in range(0, len(items) or 1, CHUNK)]
