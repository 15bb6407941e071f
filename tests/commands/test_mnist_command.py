"""`geartrain mnist`: what it prints and saves, and the same bits for the same seed."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import numpy as np
import pytest

import geartrain
from geartrain import datasets
from geartrain.cli import main
from geartrain.commands import formats
from geartrain.commands import mnist as mnist_command


def trained(out, *arguments):
    assert main(["mnist", "--sample", "--epochs", "1", "--out", str(out), *arguments]) == 0


def test_mnist_trains_shows_and_saves(tmp_path, capsys):
    out = tmp_path / "mnist.keras"
    trained(out, "--epochs", "3")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "The sample of MNIST in the package: 4,000 images to train on, 1,000 to test."
    )
    assert lines[1] == (
        "Network 784 -> 512 -> 10, 407,050 weights, rmsprop, batches of 128, seed 0."
    )
    assert lines[2] == "Epoch 1/3"
    line = (
        r"4000/4000 \[=+\] 32 batches - \d+m?s \d+us/sample - loss: 0\.\d{4} - accuracy: 0\.\d{4}"
    )
    assert all(re.fullmatch(line, lines[number]) for number in (3, 5, 7))
    found = re.fullmatch(r"Test accuracy: (0\.\d{4}) \((\d+) of 1,000 digits\)", lines[8])
    assert found
    assert float(found[1]) == int(found[2]) / 1000 > 0.85
    assert re.search(r"^ +0 +1 +2 +3 +\d, but it is \d$", "\n".join(lines), re.MULTILINE)
    assert lines[-3:] == [
        f"Network saved in {out}. To use it:",
        f"  geartrain evaluate {out} digits",
        f"  network = geartrain.models.load_model({str(out)!r})",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["mnist.keras"]


def test_the_saved_network_is_used_as_it_says(tmp_path, capsys):
    out = tmp_path / "mnist.keras"
    trained(out)
    *_, command, line = capsys.readouterr().out.splitlines()
    network = eval(line.partition("=")[2], {"geartrain": geartrain})
    data = mnist_command.load(None, sample=True)
    accuracy = np.mean(network.predict(data.x_test, verbose=0).argmax(-1) == data.y_test)
    assert accuracy > 0.8
    assert main(command.split()[1:]) == 0
    assert f"accuracy  {accuracy:.4f} ({accuracy * 1000:.0f} of 1,000)" in capsys.readouterr().out


@pytest.mark.parametrize("ending", [".weights.h5", ".safetensors", ".npz"])
def test_weights_alone_load_as_it_says(ending, tmp_path, capsys):
    out = tmp_path / f"mnist{ending}"
    trained(out)
    said = capsys.readouterr().out.splitlines()[-1]
    assert said == f"Weights saved in {out}: load them with network.load_weights({str(out)!r})."
    network = mnist_command.make_network("rmsprop")
    network.fit(np.zeros((1, 784), "float32"), np.eye(10)[:1], verbose=0)
    network.load_weights(out)
    data = mnist_command.load(None, sample=True)
    assert np.mean(network.predict(data.x_test, verbose=0).argmax(-1) == data.y_test) > 0.8


def test_another_ending_is_refused_before_training(tmp_path, capsys):
    assert main(["mnist", "--sample", "--out", str(tmp_path / "mnist.pkl")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "expected the ending of a model" in printed.err
    assert "Received: '.pkl'" in printed.err


def test_the_sample_stands_in_for_mnist(nowhere, capsys):
    data = mnist_command.load(None, sample=False)
    printed = capsys.readouterr().out
    assert data.source == "The sample of MNIST in the package"
    assert data.x_train.shape == (4000, 784)
    assert printed.startswith("MNIST is not on this machine: downloading it (11 MB) ...\n")
    assert "a sample of it must do" in printed


def test_mnist_from_a_given_folder(nowhere, capsys, tmp_path):
    assert main(["mnist", "--data", str(tmp_path), "--out", str(tmp_path / "w.npz")]) == 1
    error = capsys.readouterr().err
    assert f"{tmp_path}: expected the files of MNIST" in error
    assert error.count("\n") == 1


def weights_of(folder, name, seed, threads):
    """The bytes of the weights that the command makes in a process of its own."""
    out = folder / f"{name}.npz"
    command = [sys.executable, "-m", "geartrain", "mnist", "--sample", "--epochs", "1"]
    done = subprocess.run(
        [*command, "--seed", str(seed), "--out", str(out)],
        env={**os.environ, "GEARTRAIN_THREADS": str(threads), "PYTHONHASHSEED": str(threads)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with np.load(out) as arrays:
        return [arrays[key].tobytes() for key in arrays.files]


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads(tmp_path):
    first = weights_of(tmp_path, "first", seed=3, threads=1)
    assert weights_of(tmp_path, "again", seed=3, threads=1) == first
    assert weights_of(tmp_path, "two", seed=3, threads=2) == first
    assert weights_of(tmp_path, "other", seed=4, threads=1) != first


def test_mnist_itself(mnist):
    data = mnist_command.load(None, sample=False)
    place = datasets.find("mnist")
    assert place is not None
    assert data.source == f"MNIST from {place.found}"
    assert (data.x_train.shape, data.x_train.dtype) == ((60000, 784), np.float32)
    assert (data.x_train.min(), data.x_train.max()) == (0.0, 1.0)


def test_a_place_that_cannot_be_written_is_refused_before_training(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    inside = tmp_path / "file" / "m.keras"
    refusals = {
        tmp_path: f"{tmp_path}: expected a folder that is empty or holds a model",
        inside: f"cannot write '{inside}': Not a dir",
    }
    for out, refusal in refusals.items():
        assert main(["mnist", "--sample", "--out", str(out)]) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert refusal in printed.err


def test_a_failed_save_leaves_the_old_network(tmp_path, monkeypatch):
    path = tmp_path / "mnist.keras"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    network = mnist_command.make_network("sgd")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        formats.save(network, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
