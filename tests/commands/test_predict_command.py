"""`geartrain predict`: models and data of each kind, and predictions in each form."""

from __future__ import annotations

import csv
import os
import subprocess
import sys

import numpy as np
import pytest

from geartrain import Model, Sequential, layers, models, ops

X = np.eye(4, dtype="float32")[[0, 2, 1]]


def cells(printed):
    """The cells of a table."""
    return [line.split() for line in printed.splitlines()]


def test_the_likeliest_classes(classifier, command, tmp_path):
    np.save(tmp_path / "x.npy", X)
    rows = cells(command("predict", classifier, tmp_path / "x.npy").out)
    assert rows[0] == ["sample", "class", "probability"]
    assert rows[2:] == [["0", "0", "100.0%"], ["1", "2", "100.0%"], ["2", "1", "100.0%"]]


def test_names_of_classes_and_several_of_them(classifier, command, tmp_path):
    np.save(tmp_path / "x.npy", X)
    (tmp_path / "names.txt").write_text("cat\ndog\ncow\n")
    for labels in ("cat,dog,cow", tmp_path / "names.txt"):
        printed = command(
            "predict", classifier, tmp_path / "x.npy", "--labels", labels, "--top", 2
        ).out
        rows = cells(printed)
        assert rows[0] == ["sample", "likeliest", "2."]
        assert [row[1] for row in rows[2:]] == ["cat", "cow", "dog"]


def test_a_wrong_number_of_names(classifier, refused, tmp_path):
    np.save(tmp_path / "x.npy", X)
    error = refused("predict", classifier, tmp_path / "x.npy", "--labels", "cat,dog")
    assert "expected 3 names of classes" in error
    assert "Received: 2 (cat, dog)" in error


def test_labels_in_the_data_are_compared(classifier, command, tmp_path):
    np.savez(tmp_path / "data.npz", x=X, y=[0, 2, 2])
    printed = command("predict", classifier, tmp_path / "data.npz").out
    assert printed.splitlines()[0].endswith("in the data")
    assert printed.splitlines()[-1] == "2 of 3 are as the data say (66.7%)."


def test_only_the_first_are_shown(regression, command, tmp_path):
    np.save(tmp_path / "x.npy", np.ones((1000, 2), "float32"))
    lines = command("predict", regression, tmp_path / "x.npy").out.splitlines()
    assert lines[0].split() == ["sample", "sum"]
    assert lines[2].split() == ["0", "2"]
    assert lines[-1] == "... and 980 more: --out predictions.csv writes all."


@pytest.mark.parametrize("ending", [".csv", ".npy", ".npz"])
def test_predictions_in_a_file(ending, classifier, command, tmp_path):
    np.save(tmp_path / "x.npy", X)
    out = tmp_path / "folder" / f"out{ending}"
    said = command("predict", classifier, tmp_path / "x.npy", "--out", out).out
    assert said == f"Predictions for 3 samples written to {out}.\n"
    expected = models.load_model(classifier).predict(X, verbose=0)
    if ending == ".csv":
        with out.open() as file:
            heads, *rows = csv.reader(file)
        assert heads == ["sample", "class", "0", "1", "2"]
        assert [row[:2] for row in rows] == [["0", "0"], ["1", "2"], ["2", "1"]]
        found = np.array([row[2:] for row in rows], "float32")
    else:
        found = np.load(out)
        found = found["head"] if ending == ".npz" else found
    np.testing.assert_array_equal(found, expected)


