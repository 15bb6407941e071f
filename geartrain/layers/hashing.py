"""Layers that number categories by their hash, without a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain import config
from geartrain.errors import shown
from geartrain.layers.arguments import dense, one_of, positive
from geartrain.layers.layer import COMMON_KEYS
from geartrain.layers.on_host import HostLayer
from geartrain.layers.vocabulary_layer import salt_of
from geartrain.registry import register
from geartrain.runtime.stage import STRING, dtype_of_data
from geartrain.utils.hashes import combined, farmhash64, siphash64
from geartrain.utils.texts import as_texts
from geartrain.utils.vocabulary import vectors

_MODES = ("int", "one_hot", "multi_hot", "count")
_CROSSING_KEY = 0xDECAFCAFFE  # TensorFlow's


def _texts_of(values: np.ndarray) -> list[str]:
    """Strings; whole numbers as their digits, floats without what is behind the point."""
    texts = as_texts(values)
    if texts is not None:
        return list(texts.reshape(-1).tolist())
    return [str(number) for number in values.astype(np.int64).reshape(-1).tolist()]


class _Hasher(HostLayer):
    """Base: numbers below `num_bins`, or vectors of that length."""

    num_bins: int
    output_mode: str

    def output_dtype(self) -> str:
        """The layer's dtype: int64, or floats for vectors."""
        return self.compute_dtype

    def _shape_for(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        if self.output_mode == "int":
            return shape
        if self.output_mode == "one_hot" and (len(shape) < 2 or shape[-1] != 1):
            return (*shape, self.num_bins)
        return (*shape[:-1], self.num_bins)

    def _encoded(self, numbers: np.ndarray) -> np.ndarray:
        if self.output_mode == "int":
            return numbers.astype(self.compute_dtype)
        return vectors(numbers, self.output_mode, self.num_bins, self.compute_dtype)


def _default_dtype(dtype: Any, output_mode: str) -> Any:
    return dtype or ("int64" if output_mode == "int" else config.floatx())


@register("layers")
class Hashing(_Hasher):
    """Strings or whole numbers as numbers below `num_bins`, by their hash.

    The hash is FarmHash64 of the string, or of a number's digits, as in Keras; with a salt SipHash.

    Args:
        num_bins: how many numbers there are; that for `mask_value` among them.
        mask_value: what gets the number 0, and nothing else does.
        salt: a key for SipHash: a whole number, or two.
        output_mode: `"int"`, or vectors as of `CategoryEncoding`: `"one_hot"`, `"multi_hot"`,
            `"count"`.
        sparse: there are only dense tensors here, so True is refused.

    Call: strings or numbers of any shape give int64 of that shape, or vectors.

    Raises ValueError for arguments that do not fit.

    Source: Weinberger et al., "Feature hashing for large scale multitask learning", 2009.

    >>> Hashing(3)(["A", "B", "C"])
    array([1, 0, 1])
    """

    config_order = (*COMMON_KEYS, "num_bins", "salt")

    def __init__(
        self, num_bins: int, mask_value: Any = None, salt: Any = None, output_mode: str = "int",
        sparse: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**{**kwargs, "dtype": _default_dtype(kwargs.get("dtype"), output_mode)})
        self.num_bins = positive(self, "num_bins", num_bins)
        self.output_mode = one_of(self, "output_mode", output_mode, _MODES)
        if output_mode == "int" and self.compute_dtype not in ("int32", "int64"):
            raise ValueError(
                f'{self._who()}: When `output_mode="int"`, `dtype` should be an integer type, '
                f"'int32' or 'int64'. Received: dtype={self.compute_dtype}"
            )
        self.mask_value, self.salt = mask_value, salt_of(self, salt)
        self.sparse = dense(self, sparse)

    def compute(self, inputs: np.ndarray) -> np.ndarray:  # type: ignore[override]
        """The numbers, or vectors."""
        masked = self.mask_value is not None and self.num_bins > 1
        bins = np.uint64(self.num_bins - masked)
        strings = _texts_of(inputs)
        hashes = farmhash64(strings) if self.salt is None else siphash64(strings, self.salt)
        numbers = (hashes % bins).astype(np.int64).reshape(inputs.shape)
        if masked:
            numbers = np.where(np.asarray(inputs == self.mask_value), 0, numbers + 1)
        return self._encoded(numbers)

    def compute_output_shape(self, input_shape: Any) -> Any:  # type: ignore[override]
        """That of the inputs, or with vectors in place of the last axis, or behind it."""
        return self._shape_for(tuple(input_shape))


@register("layers")
class HashedCrossing(_Hasher):
    """Several categories of each sample as one number below `num_bins`, by a hash of all.

    The hash is that of Keras.

    Args:
        num_bins: how many numbers there are.
        output_mode: `"int"`, or `"one_hot"` for vectors.
        sparse: there are only dense tensors here, so True is refused.
        name, dtype: see `Layer`.

    Call: a list of at least two tensors of strings or whole numbers, all of shape (), (batch,) or
    (batch, 1).

    Raises ValueError for inputs of another kind or of different shapes.

    >>> HashedCrossing(5)([["A", "B", "A"], [101, 101, 102]])
    array([1, 4, 3])
    """

    config_order = ("num_bins", "output_mode", "sparse", "name", "dtype")

    def __init__(
        self, num_bins: int, output_mode: str = "int", sparse: bool = False,
        name: str | None = None, dtype: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=_default_dtype(dtype, output_mode), **kwargs)
        self.num_bins = positive(self, "num_bins", num_bins)
        self.output_mode = one_of(self, "output_mode", output_mode, ("int", "one_hot"))
        self.sparse = dense(self, sparse)

    def _given(self, value: Any) -> Any:
        return [self._one(one) for one in self._several(value)]

    def _several(self, value: Any) -> Sequence[Any]:
        if not isinstance(value, list | tuple) or len(value) < 2:
            raise ValueError(
                f"{self._who()}: `HashedCrossing` should be called on a list or tuple of at least "
                f"two inputs. Received: {shown(value)}"
            )
        return value

    def call(self, inputs: Any) -> Any:
        """The numbers, or vectors."""
        shapes = [tuple(one.shape) for one in self._several(inputs)]
        first = shapes[0]
        if len(first) > 2 or (len(first) == 2 and first[-1] != 1):
            raise ValueError(
                f"{self._who()}: All `HashedCrossing` inputs should have shape `()`, "
                f"`(batch_size)` or `(batch_size, 1)`. Received: {shapes}"
            )
        if any(shape != first for shape in shapes):
            raise ValueError(
                f"{self._who()}: All `HashedCrossing` inputs should have equal shape. "
                f"Received: {shapes}"
            )
        dtypes = [one.dtype if isinstance(one.dtype, str) else dtype_of_data(one) for one in inputs]
        if any(dtype != STRING and "int" not in dtype for dtype in dtypes):
            raise ValueError(
                f"{self._who()}: All `HashedCrossing` inputs should have an integer or string "
                f"dtype. Received: {dtypes}"
            )
        return super().call(list(inputs))

    def compute(self, *inputs: np.ndarray) -> np.ndarray:
        """The numbers, or vectors."""
        hashes: Any = np.full(inputs[0].size, _CROSSING_KEY, np.uint64)
        for one in inputs:
            whole = one.dtype.kind in "iu"
            flat = one.astype(np.int64).reshape(-1) if whole else farmhash64(_texts_of(one))
            hashes = combined(hashes, flat)
        numbers = (hashes % np.uint64(self.num_bins)).astype(np.int64)
        return self._encoded(numbers.reshape(inputs[0].shape))

    def compute_output_shape(self, input_shape: Any) -> Any:  # type: ignore[override]
        """That of each input, or with vectors in place of the last axis, or behind it."""
        return self._shape_for(tuple(input_shape[0]))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        kept = ("num_bins", "output_mode", "sparse", "name")
        return {**{name: getattr(self, name) for name in kept}, "dtype": self.dtype}
