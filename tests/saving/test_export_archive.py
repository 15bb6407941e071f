"""ExportArchive: each endpoint gives in ONNX Runtime what its function gives here."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import Input, InputSpec, Model, Sequential, layers, ops
from geartrain.export import ExportArchive

X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
SPEC = [InputSpec(shape=(None, 3), dtype="float32")]


def model_of():
    return Sequential([Input((3,)), layers.Dense(4, activation="relu"), layers.Dense(2)])


def run(path, *arrays):
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    names = [one.name for one in session.get_inputs()]
    return session.run(None, dict(zip(names, arrays, strict=True)))


def test_several_endpoints(tmp_path, capsys):
    model, dense = model_of(), layers.Dense(5)
    dense.build((None, 3))

    def pair(x, y):
        return ops.tanh(model(x)) + ops.sum(y, axis=-1, keepdims=True), dense(y)

    archive = ExportArchive()
    archive.track(model)
    archive.track_and_add_endpoint("dense", dense, SPEC)
    archive.add_endpoint("serve", model)
    assert archive.add_endpoint("call", model.call, SPEC) == model.call
    assert archive.add_endpoint("pair", pair, SPEC * 2) is pair
    assert len(archive.variables) == len(archive.trainable_variables) == 6
    assert archive.non_trainable_variables == []
    folder = tmp_path / "around" / "artifact"
    archive.write_out(folder)
    told = capsys.readouterr().out
    assert "Saved artifact at" in told and "* Endpoint 'pair': pair.onnx" in told
    assert sorted(one.stem for one in folder.iterdir()) == ["call", "dense", "pair", "serve"]
    expected = model.predict(X, verbose=0)
    for name in ("serve", "call"):
        np.testing.assert_allclose(run(folder / f"{name}.onnx", X)[0], expected, rtol=1e-5)
    np.testing.assert_allclose(run(folder / "dense.onnx", X)[0], dense(X), rtol=1e-5)
    for found, wanted in zip(run(folder / "pair.onnx", X, 2 * X), pair(X, 2 * X), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    again = keras.models.load_model(folder / "serve.onnx")
    np.testing.assert_allclose(again.predict(X, verbose=0), expected, rtol=1e-5)
    archive.write_out(folder, verbose=False)  # in the place of the former one
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(OSError, match=r"holds other files, such as 'thesis\.txt'"):
        archive.write_out(folder)


def test_a_single_file_and_a_model_without_a_graph(tmp_path):
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, inputs):
            return self.dense(inputs["x"])

    model = Own()
    expected = model({"x": X})
    archive = ExportArchive()
    archive.add_endpoint("serve", lambda x: model({"x": x}), SPEC)
    with pytest.warns(UserWarning, match="options are those of SavedModels"):
        archive.write_out(tmp_path / "model.onnx", options=object(), verbose=False)
    np.testing.assert_allclose(run(tmp_path / "model.onnx", X)[0], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("act", "kind", "message"),
    [
        (lambda a: a.track(3), ValueError, "Invalid resource type: expected a Keras.*Received: 3"),
        (lambda a: a.track(layers.Dense(2)), ValueError, "has not yet been built.*Dense"),
        (lambda a: a.add_endpoint("serve", model_of()), ValueError,
         "Endpoint name 'serve' is already taken"),
        (lambda a: a.add_endpoint("a/b", model_of()), ValueError, "name that a file can have.*a/b"),
        (lambda a: a.add_endpoint("x", lambda x: x), ValueError,
         "must provide an `input_signature` argument.*endpoint 'x'"),
        (lambda a: a.add_endpoint("x", 3, SPEC), ValueError, "fn to be a function, a layer"),
        (lambda a: a.add_endpoint("x", ops.relu, [3]), ValueError, "InputSpec with shapes.*: 3"),
        (lambda a: a.add_endpoint("x", ops.relu, input_signatur=SPEC), TypeError,
         "keyword 'input_signatur'. Did you mean 'input_signature'"),
        (lambda a: a.add_variable_collection("x", 3), ValueError, "to be a list/tuple/set.*: 3"),
        (lambda a: a.add_variable_collection("x", []), NotImplementedError,
         "ONNX files have no collections.*save_weights"),
        (lambda a: ExportArchive().write_out("x"), ValueError, "No endpoints have been set yet"),
        (lambda a: model_of().export("x", format="tf_saved_model"), ValueError,
         "format=\"onnx\""),
        (lambda a: layers.TFSMLayer, AttributeError, "SavedModels need TensorFlow.*load_model"),
    ],
)  # fmt: skip
def test_what_does_not_fit(act, kind, message):
    archive = ExportArchive()
    archive.add_endpoint("serve", model_of())
    with pytest.raises(kind, match=message):
        act(archive)
