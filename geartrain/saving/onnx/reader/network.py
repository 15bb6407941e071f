"""The network that a file holds: nodes in order, each input made before it is used.

This is the last stage that judges the file alone. What it returns has no cycles, no value made
twice, no functions, graphs inside of nodes to a bounded depth, and only tensors whose bytes are
there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geartrain.saving import plain
from geartrain.saving.onnx.reader.digests import check_digests
from geartrain.saving.onnx.reader.messages import Attribute, Graph, Model, Node, ValueInfo
from geartrain.saving.onnx.reader.tensors import Stored, dtype_named, stored
from geartrain.saving.onnx.reader.wire import DAMAGED, Decoder

LARGEST = 2 << 30  # bytes of a file: protocol buffers have no larger ones
OLDEST_OPSET = 6
FROZEN = "geartrain.frozen"  # the text of a file that lists weights which are not to be trained
MOST_USES = 10_000  # that compute with what comes in
DEEPEST = 4  # graphs inside of each other
OWN_DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True)
class Use:
    """One use of an operator.

    Attributes:
        operator: its name, with the domain in front if it is not ONNX's own.
        name: the node's name; may be empty.
        inputs, outputs: names of values; "" for one that is left out.
        attributes: by name: numbers, texts, lists of them, stored tensors, or a `Network`: the body
            of a loop.
    """

    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]

    @property
    def bodies(self) -> list[Network]:
        """The graphs inside of it."""
        return [value for value in self.attributes.values() if isinstance(value, Network)]

    @property
    def reads(self) -> tuple[str, ...]:
        """All values that it needs, those that its bodies take from outside included."""
        return (*self.inputs, *(name for body in self.bodies for name in body.outside))

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
    """What a file holds, or the body of a loop, checked.

    Attributes:
        name: the graph's name.
        opset: the version of ONNX's operators.
        producer: the program that wrote the file.
        uses: the nodes, in an order in which they can be run.
        stored: the initializers by name.
        inputs, outputs: of the whole network. A body's inputs are what its loop says they are.
        frozen: the names of weights that are not to be trained.
        outside: the values that a body takes from the graph around it.
    """

    name: str
    opset: int
    producer: str
    uses: list[Use]
    stored: dict[str, Stored]
    inputs: list[Declared]
    outputs: list[str]
    frozen: frozenset[str] = frozenset()
    outside: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        """The bytes of all tensors, those of nodes' attributes too."""
        of_nodes = (value for use in self.uses for value in use.attributes.values())
        held = [*self.stored.values(), *(v for v in of_nodes if isinstance(v, Stored | Network))]
        return sum(one.nbytes for one in held)

    def all_uses(self) -> list[Use]:
        """The uses, each before those of its bodies."""
        found: list[Use] = []
        for use in self.uses:
            found += [use, *(one for body in use.bodies for one in body.all_uses())]
        return found


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
    decoder = Decoder()
    model: Model = decoder.decode(Model, memoryview(data))
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
    tensors = _stored(graph)
    inputs = [_declared(one) for one in graph.input if one.name not in tensors]
    found = _Reader(decoder, opset).network(graph, tensors, inputs, frozenset())
    if not inputs or not found.outputs:
        raise ValueError(
            f"expected a network with inputs and outputs. Received: {len(inputs)} inputs, "
            f"{len(found.outputs)} outputs"
        )
    texts = {one.key: bytes(one.value) for one in model.metadata_props if one.key == FROZEN}
    listed = plain.parse(texts[FROZEN], FROZEN) if texts else []
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise ValueError(f"{FROZEN}: expected a list of names. Received: {listed!r:.80}")
    found.frozen = frozenset(listed)
    found.producer = f"{model.producer_name} {model.producer_version}".strip()
    return found


