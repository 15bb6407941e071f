"""`geartrain inspect`: files of each format are told of, and compared."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from geartrain import Model, Sequential, layers, models
from tests.commands.model_files import LAMBDA, plain, rewritten, saved_as, with_layer

# -- what is told ---------------------------------------------------------------------------------


def test_a_model(trained, command):
    lines = command("inspect", trained).out.splitlines()
    size = trained.stat().st_size / 1024
    assert lines[0] == f"{trained}: Keras model, {size:.2f} KiB"
    assert lines[1].startswith("  Keras 3.15.1, Geartrain ")
    assert lines[2].endswith("layers, 32 parameters (128 B)")
    assert "  optimizer: Adam, step 2, learning rate 0.001, 10 tensors (264 B)" in lines
    assert "  loss: mse" in lines
    assert "  metrics: mae" in lines
    assert "  SHA-256: 16 right" in lines
    rows = [line.split() for line in lines]
    assert ["deep", "(Dense)", "3x5,", "5", "float32", "20", "80", "B", "ok"] in rows
    assert ["last", "(Dense)", "5x2,", "2", "float32", "12", "48", "B", "ok"] in rows
    assert max(map(len, lines[1:])) <= 80


def test_a_model_as_plain_data(trained, command):
    found = plain(command, trained)
    assert found["bytes"] == trained.stat().st_size
    assert found["optimizer"]["class"] == "Adam"
    assert found["optimizer"]["step"] == 2
    assert found["sha256"] == {"config.json": "ok", "model.weights.h5": "ok"}
    paths = [layer["path"] for layer in found["layers"]]
    assert paths == [
        "layers/sequential", "layers/sequential/layers/dense", "layers/re_lu", "layers/dense",
    ]  # fmt: skip
    tensor = found["layers"][-1]["tensors"][0]
    assert tensor == {
        "path": "layers/dense/vars/0", "shape": [5, 2], "dtype": "float32", "bytes": 40,
        "sha256": "ok",
    }  # fmt: skip
    assert found["findings"] == []


@pytest.mark.parametrize(
    ("ending", "kind", "optimizer"),
    [
        ("", "Keras model, as a folder", True),
        (".h5", "legacy Keras model", True),
        (".onnx", "ONNX model", False),
        (".weights.h5", "Keras weights", True),
        (".weights.json", "Keras weights in several files", True),
        (".safetensors", "safetensors weights", True),
        (".npz", "NumPy weights", True),
    ],
)
def test_other_formats(ending, kind, optimizer, trained, command):
    path = saved_as(trained, ending)
    found = plain(command, path)
    assert found["format"] == kind
    assert found["findings"] == []
    shapes = sorted(tuple(t["shape"]) for layer in found["layers"] for t in layer["tensors"])
    assert shapes == [(2,), (3, 5), (5,), (5, 2)]
    assert (found["optimizer"] is not None) == optimizer
    if optimizer:
        assert found["optimizer"]["step"] == 2
    lines = command("inspect", path).out.splitlines()
    assert "32 parameters (128 B)" in "\n".join(lines)
    assert max(map(len, lines[1:])) <= 80


def test_an_array(tmp_path, command):
    np.save(tmp_path / "x.npy", np.zeros((3, 4), "int16"))
    found = plain(command, tmp_path / "x.npy")
    (tensor,) = found["layers"][0]["tensors"]
    assert (tensor["shape"], tensor["dtype"]) == ([3, 4], "int16")


def test_the_nodes_of_onnx(trained, command):
    lines = command("inspect", saved_as(trained, ".onnx")).out.splitlines()
    assert any(line.startswith("  inputs: ") and "(batch x 3, float32)" in line for line in lines)
    assert any(line == "  operators: Gemm 2, Relu 1" for line in lines)


def test_several_files_and_every_tensor(trained, command):
    other = saved_as(trained, ".weights.h5")
    printed = command("inspect", "--all", trained, other).out
    assert printed.count("layers/sequential/layers/dense/vars/0") == 2
    assert [one["file"] for one in plain(command, trained, other)] == [str(trained), str(other)]


def test_many_layers_stay_readable(tmp_path, command):
    model = Sequential([layers.Input((2,)), *(layers.Dense(2) for _ in range(300))])
    model.save(tmp_path / "m.keras")
    lines = command("inspect", tmp_path / "m.keras").out.splitlines()
    assert len(lines) < 70
    assert any("... 250 more (--all)" in line and "1,500" in line for line in lines)
    assert len(command("inspect", "--all", tmp_path / "m.keras").out.splitlines()) > 600


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_it_fits_a_pipe(encoding, trained):
    done = subprocess.run(
        [sys.executable, "-m", "geartrain", "inspect", trained], capture_output=True, text=True,
        env={**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "200"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii() == (encoding == "ascii")
    assert max(map(len, done.stdout.splitlines()[1:])) <= 80


def test_nothing_is_built(trained, command, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a layer was made")

    monkeypatch.setattr("geartrain.layers.layer.Layer.__init__", refuse)
    assert plain(command, trained)["findings"] == []


def test_without_values(trained, command):
    found = plain(command, "--no-values", trained)
    assert found["layers"][-1]["tensors"][0]["sha256"] == "not read"


def test_what_is_not_there(refused, tmp_path):
    assert "expected a file or folder" in refused("inspect", tmp_path / "gone.keras")


def test_names_steer_no_terminal(trained, command):
    path = rewritten(trained, config=lambda data: data.replace(b'"last"', b'"a\\u001b[31mb"'))
    printed = command("inspect", path).out
    assert "a?[31mb (Dense)" in printed
    assert "\x1b" not in printed


# -- two files ------------------------------------------------------------------------------------


def copy_of(path, change, name="second.keras"):
    model = models.load_model(path)
    change(model)
    model.save(path.with_name(name))
    return path.with_name(name)


def test_the_same_files(trained, command):
    other = copy_of(trained, lambda model: None)
    assert command("inspect", "--diff", trained, other).out == "The same: 14 tensors.\n"
    assert plain(command, "--diff", trained, other)["same"] is True


def test_values_that_differ(trained, command):
    def change(model):
        kernel = model.layers[-1].kernel
        values = np.array(kernel.numpy())
        values[0, 0], values[1, 1] = values[0, 0] + 0.5, np.nan
        kernel.assign(values)

    other = copy_of(trained, change)
    found = plain(command, "--diff", trained, other, code=1)
    (moved,) = found["moved"]
    assert (moved["path"], moved["what"]) == ("layers/dense/vars/0", "values")
    assert (moved["differing"], moved["count"], moved["largest"]) == (2, 10, "inf")
    printed = command("inspect", "--diff", trained, other, code=1).out
    assert "layers/dense/vars/0" in printed
    assert "2 of 10 values" in printed
    assert "0 arguments and 1 tensor differ (1 in values alone); 13 tensors equal." in printed


def test_how_large_a_difference_is(trained, command):
    first = copy_of(trained, lambda m: m.layers[-1].bias.assign([4.0, 8.0]), "first.keras")
    other = copy_of(trained, lambda m: m.layers[-1].bias.assign([4.0, 6.0]))
    (moved,) = plain(command, "--diff", first, other, code=1)["moved"]
    assert (moved["differing"], moved["largest"], moved["relative"]) == (1, 2.0, 0.25)


def test_arguments_that_differ(trained, command):
    path = rewritten(
        trained,
        config=lambda data: data.replace(b'"negative_slope": 0.0', b'"negative_slope": 0.25'),
    )
    found = plain(command, "--diff", trained, path, code=1)
    assert found["changed"] == [{"place": "re_lu.negative_slope", "before": "0.0", "after": "0.25"}]
    assert found["moved"] == []


def test_layers_that_differ(trained, command, tmp_path):
    other = Sequential([layers.Input((3,)), layers.Dense(4, name="last")])
    other.save(tmp_path / "small.keras")
    found = plain(command, "--diff", trained, tmp_path / "small.keras", code=1)
    changed = {one["place"]: (one["before"], one["after"]) for one in found["changed"]}
    assert changed["dense.units"] == ("2", "4")
    assert changed["re_lu"] == ("ReLU", None)
    kinds = {one["path"]: one["what"] for one in found["moved"]}
    assert kinds["layers/dense/vars/0"] == "shape"
    assert kinds["layers/sequential/layers/dense/vars/0"] == "only in the first"
    assert (
        "shape: 5x2 / 3x4"
        in command("inspect", "--diff", trained, tmp_path / "small.keras", code=1).out
    )


def test_automatic_names_are_no_difference(tmp_path, command):
    for name in ("a", "b"):
        model = Sequential([layers.Input((2,)), layers.Dense(2, kernel_initializer="ones")])
        model.save(tmp_path / f"{name}.keras")
    files = [tmp_path / "a.keras", tmp_path / "b.keras"]
    names = [plain(command, file)["layers"][0]["name"] for file in files]
    assert names[0] != names[1]
    assert command("inspect", "--diff", *files).out == "The same: 2 tensors.\n"


@pytest.mark.parametrize("ending", ["", ".weights.h5", ".safetensors", ".npz", ".h5", ".onnx"])
def test_files_of_different_formats(ending, tmp_path, command):
    inputs = layers.Input((3,))
    Model(inputs, layers.Dense(2)(layers.Dense(4)(inputs))).save(tmp_path / "m.keras")
    other = saved_as(tmp_path / "m.keras", ending)
    said = command("inspect", "--diff", tmp_path / "m.keras", other).out
    assert said.startswith("The same: 4 tensors")


@pytest.mark.parametrize("files", [("trained.keras",), ("trained.keras", "gone.keras")])
def test_what_cannot_be_compared(files, trained, command):
    printed = command("inspect", "--diff", *(trained.parent / name for name in files), code=2)
    assert printed.out == ""
    assert printed.err.startswith("geartrain inspect: ")
    assert printed.err.count("\n") == 1


def test_a_hostile_file_is_not_compared(trained, command):
    path = rewritten(trained, config=with_layer(LAMBDA))
    printed = command("inspect", "--diff", trained, path, code=2)
    assert "expected a file that can be read, to compare it" in printed.err


# -- files of real Keras --------------------------------------------------------------------------

GOLDEN = os.environ.get("GEARTRAIN_GOLDEN", "")


@pytest.mark.skipif(not GOLDEN, reason="GEARTRAIN_GOLDEN names no folder of files made by Keras")
def test_nothing_in_files_of_keras_is_odd(command):
    files = [*Path(GOLDEN).glob("*.keras"), *Path(GOLDEN).glob("*.h5")]
    assert len(files) > 50
    for path in files:
        found = plain(command, path)
        assert found["findings"] == [], path.name
        assert found["layers"], path.name
        assert all(one["tensors"] or one["class"] for one in found["layers"]), path.name


def test_nothing_in_files_of_keras_2_is_odd(command, tmp_path):
    with zipfile.ZipFile(Path(__file__).parent.parent / "recorded" / "keras2.zip") as recorded:
        recorded.extractall(tmp_path)
    files = list(tmp_path.glob("*.h5"))
    assert len(files) > 20
    for path in files:
        found = plain(command, path)
        odd = [one["text"] for one in found["findings"] if "of the user's" not in one["text"]]
        assert odd == [], path.name
        if path.name.startswith("optimizer"):
            assert found["optimizer"]["class"], path.name
            assert found["optimizer"]["step"], path.name
