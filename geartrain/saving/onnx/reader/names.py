"""Names of layers, from the names that a file gives to weights and nodes."""

from __future__ import annotations

import re

_GENERATED = re.compile(r"^(onnx::.*|val_\d+|node_.*|n\d+|_.*|)$")
_OPERATOR = re.compile(r"^[A-Z]\w*$")


def is_generated(name: str) -> bool:
    """Whether an exporter made a name up."""
    return bool(_GENERATED.match(name))


def name_of(kind: str, weight: str, node: str) -> str:
    """The name of a layer: where its weights, or its node, were in the model that was exported.

    Args:
        kind: the layer's class in snake case.
        weight: the name of its first weight; "" without one.
        node: the node's name.

    >>> name_of("conv2d", "features.0.weight", "/features/features.0/Conv")
    'features_0'
    >>> name_of("dense", "onnx::MatMul_12", "/encoder/linear1/MatMul")
    'encoder_linear1'
    >>> name_of("dense", "0.weight", "node_Gemm_3"), name_of("activation", "", "/Relu")
    ('dense_0', 'activation')
    >>> name_of("dense", "model/head/kernel", "head/Gemm"), name_of("relu", "", "head/Relu")
    ('head', 'head_relu')
    """
    parts = node.strip("/").split("/") if "/" in node else []
    operator = bool(parts) and bool(_OPERATOR.match(parts[-1]))
    steps = _unrepeated(parts[:-1] if operator else parts)
    own = bool(steps) and not node.startswith("/")
    if own and is_generated(weight):  # one of several nodes of a layer that was exported from here
        steps = [*steps, kind] if operator else steps
    elif not own and not is_generated(weight):
        steps = re.split(r"[./]", weight)
        steps = steps[:-1] if len(steps) > 1 else steps
    elif not parts and not is_generated(node) and not _OPERATOR.match(node):
        steps = [node]
    path = re.sub(r"\W+", "_", "_".join(steps)).strip("_")
    if not path:
        return kind
    return f"{kind}_{path}" if path[0].isdigit() else path


def _unrepeated(parts: list[str]) -> list[str]:
    """A path without steps that the next one says again: "features", "features.0"."""
    return [
        part
        for place, part in enumerate(parts)
        if not any(after.startswith(f"{part}.") for after in parts[place + 1 : place + 2])
    ]
