"""The vocabulary of the layers that number tokens: given, or learned from data."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geartrain import config
from geartrain.errors import shown
from geartrain.layers.arguments import dense, one_of
from geartrain.layers.layer import Layer
from geartrain.layers.on_host import HostLayer
from geartrain.runtime.variable import Variable
from geartrain.serialization import check_path
from geartrain.utils.texts import as_texts
from geartrain.utils.vocabulary import Numbers, Words, most_common

_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")
_OLDER = {"binary": "multi_hot", "tf-idf": "tf_idf"}


def output_mode_of(layer: Layer, mode: Any) -> str:
    """A lookup's output mode, by today's name."""
    found: str = one_of(layer, "output_mode", _OLDER.get(mode, mode), _MODES)
    return found


def salt_of(layer: Layer, salt: Any) -> list[int] | None:
    """A key for SipHash: two whole numbers, or one for both."""
    if isinstance(salt, int | np.integer) and not isinstance(salt, bool):
        return [int(salt)] * 2
    if salt is None:
        return None
    whole = isinstance(salt, list | tuple) and all(isinstance(n, int | np.integer) for n in salt)
    if not whole or len(salt) != 2:
        raise ValueError(
            f"{layer._who()}: expected salt as a whole number, or two of them. "
            f"Received: salt={shown(salt)}"
        )
    return [int(part) for part in salt]


class VocabularyLayer(HostLayer):
    """Base: a vocabulary, given or learned, for `IndexLookup` to number tokens by.

    It begins with the mask token, if there is one and the output is numbers, and
    `num_oov_indices` places for tokens that it does not have.
    """

    accepts = ("vocabulary_size", "has_input_vocabulary", "oov_method", "trainable", "dtype")
    vocabulary_dtype = "string"
    not_in_files = ("input_vocabulary", "input_idf_weights")  # long lists, and no layers in them

    def __init__(
        self, max_tokens: int | None, num_oov_indices: int, mask_token: Any, oov_token: Any,
        vocabulary: Any, idf_weights: Any, invert: bool, output_mode: str, sparse: bool,
        pad_to_max_tokens: bool, salt: Any, name: str | None, further: dict[str, Any],
    ) -> None:  # fmt: skip
        super().__init__(name=name, trainable=further.get("trainable", True))
        if max_tokens is not None and max_tokens <= 1:
            raise ValueError(
                f"{self._who()}: If set, `max_tokens` must be greater than 1. Received: "
                f"max_tokens={max_tokens}"
            )
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError(
                f"{self._who()}: pad_to_max_tokens=True needs max_tokens, the width to pad to. "
                "Received: max_tokens=None"
            )
        if num_oov_indices < 0:
            raise ValueError(
                f"{self._who()}: `num_oov_indices` must be greater than or equal to 0. Received: "
                f"num_oov_indices={num_oov_indices}"
            )
        self.output_mode = output_mode_of(self, output_mode)
        self.oov_method = one_of(
            self, "oov_method", further.get("oov_method", "floormod"), ("floormod", "farmhash")
        )
        self.salt = salt_of(self, salt)
        if invert and self.output_mode != "int":
            raise ValueError(
                f"{self._who()}: `output_mode` must be `'int'` when `invert` is true. Received: "
                f"output_mode={output_mode!r}"
            )
        if idf_weights is not None and self.output_mode != "tf_idf":
            raise ValueError(
                f"{self._who()}: `idf_weights` should only be set if `output_mode` is `'tf_idf'`. "
                f"Received: output_mode={output_mode!r}"
            )
        self.invert, self.max_tokens, self.num_oov_indices = invert, max_tokens, num_oov_indices
        self.mask_token, self.oov_token = mask_token, oov_token
        self.sparse, self.pad_to_max_tokens = dense(self, sparse), pad_to_max_tokens
        from_file = isinstance(vocabulary, str)
        self.input_vocabulary = None if from_file else _plain(vocabulary)
        self.input_idf_weights = _plain(idf_weights)
        self._fixed = bool(further.get("has_input_vocabulary", vocabulary is not None))
        self._table = self._table_of([])
        self._depth = further.get("vocabulary_size")
        self._idf_of_file: Any = None
        self.reset_state()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    # -- the vocabulary ---------------------------------------------------------------------------

    def _table_of(self, tokens: Any) -> Words | Numbers:
        return Words(tokens, self._start)

    @property
    def _oov_start(self) -> int:
        return int(self.mask_token is not None and self.output_mode == "int")

    @property
    def _start(self) -> int:
        """The number of the first token that is no special one."""
        return self._oov_start + self.num_oov_indices

    @property
    def _special(self) -> list[Any]:
        return [self.mask_token] * self._oov_start + [self.oov_token] * self.num_oov_indices

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens in the order of their numbers.

        Args:
            include_special_tokens: whether with the mask and the places for unknown tokens.
        """
        return [*(self._special if include_special_tokens else ()), *self._table.tokens]

    def vocabulary_size(self) -> int:
        """The number of tokens, special ones among them."""
        return self._start + len(self._table)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take a vocabulary in place of the one that is there.

        Args:
            vocabulary: the tokens, with all special ones in front or with none; or the path of a
                text file with a token in each line.
            idf_weights: in mode "tf_idf", a weight for each token.

        Raises ValueError for no or repeated tokens, special ones among them, more than
        `max_tokens`, weights that do not fit, and a file that is not there.
        """
        if (idf_weights is None) == (self.output_mode == "tf_idf"):
            raise ValueError(
                f"{self._who()}: `idf_weights` must be set if output_mode is 'tf_idf', and only "
                f"then. Received: output_mode={self.output_mode!r}, "
                f"idf_weights={shown(idf_weights)}"
            )
        if isinstance(vocabulary, str):
            vocabulary = self._lines_of(vocabulary)
        tokens = self._tokens_of(vocabulary)
        table, whole = self._table_from(tokens)
        if idf_weights is not None:
            weights = np.asarray(idf_weights, config.floatx())
            if weights.shape != (len(tokens),):
                raise ValueError(
                    f"{self._who()}: `idf_weights` must be the same length as vocabulary. "
                    f"Received: {weights.shape} weights for {len(tokens)} tokens."
                )
            front = 0 if whole else self._start
            table.weights = self._padded_weights(
                np.pad(weights, (front, 0), constant_values=weights.mean())
            )
        self._take(table)

    def _table_from(self, tokens: list[Any]) -> tuple[Words | Numbers, bool]:
        """The table of a vocabulary, and whether that has the special tokens in front."""
        special = self._special
        whole = special == tokens[: len(special)]
        own = tokens[len(special) :] if whole else tokens
        self._check_tokens(own)
        return self._table_of(own), whole

    def _tokens_of(self, vocabulary: Any) -> list[Any]:
        tokens = as_texts(vocabulary)
        if tokens is None or tokens.ndim != 1 or not tokens.size:
            raise ValueError(
                f"{self._who()}: expected vocabulary as a list of tokens, at least one. Received: "
                f"{shown(vocabulary)}"
            )
        return list(tokens.tolist())

    def _lines_of(self, path: str) -> list[Any]:
        check_path(f"{self._who()}: vocabulary", path)
        if not Path(path).is_file():
            raise ValueError(f"{self._who()}: Vocabulary file {path!r} does not exist.")
        if self.output_mode == "tf_idf":
            raise ValueError(
                f"{self._who()}: output_mode 'tf_idf' does not support loading a vocabulary from "
                f"file. Received: vocabulary={path!r}. Give it as a list, with idf_weights."
            )
        return self._of_lines(Path(path).read_text("utf-8"))

    def _of_lines(self, text: str) -> list[Any]:
        return text.removesuffix("\n").split("\n") if text else []

    def _check_tokens(self, tokens: list[Any]) -> None:
        repeated = [token for token, count in Counter(tokens).items() if count > 1]
        if repeated:
            raise ValueError(
                f"{self._who()}: The passed vocabulary has at least one repeated term: "
                f"{shown(repeated)}. Keep each once."
            )
        for what, token in (("mask", self.mask_token), ("OOV", self.oov_token)):
            needed = what == "mask" or self.invert
            if token is not None and needed and token in tokens:
                raise ValueError(
                    f"{self._who()}: Found reserved {what} token at unexpected location in "
                    f"`vocabulary`. Received: {token!r}. Leave all special tokens out, or put "
                    f"exactly these in front: {self._special}"
                )
        size = self._start + len(tokens)
        if self.max_tokens is not None and size > self.max_tokens:
            raise ValueError(
                f"{self._who()}: Attempted to set a vocabulary larger than the maximum vocab size. "
                f"Received: {size} tokens, special ones among them; max_tokens={self.max_tokens}"
            )

    def _padded_weights(self, weights: np.ndarray) -> Variable:
        if self.pad_to_max_tokens and self.max_tokens is not None:
            weights = np.pad(weights, (0, max(0, self.max_tokens - len(weights))))
        return Variable(weights, trainable=False, name="idf_weights")

    def _take(self, table: Words | Numbers) -> None:
        size = self._start + len(table)
        as_vectors = self.output_mode != "int" and not self.pad_to_max_tokens
        if as_vectors and self._depth not in (None, size):
            raise RuntimeError(
                f"{self._who()}: When using `output_mode={self.output_mode}` and "
                "`pad_to_max_tokens=False`, the vocabulary size cannot be changed, since it is the "
                f"width of the output. Received: {size} tokens in place of {self._depth}. Set "
                "max_tokens and pad_to_max_tokens=True, or make another layer."
            )
        self._table, self._depth = table, size

    # -- adapt ------------------------------------------------------------------------------------

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Take the tokens of `data` as the vocabulary, the most frequent ones first.

        Of equally frequent ones the last in order come first. What was learned before is dropped.

        Args:
            data: an array or list of tokens, or an iterable of batches of them: a generator, a
                dataset. Only counts are kept of what went by.
            steps: how many batches to look at; all of them if None.

        Raises ValueError where the vocabulary was given.
        """
        self.reset_state()
        for batch in batches_of(self, data, steps):
            self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forget what `update_state` counted."""
        self._counts: Counter[Any] = Counter()
        self._documents: Counter[Any] = Counter()
        self._documents_seen = 0

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch, of which each row is a document."""
        tokens = self._array(data)
        rows = tokens.reshape(1, -1) if tokens.ndim < 2 else tokens.reshape(len(tokens), -1)
        self._count(rows.tolist())

    def _count(self, rows: Sequence[Sequence[Any]]) -> None:
        """Count the tokens of some documents."""
        self._add(Counter(itertools.chain.from_iterable(rows)))
        if self.output_mode == "tf_idf":
            self._documents.update(itertools.chain.from_iterable(map(set, rows)))
            self._documents_seen += len(rows)

    def _add(self, counts: Counter[Any]) -> None:
        if self._fixed:
            raise ValueError(
                f"{self._who()}: Cannot adapt layer {self.name!r} after setting a static "
                "vocabulary via `vocabulary` argument. Leave that out."
            )
        self._counts.update(counts)

    def finalize_state(self) -> None:
        """Make the vocabulary of the counts."""
        if not self._counts:
            return
        for token in (self.mask_token, self.oov_token):
            self._counts.pop(token, None)
        most = None if self.max_tokens is None else max(0, self.max_tokens - self._start)
        table = self._table_of(most_common(self._counts, most))
        if self.output_mode == "tf_idf":
            found = np.array([self._documents[token] for token in table.tokens], "float64")
            weights = np.log(1 + self._documents_seen / (1 + found)).astype(config.floatx())
            mean = weights.mean() if weights.size else 0.0
            table.weights = self._padded_weights(
                np.pad(weights, (self._start, 0), constant_values=mean)
            )
        self.reset_state()
        self._take(table)

    def _array(self, value: Any) -> np.ndarray:
        """The tokens as an array of Python's strings."""
        texts = as_texts(value)
        if texts is None and np.size(value):
            raise TypeError(
                f"{self._who()}: expected strings of equally long rows. Received: {shown(value)}"
            )
        return np.zeros(np.shape(value), object) if texts is None else texts


def _plain(given: Any) -> Any:
    """Tokens or weights as a list, for files."""
    if given is None or isinstance(given, str):
        return None
    return np.asarray(given).tolist() if hasattr(given, "dtype") else list(given)


def batches_of(layer: Layer, data: Any, steps: int | None) -> Iterator[Any]:
    """The batches of what `adapt` is given: an array as one, or an iterable."""
    if isinstance(data, list | tuple | str) or hasattr(data, "dtype"):
        texts = as_texts(data)
        array = np.asarray(data) if texts is None else texts
        yield array[:, None] if array.ndim == 1 else array
        return
    if not hasattr(data, "__iter__"):
        raise TypeError(
            f"{layer._who()}: adapt expected an array, a list or an iterable of batches. Received: "
            f"{shown(data)}"
        )
    for number, batch in enumerate(data):
        if steps is not None and number >= steps:
            return
        yield batch
