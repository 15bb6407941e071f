"""Recurrent cells one above the other."""

from __future__ import annotations

from inspect import signature
from typing import Any

from geartrain import ops, tree
from geartrain.errors import shown
from geartrain.layers.layer import Layer
from geartrain.registry import register


@register("layers")
class StackedRNNCells(Layer):
    """Cells one above the other: the output of each is the input of the next.

    Args:
        cells: the cells, the lowest first.

    >>> from geartrain.layers import GRUCell, LSTMCell
    >>> StackedRNNCells([LSTMCell(3), GRUCell(2)]).state_size
    [[3, 3], 2]
    """

    def __init__(self, cells: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            if not hasattr(cell, "state_size"):
                raise ValueError(
                    f"{self._who()}: expected cells with a `state_size`. Received: {shown(cell)}"
                )
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the states, cell by cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """The size of the last cell's output."""
        return _output_size(self.cells[-1])

    def build(self, input_shape: Any) -> None:
        """Make the weights of all cells."""
        for cell in self.cells:
            if not cell.built:
                cell.build(input_shape)
                cell.built = True
            input_shape = (*input_shape[:-1], _output_size(cell))

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """The state before the first turn: zeros."""
        return [first_states(cell, batch_size, self.compute_dtype) for cell in self.cells]

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        """One turn of all cells."""
        new = []
        for cell, given in zip(self.cells, states, strict=True):
            inputs, after = turn_of(cell, inputs, given, training)
            new.append(after)
        return inputs, new


def _output_size(cell: Any) -> int:
    """The size of a cell's output: it says so, or it is that of its first state."""
    size = getattr(cell, "output_size", None)
    return int(tree.flatten(cell.state_size)[0] if size is None else size)


def first_states(cell: Any, batch_size: Any, dtype: str) -> Any:
    """The states of any cell before the first turn: its own choice, or zeros."""
    if hasattr(cell, "get_initial_state"):
        return cell.get_initial_state(batch_size=batch_size)
    return tree.map_structure(lambda size: ops.zeros((batch_size, size), dtype), cell.state_size)


def turn_of(cell: Any, inputs: Any, states: Any, training: bool) -> tuple[Any, Any]:
    """One turn of any cell, inside the body of a loop; its states are a list, even a single one."""
    states = states if tree.is_nested(states) else [states]
    takes = "training" in signature(cell.call).parameters
    output, new = cell.call(inputs, states, **({"training": training} if takes else {}))
    return output, new
