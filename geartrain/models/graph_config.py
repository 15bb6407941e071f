"""Graphs of calls as plain data, in the form of Keras's files, and back.

A config lists the operations, and with each its calls in this graph:

    {"class_name": "Dense", "config": {...}, "name": "dense", "inbound_nodes": [
        {"args": [{"class_name": "__keras_tensor__", "config": {
             "shape": [null, 4], "dtype": "float32", "keras_history": ["hidden", 0, 0]}}],
         "kwargs": {}}]}

A tensor is named by its history: the operation that made it, which of that one's calls (counted in
this graph alone), and which of the results. `input_layers` and `output_layers` hold such triples in
the structure that the model was given; there a nested functional model's calls are counted from 1,
since in older versions its own making was call 0.

Two things about Keras need care. It writes `"training": false` for each layer that takes the
argument (true for those that augment images), said or not, and lets the model decide all the same;
so that is left out in reading, and where it was said, an `explicit` beside it tells (Keras ignores
it). And files of Keras 2 have calls
as lists of `[name, call, result, kwargs]`, where models that start with an input are counted from 1
everywhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from geartrain import tree
from geartrain.errors import describe_value, shown
from geartrain.graph.node import Node
from geartrain.layers.input_layer import InputLayer
from geartrain.layers.operation import Operation
from geartrain.layers.recurrent import RNN
from geartrain.layers.symbolic import Call
from geartrain.models.call_graph import CallGraph
from geartrain.models.size_config import CLASS_NAME, size_config, size_from_config
from geartrain.ops.sizes import Size, leaves_of, map_leaves
from geartrain.serialization import at, deserialize, refused, serialize, telling


def graph_config(graph: CallGraph, functional: type) -> dict[str, Any]:
    """The graph's operations, calls, inputs and outputs as plain data.

    Args:
        graph: the graph.
        functional: the class of models whose own making counts as a call (see the module).
    """
    places: dict[Node, list[Any]] = {}
    for operation in graph.operations:
        for number, call in enumerate(graph.calls_of(operation)):
            for which, node in enumerate(tree.flatten(call.outputs)):
                places[node] = [operation.name, number, which]

    def outer_place(node: Any) -> list[Any]:
        name, number, which = places[node]
        return [name, number + isinstance(node.call.operation, functional), which]

    with at("layers"):
        listed = serialize(graph.operations)
    for operation, described in zip(graph.operations, listed, strict=True):
        described["name"] = operation.name
        calls = [call for call in graph.calls_of(operation) if call.inputs]
        described["inbound_nodes"] = [_call_config(call, places) for call in calls]
    return {
        "layers": listed,
        "input_layers": tree.map_structure(outer_place, graph.inputs),
        "output_layers": tree.map_structure(outer_place, graph.outputs),
    }


def _call_config(call: Any, places: dict[Node, list[Any]]) -> dict[str, Any]:
    def named(value: Any) -> Any:
        if isinstance(value, Size):
            return size_config(value, places)
        if not isinstance(value, Node):
            return value
        told = {"shape": list(value.shape), "dtype": value.dtype, "keras_history": places[value]}
        return {"class_name": "__keras_tensor__", "config": told}

    with at(call.operation.name):
        made = serialize(
            {
                "args": list(map_leaves(named, call.args)),
                "kwargs": map_leaves(named, call.kwargs),
            }
        )
    if call.kwargs.get("training") is bool(call.operation.training_by_default):
        made["explicit"] = ["training"]
    return made


def graph_from_config(config: dict[str, Any], functional: type) -> tuple[Any, Any]:
    """The inputs and outputs of the graph that a config describes, with new operations."""
    return _Reader(config, functional).tensors()


class _Reader:
    """Makes the operations of a config, then each call as soon as its tensors are there."""

    def __init__(self, config: dict[str, Any], functional: type) -> None:
        self.config, self.functional = config, functional
        self.operations: dict[str, Any] = {}
        self.made: dict[str, list[Call]] = {}  # the calls of each in this graph, so far
        self.calls: dict[str, deque[tuple[int, Any]]] = {}  # those to make
        self.legacy = False
        with at("layers"):
            for number, described in enumerate(_checked(config["layers"], list)):
                with at(f"[{number}]"):
                    self._make(_checked(described, dict))

    def _make(self, described: dict[str, Any]) -> None:
        operation = deserialize(described, family="layers")
        if not isinstance(operation, Operation):
            raise refused(f"expected a layer or an op. Received: {describe_value(operation)}")
        name = _checked(described.get("name", operation.name), str)
        calls = _checked(described.get("inbound_nodes", []), list)
        if name in self.operations:
            raise refused(f"expected each name once. Received: another {name!r}")
        self.operations[name] = operation
        self.made[name] = operation._calls[:1] if isinstance(operation, InputLayer) else []
        self.calls[name] = deque(enumerate(calls))
        self.legacy = self.legacy or any(isinstance(call, list) for call in calls)

    def tensors(self) -> tuple[Any, Any]:
        """The structures of inputs and outputs, once all calls are made."""
        self._make_calls()
        found = []
        for key in ("input_layers", "output_layers"):
            with at(key):
                found.append(self._structure(self.config[key]))
        if self.legacy:  # a single tensor stands in a list there
            found = [x[0] if isinstance(x, list) and len(x) == 1 else x for x in found]
        return found[0], found[1]

    def _structure(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._structure(item) for key, item in value.items()}
        if not _is_place(value):
            kind = tuple if isinstance(value, tuple) else list
            return kind(self._structure(item) for item in _checked(value, kind))
        name, number, which = value
        if self.legacy or isinstance(self.operations.get(name), self.functional):
            number -= self._own_calls(name)
        call = self._call_named(name, number)
        if call is None:
            raise refused(f"expected a call of {name!r} that is there. Received: {value}")
        return self._result(call, which)

    def _own_calls(self, name: str) -> int:
        """1 for a model that starts with an input: Keras 2 counts its making as a call."""
        return int(getattr(self.operations.get(name), "_graph", None) is not None)

    def _make_calls(self) -> None:
        waiting: dict[tuple[str, int], list[str]] = {}
        ready = deque(self.calls)
        while ready:
            name = ready.popleft()
            queue = self.calls[name]
            while queue:
                number, described = queue[0]
                with at("layers"), at(name), at(f"inbound_nodes[{number}]"):
                    args, kwargs, missing = self._arguments(name, described)
                    if missing:
                        waiting.setdefault(missing[0], []).append(name)
                        break
                    self._call(name, args, kwargs)
                queue.popleft()
                ready.extend(waiting.pop((name, number), ()))
        stuck = sorted(name for name, queue in self.calls.items() if queue)
        if stuck:
            raise refused(
                "expected calls that follow from the inputs. Received: calls that wait for one "
                f"another, or for one that is not there: of {', '.join(stuck):.200}"
            )

    def _call(self, name: str, args: Any, kwargs: Any) -> None:
        operation = self.operations[name]
        if not any(isinstance(x, Node | Size) for x in leaves_of((args, kwargs))):
            raise refused("expected a call on a tensor of this model. Received: none in it")
        with telling(type(operation)):
            operation(*args, **kwargs)
        self.made[name].append(operation._calls[-1])

    def _arguments(self, name: str, described: Any) -> tuple[Any, Any, list[tuple[str, int]]]:
        """What to call an operation with, and which calls must be made before."""
        missing: list[tuple[str, int]] = []

        def tensor(place: Any) -> Any:
            if not _is_place(place):
                raise refused(f"expected [name, call, result]. Received: {shown(place)}")
            source, number, which = place
            if isinstance(described, list):
                number -= self._own_calls(source)
            call = self._call_named(source, number)
            if call is None:
                missing.append((source, number))
            return self._result(call, which) if call else None

        if isinstance(described, list):
            args, kwargs = self._legacy_arguments(name, described, tensor)
        else:
            described = _checked(described, dict)
            args, kwargs = _filled([described.get("args"), described.get("kwargs")], tensor)
            args, kwargs = _checked(args or [], list), dict(_checked(kwargs or {}, dict))
            said = "training" in (described.get("explicit") or ())
            default = bool(self.operations[name].training_by_default)
            if not said and kwargs.get("training") is default:
                del kwargs["training"]
        return ((), {}, missing) if missing else (*deserialize([args, kwargs]), missing)

    def _legacy_arguments(self, name: str, entries: list[Any], tensor: Any) -> tuple[Any, Any]:
        """The arguments of a call in Keras 2's form: tensors, the last with keywords."""
        if entries and isinstance(entries[0], str):
            entries = [entries]
        kwargs: dict[str, Any] = {}
        tensors = []
        for entry in entries:
            tensors.append(tensor(_checked(entry, list)[:3]))
            for key, value in (_checked(entry[3], dict) if len(entry) > 3 else {}).items():
                known = _is_place(value) and value[0] in self.operations
                kwargs[key] = tensor(value) if known else value
        if len(tensors) > 1 and isinstance(self.operations[name], RNN):  # states behind the input
            return tensors[:1], {**kwargs, "initial_state": tensors[1:]}
        return [tensors[0] if len(tensors) == 1 else tensors], kwargs

    def _call_named(self, name: str, number: int) -> Call | None:
        """The call of that number of an operation, or None as long as it is not made."""
        if name not in self.operations or number < 0:
            raise refused(f"expected the name of a layer of this model. Received: {name!r}")
        made = self.made[name]
        return made[number] if number < len(made) else None

    def _result(self, call: Call, which: int) -> Any:
        results = tree.flatten(call.outputs)
        if not 0 <= which < len(results):
            raise refused(
                f"expected one of the {len(results)} results of {call.operation.name!r}. "
                f"Received: {which}"
            )
        return results[which]


def _checked(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise refused(f"expected a {kind.__name__}. Received: {describe_value(value)}")
    return value


def _is_place(value: Any) -> bool:
    """Whether it is `[name, call, result]`."""
    if not isinstance(value, list | tuple) or len(value) != 3 or not isinstance(value[0], str):
        return False
    return all(isinstance(part, int) and not isinstance(part, bool) for part in value[1:])


def _filled(value: Any, tensor: Callable[[Any], Any]) -> Any:
    """The arguments with a symbolic tensor wherever one is named."""
    if isinstance(value, list | tuple):
        return [_filled(item, tensor) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "__keras_tensor__":
        return tensor(_checked(value.get("config"), dict).get("keras_history"))
    if value.get("class_name") == CLASS_NAME:
        return size_from_config(value.get("config"), tensor)
    made = {key: _filled(item, tensor) for key, item in value.items()}
    bounds = made["config"] if made.get("class_name") == "__slice__" else None
    if isinstance(bounds, dict) and any(isinstance(bound, Size) for bound in bounds.values()):
        return slice(*(bounds.get(name) for name in ("start", "stop", "step")))
    return made
