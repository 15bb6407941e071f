"""The cells of recurrent layers: one turn each.

A cell has two parts: `project`, which needs the inputs alone and can be done for all turns at once,
and `turn`, which needs the state. Called, it does both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain import activations, constraints, initializers, ops, random, regularizers
from geartrain.graph.shapes import Shape
from geartrain.layers.arguments import known_size, positive
from geartrain.layers.layer import COMMON_KEYS, Layer
from geartrain.ops.operands import dtype_of, extents_of
from geartrain.random import SeedGenerator
from geartrain.registry import register

Noise = list[Any] | None  # factors, for each gate or for all: 0, or 1 / (1 - rate)


class Cell(Layer):
    """The base of the cells here: `gates` projections of the input and of the state, one bias.

    Subclasses give `gates` and `turn`.
    """

    accepts = (*Layer.accepts, "implementation")  # as Keras's do; there is one way here
    gates = 1
    projects_ahead = True  # whether `project` takes all turns at once

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("implementation", None)
        super().__init__(**kwargs)
        self.units = positive(self, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = min(1.0, max(0.0, dropout))
        self.recurrent_dropout = min(1.0, max(0.0, recurrent_dropout))
        self.seed = seed
        if self.dropout or self.recurrent_dropout:
            self.seed_generator = SeedGenerator(seed)
        self.state_size: Any = self.units
        self.output_size = self.units

    def build(self, input_shape: Any) -> None:
        """Make the kernel, the recurrent kernel, and the bias."""
        inputs, columns = known_size(self, input_shape, -1), self.units * self.gates
        self.kernel = self.add_weight(
            name="kernel", shape=(inputs, columns), initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel", shape=(self.units, columns),
            initializer=self.recurrent_initializer, regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )  # fmt: skip
        self._build_bias()

    def _build_bias(self) -> None:
        """Make the bias, the last of the weights, if there is one."""
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=self.bias_shape(), initializer=self.first_bias,
                regularizer=self.bias_regularizer, constraint=self.bias_constraint,
            )  # fmt: skip

    def bias_shape(self) -> tuple[int, ...]:
        """The shape of the bias."""
        return (self.units * self.gates,)

    def first_bias(self, shape: Any, dtype: Any = None) -> Any:
        """The first values of the bias."""
        return self.bias_initializer(shape, dtype=dtype)

    def input_bias(self) -> Any:
        """The bias that is added to the inputs' projection."""
        return self.bias

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """The state before the first turn: zeros."""
        sizes = [self.state_size] if isinstance(self.state_size, int) else self.state_size
        return [ops.zeros((batch_size, size), self.compute_dtype) for size in sizes]

    def project(self, inputs: Any, noise: Noise = None) -> Any:
        """The part that needs the inputs alone, (..., inputs) to (..., gates * units)."""
        projected = self.product(inputs, self.kernel, noise)
        bias = self.input_bias() if self.use_bias else None
        return projected if bias is None else ops.add(projected, bias)

    def turn(
        self, projected: Any, states: Sequence[Any], noise: Noise = None
    ) -> tuple[Any, list[Any]]:
        """The part that needs the state: the output, and the new states.

        Noise falls on what the gates read of the first state, and never on a state itself: what a
        cell remembers is handed on whole.
        """
        raise NotImplementedError(f"{type(self).__name__} needs turn(projected, states, noise).")

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """One turn: the output (batch, units), and the new states."""
        several = isinstance(states, list | tuple)
        given = list(states) if several else [states]
        on_inputs, on_state = self.noise(extents_of(inputs), dtype_of(inputs), training)
        output, new = self.turn(self.project(inputs, on_inputs), given, on_state)
        return output, (new if several else new[0])

    def noise(self, shape: Shape, dtype: str, training: bool) -> tuple[Noise, Noise]:
        """What dropout multiplies the inputs of a turn by, and what the gates read of the state.

        As in Keras, with `recurrent_dropout` both are drawn for each gate on its own; without it,
        all gates read the same inputs.
        """
        if not training:
            return None, None
        gates = self.gates if self.recurrent_dropout else 1
        state = (*shape[:-1], self.units)
        on_inputs = self.drawn(self.dropout, shape, dtype, gates)
        return on_inputs, self.drawn(self.recurrent_dropout, state, self.compute_dtype, gates)

    def drawn(self, rate: float, shape: Shape, dtype: str, gates: int) -> Noise:
        """Factors for so many gates; None without dropout."""
        if not rate:
            return None
        ones = ops.ones(shape, dtype)
        return [random.dropout(ones, rate, seed=self.seed_generator) for _ in range(gates)]

    def product(self, x: Any, matrix: Any, noise: Noise) -> Any:
        """`x @ matrix`, where the columns of each gate see x with noise of their own."""
        if noise is None:
            return ops.matmul(x, matrix)
        if len(noise) == 1:
            return ops.matmul(x * noise[0], matrix)
        pairs = zip(noise, self.parts(matrix), strict=True)
        return ops.concatenate([ops.matmul(x * one, columns) for one, columns in pairs], axis=-1)

    def parts(self, x: Any) -> list[Any]:
        """The gates' columns apart."""
        return [x[..., n * self.units : (n + 1) * self.units] for n in range(self.gates)]