class _Reader:
    """Makes networks of graphs, and counts their nodes, those of bodies included.

    Args:
        decoder: of the file, for the graphs inside of nodes.
        opset: the version of ONNX's operators.
    """

    def __init__(self, decoder: Decoder, opset: int) -> None:
        self.decoder, self.opset = decoder, opset
        self.depth = self.count = 0

    def network(
        self, graph: Graph, tensors: dict[str, Stored], inputs: list[Declared],
        around: frozenset[str],
    ) -> Network:  # fmt: skip
        """The network of a graph.

        Args:
            graph: the message.
            tensors, inputs: of the graph.
            around: the names that a body may take from outside.
        """
        if graph.sparse_initializer:
            raise ValueError("expected dense tensors. Received: sparse initializers.")
        own = {*tensors, *(one.name for one in inputs)}
        made = {name for node in graph.node for name in node.output if name}
        seen = around | own | made
        uses = [self._use(node, seen) for node in graph.node]
        uses = _ordered(uses, own, around)
        self._check_length(uses, {one.name for one in inputs}, bool(self.depth))
        outputs = [one.name for one in graph.output]
        for name in outputs:
            if name not in own and name not in made:
                raise ValueError(f"output {name!r}: expected a value that a node makes. {DAMAGED}")
        read = dict.fromkeys(name for use in uses for name in use.reads if name)
        outside = tuple(name for name in read if name not in own and name not in made)
        return Network(graph.name, self.opset, "", uses, tensors, inputs, outputs, outside=outside)

    def _use(self, node: Node, around: frozenset[str]) -> Use:
        domain = "" if node.domain in OWN_DOMAINS else f"{node.domain}."
        use = Use(f"{domain}{node.op_type}", node.name, tuple(node.input), tuple(node.output), {})
        for one in node.attribute:
            if one.graphs or one.sparse_tensor or one.tensors or one.ref_attr_name:
                raise ValueError(
                    f"{use}: expected attributes that are numbers, texts, a tensor or a graph. "
                    f"Received: {one.name!r}, a reference, or several tensors or graphs."
                )
            if one.name in use.attributes:
                raise ValueError(
                    f"{use}: expected each attribute once. Received: {one.name!r} twice"
                )
            use.attributes[one.name] = (
                self._body(one, use, around) if one.type == 5 else _attribute(one, use)
            )
        return use

    def _body(self, one: Attribute, use: Use, around: frozenset[str]) -> Network:
        """The graph inside of a node."""
        if use.operator != "Scan":
            raise ValueError(
                f"{use}: expected no graph but the body of a Scan. Received: {one.name!r}. Control "
                "flow (If, Loop) is not read from files: export the model with fixed choices."
            )
        if self.depth == DEEPEST:
            raise ValueError(
                f"{use}: expected at most {DEEPEST} graphs inside of each other. Received: more"
            )
        graph: Graph = self.decoder.decode(Graph, memoryview(one.g))
        self.depth += 1
        tensors = _stored(graph)
        inputs = [Declared(item.name, "", ()) for item in graph.input if item.name not in tensors]
        try:
            return self.network(graph, tensors, inputs, around)
        except ValueError as error:
            raise ValueError(f"{use}, {one.name}: {error}") from None
        finally:
            self.depth -= 1

    def _check_length(self, uses: list[Use], live: set[str], all_count: bool) -> None:
        """Refuse a network whose nodes take too long to rebuild; constants do not count."""
        live = set(live)
        for use in uses:
            if use.operator not in ("Shape", "Size") and (
                all_count or not live.isdisjoint(use.reads)
            ):
                live.update(use.outputs)
                self.count += use.operator != "Identity"
        if self.count > MOST_USES:
            raise ValueError(
                f"expected at most {MOST_USES:,} nodes that compute with the inputs. "
                f"Received: {self.count:,}"
            )


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


def _ordered(uses: list[Use], known: set[str], around: frozenset[str]) -> list[Use]:
    """The uses such that each comes after what makes its inputs (the order of the file, if so).

    What is `around` may be read too, and made anew.

    Raises ValueError for cycles, for inputs that nothing makes and for values made twice.
    """
    makers: dict[str, Use] = {}
    for use in uses:
        for name in filter(None, use.outputs):
            if name in makers or name in known:
                raise ValueError(f"{use}: expected a new output. Received: {name!r}, made before.")
            makers[name] = use
    for use in uses:
        for name in filter(None, use.reads):
            if name not in makers and name not in known and name not in around:
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
                for name in reversed(use.reads):
                    maker = makers.get(name)
                    if maker is not None and not state.get(id(maker), False):
                        if id(maker) in state:
                            raise ValueError(
                                f"{use}: expected no cycle. Received: {name!r}, in one."
                            )
                        stack.append((maker, False))
    return ordered
