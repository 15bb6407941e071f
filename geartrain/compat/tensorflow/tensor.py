"""`tf.Tensor` and `tf.TensorShape`: arrays that compute by `geartrain.ops`, and their shapes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from geartrain.compat.tensorflow import dtypes
from geartrain.graph import eager, node
from geartrain.graph.node import Node
from geartrain.graph.tracked import Tracked


class TensorShape(tuple[Any, ...]):
    """A shape: a tuple, in which None stands for a size that is not known.

    >>> shape = TensorShape([None, 3])
    >>> shape.as_list(), shape.rank, shape[1:], shape == (None, 3)
    ([None, 3], 2, TensorShape([3]), True)
    """

    __slots__ = ()

    def __new__(cls, dims: Iterable[Any] | int | None = ()) -> TensorShape:
        """From sizes, or from another shape."""
        if isinstance(dims, int) or dims is None:
            dims = (dims,)
        return super().__new__(cls, (None if n is None else int(n) for n in dims))

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self)

    ndims = rank

    @property
    def dims(self) -> list[int | None]:
        """The sizes."""
        return list(self)

    def as_list(self) -> list[int | None]:
        """The sizes."""
        return list(self)

    def num_elements(self) -> int | None:
        """How many elements such a tensor has; None if it is not known."""
        return None if None in self else int(np.prod(self, dtype=int))

    def is_fully_defined(self) -> bool:
        """Whether all sizes are known."""
        return None not in self

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a tensor can be of both shapes."""
        pairs = zip(self, other, strict=False)
        return len(self) == len(tuple(other)) and all(
            a is None or b is None or a == b for a, b in pairs
        )

    def concatenate(self, other: Iterable[Any]) -> TensorShape:
        """The axes of both."""
        return TensorShape((*self, *other))

    def with_rank(self, rank: int) -> TensorShape:
        """The shape itself. Raises ValueError where it has another number of axes."""
        if len(self) != rank:
            raise ValueError(f"TensorShape: expected {rank} axes. Received: {self}")
        return self

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return TensorShape(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> Any:
        return TensorShape((*self, *other))

    def __repr__(self) -> str:
        return f"TensorShape({list(self)})"

    def __str__(self) -> str:
        return f"({', '.join(map(str, self))}{',' if len(self) == 1 else ''})"


class _Kind(type):
    """Symbolic tensors are tensors too: code asks, and computes with both."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return super().__instancecheck__(instance) or isinstance(instance, Node)


class Tensor(Tracked, metaclass=_Kind):
    """A tensor with values: a NumPy array that has what TensorFlow's tensors have.

    >>> with installed():
    ...     x = np.ones((2, 3), "float32").view(Tensor) * 2
    >>> x.shape.as_list(), x.dtype, x.numpy().sum()
    ([2, 3], tf.float32, np.float32(12.0))
    """

    def numpy(self) -> Any:
        """The plain array, texts as bytes; of a scalar NumPy's scalar, or the bytes."""
        array = self.view(np.ndarray)
        if array.dtype.kind != "U":
            return array[()]
        made = np.empty(array.shape, object)
        made[...] = np.char.encode(array, "utf-8").astype(object)
        return made[()]

    @property
    def shape(self) -> TensorShape:  # type: ignore[override]
        """The sizes of its axes."""
        return tuple.__new__(TensorShape, np.ndarray.shape.__get__(self))  # type: ignore[attr-defined]

    @property
    def dtype(self) -> Any:
        """The type of its elements."""
        return dtypes.as_dtype(np.ndarray.dtype.__get__(self))  # type: ignore[attr-defined]

    def get_shape(self) -> TensorShape:
        """The sizes of its axes."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Do nothing where the shape is as said. Raises ValueError where it is not."""
        if not self.shape.is_compatible_with(TensorShape(shape)):
            raise ValueError(f"set_shape: expected {tuple(shape)}. Received: a tensor {self.shape}")

    def ref(self) -> Reference:
        """What stands for the tensor in sets and as a key."""
        return Reference(self)

    def eval(self) -> Any:
        """The values."""
        return self.numpy()

    @property
    def device(self) -> str:
        """Where it is."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    def __truediv__(self, other: Any) -> Any:
        """The quotient; of whole numbers in float64."""
        made = super().__truediv__(other)
        whole = self.dtype.is_integer and (
            isinstance(other, int) or dtypes.as_dtype(getattr(other, "dtype", "float32")).is_integer
        )
        return (
            tensor(np.asarray(made).astype("float64")) if whole and type(made) is Tensor else made
        )

    def __repr__(self) -> str:
        shown = np.array2string(self.view(np.ndarray), separator=", ")
        return f"<tf.Tensor: shape={self.shape}, dtype={self.dtype.name}, numpy={shown}>"

    def __str__(self) -> str:
        return f"tf.Tensor({self.view(np.ndarray)}, shape={self.shape}, dtype={self.dtype.name})"

    def __reduce_ex__(self, protocol: Any) -> Any:
        return tensor, (self.view(np.ndarray),)


class Reference:
    """A hashable stand-in for a tensor or variable, equal only to that of the same."""

    def __init__(self, referred: Any) -> None:
        self.referred = referred

    def deref(self) -> Any:
        """The tensor or variable."""
        return self.referred

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Reference) and other.referred is self.referred

    def __hash__(self) -> int:
        return id(self.referred)


def _by_numpy(name: str) -> None:
    """Let an operator of texts and complex numbers be NumPy's: no op takes them."""
    by_ops, by_numpy = getattr(Tensor, name), getattr(np.ndarray, name)

    def operator(self: Any, *others: Any) -> Any:
        if np.ndarray.dtype.__get__(self).kind not in "OSUTc":  # type: ignore[attr-defined]
            return by_ops(self, *others)
        plain = [np.asarray(x) if isinstance(x, Tracked | str | bytes) else x for x in others]
        return tensor(np.asarray(by_numpy(self.view(np.ndarray), *plain)))

    setattr(Tensor, name, operator)


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "eq", "ne", "getitem"):
    _by_numpy(f"__{_name}__")


def tensor(array: Any) -> Any:
    """An array as a tensor, as it is if it is symbolic or a tensor already."""
    if isinstance(array, Node | Tensor):
        return array
    return np.asarray(array).view(Tensor)


def tensors(values: Any) -> Any:
    """The arrays in lists and tuples as tensors."""
    if isinstance(values, list | tuple):
        return type(values)(map(tensors, values))
    return tensor(values) if isinstance(values, np.ndarray | np.generic) else values


def install() -> None:
    """Let public functions give tensors of TensorFlow's kind, in this process."""
    if eager.kinds[-1] is not Tensor:
        eager.kinds.append(Tensor)
        node.shapes.append(TensorShape)


def uninstall() -> None:
    """Let them give what they gave before."""
    if eager.kinds[-1] is Tensor:
        eager.kinds.pop()
        node.shapes.pop()


@contextmanager
def installed() -> Iterator[None]:
    """A `with` block in which public functions give such tensors."""
    install()
    try:
        yield
    finally:
        uninstall()
