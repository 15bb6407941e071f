"""The editor of weights' files: reading, comparing, changing, saving."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import Sequential, layers
from geartrain.saving import KerasFileEditor


def a_model(units=3, cells=4):
    return Sequential(
        [
            layers.LSTM(cells, input_shape=(6, 2), name="memory"),
            layers.Dense(units, name="first"),
            layers.Dense(2, name="second"),
        ]
    )


@pytest.fixture
def editor(tmp_path):
    model = a_model()
    model.save(tmp_path / "m.keras")
    return KerasFileEditor(str(tmp_path / "m.keras"))


def test_the_tree_has_every_weight(editor):
    layers_of = editor.weights_dict["layers"]
    assert layers_of["lstm"]["cell"]["1"].shape == (4, 16)
    assert layers_of["dense_1"]["0"].shape == (3, 2)
    assert editor.object_metadata["layers/dense"] == {"name": "first"}
    assert editor.metadata["keras_version"] == "3.15.1"
    assert editor.config["class_name"] == "Sequential"


def test_the_summary_shows_names_and_shapes(editor, capsys):
    editor.summary()
    shown = capsys.readouterr().out
    assert "Keras model file" in shown and "saved 20" in shown
    assert "dense ('first')" in shown and "1: shape=(4, 16), dtype=float32" in shown


def test_comparing_counts_what_differs(editor, capsys):
    assert editor.compare(a_model()) == {"status": "success", "error_count": 0, "match_count": 7}
    assert editor.compare(a_model(units=5)) == {
        "status": "error",
        "error_count": 3,
        "match_count": 4,
    }
    assert "Of another shape: layers/dense/0, (4, 3) in the file, (4, 5)" in capsys.readouterr().out
    fewer = Sequential([layers.LSTM(4, input_shape=(6, 2)), layers.Dense(3)])
    assert editor.compare(fewer)["error_count"] == 2
    assert "In the file, missing from the model: layers/dense_1/0" in capsys.readouterr().out


def test_changes_are_saved(editor, tmp_path):
    kernel = np.full((4, 9), 2.0, "float32")
    editor.delete_object("layers/dense")
    editor.add_object("layers/dense", {"0": kernel, "1": np.zeros(9, "float32")})
    editor.delete_weight("dense_1", "0")
    editor.add_weights("layers/dense_1", {"0": np.ones((9, 2), "float32")})
    editor.save(tmp_path / "new.weights.h5")
    model = a_model(units=9)
    assert editor.compare(model)["status"] == "success"
    model.load_weights(tmp_path / "new.weights.h5")
    np.testing.assert_array_equal(model.get_layer("first").get_weights()[0], kernel)
    editor.rename_object("dense_1", "dense_2")
    editor.resave_weights(tmp_path / "new.weights.h5")
    assert "dense_2" in KerasFileEditor(tmp_path / "new.weights.h5").weights_dict["layers"]


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda e: e.delete_object("dens"), "'dens', which is not there. There is: layers, layers"),
        (lambda e: e.delete_object("layers/x/y"), "'layers/x/y', which is not there"),
        (lambda e: e.rename_object("dense", "a/b"), "a name without '/'.*'a/b'"),
        (
            lambda e: e.delete_weight("dense", "7"),
            r"Weight 7 not found in object dense.*\['0', '1'",
        ),
        (lambda e: e.add_object("x/y", {}), "Path 'x' not found in model"),
        (lambda e: e.add_weights("dense", [1]), "a dictionary of arrays as weights.*list"),
        (lambda e: e.save("x.keras"), "The filename must end in '.weights.h5'"),
    ],
)
def test_mistakes_are_told(editor, change, message):
    with pytest.raises(ValueError, match=message):
        change(editor)


def test_a_name_that_occurs_twice_needs_a_path(editor):
    editor.add_object("layers/lstm/dense", {"0": np.zeros(1)})
    with pytest.raises(ValueError, match="'dense', which occurs 2 times: give a whole path"):
        editor.delete_object("dense")
    editor.delete_object("layers/lstm/dense")
    editor.delete_object("dense")


def test_files_of_other_kinds_are_refused(tmp_path):
    (tmp_path / "m.txt").write_text("")
    with pytest.raises(ValueError, match="The filename must end in"):
        KerasFileEditor(tmp_path / "m.txt")
    with pytest.raises(ValueError, match="File not found"):
        KerasFileEditor(tmp_path / "m.keras")
