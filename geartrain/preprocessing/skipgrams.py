"""Pairs of neighbouring words, as word2vec learns from them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

_EULER = 0.577  # the Euler-Mascheroni constant, as Keras rounds it


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """How likely to keep the word of each rank, if words are as frequent as Zipf's law says.

    `min(1, sqrt(sampling_factor / frequency))`, where
    `1 / frequency = rank * (log(rank) + 0.577) + 1/2 - 1 / (12 * rank)`.

    Args:
        size: the number of words.
        sampling_factor: see the formula.

    Source: Mikolov et al., "Distributed representations of words and phrases", 2013.

    >>> make_sampling_table(3).round(5)
    array([0.00315, 0.00315, 0.00548])
    """
    rank = np.maximum(np.arange(size), 1)
    inverse = rank * (np.log(rank) + _EULER) + 0.5 - 1.0 / (12.0 * rank)
    return np.minimum(1.0, np.sqrt(sampling_factor * inverse))


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Sequence[float] | None = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Pairs of a word and one near it, labelled 1, and of a word and any other, labelled 0.

    Args:
        sequence: a text as the numbers of its words; 0 is no word.
        vocabulary_size: one more than the greatest number.
        window_size: how many words before and behind are near.
        negative_samples: how many pairs labelled 0 for each labelled 1.
        shuffle: whether to mix the pairs.
        categorical: whether labels are [0, 1] and [1, 0].
        sampling_table: how likely to keep the word of each number; see `make_sampling_table`.
        seed: of all that is random here; Python's `random` decides by default.

    Returns:
        The pairs, and their labels.

    Source: Mikolov et al., "Efficient estimation of word representations in vector space", 2013.

    >>> skipgrams([1, 2, 3], 4, window_size=1, negative_samples=0, shuffle=False)
    ([[1, 2], [2, 1], [2, 3], [3, 2]], [1, 1, 1, 1])
    """
    chance = random if seed is None else random.Random(seed)
    pairs = []
    for place, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < chance.random()):
            continue
        start, stop = max(0, place - window_size), place + window_size + 1
        near = [*sequence[start:place], *sequence[place + 1 : stop]]
        pairs += [[word, other] for other in near if other]
    near_count = len(pairs)
    count = int(near_count * negative_samples)
    words = [word for word, _ in pairs]
    chance.shuffle(words)
    pairs += [
        [words[number % near_count], chance.randint(1, vocabulary_size - 1)]
        for number in range(count)
    ]
    one, zero = ([0, 1], [1, 0]) if categorical else (1, 0)
    labels = [one] * near_count + [zero] * count
    if shuffle:
        order = chance.sample(range(len(pairs)), len(pairs))
        return [pairs[place] for place in order], [labels[place] for place in order]
    return pairs, labels
