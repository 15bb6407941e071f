"""Networks that PyTorch exported predict here what they predict there, and go on training alike.

The files, and PyTorch's numbers, are recorded by `scripts/record/torch_onnx.py`.
"""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import geartrain as keras

FOLDER = Path(__file__).parents[2] / "recorded" / "torch_onnx"
FILES = sorted(path.name for path in FOLDER.glob("*.onnx"))
RECORDED = np.load(FOLDER.with_suffix(".npz"))
# Files in which the exporter changed what is trained: it multiplied batch normalizations into the
# layers before, or wrote out a recurrence whose second bias was held while recording.
CHANGED = ["layer_norm.dynamo", "mobile.dynamo", "resnet.dynamo", "rnn.dynamo"]


def inputs_of(name):
    network = name.partition(".")[0]
    keys = sorted(key for key in RECORDED.files if key.startswith(f"{network}/x"))
    return [RECORDED[key] for key in keys]


def recorded(name, what):
    return RECORDED[f"{name.partition('.')[0]}/{what}"]


def only(arrays):
    return arrays if len(arrays) > 1 else arrays[0]


def test_there_are_files_of_both_exporters():
    assert {name.split(".")[1] for name in FILES} == {"script", "dynamo"}
    assert len(FILES) >= 44


@pytest.mark.parametrize("name", FILES)
def test_predictions_are_those_of_pytorch(name):
    model = keras.saving.load_model(FOLDER / name)
    found = model.predict(only(inputs_of(name)), verbose=0)
    np.testing.assert_allclose(found, recorded(name, "y"), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", FILES)
def test_other_batches_are_as_onnxruntime_has_them(name):
    model = keras.saving.load_model(FOLDER / name)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(FOLDER / name, options)
    for count in (1, 5):
        arrays = [np.resize(array, (count, *array.shape[1:])) for array in inputs_of(name)]
        feed = {one.name: array for one, array in zip(session.get_inputs(), arrays, strict=True)}
        (wanted,) = session.run(None, feed)
        found = model.predict(only(arrays), verbose=0)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "name", [name for name in FILES if name.removesuffix(".onnx") not in CHANGED]
)
def test_training_goes_on_as_in_pytorch(name):
    model = keras.saving.load_model(FOLDER / name)
    model.compile(keras.optimizers.SGD(0.05), "mse")
    batch = only(inputs_of(name)), recorded(name, "target")
    losses = [model.train_on_batch(*batch) for _ in range(20)]
    np.testing.assert_allclose(losses, recorded(name, "losses"), rtol=1e-4, atol=1e-4)


def test_layers_are_named_and_made_as_in_the_network():
    model = keras.saving.load_model(FOLDER / "resnet.script.onnx")
    kinds = {layer.name: type(layer).__name__ for layer in model.layers}
    assert kinds["conv2d_4_conv1"] == "Conv2D"
    assert kinds["batch_normalization_4_bn1"] == "BatchNormalization"
    assert kinds["global_average_pooling2d_6"] == "GlobalAveragePooling2D"
    assert model.get_layer("conv2d_4_conv1").data_format == "channels_first"


def test_what_undoes_itself_is_left_out():
    model = keras.saving.load_model(FOLDER / "bi_gru.script.onnx")
    kinds = [type(operation).__name__ for operation in model.operations]
    assert kinds == ["InputLayer", "Bidirectional", "Dense"]


def test_parameters_of_modules_are_trained():
    model = keras.saving.load_model(FOLDER / "vision.script.onnx")
    names = [weight.path for weight in model.trainable_weights]
    assert {"token/value", "positions/value"} <= set(names)


@pytest.mark.parametrize("name", [name for name in FILES if ".script." in name])
def test_models_that_were_read_are_saved_and_loaded_like_any_other(name, tmp_path):
    model = keras.saving.load_model(FOLDER / name)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    x = only(inputs_of(name))
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
