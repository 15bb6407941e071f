"""Reuters: 11,228 newswires of 46 topics, each a list of words by rank of frequency.

By D. D. Lewis, of Reuters Ltd. and Carnegie Group, Inc., 1987 (Reuters-21578).
"""

from __future__ import annotations

import os

import numpy as np

from geartrain.datasets import published, source, texts
from geartrain.datasets.npz import read_loose

DATA_SET = published.Files(
    title="Reuters",
    parts={"reuters.npz": "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"},
    largest=1 << 24,
    mirrors=(f"{texts.MIRROR}reuters.npz",),
    folders=("", "reuters"),
)
WORD_INDEX = published.Files(
    title="Reuters's index of words",
    parts={"reuters_word_index.json": "4d44cc38712099c9e383dc6e5f11a921"},
    largest=1 << 24,
    mirrors=(f"{texts.MIRROR}reuters_word_index.json",),
    folders=("", "reuters"),
)
_MOST = 1 << 24  # bytes of an array, unpacked, and numbers: it has some 4,000,000 and 1,600,000
_LABELS = (
    "cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves "
    "ship cotton carcass crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin "
    "strategic-metal livestock retail ipi iron-steel rubber heat jobs lei bop zinc orange pet-chem "
    "dlr gas silver wpi hog lead"
)


def load_data(
    path: str | os.PathLike[str] = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> source.Split:
    """Load Reuters from this machine, or download it (2 MB) and keep it in the cache.

    The places looked in are those of `geartrain.datasets.source`, as `reuters.npz`. The file holds
    pickled lists, which are read without unpickling: no file can run code.

    Args:
        path: a file in the form of Keras's `reuters.npz`. The default, or another bare file name
            that does not exist, means the usual places.
        num_words: numbers from here on become `oov_char`; None means the largest number.
        skip_top: numbers below, those of the most frequent words, become `oov_char`.
        maxlen: newswires of as many numbers or more are left out; None keeps all.
        test_split: the share of the newswires to test with.
        seed: of the order of the newswires.
        start_char: begins each newswire, unless None.
        oov_char: stands for words that are not known; None leaves them out.
        index_from: is added to the rank of each word.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: arrays of lists of numbers, and topics, int64, 0 to
        45: `get_label_names` has their names.

    Raises:
        FileNotFoundError: Reuters is in none of the places and cannot be downloaded, or `path` does
            not exist. The message says which file to put where.
        ValueError: the file is damaged, or no newswire is shorter than `maxlen`.

    >>> (x_train, y_train), (x_test, y_test) = load_data(num_words=10000)  # doctest: +SKIP
    >>> load_data("no/such/reuters.npz")
    Traceback (most recent call last):
    FileNotFoundError: load_data expected path to be a file that exists. Received: \
'no/such/reuters.npz'. Without path, Reuters is looked for in the usual places and downloaded.
    """
    random = np.random.RandomState(seed)
    x, y = texts.shuffled(random, *published.load(DATA_SET, _read, path))
    numbering = texts.Numbering(num_words, skip_top, maxlen, start_char, oov_char, index_from)
    sequences, kept = numbering.apply(x)
    labels, count = y[kept], int(len(sequences) * (1 - test_split))
    return texts.parted(sequences, labels, count)


def get_word_index(path: str | os.PathLike[str] = "reuters_word_index.json") -> dict[str, int]:
    """The rank of each word, found and downloaded (0.6 MB) as `load_data` does.

    In newswires, `index_from` is added to it.

    Args:
        path: a file in the form of Keras's `reuters_word_index.json`.

    Raises:
        FileNotFoundError: the file is in none of the places and cannot be downloaded.
        ValueError: the file is damaged.

    >>> get_word_index()["the"]  # doctest: +SKIP
    1
    >>> get_word_index("no/such/file.json")
    Traceback (most recent call last):
    FileNotFoundError: load_data expected path to be a file that exists. Received: \
'no/such/file.json'. Without path, Reuters's index of words is looked for in the usual places and \
downloaded.
    """
    return published.load(WORD_INDEX, texts.word_index, path)


def get_label_names() -> tuple[str, ...]:
    """The names of the 46 topics, by their numbers.

    >>> get_label_names()[3:5], len(get_label_names())
    (('earn', 'acq'), 46)
    """
    return tuple(_LABELS.split())


def _read(contents: published.Contents) -> tuple[texts.Sequences, texts.Array]:
    ((name, content),) = contents.items()
    arrays = read_loose(content, {"x": "O", "y": "biu"}, _MOST, name=name)
    sequences = texts.sequences_of(arrays["x"], f"{name}, x", _MOST)
    if arrays["y"].shape != (len(sequences),):
        raise ValueError(
            f"{name}: expected a label for each of {len(sequences)} newswires. "
            f"Received: shape {arrays['y'].shape}."
        )
    return sequences, arrays["y"]
