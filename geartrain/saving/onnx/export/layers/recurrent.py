"""Recurrent layers. ONNX has time first, weights transposed, and gates in an order of its own.

Of our gates (input, forget, cell, output) ONNX wants (input, output, forget, cell); those of a GRU
are in the same order. ONNX's sequence lengths cannot say what a mask says, which may have gaps:
masked layers are exported as a loop, as are activations that ONNX's operators do not have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from geartrain import activations, layers, tree
from geartrain.layers.cells import GRUCell, LSTMCell, SimpleRNNCell
from geartrain.saving.onnx.export.extents import INT64
from geartrain.saving.onnx.export.graph import Value
from geartrain.saving.onnx.export.layers.table import Written, is_single, rule

_OPERATORS = {SimpleRNNCell: "RNN", LSTMCell: "LSTM", GRUCell: "GRU"}
_GATES = {"RNN": (0,), "LSTM": (0, 3, 1, 2), "GRU": (0, 1, 2)}
_Function: TypeAlias = tuple[str, list[float], list[float]]
# A function's name, and its parameters alpha and beta, if it has them.
_FUNCTIONS: dict[Any, _Function] = {
    activations.relu: ("Relu", [], []),
    activations.tanh: ("Tanh", [], []),
    activations.sigmoid: ("Sigmoid", [], []),
    activations.hard_sigmoid: ("HardSigmoid", [1 / 6], [0.5]),
    activations.softsign: ("Softsign", [], []),
    activations.softplus: ("Softplus", [], []),
    activations.elu: ("Elu", [1.0], []),
    activations.linear: ("Affine", [1.0], [0.0]),
}
_LIMITS = "masks, other activations and float64: as Scan"


class Results(NamedTuple):
    """What the operator gives: (time, directions, batch, units), and the last states.

    Each state is (directions, batch, units).
    """

    sequence: str
    states: list[str]


def _functions(operator: str, cell: Any) -> list[_Function] | None:
    """The activations of one direction, if ONNX has them."""
    wanted = [cell.activation or activations.linear]
    if operator != "RNN":
        wanted.insert(0, cell.recurrent_activation or activations.linear)
    if operator == "LSTM":
        wanted.append(wanted[-1])
    found = [_FUNCTIONS.get(function) for function in wanted]
    return None if None in found else found  # type: ignore[return-value]


def _told(operator: str, cells: Sequence[Any]) -> dict[str, Any] | None:
    """The attributes of the cells; None if they say what ONNX cannot."""
    functions = [_functions(operator, cell) for cell in cells]
    if any(one is None for one in functions):
        return None
    flat = [one for several in functions for one in several or ()]
    told: dict[str, Any] = {"hidden_size": cells[0].units, "activations": [f[0] for f in flat]}
    # Only the functions that have a parameter take theirs, in order.
    for number, name in enumerate(("activation_alpha", "activation_beta"), 1):
        if taken := [one for function in flat for one in function[number]]:
            told[name] = taken
    if operator == "GRU":
        told["linear_before_reset"] = int(cells[0].reset_after)
    return told


def _gated(operator: str, columns: np.ndarray, units: int) -> np.ndarray:
    """The gates' columns in ONNX's order, as rows."""
    parts = [columns[..., n * units : (n + 1) * units] for n in _GATES[operator]]
    return np.concatenate(parts, axis=-1).T


def _biases(operator: str, cell: Any) -> np.ndarray:
    """The bias of the inputs, then that of the state, which most cells do not have."""
    own = cell.bias.array
    rows = own if own.ndim == 2 else np.stack([own, np.zeros_like(own)])
    return np.concatenate([_gated(operator, row, cell.units) for row in rows])


def _weights(exporter: Any, operator: str, cells: Sequence[Any], dtype: str) -> list[Value | None]:
    """Kernels, recurrent kernels and biases with an axis for the directions in front."""

    def of_all(name: str, arranged: Callable[[Any], np.ndarray]) -> str:
        variables = tuple(getattr(cell, name) for cell in cells)
        found: str = exporter.weight(
            variables[0], lambda _: np.stack([arranged(cell) for cell in cells]), dtype, variables
        )
        return found  # under the name of the first one's variable

    kernel = of_all("kernel", lambda cell: _gated(operator, cell.kernel.array, cell.units))
    recurrent = of_all(
        "recurrent_kernel",
        lambda cell: _gated(operator, cell.recurrent_kernel.array, cell.units),
    )
    if cells[0].bias is None:
        return [kernel, recurrent, None]
    return [kernel, recurrent, of_all("bias", lambda cell: _biases(operator, cell))]


def _written(
    exporter: Any, cells: Sequence[Any], inputs: Any, initial_state: Any, direction: str
) -> Results | None:
    """The operator with one direction or two; None if ONNX cannot say it."""
    operator = _OPERATORS.get(type(cells[0]))
    known = operator is not None and is_single(inputs) and inputs.ndim == 3
    told = _told(operator, cells) if known else None
    if operator is None or told is None:
        return None
    graph, dtype = exporter.graph, inputs.dtype
    weights = _weights(exporter, operator, cells, dtype)
    states: list[Value] = []
    if initial_state is not None:
        flat = [exporter.cast(exporter.value(one), dtype, known=one.dtype)
                for one in tree.flatten(initial_state)]  # fmt: skip
        each = len(flat) // len(cells)
        states = [_stacked(exporter, flat[n::each]) for n in range(each)]
    x = graph.transpose(exporter.value(inputs), (1, 0, 2))
    outputs = 3 if operator == "LSTM" else 2
    sequence, *last = graph.several(
        operator, outputs, x, *weights, None, *states, direction=direction, **told
    )
    return Results(sequence, last)


def _stacked(exporter: Any, states: list[Value]) -> Value:
    """The states of all directions, one after the other on a new axis in front."""
    front = np.zeros(1, INT64)
    rows = [exporter.graph.node("Unsqueeze", state, front) for state in states]
    return rows[0] if len(rows) == 1 else exporter.graph.node("Concat", *rows, axis=0)


def _squeezed(exporter: Any, value: Value, axis: int = 0) -> Value:
    made: Value = exporter.graph.node("Squeeze", value, np.asarray([axis], INT64))
    return made


def _backwards(exporter: Any, value: Value) -> Value:
    """The order of the timesteps, on the first axis, turned around."""
    last, far = np.asarray([-1], INT64), np.asarray([np.iinfo(INT64).min // 2], INT64)
    made: Value = exporter.graph.node("Slice", value, last, far, np.zeros(1, INT64), last)
    return made


@rule(layers.SimpleRNN, operators="RNN", limits=_LIMITS)
@rule(layers.LSTM, operators="LSTM", limits=_LIMITS)
@rule(layers.GRU, operators="GRU", limits=_LIMITS)
@rule(
    layers.RNN,
    operators="RNN, LSTM or GRU, by the cell",
    limits=f"cells of your own and several cells, {_LIMITS}",
)
def _recurrent(
    exporter: Any, layer: Any, sequences: Any, initial_state: Any = None, mask: Any = None
) -> Written:
    if mask is not None or layer.stateful:
        return None
    direction = "reverse" if layer.go_backwards else "forward"
    results = _written(exporter, [layer.cell], sequences, initial_state, direction)
    if results is None:
        return None
    states = [_squeezed(exporter, state) for state in results.states]
    output = states[0]
    if layer.return_sequences:
        output = _squeezed(exporter, results.sequence, 1)
        if layer.go_backwards:
            output = _backwards(exporter, output)
        output = exporter.graph.transpose(output, (1, 0, 2))
    return [output, *states] if layer.return_state else output


@rule(
    layers.Bidirectional,
    operators="RNN, LSTM or GRU with two directions",
    limits=f"two layers of different settings, {_LIMITS}",
)
def _bidirectional(
    exporter: Any, layer: Any, sequences: Any, initial_state: Any = None, mask: Any = None
) -> Written:
    there, back = layer.forward_layer, layer.backward_layer
    cells = [getattr(there, "cell", None), getattr(back, "cell", None)]
    alike = type(there) in _LAYERS and type(there) is type(back) and _alike(*cells)
    if mask is not None or not alike or there.go_backwards or there.stateful:
        return None
    results = _written(exporter, cells, sequences, initial_state, "bidirectional")
    if results is None:
        return None
    graph = exporter.graph
    both = [graph.several("Split", 2, state, axis=0, num_outputs=2) for state in results.states]
    states = [[_squeezed(exporter, pair[way]) for pair in both] for way in (0, 1)]
    outputs: list[Value] = [states[0][0], states[1][0]]
    if layer.return_sequences:
        pair = graph.several("Split", 2, results.sequence, axis=1, num_outputs=2)
        outputs = [graph.transpose(_squeezed(exporter, one, 1), (1, 0, 2)) for one in pair]
    merged = _merged(exporter, layer.merge_mode, outputs, sequences.dtype)
    return [*merged, *states[0], *states[1]] if layer.return_state else merged


_LAYERS = (layers.SimpleRNN, layers.LSTM, layers.GRU, layers.RNN)


def _alike(cell: Any, other: Any) -> bool:
    """Whether one operator can have both cells as its directions."""
    names = ("units", "use_bias", "reset_after")
    return type(cell) is type(other) and all(
        getattr(cell, name, None) == getattr(other, name, None) for name in names
    )


def _merged(exporter: Any, mode: str | None, outputs: list[Value], dtype: str) -> list[Value]:
    graph = exporter.graph
    if mode is None:
        return outputs
    if mode == "concat":
        return [graph.node("Concat", *outputs, axis=-1)]
    made = graph.node("Mul" if mode == "mul" else "Add", *outputs)
    half = np.asarray(0.5, exporter.dtype(dtype))
    return [graph.node("Mul", made, half) if mode == "ave" else made]
