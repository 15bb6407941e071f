"""The base of all metrics: numbers gathered over batches, and what they say in the end."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from geartrain import config, initializers, tree
from geartrain.compat.methods import Older
from geartrain.configurable import Configurable
from geartrain.dtype_policies import DTypePolicy
from geartrain.graph.dtypes import is_float
from geartrain.graph.node import Constant, Node, sorted_nodes
from geartrain.losses.loss import accepted
from geartrain.ops.operands import operand
from geartrain.registry import automatic_name, register, snake_case
from geartrain.runtime.function import Program
from geartrain.runtime.repeating import by_settings, of_the_library
from geartrain.runtime.variable import Trace, Variable, concrete_scope

KNOWN = ("_own_variables", "_awaited", "_arguments", "_pieces")  # attributes that keep no others


@register("metrics")
class Metric(Configurable):
    """A measure of a model over many batches, kept in variables.

    A metric of your own makes its variables in `__init__` with `add_variable`, changes them in
    `update_state` with `assign` or `assign_add`, and computes its value of them in `result`; all
    with functions of `geartrain.ops`, so that it can be part of a compiled program.

    Args:
        dtype: the dtype to compute in; `floatx()` by default, and instead of whole numbers.
        name: the name in logs; by default the class's.

    >>> from geartrain import ops
    >>> class Largest(Metric):
    ...     def __init__(self, name="largest", **kwargs):
    ...         super().__init__(name=name, **kwargs)
    ...         self.largest = self.add_variable(shape=(), initializer="zeros", name="largest")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.largest.assign(ops.maximum(self.largest, ops.max(y_pred)))
    ...     def result(self):
    ...         return self.largest.value
    >>> largest = Largest()
    >>> largest.update_state(None, [1.0, 4.0])
    >>> largest(None, [2.0, 3.0])
    array(4., dtype=float32)
    """

    keeps_measure = True  # so layers, which know no metrics, find them among their attributes
    # "up" or "down": which direction is better, for callbacks that watch it. None if it depends.
    _direction: str | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "update_state" in vars(cls) and of_the_library(cls):
            cls.update_state = _repeated(cls.update_state)  # type: ignore[method-assign]

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or automatic_name(snake_case(type(self).__name__))
        self._dtype = DTypePolicy.of(dtype or config.floatx()).compute_dtype
        self._own_variables: list[Variable] = []
        self._awaited: list[Any] = []  # of a copy: values for variables that are not made yet

    @property
    def dtype(self) -> str:
        """The dtype that was asked for."""
        return self._dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype to compute in and to keep sums and counts in.

        It is `dtype`, or `floatx()` where that is of whole numbers: weights may be fractions.
        """
        return self._dtype if is_float(self._dtype) else config.floatx()

    def add_variable(
        self, shape: Any, initializer: Any, dtype: Any = None, aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:  # fmt: skip
        """Make a variable of this metric.

        Args:
            shape: its shape.
            initializer: a name or object, such as `"zeros"`.
            dtype: its dtype, `floatx()` by default.
            aggregation: accepted as in Keras.
            name: for messages and files.
        """
        if "_own_variables" not in self.__dict__:
            raise RuntimeError(
                f"{type(self).__name__}: call super().__init__() before add_variable()."
            )
        start = initializers.get("zeros" if initializer is None else initializer)
        with concrete_scope():
            made = Variable(start, tuple(shape), dtype, trainable=False, name=name)
        made.path = f"{self.name}/{made.name}"
        self._own_variables.append(made)
        if self._awaited:
            made.assign(self._awaited.pop(0))
        return made

    def add_weight(
        self, shape: Any = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """Make a variable of this metric; see `add_variable`."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The variables of this metric, and of metrics that it keeps as attributes."""
        found = list(self._own_variables)
        for name, value in self.__dict__.items():
            if isinstance(value, Variable):
                found.append(value)
            elif isinstance(value, HOLDERS) and name not in KNOWN:
                for item in tree.flatten(value):
                    if isinstance(item, Metric):
                        found.extend(item.variables)
                    elif isinstance(item, Variable):
                        found.append(item)
        return list(dict.fromkeys(found))

    def reset_state(self) -> None:
        """Start afresh: every variable becomes zero."""
        for variable in self.variables:
            variable.clear()

    reset_states = Older("reset_state")

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Let the metric see a batch. Override it."""
        raise NotImplementedError(
            f"{type(self).__name__}: a metric needs a method update_state(self, y_true, y_pred, "
            "sample_weight=None)."
        )

    def result(self) -> Any:
        """The value over all batches since the last reset: a scalar, or a dict. Override it."""
        raise NotImplementedError(f"{type(self).__name__}: a metric needs a method result(self).")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Update the state with a batch; the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    # -- without side effects ---------------------------------------------------------------------

    def stateless_update_state(
        self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any
    ) -> list[Any]:
        """What `update_state` would make of these values of the variables.

        Args:
            metric_variables: a value for each of `variables`.
            *args, **kwargs: for `update_state`.

        Raises:
            ValueError: for another number of values.

        >>> from geartrain.metrics import Sum
        >>> Sum().stateless_update_state([1.0], [2.0, 3.0])
        [array(6., dtype=float32)]
        """
        with self._holding(metric_variables) as scope:
            self.update_state(*args, **kwargs)
            changed = [scope.read(variable) for variable in self.variables]
        return _computed(changed)

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """What `result` would be for these values of the variables."""
        with self._holding(metric_variables):
            value = self.result()
            leaves = [operand(leaf) for leaf in tree.flatten(value)]
        return tree.pack_sequence_as(value, _computed(leaves))

    def stateless_reset_state(self) -> list[Any]:
        """The values of the variables after `reset_state`."""
        with Trace() as scope:
            self.reset_state()
            return _computed([scope.read(variable) for variable in self.variables])

    def _holding(self, values: Sequence[Any]) -> Trace:
        """A trace in which the variables hold `values`."""
        if len(values) != len(self.variables):
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: expected {len(self.variables)} values, one "
                f"for each variable. Received: {len(values)}"
            )
        scope = Trace()
        for variable, value in zip(self.variables, values, strict=True):
            scope.updates[variable] = Node.wrap(operand(value, variable.dtype))
        return scope

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this metric, as plain values."""
        return accepted(self, {"name": self.name, "dtype": self.dtype}) | super().get_config()

    def _copied_state(self, parts: list[Any]) -> dict[str, Any]:
        return {"arrays": [variable.array for variable in self.variables]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over the values of the metric that this one is a copy of."""
        arrays, made = state["arrays"], self.variables
        for variable, array in zip(made, arrays, strict=False):
            variable.assign(array)
        self._awaited = list(arrays[len(made) :])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _repeated(update_state: Callable[..., None]) -> Callable[..., None]:
    """An `update_state` whose calls on arrays are soon programs; see `runtime.repeating`."""

    @functools.wraps(update_state)
    def updated(self: Any, *args: Any, **kwargs: Any) -> None:
        by_settings(self, functools.partial(update_state, self), args, kwargs)

    return updated


HOLDERS = (Metric, list, tuple, dict)  # of variables


def _computed(values: list[Any]) -> list[Any]:
    """The values of nodes that depend on no input; nodes that do stay."""
    nodes = [Node.wrap(value) for value in values]
    known = (node.leaf is None or isinstance(node.leaf, Constant | Variable)
             for node in sorted_nodes(nodes))  # fmt: skip
    return list(Program([], nodes).run()) if all(known) else nodes
