"""Recurrent layers: ONNX's order of gates as Keras's, and its axes of directions and time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from geartrain import layers, ops
from geartrain.graph.node import Node
from geartrain.graph.shapes import BATCH
from geartrain.ops.operands import extents_of, rank_of
from geartrain.saving.onnx.reader.operators.shaping import reshaped
from geartrain.saving.onnx.reader.place import Place, expect, policy
from geartrain.saving.onnx.reader.table import operator
from geartrain.saving.onnx.reader.values import Filled, Initial, Source

_FUNCTIONS = {
    "Sigmoid": "sigmoid", "Tanh": "tanh", "Relu": "relu", "Softsign": "softsign",
    "Softplus": "softplus", "Elu": "elu", "HardSigmoid": "hard_sigmoid", "Affine": "linear",
}  # fmt: skip
# Alpha and beta of the functions that have them: what ours has there, and ONNX's default.
_PARAMETERS: dict[str, tuple[tuple[float, float] | None, ...]] = {
    "Elu": ((1.0, 1.0), None),
    "HardSigmoid": ((1 / 6, 0.2), (0.5, 0.5)),
    "Affine": ((1.0, 1.0), (0.0, 0.0)),
}


class Kind(NamedTuple):
    """A kind of recurrence: its layer, its gates in Keras's order, and its functions."""

    layer: Any
    gates: tuple[int, ...]
    functions: tuple[str, ...]
    states: int


_LSTM = Kind(layers.LSTM, (0, 2, 3, 1), ("Sigmoid", "Tanh", "Tanh"), 2)
_GRU = Kind(layers.GRU, (0, 1, 2), ("Sigmoid", "Tanh"), 1)
_RNN = Kind(layers.SimpleRNN, (0,), ("Tanh",), 1)


@operator("LSTM")
def lstm(
    at: Place, x: Any, w: Any, r: Any, b: Any = None, lengths: Any = None, first_h: Any = None,
    first_c: Any = None, peepholes: Any = None, *, activation_alpha: list | None = None,
    activation_beta: list | None = None, activations: list | None = None,
    clip: float | None = None, direction: str = "forward", hidden_size: int | None = None,
    input_forget: int = 0, layout: int = 0,
) -> Any:  # fmt: skip
    """The layer; the two biases become their sum."""
    if peepholes is not None and np.any(at.array(peepholes, "the peepholes")):
        raise ValueError(
            "expected an LSTM without peepholes. Received: the input P, which is not zero"
        )
    _refuse(input_forget=input_forget, clip=clip)
    config = _functions(_LSTM, activations, direction, activation_alpha, activation_beta)
    return _recurrent(at, _LSTM, config, x, w, r, b, lengths, (first_h, first_c), direction, layout)


@operator("GRU")
def gru(
    at: Place, x: Any, w: Any, r: Any, b: Any = None, lengths: Any = None, first_h: Any = None, *,
    activation_alpha: list | None = None, activation_beta: list | None = None,
    activations: list | None = None, clip: float | None = None, direction: str = "forward",
    hidden_size: int | None = None, layout: int = 0, linear_before_reset: int = 0,
) -> Any:  # fmt: skip
    """The layer, with the reset gate after or before the product."""
    _refuse(clip=clip)
    config: dict[str, Any] = {
        "reset_after": bool(linear_before_reset),
        **_functions(_GRU, activations, direction, activation_alpha, activation_beta),
    }
    return _recurrent(at, _GRU, config, x, w, r, b, lengths, (first_h,), direction, layout)


@operator("RNN")
def rnn(
    at: Place, x: Any, w: Any, r: Any, b: Any = None, lengths: Any = None, first_h: Any = None, *,
    activation_alpha: list | None = None, activation_beta: list | None = None,
    activations: list | None = None, clip: float | None = None, direction: str = "forward",
    hidden_size: int | None = None, layout: int = 0,
) -> Any:  # fmt: skip
    """The layer SimpleRNN; the two biases become their sum."""
    _refuse(clip=clip)
    config = _functions(_RNN, activations, direction, activation_alpha, activation_beta)
    return _recurrent(at, _RNN, config, x, w, r, b, lengths, (first_h,), direction, layout)