def test_predictions_as_csv_in_a_pipe(classifier, tmp_path):
    np.save(tmp_path / "x.npy", X)
    done = subprocess.run(
        [sys.executable, "-m", "geartrain", "predict", classifier, tmp_path / "x.npy", "--out",
         "-"], capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "sample,class,0,1,2"
    assert len(done.stdout.splitlines()) == 4


def test_a_failed_write_leaves_the_old_file(classifier, refused, tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", X)
    (tmp_path / "out.csv").write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    error = refused("predict", classifier, tmp_path / "x.npy", "--out", tmp_path / "out.csv")
    assert "No space left on device" in error
    assert (tmp_path / "out.csv").read_text() == "old"


@pytest.fixture
def two_inputs(tmp_path):
    left, right = layers.Input((2,), name="left"), layers.Input((3,), name="right")
    joined = layers.Concatenate()([left, right])
    outputs = [
        layers.Dense(1, name="price")(joined),
        layers.Dense(3, activation="softmax", name="kind")(joined),
    ]
    Model([left, right], outputs).save(tmp_path / "two.keras")
    return tmp_path / "two.keras"


def test_several_inputs_and_outputs(two_inputs, command, tmp_path):
    data = {"right": np.ones((5, 3), "float32"), "left": np.zeros((5, 2), "float32")}
    np.savez(tmp_path / "data.npz", **data)
    out = tmp_path / "out.npz"
    command("predict", two_inputs, tmp_path / "data.npz", "--out", out)
    price, kind = models.load_model(two_inputs).predict([data["left"], data["right"]], verbose=0)
    with np.load(out) as found:
        np.testing.assert_array_equal(found["price"], price)
        np.testing.assert_array_equal(found["kind"], kind)
    printed = command("predict", two_inputs, tmp_path / "data.npz", "--out", "-").out
    assert printed.splitlines()[0] == "sample,price,kind_0,kind_1,kind_2"


def test_one_array_for_several_inputs(two_inputs, refused, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((5, 2), "float32"))
    error = refused("predict", two_inputs, tmp_path / "x.npy")
    assert "expected an array for each of the inputs left, right" in error
    assert "numpy.savez('data.npz', left=..., right=...)" in error


def test_several_outputs_in_one_npy(two_inputs, refused, tmp_path):
    np.savez(tmp_path / "d.npz", left=np.zeros((1, 2)), right=np.zeros((1, 3)))
    error = refused("predict", two_inputs, tmp_path / "d.npz", "--out", tmp_path / "out.npy")
    assert "expected .npz for the 2 outputs price, kind" in error
    assert not (tmp_path / "out.npy").exists()


def test_outputs_of_many_axes_are_no_csv(refused, tmp_path):
    Sequential([layers.Input((4, 4)), layers.ReLU()]).save(tmp_path / "m.keras")
    np.save(tmp_path / "x.npy", np.zeros((2, 4, 4), "float32"))
    error = refused("predict", tmp_path / "m.keras", tmp_path / "x.npy", "--out", "-")
    assert "expected .npy or .npz for outputs of more than one axis" in error


@pytest.mark.parametrize("ending", [".h5", ".onnx", ""])
def test_models_of_other_formats(ending, classifier, command, tmp_path):
    np.save(tmp_path / "x.npy", X)
    expected = command("predict", classifier, tmp_path / "x.npy", "--out", "-").out
    model, path = models.load_model(classifier), tmp_path / f"other{ending}"
    if ending == ".onnx":
        model.export(path, verbose=False)
    elif ending:
        with pytest.warns(UserWarning, match="legacy format"):
            model.save(path)
    else:
        model.save(path, zipped=False)
    printed = command("predict", path, tmp_path / "x.npy", "--out", "-").out
    found, wanted = (
        np.array([row.split(",")[1:] for row in text.splitlines()[1:]], "float64")
        for text in (printed, expected)
    )
    np.testing.assert_allclose(found, wanted, atol=1e-6)


# -- data that have to be made to fit -------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "wanted", "note"),
    [
        ((5, 2, 2), (4,), "reshaped: 2 x 2 -> 4"),
        ((5, 4), (2, 2), "reshaped: 4 -> 2 x 2"),
        ((5, 2, 3), (2, 3, 1), "reshaped: 2 x 3 -> 2 x 3 x 1"),
        ((5, 2, 3, 1), (2, 3), "reshaped: 2 x 3 x 1 -> 2 x 3"),
        ((5, 3, 2, 4), (2, 4, 3), "channels moved to the end: 3 x 2 x 4 -> 2 x 4 x 3"),
        ((5, 2, 3), (None, None, 1), "an axis of one channel was added: 2 x 3 -> 2 x 3 x 1"),
    ],
)
def test_shapes_are_made_to_fit_where_the_order_stays(shape, wanted, note, command, tmp_path):
    inputs = layers.Input(wanted)
    Model(inputs, layers.Identity(name="same")(inputs)).save(tmp_path / "m.keras")
    x = np.random.default_rng(0).random(shape, "float32")
    np.save(tmp_path / "x.npy", x)
    out = tmp_path / "out.npy"
    said = command("predict", tmp_path / "m.keras", tmp_path / "x.npy", "--out", out)
    assert said.err == f"Note: {tmp_path / 'x.npy'}: {note}.\n"
    moved = np.moveaxis(x, 1, -1) if "moved" in note else x
    found = np.load(out)
    np.testing.assert_array_equal(found.reshape(moved.shape), moved)
    assert len(found.shape) == len(wanted) + 1


@pytest.mark.parametrize(
    ("shape", "received"),
    [((5, 6), "6 each"), ((5, 3, 4), "3 x 4 each"), ((5,), "a number each")],
)
def test_shapes_that_do_not_fit(shape, received, classifier, refused, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(shape, "float32"))
    error = refused("predict", classifier, tmp_path / "x.npy")
    assert f"{tmp_path / 'x.npy'}: expected inputs 'input_layer" in error
    assert "of shape 4 each" in error
    assert f"Received: {received} (array {shape})" in error


def test_a_table_with_its_targets(classifier, command, refused, tmp_path):
    (tmp_path / "t.csv").write_text("a,b,c,d,price\n1,0,0,0,7\n0,0,1,0,8\n")
    error = refused("predict", classifier, tmp_path / "t.csv")
    assert "It has one column more: if that is the targets', name it with --target" in error
    for option in ("--target", "--drop"):
        printed = command("predict", classifier, tmp_path / "t.csv", option, "price").out
        assert [row[1] for row in cells(printed)[2:4]] == ["0", "2"]


@pytest.mark.parametrize(
    ("scale", "factor", "noted"), [("auto", 1 / 255, True), ("none", 1, False), ("2", 1 / 2, False)]
)
def test_bytes_are_scaled(scale, factor, noted, regression, command, tmp_path):
    np.save(tmp_path / "x.npy", np.full((1, 2), 51, "uint8"))
    out = tmp_path / "out.npy"
    said = command("predict", regression, tmp_path / "x.npy", "--scale", scale, "--out", out)
    np.testing.assert_allclose(np.load(out), [[102 * factor]], rtol=1e-6)
    assert ("bytes were divided by 255" in said.err) == noted


def test_bytes_stay_for_a_model_that_scales_them(command, tmp_path):
    Sequential([layers.Input((2,)), layers.Rescaling(0.5)]).save(tmp_path / "m.keras")
    np.save(tmp_path / "x.npy", np.full((1, 2), 50, "uint8"))
    printed = command("predict", tmp_path / "m.keras", tmp_path / "x.npy", "--out", "-")
    assert printed.out.splitlines()[1] == "0,25,25"
    assert printed.err == ""


def test_whole_numbers_for_an_embedding(command, refused, tmp_path):
    model = Sequential([layers.Input((3,), dtype="int32"), layers.Embedding(10, 2)])
    model.save(tmp_path / "m.keras")
    (tmp_path / "t.csv").write_text("1,2,3\n4,5,6\n")
    command("predict", tmp_path / "m.keras", tmp_path / "t.csv", "--out", tmp_path / "out.npy")
    kernel = model.get_weights()[0]
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), kernel[[[1, 2, 3], [4, 5, 6]]])
    (tmp_path / "t.csv").write_text("1,2,3.5\n")
    error = refused("predict", tmp_path / "m.keras", tmp_path / "t.csv")
    assert "expected whole numbers as inputs, since the model takes int32. Received: 3.5" in error


