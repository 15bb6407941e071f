"""Every public op between layers, exported and run by onnxruntime, gives what it gives here."""

import numpy as np
import pytest

from geartrain import Input, Model, layers
from geartrain.graph.node import Node, sorted_nodes
from geartrain.saving.onnx.export.exporter import NotExportable
from geartrain.saving.onnx.export.model_file import onnx_model
from geartrain.saving.onnx.export.primitives.lacking import LACKING
from geartrain.saving.onnx.export.primitives.loops import AT_RUN_TIME
from geartrain.saving.onnx.export.signature import leaves
from tests.ops.checks import leaves_of
from tests.ops.test_public import SYMBOLIC, called
from tests.saving.onnx.running import SINGLE, run, session


def arrays_of(one):
    """The case's arrays, in float32 for what runtimes lack in float64; None for NaN in folds."""
    single = one.name in SINGLE or one.name == "gelu"
    arrays = [np.asarray(array) for array in one.arrays]
    if one.name in ("max", "min", "amax", "amin") and any(np.isnan(a).any() for a in arrays):
        return None  # which operators are free to ignore
    return [a.astype("float32") if single and a.dtype == "float64" else a for a in arrays]


def is_refused(one, arrays):
    """Whether the case needs what ONNX has no operators for."""
    nodes = [x for x in leaves(called(one, *leaves_of(arrays))) if isinstance(x, Node)]
    used = [node for node in sorted_nodes(nodes) if node.op is not None]
    needed = {node.op.name for node in used}
    if any(node.params.get("paired") for node in used):  # windows that overlap, added up
        return True
    return not needed.isdisjoint((*AT_RUN_TIME, *LACKING))


@pytest.mark.parametrize("one", SYMBOLIC)
def test_public_ops(one):
    arrays = arrays_of(one)
    if arrays is None:
        return
    symbols = [Input(batch_shape=a.shape, dtype=a.dtype.name) for a in arrays]
    outputs = leaves(called(one, *symbols))
    places = [place for place, output in enumerate(outputs) if isinstance(output, Node)]
    if not places:  # a size that is known
        return
    wide = any(a.dtype == "float64" for a in arrays)
    model = Model(symbols, [outputs[n] for n in places], dtype="float64" if wide else "float32")
    signature = [layers.InputSpec(shape=a.shape, dtype=a.dtype.name) for a in arrays]
    if is_refused(one, arrays):
        with pytest.raises(NotExportable, match=r"no (ONNX )?operator|known at run time only"):
            onnx_model(model, signature)
        return
    found = run(session(onnx_model(model, signature)), arrays)
    eager = leaves(called(one, *arrays))
    for place, array in zip(places, found, strict=True):
        wanted = np.asarray(eager[place])
        assert array.dtype == wanted.dtype
        np.testing.assert_allclose(array, wanted, rtol=2e-5, atol=2e-5)
