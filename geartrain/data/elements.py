"""Elements of data sets: tensors, alone or nested in tuples and dicts. A list is a tensor."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from geartrain import config, tree
from geartrain.errors import shown
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.eager import EagerTensor, eager


def as_element(value: Any) -> Any:
    """A value as programs write it, with a tensor for each leaf.

    Python's numbers become int32 and `floatx()`; arrays keep their dtype. What is neither a number,
    nor a text, nor an array stays as it is: a data set within a data set, or a ragged tensor.

    >>> as_element(([1, 2], {"a": 0.5}))
    (array([1, 2], dtype=int32), {'a': array(0.5, dtype=float32)})
    """
    if isinstance(value, dict):
        return {name: as_element(item) for name, item in value.items()}
    if isinstance(value, tuple):
        items = [as_element(item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return as_tensor(value)


def as_tensor(value: Any) -> Any:
    """One leaf as a tensor, if it is one."""
    if isinstance(value, EagerTensor):
        return value
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
    elif hasattr(value, "__tensor__"):  # a variable
        array = np.array(value.numpy())
    elif isinstance(value, list):
        array = _listed(value)
    elif isinstance(value, bool | int | float | complex | str | bytes):
        array = _of_python(value, value)
    elif hasattr(value, "__array__"):
        array = np.asarray(value)
    else:
        return value
    if array.dtype == object:
        array = _of_objects(array)
    return protected(array)


def protected(array: Any) -> Any:
    """An array as a tensor that nobody writes into: `x += 1` of it makes another one."""
    if not isinstance(array, np.ndarray):
        return array
    tensor = eager(np.asarray(array).view())
    tensor.flags.writeable = False
    return tensor


def _listed(values: list[Any]) -> np.ndarray:
    """A list, nested as it may be, as an array."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"Expected a list of equal items as a tensor. Received: {shown(values)} ({error}). "
            "Several tensors of an element go into a tuple; sequences of several lengths can be "
            "padded, for example with utils.pad_sequences."
        ) from None
    first: Any = values
    while isinstance(first, list | tuple) and first:
        first = first[0]
    return _of_python(first, values, array)


def _of_python(first: Any, values: Any, array: np.ndarray | None = None) -> np.ndarray:
    """Python's own values as an array, the numbers in the default dtypes."""
    array = np.asarray(values) if array is None else array
    kind = array.dtype.kind
    if kind == "S":
        exact = np.array(values, object)
        cut = any(text.endswith(b"\0") for text in exact.reshape(-1))
        return exact if cut else array  # NumPy's bytes have no zeros at their ends
    if kind in "iu" and not hasattr(first, "dtype"):
        fits = not array.size or -(2**31) <= array.min() <= array.max() < 2**31
        return array.astype("int32") if fits else array
    if kind == "f" and not hasattr(first, "dtype"):
        return array.astype(numpy_dtype(config.floatx()))
    return array


def _of_objects(array: np.ndarray) -> np.ndarray:
    """An array of Python's objects as one of texts or numbers; bytes stay as they are."""
    kinds = {type(item) for item in array.reshape(-1)}
    if kinds <= {bytes}:
        return array
    if kinds <= {str, np.str_}:
        return array.astype(np.str_)
    try:
        found = np.array(array.tolist())
    except ValueError:
        found = array
    if found.dtype.kind not in "biufc":
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise TypeError(
            f"Expected tensors of numbers or of texts. Received: {shown(array)} with {names}. "
            "Encode or convert the values first, for example by frame.astype(...)."
        )
    return found


class Form:
    """How the elements of a data set are nested: takes them apart, and puts them together.

    >>> form = Form(({"a": 0}, 0))
    >>> form.leaves(({"a": 1}, 2)), form.packed([3, 4])
    ([1, 2], ({'a': 3}, 4))
    """

    def __init__(self, structure: Any) -> None:
        self.structure = structure
        self.packed: Callable[[Sequence[Any]], Any]
        self.leaves: Callable[[Any], list[Any]] = tree.flatten
        if not tree.is_nested(structure):
            self.packed, self.leaves = operator.itemgetter(0), lambda element: [element]
        elif type(structure) is tuple and not any(map(tree.is_nested, structure)):
            self.packed, self.leaves = tuple, list
        else:
            self.packed = lambda leaves: tree.pack_sequence_as(structure, leaves)


