"""A model as an ONNX file."""

from __future__ import annotations

from typing import Any

from geartrain.files import replacing
from geartrain.graph.node import Node
from geartrain.layers.context import instead_of_calls
from geartrain.runtime.variable import Trace, Variable
from geartrain.saving.onnx.export.exporter import Exporter, NotExportable, refused
from geartrain.saving.onnx.export.extents import Extents
from geartrain.saving.onnx.export.graph import NEWEST, OLDEST, OnnxGraph, Unsupported
from geartrain.saving.onnx.export.protobuf import model_proto, onnx_package
from geartrain.saving.onnx.export.signature import (
    Signature,
    Tensor,
    leaves,
    output_names,
    shown,
    signature_of,
)

_MOST = 2**31 - 2**20  # what one protobuf message can hold


def export_onnx(
    model: Any,
    filepath: Any,
    verbose: bool | None = None,
    input_signature: Any = None,
    opset_version: int | None = None,
) -> None:
    """Write a model's predictions as an ONNX file.

    Args:
        model: a built model.
        filepath: where to write it.
        verbose: whether to say that it is written; None means yes.
        input_signature: the shapes and dtypes of the inputs (`InputSpec`, symbolic tensors or
            arrays, as a list of the call's arguments); None for the model's own.
        opset_version: the version of ONNX's operators to keep to; None for the oldest that has
            what the model needs, at least 18.

    Raises:
        ValueError: a model that is not built, or does what ONNX cannot say: with the layer, the
            reason and the remedy. No file is written then, and one that is there stays.
        ImportError: without the package onnx.
    """
    proto = onnx_model(model, input_signature, opset_version)
    content = proto.SerializeToString()
    onnx_package().checker.check_model(content, full_check=True)
    with replacing(filepath) as stream:
        stream.write(content)
    if verbose is None or verbose:
        print(f"Saved artifact at '{filepath}'.")


def onnx_model(model: Any, input_signature: Any = None, opset_version: int | None = None) -> Any:
    """The model as `onnx.ModelProto`; see `export_onnx`."""
    onnx_package()
    _check_opset(opset_version)
    apart = signature_of(model, input_signature, apart=True)
    together = signature_of(model, input_signature, apart=False)
    try:
        return _exported(model, apart, opset_version)
    except NotExportable:
        raise
    except ValueError:  # sizes of different inputs that were taken for different have to be one
        if len(apart.sources()) == len(together.sources()):
            raise
        return _exported(model, together, opset_version)


def _exported(model: Any, signature: Signature, opset: int | None) -> Any:
    graph = OnnxGraph(opset, _newest())
    for name in signature.names:
        graph.name(name)
    exporter = Exporter(graph, Extents(graph, signature.sources()))
    exporter.values.update(zip(signature.nodes, signature.names, strict=True))
    with Trace() as trace, instead_of_calls(exporter):
        outputs = model(*signature.arguments, training=False)
    _check_updates(model, trace.updates)
    nodes = [Node.wrap(output) for output in leaves(outputs)]
    names = output_names(model, outputs, set(signature.names))
    names = graph.deliver([exporter.value(node) for node in nodes], names)
    _check_size(model, graph)
    described = [
        [
            Tensor(name, exporter.dtype(node.dtype), shown(node.extents))
            for name, node in zip(names, nodes, strict=True)
        ]
        for names, nodes in ((signature.names, signature.nodes), (names, nodes))
    ]
    return model_proto(graph, model.name, *described, exporter.layers, exporter.frozen())


def _newest() -> int:
    """The newest version that we write, and that the installed package can check."""
    return min(NEWEST, int(onnx_package().defs.onnx_opset_version()))


def _check_opset(opset: Any) -> None:
    newest = _newest()
    whole = hasattr(opset, "__index__") and not isinstance(opset, bool)
    if opset is not None and not (whole and OLDEST <= opset <= newest):
        raise ValueError(
            f"Model.export: expected opset_version from {OLDEST} to {newest}, or None for the "
            f"oldest that serves. Received: {opset!r}"
        )


def _check_updates(model: Any, updates: dict[Variable, Any]) -> None:
    """Refuse a model that remembers something from one call to the next."""
    for variable in updates:
        inside = list(model._flatten_layers())[::-1]
        own = [one for one in inside if id(variable) in one._variables]
        keeping = own or [one for one in inside if one.stateful] or [model]
        reason = f"it sets {variable.path!r} for its next call, which a file cannot remember"
        remedy = "Build it with stateful=False, and hand states on with return_state=True."
        raise refused(keeping[0]._who(), Unsupported(reason, remedy))


def _check_size(model: Any, graph: OnnxGraph) -> None:
    size = sum(array.nbytes for array in graph.constants.values())
    if size > _MOST:
        reason = f"its weights of {size / 2**30:.1f} GiB are more than the 2 GiB of an ONNX file"
        remedy = 'Save it with model.save("model.keras"), or export parts of it.'
        raise refused(model._who(), Unsupported(reason, remedy))
