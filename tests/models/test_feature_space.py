"""FeatureSpace: as Keras's, with numbers that Keras 3.15.1 computed."""

import copy

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.utils import FeatureSpace

DATA = {
    "plain": [1.0, 2.0, 3.0, 4.0],
    "normal": [1.0, 2.0, 3.0, 4.0],
    "bins": [0.0, 5.0, 10.0, 20.0],
    "kind": [1, 1, 2, 3],
    "city": ["a", "b", "a", "c"],
    "code": ["x", "y", "z", "x"],
    "number": [1, 2, 3, 4],
    "half": [2.0, 4.0, 6.0, 8.0],
}
# Where Keras has ones in the vectors, by the feature's name.
ONES = {
    "bins": [0, 1, 2, 2], "kind": [1, 1, 3, 2], "city": [1, 3, 1, 2], "code": [2, 1, 1, 2],
    "number": [0, 1, 0, 2],
}  # fmt: skip
SIZES = {"bins": 3, "kind": 4, "city": 4, "code": 4, "number": 3}


def space(mode="concat", **arguments):
    return FeatureSpace(
        {
            "plain": "float",
            "normal": "float_normalized",
            "bins": FeatureSpace.float_discretized(num_bins=3),
            "kind": "integer_categorical",
            "city": FeatureSpace.string_categorical(),
            "code": FeatureSpace.string_hashed(num_bins=4),
            "number": "integer_hashed",
            "half": FeatureSpace.float_rescaled(0.5),
        },
        output_mode=mode,
        hashing_dim=3,
        **arguments,
    )


def expected():
    found = {name: np.eye(SIZES[name])[places] for name, places in ONES.items()}
    found["plain"] = np.array(DATA["plain"])[:, None]
    found["half"] = found["plain"]
    found["normal"] = np.array([[-1.3416407], [-0.4472136], [0.4472136], [1.3416407]])
    return dict(sorted(found.items()))


def elements(rows=2):
    """A data set of batches of rows; of single rows if there are none."""

    class Rows:
        def __iter__(self):
            for at in range(0, 4, rows or 1):
                part = slice(at, at + rows) if rows else at
                yield {name: np.array(column)[part] for name, column in DATA.items()}

    return Rows()


@pytest.mark.parametrize("data", [DATA, elements(), elements(0)], ids=["dict", "batches", "rows"])
def test_columns_become_the_vectors_of_keras(data):
    found = space("dict")
    found.adapt(data)
    vectors = found(DATA)
    assert sorted(vectors) == sorted(DATA)
    for name, value in expected().items():
        if name != "bins" or data is DATA:  # batches give about the same bins
            np.testing.assert_allclose(vectors[name], value, atol=1e-6)
    one = found({name: column[3] for name, column in DATA.items()})
    np.testing.assert_allclose(one["kind"], vectors["kind"][3])
    whole = space()
    whole.adapt(DATA)
    np.testing.assert_allclose(whole(DATA), np.hstack([*expected().values()]), atol=1e-6)
    assert whole({name: column[0] for name, column in DATA.items()}).shape == (21,)


def test_crosses_are_hashed_as_in_keras():
    found = space(
        "dict",
        crosses=[("city", "kind"), FeatureSpace.cross(("city", "kind", "code"), 5, "int")],
        crossing_dim=6,
    )
    found.adapt(DATA)
    vectors = found(DATA)
    assert vectors["city_X_kind"].argmax(-1).tolist() == [3, 0, 1, 3]
    assert vectors["city_X_kind_X_code"].shape == (4, 1)
    crosser = layers.HashedCrossing(5)
    parts = [found.preprocessors[name](np.array(DATA[name])[:, None]) for name in
             ("city", "kind", "code")]  # fmt: skip
    np.testing.assert_array_equal(vectors["city_X_kind_X_code"], crosser(parts))


def test_models_begin_with_it():
    found = space()
    found.adapt(DATA)
    inputs, encoded = found.get_inputs(), found.get_encoded_features()
    assert encoded.shape == (None, 21)
    model = keras.Model(inputs, layers.Dense(1)(encoded))
    model.compile("adam", "mse")
    x = {name: np.array(column)[:, None] for name, column in DATA.items()}
    model.fit(x, np.ones((4, 1)), verbose=0)
    kernel, bias = model.layers[-1].get_weights()
    np.testing.assert_allclose(
        model.predict(x, verbose=0), found(DATA) @ kernel + bias, rtol=1e-5, atol=1e-6
    )


def test_it_is_saved_and_copied(tmp_path):
    found = space(crosses=[("city", "kind")], crossing_dim=6)
    found.adapt(DATA)
    found.save(tmp_path / "space.keras")
    for again in (keras.models.load_model(tmp_path / "space.keras"), copy.deepcopy(found)):
        np.testing.assert_array_equal(again(DATA), found(DATA))
        assert again.get_config() == found.get_config()


def test_own_layers_read_columns():
    words = layers.TextVectorization(output_mode="tf_idf")
    found = FeatureSpace({"text": FeatureSpace.feature("string", words, "float")})
    found.adapt({"text": ["a b", "b"]})
    np.testing.assert_array_equal(found({"text": ["a b"]}), words(["a b"]))
    given = layers.CategoryEncoding(3, output_mode="multi_hot")
    fixed = FeatureSpace({"kind": FeatureSpace.feature("int32", given, "float")})
    np.testing.assert_array_equal(fixed({"kind": [2]}), [[0, 0, 1]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: FeatureSpace({}), r"`features` argument cannot be None or empty. Received: \{\}"),
        (lambda: FeatureSpace({"a": "text"}), r"a kind of feature.*Received: 'text'"),
        (lambda: FeatureSpace({"a": "float"}, "list"), r"output_mode.*'list'"),
        (lambda: FeatureSpace({"a": "float"}, crosses=[("a", "b")]),
         r"Received: unknown features \['b'\]"),
        (lambda: FeatureSpace.feature("int32", None, "x"), r"output_mode.*'x'"),
        (lambda: FeatureSpace.cross(["a"], 3, "x"), r"output_mode.*'x'"),
        (lambda: FeatureSpace({"a": "float"})([1.0]), r"only be called with a dict. Received: \[1"),
        (lambda: space()(DATA), r"You need to call `.adapt\(dataset\)` on.*'normal'"),
        (lambda: space().adapt([1.0]), r"called on a data set of dicts"),
        (lambda: space().adapt(iter([DATA])), r"called on a data set of dicts"),
        (lambda: FeatureSpace({"a": FeatureSpace.feature("float32", layers.Rescaling(2.0),
                                                         "one_hot")})({"a": [1.0]}),
         r"preprocessor should return an integer dtype. Received: float32"),
        (lambda: FeatureSpace({"a": FeatureSpace.feature("int32", layers.Identity(dtype="int32"),
                                                         "one_hot")})({"a": [1]}),
         r"dimensionality of its output space is not known. Received: a Identity"),
        (lambda: FeatureSpace({"a": FeatureSpace.integer_hashed(3, "int")})({"a": [1]}),
         r"has not been encoded. Received: dtype int64"),
    ],
)  # fmt: skip
def test_mistakes_are_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()
