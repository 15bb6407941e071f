"""`geartrain evaluate`: the numbers of `Model.evaluate`, on data of each kind."""

from __future__ import annotations

import json

import numpy as np
import pytest

from geartrain import models
from geartrain.utils import to_categorical

X = np.eye(4, dtype="float32")[[0, 2, 1, 3, 0, 1]]
Y = np.array([0, 2, 1, 0, 1, 1])


def values(printed):
    return json.loads(printed.out)


def expected(path, x=X, y=Y):
    found = models.load_model(path).evaluate(x, y, verbose=0, return_dict=True)
    return {"samples": len(x), **{name: pytest.approx(value) for name, value in found.items()}}


@pytest.mark.parametrize(
    "names", [("x", "y"), ("x_test", "y_test"), ("test_images", "test_labels"), ("data", "target")]
)
def test_an_npz(names, classifier, command, tmp_path):
    others = {"x_train": X[:2], "y_train": Y[:2]} if "test" in "".join(names) else {}
    np.savez(tmp_path / "d.npz", **others, **dict(zip(names, (X, Y), strict=True)))
    found = values(command("evaluate", classifier, tmp_path / "d.npz", "--json"))
    assert found == expected(classifier)


def test_it_is_told_in_words(classifier, command, tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    lines = command("evaluate", classifier, tmp_path / "d.npz").out.splitlines()
    assert lines[0] == "6 samples"
    assert lines[1].startswith("loss      ")
    assert lines[2] == "accuracy  0.8333 (5 of 6)"


def test_only_the_training_part_is_there(classifier, command, tmp_path):
    np.savez(tmp_path / "d.npz", x_train=X, y_train=Y)
    said = command("evaluate", classifier, tmp_path / "d.npz", "--json")
    assert values(said) == expected(classifier)
    assert "only 'x_train' is in" in said.err


def test_two_files(classifier, command, tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    (tmp_path / "y.csv").write_text("label\n" + "\n".join(map(str, Y)))
    for targets in ("y.npy", "y.csv"):
        said = command("evaluate", classifier, tmp_path / "x.npy", tmp_path / targets, "--json")
        assert values(said) == expected(classifier)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("quoted", [False, True])
def test_a_table_with_names_of_classes(separator, quoted, classifier, command, tmp_path):
    names = np.array(["ant", "bee, wild" if quoted else "bee", "cow"])[Y]
    rows = [
        [*map(str, row), f'"{name}"' if quoted else name]
        for row, name in zip(X, names, strict=True)
    ]
    lines = [separator.join(row) for row in [["a", "b", "c", "d", "animal"], *rows]]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    said = command("evaluate", classifier, tmp_path / "t.csv", "--target", "animal", "--json")
    assert values(said) == expected(classifier)
    assert "classes: ant = 0, bee" in said.err


def test_classes_in_a_given_order(classifier, command, refused, tmp_path, capsys):
    names = np.array(["dog", "cat", "ant"])[Y]
    np.savez(tmp_path / "d.npz", x=X, y=names)
    arguments = ("evaluate", classifier, tmp_path / "d.npz", "--json", "--labels")
    assert values(command(*arguments, "dog,cat,ant")) == expected(classifier)
    assert values(command(*arguments, "ant,cat,dog")) != expected(classifier)
    for labels in ("dog,cat,dog", "dog,,ant"):
        with pytest.raises(SystemExit):
            command(*arguments, labels)
        said = capsys.readouterr().err
        assert f"expected different names, as in a,b,c, not '{labels}'" in said
    error = refused(*arguments, "dog,cow,ant")
    assert "expected targets among the --labels dog, cow, ant. Received: 'cat'" in error


def test_labels_and_rows_of_ones(classifier, images, command, tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=to_categorical(Y, 3))
    said = command("evaluate", classifier, tmp_path / "d.npz", "--json")
    assert values(said) == expected(classifier)
    assert "rows of ones became labels" in said.err
    pixels, labels = np.zeros((3, 6, 4, 3), "float32"), np.array([0, 1, 1])
    np.savez(tmp_path / "i.npz", x=pixels, y=labels)
    said = command("evaluate", images, tmp_path / "i.npz", "--json")
    assert values(said) == expected(images, pixels, to_categorical(labels, 2))
    assert "labels became rows of 2 numbers" in said.err


def test_a_label_that_the_model_does_not_know(classifier, images, refused, tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=Y + 1)
    error = refused("evaluate", classifier, tmp_path / "d.npz")
    assert (
        "expected labels from 0 to 2, since the model tells 3 classes apart. Received: 3" in error
    )


def test_numbers(regression, command, tmp_path):
    (tmp_path / "t.csv").write_text("a,b,y\n1,2,3\n1,1,3\n")
    said = command("evaluate", regression, tmp_path / "t.csv", "--json")
    assert values(said) == {"samples": 2, "loss": 0.5, "mae": 0.5}
    assert "column 'y' holds the targets" in said.err


def test_another_loss_and_other_metrics(regression, command, tmp_path):
    np.savez(tmp_path / "d.npz", x=np.ones((2, 2)), y=[3, 2])
    arguments = ("evaluate", regression, tmp_path / "d.npz", "--json")
    assert values(command(*arguments, "--loss", "mae")) == {"samples": 2, "loss": 0.5}
    found = values(command(*arguments, "--metrics", "mse,mae"))
    assert found == {"samples": 2, "loss": 0.5, "mse": 0.5, "mae": 0.5}


def test_a_model_without_a_loss(regression, refused, command, tmp_path):
    models.load_model(regression).export(tmp_path / "m.onnx", verbose=False)
    np.savez(tmp_path / "d.npz", x=np.ones((2, 2)), y=[3, 2])
    error = refused("evaluate", tmp_path / "m.onnx", tmp_path / "d.npz")
    assert "expected a model that was saved with its training, or --loss" in error
    assert "for numbers: --loss mse" in error
    found = command("evaluate", tmp_path / "m.onnx", tmp_path / "d.npz", "--loss", "mse", "--json")
    assert values(found) == {"samples": 2, "loss": 0.5}


def test_a_data_set(command, refused, tmp_path, regression):
    error = refused("evaluate", regression, "digits")
    assert "digits: expected inputs 'input_layer" in error
    assert "Received: 28 x 28 each" in error


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b,y\n1,2\n", "expected 3 cells in each line, as the first has. Received: 2 in line 2"),
        ("a,b,y\n1,red,3\n", "Received: 'red' in line 2, column 'b'"),
        ("a,a,y\n1,2,3\n", "expected each name of a column once"),
        ("a,b,y\n", "expected at least a row"),
        ("a,b,y\n1,,3\n", "expected numbers in x. Received: NaN at (0, 1)"),
        ("a,b\n1,2\n", "Name the targets with --target NAME"),
    ],
)
def test_tables_that_cannot_be_used(content, message, regression, refused, tmp_path):
    (tmp_path / "t.csv").write_text(content)
    assert message in refused("evaluate", regression, tmp_path / "t.csv")


def test_a_column_that_is_not_there(regression, refused, tmp_path):
    (tmp_path / "t.csv").write_text("a,b,price\n1,2,3\n")
    error = refused("evaluate", regression, tmp_path / "t.csv", "--target", "prise")
    assert "Unknown column: 'prise'. Did you mean 'price'? Known: a, b, price" in error


def test_inputs_and_targets_of_different_numbers(regression, refused, tmp_path):
    np.savez(tmp_path / "d.npz", x=np.ones((3, 2)), y=[1, 2])
    error = refused("evaluate", regression, tmp_path / "d.npz")
    assert "expected as many targets as inputs, and some. Received: 3 inputs, 2 targets" in error


def test_more_files_than_two(regression, refused, tmp_path):
    error = refused("evaluate", regression, "a.npy", "b.npy", "c.npy")
    assert "expected one file, folder or data set, or two files" in error
