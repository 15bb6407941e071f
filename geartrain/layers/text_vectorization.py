"""The layer that makes numbers of texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from geartrain import config
from geartrain.errors import shown
from geartrain.layers.arguments import dense
from geartrain.layers.lookup import StringLookup
from geartrain.layers.on_host import HostLayer
from geartrain.layers.vocabulary_layer import batches_of, output_mode_of
from geartrain.registry import register
from geartrain.serialization import serialize
from geartrain.utils import tokens as cut
from geartrain.utils.texts import as_texts
from geartrain.utils.tokens import Tokens
from geartrain.utils.vocabulary import counted

_STANDARDIZE = (None, "lower_and_strip_punctuation", "lower", "strip_punctuation")
_SPLIT = (None, "whitespace", "character")


@register("layers")
class TextVectorization(HostLayer):
    """Texts as the numbers of their words, or as vectors of counts.

    Each text is standardized and split into tokens; runs of tokens are joined to n-grams; these
    are numbered by a vocabulary, in which 0 is for padding and 1 for unknown tokens.

    Args:
        max_tokens: the most tokens of the vocabulary, special ones among them.
        standardize: `"lower_and_strip_punctuation"`, `"lower"`, `"strip_punctuation"` (of ASCII),
            None, or a function of an array of strings that returns one.
        split: `"whitespace"`, `"character"`, None, or a function of an array of strings that
            returns the tokens of each.
        ngrams: the longest run of tokens to join by spaces, or a tuple of lengths.
        output_mode: `"int"`, `"multi_hot"`, `"count"`, `"tf_idf"`, `"one_hot"`: see `StringLookup`.
        output_sequence_length: in mode "int", the number of tokens of each text: shorter ones are
            filled up with 0, longer ones cut. By default that of the longest text of a batch.
        pad_to_max_tokens: make vectors as long as `max_tokens`.
        vocabulary: the tokens, or the path of a file with one in each line; else use `adapt`.
        idf_weights: for "tf_idf", the weight of each token of `vocabulary`.
        sparse, ragged: there are only dense tensors here, so True is refused.
        encoding: of texts that are given as bytes: UTF-8.
        name: see `Layer`.

    Call: strings of shape (batch,) or (batch, 1) give int64 of shape (batch, length), or vectors of
    shape (batch, tokens). With `split=None`, strings of any shape, which are tokens already.

    Raises ValueError for arguments that do not fit and for texts of another shape, RuntimeError for
    a call before there is a vocabulary.

    >>> layer = TextVectorization(output_sequence_length=4)
    >>> layer.adapt(["The cat sat.", "The dog!"])
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'the', 'sat', 'dog', 'cat']
    >>> layer(["the cat", "a dog sat on the cat"])
    array([[2, 5, 0, 0],
           [1, 4, 3, 1]])
    """

    accepts = ("vocabulary_size", "has_input_vocabulary", "trainable", "dtype")

    def __init__(
        self, max_tokens: int | None = None, standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace", ngrams: Any = None, output_mode: str = "int",
        output_sequence_length: int | None = None, pad_to_max_tokens: bool = False,
        vocabulary: Any = None, idf_weights: Any = None, sparse: bool = False,
        ragged: bool = False, encoding: str = "utf-8", name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        kept = {key: kwargs.pop(key) for key in _KEPT if key in kwargs}
        super().__init__(name=name, **kwargs)
        self.standardize = _known(self, "standardize", standardize, _STANDARDIZE)
        self.split = _known(self, "split", split, _SPLIT)
        self.output_mode = output_mode_of(self, output_mode)
        self.ngrams = tuple(ngrams) if isinstance(ngrams, list) else ngrams
        if not (ngrams is None or _whole(ngrams) or all(map(_whole, self.ngrams))):
            raise ValueError(
                f"{self._who()}: `ngrams` must be None, an integer, or a tuple of integers. "
                f"Received: ngrams={shown(ngrams)}"
            )
        self._widths = tuple(range(1, ngrams + 1)) if _whole(ngrams) else self.ngrams
        length = output_sequence_length
        if length is not None and (self.output_mode != "int" or not _whole(length)):
            raise ValueError(
                f"{self._who()}: `output_sequence_length` must be either None or an integer when "
                "`output_mode` is 'int', and None else. Received: "
                f"output_sequence_length={shown(length)}, output_mode={output_mode!r}"
            )
        if ragged:
            raise ValueError(
                f"{self._who()}: expected ragged=False: tensors are dense, and rows are filled up "
                f"with 0. Received: ragged={shown(ragged)}"
            )
        self.output_sequence_length, self.ragged = length, False
        self.encoding = encoding
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens, mask_token="", vocabulary=vocabulary, idf_weights=idf_weights,
            output_mode=output_mode, pad_to_max_tokens=pad_to_max_tokens,
            sparse=dense(self, sparse), encoding=encoding, **kept,
        )  # fmt: skip

    # -- the vocabulary ---------------------------------------------------------------------------

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The tokens in the order of their numbers.

        Args:
            include_special_tokens: whether with those for padding and unknown tokens.
        """
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """The number of tokens, special ones among them."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take a vocabulary in place of the one that is there: see `StringLookup`."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Take the tokens of texts as the vocabulary, the most frequent ones first.

        Of equally frequent ones the last in order come first. What was learned before is dropped.

        Args:
            data: an array or list of texts, or an iterable of batches of them: a generator, a
                dataset. Only counts are kept of what went by.
            batch_size: accepted as in Keras.
            steps: how many batches to look at; all of them if None.

        Raises ValueError where the vocabulary was given.
        """
        self.reset_state()
        for batch in batches_of(self, data, steps):
            self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forget what `update_state` counted."""
        self._lookup_layer.reset_state()

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch of texts."""
        lookup, rows = self._lookup_layer, self._rows(self._texts(data))[0]
        if self.output_mode == "tf_idf":
            for part in cut.chunks(rows, self._tokens):
                lookup._count([[*map(bytes.decode, row)] for row in cut.rows_of(part)])
            return
        found: Counter[bytes] = Counter()
        cut.chunks(rows, lambda some: found.update(self._tokens(some).flat))
        lookup._add(Counter({token.decode(): count for token, count in found.items()}))

    def finalize_state(self) -> None:
        """Make the vocabulary of the counts."""
        self._lookup_layer.finalize_state()

    # -- calls ------------------------------------------------------------------------------------

    def _texts(self, value: Any) -> np.ndarray:
        texts = as_texts(value)
        if texts is None and np.size(value):
            raise TypeError(
                f"{self._who()}: expected an array of strings. Received: {shown(value)}"
            )
        return np.zeros(np.shape(value), object) if texts is None else texts

    def _rows(self, texts: np.ndarray) -> tuple[list[Any], tuple[int, ...]]:
        """The texts, or lists of tokens that they are already; and the shape of all rows."""
        if self.split is None:
            width = texts.shape[-1] if texts.ndim else 1
            return texts.reshape(-1, width).tolist(), texts.shape[:-1]
        if texts.ndim > 1 and texts.shape[-1] != 1:
            raise ValueError(
                f"{self._who()}: When using `TextVectorization` to tokenize strings, the input "
                "rank must be 1 or the last shape dimension must be 1. Received: shape "
                f"{texts.shape}"
            )
        return texts.reshape(-1).tolist(), texts.shape[: max(1, texts.ndim - 1) * (texts.ndim > 0)]

    def _standardized(self, texts: Sequence[str]) -> list[str]:
        """The texts by the function `standardize`, which gets a NumPy array."""
        made = as_texts(self.standardize(np.array(texts, str)))
        if made is None:
            raise TypeError(
                f"{self._who()}: expected strings from standardize, a function of your own. "
                "Received: something else."
            )
        return list(made.reshape(-1).tolist())

    def _buffer(self, texts: Sequence[str]) -> bytes:
        if callable(self.standardize):
            return cut.standardized(self._standardized(texts), None)
        return cut.standardized(texts, self.standardize)

    def _tokens(self, rows: Sequence[Any]) -> Tokens:
        """The tokens of some texts."""
        if self.split is None:
            flat = [token for row in rows for token in row]
            found = Tokens(
                self._buffer(flat).split(b"\xff")[:-1], np.array([*map(len, rows)], np.int64)
            )
        elif callable(self.split):
            texts = self._buffer(rows).split(b"\xff")[:-1]
            made = self.split(np.array([*map(bytes.decode, texts)], str))
            found = cut.of_rows(made.to_list() if hasattr(made, "to_list") else made)
        elif self.split == "character":
            texts = self._buffer(rows).decode("utf-8", "surrogateescape").split("\udcff")[:-1]
            found = cut.of_rows(texts)
        else:
            found = cut.words(self._buffer(rows))
        return found if self._widths is None else cut.ngrams(found, self._widths)

    def _numbers(self, rows: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the tokens of some texts, and how many each text has."""
        lookup = self._lookup_layer
        if self._widths is None and self.split == "character":
            codes, lengths = cut.letters(self._buffer(rows))
            return lookup._table.of_letters(codes, lookup._oov_start), lengths
        if self._widths is None and self.split == "whitespace":
            return lookup._table.in_text(self._buffer(rows), lookup._oov_start)
        tokens = self._tokens(rows)
        return lookup._finished(tokens.flat), tokens.lengths

    def compute(self, inputs: np.ndarray) -> np.ndarray:  # type: ignore[override]
        """The numbers of the tokens, or vectors."""
        lookup, texts = self._lookup_layer, self._texts(inputs)
        lookup.check_ready()
        if self.split is None and self._widths is None:
            tokens = self._buffer(texts.reshape(-1).tolist()).split(b"\xff")[:-1]
            return self._fitted(lookup.encoded(lookup._finished(tokens).reshape(texts.shape)))
        rows, shape = self._rows(texts)
        found = cut.chunks(rows, lambda some: self._vectors(*self._numbers(some)))
        if self.output_mode == "int" or self.output_mode == "one_hot":
            width = max(part.shape[1] for part in found)
            found = [part if part.shape[1] == width else _widened(part, width) for part in found]
        made = np.concatenate(found) if len(found) > 1 else found[0]
        return made.reshape((*shape, *made.shape[1:]))

    def _fitted(self, made: np.ndarray) -> np.ndarray:
        """Numbers of `output_sequence_length` along the last axis, if that is given."""
        width = self.output_sequence_length
        if width is None or not made.ndim:
            return made
        missing = max(0, width - made.shape[-1])
        return np.pad(made[..., :width], [(0, 0)] * (made.ndim - 1) + [(0, missing)])

    def _vectors(self, numbers: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """A row for each text, as the output mode wants it."""
        if self.output_mode == "int":
            return cut.padded(numbers, lengths, self.output_sequence_length)
        lookup = self._lookup_layer
        depth = lookup.depth()
        assert depth is not None
        if self.output_mode == "one_hot":
            places = cut.padded(numbers + 1, lengths, None)[..., None] - 1
            return (places == np.arange(depth)).astype(np.int64)
        counts = counted(numbers, lengths, depth)
        if self.output_mode == "multi_hot":
            return (counts > 0).astype(np.int64)
        return lookup.weighted(counts)

    def output_dtype(self) -> str:
        """Whole numbers, or floats for vectors."""
        return "int64" if self.output_mode == "int" else config.floatx()

    def compute_output_shape(self, input_shape: Any) -> Any:  # type: ignore[override]
        """A row of numbers, or a vector, for each text."""
        shape = tuple(input_shape)
        if self.output_mode == "int":
            if self.split is None and self._widths is None and len(shape) > 1:
                return (*shape[:-1], self.output_sequence_length or shape[-1])
            return (*shape[:1], self.output_sequence_length)
        depth = self._lookup_layer.depth()
        if self.split is None:
            return self._lookup_layer.compute_output_shape(shape if len(shape) > 1 else (*shape, 1))
        return (*shape[:1], None, depth) if self.output_mode == "one_hot" else (*shape[:1], depth)

    @property
    def compute_dtype(self) -> str:
        """The dtype of the tokens."""
        return "string"

    variable_dtype = compute_dtype

    # -- files and copies -------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments; a vocabulary that was learned goes into files by itself."""
        lookup = self._lookup_layer
        return {
            "name": self.name,
            "trainable": self._trainable,
            "dtype": serialize(self.dtype_policy),
            "max_tokens": lookup.max_tokens,
            "standardize": serialize(self.standardize),
            "split": serialize(self.split),
            "ngrams": self.ngrams,
            "output_mode": self.output_mode,
            "output_sequence_length": self.output_sequence_length,
            "pad_to_max_tokens": lookup.pad_to_max_tokens,
            "sparse": False,
            "ragged": False,
            **dict(sorted(lookup.vocabulary_config().items(), reverse=True)),
            "encoding": self.encoding,
            "vocabulary_size": self.vocabulary_size(),
        }

    def save_own_variables(self, store: Any) -> None:
        """Keep the weights of the tokens, in mode "tf_idf"."""
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store: Any) -> None:
        """Take the weights of the tokens, in mode "tf_idf"."""
        self._lookup_layer.load_own_variables(store)

    def save_assets(self, dir_path: Any) -> None:
        """Write the vocabulary, a token a line, unless it is in the config."""
        self._lookup_layer.save_assets(dir_path)

    def load_assets(self, dir_path: Any) -> None:
        """Take the vocabulary that `save_assets` wrote."""
        self._lookup_layer.load_assets(dir_path)


_KEPT = ("vocabulary_size", "has_input_vocabulary")


def _whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _widened(part: np.ndarray, width: int) -> np.ndarray:
    """The rows filled up with zeros."""
    missing = [(0, 0), (0, width - part.shape[1]), *[(0, 0)] * (part.ndim - 2)]
    return np.pad(part, missing)


def _known(layer: Any, name: str, value: Any, allowed: Sequence[Any]) -> str | Callable[..., Any]:
    if not callable(value) and value not in allowed:
        raise ValueError(
            f"{layer._who()}: expected {name} as a function or one of "
            f"{', '.join(map(repr, allowed))}. Received: {shown(value)}"
        )
    return value  # type: ignore[no-any-return]
