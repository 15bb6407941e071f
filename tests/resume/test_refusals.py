"""What fit(resume=...) refuses, and what it says: another training, a folder in use, damage."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import geartrain
from geartrain import Sequential, callbacks, data, layers, utils
from geartrain.errors import GeartrainWarning
from geartrain.files import append, cut
from geartrain.resume import Checkpoints, TrainingState, checkpoint, read_checkpoint
from geartrain.resume.folder import RunFolder
from geartrain.resume.values import packed, unpacked

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def fit(folder, x=X, y=Y, seed=1, units=4, loss="mse", **settings):
    utils.set_random_seed(seed)
    model = Sequential([layers.Dense(units, activation="relu"), layers.Dense(1)])
    model.compile("sgd", loss)
    model.fit(x, y, **{"epochs": 2, "verbose": 0, "batch_size": 8, **settings}, resume=folder)
    return model


@pytest.fixture
def run(tmp_path):
    fit(tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": X[:, ::-1].copy()}, r"another data: x float32\[40, 3\].*Give it the same data"),
        ({"x": X[:32], "y": Y[:32]}, r"another data: x float32\[32, 3\].*rather than.*\[40, 3\]"),
        ({"validation_data": (X, Y)}, r"another validation: .*rather than none"),
        ({"batch_size": 10}, r"another batch_size: 10, rather than 8. Let batch_size be what it"),
        ({"shuffle": False}, r"another shuffle: False, rather than True"),
        ({"class_weight": {1: 2.0}}, r"another class_weight"),
        ({"seed": 2}, r"another seed: 2, rather than 1"),
        ({"units": 5}, r"a checkpoint of this model.*of shape \(3, 4\).*there.*\(3, 5\).* here"),
        ({"loss": "mae"}, r"another loss: mae, rather than mse"),
        ({"callbacks": [callbacks.EarlyStopping("loss")]}, r"expected the callbacks.*History\. "),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_another_training_is_refused_by_name(change, message, run):
    with pytest.raises(ValueError, match=f"{message}|{message}.*another folder"):
        fit(run, **change)


@pytest.mark.parametrize("part", ["geartrain", "numpy", "cpu"])
def test_other_versions_and_processors_are_refused_unless_bits_may_differ(part, run):
    state = RunFolder(run).latest()
    other = dataclasses.replace(state, identity={**state.identity, part: "1.2.3"})
    checkpoint.write_checkpoint(other, RunFolder(run).file(state.step))
    with pytest.raises(ValueError, match=rf"another {part}: .*rather than 1\.2\.3.*exact=False"):
        fit(run)
    with pytest.warns(GeartrainWarning, match=rf"{part} is .* now, and was 1\.2\.3"):
        fit(Checkpoints(run, exact=False))


class Stop(callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise KeyboardInterrupt


def batches(seed):
    random = np.random.default_rng(seed)
    while True:
        rows = random.integers(0, 40, 8)
        yield X[rows], Y[rows]


@pytest.mark.parametrize("kind", ["generator", "rows"])
def test_data_that_are_random_otherwise_are_found_out(kind, tmp_path):
    kinds = {"generator": "others from generator", "rows": "rows in another order"}

    def started(seed):
        x = batches(seed)
        if kind == "rows":
            x = data.Dataset.from_tensor_slices((X, Y)).shuffle(40, seed=seed).batch(8)
        settings = {"batch_size": None, "steps_per_epoch": 5, "callbacks": [Stop()]}
        fit(Checkpoints(tmp_path, steps=2), x, None, **settings)

    with pytest.raises(KeyboardInterrupt):
        started(1)
    with pytest.raises(ValueError, match=rf"training had before. Received: {kinds[kind]}"):
        started(2)


def test_one_folder_is_one_process_s(run, tmp_path):
    program = f"from geartrain.files.lock import FolderLock; from pathlib import Path; \
import sys; lock = FolderLock(Path({str(run)!r})); print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "ready\n"
        said = rf"for this training alone\. Received: .*process {other.pid} "
        with pytest.raises(RuntimeError, match=said):
            fit(run)
        other.kill()
    fit(run)  # the system has released it
    folder = RunFolder(run)
    folder.open()
    with pytest.raises(RuntimeError, match=rf"process {os.getpid()} trains now"):
        fit(run)
    folder.close()
    fit(run)


def test_a_damaged_checkpoint_and_the_one_before_it(run):
    fit(Checkpoints(run, steps=3), epochs=4)
    folder = RunFolder(run)
    latest = folder.steps()[-1]
    content = bytearray(folder.file(latest).read_bytes())
    content[-1] ^= 1
    folder.file(latest).write_bytes(content)
    whole = fit(None, epochs=4)
    with pytest.warns(GeartrainWarning, match=r"damaged, so the one before it is taken.*SHA-256"):
        model = fit(run, epochs=4)
    np.testing.assert_array_equal(model.get_weights()[0], whole.get_weights()[0])
    for step in folder.steps():
        folder.file(step).write_bytes(b"nothing")
    with (
        pytest.warns(GeartrainWarning, match="damaged"),
        pytest.raises(ValueError, match=r"at least the 8 bytes of a header"),
    ):
        fit(run)


def test_files_that_are_no_checkpoints(tmp_path, monkeypatch):
    model = fit(None)
    model.save_weights(tmp_path / "weights.safetensors")
    with pytest.raises(ValueError, match=r"to hold the state of a training. Received: tensors"):
        read_checkpoint(tmp_path / "weights.safetensors")
    monkeypatch.setattr(checkpoint, "FORM", 7)
    checkpoint.write_checkpoint(TrainingState(0, {}, {}, {}), tmp_path / "later")
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"a checkpoint of form 1.*Received: form 7"):
        read_checkpoint(tmp_path / "later")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"folder": ""}, "Checkpoints: expected a folder"),
        ({"steps": 0}, "expected steps as a whole number of 1 or more. Received: 0"),
        ({"keep": True}, "expected keep as a whole number of 1 or more. Received: True"),
        ({"seconds": -1}, "expected seconds as a number of 0 or more. Received: -1"),
        ({"mode": "auto"}, "mode of Checkpoints"),
    ],
    ids=["folder", "steps", "keep", "seconds", "mode"],
)
def test_wrong_settings(arguments, message):
    with pytest.raises(ValueError, match=message):
        Checkpoints(**{"folder": "run", **arguments})


def test_it_says_from_where_it_goes_on(run, capsys):
    fit(run, epochs=3, verbose=2)
    assert f"Going on after step 10, from {str(run)!r}." in capsys.readouterr().out


def test_what_resume_takes(tmp_path):
    with pytest.raises(ValueError, match=r"expected resume as the path of a folder.*Received: 7"):
        fit(7)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        fit(tmp_path / "file")


def test_values_come_back_bit_for_bit_and_others_are_refused():
    arrays = {}
    value = {
        "a": [1, -2.5, float("nan"), float("-inf"), None, True, "text"], "b": (np.float32(0.1), ()),
        "c": {1: {"$array": 2}, (1, 2): np.arange(3)}, "d": {}, "e": 2**100,
    }  # fmt: skip
    back = unpacked(packed(value, arrays, "name"), arrays)
    np.testing.assert_equal(back, value)
    assert type(back["b"][0]) is np.float32 and type(back["b"]) is tuple
    with pytest.raises(TypeError, match=r"own/1: expected None, numbers.*Received: \{1\}"):
        packed([0, {1}], {}, "own")


def test_a_callback_s_own_state_must_be_plain(tmp_path):
    class Odd(callbacks.Callback):
        def get_state(self):
            return {"seen": {1, 2}}

    for steps in (None, 2):  # at the end, and by the thread in the middle
        with pytest.raises(TypeError, match=r"state/callbacks/0/1/seen: expected None, numbers"):
            fit(Checkpoints(tmp_path, steps=steps), callbacks=[Odd()])


def test_a_file_that_became_shorter(tmp_path):
    append(tmp_path / "log", b"one")
    with pytest.raises(OSError, match="expected at least 4 bytes, it has 3"):
        cut(tmp_path / "log", 4)


def test_importing_the_library_imports_nothing_of_it():
    program = "import geartrain, sys; assert not any('resume' in name for name in sys.modules)"
    root = Path(geartrain.__file__).parents[1]
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root)
