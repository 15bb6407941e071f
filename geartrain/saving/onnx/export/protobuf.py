"""The finished graph as ONNX's own data structure, made with the package `onnx`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain._version import __version__
from geartrain.saving.onnx.export.graph import OnnxGraph, OnnxNode, Subgraph
from geartrain.saving.onnx.export.signature import Tensor, shown
from geartrain.saving.onnx.reader.digests import REST, digest_texts, rest_digest
from geartrain.saving.onnx.reader.network import FROZEN


def onnx_package() -> Any:
    """The package `onnx`, which is installed on demand.

    Raises ImportError that says how to install it.
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError(
            "ONNX files need the package onnx: pip install 'geartrain[onnx]'"
        ) from error
    return onnx


def model_proto(
    graph: OnnxGraph,
    name: str,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    layers: dict[str, str],
    frozen: Sequence[str] = (),
) -> Any:
    """The whole model.

    Args:
        graph: the nodes and constants.
        name: the model's name.
        inputs, outputs: of the model.
        layers: the class of each layer, by its path.
        frozen: the names of weights that are not to be trained.
    """
    onnx = onnx_package()
    nodes = graph.needed([tensor.name for tensor in outputs])
    names = _node_names(nodes)
    constants = {
        key: np.ascontiguousarray(array).reshape(array.shape)
        for key, array in graph.constants.items()
    }
    made = onnx.helper.make_graph(
        [_node(node, names[id(node)], layers) for node in nodes],
        name,
        [_described(tensor) for tensor in inputs],
        [_described(tensor) for tensor in outputs],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opsets = [onnx.helper.make_opsetid("", graph.opset)]
    model = onnx.helper.make_model(
        made,
        opset_imports=opsets,
        producer_name="geartrain",
        producer_version=__version__,
        ir_version=onnx.helper.find_min_ir_version_for(opsets),
    )
    texts = {"geartrain.layers": json.dumps(layers)}
    if frozen := [name for name in frozen if name in constants]:
        texts[FROZEN] = json.dumps(frozen)
    texts |= digest_texts(constants)
    onnx.helper.set_model_props(model, texts)
    (place,) = (entry for entry in model.metadata_props if entry.key == REST)
    place.value = rest_digest(model.SerializeToString())
    return model


def _node_names(nodes: Sequence[OnnxNode]) -> dict[int, str]:
    """A name for each node: its layer's path, if it is the layer's only node."""
    counts = Counter(node.scope for node in nodes)
    taken = {node.name for node in nodes}
    return {
        id(node): node.scope
        if node.scope and counts[node.scope] == 1 and node.scope not in taken
        else node.name
        for node in nodes
    }


def _node(node: OnnxNode, name: str, layers: dict[str, str]) -> Any:
    onnx = onnx_package()
    attributes = {key: _attribute(value) for key, value in node.attributes.items()}
    if node.operator == "Cast":
        attributes["to"] = _type(attributes["to"])
    return onnx.helper.make_node(
        node.operator, node.inputs, node.outputs, name, layers.get(node.scope), **attributes
    )


def _attribute(value: Any) -> Any:
    if not isinstance(value, Subgraph):
        return value
    onnx = onnx_package()
    nodes = [_node(node, node.name, {}) for node in value.nodes]
    inputs = [_described(Tensor(key, dtype, shown(shape))) for key, dtype, shape in value.inputs]
    outputs = [onnx.helper.make_empty_tensor_value_info(key) for key in value.outputs]
    return onnx.helper.make_graph(nodes, "body", inputs, outputs)


def _described(tensor: Tensor) -> Any:
    helper = onnx_package().helper
    return helper.make_tensor_value_info(tensor.name, _type(tensor.dtype), tensor.shape)


def _type(dtype: str) -> int:
    found: int = onnx_package().helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return found
