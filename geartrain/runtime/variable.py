"""Variables: named arrays that programs read and update in place.

While a function is traced, reading a variable gives a node and assigning to it is only noted down;
the program that comes of the trace performs the assignments, all together, after its last step.
"""

from __future__ import annotations

import copy
import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain.errors import describe_value
from geartrain.graph.budget import check_memory, current_budget
from geartrain.graph.dtypes import numpy_dtype, standardize_dtype
from geartrain.graph.node import Leaf, Node
from geartrain.graph.operators import OPERATORS, Operators
from geartrain.graph.recording import inner_scopes
from geartrain.graph.shapes import conflict
from geartrain.ops.operands import extents_of, operand
from geartrain.registry import automatic_name
from geartrain.runtime.aligned import aligned_empty, aligned_zeros
from geartrain.serialization.names import package


class _Traces(threading.local):
    def __init__(self) -> None:
        self.stack: list[Trace] = []


_traces = _Traces()


class Trace:
    """A scope in which variables are symbolic and assignments are collected.

    >>> counter = Variable(0.0, name="counter")
    >>> with Trace() as trace:
    ...     counter.assign_add(1.0)
    >>> counter.numpy(), list(trace.updates) == [counter]
    (array(0., dtype=float32), True)
    """

    def __init__(self) -> None:
        self.updates: dict[Variable, Node] = {}
        self.outer = _traces.stack[-1] if _traces.stack else None

    def __enter__(self) -> Trace:
        _traces.stack.append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        popped = _traces.stack.pop()
        assert popped is self

    def read(self, variable: Variable) -> Node:
        """What the variable holds at this point of the trace."""
        if variable in self.updates:
            return self.updates[variable]
        return self.outer.read(variable) if self.outer else variable.node


inner_scopes.append(Trace)


class concrete_scope:
    """A `with` block in which variables are arrays even while a function is traced."""

    def __enter__(self) -> None:
        self.stack, _traces.stack = _traces.stack, []

    def __exit__(self, *exception: object) -> None:
        _traces.stack = self.stack


def current_trace() -> Trace | None:
    """The innermost trace that is under way in this thread."""
    return _traces.stack[-1] if _traces.stack else None


class Variable(Leaf, Operators):
    """A named array that training may change.

    Args:
        initializer: the first value, or what gives it: a function of `(shape, dtype=...)`, or
            the name or config of an initializer.
        shape: the shape; needed with a function.
        dtype: the element type, `floatx()` by default.
        trainable: whether optimizers update it.
        autocast, aggregation, synchronization: accepted as in Keras; one process has no use
            for them.
        name: a name for messages and files.

    Raises:
        ValueError: a shape that does not fit the value, or a function without a shape.

    >>> w = Variable([[1.0, 2.0]], name="w")
    >>> w.assign_sub([[0.5, 0.5]])
    >>> w.numpy()
    array([[0.5, 1.5]], dtype=float32)
    >>> Variable("ones", shape=(2,)).numpy()
    array([1., 1.], dtype=float32)
    """

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str = "none",
        synchronization: str = "auto",
        name: str | None = None,
    ) -> None:
        super().__init__(name or automatic_name("variable"))
        if isinstance(initializer, str | dict):
            initializer = package("initializers").get(initializer)
        self.trainable = trainable
        self.path = self.name
        self.regularizer: Callable[[Any], Any] | None = None
        self.constraint: Callable[[Any], Any] | None = None
        self.initializer = initializer if callable(initializer) else None
        if callable(initializer):
            if shape is None:
                raise ValueError(
                    f"Variable {self.name!r}: expected a shape along with an initializer. "
                    "Received: shape=None"
                )
            shape = (shape,) if isinstance(shape, int) else tuple(shape)
            name_of_type = standardize_dtype(dtype)
            make = functools.partial(initializer, shape, dtype=name_of_type)
        else:
            value = np.asarray(operand(initializer))
            name_of_type = standardize_dtype(dtype or value.dtype.name)
            if shape is not None and tuple(shape) != value.shape:
                raise ValueError(
                    f"Variable {self.name!r}: expected a value of shape {tuple(shape)}. "
                    f"Received: {describe_value(value)}"
                )
            shape, make = value.shape, functools.partial(np.asarray, value)
        self.dtype = name_of_type
        budget = current_budget()
        if budget is None:
            check_memory(f"Variable {self.name!r}", shape, name_of_type)
        if budget is None or budget.wants_value(self, shape, make):
            first = np.asarray(make())
            self._array = aligned_empty(first.shape, numpy_dtype(name_of_type))
            self._array[...] = first
        else:
            self._array = aligned_zeros(shape, numpy_dtype(name_of_type))

    __hash__ = object.__hash__

    def __copy__(self) -> Variable:
        """A variable of its own with the same value."""
        return copy.deepcopy(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """How a variable is copied and pickled: by its value and what is set of it."""
        kept = ("trainable", "path", "regularizer", "constraint", "is_state", "autocast")
        settings = {name: vars(self)[name] for name in kept if name in vars(self)}
        return copied, (self._array, self.dtype, self.name), settings

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what is set of the variable that this one is a copy of."""
        for name, value in state.items():
            setattr(self, name, value)

    @property
    def node(self) -> Node:
        """The leaf that stands for the variable in graphs."""
        return Node.leaf_of(self, self._array.shape, self.dtype)

    @property
    def array(self) -> np.ndarray:
        """The live array, for programs. Do not write to it or keep it: use `assign`, `numpy`."""
        return self._array

    def __tensor__(self) -> Any:
        trace = current_trace()
        return trace.read(self) if trace else self._array

    @property
    def value(self) -> Any:
        """The value: a copy, or a node while a function is traced."""
        tensor = self.__tensor__()
        return tensor if isinstance(tensor, Node) else tensor.copy()

    def numpy(self) -> np.ndarray:
        """A copy of the value."""
        return self._array.copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._array.astype(dtype or self._array.dtype)

    def __float__(self) -> float:
        return float(self._array)

    def __int__(self) -> int:
        return int(self._array)

    def __len__(self) -> int:
        return len(self._array)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape."""
        return self._array.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    def assign(self, value: Any) -> None:
        """Replace the value by one of the same shape; the dtype stays."""
        new = operand(value, self.dtype)
        if extents_of(new) != self.shape:
            raise conflict(
                f"Variable {self.path!r}: expected a value of shape {self.shape}. "
                f"Received: {describe_value(new)}",
                extents_of(new),
            )
        trace = current_trace()
        if trace is not None:
            trace.updates[self] = Node.wrap(new)
        elif isinstance(new, Node):
            raise TypeError(
                f"Variable {self.path!r}: a symbolic value can only be assigned inside a traced "
                f"function. Received: {new!r}"
            )
        else:
            np.copyto(self._array, new)

    def clear(self) -> None:
        """Replace the value by zeros."""
        if current_trace() is not None:
            self.assign(np.zeros(self.shape, numpy_dtype(self.dtype)))
        else:
            self._array.fill(0)

    def assign_add(self, value: Any) -> None:
        """Add `value`."""
        self.assign(OPERATORS["add"](self, operand(value, self.dtype)))

    def assign_sub(self, value: Any) -> None:
        """Subtract `value`."""
        self.assign(OPERATORS["subtract"](self, operand(value, self.dtype)))

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}>"


def copied(array: np.ndarray, dtype: str, name: str) -> Variable:
    """The variable that was copied or pickled, before what is set of it is."""
    return Variable(array, dtype=dtype, name=name)
