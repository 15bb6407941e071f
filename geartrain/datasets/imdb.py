"""IMDB: 50,000 reviews of films, good or bad, each a list of words by rank of frequency.

By A. L. Maas, R. E. Daly, P. T. Pham, D. Huang, A. Y. Ng, C. Potts, 2011.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from geartrain.datasets import published, source, texts
from geartrain.datasets.npz import read_loose
from geartrain.errors import unknown_keywords, warn

DATA_SET = published.Files(
    title="IMDB",
    parts={"imdb.npz": "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"},
    largest=1 << 25,
    mirrors=(f"{texts.MIRROR}imdb.npz",),
    folders=("", "imdb"),
)
WORD_INDEX = published.Files(
    title="IMDB's index of words",
    parts={"imdb_word_index.json": "bfafd718b763782e994055a2d397834f"},
    largest=1 << 24,
    mirrors=(f"{texts.MIRROR}imdb_word_index.json",),
    folders=("", "imdb"),
)
_KINDS = {"x_test": "O", "x_train": "O", "y_train": "biu", "y_test": "biu"}
_MOST = 1 << 25  # bytes of an array, unpacked, and numbers: it has some 15,000,000 and 6,000,000


def load_data(
    path: str | os.PathLike[str] = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> source.Split:
    """Load IMDB from this machine, or download it (17 MB) and keep it in the cache.

    The places looked in are those of `geartrain.datasets.source`, as `imdb.npz`. The file holds
    pickled lists, which are read without unpickling: no file can run code.

    Args:
        path: a file in the form of Keras's `imdb.npz`. The default, or another bare file name that
            does not exist, means the usual places.
        num_words: numbers from here on become `oov_char`; None means the largest number.
        skip_top: numbers below, those of the most frequent words, become `oov_char`.
        maxlen: reviews of as many numbers or more are left out; None keeps all.
        seed: of the order of the reviews.
        start_char: begins each review, unless None.
        oov_char: stands for words that are not known; None leaves them out.
        index_from: is added to the rank of each word.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: 25,000 reviews each, arrays of lists of numbers, and
        labels, int64: 1 good, 0 bad.

    Raises:
        FileNotFoundError: IMDB is in none of the places and cannot be downloaded, or `path` does
            not exist. The message says which file to put where.
        ValueError: the file is damaged, or no review is shorter than `maxlen`.

    >>> (x_train, y_train), (x_test, y_test) = load_data(num_words=10000)  # doctest: +SKIP
    >>> load_data("no/such/imdb.npz")
    Traceback (most recent call last):
    FileNotFoundError: load_data expected path to be a file that exists. Received: \
'no/such/imdb.npz'. Without path, IMDB is looked for in the usual places and downloaded.
    """
    if "nb_words" in kwargs:
        warn("imdb.load_data took nb_words in older versions of Keras. Write num_words.")
        num_words = kwargs.pop("nb_words")
    if kwargs:
        raise unknown_keywords("imdb.load_data", kwargs, load_data.__annotations__)
    x, y, count = published.load(DATA_SET, _read, path)
    random = np.random.RandomState(seed)
    train = texts.shuffled(random, x[:count], y[:count])
    test = texts.shuffled(random, x[count:], y[count:])
    numbering = texts.Numbering(num_words, skip_top, maxlen, start_char, oov_char, index_from)
    sequences, kept = numbering.apply([*train[0], *test[0]])
    labels, count = np.concatenate([train[1], test[1]])[kept], int(kept[:count].sum())
    return texts.parted(sequences, labels, count)


def get_word_index(path: str | os.PathLike[str] = "imdb_word_index.json") -> dict[str, int]:
    """The rank of each word, found and downloaded (1.6 MB) as `load_data` does.

    In reviews, `index_from` is added to it.

    Args:
        path: a file in the form of Keras's `imdb_word_index.json`.

    Raises:
        FileNotFoundError: the file is in none of the places and cannot be downloaded.
        ValueError: the file is damaged.

    >>> get_word_index()["the"]  # doctest: +SKIP
    1
    >>> get_word_index("no/such/file.json")
    Traceback (most recent call last):
    FileNotFoundError: load_data expected path to be a file that exists. Received: \
'no/such/file.json'. Without path, IMDB's index of words is looked for in the usual places and \
downloaded.
    """
    return published.load(WORD_INDEX, texts.word_index, path)


def _read(contents: published.Contents) -> tuple[texts.Sequences, texts.Array, int]:
    """The reviews and their labels, those to train on first, and how many these are."""
    ((name, content),) = contents.items()
    arrays = read_loose(content, _KINDS, _MOST, name=name)
    train, test = (
        texts.sequences_of(arrays[f"x_{one}"], f"{name}, x_{one}", _MOST)
        for one in ("train", "test")
    )
    for one, reviews in (("train", train), ("test", test)):
        if arrays[f"y_{one}"].shape != (len(reviews),):
            raise ValueError(
                f"{name}: expected a label for each of {len(reviews)} reviews. "
                f"Received: shape {arrays[f'y_{one}'].shape}."
            )
    return train + test, np.concatenate([arrays["y_train"], arrays["y_test"]]), len(train)
