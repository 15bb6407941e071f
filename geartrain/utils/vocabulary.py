"""Vocabularies: tokens and their numbers, and vectors of numbers of tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np

from geartrain.utils.texts import of_list
from geartrain.utils.tokens import words_in


class Words:
    """A vocabulary of strings, which are given as such, or all as bytes in UTF-8.

    Args:
        tokens: the strings, each once.
        first: the number of the first of them.

    Attributes:
        weights: a weight for each number, for those who keep some.

    >>> Words(["a", "b"], 1).numbers([b"b", b"c"]), Words(["a"], 1).numbers(["a"])
    (array([ 2, -1]), array([1]))
    """

    def __init__(self, tokens: Iterable[str], first: int) -> None:
        self.tokens, self.first = [*map(str, tokens)], first
        self.weights: Any = None
        self.table = {one.encode(): number for number, one in enumerate(self.tokens, first)}

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def _of_text(self) -> dict[str, int]:
        return {one: number for number, one in enumerate(self.tokens, self.first)}

    def numbers(self, tokens: Sequence[Any], unknown: int = -1) -> np.ndarray:
        """The number of each token."""
        table: Any = self._of_text if tokens and isinstance(tokens[0], str) else self.table
        found = map(table.get, tokens, repeat(unknown))
        return np.fromiter(found, np.int64, len(tokens))

    def in_text(self, buffer: bytes, unknown: int) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of all words of standardized texts, and how many words each text has.

        >>> Words(["a", "b"], 1).in_text(b"b a\\xff\\xffc\\xff", 0)
        (array([2, 1, 0]), array([2, 0, 1]))
        """
        starts, ends, lengths = words_in(buffer)
        numbers = self._short.numbers(buffer, starts, ends - starts, unknown)
        long = np.flatnonzero(ends - starts > SHORT)
        if long.size:
            places = zip(starts[long].tolist(), ends[long].tolist(), strict=True)
            numbers[long] = self.numbers([buffer[start:end] for start, end in places], unknown)
        return numbers, lengths

    @cached_property
    def _short(self) -> ShortWords:
        return ShortWords(self.table)

    def of_letters(self, codes: np.ndarray, unknown: int) -> np.ndarray:
        """The number of each letter, which is given as its code point."""
        known = {ord(one): self.first + at for at, one in enumerate(self.tokens) if len(one) == 1}
        table = np.full(max([*known, int(codes.max(initial=0))]) + 1, unknown, np.int64)
        table[list(known)] = list(known.values())
        return table[codes]

    def items(self, numbers: np.ndarray, unknown: Any) -> np.ndarray:
        """The token of each number."""
        every = of_list([*self.tokens, unknown], (len(self) + 1,))
        return every[_places(numbers, self.first, len(self))]


SHORT = 15  # bytes that are compared as two numbers, with the length in the last byte
_MASKS = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)  # of the first bytes
_FACTORS = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


