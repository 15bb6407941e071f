"""The base of layers that number tokens by a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geartrain import config
from geartrain.errors import shown
from geartrain.layers.vocabulary_layer import VocabularyLayer
from geartrain.runtime.variable import Variable
from geartrain.serialization import serialize
from geartrain.utils.hashes import farmhash64, siphash64
from geartrain.utils.vocabulary import vectors

_ASSET = "vocabulary.txt"
_DROPPED = np.iinfo(np.int64).max  # the number of the mask where vectors are made


class IndexLookup(VocabularyLayer):
    """Base: tokens as their numbers in a vocabulary, or as vectors of these."""

    def compute(self, inputs: np.ndarray) -> np.ndarray:  # type: ignore[override]
        """The numbers of the tokens, or vectors."""
        if self.invert:
            self.check_ready()
            items = self._table.items(inputs, self.oov_token)
            if self.mask_token is not None:
                items[inputs == 0] = self.mask_token
            return items
        tokens = self._array(inputs)
        return self.encoded(self._numbers(tokens).reshape(tokens.shape))

    def _numbers(self, tokens: np.ndarray) -> np.ndarray:
        """The number of each token, in one row."""
        return self._finished(tokens.reshape(-1).tolist())

    def _finished(self, tokens: Any) -> np.ndarray:
        """The number of each token: of unknown ones the place kept for them, of masks theirs."""
        self.check_ready()
        one = self._oov_start if self.num_oov_indices == 1 else -1
        numbers = self._table.numbers(tokens, one)
        if self.mask_token is not None:
            masked = self._are_masks(tokens)
            numbers[masked] = 0 if self.output_mode == "int" else _DROPPED
        if self.num_oov_indices == 1:
            return numbers
        unknown = np.flatnonzero(numbers == -1)
        if unknown.size:
            found = [tokens[place] for place in unknown.tolist()]
            several = [one.encode() if isinstance(one, str) else one for one in found]
            if not self.num_oov_indices:
                raise ValueError(
                    f"{self._who()}: When `num_oov_indices=0` all inputs should be in vocabulary, "
                    f"found OOV values {shown(several)}, consider setting `num_oov_indices=1`."
                )
            numbers[unknown] = self._buckets(several) + self._oov_start
        return numbers

    def _are_masks(self, tokens: Any) -> np.ndarray:
        mask: Any = str(self.mask_token)
        mask = mask if tokens and isinstance(tokens[0], str) else mask.encode()
        return np.fromiter(map(mask.__eq__, tokens), bool, len(tokens))

    def _buckets(self, tokens: Sequence[Any]) -> np.ndarray:
        """For unknown tokens, which of the places for these."""
        hashes = farmhash64(tokens) if self.salt is None else siphash64(tokens, self.salt)
        return (hashes % np.uint64(self.num_oov_indices)).astype(np.int64)

    def check_ready(self) -> None:
        """Refuse a call before there is a vocabulary."""
        if not len(self._table):
            raise RuntimeError(
                f"{self._who()}: you must set the layer's vocabulary before calling it. Pass a "
                "`vocabulary` argument to the layer, or call adapt(data) with some sample data."
            )

    def depth(self) -> int | None:
        """The width of vectors, if it is known."""
        return self.max_tokens if self.pad_to_max_tokens else self._depth

    def encoded(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers of tokens as the output mode wants them."""
        if self.output_mode == "int":
            return numbers
        depth = self.depth()
        assert depth is not None
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        return self.weighted(vectors(numbers, mode, depth, np.int64))

    def weighted(self, counts: np.ndarray) -> np.ndarray:
        """Counts times the weights of the tokens, in mode "tf_idf"."""
        if self.output_mode != "tf_idf":
            return counts
        assert self._table.weights is not None
        weights = self._table.weights.array
        return counts.astype(weights.dtype) * weights

    def output_dtype(self) -> str:
        """Whole numbers, or floats for vectors; what the vocabulary holds where it is inverted."""
        if self.invert:
            return self.vocabulary_dtype
        return "int64" if self.output_mode == "int" else config.floatx()

    def compute_output_shape(self, input_shape: Any) -> Any:  # type: ignore[override]
        """That of the inputs, or with vectors in place of the last axis, or behind it."""
        shape = tuple(input_shape)
        if self.output_mode == "int":
            return shape
        if self.output_mode == "one_hot" and (len(shape) < 2 or shape[-1] != 1):
            return (*shape, self.depth())
        return (*shape[:-1], self.depth())

    @property
    def compute_dtype(self) -> str:
        """The dtype of the tokens."""
        return self.vocabulary_dtype

    variable_dtype = compute_dtype

    # -- files and copies -------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments; what was learned goes into files by itself."""
        kept = (
            "invert", "max_tokens", "num_oov_indices", "oov_token", "mask_token", "output_mode",
            "sparse", "pad_to_max_tokens",
        )  # fmt: skip
        return {
            "name": self.name,
            "trainable": self._trainable,
            "dtype": serialize(self.dtype_policy),
            **{name: getattr(self, name) for name in kept},
            **self.vocabulary_config(),
            "vocabulary_size": self._depth,
            "oov_method": self.oov_method,
            "salt": self.salt,
        }

    def vocabulary_config(self) -> dict[str, Any]:
        """The vocabulary in the config: if it was given, or if no file can have it line by line."""
        if self._goes_into_assets():
            return {"idf_weights": self.input_idf_weights, "vocabulary": self.input_vocabulary}
        weights = self._table.weights
        return {
            "idf_weights": weights and weights.numpy()[: self.vocabulary_size()].tolist(),
            "vocabulary": self.get_vocabulary(),
            "has_input_vocabulary": self._fixed,
        }

    def _goes_into_assets(self) -> bool:
        if self.input_vocabulary is not None:
            return True
        lines = [*map(str, self.get_vocabulary())]
        return lines == "\n".join(lines).splitlines()

    def get_build_config(self) -> dict[str, Any] | None:
        """Nothing: there are no weights to make."""
        return {}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Nothing to make."""
        self.build(None)

    def save_own_variables(self, store: Any) -> None:
        """Keep the weights of the tokens, in mode "tf_idf"."""
        if self._table.weights is not None:
            store["idf_weights"] = self._table.weights

    def load_own_variables(self, store: Any) -> None:
        """Take the weights of the tokens; a vocabulary that is not there yet comes behind."""
        if self.output_mode != "tf_idf":
            return
        value = np.asarray(store["idf_weights"])
        if self._table.weights is None:
            self._idf_of_file = value
        else:
            self._table.weights.assign(value)

    def save_assets(self, dir_path: Any) -> None:
        """Write the vocabulary, a token a line, unless it is in the config."""
        if self.input_vocabulary is None and self._goes_into_assets():
            text = "\n".join(map(str, self.get_vocabulary()))
            place = Path(dir_path, _ASSET)
            place.write_text(text, "utf-8", newline="")

    def load_assets(self, dir_path: Any) -> None:
        """Take the vocabulary that `save_assets` wrote."""
        if self.input_vocabulary is not None:
            return
        with Path(dir_path, _ASSET).open(encoding="utf-8", newline="") as file:
            table, _ = self._table_from(self._of_lines(file.read()))
        if self._idf_of_file is not None and self._idf_of_file.shape == (self.depth(),):
            table.weights = Variable(self._idf_of_file, trainable=False, name="idf_weights")
        self._take(table)

    def _learned(self) -> Any:
        weights = self._table.weights
        return self._table.tokens, None if weights is None else weights.numpy()

    def _take_learned(self, learned: Any) -> None:
        tokens, weights = learned
        table = self._table_of(tokens)
        if weights is not None:
            table.weights = Variable(weights, trainable=False, name="idf_weights")
        self._take(table)
