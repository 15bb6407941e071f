"""All state of a model as nested dictionaries, by the paths of its variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from geartrain.errors import shown, unknown_name
from geartrain.runtime.variable import Variable

_FORMATS = ("backend_tensor", "numpy_array")


class StateTree:
    """The part of a model that gives its state as one structure, and takes it back."""

    trainable_variables: Any
    non_trainable_variables: Any
    metrics_variables: Any
    optimizer: Any

    def _states(self) -> dict[str, list[Variable]]:
        optimizer = getattr(self, "optimizer", None)
        return {
            "trainable_variables": self.trainable_variables,
            "non_trainable_variables": self.non_trainable_variables,
            "optimizer_variables": [] if optimizer is None else optimizer.variables,
            "metrics_variables": self.metrics_variables,
        }

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, Any]:
        """The values of all variables, nested as their paths are.

        Args:
            value_format: `"backend_tensor"` or `"numpy_array"`.

        Returns:
            A dictionary with `trainable_variables`, `non_trainable_variables`,
            `optimizer_variables` and `metrics_variables`.

        Raises ValueError for another format, and for two variables of one path.

        >>> from geartrain import Input, Sequential, layers
        >>> model = Sequential([Input((2,)), layers.Dense(1, name="d")], name="m")
        >>> model.get_state_tree()["trainable_variables"]["m"]["d"]["bias"]
        array([0.], dtype=float32)
        """
        if value_format not in _FORMATS:
            raise unknown_name("value_format of get_state_tree", value_format, _FORMATS)
        return {kind: _nested(of, value_format) for kind, of in self._states().items()}

    def set_state_tree(self, state_tree: dict[str, Any]) -> None:
        """Take values back, as `get_state_tree` gives them; what is left out stays as it is.

        Raises ValueError for a name that is none of its four, and a path that no variable has.
        """
        states = self._states()
        for kind, nested in state_tree.items():
            if kind not in states:
                raise unknown_name("part of a state tree", kind, states)
            by_path = {variable.path: variable for variable in states[kind]}
            for path, value in _flat(nested):
                if path not in by_path:
                    raise unknown_name(f"path in {kind} of a state tree", path, by_path)
                by_path[path].assign(value)


def _nested(variables: Iterable[Variable], value_format: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for variable in variables:
        inside, (*steps, last) = made, variable.path.split("/")
        for step in steps:
            inside = inside.setdefault(step, {})
        if last in inside:
            raise ValueError(
                f"get_state_tree: expected one variable of each path. Received: several of "
                f"{shown(variable.path)}. Give the layers different names."
            )
        inside[last] = variable.value if value_format == "backend_tensor" else variable.numpy()
    return made


def _flat(nested: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in nested.items():
        path = f"{before}/{name}" if before else name
        if isinstance(value, dict):
            yield from _flat(value, path)
        else:
            yield path, np.asarray(value)
