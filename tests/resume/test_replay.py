"""geartrain replay and geartrain bisect: steps of a run, done again from its program."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import geartrain
from geartrain import Input, Sequential, callbacks, files, layers, utils
from geartrain.cli import main
from geartrain.resume import Checkpoints
from geartrain.resume.replaying import Request, replaying

PROGRAM = """
import sys
import numpy as np
import geartrain as keras

keras.utils.set_random_seed(3)
x = np.random.normal(size=(40, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential([keras.layers.Dense(4), keras.layers.Dropout(0.3), keras.layers.Dense(1)])
model.compile("sgd", "mse")
schedule = keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 if epoch < 2 else 0.02)
listeners = [keras.callbacks.CSVLogger("log.csv")] + [schedule] * (sys.argv[1] == "B")
model.fit(x, y, batch_size=8, epochs=4, verbose=0, callbacks=listeners,
          resume=keras.resume.Checkpoints(sys.argv[1], steps=7))
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder in which two trainings ended that differ from the third epoch on."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "train.py").write_text(PROGRAM)
    for name in "AB":
        trained(folder, name)
    return folder


def trained(folder, name):
    root = str(Path(geartrain.__file__).parents[1])
    program = f"import sys; sys.path.insert(0, {root!r}); sys.argv = ['train.py', {name!r}]; \
import runpy; runpy.run_path('train.py', run_name='__main__')"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=folder)


def test_a_step_is_done_again_and_nothing_is_written(runs, monkeypatch, capsys):
    monkeypatch.chdir(runs)
    before = {one: one.read_bytes() for one in runs.rglob("*") if one.is_file()}
    assert main(["replay", "A", "--step", "16"]) == 0
    said = capsys.readouterr().out
    assert "step 16: epoch 4, batch 0, from the state after step 14" in said
    samples = re.search(r"samples: ([\d, ]+) \(8\)", said)
    assert samples and len(set(samples[1].split(", "))) == 8
    loss = float(re.search(r"loss: (\S+)", said)[1])
    mean = float(re.search(r"metrics of the epoch so far: loss (\S+)", said)[1])
    assert loss == pytest.approx(mean, rel=1e-4)  # of the first batch of an epoch
    assert re.search(r"/dense\w*/kernel ", said) and "not finite: none" in said
    assert main(["replay", "A", "--step", "1"]) == 0  # from the start
    assert "step 1: epoch 1, batch 0, from the state after step 0" in capsys.readouterr().out
    assert before == {one: one.read_bytes() for one in runs.rglob("*") if one.is_file()}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["A", "--step", "21"], "expected a step of this training, which has 20. Received: 21"),
        (["A", "--step", "0"], "expected --step of 1 or more. Received: 0"),
        (["nowhere", "--step", "1"], "expected a folder that fit(resume=...) has filled"),
        (["A", "--step", "1", "--script", "gone.py"], "expected the program that trained"),
        (["A", "--step", "1", "--script", "other.py"], "Received: a program that ended without it"),
    ],
    ids=["late", "early", "nowhere", "gone", "other"],
)
def test_what_cannot_be_replayed(arguments, message, runs, monkeypatch, capsys):
    monkeypatch.chdir(runs)
    (runs / "other.py").write_text("pass")
    assert main(["replay", *arguments]) == 1
    assert message in " ".join(capsys.readouterr().err.split())


def test_the_first_step_that_differs_is_found(runs, monkeypatch, capsys):
    monkeypatch.chdir(runs)
    root = str(Path(geartrain.__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", root)
    assert main(["bisect", "A", "B"]) == 1
    said = capsys.readouterr().out
    assert (
        "A and B are the same up to step 10. In step 11 (epoch 3, batch 0) these differ: " in said
    )
    assert "weights/sequential/dense/kernel" in said and "data differ" not in said
    assert main(["bisect", "A", "A"]) == 0
    assert "A and A are the same in all 20 steps that both have" in capsys.readouterr().out
    (runs / "train.py").rename(runs / "moved.py")
    assert main(["bisect", "A", "B"]) == 1
    assert "expected the program to train again" in " ".join(capsys.readouterr().err.split())
    (runs / "moved.py").rename(runs / "train.py")


def test_the_first_value_that_is_lost_is_shown(tmp_path):
    """In a step of a stream, by the request that the command makes."""

    def train():
        utils.set_random_seed(1)
        x = np.ones((24, 2), "float32")
        x[17] = np.inf
        batches = [(x[start : start + 4], x[start : start + 4, :1]) for start in range(0, 24, 4)]
        model = Sequential([Input((2,)), layers.Dense(1)])
        model.compile("sgd", "mse")
        guard = callbacks.TerminateOnNaN()
        model.fit(iter(batches), verbose=0, callbacks=[guard], resume=Checkpoints(tmp_path))

    with pytest.warns(UserWarning, match=r"batch 4: infinity in x of the batch"):
        train()
    told = {}
    with replaying(Request(tmp_path, 4, 5, told.__setitem__)):
        train()
    assert told[5]["not finite"] == "infinity in x of the batch"
    assert told[5]["samples"] is None and not np.isfinite(told[5]["loss"])


def test_what_is_written_goes_nowhere_in_a_rehearsal(tmp_path):
    (tmp_path / "log").write_bytes(b"one")
    with files.nothing_written():
        files.append(tmp_path / "log", b"two")
        files.cut(tmp_path / "log", 1)
        files.make_folder(tmp_path / "made")
        with files.replacing_folder(tmp_path / "folder") as folder:
            (folder / "file").write_bytes(b"")
    assert [one.name for one in tmp_path.iterdir()] == ["log"]
    assert (tmp_path / "log").read_bytes() == b"one"
