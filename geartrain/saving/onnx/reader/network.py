"""The network that a file holds: nodes in order, each input made before it is used.

This is the last stage that judges the file alone. What it returns has no cycles, no value made
twice, no subgraphs and functions, and only tensors whose bytes are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geartrain.saving.onnx.reader.digests import check_digests
from geartrain.saving.onnx.reader.messages import Attribute, Graph, Model, Node, ValueInfo
from geartrain.saving.onnx.reader.tensors import Stored, dtype_named, stored
from geartrain.saving.onnx.reader.wire import DAMAGED, Decoder

LARGEST = 2 << 30  # bytes of a file: protocol buffers have no larger ones
OLDEST_OPSET = 6
MOST_USES = 10_000  # that compute with what comes in
OWN_DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True)
class Use:
    """One use of an operator.

    Attributes:
        operator: its name, with the domain in front if it is not ONNX's own.
        name: the node's name; may be empty.
        inputs, outputs: names of values; "" for one that is left out.
        attributes: by name: numbers, texts, lists of them, or stored tensors.
    """

    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]

    def __str__(self) -> str:
        return f'{self.operator} "{self.name or next(filter(None, self.outputs), "")}"'


@dataclass(frozen=True)
class Declared:
    """An input or output: its name, dtype and sizes, names standing for unknown ones."""

    name: str
    dtype: str
    sizes: tuple[int | str, ...]


@dataclass
class Network:
    """What a file holds, checked.

    Attributes:
        name: the graph's name.
        opset: the version of ONNX's operators.
        producer: the program that wrote the file.
        uses: the nodes, in an order in which they can be run.
        stored: the initializers by name.
        inputs, outputs: of the whole network.
        metadata: further text of the file.
    """

    name: str
    opset: int
    producer: str
    uses: list[Use]
    stored: dict[str, Stored]
    inputs: list[Declared]
    outputs: list[str]
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """The bytes of all tensors, those of nodes' attributes too."""
        of_nodes = (value for use in self.uses for value in use.attributes.values())
        held = [*self.stored.values(), *(one for one in of_nodes if isinstance(one, Stored))]
        return sum(one.nbytes for one in held)


def read_network(path: Path) -> Network:
    """The network in a file.

    Raises ValueError for a file that is damaged, too large, or uses what is refused; the message
    names the place, and not the file.
    """
    if not path.is_file():
        raise ValueError("expected a file. Received: a folder, a pipe or a device")
    size = path.stat().st_size
    if size > LARGEST:
        raise ValueError(f"expected at most {LARGEST:,} bytes. Received: {size:,}")
    return network_of(path.read_bytes())


def network_of(data: bytes) -> Network:
    """The network in these bytes; see `read_network`."""
    model: Model = Decoder().decode(Model, memoryview(data))
    check_digests(memoryview(data), model)
    graph = model.graph
    if graph is None or not model.opset_import:
        raise ValueError(f"expected an ONNX model with a graph and an opset. {DAMAGED}")
    versions = {one.domain: one.version for one in model.opset_import}
    opset = max((versions.get(domain, 0) for domain in OWN_DOMAINS), default=0)
    if opset < OLDEST_OPSET:
        raise ValueError(
            f"expected operators of version {OLDEST_OPSET} or later. Received: opset {opset}. "
            "Export the model again with a newer opset_version."
        )
    if graph.sparse_initializer:
        raise ValueError("expected dense tensors. Received: sparse initializers.")
    tensors = _stored(graph)
    inputs = [_declared(one) for one in graph.input if one.name not in tensors]
    uses = _ordered([_use(node) for node in graph.node], {*tensors, *(one.name for one in inputs)})
    _check_length(uses, {one.name for one in inputs})
    outputs = [one.name for one in graph.output]
    made = {*tensors, *(one.name for one in inputs), *(o for use in uses for o in use.outputs)}
    for name in outputs:
        if name not in made:
            raise ValueError(f"output {name!r}: expected a value that a node makes. {DAMAGED}")
    if not inputs or not outputs:
        raise ValueError(
            f"expected a network with inputs and outputs. Received: {len(inputs)} inputs, "
            f"{len(outputs)} outputs"
        )
    metadata = {
        one.key: bytes(one.value).decode("utf-8", "replace") for one in model.metadata_props
    }
    producer = f"{model.producer_name} {model.producer_version}".strip()
    return Network(graph.name, opset, producer, uses, tensors, inputs, outputs, metadata)


