"""What an ONNX file holds, as far as it is used: the messages of `onnx.proto`.

What could reach outside of the file or hold a program (external data, functions, training graphs)
is declared only so that its presence can be refused by name. A graph inside of a node stays bytes,
until it is known how deep it lies.
"""
# ruff: noqa: RUF009  (`field` is a `dataclasses.field`)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geartrain.saving.onnx.reader.wire import field


@dataclass(slots=True)
class Entry:
    """A key and its value."""

    key: str = field(1, "text")
    value: memoryview = field(2, "bytes")


@dataclass(slots=True)
class Tensor:
    """A stored tensor: its values are in `raw_data` or in the list of its type."""

    dims: Sequence[int] = field(1, "int", many=True)
    data_type: int = field(2, "int")
    segment: bool = field(3, "present")
    float_data: Sequence[memoryview] = field(4, "packed")
    int32_data: Sequence[memoryview | int] = field(5, "packed")
    string_data: bool = field(6, "present")
    int64_data: Sequence[memoryview | int] = field(7, "packed")
    name: str = field(8, "text")
    raw_data: memoryview | bytes = field(9, "bytes")
    double_data: Sequence[memoryview] = field(10, "packed")
    uint64_data: Sequence[memoryview | int] = field(11, "packed")
    external_data: Sequence[Entry] = field(13, Entry, many=True)
    data_location: int = field(14, "int")


@dataclass(slots=True)
class Attribute:
    """A named constant of a node."""

    name: str = field(1, "text")
    f: float = field(2, "float")
    i: int = field(3, "int")
    s: memoryview | bytes = field(4, "bytes")
    t: Tensor | None = field(5, Tensor)
    g: memoryview | bytes = field(6, "bytes")
    floats: Sequence[float] = field(7, "float", many=True)
    ints: Sequence[int] = field(8, "int", many=True)
    strings: Sequence[str] = field(9, "text", many=True)
    tensors: bool = field(10, "present")
    graphs: bool = field(11, "present")
    type: int = field(20, "int")
    ref_attr_name: str = field(21, "text")
    sparse_tensor: bool = field(22, "present")


@dataclass(slots=True)
class Node:
    """One use of an operator."""

    input: Sequence[str] = field(1, "text", many=True)
    output: Sequence[str] = field(2, "text", many=True)
    name: str = field(3, "text")
    op_type: str = field(4, "text")
    attribute: Sequence[Attribute] = field(5, Attribute, many=True)
    domain: str = field(7, "text")


@dataclass(slots=True)
class Dimension:
    """The size of an axis: a number, or a name for one that is not known."""

    dim_value: int = field(1, "int")
    dim_param: str = field(2, "text")


@dataclass(slots=True)
class Shape:
    """The sizes of all axes."""

    dim: Sequence[Dimension] = field(1, Dimension, many=True)


@dataclass(slots=True)
class TensorType:
    """The type of a tensor."""

    elem_type: int = field(1, "int")
    shape: Shape | None = field(2, Shape)


@dataclass(slots=True)
class Type:
    """The type of a value; only tensors are used."""

    tensor_type: TensorType | None = field(1, TensorType)


@dataclass(slots=True)
class ValueInfo:
    """The name and type of an input or output."""

    name: str = field(1, "text")
    type: Type | None = field(2, Type)


@dataclass(slots=True)
class OperatorSet:
    """A domain of operators, and its version."""

    domain: str = field(1, "text")
    version: int = field(2, "int")


@dataclass(slots=True)
class Graph:
    """The nodes, in an order in which each comes after what it needs."""

    node: Sequence[Node] = field(1, Node, many=True)
    name: str = field(2, "text")
    initializer: Sequence[Tensor] = field(5, Tensor, many=True)
    input: Sequence[ValueInfo] = field(11, ValueInfo, many=True)
    output: Sequence[ValueInfo] = field(12, ValueInfo, many=True)
    sparse_initializer: bool = field(15, "present")


@dataclass(slots=True)
class Model:
    """The whole file."""

    ir_version: int = field(1, "int")
    producer_name: str = field(2, "text")
    producer_version: str = field(3, "text")
    graph: Graph | None = field(7, Graph)
    opset_import: Sequence[OperatorSet] = field(8, OperatorSet, many=True)
    metadata_props: Sequence[Entry] = field(14, Entry, many=True)
