"""What public functions give for arrays: NumPy arrays, with what Keras's tensors have besides."""

from __future__ import annotations

from typing import Any

import numpy as np


class EagerTensor(np.ndarray):
    """A NumPy array in all respects, that has `numpy()`, and adds symbolic tensors in place.

    It shows itself, and is pickled, as the array that it is.

    >>> import geartrain as keras
    >>> mean = keras.ops.mean([1.0, 2.0])
    >>> mean, mean.numpy(), isinstance(mean, np.ndarray)
    (array(1.5, dtype=float32), np.float32(1.5), True)
    """

    def numpy(self) -> Any:
        """The plain array; of a scalar NumPy's scalar. Texts are bytes, as TensorFlow has them."""
        plain = self.view(np.ndarray)
        if plain.dtype.kind in "UST":
            plain = _as_bytes(plain)
        return (plain if plain.flags.writeable else plain.copy())[()]

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.view(np.ndarray).__reduce_ex__(protocol)


def _as_bytes(texts: np.ndarray) -> np.ndarray:
    """An array of objects: the UTF-8 of each text."""
    found = np.empty(texts.shape, object)
    for place, text in np.ndenumerate(texts):
        found[place] = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    return found


def _in_place(name: str) -> Any:
    """`+=` and its like, which make a new tensor where this one cannot hold the result.

    That is so where the other is symbolic, and where this one is part of the user's data.
    """
    inherited = getattr(np.ndarray, name)

    def operator(self: Any, other: Any) -> Any:
        if getattr(other, "__array_ufunc__", True) is None or not self.flags.writeable:
            return NotImplemented
        return inherited(self, other)

    return operator


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor"):
    setattr(EagerTensor, f"__i{_name}__", _in_place(f"__i{_name}__"))


# The last is the class of what public functions give for arrays; see `tracked`.
kinds: list[type[EagerTensor]] = [EagerTensor]


def eager(result: Any) -> Any:
    """The arrays that a function returned, alone or in a list or tuple, as eager tensors."""
    kind = result.__class__
    if kind is np.ndarray:
        return result.view(kinds[-1])
    if kind is list or kind is tuple:
        return kind(map(eager, result))
    return result
