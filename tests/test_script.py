"""`geartrain run`: scripts for Keras run unchanged, and only in that process, while they run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import geartrain
from geartrain import script
from geartrain.cli import main
from geartrain.errors import GeartrainWarning


def written(folder: Path, text: str) -> Path:
    path = folder / "a_script.py"
    path.write_text(text, encoding="utf-8")
    return path


def names_of(folder: Path, text: str) -> dict[str, object]:
    return script.run(written(folder, text))


# -- the chapter's listings -----------------------------------------------------------------------


EDITIONS = ["first_edition.py", "second_edition.py", "third_edition.py"]


def check_edition(name: str, names: dict[str, object], printed: str, lowest: float) -> None:
    model = names.get("model") or names["network"]
    assert type(model) is geartrain.Sequential
    assert model.count_params() == 784 * 512 + 512 + 512 * 10 + 10
    assert list(model.history.history) == ["accuracy", "loss"]
    assert len(model.history.epoch) == 5
    if name != "second_edition.py":
        assert printed.rstrip().endswith(str(names["test_acc"]))
        assert names["test_acc"] > lowest
    if name != "first_edition.py":
        predictions = names["predictions"]
        assert predictions.shape == (10, 10)
        assert np.allclose(predictions.sum(axis=-1), 1.0, atol=1e-5)
        assert np.mean(predictions.argmax(axis=-1) == names["test_labels"][:10]) >= 0.8


@pytest.mark.parametrize("name", EDITIONS)
def test_the_first_network_on_the_sample(name, scripts, sample_for_mnist, tmp_path, capsys):
    """The listing as it is, but for the number of images, which it tells `reshape`."""
    text = (scripts / name).read_text(encoding="utf-8")
    assert "60000" in text
    sized = text.replace("60000", "4000").replace("10000", "1000")
    names = names_of(tmp_path, sized)
    check_edition(name, names, capsys.readouterr().out, lowest=0.88)


@pytest.mark.parametrize("name", EDITIONS)
def test_the_first_network_on_mnist(name, scripts, mnist, capsys):
    names = script.run(scripts / name)
    printed = capsys.readouterr().out
    check_edition(name, names, printed, lowest=0.97)
    assert (name == "first_edition.py") == printed.startswith("(60000, 28, 28)\n60000\n[5 0 4")


def test_tensors_and_their_slices(scripts, sample_for_mnist, capsys):
    script.run(scripts / "tensors.py")
    assert capsys.readouterr().out.splitlines() == [
        "0", "[12  3  6 14  7]", "1", "2", "3", "3", "(4000, 28, 28)", "uint8",
        "(90, 28, 28)", "(90, 28, 28)", "(90, 28, 28)",
        "(4000, 14, 14)", "(4000, 14, 14)", "(128, 28, 28)", "(128, 28, 28)",
    ]  # fmt: skip


def test_tensor_operations(scripts, capsys):
    script.run(scripts / "operations.py")
    printed = capsys.readouterr().out
    assert printed == "(3, 2)\n(6, 1)\n[[0. 1. 2.]\n [3. 4. 5.]]\n(20, 300)\n"


@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
def test_picture_of_a_digit(scripts, sample_for_mnist, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    matplotlib.use("Agg")
    pyplot = script.run(scripts / "picture.py")["plt"]
    (image,) = pyplot.gca().get_images()
    assert image.get_array().shape == (28, 28)
    pyplot.close("all")


# -- what a script sees ---------------------------------------------------------------------------


def test_arguments_and_versions(scripts, capsys):
    names = script.run(scripts / "arguments.py", ["--epochs", "3"])
    assert capsys.readouterr().out == "arguments.py --epochs 3 arguments.py\n"
    assert names["major"] == 3


@pytest.mark.parametrize(
    "line",
    [
        "import keras; found = keras.layers",
        "from keras import layers as found",
        "import keras.layers as found",
        "import tensorflow as tf; found = tf.keras.layers",
        "from tensorflow import keras; found = keras.layers",
        "from tensorflow.keras import layers as found",
        "import tensorflow.keras.layers as found",
        "import tensorflow.keras as k; found = k.layers",
        "import importlib; found = importlib.import_module('keras.layers')",
        "from tf_keras import layers as found",
        "import tensorflow.python.keras.layers as found",
        "import tensorflow.compat.v2 as tf; found = tf.keras.layers",
    ],
)
def test_every_way_to_import_gives_geartrains_module(line, tmp_path):
    assert names_of(tmp_path, line)["found"] is geartrain.layers


def test_keras_has_all_that_geartrain_has(tmp_path):
    names = names_of(tmp_path, "import keras\nfrom keras import *\nlisted = dir(keras)")
    assert set(geartrain.__all__) <= set(names["listed"])
    assert names["Sequential"] is geartrain.Sequential
    assert names["keras"].__name__ == "keras"
    assert names["keras"].__spec__.name == "keras"


def test_the_script_finds_files_beside_it(tmp_path):
    (tmp_path / "beside_the_script.py").write_text("answer = 42\n")
    try:
        names = names_of(tmp_path, "from beside_the_script import answer")
    finally:
        sys.modules.pop("beside_the_script", None)
    assert names["answer"] == 42
    assert str(tmp_path) not in sys.path


def test_a_module_beside_the_script_may_import_keras_too(tmp_path):
    (tmp_path / "makes_a_layer.py").write_text("from keras.layers import Dense\n")
    try:
        names = names_of(tmp_path, "from makes_a_layer import Dense")
    finally:
        sys.modules.pop("makes_a_layer", None)
    assert names["Dense"] is geartrain.layers.Dense


def test_private_modules_of_keras_are_the_public_ones_with_a_hint(tmp_path):
    with pytest.warns(GeartrainWarning) as told:
        names = names_of(
            tmp_path,
            "from keras.src.saving.saving_lib import save_model\n"
            "import keras.src.ops\nfrom keras.src.ops import *\n"
            "from keras.src import Sequential\n",
        )
    assert names["save_model"] is geartrain.saving.save_model
    assert names["relu"] is geartrain.ops.relu
    assert names["Sequential"] is geartrain.Sequential
    assert [str(one.message).split(". ")[1] for one in told] == [
        "Write keras.saving.", "Write keras.ops.",
    ]  # fmt: skip


# -- what is not there ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import tensorflow as tf; tf.reduce_summ", "'tensorflow.reduce_summ' is not there. Did "
         "you mean 'tf.reduce_sum'?"),
        ("import tensorflow as tf; tf.softmax", "Instead use tf.nn.softmax"),
        ("import tensorflow as tf; tf.xyz", "use the function of that purpose in keras.ops"),
        ("from tensorflow import estimator", "'tensorflow.estimator' is not there.*keras.Model"),
        ("import tensorflow.saved_model", "'tensorflow.saved_model' is not there.*model.save"),
        ("from tensorflow.python import framework", "'tensorflow.python.framework' is not there"),
        ("import tensorflow as tf; tf.compat.v1.disable_eager_execution()", "Leave the line out"),
        ("import keras; keras.layrs", "'keras.layrs' is not part of Geartrain. Did you mean "
         "'keras.layers'?"),
        ("from keras import quantizers", "quantizers"),
        ("import keras.quantizers", "'keras.quantizers' is not part of Geartrain"),
        ("import tensorflow.keras.quantizers", "'keras.quantizers' is not part"),
        ("from keras.src.engine import x", "It is private to Keras: use the public name"),
        ("import keras.src.trainers.trainer", "It is private to Keras: use the public name"),
        ("from keras.layers import Dense2D", "Did you mean 'keras.layers.Dense'"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_named(text, message, tmp_path):
    with pytest.raises((ImportError, AttributeError, NotImplementedError), match=message):
        names_of(tmp_path, text)


def test_a_missing_script(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"expected a Python script. Received: .*gone\.py"):
        script.run(tmp_path / "gone.py")


# -- nothing stays behind -------------------------------------------------------------------------


def test_nothing_stays_behind(tmp_path):
    before = list(sys.meta_path), list(sys.path), list(sys.argv)
    with pytest.raises(ZeroDivisionError):
        names_of(tmp_path, "import keras, tensorflow.keras.layers\n1 / 0")
    assert (list(sys.meta_path), list(sys.path), list(sys.argv)) == before
    assert not [n for n in sys.modules if n.split(".")[0] in ("keras", "tensorflow")]


def test_a_keras_that_was_there_comes_back(tmp_path, monkeypatch):
    real = type(sys)("keras")
    monkeypatch.setitem(sys.modules, "keras", real)
    assert names_of(tmp_path, "import keras")["keras"] is not real
    assert sys.modules["keras"] is real


def test_importing_geartrain_does_not_stand_in():
    code = (
        "import sys; before = list(sys.meta_path)\n"
        "import geartrain.layers\n"
        "assert sys.meta_path == before\n"
        "assert 'keras' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# -- the command ----------------------------------------------------------------------------------


def test_the_command_in_a_process_of_its_own(scripts):
    done = subprocess.run(
        [sys.executable, "-m", "geartrain", "run", str(scripts / "arguments.py"), "--epochs", "3"],
        capture_output=True, text=True, env={**os.environ, "PYTHONWARNINGS": "error"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "arguments.py --epochs 3 arguments.py\n"


def test_an_error_is_shown_as_the_scripts_own(tmp_path, capsys):
    path = written(
        tmp_path,
        "import keras\n\ndef build():\n    return keras.layers.Dense(10, 'rellu')\n\nbuild()\n",
    )
    assert main(["run", str(path)]) == 1
    shown = capsys.readouterr().err
    assert re.findall(r'File "(.*)", line (\d+)', shown) == [(str(path), "6"), (str(path), "4")]
    assert "rellu" in shown.splitlines()[-1]
    assert "Did you mean 'relu'?" in shown.splitlines()[-1]


def test_an_error_with_its_whole_traceback(tmp_path):
    path = written(tmp_path, "import keras; keras.layers.Dense(-1)")
    with pytest.raises(ValueError, match="Dense"):
        main(["run", "--traceback", str(path)])


def test_the_scripts_exit_code(tmp_path):
    with pytest.raises(SystemExit) as exit_:
        main(["run", str(written(tmp_path, "import sys; sys.exit(7)"))])
    assert exit_.value.code == 7


def test_a_syntax_error_is_shown_at_its_line(tmp_path, capsys):
    assert main(["run", str(written(tmp_path, "x = 1\ny = = 2\n"))]) == 1
    shown = capsys.readouterr().err
    assert 'a_script.py", line 2' in shown
    assert "SyntaxError" in shown


def test_a_script_that_is_not_there(capsys):
    assert main(["run", "no_such_script.py"]) == 1
    assert capsys.readouterr().err == (
        "geartrain run: expected a Python script. Received: 'no_such_script.py', no such file.\n"
    )


def test_other_libraries_see_the_versions():
    with script.stand_in():
        assert metadata.version("keras") == script.KERAS_VERSION
        assert metadata.version("tensorflow").startswith("2.")
        assert metadata.version("numpy")
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version("tensorflow-of-nobody")
