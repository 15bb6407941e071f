"""`geartrain convert`: models and weights keep what the other format can hold."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import models

MODELS = (".keras", "", ".h5", ".onnx")
WEIGHTS = (".weights.h5", ".weights.json", ".safetensors", ".npz")
X = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")


def outputs(path):
    return models.load_model(path, compile=False).predict(X, verbose=0)


def step(path):
    return int(models.load_model(path).optimizer.iterations.numpy())


@pytest.mark.parametrize("between", MODELS)
@pytest.mark.parametrize("after", MODELS)
def test_models(between, after, trained, command, tmp_path):
    first, second = tmp_path / f"first{between}", tmp_path / f"second{after}"
    said = command("convert", trained, first, *(["--overwrite"] if first.exists() else []))
    assert said.out.startswith(f"{trained} (Keras model, ")
    command("convert", first, second)
    np.testing.assert_allclose(outputs(second), outputs(trained), atol=1e-6)
    if ".onnx" not in (between, after):
        assert step(second) == step(trained) == 2


def test_what_a_format_does_not_hold_is_told(trained, command, tmp_path):
    training = "loss, metrics and the optimizer's arguments"
    lacking = {
        ".onnx": f"Left out: {training}, the optimizer's state.",
        ".safetensors": f"Left out: the layers and their arguments, {training}.",
    }
    for ending, told in lacking.items():
        said = command("convert", trained, tmp_path / f"other{ending}")
        assert said.out.splitlines()[1] == told
    assert len(command("convert", trained, tmp_path / "folder").out.splitlines()) == 1
    assert "legacy format" in command("convert", trained, tmp_path / "other.h5").err


@pytest.mark.parametrize("between", WEIGHTS)
@pytest.mark.parametrize("after", WEIGHTS)
def test_weights(between, after, trained, command, tmp_path):
    first, second, whole = (
        tmp_path / f"first{between}", tmp_path / f"second{after}", tmp_path / "whole.keras"
    )  # fmt: skip
    command("convert", trained, first)
    command("convert", first, second, "--model", trained)
    command("convert", second, whole, "--model", trained)
    assert command("inspect", "--diff", trained, whole).out == "The same: 14 tensors.\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (".safetensors", ".npz"),
        (".npz", ".safetensors"),
        (".safetensors", ".weights.h5"),
        (".safetensors", ".weights.json"),
        (".weights.h5", ".weights.json"),
        (".weights.json", ".weights.h5"),
    ],
)
def test_weights_without_their_model(before, after, trained, command, tmp_path):
    first, second, whole = (
        tmp_path / f"first{before}", tmp_path / f"second{after}", tmp_path / "whole.keras"
    )  # fmt: skip
    command("convert", trained, first)
    command("convert", first, second)
    command("convert", second, whole, "--model", trained)
    assert command("inspect", "--diff", trained, whole).out == "The same: 14 tensors.\n"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (".weights.h5", ".npz", "expected to know what the variables are called"),
        (".weights.json", ".safetensors", "expected to know what the variables are called"),
        (".npz", ".weights.h5", "expected to know at which places of a model the tensors are"),
        (".npz", ".keras", "weights alone, which do not say of which layers"),
        (".weights.h5", ".onnx", "weights alone, which do not say of which layers"),
    ],
)
def test_weights_that_need_their_model(before, after, message, trained, command, refused, tmp_path):
    command("convert", trained, tmp_path / f"first{before}")
    error = refused("convert", tmp_path / f"first{before}", tmp_path / f"second{after}")
    assert message in error
    assert "Name a file of the model: --model model.keras" in error
    assert not (tmp_path / f"second{after}").exists()


def test_weights_of_another_model(trained, regression, command, refused, tmp_path):
    command("convert", regression, tmp_path / "w.safetensors")
    arguments = ("convert", tmp_path / "w.safetensors", tmp_path / "m.keras", "--model", trained)
    assert "w.safetensors" in refused(*arguments)
    assert not (tmp_path / "m.keras").exists()


def test_a_file_that_is_there_stays(trained, refused, command, tmp_path):
    target = tmp_path / "m.onnx"
    target.write_bytes(b"mine")
    error = refused("convert", trained, target)
    assert "expected a new file. Received: one that exists" in error
    assert "pass --overwrite to replace it" in error
    assert target.read_bytes() == b"mine"
    command("convert", trained, target, "--overwrite")
    np.testing.assert_allclose(outputs(target), outputs(trained), atol=1e-6)


def test_one_file_and_a_link_to_it(trained, refused, tmp_path):
    (tmp_path / "link.keras").symlink_to(trained)
    error = refused("convert", trained, tmp_path / "link.keras", "--overwrite")
    assert "expected two files" in error


def test_mistakes(trained, refused, tmp_path):
    assert "no such file" in refused("convert", tmp_path / "gone.keras", tmp_path / "m.onnx")
    assert "Received: '.pkl'" in refused("convert", trained, tmp_path / "m.pkl")
    error = refused("convert", trained, tmp_path / "m.onnx", "--model", trained)
    assert "--model: expected only with weights alone" in error


def test_a_failed_write_leaves_the_old_file(trained, refused, tmp_path, monkeypatch):
    target = tmp_path / "m.onnx"
    target.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert "No space left" in refused("convert", trained, target, "--overwrite")
    assert target.read_bytes() == b"old"
