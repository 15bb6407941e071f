"""Collecting assignments, so that a failed update changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from geartrain.graph.node import Constant, Node
from geartrain.runtime.variable import Trace, Variable


class Staging(Trace):
    """A scope whose assignments wait for `commit`; reading a variable sees them already.

    Unlike in a plain trace, values stay arrays unless a function is being traced outside.

    >>> counter = Variable(1.0, name="counter")
    >>> with Staging() as staged:
    ...     counter.assign_add(1.0)
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


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


def _own(value: Any) -> Any:
    """`value` itself unless it may be a view of some variable, which `commit` could overwrite."""
    return value if isinstance(value, Node) or value.flags.owndata else value.copy()
