"""Recurrent layers: a cell, applied to one timestep after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain import ops, tree
from geartrain.errors import shown
from geartrain.layers.cells import Cell, GRUCell, LSTMCell, SimpleRNNCell
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.layer import COMMON_KEYS, Layer
from geartrain.layers.stacked_cells import StackedRNNCells, first_states, turn_of
from geartrain.ops.operands import dtype_of, extents_of
from geartrain.ops.scan import scan
from geartrain.registry import register, signature_names, snake_case
from geartrain.runtime.variable import Variable

_RNN_ARGUMENTS = (
    "return_sequences", "return_state", "go_backwards", "stateful", "unroll",
    "zero_output_for_mask",
)  # fmt: skip


@register("layers")
class RNN(Layer):
    """A cell, applied to the timesteps in order, with the state of one handed to the next.

    The loop is one node of the graph (`ops/turns.py`), whatever the number of timesteps. What a
    cell computes of the inputs alone is done for all timesteps at once, before it.

    Args:
        cell: a cell, or a list of cells for `StackedRNNCells`.
        return_sequences: give the output of every timestep, rather than of the last.
        return_state: give the final states as well.
        go_backwards: from the last timestep to the first.
        stateful: begin with the states that the call before ended with.
        unroll: accepted as in Keras; the loop is never written out.
        zero_output_for_mask: 0 where the mask is off, rather than the output before.

    Call: inputs (batch, time, features), or of a higher rank if the cell takes them, with
    `initial_state`, `mask` (batch, time); gives (batch, units), or (batch, time, units); with
    `return_state` a list that the states follow in.

    Raises ValueError for something else than cells; for inputs of another rank; for a stateful
    layer whose batch size is not known, or another.

    >>> import numpy as np
    >>> RNN(SimpleRNNCell(4), return_sequences=True)(np.zeros((2, 5, 3), "float32")).shape
    (2, 5, 4)
    """

    config_order = (*COMMON_KEYS, *_RNN_ARGUMENTS)

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(cell, list | tuple):
            cell = StackedRNNCells(cell)
        if not hasattr(cell, "state_size") or not callable(cell):
            raise ValueError(
                f"{self._who()}: expected a cell: a layer with `state_size` that is called with "
                f"(inputs, states). Received: {shown(cell)}"
            )
        self.cell = cell
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.stateful = go_backwards, stateful
        self.unroll, self.zero_output_for_mask = unroll, zero_output_for_mask
        known = isinstance(cell, Cell | StackedRNNCells)
        self.input_spec = InputSpec(ndim=3) if known else InputSpec(min_ndim=3)
        self.supports_masking = True
        self._kept: tuple[Variable, ...] = ()

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Make the cell's weights, and the kept states of a stateful layer."""
        batch, _, *features = sequences_shape
        if not self.cell.built:
            self.cell.build((batch, *features))
            self.cell.built = True
        if self.stateful and not self._kept:
            if batch is None:
                raise ValueError(
                    f"{self._who()}: expected a known batch size, since the layer is stateful. "
                    f"Received shape {tuple(sequences_shape)}. Give batch_shape=(batch, time, "
                    "features) to Input."
                )
            rows = tree.flatten(self.get_initial_state(1))
            kept = tuple(_state_of(row, batch) for row in rows)
            self.__dict__["_kept"] = kept  # past the tracking: states are no weights

    @property
    def states(self) -> Any:
        """The variables that a stateful layer keeps its states in, in the form of the cell's.

        None before it is built, and where it is not stateful.
        """
        if not self._kept:
            return None
        return tree.pack_sequence_as(self.get_initial_state(1), list(self._kept))

    def _kept_variables(self) -> list[Variable]:
        return [*super()._kept_variables(), *self._kept]

    def reset_state(self) -> None:
        """Let a stateful layer begin with zeros again."""
        for state in self._kept:
            state.assign(ops.zeros(state.shape, state.dtype))

    reset_states = reset_state

    def get_initial_state(self, batch_size: Any) -> Any:
        """The states before the first timestep, in the form of the cell's."""
        return first_states(self.cell, batch_size, self.compute_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The input's mask, if the output has timesteps."""
        mask = tree.flatten(previous_mask)[0] if previous_mask is not None else None
        own = mask if self.return_sequences else None
        if not self.return_state:
            return own
        return [own, *([None] * len(tree.flatten(self.get_initial_state(1))))]

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        """The outputs, and the states if they are wanted."""
        if isinstance(mask, list | tuple):
            mask = mask[0]
        states = self._first_states(sequences, initial_state)
        form = self.get_initial_state(1)
        prepared, turn = self._turns(_exchanged(sequences), training)
        items = [prepared]
        if mask is not None:
            items.append(_exchanged(ops.cast(mask, "bool")))
        if self.go_backwards:
            items = [ops.flip(item, axis=0) for item in items]
        flat = tree.flatten(states)

        def step(before: list[Any], now: list[Any]) -> tuple[list[Any], list[Any]]:
            inner, last = (before[:-1], before[-1]) if mask is not None else (before, None)
            output, after = turn(now[0], tree.pack_sequence_as(form, inner))
            new = tree.flatten(after)
            if mask is None:
                return new, [output]

            def chosen(one: Any, other: Any) -> Any:
                axes = tuple(range(1, len(extents_of(one))))
                return ops.where(ops.expand_dims(now[1], axes), one, other)

            new = [chosen(one, old) for one, old in zip(new, inner, strict=True)]
            kept = ops.zeros_like(output) if self.zero_output_for_mask else last
            return [*new, chosen(output, last)], [chosen(output, kept)]

        if mask is not None:  # the output before the first timestep
            size = self._output_shape(flat)
            flat = [*flat, ops.zeros((extents_of(sequences)[0], *size), self.compute_dtype)]
        made = scan(step, flat, items, keep=training)
        finals = [one[-1] for one in made[: len(flat)]]
        last = finals.pop() if mask is not None else made[-1][-1]
        for variable, value in zip(self._kept, finals, strict=False):
            variable.assign(value)
        result = _exchanged(made[-1]) if self.return_sequences else last
        return [result, *finals] if self.return_state else result

    def _output_shape(self, states: list[Any]) -> tuple[Any, ...]:
        """The shape of one row of the output."""
        size = getattr(self.cell, "output_size", None)
        if size is None:
            return tuple(extents_of(states[0])[1:])
        return tuple(size) if isinstance(size, list | tuple) else (size,)

    def _first_states(self, sequences: Any, initial_state: Any) -> Any:
        if initial_state is None:
            if self._kept:
                if self._kept[0].shape[0] != extents_of(sequences)[0]:
                    raise ValueError(
                        f"{self._who()}: a stateful layer keeps {self._kept[0].shape[0]} states. "
                        f"Received a batch of {extents_of(sequences)[0]}. Every batch needs that "
                        "size: give batch_size, and a number of samples that it divides."
                    )
                return [variable.value for variable in self._kept]
            return self.get_initial_state(extents_of(sequences)[0])
        given = tree.flatten(initial_state)
        wanted = len(tree.flatten(self.get_initial_state(1)))
        if len(given) != wanted:
            raise ValueError(
                f"{self._who()}: expected {wanted} initial states. Received: {len(given)}"
            )
        return given

    def _turns(self, sequences: Any, training: bool) -> tuple[Any, Any]:
        """What the loop reads at each turn, and what it does with it."""
        cell = self.cell
        if type(cell).call is not Cell.call:
            return sequences, lambda item, states: turn_of(cell, item, states, training)
        # the same elements are dropped at every timestep
        rows = extents_of(sequences)[1:]
        on_inputs, on_state = cell.noise(rows, dtype_of(sequences), training)

        def turn(item: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
            projected = item if cell.projects_ahead else cell.project(item, on_inputs)
            return cell.turn(projected, states, on_state)

        return cell.project(sequences, on_inputs) if cell.projects_ahead else sequences, turn


def _state_of(row: Any, batch: int) -> Variable:
    """A state for each row of a batch, all as the one given."""
    shape = (batch, *row.shape[1:])
    return Variable(
        lambda shape, dtype: ops.broadcast_to(row, shape), shape, dtype_of(row), trainable=False
    )


def _exchanged(x: Any) -> Any:
    """x with its first two axes exchanged: rows and timesteps."""
    return ops.transpose(x, (1, 0, *range(2, len(extents_of(x)))))


_LAYER_ARGUMENTS = (*Layer.accepts, "activity_regularizer")


class OfCell(RNN):
    """A recurrent layer that makes its own cell, of the arguments that the cell takes."""

    cell_class: type[Cell] = Cell
    accepts = (*Cell.accepts, *_RNN_ARGUMENTS)

    def get_config(self) -> dict[str, Any]:
        """The arguments, those of the loop that go by keyword too."""
        loop = {name: getattr(self, name) for name in _RNN_ARGUMENTS}
        return {**super().get_config(), **loop}

    def _make(self, units: int, arguments: dict[str, Any], kwargs: dict[str, Any]) -> None:
        own = {name: kwargs.pop(name) for name in list(kwargs) if name in _RNN_ARGUMENTS}
        shared = {"trainable": kwargs.get("trainable", True), "dtype": kwargs.get("dtype")}
        name = snake_case(self.cell_class.__name__)
        cell = self.cell_class(units, **arguments, **shared, name=name)
        RNN.__init__(self, cell, **own, **kwargs)

    def __getattr__(self, name: str) -> Any:
        cell = self.__dict__.get("cell")
        if cell is not None and not name.startswith("_") and hasattr(cell, name):
            return getattr(cell, name)
        return super().__getattr__(name)


@register("layers")
class SimpleRNN(OfCell):
    """`h = activation(x @ kernel + h @ recurrent_kernel + bias)`, for each timestep.

    Args:
        units: the size of the output.
        activation: a function's name or a function.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: the weights' first values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on the weights.
        activity_regularizer: a penalty on the output.
        kernel_constraint, recurrent_constraint, bias_constraint: projections after each update.
        dropout, recurrent_dropout: the share of inputs, and of the state, dropped in training.
        seed: for what is dropped.
        return_sequences, return_state, go_backwards, stateful, unroll: see `RNN`.

    Weights: kernel (features, units), recurrent_kernel (units, units), bias (units,).

    >>> import numpy as np
    >>> SimpleRNN(4)(np.zeros((2, 5, 3), "float32")).shape
    (2, 4)
    """

    cell_class = SimpleRNNCell

    unless_default = ("seed",)

    def __init__(
        self, units: int, activation: Any = "tanh", use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None,
        recurrent_constraint: Any = None, bias_constraint: Any = None, dropout: float = 0.0,
        recurrent_dropout: float = 0.0, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        seed: int | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        given = {**self._arguments, **kwargs}
        divided(self, given)


@register("layers")
class LSTM(OfCell):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997), for each timestep.

    Args: those of `SimpleRNN`, and
        recurrent_activation: of the gates.
        unit_forget_bias: whether the forget gate's bias begins at 1.
        use_cudnn: accepted as in Keras.

    Weights: kernel (features, 4 units), recurrent_kernel (units, 4 units), bias (4 units,).

    >>> import numpy as np
    >>> LSTM(4, return_sequences=True)(np.zeros((2, 5, 3), "float32")).shape
    (2, 5, 4)
    """

    cell_class = LSTMCell

    unless_default = ("use_cudnn",)

    def __init__(
        self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid",
        use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True, kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None,
        recurrent_constraint: Any = None, bias_constraint: Any = None, dropout: float = 0.0,
        recurrent_dropout: float = 0.0, seed: int | None = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, use_cudnn: Any = "auto", **kwargs: Any,
    ) -> None:  # fmt: skip
        given = {**self._arguments, **kwargs}
        divided(self, given)


@register("layers")
class GRU(OfCell):
    """The gated recurrent unit (Cho et al., 2014), for each timestep.

    Args: those of `SimpleRNN`, and
        recurrent_activation: of the gates.
        reset_after: whether the reset gate is applied after the product with the state.
        use_cudnn: accepted as in Keras.

    Weights: kernel (features, 3 units), recurrent_kernel (units, 3 units), bias (2, 3 units).

    >>> import numpy as np
    >>> GRU(4)(np.zeros((2, 5, 3), "float32")).shape
    (2, 4)
    """

    cell_class = GRUCell
    config_order = (*RNN.config_order, *signature_names(GRUCell.__init__))

    unless_default = ("use_cudnn",)

    def __init__(
        self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid",
        use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None, recurrent_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None,
        kernel_constraint: Any = None, recurrent_constraint: Any = None,
        bias_constraint: Any = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        reset_after: bool = True, use_cudnn: Any = "auto", **kwargs: Any,
    ) -> None:  # fmt: skip
        given = {**self._arguments, **kwargs}
        divided(self, given)


def divided(layer: OfCell, given: dict[str, Any], size: str = "units") -> None:
    """Divide the arguments of a recurrent layer among its cell, its loop and the layer itself."""
    given = dict(given)
    given.pop("use_cudnn", None)
    given.pop("implementation", None)
    units = given.pop(size)
    elsewhere = {*_RNN_ARGUMENTS, *_LAYER_ARGUMENTS}
    own = {name: given.pop(name) for name in list(given) if name in elsewhere}
    layer._make(units, given, own)
