"""Collecting assignments, so that a failed update changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from geartrain.errors import describe_value, shown
from geartrain.graph.eager import eager
from geartrain.graph.node import Constant, Node
from geartrain.ops.operands import extents_of, operand
from geartrain.runtime.variable import Trace, Variable


class Staging(Trace):
    """A scope whose assignments wait for `commit`; reading a variable sees them already.

    Unlike in a plain trace, values stay arrays unless a function is being traced outside.

    >>> counter = Variable(1.0, name="counter")
    >>> with Staging() as staged:
    ...     _ = counter.assign_add(1.0)
    ...     seen = float(staged.read(counter))
    >>> seen, float(counter)
    (2.0, 1.0)
    >>> staged.commit()
    >>> float(counter)
    2.0
    """

    def read(self, variable: Variable) -> Any:
        """What the variable holds at this point of the scope: an array, or a node."""
        if variable in self.updates:
            node = self.updates[variable]
            return node.leaf.value if isinstance(node.leaf, Constant) else node
        return self.outer.read(variable) if self.outer else _read_only(variable.array)

    def assigned(self) -> Iterable[tuple[Variable, Any]]:
        """Each variable that was assigned to, and its new value."""
        return [(variable, self.read(variable)) for variable in self.updates]

    def commit(self) -> None:
        """Perform the assignments. Call it outside of the scope's `with` block."""
        values = [(variable, _own(value)) for variable, value in self.assigned()]
        for variable, value in values:
            variable.assign(value)


class StatelessScope(Staging):
    """A `with` block in which variables have other values, and keep what is assigned to themselves.

    Args:
        state_mapping: pairs of a variable and its value in the block.
        collect_losses: whether `losses` gets what layers add by `add_loss`.
        initialize_variables: accepted as in Keras; variables that are made in the block have their
            first value at once.

    Raises ValueError for a pair that does not start with a variable, or a value of another shape.

    >>> counter = Variable(1.0)
    >>> with StatelessScope([(counter, 5.0)]) as scope:
    ...     _ = counter.assign_add(1.0)
    >>> float(scope.get_current_value(counter)), float(counter)
    (6.0, 1.0)
    """

    forbids_new_values = True

    def __init__(
        self,
        state_mapping: Any = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
    ) -> None:
        super().__init__()
        self.collect_losses, self.initialize_variables = collect_losses, initialize_variables
        self.losses: list[Any] = []
        for variable, value in state_mapping or ():
            if not isinstance(variable, Variable):
                raise ValueError(
                    "StatelessScope: expected pairs of a variable and a value. Received: "
                    f"{shown(variable)} in the place of a variable"
                )
            new = operand(value, variable._dtype)
            if extents_of(new) != variable.shape:
                raise ValueError(
                    f"StatelessScope: expected a value of shape {variable.shape} for "
                    f"{variable.path!r}. Received: {describe_value(new)}"
                )
            self.updates[variable] = Node.wrap(new)

    def add_loss(self, loss: Any) -> None:
        """Collect a loss."""
        self.losses.append(loss)

    def add_update(self, update: tuple[Variable, Any]) -> None:
        """Give a variable its value in the block: a pair of both."""
        variable, value = update
        self.updates[variable] = Node.wrap(operand(value, variable._dtype))

    def get_current_value(self, variable: Variable) -> Any:
        """The value in the block; None if it was given none."""
        return eager(self.read(variable)) if variable in self.updates else None


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


def _own(value: Any) -> Any:
    """`value` itself unless it may be a view of some variable, which `commit` could overwrite."""
    return value if isinstance(value, Node) or value.flags.owndata else value.copy()
