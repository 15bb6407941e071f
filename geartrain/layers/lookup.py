"""Layers that number tokens by a vocabulary: strings or whole numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain.errors import shown
from geartrain.layers.arguments import one_of
from geartrain.layers.index_lookup import IndexLookup
from geartrain.registry import register
from geartrain.utils.vocabulary import Numbers


@register("layers")
class StringLookup(IndexLookup):
    """Strings as their numbers in a vocabulary.

    Args:
        max_tokens: the most tokens of the vocabulary, special ones among them; None for any number.
        num_oov_indices: how many numbers stand for unknown strings, which are spread over them by
            their hash; with 0 such a string is an error.
        mask_token: the string whose number is 0; None for no such string.
        oov_token: what stands for unknown strings in the vocabulary.
        vocabulary: the tokens, or the path of a file with one in each line; else use `adapt`.
        idf_weights: for "tf_idf", the weight of each token of `vocabulary`.
        invert: take numbers and return strings.
        output_mode: `"int"`, or vectors as of `CategoryEncoding`: `"one_hot"`, `"multi_hot"`,
            `"count"`; `"tf_idf"` for counts times weights, log(1 + documents / (1 + documents that
            have the token)), where each sample is a document.
        pad_to_max_tokens: make vectors as long as `max_tokens`.
        sparse: there are only dense tensors here, so True is refused.
        encoding: of strings that are given as bytes: UTF-8.
        name: see `Layer`.
        salt: a key, one whole number or two, for SipHash instead of FarmHash.

    Call: strings of any shape give int64 of that shape, or vectors. In a model it takes
    `Input((1,), dtype="string")`.

    Raises ValueError for arguments that do not fit, RuntimeError for a call before there is a
    vocabulary.

    >>> layer = StringLookup(vocabulary=["a", "b"])
    >>> layer(["b", "z"])
    array([2, 0])
    >>> layer.get_vocabulary()
    ['[UNK]', 'a', 'b']
    >>> StringLookup(vocabulary=["a", "b"], output_mode="count")([["b", "b", "z"]])
    array([[1, 0, 2]])
    """

    def __init__(
        self, max_tokens: int | None = None, num_oov_indices: int = 1, mask_token: Any = None,
        oov_token: Any = "[UNK]", vocabulary: Any = None, idf_weights: Any = None,
        invert: bool = False, output_mode: str = "int", pad_to_max_tokens: bool = False,
        sparse: bool = False, encoding: str = "utf-8", name: str | None = None, salt: Any = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        self.__dict__["encoding"] = encoding
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert,
            output_mode, sparse, pad_to_max_tokens, salt, name, kwargs,
        )  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        """The arguments; a vocabulary that was learned goes into files by itself."""
        return {**super().get_config(), "encoding": self.encoding}


@register("layers")
class IntegerLookup(IndexLookup):
    """Whole numbers as their numbers in a vocabulary.

    Args: those of `StringLookup`, and
        vocabulary_dtype: `"int64"`.
        oov_method: how unknown numbers are spread over several places: `"floormod"` by the
            remainder, `"farmhash"` by the hash of their digits; only then `salt` is used.

    Call: whole numbers of any shape give int64 of that shape, or vectors.

    Raises as `StringLookup` does.

    >>> layer = IntegerLookup()
    >>> layer.adapt([30, 20, 30])
    >>> layer.get_vocabulary()
    [-1, 30, 20]
    >>> layer([[20, 7]])
    array([[2, 0]])
    """

    vocabulary_dtype = "int64"

    def __init__(
        self, max_tokens: int | None = None, num_oov_indices: int = 1, mask_token: Any = None,
        oov_token: Any = -1, vocabulary: Any = None, vocabulary_dtype: str = "int64",
        idf_weights: Any = None, invert: bool = False, output_mode: str = "int",
        sparse: bool = False, pad_to_max_tokens: bool = False, oov_method: str = "floormod",
        salt: Any = None, name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert,
            output_mode, sparse, pad_to_max_tokens, salt, name,
            {**kwargs, "oov_method": oov_method},
        )  # fmt: skip
        one_of(self, "vocabulary_dtype", vocabulary_dtype, ("int64",))
        if self.salt is not None and oov_method != "farmhash":
            raise ValueError(
                f"{self._who()}: `salt` can only be used when `oov_method='farmhash'`. Received: "
                f"oov_method={oov_method!r}"
            )

    def _table_of(self, tokens: Any) -> Numbers:
        return Numbers(tokens, self._start)

    def _tokens_of(self, vocabulary: Any) -> list[Any]:
        tokens = np.asarray(vocabulary)
        if tokens.ndim != 1 or not tokens.size or tokens.dtype.kind not in "iu":
            raise ValueError(
                f"{self._who()}: expected vocabulary as a list of whole numbers, at least one. "
                f"Received: {shown(vocabulary)}"
            )
        return list(tokens.tolist())

    def _of_lines(self, text: str) -> list[Any]:
        numbers = [*map(int, super()._of_lines(text))]
        if any(not -(1 << 63) <= number < 1 << 63 for number in numbers):
            raise ValueError(f"{self._who()}: expected whole numbers of 64 bits. Received: larger")
        return numbers

    def _array(self, value: Any) -> np.ndarray:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError(
                f"{self._who()}: expected whole numbers. Received: {shown(value)}. Strings are "
                "numbered by StringLookup."
            )
        return array.astype(np.int64)

    def _numbers(self, tokens: np.ndarray) -> np.ndarray:
        return self._finished(tokens.reshape(-1))

    def _are_masks(self, tokens: Any) -> np.ndarray:
        return np.asarray(tokens == self.mask_token)

    def _buckets(self, tokens: Sequence[Any]) -> np.ndarray:
        if self.oov_method == "floormod":
            return np.asarray(tokens, np.int64) % self.num_oov_indices
        return super()._buckets([str(token).encode() for token in tokens])

    def get_config(self) -> dict[str, Any]:
        """The arguments; a vocabulary that was learned goes into files by itself."""
        config = super().get_config()
        behind = {name: config.pop(name) for name in list(config) if name in _BEHIND}
        return {**config, "vocabulary_dtype": self.vocabulary_dtype, **behind}


# What follows `vocabulary_dtype` in Keras's configs.
_BEHIND = (
    "idf_weights", "vocabulary", "has_input_vocabulary", "vocabulary_size", "oov_method", "salt",
)  # fmt: skip
