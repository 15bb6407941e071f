"""Small ONNX files, written for a test."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from geartrain.saving import load_model

FLOAT = onnx.TensorProto.FLOAT


def node(operator: str, inputs: str, outputs: str, **attributes: Any) -> Any:
    """A node; names of inputs and outputs with spaces between, "_" for one left out."""
    names = [["" if name == "_" else name for name in text.split()] for text in (inputs, outputs)]
    return helper.make_node(operator, *names, name=f"{operator}_{outputs.split()[0]}", **attributes)


def constant(name: str, value: Any) -> Any:
    """An initializer."""
    return numpy_helper.from_array(np.asarray(value), name)


def network(
    nodes: list[Any], stored: list[Any] = (), shape: Any = ("n", 4), opset: int = 17,
    dtype: int = FLOAT,
    output: int | None = None,
) -> Any:  # fmt: skip
    """A model of one input x and one output y."""
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", dtype, shape)],
        [helper.make_tensor_value_info("y", output or FLOAT, None)], list(stored),
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    return model


def loaded(model: Any, tmp_path: Any) -> Any:
    """The model, read from a file."""
    path = tmp_path / "model.onnx"
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    return load_model(path)


def assert_as_in_onnxruntime(model: Any, tmp_path: Any, *batches: np.ndarray) -> Any:
    """Predictions are those of onnxruntime; returns the loaded model."""
    ours = loaded(model, tmp_path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    for batch in batches:
        (wanted,) = session.run(None, {"x": batch})
        found = np.asarray(ours.predict(batch, verbose=0))
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    return ours


def drawn(*shape: int, seed: int = 1) -> np.ndarray:
    """Random floats."""
    return np.random.default_rng(seed).normal(size=shape).astype("float32")
