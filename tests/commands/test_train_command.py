"""`geartrain train`: as `fit` trains, with files before and after."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

import geartrain
from geartrain import models

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(64, 4)).astype("float32")
Y = X[:, :3].argmax(1)


@pytest.fixture
def data(tmp_path):
    np.savez(tmp_path / "data.npz", x_train=X[:48], y_train=Y[:48], x_test=X[48:], y_test=Y[48:])
    return tmp_path / "data.npz"


def weights(path):
    return models.load_model(path).get_weights()


def test_it_trains_as_fit_does(classifier, data, command, tmp_path):
    before = classifier.read_bytes()
    said = command("train", classifier, data, "--epochs", 3, "--batch-size", 16, "--seed", 7)
    out = tmp_path / "classifier-trained.keras"
    assert said.out.splitlines()[-1] == f"Trained model saved in {out}."
    assert said.out.count("Epoch ") == 3
    assert classifier.read_bytes() == before
    geartrain.utils.set_random_seed(7)
    model = models.load_model(classifier)
    model.fit(X[:48], Y[:48], epochs=3, batch_size=16, verbose=0)
    for ours, theirs in zip(weights(out), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert int(models.load_model(out).optimizer.iterations.numpy()) == 9


def test_the_same_seed_gives_the_same_bits(classifier, data, command, tmp_path):
    for name in ("a", "b"):
        command("train", classifier, data, "--epochs", 2, "--out", tmp_path / f"{name}.keras")
    for ours, theirs in zip(*(weights(tmp_path / f"{n}.keras") for n in "ab"), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_in_place_and_on_where_it_was(classifier, data, command):
    for steps in (3, 6):
        command("train", classifier, data, "--epochs", 1, "--batch-size", 16, "--out", classifier)
        assert int(models.load_model(classifier).optimizer.iterations.numpy()) == steps


def test_another_optimizer_loss_and_rate(classifier, data, command, tmp_path):
    command(
        "train", classifier, data, "--epochs", 1, "--optimizer", "adam", "--learning-rate", 0.125,
        "--metrics", "sparse_top_k_categorical_accuracy", "--out", tmp_path / "m.keras",
    )  # fmt: skip
    model = models.load_model(tmp_path / "m.keras")
    assert type(model.optimizer).__name__ == "Adam"
    assert float(model.optimizer.learning_rate) == 0.125
    assert model.loss == "sparse_categorical_crossentropy"
    assert model.get_compile_config()["metrics"] == ["sparse_top_k_categorical_accuracy"]


@pytest.mark.parametrize("arguments", [("--validation-split", "0.25"), ("--validation", "DATA")])
def test_validation(arguments, classifier, data, command, tmp_path):
    log = tmp_path / "log.csv"
    arguments = [str(data) if one == "DATA" else one for one in arguments]
    command("train", classifier, data, "--epochs", 2, *arguments, "--log", log)
    with log.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    out = tmp_path / "classifier-trained.keras"
    chosen = np.random.default_rng(0).permutation(48)[36:]
    held_out = chosen if "split" in arguments[0] else slice(48, 64)
    loss, accuracy = models.load_model(out).evaluate(X[held_out], Y[held_out], verbose=0)
    assert float(rows[-1]["val_loss"]) == pytest.approx(loss, abs=1e-6)
    assert float(rows[-1]["val_accuracy"]) == pytest.approx(accuracy)


def test_what_is_held_out_of_sorted_data_is_not_one_class(classifier, command, tmp_path):
    order = np.argsort(Y)
    np.savez(tmp_path / "sorted.npz", x=X[order], y=Y[order])
    model = models.load_model(classifier)
    model.layers[-1].bias.assign([0.0, 0.0, -1e6])  # class 2, at the end, is never right
    model.optimizer.learning_rate = 1e-9
    model.save(classifier)
    log = tmp_path / "log.csv"
    command(
        "train", classifier, tmp_path / "sorted.npz", "--epochs", 1, "--validation-split", 0.25,
        "--log", log,
    )  # fmt: skip
    with log.open() as file:
        (row,) = csv.DictReader(file)
    assert 0.3 < float(row["val_accuracy"]) < 1


def test_words_mean_the_same_in_both_files(classifier, command, tmp_path):
    names = np.array(["ant", "bee", "cow"])
    np.savez(tmp_path / "a.npz", x=X, y=names[Y])
    some = Y > 0  # no ants: alone, bees would be 0
    np.savez(tmp_path / "b.npz", x=X[some], y=names[Y[some]])
    log = tmp_path / "log.csv"
    command(
        "train", classifier, tmp_path / "a.npz", "--validation", tmp_path / "b.npz", "--epochs", 1,
        "--log", log,
    )  # fmt: skip
    with log.open() as file:
        (row,) = csv.DictReader(file)
    out = tmp_path / "classifier-trained.keras"
    _, accuracy = models.load_model(out).evaluate(X[some], Y[some], verbose=0)
    assert float(row["val_accuracy"]) == pytest.approx(accuracy)


def test_checkpoints(classifier, data, command, tmp_path):
    command("train", classifier, data, "--epochs", 3, "--checkpoint", tmp_path / "at_{epoch}.keras")
    for epoch in (1, 2, 3):
        model = models.load_model(tmp_path / f"at_{epoch}.keras")
        assert int(model.optimizer.iterations.numpy()) == 2 * epoch
    command(
        "train", classifier, data, "--epochs", 2, "--checkpoint", tmp_path / "best.weights.h5",
        "--best",
    )  # fmt: skip
    assert (tmp_path / "best.weights.h5").is_file()


def test_a_model_of_onnx(classifier, data, command, refused, tmp_path):
    models.load_model(classifier).export(tmp_path / "m.onnx", verbose=False)
    error = refused("train", tmp_path / "m.onnx", data)
    assert "expected a model that was saved with its training, or --loss" in error
    command(
        "train", tmp_path / "m.onnx", data, "--loss", "sparse_categorical_crossentropy", "--epochs",
        5, "--optimizer", "adam", "--metrics", "accuracy",
    )  # fmt: skip
    loss, _ = models.load_model(tmp_path / "m-trained.keras").evaluate(X, Y, verbose=0)
    assert loss < models.load_model(classifier).evaluate(X, Y, verbose=0)[0]


def test_images(images, command, tmp_path):
    from PIL import Image

    for name, level in (("dark", 20), ("bright", 230)):
        (tmp_path / "all" / name).mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (9, 9), (level + number,) * 3).save(
                tmp_path / "all" / name / f"{number}.png"
            )
    said = command("train", images, tmp_path / "all", "--labels", "dark,bright", "--epochs", 1)
    assert "accuracy: 1.0000" in said.out
    assert "8 images, resized to 6 x 4" in said.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out", "FOLDER/m.pkl"), "Received: '.pkl'"),
        (("--best",), "--best: expected --checkpoint FILE too"),
        (("--checkpoint", "FOLDER/c.npz"), "expected a filepath that ends in .keras or .h5"),
        (("--optimizer", "adamm"), "Did you mean 'Adam'?"),
        (("--log", "FOLDER"), "it is a folder"),
        (("--validation", "FOLDER/x.npy"), "--validation: expected inputs and targets"),
    ],
)
def test_mistakes_are_told_before_training(arguments, message, classifier, data, refused, tmp_path):
    np.save(tmp_path / "x.npy", X)
    arguments = [one.replace("FOLDER", str(tmp_path)) for one in arguments]
    before = sorted(tmp_path.iterdir())
    assert message in refused("train", classifier, data, *arguments)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--epochs", "0"), "expected a whole number of 1 or more"),
        (("--learning-rate", "-1"), "expected a number above 0, not '-1'"),
        (("--validation-split", "1.5"), "expected a number between 0 and 1"),
        (("--scale", "big"), "expected auto, none or a number above 0"),
        (("--labels", "a,a"), "expected different names"),
        (("--validation-split", "0.1", "--validation", "x"), "not allowed with argument"),
    ],
)
def test_wrong_arguments_end_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as ended:
        geartrain.cli.main(["train", "m.keras", "d.npz", *arguments])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("checkpoint", [True, False])
def test_an_interrupt_saves_nothing_half(checkpoint, classifier, data, tmp_path):
    out, at = tmp_path / "out.keras", tmp_path / "at_{epoch}.keras"
    arguments = ["train", classifier, data, "--epochs", "100000", "--out", out]
    arguments += ["--checkpoint", at] if checkpoint else []
    with subprocess.Popen(
        [sys.executable, "-m", "geartrain", *map(str, arguments)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Epoch 3/"):
                break
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert not out.exists()
    assert f"Nothing was saved in {out}." in error
    assert error.endswith("\nInterrupted.\n")
    if checkpoint:
        found = re.search(r"The last checkpoint is (.*)\.\n", error)
        assert found
        assert int(models.load_model(found[1]).optimizer.iterations.numpy()) >= 4
    else:
        assert "--checkpoint FILE saves after each epoch" in error
    assert not [one for one in tmp_path.iterdir() if one.name.endswith(".part")]
