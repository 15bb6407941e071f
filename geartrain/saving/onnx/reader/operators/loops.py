"""Loops over time: the layer `Loop`, with the graph inside of the node as its body."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops
from geartrain.graph.node import Node
from geartrain.ops.operands import rank_of
from geartrain.saving.onnx.layers import Loop
from geartrain.saving.onnx.reader.bodies import BodyBuilder
from geartrain.saving.onnx.reader.network import Network
from geartrain.saving.onnx.reader.place import Place
from geartrain.saving.onnx.reader.table import operator


@operator("Scan")
def loop(
    at: Place, *inputs: Any, body: Network, num_scan_inputs: int,
    scan_input_axes: list | None = None, scan_input_directions: list | None = None,
    scan_output_axes: list | None = None, scan_output_directions: list | None = None,
) -> Any:  # fmt: skip
    """The last states, then the outputs of all turns."""
    if at.opset < 9:
        raise ValueError(f"expected a Scan of opset 9 or later. Received: opset {at.opset}")
    states = len(inputs) - num_scan_inputs
    if not 0 < num_scan_inputs <= len(inputs) or len(body.inputs) != len(inputs):
        raise ValueError(
            f"expected a body with an input for each of {len(inputs)} states and sequences, at "
            f"least one of them a sequence. Received: {len(body.inputs)} inputs, "
            f"{num_scan_inputs} of sequences"
        )
    outputs = len(body.outputs) - states
    ways = _numbers(scan_input_directions, num_scan_inputs, "scan_input_directions")
    placed = _numbers(scan_output_directions, outputs, "scan_output_directions")
    axes = _numbers(scan_input_axes, num_scan_inputs, "scan_input_axes")
    made_axes = _numbers(scan_output_axes, outputs, "scan_output_axes")
    if len(set(ways)) > 1:
        raise ValueError(f"expected sequences read in one direction. Received: {ways}")
    given = [(_tensor(at, value), False) for value in inputs[:states]]
    for value, axis in zip(inputs[states:], axes, strict=True):
        given.append((_moved(at, _tensor(at, value), axis, 0), True))
    builder = BodyBuilder(at.builder, body, given)
    model, outside = builder.model()
    _check(given[:states], model.outputs)
    made = at.layer(
        Loop, kind="loop", body=model, states=states, sequences=num_scan_inputs,
        reverse=bool(ways[0]),
    )([*(node for node, _ in given), *outside])  # fmt: skip
    results = list(made[:states])
    for value, way, axis in zip(made[states:], placed, made_axes, strict=True):
        ordered = value if way == ways[0] else ops.flip(value, axis=0)
        results.append(_moved(at, ordered, 0, axis))
    return tuple(results)


def _tensor(at: Place, value: Any) -> Node:
    """A state or a sequence, which may be constants."""
    made = at.builder.operand(value)
    return made if isinstance(made, Node) else at.builder.kept_constant(np.asarray(made))


def _numbers(given: list[int] | None, count: int, name: str) -> list[int]:
    """A number for each sequence or output; 0 by default."""
    if given is not None and len(given) != count:
        raise ValueError(f"expected {count} numbers for {name}. Received: {given!s:.80}")
    return given or [0] * count


def _moved(at: Place, x: Node, start: int, stop: int) -> Node:
    """A tensor with one of its axes at another place."""
    rank = rank_of(x)
    for axis in (start, stop):
        if not -rank <= axis < rank:
            raise ValueError(f"expected an axis of {rank} for turns. Received: {axis}")
    order = list(range(rank))
    order.insert(stop % rank, order.pop(start % rank))
    return at.transposed(x, order)


def _check(states: list[tuple[Node, bool]], outputs: list[Node]) -> None:
    """Refuse a body whose new states are of another kind, and outputs of several dtypes."""
    dtypes = {one.dtype for one in outputs}
    if len(dtypes) > 1:
        raise ValueError(f"expected a body with outputs of one dtype. Received: {sorted(dtypes)}")
    for (before, _), after in zip(states, outputs, strict=False):
        if (len(before.extents), before.dtype) != (len(after.extents), after.dtype):
            raise ValueError(
                f"expected new states of the shape and dtype of the states, {before.shape} and "
                f"{before.dtype}. Received: {after.shape} and {after.dtype}"
            )
