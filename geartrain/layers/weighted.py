"""Weights that layers make: `add_weight`, and what it takes."""

from __future__ import annotations

from typing import Any

from geartrain import initializers, regularizers
from geartrain.errors import warn
from geartrain.graph.budget import current_budget
from geartrain.graph.dtypes import is_float
from geartrain.layers.owner import Owner
from geartrain.runtime.scopes import current_path, name_scope
from geartrain.runtime.variable import Variable


class Weighted(Owner):
    """The part of a layer that makes its weights."""

    def add_weight(
        self,
        *args: Any,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a weight of this layer.

        Args:
            *args: the shape, the initializer and the dtype, if not by keyword.
            shape: its shape; `()` by default.
            initializer: name or object; Glorot-uniform for floats, zeros for others.
            dtype: its dtype; the policy's variable dtype by default.
            trainable: whether optimizers update it.
            autocast: whether calls read it in the compute dtype.
            aggregation, overwrite_with_gradient: see `Variable`.
            regularizer: a penalty on it, added to the loss.
            constraint: a projection applied after each update.
            name: for messages and files.

        Raises:
            TypeError: more than three arguments by position.
            ValueError: two names; an argument given twice; a shape that is not known.
        """
        from geartrain import constraints

        self._check_made()
        given = {"shape": shape, "initializer": initializer, "dtype": dtype}
        if args and isinstance(args[0], str):
            name, args = self._named_first(args, name), args[1:]
        shape, initializer, dtype = _by_place(self._who(), args, given)
        shape = () if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        if any(size is None for size in shape):
            raise ValueError(
                f"{self._who()}: expected a weight of known shape. Received: {shape}. Give the "
                "input's full shape, without None except for the batch axis."
            )
        dtype = dtype or self.variable_dtype
        budget = current_budget()
        if budget is not None:
            budget.check_weight(self._who(), shape, dtype)
        if initializer is None:
            initializer = "glorot_uniform" if is_float(dtype) else "zeros"
        path = current_path() or (self._path or "")  # of a layer that gets more later
        within = path == self.name or path.endswith(f"/{self.name}")  # its build, or its call
        parent = path[: -len(self.name)] if within else path
        with name_scope(self.name, override_parent=parent):
            made = Variable(
                initializers.get(initializer), shape, dtype, trainable, autocast, aggregation,
                name=name,
            )  # fmt: skip
        made.regularizer = regularizers.get(regularizer)
        made.constraint = constraints.get(constraint)
        made.overwrite_with_gradient = overwrite_with_gradient
        self._track(made, new=True)
        return made

    def add_variable(
        self,
        *args: Any,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Another name of `add_weight`."""
        return self.add_weight(
            *args, shape=shape, initializer=initializer, dtype=dtype, trainable=trainable,
            autocast=autocast, regularizer=regularizer, constraint=constraint, name=name,
        )  # fmt: skip

    def _named_first(self, args: tuple[Any, ...], name: str | None) -> str:
        """The name of a weight where it is the first argument, as in Keras 2."""
        if name is not None:
            raise ValueError(
                f"{self._who()}: add_weight expected one name. Received: {args[0]!r} by position, "
                f"and name={name!r}"
            )
        warn(
            f"{self._who()}: add_weight({args[0]!r}, ...) is how older versions of Keras said it. "
            f"Write add_weight(shape=..., name={args[0]!r})."
        )
        return str(args[0])

    def add_metric(self, *args: Any, **kwargs: Any) -> None:
        """Refused, as in Keras 3: raises NotImplementedError, with what to do instead."""
        raise NotImplementedError(
            f"{self._who()}: add_metric is of Keras 2. Give metrics to compile(metrics=[...]), or "
            "set one as an attribute in __init__ and call its update_state in call."
        )


def _by_place(who: str, args: tuple[Any, ...], given: dict[str, Any]) -> list[Any]:
    """The shape, initializer and dtype of a weight, given by place or by keyword."""
    if len(args) > len(given):
        raise TypeError(
            f"{who}: add_weight takes at most {len(given)} arguments by position: "
            f"{', '.join(given)}. Received: {len(args)}"
        )
    for name, value in zip(given, args, strict=False):
        if given[name] is not None:
            raise ValueError(
                f"{who}: add_weight expected {name} once. Received: {value!r} by position, and "
                f"{name}={given[name]!r}"
            )
    return list((given | dict(zip(given, args, strict=False))).values())
