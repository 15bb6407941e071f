"""`tf.Variable` and `tf.Module`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import ops
from geartrain.compat.tensorflow.creation import convert_to_tensor
from geartrain.compat.tensorflow.dtypes import as_dtype
from geartrain.compat.tensorflow.tensor import Reference, TensorShape, tensor
from geartrain.graph.node import Node
from geartrain.layers.layer import Layer
from geartrain.runtime import variable
from geartrain.runtime.variable import concrete_scope


class Variable(variable.Variable):
    """A tensor that can be assigned.

    Args:
        initial_value: its first value, or a function without arguments that gives it.
        trainable: whether tapes watch it.
        name, dtype, shape: as said.
        constraint: a function that optimizers apply after each step.
        validate_shape, caching_device, variable_def, import_scope, synchronization, aggregation,
        experimental_enable_variable_lifting: accepted as in TensorFlow.

    >>> w = Variable([1.0, 2.0])
    >>> w.assign_add([1.0, 1.0]).numpy()
    array([2., 3.], dtype=float32)
    """

    def __init__(
        self, initial_value: Any = None, trainable: bool | None = None, validate_shape: bool = True,
        caching_device: Any = None, name: str | None = None, variable_def: Any = None,
        dtype: Any = None, import_scope: Any = None, constraint: Any = None,
        synchronization: Any = None, aggregation: Any = None, shape: Any = None,
        experimental_enable_variable_lifting: bool = True,
    ) -> None:  # fmt: skip
        if initial_value is None:
            raise ValueError("tf.Variable: expected an initial_value. Received: None")
        with concrete_scope():
            value = initial_value() if callable(initial_value) else initial_value
            value = convert_to_tensor(value, dtype)
            if isinstance(value, Node):
                raise ValueError(
                    "tf.Variable: expected an initial_value that is known. Received: a symbolic "
                    "tensor. Make the variable outside of the function, or give a function."
                )
            array = np.asarray(value)
            super().__init__(
                array,
                dtype=array.dtype.name,
                trainable=trainable is not False,
                name=name or "Variable",
            )
        self.constraint = constraint

    def __reduce_ex__(self, protocol: Any) -> Any:
        return Variable, (self.numpy(), self.trainable, True, None, self.name)

    def __eq__(self, other: Any) -> Any:
        if other is self or (not hasattr(other, "__len__") and not isinstance(other, int | float)):
            return other is self
        return ops.equal(self, other)

    def __ne__(self, other: Any) -> Any:
        return ops.logical_not(self == other)

    __hash__ = variable.Variable.__hash__

    # -- reading ----------------------------------------------------------------------------------

    @property
    def shape(self) -> TensorShape:  # type: ignore[override]
        """The sizes of its axes."""
        return TensorShape(self._array.shape)

    def get_shape(self) -> TensorShape:
        """The sizes of its axes."""
        return self.shape

    def value(self) -> Any:  # type: ignore[override]
        """Its value as a tensor."""
        return ops.convert_to_tensor(self)

    read_value = value

    def numpy(self) -> Any:
        """A copy of its value; of a scalar NumPy's scalar."""
        return self._array.copy()[()]

    eval = numpy

    def ref(self) -> Reference:
        """What stands for the variable in sets and as a key."""
        return Reference(self)

    @property
    def device(self) -> str:
        """Where it is."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    def initialized_value(self) -> Any:
        """Its value."""
        return self.value()

    # -- assigning --------------------------------------------------------------------------------

    def _assigned(self, value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.base is self._array:
            value = value.copy()
        variable.Variable.assign(self, value)
        return self

    def assign(
        self, value: Any, use_locking: bool = False, name: Any = None, read_value: Any = True
    ) -> Any:  # type: ignore[override]
        """Replace the value by one of the same shape."""
        return self._assigned(value)

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: Any = None, read_value: Any = True
    ) -> Any:  # type: ignore[override]
        """Add to the value."""
        return self._assigned(ops.add(self, ops.cast(delta, self.dtype)))

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: Any = None, read_value: Any = True
    ) -> Any:  # type: ignore[override]
        """Subtract from the value."""
        return self._assigned(ops.subtract(self, ops.cast(delta, self.dtype)))

    def _scattered(self, places: Any, updates: Any, reduction: str | None) -> Any:
        values = ops.cast(updates, self.dtype)
        return self._assigned(ops.scatter_update(self, places, values, reduction=reduction))

    def scatter_nd_update(self, indices: Any, updates: Any, name: Any = None) -> Any:
        """Replace elements or parts at points."""
        return self._scattered(indices, updates, None)

    def scatter_nd_add(self, indices: Any, updates: Any, name: Any = None) -> Any:
        """Add to elements or parts at points."""
        return self._scattered(indices, updates, "add")

    def scatter_nd_sub(self, indices: Any, updates: Any, name: Any = None) -> Any:
        """Subtract from elements or parts at points."""
        return self._scattered(indices, ops.negative(updates), "add")

    def _rows(self, slices: Any) -> tuple[Any, Any]:
        return ops.expand_dims(slices.indices, -1), slices.values

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Replace rows, given as `tf.IndexedSlices`."""
        return self._scattered(*self._rows(sparse_delta), None)

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Add to rows, given as `tf.IndexedSlices`."""
        return self._scattered(*self._rows(sparse_delta), "add")

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Subtract from rows, given as `tf.IndexedSlices`."""
        places, values = self._rows(sparse_delta)
        return self._scattered(places, ops.negative(values), "add")

    def sparse_read(self, indices: Any, name: Any = None) -> Any:
        """The rows at indices."""
        return ops.take(self, indices, axis=0)

    def __getitem__(self, key: Any) -> Any:
        found = ops.get_item(self, key)
        return found if isinstance(found, Node) else _part(self, key, tensor(found))

    def __repr__(self) -> str:
        shown = np.array2string(self._array, separator=", ")
        return (
            f"<tf.Variable '{self.path}:0' shape={self.shape} dtype={as_dtype(self.dtype).name}, "
            f"numpy={shown}>"
        )