def _stored(graph: Graph) -> dict[str, Stored]:
    found: dict[str, Stored] = {}
    for message in graph.initializer:
        if not message.name or message.name in found:
            received = f"{message.name!r} twice" if message.name else "one without"
            raise ValueError(
                f"expected initializers with a name each. Received: {received}. {DAMAGED}"
            )
        found[message.name] = stored(message, f"initializer {message.name!r}")
    return found


def _declared(message: ValueInfo) -> Declared:
    who = f"input {message.name!r}"
    kind = message.type.tensor_type if message.type else None
    if kind is None or kind.shape is None:
        raise ValueError(
            f"{who}: expected a tensor of known rank. Received: another type, or no shape. Run "
            "onnx.shape_inference on the model, or export it with example inputs."
        )
    sizes = tuple(one.dim_value or one.dim_param or "unknown" for one in kind.shape.dim)
    if any(isinstance(size, int) and size < 0 for size in sizes):
        raise ValueError(f"{who}: expected sizes of at least 1. Received: {sizes}")
    return Declared(message.name, dtype_named(kind.elem_type, who), sizes)


def _use(node: Node) -> Use:
    domain = "" if node.domain in OWN_DOMAINS else f"{node.domain}."
    use = Use(f"{domain}{node.op_type}", node.name, tuple(node.input), tuple(node.output), {})
    for one in node.attribute:
        if one.g or one.graphs or one.sparse_tensor or one.tensors or one.ref_attr_name:
            raise ValueError(
                f"{use}: expected attributes that are numbers, texts or a tensor. Received: "
                f"{one.name!r}, a graph, a reference or sparse tensors. Control flow (If, Loop, "
                "Scan) is not read from files: export the model with fixed choices."
            )
        if one.name in use.attributes:
            raise ValueError(f"{use}: expected each attribute once. Received: {one.name!r} twice")
        use.attributes[one.name] = _attribute(one, use)
    return use


def _attribute(one: Attribute, use: Use) -> Any:
    """The value, by the type that the attribute names."""
    if one.type == 3:
        return bytes(one.s).decode("utf-8", "replace")
    if one.type == 4 and one.t is not None:
        return stored(one.t, f"{use}, attribute {one.name!r}")
    listed = {6: one.floats, 7: one.ints, 8: one.strings}
    if one.type in listed:
        return list(listed[one.type])
    if one.type not in (1, 2):
        raise ValueError(
            f"{use}: expected an attribute {one.name!r} of a known type. Received: type {one.type}"
        )
    return one.f if one.type == 1 else one.i


def _ordered(uses: list[Use], known: set[str]) -> list[Use]:
    """The uses such that each comes after what makes its inputs (the order of the file, if so).

    Raises ValueError for cycles, for inputs that nothing makes and for values made twice.
    """
    makers: dict[str, Use] = {}
    for use in uses:
        for name in filter(None, use.outputs):
            if name in makers or name in known:
                raise ValueError(f"{use}: expected a new output. Received: {name!r}, made before.")
            makers[name] = use
    for use in uses:
        for name in filter(None, use.inputs):
            if name not in makers and name not in known:
                raise ValueError(
                    f"{use}: expected inputs that are stored or made. Received: {name!r}. {DAMAGED}"
                )
    return _sorted(uses, makers)


def _sorted(uses: Sequence[Use], makers: dict[str, Use]) -> list[Use]:
    ordered: list[Use] = []
    state: dict[int, bool] = {}  # False while its inputs are visited
    for first in uses:
        stack = [(first, False)]
        while stack:
            use, visited = stack.pop()
            if visited:
                state[id(use)] = True
                ordered.append(use)
            elif id(use) not in state:
                state[id(use)] = False
                stack.append((use, True))
                for name in reversed(use.inputs):
                    maker = makers.get(name)
                    if maker is not None and not state.get(id(maker), False):
                        if id(maker) in state:
                            raise ValueError(
                                f"{use}: expected no cycle. Received: {name!r}, in one."
                            )
                        stack.append((maker, False))
    return ordered


def _check_length(uses: list[Use], live: set[str]) -> None:
    """Refuse a network whose nodes would take too long to rebuild; constants do not count."""
    live, count = set(live), 0
    for use in uses:
        if use.operator not in ("Shape", "Size") and not live.isdisjoint(use.inputs):
            live.update(use.outputs)
            count += use.operator != "Identity"
    if count > MOST_USES:
        raise ValueError(
            f"expected at most {MOST_USES:,} nodes that compute with the inputs. "
            f"Received: {count:,}"
        )
