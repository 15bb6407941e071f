"""Reading ONNX files: a model of layers that predicts, and that can be trained further.

The stages, each of which refuses what it cannot answer for: bytes to messages (`wire`), messages
to a checked network (`network`, `tensors`), nodes to layers and operations (`builder` and
`operators`), and last the weights, all at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from geartrain import layers
from geartrain.errors import warn
from geartrain.graph.dtypes import is_float
from geartrain.graph.node import Node
from geartrain.runtime.budget import Budget
from geartrain.saving.onnx.reader.builder import Builder
from geartrain.saving.onnx.reader.names import name_of
from geartrain.saving.onnx.reader.network import Declared, Network, read_network
from geartrain.saving.onnx.reader.table import check_operators
from geartrain.serialization.names import class_of

_FUNCTIONAL = {
    "module": "keras.src.models.functional",
    "class_name": "Functional",
    "registered_name": "Functional",
}


def load_onnx(path: Path, who: str) -> Any:
    """The model in an ONNX file, on behalf of `who`, as errors name it.

    Raises ValueError for a file that is damaged, or holds what has no counterpart here.
    """
    from geartrain.saving.onnx.reader import operators  # noqa: F401

    try:
        network = read_network(path)
        check_operators(network)
        with Budget(sum(one.nbytes for one in network.stored.values())) as budget:
            return _rebuilt(network, budget)
    except ValueError as error:
        raise ValueError(f"{who}: {error}") from error


def _rebuilt(network: Network, budget: Budget) -> Any:
    taken: dict[str, int] = {}
    inputs = [_input(declared, taken) for declared in network.inputs]
    builder = Builder(network, inputs, set())
    builder.run()
    if builder.found_tied:
        budget.taken = 0
        builder = Builder(network, inputs, builder.found_tied)
        builder.run()
    outputs = [_output(builder, name) for name in network.outputs]
    functional = class_of(_FUNCTIONAL)
    model = functional(
        inputs if len(inputs) > 1 else inputs[0],
        outputs if len(outputs) > 1 else outputs[0],
        name=name_of("functional", "", network.name),
        dtype=_dtype(inputs),
    )
    budget.settle(_assign(builder, model))
    return model


def _dtype(inputs: list[Node]) -> str | None:
    """The dtype that inputs of floats have in common, which the model casts to."""
    floats = {node.dtype for node in inputs if is_float(node.dtype)}
    return floats.pop() if len(floats) == 1 else None


def _input(declared: Declared, taken: dict[str, int]) -> Node:
    name = name_of("input", f"{declared.name}.", declared.name)
    sizes = tuple(size if isinstance(size, int) else None for size in declared.sizes)
    if not sizes:
        raise ValueError(f"input {declared.name!r}: expected at least a batch axis. Received: none")
    count = taken.get(name, 0)
    taken[name] = count + 1
    made: Node = layers.Input(
        batch_shape=sizes, dtype=declared.dtype, name=f"{name}_{count}" if count else name
    )
    return made


def _output(builder: Builder, name: str) -> Node:
    value = builder.values[name]
    if not isinstance(value, Node):
        value = builder.operand(value)
    if not isinstance(value, Node):
        raise ValueError(
            f"output {name!r}: expected a tensor that depends on the inputs. Received: a constant"
        )
    if value in builder.inputs:
        made: Node = layers.Identity(name=builder.unique("identity"))(value)
        return made
    return value


def _assign(builder: Builder, model: Any) -> list[Any]:
    """Fill all weights, once all are known to fit."""
    used = {id(weight) for weight in model.weights}
    pairs = []
    for one in builder.assignments:
        if one.layer.built and id(one.variable) in used:
            pairs.append((one.variable, one.value()))
    for variable, value in pairs:
        if variable.shape != value.shape:
            raise ValueError(
                f"weight {variable.path!r}: expected values of shape {variable.shape}. "
                f"Received: {value.shape}"
            )
    if missing := used - {id(variable) for variable, _ in pairs}:
        paths = [weight.path for weight in model.weights if id(weight) in missing]
        raise ValueError(f"expected values for all weights. Received: none for {paths}")
    for variable, value in pairs:
        variable.assign(value)
    if builder.found_tied:
        warn(
            f"load_model: the weights {', '.join(sorted(builder.found_tied))} are used by several "
            "layers, each of which gets a copy: they are trained apart."
        )
    return [variable for variable, _ in pairs]