# -- images ---------------------------------------------------------------------------------------


def picture(path, level, size=(12, 12), mode="RGB"):
    from PIL import Image

    path.parent.mkdir(exist_ok=True)
    Image.new(mode, size, level if mode == "L" else (level,) * len(mode)).save(path)


def test_images_by_name(images, command, tmp_path):
    picture(tmp_path / "night.png", 20)
    picture(tmp_path / "day.jpg", 240, size=(4, 6))
    said = command(
        "predict", images, tmp_path / "night.png", tmp_path / "day.jpg", "--labels", "dark,bright"
    )
    assert [row[:2] for row in cells(said.out)[2:]] == [
        ["night.png", "dark"],
        ["day.jpg", "bright"],
    ]
    assert "2 images, resized to 6 x 4, red, green and blue" in said.err


def test_a_folder_of_images(images, command, tmp_path):
    picture(tmp_path / "all" / "b.png", 250)
    picture(tmp_path / "all" / "a.png", 10, mode="L")
    rows = cells(command("predict", images, tmp_path / "all").out)[2:]
    assert [row[:2] for row in rows] == [["a.png", "0"], ["b.png", "1"]]


def test_a_folder_of_classes_names_them(images, command, tmp_path):
    for name, level in (("light/1.png", 250), ("black/2.png", 5), ("black/3.png", 9)):
        (tmp_path / "all").mkdir(exist_ok=True)
        picture(tmp_path / "all" / name, level)
    lines = command("predict", images, tmp_path / "all").out.splitlines()
    assert cells("\n".join(lines))[2] == ["2.png", "black", "100.0%", "black"]
    assert lines[-1] == "3 of 3 are as the data say (100.0%)."