def map_leaves(function: Callable[..., Any], *elements: Any) -> Any:
    """`function` of the corresponding leaves of elements that are nested alike."""
    return tree.map_structure(function, *elements)


def each_row(block: Any, chosen: Any) -> Iterator[Any]:
    """The elements that are rows of a block, in the order of the numbers in `chosen`.

    >>> list(each_row((np.arange(3), np.eye(3)), [2]))
    [(array(2), array([0., 0., 1.]))]
    """
    form = Form(block)
    leaves = [_rows(leaf) for leaf in form.leaves(block)]
    packed = form.packed
    for row in chosen:
        yield packed([leaf(row) for leaf in leaves])


def _rows(leaf: Any) -> Callable[[int], Any]:
    """What finds a row of one leaf."""
    if not isinstance(leaf, np.ndarray):
        return lambda row: leaf[row]
    array = np.asarray(protected(leaf))
    return lambda row: eager(array[row, ...])


def gathered(block: Any, chosen: Any) -> Any:
    """The rows of a block whose numbers are in `chosen`, a range or an array, as a new block."""
    if isinstance(chosen, range):
        chosen = slice(chosen.start, chosen.stop, chosen.step)

    def leaf(rows: Any) -> Any:
        if not isinstance(rows, np.ndarray):
            return rows[chosen]
        if isinstance(chosen, slice):
            return eager(np.array(np.asarray(rows)[chosen], order="C"))
        plain = np.asarray(rows)  # of which take would copy all, if they lie apart
        return eager(plain.take(chosen, 0) if plain.flags.c_contiguous else plain[chosen])

    return map_leaves(leaf, block)


def number_of_rows(who: str, block: Any) -> int:
    """The length of the first axis of all tensors of a block."""
    leaves = tree.flatten(block)
    scalars = [leaf for leaf in leaves if isinstance(leaf, np.ndarray) and not leaf.ndim]
    if scalars or not leaves:
        raise ValueError(
            f"{who}: expected tensors with a first axis, of which each row is an element. "
            f"Received: {f'the scalar {scalars[0]}' if scalars else 'no tensor'}. For one element "
            "use from_tensors."
        )
    lengths = [len(leaf) for leaf in leaves]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"{who}: expected tensors with as many rows each. Received: "
            f"{', '.join(map(str, lengths))} rows"
        )
    return lengths[0]


def stacked(who: str, elements: Sequence[Any]) -> Any:
    """One block of which the elements are the rows.

    >>> stacked("batch", [(1, np.zeros(2)), (2, np.ones(2))])
    (array([1, 2], dtype=int32), array([[0., 0.],
           [1., 1.]]))
    """
    form = Form(elements[0])
    columns = zip(*map(form.leaves, elements), strict=True)
    return form.packed([_stack(who, column) for column in columns])


def _stack(who: str, rows: tuple[Any, ...]) -> Any:
    first = rows[0]
    if hasattr(first, "stacked"):  # a ragged tensor knows how
        return first.stacked(rows)
    if not isinstance(first, np.ndarray | np.generic):
        rows = tuple(map(as_tensor, rows))
        if not isinstance(rows[0], np.ndarray):
            raise TypeError(
                f"{who}: expected elements of tensors. Received: {shown(rows[0])}. Make tensors of "
                "data sets first, for example by flat_map(lambda window: window.batch(size))."
            )
    if len({row.shape for row in rows}) > 1:
        shapes = sorted({row.shape for row in rows}, key=str)
        raise ValueError(
            f"{who}: expected elements of one shape. Received: shapes "
            f"{', '.join(map(str, shapes[:4]))}. Use padded_batch, or resize them by map first."
        )
    if not rows[0].ndim and rows[0].dtype.kind in "biuf":
        return eager(np.array([row.item() for row in rows], rows[0].dtype))
    return eager(np.stack(rows).view(np.ndarray))