def _part(owner: Variable, key: Any, found: Any) -> Any:
    """A part of a variable, which can be assigned: `v[1].assign(2.0)`."""

    def assign(value: Any) -> Variable:
        array = owner.numpy()
        array[key] = np.asarray(value)
        return owner.assign(array)

    found.assign = assign
    return found


class IndexedSlices:
    """Rows of a larger tensor.

    Args:
        values: the rows.
        indices: where each is.
        dense_shape: the shape of the whole.
    """

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self.values, self.indices = convert_to_tensor(values), convert_to_tensor(indices)
        self.dense_shape = dense_shape

    @property
    def dtype(self) -> Any:
        """The type of the elements."""
        return self.values.dtype

    def __tensor__(self) -> Any:
        shape = (int(self.dense_shape[0]), *tuple(self.values.shape)[1:])
        return ops.scatter(ops.expand_dims(self.indices, -1), self.values, shape)


class Module:
    """An object with variables, of its own and in the modules and layers that it holds.

    Args:
        name: a name.

    >>> class Linear(Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.w, self.b = Variable([[1.0]]), Variable([0.0])
    ...     def __call__(self, x):
    ...         return ops.matmul(x, self.w) + self.b
    >>> len(Linear().trainable_variables)
    2
    """

    def __init__(self, name: str | None = None) -> None:
        self._name = name or _snake(type(self).__name__)

    @property
    def name(self) -> str:
        """Its name."""
        return self.__dict__.get("_name") or _snake(type(self).__name__)

    @property
    def name_scope(self) -> Any:
        """A `with` block for names, which changes nothing."""
        from contextlib import nullcontext

        return nullcontext()

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method itself."""
        return method

    def _found(self) -> tuple[list[Any], list[Any]]:
        """Variables and modules, by the names of the attributes, each once."""
        variables: dict[int, Any] = {}
        modules: dict[int, Any] = {}
        seen: set[int] = set()

        def walk(value: Any) -> None:
            if id(value) in seen:
                return
            seen.add(id(value))
            if isinstance(value, variable.Variable):
                variables[id(value)] = value
            elif isinstance(value, Layer):
                modules[id(value)] = value
                for one in value.weights:
                    walk(one)
            elif isinstance(value, Module):
                if value is not self:
                    modules[id(value)] = value
                for name in sorted(vars(value)):
                    walk(vars(value)[name])
            elif isinstance(value, dict):
                for key in value:
                    walk(value[key])
            elif isinstance(value, list | tuple | set):
                for one in value:
                    walk(one)

        walk(self)
        return list(variables.values()), list(modules.values())

    @property
    def variables(self) -> tuple[Any, ...]:
        """All variables."""
        return tuple(self._found()[0])

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """The variables that are trained."""
        return tuple(one for one in self._found()[0] if one.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Any, ...]:
        """The variables that are not trained."""
        return tuple(one for one in self._found()[0] if not one.trainable)

    @property
    def submodules(self) -> tuple[Any, ...]:
        """The modules and layers that it holds, at any depth."""
        return tuple(self._found()[1])


def _snake(name: str) -> str:
    import re

    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


__all__ = ["IndexedSlices", "Module", "Variable"]
