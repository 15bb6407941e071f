"""The calls between a model's inputs and its outputs, in an order that can be run.

The order is Keras's, since files depend on it: weights are numbered in the order of the layers.
The depth of a call is the number of calls between it and the outputs, on the longest way; an
operation that is called several times has the depth of its deepest call, and hands it to all of
them. The deepest come first; of equally deep operations, the one that a walk from the outputs back
to the inputs meets first. So an input may stand in the middle of the list, beside the layers that
are as far from the outputs as itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from geartrain import tree
from geartrain.errors import describe_value, shown, warn
from geartrain.graph.node import Node
from geartrain.graph.shapes import Atom, Dim, Extent
from geartrain.layers.input_layer import Input, InputLayer
from geartrain.layers.layer import Layer
from geartrain.layers.symbolic import Call, KerasTensor
from geartrain.ops.masks import mask_of, set_mask
from geartrain.ops.operands import dtype_of, extents_of, operand
from geartrain.ops.sizes import Size, map_leaves
from geartrain.runtime.stage import STRING
from geartrain.runtime.variable import Variable
from geartrain.utils.texts import as_texts


class CallGraph:
    """What `Model(inputs, outputs)` is made of.

    Args:
        inputs: nested symbolic tensors: of `Input`, or any that a call made.
        outputs: nested symbolic tensors that depend on them.

    Attributes:
        inputs, outputs: these. An input that a call made is replaced by a new `Input`, and the
            calls that follow it are repeated from there, with the same layers.
        input_nodes: the inputs in a flat list.
        calls: the calls in an order that can be run, without those of input layers. Each has its
            `operation`, `args`, `kwargs` and `outputs`.
        operations: what is called, layers and ops, each once, in the order of files.

    Raises:
        ValueError: an output that needs an input which is not listed, or two operations of one
            name.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        for node in [*tree.flatten(inputs), *tree.flatten(outputs)]:
            if not isinstance(node, KerasTensor):
                raise ValueError(
                    "Model: expected symbolic tensors as inputs and outputs, made by keras.Input "
                    f"and by calling layers on them. Received: {shown(node)}"
                )
        if not all(_is_input(node.call) for node in tree.flatten(inputs)):
            inputs, outputs = _from_new_inputs(inputs, outputs)
        self.inputs, self.outputs = inputs, outputs
        self.input_nodes: list[KerasTensor] = tree.flatten(inputs)
        walked = _walk(self.input_nodes, tree.flatten(outputs))
        ordered, self.operations = _by_depth(walked, self.input_nodes)
        self.calls = [call for call in ordered if call.inputs]
        self._members = set(ordered)
        _check_names(self.operations)

    @property
    def layers(self) -> list[Any]:
        """The layers among the operations."""
        return [operation for operation in self.operations if isinstance(operation, Layer)]

    def calls_of(self, operation: Any) -> list[Call]:
        """The calls of an operation in this graph, in the order in which they were made."""
        return [call for call in operation._calls if call in self._members]

    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return [node.name for node in self.input_nodes]

    def arranged(self, given: Any) -> list[Any]:
        """The tensors given for the inputs, in the inputs' order."""
        if isinstance(given, dict) and not isinstance(self.inputs, dict):
            names = self.input_names()
            missing = [name for name in names if name not in given]
            if missing:
                raise ValueError(
                    f"Model: expected x with the inputs {', '.join(names)}. "
                    f"Received: a dict with {', '.join(map(str, given))}"
                )
            return [given[name] for name in names]
        if isinstance(given, dict) and isinstance(self.inputs, dict):
            missing = [name for name in self.inputs if name not in given]
            if missing:
                raise ValueError(
                    f"Model: expected inputs {sorted(self.inputs)}. Received: {sorted(given)}"
                )
            given = {name: given[name] for name in self.inputs}
        by_place = isinstance(self.inputs, dict) and isinstance(given, list | tuple)
        if by_place and list(self.inputs) != sorted(self.inputs):
            raise ValueError(
                f"Model: expected inputs by name, as a dict with {', '.join(self.inputs)}. "
                f"Received: a {type(given).__name__}, whose order says nothing of names"
            )
        flat = tree.flatten(given)
        if len(flat) != len(self.input_nodes):
            raise ValueError(
                f"Model: expected {len(self.input_nodes)} inputs ({', '.join(self.input_names())})."
                f" Received: {len(flat)}"
            )
        return flat

    def check_structure(self, given: Any) -> None:
        """Warn of tensors that are told apart by another structure than the inputs."""
        wanted = tree.lists_to_tuples(self.inputs)
        if isinstance(given, dict) and not isinstance(wanted, dict):
            return  # found by the inputs' names
        if isinstance(wanted, tuple) and len(wanted) == 1 and not tree.is_nested(given):
            return  # as a list of one
        try:
            tree.assert_same_structure(tree.lists_to_tuples(given), wanted)
        except (TypeError, ValueError):
            expected = tree.map_structure(lambda node: node.name, self.inputs)
            received = tree.map_structure(describe_value, given)
            warn(
                "The structure of `inputs` doesn't match the expected structure. Expected: "
                f"{expected}. Received: {received}. What is too much is left out, and lists are "
                "taken in the inputs' order: give x in the form of the model's inputs.",
                UserWarning,
            )

    def run(self, given: Any, run_call: Callable[[Any, Any, Any], Any]) -> Any:
        """The outputs for other inputs: each operation called again, in order.

        Args:
            given: tensors for the inputs.
            run_call: called with an operation and the arguments for it, `args` and `kwargs`.
        """
        values: dict[Node, Any] = {}
        sizes: dict[Atom, Extent] = {}  # what the unknown sizes are for these tensors

        def note(nodes: list[Any], tensors: list[Any]) -> None:
            values.update(zip(nodes, tensors, strict=True))
            sizes.update(sizes_between(nodes, tensors, sizes))

        def value_of(argument: Any) -> Any:
            if isinstance(argument, Size):
                return argument.substitute(sizes, [values[node] for node in argument.sources])
            return values[argument] if isinstance(argument, Node) else argument

        given = zip(self.input_nodes, self.arranged(given), strict=True)
        note(self.input_nodes, [_fitted(tensor, node) for node, tensor in given])
        for call in self.calls:
            args, kwargs = map_leaves(value_of, (call.args, call.kwargs))
            results = tree.flatten(run_call(call.operation, args, kwargs))
            note(tree.flatten(call.outputs), results)
        return tree.map_structure(value_of, self.outputs)


