"""Variables: named arrays that programs read and update in place.

While a function is traced, reading a variable gives a node and assigning to it is only noted down;
the program that comes of the trace performs the assignments, all together, after its last step.
"""

from __future__ import annotations

import copy
import functools
import threading
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from geartrain.errors import describe_value, shown
from geartrain.graph.budget import check_memory, current_budget
from geartrain.graph.dtypes import is_float, numpy_dtype, standardize_dtype
from geartrain.graph.eager import eager
from geartrain.graph.node import Leaf, Node
from geartrain.graph.operators import OPERATORS, Operators, tracing
from geartrain.graph.recording import inner_scopes
from geartrain.graph.shapes import conflict
from geartrain.graph.taping import noted_read
from geartrain.graph.tracked import recording
from geartrain.ops.operands import extents_of, operand
from geartrain.registry import automatic_name
from geartrain.runtime.aligned import aligned_empty, aligned_zeros
from geartrain.runtime.scopes import current_compute_dtype, current_path
from geartrain.serialization.names import package


class _Traces(threading.local):
    def __init__(self) -> None:
        self.stack: list[Trace] = []


_traces = _Traces()


class Trace:
    """A scope in which variables are symbolic and assignments are collected.

    >>> counter = Variable(0.0, name="counter")
    >>> with Trace() as trace:
    ...     _ = counter.assign_add(1.0)
    >>> counter.numpy(), list(trace.updates) == [counter]
    (array(0., dtype=float32), True)
    """

    forbids_new_values = False  # whether variables made in it must have an initializer

    def __init__(self) -> None:
        self.updates: dict[Variable, Node] = {}
        self.outer = _traces.stack[-1] if _traces.stack else None

    def __enter__(self) -> Trace:
        _traces.stack.append(self)
        tracing.depth += 1
        return self

    def __exit__(self, *exception: object) -> None:
        tracing.depth -= 1
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


_AGGREGATIONS = ("none", "mean", "sum", "only_first_replica")
_SYNCHRONIZATIONS = ("none", "on_read", "on_write", "auto")


