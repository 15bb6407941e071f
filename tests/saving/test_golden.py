"""Files that Keras wrote: outputs are those of Keras, and training goes on where Keras would."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from geartrain import models, tree

FOLDER = os.environ.get("GEARTRAIN_GOLDEN")
MANIFEST = json.loads((Path(FOLDER) / "manifest.json").read_text())["models"] if FOLDER else {}
NAMES = [name for name in MANIFEST if f"{name}.keras" in MANIFEST[name]["files"]]
pytestmark = pytest.mark.skipif(
    not NAMES, reason="GEARTRAIN_GOLDEN names no folder of files made by Keras"
)


def structured(arrays, prefix, form):
    """Arrays of a file in the structure that the manifest gives."""
    if form == "array":
        return arrays[f"{prefix}_0"]
    if "list" in form:
        return [arrays[f"{prefix}_{number}"] for number in range(form["list"])]
    return {key: arrays[f"{prefix}__{key}"] for key in form["dict"]}


def found(arrays, prefix):
    """The arrays of that prefix, as one, a list or a dict."""
    keys = [key for key in arrays.files if key.startswith(f"{prefix}_")]
    if any(key.startswith(f"{prefix}__") for key in keys):
        return {key.removeprefix(f"{prefix}__"): arrays[key] for key in keys}
    ordered = [arrays[f"{prefix}_{number}"] for number in range(len(keys))]
    return ordered[0] if len(ordered) == 1 else ordered


def check(model, arrays, entry):
    x = structured(arrays, "in", entry["inputs"])
    wanted = structured(arrays, "out", entry["outputs"])
    outputs = model.predict(x, verbose=0, batch_size=64)
    pairs = zip(tree.flatten(outputs), tree.flatten(wanted), strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(
            np.asarray(one, "float32"), other, atol=entry["atol"], rtol=entry["rtol"]
        )


@pytest.mark.parametrize("name", NAMES or ["none"])
def test_outputs_are_those_of_keras_before_and_after_saving(name, tmp_path):
    entry, arrays = MANIFEST[name], np.load(Path(FOLDER, f"{name}.npz"))
    model = models.load_model(Path(FOLDER, f"{name}.keras"))
    check(model, arrays, entry)
    model.save(tmp_path / "again.keras")
    again = models.load_model(tmp_path / "again.keras")
    check(again, arrays, entry)
    assert again.get_config() == model.get_config()


@pytest.mark.parametrize("name", [n for n in NAMES if "resume" in MANIFEST[n]] or ["none"])
def test_training_goes_on_as_in_keras(name):
    entry, arrays = MANIFEST[name], np.load(Path(FOLDER, f"{name}.npz"))
    model, resume = models.load_model(Path(FOLDER, f"{name}.keras")), entry["resume"]
    assert int(model.optimizer.iterations) == resume["iterations_before"]
    history = model.fit(
        found(arrays, "resume_x"), found(arrays, "resume_y"), epochs=resume["epochs"],
        batch_size=resume["batch_size"], shuffle=False, verbose=0,
    )  # fmt: skip
    losses = history.history["loss"]
    np.testing.assert_allclose(losses, arrays["resume_loss"], rtol=resume["loss_rtol"])
    x = structured(arrays, "in", entry["inputs"])
    np.testing.assert_allclose(
        model.predict(x, verbose=0), found(arrays, "resume_out"), atol=resume["out_atol"]
    )