def _is_input(call: Call | None) -> bool:
    return call is not None and isinstance(call.operation, InputLayer)


def _walk(inputs: list[KerasTensor], outputs: list[Any]) -> list[tuple[Call, bool]]:
    """The calls that the outputs need, twice: on meeting one (True), and behind all it needs."""
    steps: list[tuple[Call, bool]] = []
    seen: set[Call] = set()
    known = set(inputs)
    stack: list[tuple[Any, bool]] = [(node, True) for node in reversed(outputs)]
    while stack:
        item, meeting = stack.pop()
        if not meeting:
            steps.append((item, False))
            continue
        call = item.call if isinstance(item, KerasTensor) else None
        if call in seen or (item in known and not _is_input(call)):
            continue
        if call is None or (_is_input(call) and item not in known):
            raise _disconnected(item, inputs)
        seen.add(call)
        steps.append((call, True))
        stack.append((call, False))
        stack.extend((node, True) for node in reversed(call.inputs))
    return steps


def _disconnected(item: Any, inputs: list[KerasTensor]) -> ValueError:
    if isinstance(item, KerasTensor):
        return ValueError(
            f"Model: the outputs depend on the input {item.name!r}, which is not among the inputs "
            f"{[node.name for node in inputs]}. Add it to Model(inputs=...)."
        )
    return ValueError(
        f"Model: the outputs depend on {item!r}, which no layer or op made of an input. Compute "
        "what depends on the batch size alone, or on chance, inside of a layer."
    )


