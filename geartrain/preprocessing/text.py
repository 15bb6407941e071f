"""What `keras.preprocessing.text` had: words as numbers, for programs of older Keras.

New programs use `layers.TextVectorization`, which is part of the model and saved with it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from geartrain.compat.names import finder
from geartrain.errors import shown, unknown_keywords

__all__ = [
    "Tokenizer",
    "hashing_trick",
    "one_hot",
    "text_to_word_sequence",
    "tokenizer_from_json",
]

__getattr__ = finder("preprocessing.text")

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_MODES = ("binary", "count", "freq", "tfidf")
_KEPT = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")


def text_to_word_sequence(
    input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """The words of a text.

    Args:
        input_text: the text.
        filters: letters that stand between words, as `split` does.
        lower: whether to make letters small.
        split: what stands between words.

    >>> text_to_word_sequence("The cat, the dog.")
    ['the', 'cat', 'the', 'dog']
    """
    text = input_text.lower() if lower else input_text
    text = text.translate(str.maketrans(dict.fromkeys(filters, split)))
    return [word for word in text.split(split) if word]


def hashing_trick(
    text: str,
    n: int,
    hash_function: Any = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], Iterable[Any]] | None = None,
) -> list[int]:
    """The words of a text as numbers from 1 to n - 1, by their hash: `hash(word) % (n - 1) + 1`.

    Args:
        text: the text.
        n: one more than the greatest number.
        hash_function: a function of a word, or `"md5"`; Python's `hash`, which is another in each
            process, by default.
        filters, lower, split: see `text_to_word_sequence`.
        analyzer: a function that cuts texts, instead of these.

    Raises ValueError for n below 2.

    >>> hashing_trick("the cat the", 10, "md5")
    [6, 3, 6]
    """
    if n < 2:
        raise ValueError(f"hashing_trick: expected n of at least 2. Received: {n}")
    if hash_function == "md5":
        hash_function = _md5
    hash_function = hash_function or hash
    words = text_to_word_sequence(text, filters, lower, split) if analyzer is None else None
    found = analyzer(text) if analyzer is not None else words
    return [hash_function(word) % (n - 1) + 1 for word in found or ()]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


def one_hot(
    input_text: str,
    n: int,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], Iterable[Any]] | None = None,
) -> list[int]:
    """The words of a text as numbers from 1 to n - 1: `hashing_trick` with Python's `hash`.

    Args: see `hashing_trick`.

    >>> first, second, again = one_hot("the cat the", 50)
    >>> first == again, 1 <= second < 50
    (True, True)
    """
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


class Tokenizer:
    """Numbers words by how often they were met, the most frequent one being 1; 0 is for padding.

    Args:
        num_words: only words of numbers below this are used; all of them if None.
        filters, lower, split: see `text_to_word_sequence`.
        char_level: whether letters are the words.
        oov_token: a word of number 1, that stands for words which were never met.
        analyzer: a function that cuts texts into words, instead of filters, lower and split.

    Attributes:
        word_counts: how often each word was met.
        word_docs: in how many texts each word was met.
        word_index, index_word: the number of each word, and the word of each number.
        index_docs: in how many texts the word of each number was met.
        document_count: how many texts there were.

    A text may be a list of words, too.

    >>> tokenizer = Tokenizer(oov_token="?")
    >>> tokenizer.fit_on_texts(["the cat", "The dog."])
    >>> tokenizer.word_index
    {'?': 1, 'the': 2, 'cat': 3, 'dog': 4}
    >>> tokenizer.texts_to_sequences(["the bird"])
    [[2, 1]]
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Callable[[str], Iterable[Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        num_words = kwargs.pop("nb_words", num_words)  # as Keras 1 called it
        self.document_count = kwargs.pop("document_count", 0)
        if kwargs:
            known = ("num_words", "filters", "lower", "split", "char_level", "oov_token")
            raise unknown_keywords("Tokenizer", [*kwargs], [*known, "analyzer"])
        self.num_words, self.filters, self.lower, self.split = num_words, filters, lower, split
        self.char_level, self.oov_token, self.analyzer = char_level, oov_token, analyzer
        self.word_counts: dict[Any, int] = {}
        self.word_docs: dict[Any, int] = {}
        self.index_docs: dict[int, int] = {}
        self.word_index: dict[Any, int] = {}
        self.index_word: dict[int, Any] = {}

    def _words(self, text: Any) -> Sequence[Any]:
        if isinstance(text, list):
            return [word.lower() for word in text] if self.lower else text
        if not isinstance(text, str):
            raise TypeError(
                "Tokenizer: expected each text as a string or a list of words. "
                f"Received: {shown(text)}"
            )
        if self.char_level:
            return text.lower() if self.lower else text
        if self.analyzer is not None:
            return list(self.analyzer(text))
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Count the words of some texts, and number all words anew."""
        counts, documents = Counter(self.word_counts), Counter(self.word_docs)
        for text in texts:
            words = self._words(text)
            counts.update(words)
            documents.update(set(words))
            self.document_count += 1
        self.word_counts, self.word_docs = dict(counts), dict(documents)
        ordered = sorted(counts, key=counts.__getitem__, reverse=True)
        special = [] if self.oov_token is None else [self.oov_token]
        self.index_word = dict(enumerate([*special, *ordered], 1))
        self.word_index = {word: number for number, word in self.index_word.items()}
        self.index_docs |= {self.word_index[word]: n for word, n in documents.items()}

    def fit_on_sequences(self, sequences: Sequence[Iterable[int]]) -> None:
        """Count in how many texts, given as numbers, each number is: needed for "tfidf" alone."""
        self.document_count += len(sequences)
        found = Counter(self.index_docs)
        for sequence in sequences:
            found.update(set(sequence))
        self.index_docs = dict(found)

    def _used(self, number: int | None) -> int | None:
        """A number that is used: itself, or that of the `oov_token`; None for none."""
        below = number is not None and not (self.num_words and number >= self.num_words)
        return number if below else self.word_index.get(self.oov_token)

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """The numbers of the words of each text; words without one are left out."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """The same, text by text."""
        for text in texts:
            numbers = (self._used(self.word_index.get(word)) for word in self._words(text))
            yield [number for number in numbers if number is not None]

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """The words of each sequence of numbers, joined by spaces."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """The same, sequence by sequence."""
        for sequence in sequences:
            known = (number if number in self.index_word else None for number in sequence)
            numbers = (self._used(number) for number in known)
            yield " ".join(self.index_word[number] for number in numbers if number is not None)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> np.ndarray:
        """A vector for each text: see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(
        self, sequences: Sequence[Sequence[int]], mode: str = "binary"
    ) -> np.ndarray:
        """A vector for each sequence, with a place for each number.

        Args:
            sequences: numbers of words.
            mode: `"binary"` for 1 where a word is there, `"count"` for how often, `"freq"` for its
                share, `"tfidf"` for (1 + log count) * log(1 + documents / (1 + documents with it)).

        Raises ValueError for another mode, and before any text was seen.

        >>> Tokenizer(num_words=4).sequences_to_matrix([[1, 3, 3]], "count")
        array([[0., 1., 0., 2.]])
        """
        if mode not in _MODES:
            raise ValueError(f"Tokenizer: expected mode as one of {_MODES}. Received: {mode!r}")
        if not self.num_words and not self.word_index:
            raise ValueError(
                "Tokenizer: Specify a dimension (`num_words` argument), or fit on some text data "
                "first. Received: neither"
            )
        if mode == "tfidf" and not self.document_count:
            raise ValueError(
                "Tokenizer: Fit the Tokenizer on some data before using tfidf mode. Received: none"
            )
        size = self.num_words or len(self.word_index) + 1
        matrix = np.zeros((len(sequences), size))
        for row, sequence in zip(matrix, sequences, strict=True):
            numbers = np.array([number for number in sequence if number < size], np.intp)
            row += np.bincount(numbers, minlength=size)
            if mode == "freq" and len(sequence):
                row /= len(sequence)
        if mode == "binary":
            return (matrix > 0).astype(matrix.dtype)
        if mode == "tfidf":
            found = np.array([self.index_docs.get(number, 0) for number in range(size)])
            inverse = np.log(1 + self.document_count / (1 + found))
            counts = np.maximum(matrix, 1)
            return np.where(matrix > 0, (1 + np.log(counts)) * inverse, 0.0)
        return matrix

    def get_config(self) -> dict[str, Any]:
        """The arguments and all counts; these as JSON, as Keras has them."""
        arguments = (
            "num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count",
        )  # fmt: skip
        return {
            **{name: getattr(self, name) for name in arguments},
            **{name: json.dumps(getattr(self, name)) for name in _KEPT},
        }

    def to_json(self, **kwargs: Any) -> str:
        """All of it as JSON: see `tokenizer_from_json`.

        Args:
            **kwargs: for `json.dumps`, such as `indent`.
        """
        return json.dumps({"class_name": "Tokenizer", "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """The tokenizer that `to_json` described.

    Raises ValueError for a text that describes none.

    >>> tokenizer = Tokenizer()
    >>> tokenizer.fit_on_texts(["the cat"])
    >>> tokenizer_from_json(tokenizer.to_json()).texts_to_sequences(["cat"])
    [[2]]
    """
    described = json.loads(json_string)
    config = described.get("config") if isinstance(described, dict) else None
    if not isinstance(config, dict) or not all(name in config for name in _KEPT):
        raise ValueError(
            "tokenizer_from_json: expected what Tokenizer.to_json wrote. Received: "
            f"{shown(json_string)}"
        )
    made = Tokenizer(**{name: value for name, value in config.items() if name not in _KEPT})
    for name in _KEPT:
        table = json.loads(config[name])
        by_number = name.startswith("index")  # JSON has keys of strings alone
        setattr(made, name, {int(k) if by_number else k: v for k, v in table.items()})
    return made
