"""The operators of scikit-learn's networks and scalers, which have a domain of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops
from geartrain.ops.operands import rank_of
from geartrain.saving.onnx.reader.place import Place
from geartrain.saving.onnx.reader.table import operator


@operator("ai.onnx.ml.Scaler")
def scaler(at: Place, x: Any, *, offset: list, scale: list) -> Any:
    """`(x - offset) * scale`, in float32."""
    low, factor = np.asarray(offset, np.float32), np.asarray(scale, np.float32)
    return at.compute(lambda a: ops.multiply(ops.subtract(ops.cast(a, "float32"), low), factor), x)


@operator("ai.onnx.ml.ArrayFeatureExtractor")
def features(at: Place, x: Any, indices: Any) -> Any:
    """Elements of the last axis: such as the label of a class."""

    def run(a: Any, i: Any) -> Any:
        rows = ops.reshape(a, (1, -1)) if rank_of(a) == 1 else a
        return ops.take(rows, ops.reshape(i, (-1,)), axis=-1)

    return at.compute(run, x, indices)