def _refuse(**attributes: Any) -> None:
    for name, value in attributes.items():
        if value:
            raise ValueError(f"expected no {name}, as no layer has one. Received: {value}")


def _functions(
    kind: Kind, given: list[str] | None, direction: str, alpha: list[float] | None,
    beta: list[float] | None,
) -> dict[str, str]:  # fmt: skip
    """The layer's arguments for the activations, which must be alike in both directions."""
    names = tuple(given or kind.functions)
    count = len(kind.functions)
    own = names[:count]
    if direction == "bidirectional" and given is not None and names != own * 2:
        raise ValueError(f"expected the same activations in both directions. Received: {given}")
    known = all(name in _FUNCTIONS for name in own) and len(own) == count
    if not known or (count == 3 and own[1] != own[2]):
        raise ValueError(
            f"expected activations among {', '.join(_FUNCTIONS)}, the last two of an LSTM alike. "
            f"Received: {list(names)}"
        )
    _check_parameters(names, alpha, beta)
    if count == 1:
        return {"activation": _FUNCTIONS[own[0]]}
    return {"recurrent_activation": _FUNCTIONS[own[0]], "activation": _FUNCTIONS[own[1]]}


def _check_parameters(
    names: tuple[str, ...], alpha: list[float] | None, beta: list[float] | None
) -> None:
    """Refuse functions with other parameters than ours have; each takes its own, in order."""
    left = [list(alpha or ()), list(beta or ())]
    for name in names:
        for parameter, numbers in zip(_PARAMETERS.get(name, ()), left, strict=False):
            if parameter is None:
                continue
            wanted, default = parameter
            found = numbers.pop(0) if numbers else default
            if abs(found - wanted) > 1e-6:
                raise ValueError(
                    f"expected {name} with the parameter {wanted:g}, as the layers' function has. "
                    f"Received: {found:g}"
                )


def _both_ways(cell: Any, name: str, **config: Any) -> Any:
    return layers.Bidirectional(
        cell(**config), merge_mode="concat", name=name, dtype=config["dtype"]
    )


def _one_way(cell: Any, name: str, **config: Any) -> Any:
    return cell(**config, name=name)


def _recurrent(
    at: Place, kind: Kind, config: dict[str, Any], x: Any, w: Any, r: Any, b: Any, lengths: Any,
    states: tuple[Any, ...], direction: str, layout: int,
) -> Any:  # fmt: skip
    """Y, Y_h and Y_c, as far as they are read."""
    if direction not in ("forward", "reverse", "bidirectional"):
        raise ValueError(f"expected a known direction. Received: {direction!r}")
    x = at.tensor(x)
    if rank_of(x) != 3:
        raise ValueError(f"expected inputs of 3 axes. Received shape {x.shape}")
    x = x if layout else at.transposed(x, (1, 0, 2))
    if extents_of(x)[1] == BATCH:
        raise ValueError(
            "expected the batch as the first axis of the network's inputs. Received: the time "
            "there. Export the model with batch_first=True."
        )
    directions = 2 if direction == "bidirectional" else 1
    weights, units = _weights(at, kind, config, x, w, r, b, directions)
    wants = [at.wanted(number) for number in range(3)]
    whole, finals = wants[0], any(wants[1:])
    made = at.layer(
        _both_ways if directions == 2 else _one_way, weights,
        kind="bidirectional" if directions == 2 else kind.layer.__name__.lower(),
        cell=kind.layer, units=units, use_bias=b is not None, return_sequences=whole,
        return_state=finals, go_backwards=direction == "reverse", zero_output_for_mask=True,
        dtype=policy(x), **config,
    )  # fmt: skip
    kwargs: dict[str, Any] = {}
    first = _first_states(at, states, units, directions, layout)
    if first is not None:
        kwargs["initial_state"] = first
    if lengths is not None:
        kwargs["mask"] = _mask(at, x, lengths)
    results = made(x, **kwargs)
    results = list(results) if isinstance(results, list | tuple) else [results]
    sequence = results.pop(0)
    if whole and direction == "reverse":
        sequence = ops.flip(sequence, axis=1)
    outputs: list[Any] = [_sequence(at, sequence, directions, units, layout) if whole else None]
    for number in range(kind.states if finals else 0):
        outputs.append(_final(at, results[number :: kind.states], units, layout))
    return tuple(outputs)


