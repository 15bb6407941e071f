"""ONNX Runtime: predictions alone, of a network of dense layers written as ONNX by hand."""

from __future__ import annotations

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from frameworks import Unavailable
from frameworks.by_numpy import dense_layers, glorot

ACTIVATIONS = {"relu": "Relu", "softmax": "Softmax", "sigmoid": "Sigmoid"}


def export(workload):
    """The network with new weights, as bytes."""
    random, width, now = np.random.default_rng(0), workload.shape[-1], "x"
    nodes, weights = [], []
    for number, (units, activation) in enumerate(dense_layers(workload, "ONNX Runtime")):
        made = {"kernel": glorot(random, width, units), "bias": np.zeros(units, "float32")}
        weights += [numpy_helper.from_array(w, f"{name}{number}") for name, w in made.items()]
        nodes.append(
            helper.make_node("Gemm", [now, f"kernel{number}", f"bias{number}"], [f"sum{number}"])
        )
        now, width = f"sum{number}", units
        if activation:
            nodes.append(helper.make_node(ACTIVATIONS[activation], [now], [f"y{number}"]))
            now = f"y{number}"
    graph = helper.make_graph(
        nodes,
        workload.name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", *workload.shape])],
        [helper.make_tensor_value_info(now, TensorProto.FLOAT, ["batch", width])],
        weights,
    )
    opset = helper.make_opsetid("", 17)
    return helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString()


class Network:
    """A session."""

    def __init__(self, workload, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            export(workload), options, providers=["CPUExecutionProvider"]
        )

    def fit(self, x, y, epochs):
        """It cannot."""
        raise Unavailable("ONNX Runtime only predicts")

    def predict(self, x):
        """The outputs."""
        return self.session.run(None, {"x": x})[0]
