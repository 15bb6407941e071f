"""Reading ONNX files: a model of layers that predicts, and that can be trained further.

The stages, each of which refuses what it cannot answer for: bytes to messages (`wire`), messages
to a checked network (`network`, `tensors`), nodes to layers and operations (`builder`,
`place` and `operators`), and last the weights, all at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from geartrain import layers, tree
from geartrain.compiler.analysis.batch import rows_independent
from geartrain.errors import warn
from geartrain.graph.budget import Budget
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH
from geartrain.runtime.variable import Trace
from geartrain.saving.onnx.reader.builder import Assignment, Builder, functional
from geartrain.saving.onnx.reader.names import name_of
from geartrain.saving.onnx.reader.network import Declared, Network, read_network
from geartrain.saving.onnx.reader.table import check_operators
from geartrain.saving.store import in_threads

_COLUMNS = 128


def load_onnx(path: Path, who: str) -> Any:
    """The model in an ONNX file, on behalf of `who`, as errors name it.

    Raises ValueError for a file that is damaged, or holds what has no counterpart here.
    """
    from geartrain.saving.onnx.reader import operators  # noqa: F401

    try:
        network = read_network(path)
        check_operators(network)
        with Budget(network.nbytes, objects=len(network.all_uses())) as budget:
            return _rebuilt(network, budget)
    except ValueError as error:
        raise ValueError(f"{who}: {error}") from None


def _rebuilt(network: Network, budget: Budget) -> Any:
    """The model; its batch axis is free, also where the file has the size of an example there."""
    first = {declared.sizes[0] if declared.sizes else None for declared in network.inputs}
    size = first.pop() if len(first) == 1 else None
    if isinstance(size, int):
        try:
            model, builder = _made(network, budget, size)
            if rows_independent(_traced(model)):
                return _filled(model, builder, budget)
        except ValueError:  # the size is more than an example's
            pass
    model, builder = _made(network, budget, None)
    if isinstance(size, int):
        _check_free(model, size)
    return _filled(model, builder, budget)


def _check_free(model: Any, size: int) -> None:
    """Warn of a model that holds its batch's size in other places than its inputs' shapes."""
    try:
        _traced(model)
    except ValueError as error:
        warn(
            f"load_model: the network was exported for batches of {size} alone: call the model on "
            f"arrays of that size, since predict and fit would fail ({error}). Or export it again "
            'with a name for the batch axis: torch.onnx.export(..., dynamic_shapes=({0: "batch"},)'
            '), or dynamic_axes={"x": {0: "batch"}} with dynamo=False.'
        )


def _made(network: Network, budget: Budget, example: int | None) -> tuple[Any, Builder]:
    """The model without its weights' values.

    Args:
        network: the network.
        budget: of its weights.
        example: the size of the batch in the file, where it is to be free.
    """
    taken: dict[str, int] = {}
    inputs = [_input(declared, taken, example is not None) for declared in network.inputs]
    tied: set[str] = set()
    while True:
        budget.restart()
        builder = Builder(network, inputs, tied, example)
        builder.run()
        if tied or not builder.found_tied:
            break
        tied = builder.found_tied
    outputs = [builder.output(name) for name in network.outputs]
    name = name_of("functional", "", network.name)
    return functional(inputs, outputs, name), builder


def _traced(model: Any) -> list[Node]:
    """The graph of the outputs, for a batch of any size.

    If each row of it depends on the same row of the inputs alone, then what a file says of a batch
    of one size holds for any: each row by itself is as there.
    """
    with Trace():
        nodes = [
            placeholder((BATCH, *node.extents[1:]), node.dtype)
            for node in tree.flatten(model.inputs)
        ]
        return tree.flatten(model(nodes if len(nodes) > 1 else nodes[0]))


def _input(declared: Declared, taken: dict[str, int], free: bool) -> Node:
    name = name_of("input", f"{declared.name}.", declared.name)
    sizes = tuple(size if isinstance(size, int) else None for size in declared.sizes)
    sizes = (None, *sizes[1:]) if free else sizes
    if not sizes:
        raise ValueError(f"input {declared.name!r}: expected at least a batch axis. Received: none")
    count = taken.get(name, 0)
    taken[name] = count + 1
    made: Node = layers.Input(
        batch_shape=sizes, dtype=declared.dtype, name=f"{name}_{count}" if count else name
    )
    return made


def _filled(model: Any, builder: Builder, budget: Budget) -> Any:
    """The model with the file's weights, once all are known to fit."""
    used = {id(weight) for weight in model.weights}
    found = [one for one in builder.assignments if one.layer.built and id(one.variable) in used]
    if missing := used - {id(one.variable) for one in found}:
        paths = [weight.path for weight in model.weights if id(weight) in missing]
        raise ValueError(f"expected values for all weights. Received: none for {paths}")
    pieces = [(number, 0, one.variable.array.nbytes) for number, one in enumerate(found)]
    with in_threads(lambda piece: _fill(found[piece[0]]), pieces) as done:
        for _ in done:
            pass
    if builder.found_tied:
        warn(
            f"load_model: the weights {', '.join(sorted(builder.found_tied))} are used by several "
            "layers, each of which gets a copy: they are trained apart."
        )
    budget.settle([one.variable for one in found])
    return model


def _fill(one: Assignment) -> None:
    """Set a weight; a transposed matrix some columns at a time, which is thrice as fast.

    What has to be put in order is so only now, weight by weight: it takes memory.
    """
    variable, value = one.variable, one.value()
    if variable.shape != value.shape:
        raise ValueError(
            f"weight {variable.path!r}: expected values of shape {variable.shape}. "
            f"Received: {value.shape}"
        )
    array = variable.array
    if value.ndim == 2 and value.flags.f_contiguous and value.dtype == array.dtype:
        for start in range(0, value.shape[1], _COLUMNS):
            array[:, start : start + _COLUMNS] = value[:, start : start + _COLUMNS]
    else:
        variable.assign(value)
