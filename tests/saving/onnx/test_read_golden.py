"""Models that Keras wrote, exported from here and loaded again, give what Keras gave."""

import json
from pathlib import Path

import numpy as np
import pytest

from geartrain import tree
from geartrain.saving import load_model
from geartrain.saving.onnx.export.model_file import onnx_model
from tests.saving.onnx.test_export_golden import FILES, chosen, recorded

# The file computes in float32 what the model rounds to bfloat16.
ROUNDED = {"mixed_bfloat16": 2e-2, "pure_bfloat16": 2e-2}


@pytest.mark.skipif(not FILES, reason="GEARTRAIN_GOLDEN names no folder of files made by Keras")
@pytest.mark.parametrize("path", FILES or [Path("none")], ids=lambda path: path.stem)
def test_models_come_back(path, tmp_path):
    model = load_model(path, compile=False)
    proto = onnx_model(model)
    file = tmp_path / "model.onnx"
    file.write_bytes(proto.SerializeToString())
    loaded = load_model(file)
    trained = [sum(w.array.size for w in m.trainable_weights) for m in (model, loaded)]
    assert trained[0] == trained[1]
    archive = np.load(path.with_suffix(".npz"))
    given, wanted = recorded(archive, "in"), recorded(archive, "out")
    arrays = [chosen(given, n, one.name) for n, one in enumerate(proto.graph.input)]
    found = tree.flatten(loaded.predict(arrays if len(arrays) > 1 else arrays[0], verbose=0))
    entry = json.loads((path.parent / "manifest.json").read_text())["models"][path.stem]
    bound = ROUNDED.get(path.stem, 0.0)
    for place, (one, result) in enumerate(zip(proto.graph.output, found, strict=True)):
        expected = chosen(wanted, place, one.name).astype("float64")
        np.testing.assert_allclose(
            np.asarray(result, "float64"), expected, rtol=max(entry["rtol"], bound),
            atol=max(entry["atol"], bound), err_msg=one.name,
        )  # fmt: skip