@register("layers")
class SimpleRNNCell(Cell):
    """`h = activation(x @ kernel + h @ recurrent_kernel + bias)`.

    Args: those of `SimpleRNN`.

    >>> import numpy as np
    >>> output, state = SimpleRNNCell(2)(np.ones((1, 3), "float32"), np.zeros((1, 2), "float32"))
    >>> output.shape, output is state
    ((1, 2), True)
    """

    def turn(
        self, projected: Any, states: Sequence[Any], noise: Noise = None
    ) -> tuple[Any, list[Any]]:
        """One step of the recurrence."""
        output = ops.add(projected, self.product(states[0], self.recurrent_kernel, noise))
        if self.activation is not None:
            output = self.activation(output)
        return output, [output]


@register("layers")
class LSTMCell(Cell):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997), with a forget gate.

        i, f, o = recurrent_activation(x @ W + h @ U + b), the gates' columns
        c = f * c + i * activation(x @ W + h @ U + b);  h = o * activation(c)

    Args: those of `LSTM`.

    >>> import numpy as np
    >>> zero = np.zeros((1, 2), "float32")
    >>> output, (h, c) = LSTMCell(2)(np.ones((1, 3), "float32"), [zero, zero])
    >>> output is h, c.shape
    (True, (1, 2))
    """

    gates = 4

    config_order = (
        *COMMON_KEYS,
        "units",
        "activation",
        "recurrent_activation",
        "use_bias",
        "unit_forget_bias",
    )

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units, activation, use_bias, kernel_initializer, recurrent_initializer,
            bias_initializer, kernel_regularizer, recurrent_regularizer, bias_regularizer,
            kernel_constraint, recurrent_constraint, bias_constraint, dropout, recurrent_dropout,
            seed, **kwargs,
        )  # fmt: skip
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def first_bias(self, shape: Any, dtype: Any = None) -> Any:
        """Ones for the forget gate, if it is to be open at first."""
        first = self.bias_initializer(shape, dtype=dtype)
        if not self.unit_forget_bias:
            return first
        ones = ops.ones((self.units,), dtype)
        return ops.concatenate([first[: self.units], ones, first[2 * self.units :]])

    def turn(
        self, projected: Any, states: Sequence[Any], noise: Noise = None
    ) -> tuple[Any, list[Any]]:
        """One step of the recurrence."""
        h, c = states
        sums = ops.add(projected, self.product(h, self.recurrent_kernel, noise))
        enter, forget, new, out = self.parts(sums)
        gate = self.recurrent_activation
        c = gate(forget) * c + gate(enter) * self.activation(new)
        h = gate(out) * self.activation(c)
        return h, [h, c]


@register("layers")
class GRUCell(Cell):
    """The gated recurrent unit (Cho et al., 2014).

        z, r = recurrent_activation(x @ W + h @ U + b), the gates' columns
        n = activation(x @ W + r * (h @ U + b));  h = z * h + (1 - z) * n

    With `reset_after=False`, n uses (r * h) @ U.

    Args: those of `GRU`.

    >>> import numpy as np
    >>> output, h = GRUCell(2)(np.ones((1, 3), "float32"), np.zeros((1, 2), "float32"))
    >>> output is h
    True
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units, activation, use_bias, kernel_initializer, recurrent_initializer,
            bias_initializer, kernel_regularizer, recurrent_regularizer, bias_regularizer,
            kernel_constraint, recurrent_constraint, bias_constraint, dropout, recurrent_dropout,
            seed, **kwargs,
        )  # fmt: skip
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = reset_after

    def bias_shape(self) -> tuple[int, ...]:
        """With `reset_after`, the inputs and the state have a bias each."""
        columns = 3 * self.units
        return (2, columns) if self.reset_after else (columns,)

    def input_bias(self) -> Any:
        """The first of the two biases, or the only one."""
        return self.bias[0] if self.reset_after else self.bias  # type: ignore[index]

    def turn(
        self, projected: Any, states: Sequence[Any], noise: Noise = None
    ) -> tuple[Any, list[Any]]:
        """One step of the recurrence."""
        (h,) = states
        keep_x, reset_x, new_x = self.parts(projected)
        gate = self.recurrent_activation
        if self.reset_after:
            sums = self.product(h, self.recurrent_kernel, noise)
            if self.bias is not None:
                sums = ops.add(sums, self.bias[1])
            keep_h, reset_h, new_h = self.parts(sums)
            keep, reset = gate(keep_x + keep_h), gate(reset_x + reset_h)
            new = self.activation(new_x + reset * new_h)
        else:
            matrices = self.parts(self.recurrent_kernel)
            read = [h, h, h] if noise is None else [h * one for one in noise]
            keep = gate(keep_x + ops.matmul(read[0], matrices[0]))
            reset = gate(reset_x + ops.matmul(read[1], matrices[1]))
            new = self.activation(new_x + ops.matmul(reset * read[2], matrices[2]))
        h = keep * h + (1 - keep) * new
        return h, [h]