class ShortWords:
    """Words of at most 15 bytes in a hash table of arrays, to find all words of a buffer at once.

    Args:
        table: the number of each word; longer words are left out.
    """

    def __init__(self, table: Mapping[bytes, int]) -> None:
        words = [word for word in table if len(word) <= SHORT]
        bits = max(4, (2 * len(words)).bit_length())
        self._shift, last = np.uint64(64 - bits), (1 << bits) - 1
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        starts = lengths.cumsum() - lengths
        first, second = self._keys(b"".join(words), starts, lengths)
        # In each row a word's bytes as two numbers, and its number and one: 0 where there is none.
        self._rows = np.zeros((last + 1, 4), np.uint64)  # half a cache line each
        numbers = np.array([table[word] for word in words], np.int64)
        entries = np.stack([first, second, numbers.astype(np.uint64) + np.uint64(1)], axis=1)
        left, slots = np.arange(len(words)), self._hashes(first, second)
        self._steps = 0  # how many places one looks at, at most
        while left.size:
            self._steps += 1
            free = self._rows[slots, 2] == 0
            _, winners = np.unique(np.where(free, slots, -1), return_index=True)
            winners = winners[free[winners]]
            self._rows[slots[winners], :3] = entries[left[winners]]
            rest = np.ones(left.size, bool)
            rest[winners] = False
            left, slots = left[rest], (slots[rest] + 1) & last

    def _keys(
        self, buffer: bytes, starts: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Each word's bytes as two numbers, and its length in the last byte."""
        content = np.frombuffer(buffer + bytes(16), np.uint8)
        numbers = np.ndarray((len(content) - 7,), "<u8", content, strides=(1,))
        first = numbers[starts] & _MASKS[np.minimum(lengths, 8)]
        second = numbers[starts + 8] & _MASKS[np.clip(lengths - 8, 0, 7)]
        return first, second | lengths.astype(np.uint64) << np.uint64(56)

    def _hashes(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        mixed = (first ^ second * _FACTORS[1]) * _FACTORS[0]
        mixed = (mixed ^ mixed >> np.uint64(32)) * _FACTORS[1]
        return (mixed >> self._shift).astype(np.int64)

    def numbers(
        self, buffer: bytes, starts: np.ndarray, lengths: np.ndarray, unknown: int
    ) -> np.ndarray:
        """The number of each word of the buffer, as these begin and so long as they are."""
        first, second = self._keys(buffer, starts, lengths)
        slots, last = self._hashes(first, second), len(self._rows) - 1
        found = np.full(len(starts), unknown, np.int64)
        left = np.arange(len(starts))
        for _ in range(self._steps):
            held = self._rows.take(slots, axis=0)
            same = (held[:, 0] == first) & (held[:, 1] == second) & (held[:, 2] > 0)
            found[left[same]] = held[same, 2].astype(np.int64) - 1
            rest = np.flatnonzero(~same & (held[:, 2] > 0))
            if not rest.size:
                break
            left, slots, first, second = (
                left[rest],
                (slots[rest] + 1) & last,
                first[rest],
                second[rest],
            )
        return found


class Numbers:
    """A vocabulary of whole numbers.

    >>> Numbers([7, 3], 1).numbers(np.array([3, 5]))
    array([ 2, -1])
    """

    def __init__(self, tokens: Iterable[int], first: int) -> None:
        self.tokens, self.first = [*map(int, tokens)], first
        self.weights: Any = None
        self._values = np.array([*self.tokens, 0], np.int64)
        self._order = np.argsort(self._values[:-1], kind="stable")
        self._sorted = self._values[self._order]

    def __len__(self) -> int:
        return len(self.tokens)

    def numbers(self, tokens: np.ndarray, unknown: int = -1) -> np.ndarray:
        """The number of each token."""
        if not self.tokens:
            return np.full(tokens.shape, unknown, np.int64)
        place = np.minimum(np.searchsorted(self._sorted, tokens), len(self) - 1)
        known = self._sorted[place] == tokens
        return np.where(known, self._order[place] + self.first, unknown)

    def items(self, numbers: np.ndarray, unknown: Any) -> np.ndarray:
        """The token of each number."""
        self._values[-1] = unknown
        return self._values[_places(numbers, self.first, len(self))]


def _places(numbers: np.ndarray, first: int, count: int) -> np.ndarray:
    """Places in a list of `count` items and one more, which stands for all other numbers."""
    places = numbers.astype(np.int64) - first
    return np.where((places >= 0) & (places < count), places, count)


def most_common(counts: Counter[Any], most: int | None) -> list[Any]:
    """The tokens that are met most often; of equally frequent ones the last in order first.

    >>> most_common(Counter("abacb"), 2)
    ['b', 'a']
    """
    ordered = sorted(counts.items(), key=lambda item: (item[1], item[0]), reverse=True)
    return [token for token, _ in ordered[:most]]


def vectors(numbers: np.ndarray, mode: str, depth: int, dtype: Any) -> np.ndarray:
    """Numbers of tokens as vectors: see `layers.CategoryEncoding`.

    What is not one of 0 to depth - 1 counts nowhere.

    Args:
        numbers: whole numbers of shape (batch, size), or of any shape.
        mode: "one_hot", "multi_hot" or "count".
        depth: the length of the vectors.
        dtype: theirs.

    >>> vectors(np.array([[0, 2, 2]]), "count", 3, "int64")
    array([[1, 0, 2]])
    """
    if not numbers.ndim:
        numbers = numbers[None]
    if mode == "one_hot":
        numbers = numbers[..., 0] if numbers.ndim > 1 and numbers.shape[-1] == 1 else numbers
        return (numbers[..., None] == np.arange(depth)).astype(dtype)
    if numbers.ndim > 2:  # of each place along the last axes, as Keras counts
        total = (numbers[..., None] == np.arange(depth)).sum(axis=1)
    else:
        rows = numbers if numbers.ndim == 2 else numbers[None]
        lengths = np.full(len(rows), rows.shape[1])
        total = counted(rows.reshape(-1), lengths, depth).reshape((*numbers.shape[:-1], depth))
    return (total > 0 if mode == "multi_hot" else total).astype(dtype)


def counted(numbers: np.ndarray, lengths: np.ndarray, depth: int) -> np.ndarray:
    """How often each of 0 to depth - 1 is among the numbers of each row.

    >>> counted(np.array([0, 1, 1]), np.array([1, 2]), 2)
    array([[1, 0],
           [0, 2]])
    """
    rows = np.repeat(np.arange(len(lengths)), lengths)
    counts = (numbers >= 0) & (numbers < depth)
    places = rows[counts] * depth + numbers[counts]
    return np.bincount(places, minlength=len(lengths) * depth).reshape(len(lengths), depth)