class Variable(Leaf, Operators):
    """A named array that training may change.

    Args:
        initializer: the first value, or what gives it: a function of `(shape, dtype=...)`, or
            the name or config of an initializer.
        shape: the shape; needed with a function.
        dtype: the element type, `floatx()` by default.
        trainable: whether optimizers update it.
        autocast: whether, in a layer's call, it is read in the dtype that the layer computes in:
            under the policy `"mixed_bfloat16"` floats are kept in float32 and used in bfloat16.
        aggregation, synchronization: accepted as in Keras; one process has no use for them.
        name: a name for messages and files.
        layout, **kwargs: accepted as in Keras.

    Raises:
        ValueError: a shape that does not fit the value, or a function without a shape; a name
            with a "/"; another word for aggregation or synchronization.

    >>> w = Variable([[1.0, 2.0]], name="w")
    >>> w.assign_sub([[0.5, 0.5]])
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
        aggregation: str | None = "none",
        synchronization: str | None = "auto",
        name: str | None = None,
        layout: Any = None,
        **kwargs: Any,
    ) -> None:
        name = name or automatic_name("variable")
        if not isinstance(name, str) or "/" in name:
            raise ValueError(f"Variable: expected a name without '/'. Received: {shown(name)}")
        super().__init__(name)
        self.aggregation = _one_of(name, "aggregation", aggregation, _AGGREGATIONS)
        self.synchronization = _one_of(name, "synchronization", synchronization, _SYNCHRONIZATIONS)
        if isinstance(initializer, str | dict):
            initializer = package("initializers").get(initializer)
        self.trainable = trainable
        self.autocast = bool(autocast)
        scope = current_path()
        self.path = f"{scope}/{name}" if scope else name
        self.initializer = initializer if callable(initializer) else None
        if callable(initializer):
            shape = self._checked(shape)
            name_of_type = standardize_dtype(dtype)
            make = functools.partial(initializer, shape, dtype=name_of_type)
        else:
            trace = current_trace()
            if trace is not None and trace.forbids_new_values:
                raise ValueError(
                    f"Variable {name!r}: expected a function or an initializer's name, since in a "
                    f"StatelessScope no values are set. Received: {shown(initializer)}. Make it "
                    "before, or in build(self, input_shape)."
                )
            value = np.asarray(operand(initializer))
            name_of_type = standardize_dtype(dtype or value.dtype.name)
            if shape is not None and self._checked(shape) != value.shape:
                raise ValueError(
                    f"Variable {self.name!r}: expected a value of shape {tuple(shape)}. "
                    f"Received: {describe_value(value)}"
                )
            shape, make = value.shape, functools.partial(np.asarray, value)
        self._dtype = name_of_type
        budget = current_budget()
        if budget is None:
            check_memory(f"Variable {self.name!r}", shape, name_of_type)
        if budget is None or budget.wants_value(self, shape, make):
            first = np.asarray(make())
            self._array = aligned_empty(first.shape, numpy_dtype(name_of_type))
            self._array[...] = first
        else:
            self._array = aligned_zeros(shape, numpy_dtype(name_of_type))

    def _checked(self, shape: Any) -> tuple[int, ...]:
        """A shape as whole numbers."""
        sizes = (shape,) if hasattr(shape, "__index__") else shape
        known = isinstance(sizes, Iterable) and not isinstance(sizes, str)
        sizes = tuple(sizes) if known else (None,)
        if any(not hasattr(size, "__index__") or size < 0 for size in sizes):
            raise ValueError(
                f"Variable {self.name!r}: expected a shape of whole numbers along with an "
                f"initializer. Received: shape={shape!r}"
            )
        return tuple(map(int, sizes))

    # -- settings ---------------------------------------------------------------------------------

    _trainable = True
    _regularizer: Callable[[Any], Any] | None = None
    _constraint: Callable[[Any], Any] | None = None
    _overwrite_with_gradient = False

    @property
    def trainable(self) -> bool:
        """Whether optimizers update it."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: Any) -> None:
        self._trainable = bool(value)

    @property
    def regularizer(self) -> Callable[[Any], Any] | None:
        """A penalty on it, which layers add to the loss."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, value: Any) -> None:
        self._regularizer = self._function("regularizer", value)

    @property
    def constraint(self) -> Callable[[Any], Any] | None:
        """A projection that is applied after each update."""
        return self._constraint

    @constraint.setter
    def constraint(self, value: Any) -> None:
        self._constraint = self._function("constraint", value)

    def _function(self, what: str, value: Any) -> Any:
        if value is not None and not callable(value):
            raise ValueError(
                f"Variable {self.path!r}: expected a function, or None, as {what}. "
                f"Received: {shown(value)}"
            )
        return value

    @property
    def overwrite_with_gradient(self) -> bool:
        """Whether optimizers put the gradient in the place of the value."""
        return self._overwrite_with_gradient

    @overwrite_with_gradient.setter
    def overwrite_with_gradient(self, value: Any) -> None:
        if not isinstance(value, bool):
            raise TypeError(
                f"Variable {self.path!r}: expected overwrite_with_gradient as True or False. "
                f"Received: {shown(value)}"
            )
        self._overwrite_with_gradient = value

    @property
    def dtype(self) -> str:
        """The element type; in a layer's call, of floats that are cast, what they are read in."""
        return self._read_dtype()

    def _read_dtype(self) -> str:
        wanted = current_compute_dtype() if self.autocast else None
        return wanted if wanted is not None and is_float(self._dtype) else self._dtype

    # -- values -----------------------------------------------------------------------------------

    __hash__ = object.__hash__

    def __copy__(self) -> Variable:
        """A variable of its own with the same value."""
        return copy.deepcopy(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """How a variable is copied and pickled: by its value and what is set of it."""
        kept = (
            "_trainable", "path", "_regularizer", "_constraint", "is_state", "autocast",
            "_overwrite_with_gradient", "aggregation", "synchronization",
        )  # fmt: skip
        settings = {name: vars(self)[name] for name in kept if name in vars(self)}
        return copied, (self._array, self._dtype, self.name), settings

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what is set of the variable that this one is a copy of."""
        for name, value in state.items():
            setattr(self, name, value)

    @property
    def node(self) -> Node:
        """The leaf that stands for the variable in graphs."""
        return Node.leaf_of(self, self._array.shape, self._dtype)

    @property
    def array(self) -> np.ndarray:
        """The live array, for programs. Do not write to it or keep it: use `assign`, `numpy`."""
        return self._array

    def __tensor__(self) -> Any:
        trace = current_trace()
        if trace is not None:
            tensor: Any = trace.read(self)
        else:
            tensor = noted_read(self, self._array) if recording.tapes else self._array
        wanted = self._read_dtype()
        return tensor if wanted == self._dtype else operand(tensor, wanted)

    @property
    def value(self) -> Any:
        """The value: a copy, or a node while a function is traced."""
        tensor = self.__tensor__()
        return eager(tensor.copy()) if type(tensor) is np.ndarray else tensor

    def _now(self) -> np.ndarray:
        """The array; in a scope that collects values, the one there."""
        trace = current_trace()
        tensor = trace.read(self) if trace else self._array
        return self._array if isinstance(tensor, Node) else tensor

    def numpy(self) -> np.ndarray:
        """A copy of the value."""
        return np.array(self._now())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._now().astype(dtype or self._array.dtype)

    def __float__(self) -> float:
        return float(self._scalar())

    def __int__(self) -> int:
        return int(self._scalar())

    def _scalar(self) -> Any:
        if self.ndim:
            raise TypeError(
                f"Variable {self.path!r}: expected a scalar, to make a number of it. "
                f"Received: shape {self.shape}"
            )
        return self._now()[()]

    def __bool__(self) -> bool:
        raise TypeError(
            f"Variable {self.path!r}: it has no truth value. Write bool(variable.numpy()), or "
            "compare it with None by `is`."
        )

    def __eq__(self, other: Any) -> Any:
        return OPERATORS["equal"](self, other)

    def __ne__(self, other: Any) -> Any:
        return OPERATORS["not_equal"](self, other)

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

    def assign(self, value: Any) -> Any:
        """Replace the value by one of the same shape; the dtype stays. Returns the new value."""
        new = operand(value, self._dtype)
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
        return eager(new)

    def clear(self) -> None:
        """Replace the value by zeros."""
        if current_trace() is not None:
            self.assign(np.zeros(self.shape, numpy_dtype(self._dtype)))
        else:
            self._array.fill(0)

    def assign_add(self, value: Any) -> Any:
        """Add `value`. Returns the new value."""
        return self.assign(OPERATORS["add"](self, operand(value, self.dtype)))

    def assign_sub(self, value: Any) -> Any:
        """Subtract `value`. Returns the new value."""
        return self.assign(OPERATORS["subtract"](self, operand(value, self.dtype)))

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}>"


def copied(array: np.ndarray, dtype: str, name: str) -> Variable:
    """The variable that was copied or pickled, before what is set of it is."""
    return Variable(array, dtype=dtype, name=name)


def _one_of(name: str, what: str, value: str | None, allowed: tuple[str, ...]) -> str:
    if value is not None and value not in allowed:
        raise ValueError(
            f"Variable {name!r}: expected {what} as one of {', '.join(map(repr, allowed))}, or "
            f"None. Received: {value!r}"
        )
    return value or "none"
