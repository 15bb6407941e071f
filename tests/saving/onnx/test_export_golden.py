"""Files that Keras wrote, exported and run by onnxruntime, give what Keras gave."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from geartrain.saving import load_model
from geartrain.saving.onnx.export.model_file import onnx_model
from tests.saving.onnx.running import session

GOLDEN = os.environ.get("GEARTRAIN_GOLDEN", "")
FILES = sorted(Path(GOLDEN).glob("*.keras")) if GOLDEN else []


def recorded(archive, kind):
    """The arrays of one kind: by name if they are a dict's (`in__image`), else by number."""
    found = {key.removeprefix(f"{kind}_"): archive[key] for key in archive.files
             if key.startswith(f"{kind}_")}  # fmt: skip
    if all(key.startswith("_") for key in found):
        return {key.removeprefix("_"): array for key, array in found.items()}
    return {int(key): array for key, array in found.items()}


def chosen(arrays, place, name):
    return arrays[place if 0 in arrays else name]


@pytest.mark.skipif(not FILES, reason="GEARTRAIN_GOLDEN names no folder of files made by Keras")
@pytest.mark.parametrize("path", FILES or [Path("none")], ids=lambda path: path.stem)
def test_models_that_keras_wrote(path):
    entry = json.loads((path.parent / "manifest.json").read_text())["models"][path.stem]
    archive = np.load(path.with_suffix(".npz"))
    given, wanted = recorded(archive, "in"), recorded(archive, "out")
    runtime = session(onnx_model(load_model(path, compile=False)))
    names = [one.name for one in runtime.get_inputs()]
    feed = {name: chosen(given, place, name) for place, name in enumerate(names)}
    outputs = [one.name for one in runtime.get_outputs()]
    assert len(outputs) == len(wanted)
    for place, (name, found) in enumerate(zip(outputs, runtime.run(None, feed), strict=True)):
        expected = chosen(wanted, place, name)
        np.testing.assert_allclose(
            found.astype("float64"), expected.astype("float64"),
            rtol=entry["rtol"], atol=entry["atol"], err_msg=name,
        )  # fmt: skip