def _weights(
    at: Place, kind: Kind, config: dict[str, Any], x: Node, w: Any, r: Any, b: Any, directions: int
) -> tuple[dict[str, Source], int]:
    """The weights of the layer by their places, and its units."""
    gates, units = len(kind.gates), r.shape[-1]
    expect(x, -1, w.shape[-1], "the weight W")
    shapes = ((directions, gates * units, w.shape[-1]), (directions, gates * units, units))
    both = config.get("reset_after", False)
    if (tuple(w.shape), tuple(r.shape)) != shapes or (
        b is not None and tuple(b.shape) != (directions, 2 * gates * units)
    ):
        raise ValueError(
            f"expected W and R of shapes {shapes}, and B of shape "
            f"{(directions, 2 * gates * units)}. Received: W {tuple(w.shape)}, R {tuple(r.shape)}"
            + (f", B {tuple(b.shape)}" if b is not None else "")
        )
    found: dict[str, Source] = {}
    for way in range(directions):
        for value, change in (
            (w, _kernel(kind, way)), (r, _kernel(kind, way)), (b, _bias(kind, way, both)),
        ):  # fmt: skip
            if value is not None:
                found[str(len(found))] = (at.weight(value, "a weight"), change)
    return found, units


def _kernel(kind: Kind, way: int) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        parts = np.split(array[way], len(kind.gates))
        return np.concatenate([parts[gate] for gate in kind.gates]).T

    return change


def _bias(kind: Kind, way: int, both: bool) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        parts = array[way].reshape(2, len(kind.gates), -1)[:, list(kind.gates)]
        joined = parts if both else parts.sum(0, keepdims=True)
        rows = joined.reshape(len(joined), -1)
        return rows if both else rows[0]

    return change


def _first_states(
    at: Place, states: tuple[Any, ...], units: int, directions: int, layout: int
) -> list[Node] | None:
    """The states before the first timestep, direction by direction; None for zeros."""
    if all(state is None or _is_zero(state) for state in states):
        return None
    found: list[Node] = []
    for way in range(directions):
        for state in states:
            if state is None:
                raise ValueError(
                    "expected initial states for both h and c, or for none. Received: one of them"
                )
            whole = at.tensor(state, "an initial state")
            if layout:
                found.append(ops.get_item(whole, (slice(None), way)))
            elif directions == 1:
                found.append(reshaped(at, whole, extents_of(whole)[1:]))
            else:
                found.append(ops.get_item(whole, way))
    return found


def _is_zero(state: Any) -> bool:
    if isinstance(state, Filled):
        return bool(state.number == 0)
    if isinstance(state, Initial):
        return not np.any(state.array())
    return isinstance(state, np.ndarray) and not np.any(state)


def _mask(at: Place, x: Node, lengths: Any) -> Node:
    """True for the timesteps of each row that count: the first so many."""
    ones = ops.cast(ops.ones_like(ops.get_item(x, (..., 0))), "int32")
    number = ops.cumsum(ones, axis=1)
    wanted = ops.cast(at.builder.operand(lengths), "int32")
    return ops.less_equal(number, ops.expand_dims(wanted, 1))


def _sequence(at: Place, x: Node, directions: int, units: int, layout: int) -> Node:
    """(batch, time, directions * units) as Y."""
    batch, time, _ = extents_of(x)
    whole = reshaped(at, x, (batch, time, directions, units))
    return whole if layout else at.transposed(whole, (1, 2, 0, 3))


def _final(at: Place, states: list[Node], units: int, layout: int) -> Node:
    """The states of each direction as Y_h or Y_c."""
    if len(states) > 1:
        return ops.stack(states, axis=1 if layout else 0)
    batch = extents_of(states[0])[0]
    return reshaped(at, states[0], (batch, 1, units) if layout else (1, batch, units))
