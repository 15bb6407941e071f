"""What IMDB and Reuters share: sequences of ranks of words, numbered and cut as programs ask."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from geartrain.datasets.published import Contents
from geartrain.errors import shown

Array = np.ndarray[Any, Any]
Sequences = list[list[int]]
MIRROR = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


class Numbering(NamedTuple):
    """How words become numbers: `index_from` is added to their ranks.

    `start_char` begins each sequence, if not None; sequences of `maxlen` numbers or more are left
    out; a number below `skip_top`, or from `num_words` on, becomes `oov_char`, or is left out if
    that is None. Without `num_words`, the largest number there is counts as it.
    """

    num_words: int | None
    skip_top: int
    maxlen: int | None
    start_char: int | None
    oov_char: int | None
    index_from: int

    def apply(self, sequences: Sequences) -> tuple[Sequences, Array]:
        """The sequences that are kept, numbered; and which of the given ones are.

        Raises ValueError if none is.

        >>> Numbering(6, 0, 4, 1, 2, 3).apply([[1, 2], [3], [1, 2, 3]])
        ([[1, 4, 5], [1, 2]], array([ True,  True, False]))
        """
        lengths = np.array([len(one) for one in sequences], np.int64)
        words = np.fromiter(chain.from_iterable(sequences), np.int64, lengths.sum())
        words += self.index_from or 0
        if self.start_char is not None:
            words = np.insert(words, np.cumsum(lengths) - lengths, self.start_char)
            lengths += 1
        kept = lengths < self.maxlen if self.maxlen else np.full(len(lengths), True)
        words, lengths = words[np.repeat(kept, lengths)], lengths[kept]
        if not len(words):
            raise ValueError(
                f"load_data expected maxlen to be more than the length of some text. Received: "
                f"{shown(self.maxlen)}, and none was kept."
            )
        known = (words >= self.skip_top) & (words < (self.num_words or words.max()))
        if self.oov_char is not None:
            words = np.where(known, words, self.oov_char)
        else:
            counts = np.concatenate([[0], np.cumsum(known)])
            ends = np.cumsum(lengths)
            words, lengths = words[known], counts[ends] - counts[ends - lengths]
        numbers, ends = words.tolist(), np.cumsum(lengths).tolist()
        starts = [0, *ends[:-1]]
        return [numbers[a:b] for a, b in zip(starts, ends, strict=True)], kept


def sequences_of(array: Array, name: str, most: int) -> Sequences:
    """The lists in an array of objects, with at most `most` numbers all together.

    Raises:
        ValueError: it holds anything else than lists of whole numbers, or more of them.

    >>> sequences_of(np.array([[1, 2], [3]], object), "x", 10)
    [[1, 2], [3]]
    """
    found = array.tolist()
    if array.ndim not in (1, 2) or not all(type(one) is list for one in found):
        raise ValueError(f"{name}: expected an array of lists. Received: other objects.")
    if sum(map(len, found)) > most or not set(map(type, chain.from_iterable(found))) <= {int}:
        raise ValueError(
            f"{name}: expected lists of {most} whole numbers at most. Received: more, or others."
        )
    return found


def shuffled(random: np.random.RandomState, *columns: Sequence[Any]) -> tuple[Any, ...]:
    """Columns of equal length in one random order."""
    order = np.arange(len(columns[0]))
    random.shuffle(order)
    return tuple(
        column[order] if isinstance(column, np.ndarray) else [column[place] for place in order]
        for column in columns
    )


def parted(sequences: Sequences, labels: Array, count: int) -> tuple[tuple[Array, Array], ...]:
    """The first `count` texts with their labels, and the rest: arrays of lists, as Keras has them.

    >>> parted([[1], [2, 3], [4]], np.array([0, 1, 1]), 1)[1]
    (array([list([2, 3]), list([4])], dtype=object), array([1, 1]))
    """
    return tuple(
        (np.array(sequences[part], dtype="object"), labels[part])
        for part in (slice(count), slice(count, None))
    )


def word_index(contents: Contents) -> dict[str, int]:
    """The ranks of words, from a JSON file.

    Raises:
        ValueError: the file holds anything else.

    >>> word_index({"index.json": b'{"the": 1, "a": 2}'})
    {'the': 1, 'a': 2}
    """
    ((name, content),) = contents.items()
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name}: expected JSON. Received: {error}") from error
    if not isinstance(found, dict) or not all(type(one) is int for one in found.values()):
        raise ValueError(f"{name}: expected a number for each word. Received: other JSON.")
    return found
