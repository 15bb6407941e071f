"""`tf.lookup`: tables from keys to values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from geartrain.compat.tensorflow.creation import convert_to_tensor
from geartrain.compat.tensorflow.dtypes import as_dtype
from geartrain.compat.tensorflow.ragged import RaggedTensor
from geartrain.compat.tensorflow.strings import texts_of
from geartrain.compat.tensorflow.tensor import tensor


def _keys(x: Any) -> list[Any]:
    array = np.asarray(convert_to_tensor(x))
    return (texts_of(array) if array.dtype.kind in "OUS" else array).reshape(-1).tolist()


class KeyValueTensorInitializer:
    """Keys and their values.

    Args:
        keys, values: as many of one as of the other.
        key_dtype, value_dtype: their types, by default those that they have.
    """

    def __init__(
        self, keys: Any, values: Any, key_dtype: Any = None, value_dtype: Any = None,
        name: str | None = None,
    ) -> None:  # fmt: skip
        made = convert_to_tensor(values, value_dtype)
        self.value_dtype = as_dtype(np.asarray(made).dtype)
        self.key_dtype = as_dtype(np.asarray(convert_to_tensor(keys, key_dtype)).dtype)
        self.pairs = dict(zip(_keys(keys), _keys(made), strict=True))


class TextFileIndex:
    """What of a line of a file is the key or the value."""

    WHOLE_LINE, LINE_NUMBER = -2, -1


class TextFileInitializer(KeyValueTensorInitializer):
    """Keys and values of the lines of a file."""

    def __init__(
        self, filename: Any, key_dtype: Any, key_index: int, value_dtype: Any, value_index: int,
        vocab_size: Any = None, delimiter: str = "\t", name: str | None = None,
        value_index_offset: int = 0,
    ) -> None:  # fmt: skip
        text = Path(str(np.asarray(texts_of(filename)))).read_text(encoding="utf-8")
        lines = text.splitlines()[:vocab_size]

        def column(index: int) -> list[Any]:
            if index == TextFileIndex.LINE_NUMBER:
                return [number + value_index_offset for number in range(len(lines))]
            if index == TextFileIndex.WHOLE_LINE:
                return lines
            return [line.split(delimiter)[index] for line in lines]

        super().__init__(column(key_index), column(value_index), None, None)


class StaticHashTable:
    """A table whose entries stay.

    >>> table = StaticHashTable(KeyValueTensorInitializer(["a", "b"], [1, 2]), -1)
    >>> table.lookup(["b", "c"]).numpy().tolist()
    [2, -1]
    """

    def __init__(
        self, initializer: Any, default_value: Any, name: str | None = None,
        experimental_is_anonymous: bool = False,
    ) -> None:  # fmt: skip
        self.key_dtype, self.value_dtype = initializer.key_dtype, initializer.value_dtype
        self._pairs = dict(initializer.pairs)
        self._default = _keys([default_value])[0]

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of keys; the default for keys that are not there."""
        if isinstance(keys, RaggedTensor):
            return keys.with_values(self.lookup(keys.values))
        found = [self._pairs.get(key, self._default) for key in _keys(keys)]
        kind = str if self.value_dtype.name == "string" else self.value_dtype.name
        return tensor(np.array(found, kind).reshape(np.shape(np.asarray(convert_to_tensor(keys)))))

    def __getitem__(self, keys: Any) -> Any:
        return self.lookup(keys)

    def size(self, name: str | None = None) -> Any:
        """How many entries there are."""
        return tensor(np.int64(len(self._pairs)))

    def export(self, name: str | None = None) -> tuple[Any, Any]:
        """All keys, and all values."""
        return convert_to_tensor(list(self._pairs)), convert_to_tensor(list(self._pairs.values()))


class StaticVocabularyTable(StaticHashTable):
    """A table in which keys that are not there get numbers after the others."""

    def __init__(
        self, initializer: Any, num_oov_buckets: int, lookup_key_dtype: Any = None,
        name: str | None = None, experimental_is_anonymous: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(initializer, len(initializer.pairs))
        self._buckets = num_oov_buckets

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of keys; for others a number by what they are."""
        import zlib

        flat = _keys(keys)
        count = len(self._pairs)
        found = [
            self._pairs.get(key, count + zlib.crc32(str(key).encode()) % self._buckets)
            for key in flat
        ]
        return tensor(
            np.array(found, "int64").reshape(np.shape(np.asarray(convert_to_tensor(keys))))
        )


class MutableHashTable(StaticHashTable):
    """A table that takes further entries.

    Args:
        key_dtype, value_dtype: the types.
        default_value: of keys that are not there.
    """

    def __init__(
        self, key_dtype: Any, value_dtype: Any, default_value: Any, name: str = "MutableHashTable",
        checkpoint: bool = True, experimental_is_anonymous: bool = False,
    ) -> None:  # fmt: skip
        self.key_dtype, self.value_dtype = as_dtype(key_dtype), as_dtype(value_dtype)
        self._pairs, self._default = {}, _keys([default_value])[0]

    def insert(self, keys: Any, values: Any, name: str | None = None) -> None:
        """Put entries in."""
        self._pairs.update(zip(_keys(keys), _keys(values), strict=True))

    def remove(self, keys: Any, name: str | None = None) -> None:
        """Take entries out."""
        for key in _keys(keys):
            self._pairs.pop(key, None)


__all__ = [
    "KeyValueTensorInitializer", "MutableHashTable", "StaticHashTable", "StaticVocabularyTable",
    "TextFileIndex", "TextFileInitializer",
]  # fmt: skip