def _by_depth(
    walked: list[tuple[Call, bool]], inputs: list[KerasTensor]
) -> tuple[list[Call], list[Any]]:
    """The calls and the operations in the order of their depth: see the module."""
    met = dict.fromkeys(call.operation for call, meeting in walked if meeting)
    place = {operation: number for number, operation in enumerate(met)}
    finished = [call for call, meeting in walked if not meeting]
    members = set(finished)
    of_call: dict[Call, int] = {}
    of_operation: dict[Any, int] = {}
    for call in reversed(finished):
        depth = max(of_call.setdefault(call, 0), of_operation.get(call.operation, 0))
        of_call[call] = of_operation[call.operation] = depth
        for needed in (node.call for node in call.inputs):
            if needed in members:
                of_call[needed] = max(depth + 1, of_call.get(needed, 0))
    for node in inputs:  # those that no output needs
        if node.call.operation not in of_operation:
            of_call[node.call] = of_operation[node.call.operation] = 0
            place[node.call.operation] = -1
    calls = sorted(of_call, key=lambda call: -of_call[call])
    return calls, sorted(of_operation, key=lambda one: (-of_operation[one], place[one]))


def _check_names(operations: list[Any]) -> None:
    counts = Counter(operation.name for operation in operations)
    twice = sorted(name for name, count in counts.items() if count > 1)
    if twice:
        raise ValueError(
            "Model: expected layers and ops with different names, by which files refer to them. "
            f"Received: several of the name {', '.join(map(repr, twice))}. Give one another name=."
        )


def _from_new_inputs(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """The same calls repeated from new inputs, where a call made one of these."""
    replaced: dict[KerasTensor, KerasTensor] = {}
    for node in tree.flatten(inputs):
        replaced[node] = node
        if not _is_input(node.call):
            name = node.name if node.call is None and node.name != "keras_tensor" else None
            replaced[node] = Input(batch_shape=node.shape, dtype=node.dtype, name=name)

    def swap(structure: Any) -> Any:
        return map_leaves(swapped, structure)

    def swapped(value: Any) -> Any:
        if not isinstance(value, Size):
            return replaced.get(value, value) if isinstance(value, Node) else value
        new = [replaced.get(node, node) for node in value.sources]
        return value.substitute(sizes_between(list(replaced), list(replaced.values()), {}), new)

    walked = _walk(list(replaced), tree.flatten(outputs))
    for call in [call for call, meeting in walked if not meeting and call.inputs]:
        new = Call(call.operation, *swap((call.args, call.kwargs)))
        new.finish(call.outputs)
        made = zip(tree.flatten(call.outputs), tree.flatten(new.outputs), strict=True)
        for before, after in made:
            replaced.setdefault(before, after)
    return swap(inputs), swap(outputs)


def sizes_between(
    nodes: Iterable[Any], tensors: Iterable[Any], known: Mapping[Atom, Extent]
) -> dict[Atom, Extent]:
    """What the unknown sizes of symbolic tensors are, as the tensors in their places have them."""
    found: dict[Atom, Extent] = {}
    for node, tensor in zip(nodes, tensors, strict=True):
        if isinstance(node, Node) and hasattr(tensor, "shape"):
            for extent, actual in zip(node.extents, extents_of(tensor), strict=False):
                atom = extent.atom if isinstance(extent, Dim) else None
                if atom is not None and atom not in known:
                    found.setdefault(atom, actual)
    return found


def _fitted(tensor: Any, node: Any) -> Any:
    """The tensor in the dtype of the input, its last axis of size 1 added or dropped as there."""
    if tensor is None:
        return None
    if isinstance(tensor, Variable):
        tensor = operand(tensor)
    extents, wanted = extents_of(tensor), node.extents
    if len(extents) == len(wanted) - 1 and wanted[-1] == 1:
        tensor = tensor[..., None]
    elif len(extents) == len(wanted) + 1 and extents[-1] == 1:
        tensor = tensor[..., 0]
    if dtype_of(tensor) == node.dtype or node.call.operation.is_guessed:
        return tensor
    if node.dtype == STRING:
        texts = None if isinstance(tensor, Node) else as_texts(tensor)
        return tensor if texts is None else texts
    cast = operand(tensor, node.dtype)
    set_mask(cast, mask_of(tensor))
    return cast
