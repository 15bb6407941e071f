"""Files of layers inside of a model's file: vocabularies, and whatever own layers write."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers

TEXTS = np.array(["The cat sat.", "a dog ran, fast!", "the dog sat"])


def model_of_texts():
    words = layers.TextVectorization(output_mode="tf_idf")
    words.adapt(TEXTS)
    lookup = layers.IntegerLookup(output_mode="multi_hot")
    lookup.adapt([3, 3, 5])
    given = layers.StringLookup(vocabulary=["x", "y"], output_mode="one_hot")
    text, number = keras.Input((), dtype="string"), keras.Input((1,), dtype="int64")
    kind = keras.Input((1,), dtype="string")
    joined = layers.Concatenate()([words(text), lookup(number), given(kind)])
    return keras.Model([text, number, kind], layers.Dense(2)(joined))


PREDICTED = [[0.93012214, -1.2523522], [0.26424456, -1.1864874], [0.24494924, -1.1503308]]
X = [TEXTS, np.array([[3], [5], [9]]), np.array([["x"], ["q"], ["y"]])]


@pytest.mark.parametrize("zipped", [True, False])
def test_vocabularies_are_saved_where_keras_saves_them(tmp_path, zipped):
    model = model_of_texts()
    path = tmp_path / ("model.keras" if zipped else "model")
    model.save(path, zipped=zipped)
    place = "assets/layers/text_vectorization/vocabulary.txt"
    text = b"[UNK]\nthe\nsat\ndog\nran\nfast\ncat\na"
    if zipped:
        with zipfile.ZipFile(path) as archive:
            found = {n: archive.read(n) for n in archive.namelist() if n.startswith("assets/")}
    else:
        folder = path / "assets"
        found = {
            one.relative_to(path).as_posix(): one.read_bytes()
            for one in folder.rglob("*")
            if one.is_file()
        }
    assert found == {
        place: text,
        place.replace("vocabulary.txt", "_lookup_layer/vocabulary.txt"): text,
        "assets/layers/integer_lookup/vocabulary.txt": b"-1\n3\n5",
    }
    again = keras.models.load_model(path)
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    again.set_weights([weight + 1 for weight in again.get_weights()])
    again.save_weights(tmp_path / "other.weights.h5")
    model.load_weights(tmp_path / "other.weights.h5")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_files_of_keras_are_read():
    """A model like the one above, that Keras 3.15.1 saved on TensorFlow; and its predictions."""
    model = keras.models.load_model(Path(__file__).parent / "texts.keras")
    np.testing.assert_allclose(model.predict(X, verbose=0), PREDICTED, rtol=1e-5)
    words = next(layer for layer in model.layers if hasattr(layer, "standardize"))
    assert words.get_vocabulary() == ["[UNK]", "the", "sat", "dog", "ran", "fast", "cat", "a"]


def test_vocabularies_with_line_breaks_are_kept(tmp_path):
    layer = layers.TextVectorization(split="character", standardize=None)
    layer.adapt(["a\nb", "\n\u2028\x85"])
    model = keras.Sequential([keras.Input((1,), dtype="string"), layer])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras").layers[0]
    assert again.get_vocabulary() == layer.get_vocabulary()
    again.adapt(["b"])
    assert again.get_vocabulary() == ["", "[UNK]", "b"]


def test_a_layer_that_never_learned_is_kept(tmp_path):
    model = keras.Sequential(
        [keras.Input((1,), dtype="string"), layers.StringLookup(num_oov_indices=0)]
    )
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras").layers[0]
    assert again.get_vocabulary() == []


@keras.saving.register_keras_serializable("test_assets")
class Noted(layers.Dense):
    def __init__(self, units, **kwargs):
        super().__init__(units, **kwargs)
        self.notes = ""

    def save_assets(self, dir_path):
        (Path(dir_path) / "deep").mkdir()
        (Path(dir_path) / "deep" / "notes.txt").write_text(self.notes, "utf-8")

    def load_assets(self, dir_path):
        self.notes = (Path(dir_path) / "deep" / "notes.txt").read_text("utf-8")


def noted(tmp_path):
    model = keras.Sequential([keras.Input((2,)), Noted(1, name="noted")])
    model.layers[0].notes = "watch the bias"
    model.save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def test_own_layers_keep_files(tmp_path):
    path = noted(tmp_path)
    assert keras.models.load_model(path).layers[0].notes == "watch the bias"


def rewritten(path, change):
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def without_digests(files):
    files["metadata.json"] = b'{"keras_version": "3.15.1"}'


def changed(files):
    files["assets/layers/noted/deep/notes.txt"] = b"watch the rest"


def added(files):
    without_digests(files)
    files["assets/layers/dense/words.txt"] = b"x"


def numbers(content):
    def change(files):
        without_digests(files)
        files["assets/layers/integer_lookup/vocabulary.txt"] = content

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed, "changed since"),
        (added, r"'assets/layers/dense/words.txt', which no layer of the model reads"),
        (numbers(b"3\n3"), "repeated term"),
        (numbers(b"word"), "invalid literal"),
        (numbers(b"9" * 30), "whole numbers of 64 bits"),
        (numbers(b"\xff"), "utf-8"),
    ],
)
def test_files_that_were_changed_are_refused(tmp_path, change, message):
    path = noted(tmp_path)
    if change not in (changed, added):
        lookup = layers.IntegerLookup()
        lookup.adapt([7])
        keras.Sequential([keras.Input((1,), dtype="int64"), lookup]).save(path)
    rewritten(path, change)
    with pytest.raises(ValueError, match=message):
        keras.models.load_model(path)


def test_names_that_archives_cannot_have_are_refused(tmp_path):
    class Odd(Noted):
        def save_assets(self, dir_path):
            (Path(dir_path) / "wörter.txt").write_text("x", "utf-8")

    model = keras.Sequential([keras.Input((2,)), Odd(1)])
    keras.saving.register_keras_serializable("test_assets")(Odd)
    with pytest.raises(ValueError, match=r"expected names in ASCII from save_assets.*'wörter.txt'"):
        model.save(tmp_path / "model.keras")
