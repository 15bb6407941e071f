"""Exported models run by onnxruntime, and compared with our own predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime

from geartrain.saving.onnx.export.model_file import onnx_model
from geartrain.saving.onnx.export.signature import leaves

# Functions that runtimes have no code for in float64.
SINGLE = {
    "arctan2", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "arcsinh", "arccosh",
    "arctanh", "det", "erf", "erfc", "erfinv",
}  # fmt: skip


def session(proto: Any) -> onnxruntime.InferenceSession:
    """A checked model, ready to run."""
    content = proto.SerializeToString()
    onnx.checker.check_model(content, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run(runtime: onnxruntime.InferenceSession, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """All outputs for these inputs, in the model's order."""
    names = [one.name for one in runtime.get_inputs()]
    return runtime.run(None, dict(zip(names, arrays, strict=True)))


def assert_same(
    model: Any, *batches: Any, tolerance: float = 1e-5, signature: Any = None,
    opset: int | None = None,
) -> Any:  # fmt: skip
    """The exported model gives for each batch what ours gives; returns the exported model.

    A tuple is a batch of several arguments.
    """
    proto = onnx_model(model, signature, opset)
    runtime = session(proto)
    for batch in batches:
        arguments = batch if isinstance(batch, tuple) else (batch,)
        wanted = [np.asarray(one) for one in leaves(model(*arguments, training=False))]
        found = run(runtime, leaves(batch))
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert one.shape == other.shape
            kept = "float32" if other.dtype.name == "bfloat16" else other.dtype.name
            assert one.dtype == kept
            np.testing.assert_allclose(
                one.astype("float64"), other.astype("float64"), rtol=tolerance, atol=tolerance
            )
    return proto


def operators(proto: Any) -> list[str]:
    """The operators of a model, in order."""
    return [node.op_type for node in proto.graph.node]