def test_resizing_is_pillows(tmp_path, command):
    from PIL import Image

    inputs = layers.Input((7, 5))
    Model(inputs, layers.Identity()(inputs)).save(tmp_path / "m.keras")
    pixels = np.random.default_rng(0).integers(0, 256, (13, 11), "uint8")
    Image.fromarray(pixels).save(tmp_path / "i.png")
    out = tmp_path / "out.npy"
    command("predict", tmp_path / "m.keras", tmp_path / "i.png", "--out", out)
    expected = Image.fromarray(pixels).resize((5, 7), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(np.load(out)[0] * 255, np.asarray(expected))


def test_images_that_cannot_be_used(images, refused, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    error = refused("predict", images, tmp_path / "bad.png")
    assert f"{tmp_path / 'bad.png'}: expected an image. Received: " in error
    Sequential([layers.Input((3,)), layers.Dense(1)]).save(tmp_path / "m.keras")
    picture(tmp_path / "one.png", 0)
    error = refused("predict", tmp_path / "m.keras", tmp_path / "one.png")
    assert "expected a model of one input for images, such as (height, width, channels)" in error
    assert "Received: (3,)" in error
    (tmp_path / "empty").mkdir()
    assert "Received: a folder without" in refused("predict", images, tmp_path / "empty")


def test_without_pillow(images, refused, tmp_path, monkeypatch):
    picture(tmp_path / "one.png", 0)
    monkeypatch.setitem(sys.modules, "PIL", None)
    error = refused("predict", images, tmp_path / "one.png")
    assert "Images need Pillow: pip install 'geartrain[images]'" in error


# -- mistakes -------------------------------------------------------------------------------------


def test_what_is_no_model(refused, tmp_path):
    np.savez(tmp_path / "w.npz", x=X)
    np.save(tmp_path / "x.npy", X)
    error = refused("predict", tmp_path / "w.npz", tmp_path / "x.npy")
    assert "expected a whole model. Received: a file of weights alone" in error
    assert "model.load_weights('w.npz')" in error
    assert "no such file" in refused("predict", tmp_path / "gone.keras", tmp_path / "x.npy")
    assert "expected the ending of a model" in refused(
        "predict", tmp_path / "x.npy", tmp_path / "x.npy"
    )


def test_arrays_of_unknown_names(classifier, refused, command, tmp_path):
    np.savez(tmp_path / "d.npz", speed=X, weight=X)
    error = refused("predict", classifier, tmp_path / "d.npz")
    assert "expected arrays called x and y, or x_train, y_train, x_test, y_test" in error
    assert "Received: speed, weight" in error
    command("predict", classifier, tmp_path / "d.npz", "--target", "weight")


@pytest.mark.parametrize("out", ["out.json", "out"])
def test_another_ending(out, classifier, refused, tmp_path):
    error = refused("predict", classifier, tmp_path / "gone.npy", "--out", tmp_path / out)
    assert "--out: expected a name that ends in .npy, .npz, .csv" in error


@pytest.mark.skipif(os.name != "posix", reason="the test's terminal is POSIX's")
def test_a_table_fits_a_narrow_output_and_ascii(classifier, tmp_path):
    np.save(tmp_path / "x.npy", X)
    done = subprocess.run(
        [sys.executable, "-m", "geartrain", "predict", classifier, tmp_path / "x.npy"],
        capture_output=True, text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "300"},
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_names_of_files_steer_no_terminal(images, command, tmp_path):
    picture(tmp_path / "all" / "a\x1b[31m.png", 10)
    assert "\x1b" not in command("predict", images, tmp_path / "all").out


def test_the_last_layer_need_not_be_probabilities(command, tmp_path):
    inputs = layers.Input((3,))
    Model(inputs, ops.multiply(inputs, 2.0)).save(tmp_path / "m.keras")
    np.save(tmp_path / "x.npy", np.array([[1, 2, 3]], "float32"))
    printed = command("predict", tmp_path / "m.keras", tmp_path / "x.npy").out
    assert cells(printed)[2] == ["0", "2", "4", "6"]
