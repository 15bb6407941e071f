"""Layers for texts and categories: as Keras's alone, and inside of models."""

import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.data import Dataset
from geartrain.utils import hashes, tokens, vocabulary

FACTS = json.loads((Path(__file__).parents[1] / "recorded" / "texts.json").read_text())
TEXTS = ["The cat sat!", "the dog", "a dog and the cat", "no"]
LABELS = np.float32([[1], [0], [1], [0]])


def array_of(case):
    if case["layer"] == "HashedCrossing":
        return [np.array(one) for one in case["input"]]
    return np.array(case["input"])


@pytest.mark.parametrize("case", FACTS["cases"], ids=lambda case: case["name"])
def test_results_are_those_of_keras(case):
    layer = getattr(layers, case["layer"])(**case["config"])
    if case["data"] is not None:
        layer.adapt(case["data"])
    if case["vocabulary"] is not None:
        assert layer.get_vocabulary() == case["vocabulary"]
        assert layer.vocabulary_size() == len(case["vocabulary"])
    expected = np.array(case["result"])
    copied = type(layer).from_config(json.loads(json.dumps(layer.get_config())))
    if case["data"] is not None:
        copied = copy.deepcopy(layer)
    for one in (layer, copied, pickle.loads(pickle.dumps(layer))):
        result = one(array_of(case))
        assert result.dtype.kind == ("f" if "tf_idf" in str(case["config"]) else result.dtype.kind)
        np.testing.assert_allclose(result, expected, rtol=1e-6)
    if np.ndim(case["input"]) > 1 and case["layer"] != "HashedCrossing":
        foretold = layer.compute_output_shape((None, *array_of(case).shape[1:]))
        known = [size for size in foretold[1:] if size is not None]
        if not (expected.ndim == 3 and case["config"].get("output_mode") == "count"):
            assert len(foretold) == expected.ndim
            assert known == [n for n, m in zip(expected.shape[1:], foretold[1:], strict=True) if m]


def vectorizer(**arguments):
    layer = layers.TextVectorization(**arguments)
    layer.adapt(TEXTS)
    return layer


def sequential(**arguments):
    rest = [layers.Embedding(30, 4), layers.GlobalAveragePooling1D(), layers.Dense(1)]
    if arguments.get("output_mode", "int") != "int":
        rest = [layers.Dense(1)]
    return keras.Sequential([keras.Input((1,), dtype="string"), vectorizer(**arguments), *rest])


def functional(**arguments):
    x = keras.Input((), dtype="string")
    y = vectorizer(**arguments)(x)
    y = layers.Dense(1)(layers.GlobalAveragePooling1D()(layers.Embedding(30, 4)(y)))
    return keras.Model(x, y)


class Subclassed(keras.Model):
    def __init__(self, **arguments):
        super().__init__()
        self.numbers = vectorizer(**arguments)
        rest = [layers.Embedding(30, 4), layers.GlobalAveragePooling1D(), layers.Dense(1)]
        self.rest = keras.Sequential([keras.Input((None,)), *rest])

    def call(self, texts):
        return self.rest(self.numbers(texts))


def of_layers(**arguments):
    model = sequential(**arguments)
    return keras.Sequential(model.layers)


MAKERS = [sequential, functional, Subclassed, of_layers]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("length", [None, 5])
def test_models_take_texts_as_they_take_the_numbers_of_their_words(make, length):
    keras.utils.set_random_seed(1)
    model = make(output_sequence_length=length)
    texts = TEXTS if make is functional else [[text] for text in TEXTS]
    model.compile(keras.optimizers.SGD(0.5), "mse", metrics=["mae"])
    called = model(np.array(texts))
    first = model.predict(np.array(texts), verbose=0)
    words = next(layer for layer in model._flatten_layers() if hasattr(layer, "standardize"))
    numbers = words(TEXTS)
    rest = [
        layer
        for layer in model._flatten_layers()
        if type(layer).__name__ in ("Embedding", "GlobalAveragePooling1D", "Dense")
    ]
    twin = keras.Sequential([keras.Input((None,)), *map(copy.deepcopy, rest)])
    twin.compile(keras.optimizers.SGD(0.5), "mse", metrics=["mae"])
    np.testing.assert_allclose(first, twin.predict(numbers, verbose=0), rtol=1e-5)
    np.testing.assert_allclose(called, first, rtol=1e-5)
    for one, x in ((model, texts), (twin, numbers)):
        one.history_of = one.fit(x, LABELS, epochs=3, batch_size=4, shuffle=False, verbose=0)
    for name, values in twin.history_of.history.items():
        np.testing.assert_allclose(model.history_of.history[name], values, rtol=1e-4)
    assert model.history_of.history["loss"][2] < model.history_of.history["loss"][0]
    expected = twin.evaluate(numbers, LABELS, verbose=0)
    np.testing.assert_allclose(model.evaluate(texts, LABELS, verbose=0), expected, rtol=1e-4)
    batch = np.array(texts[:2], object)  # as generators yield them, and shorter
    stream = model.evaluate(((x, y) for x, y in [(batch, LABELS[:2])]), verbose=0)
    np.testing.assert_allclose(stream, model.test_on_batch(batch, LABELS[:2]), rtol=1e-5)


def test_whole_epochs_are_native_where_the_width_is_known():
    model = sequential(output_sequence_length=5)
    model.compile("sgd", "mse")
    model.fit(TEXTS, LABELS, batch_size=2, verbose=0)
    ((program, _),) = model._programs.values()
    assert program.native.whole_epochs
    known = sequential()
    known.compile("sgd", "mse")
    known.fit(TEXTS, LABELS, batch_size=2, verbose=0, shuffle=False)
    ((program, _),) = known._programs.values()
    assert program.native is None
    assert len(program._programs) == 2  # widths: 3, and 5


def test_several_inputs_of_texts_and_numbers_and_texts_as_outputs():
    text, kind = keras.Input((), dtype="string", name="text"), keras.Input((1,), name="kind")
    number = keras.Input((1,), dtype="int64", name="number")
    lookup = layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot")
    crossed = layers.HashedCrossing(7, output_mode="one_hot")
    found = layers.Concatenate()(
        [lookup(text), kind, crossed([layers.Reshape((1,))(text), number])]
    )
    place = keras.ops.argmax(layers.Dense(3, kernel_initializer="ones")(found) + kind, axis=-1)
    back = layers.StringLookup(vocabulary=["x", "y"], invert=True)(place)
    model = keras.Model([text, kind, number], [found, back])
    x = {"text": np.array(["a", "c"]), "kind": np.float32([[5], [6]]), "number": [[1], [2]]}
    x["number"] = np.array(x["number"])
    vectors, words = model.predict(x, verbose=0)
    expected = np.concatenate(
        [lookup(x["text"]), x["kind"], crossed([x["text"][:, None], x["number"]])], axis=1
    )
    np.testing.assert_array_equal(vectors, expected)
    assert words.tolist() == ["[UNK]", "[UNK]"]


def test_adapt_reads_batch_by_batch():
    whole = vectorizer(output_mode="tf_idf")
    for data in (
        (np.array(TEXTS[at : at + 2]) for at in (0, 2)),
        [np.array([[text] for text in TEXTS])],
        np.array(TEXTS, object),
        iter(map(str.encode, TEXTS)),
    ):
        other = layers.TextVectorization(output_mode="tf_idf")
        other.adapt(data)
        assert other.get_vocabulary() == whole.get_vocabulary()
        np.testing.assert_allclose(other(TEXTS), whole(TEXTS))
    part = layers.StringLookup()
    part.adapt((batch for batch in (["b", "a"], ["a"], ["c"])), steps=2)
    assert part.get_vocabulary() == ["[UNK]", "a", "b"]
    assert part.get_vocabulary(include_special_tokens=False) == ["a", "b"]
    part.adapt(["c"])
    assert part.get_vocabulary() == ["[UNK]", "c"]


def test_data_sets_are_adapted_to_mapped_and_learned_from():
    texts = Dataset.from_tensor_slices((np.array(TEXTS), LABELS)).batch(2)
    layer = layers.TextVectorization(output_sequence_length=5)
    layer.adapt(texts.map(lambda x, y: x))
    assert layer.get_vocabulary() == vectorizer().get_vocabulary()
    numbers, _ = next(iter(texts.map(lambda x, y: (layer(x), y))))
    np.testing.assert_array_equal(numbers, layer(TEXTS[:2]))
    alone = Dataset.from_tensor_slices(np.array(TEXTS)).map(layer)
    assert alone.element_spec.shape == (5,)
    model = sequential(output_sequence_length=5)
    model.compile("sgd", "mse")
    model.fit(texts, verbose=0)
    whole = model.evaluate(TEXTS, LABELS, verbose=0)
    np.testing.assert_allclose(model.evaluate(texts, verbose=0), whole, rtol=1e-5)


def test_functions_standardize_and_split():
    layer = layers.TextVectorization(
        standardize=lambda texts: np.strings.replace(np.strings.lower(texts), "-", " "),
        split=lambda texts: [text.split(",") for text in texts],
    )
    layer.adapt(["A-b,C", "c"])
    assert layer.get_vocabulary() == ["", "[UNK]", "c", "a b"]
    np.testing.assert_array_equal(layer(["a b,c,d", "C"]), [[3, 2, 1], [2, 0, 0]])
    one_hot = vectorizer(output_mode="one_hot")
    places = vectorizer(output_mode="count").get_vocabulary()
    assert [places[at] for at in one_hot(["dog the"])[0].argmax(-1)] == ["dog", "the"]


def test_vocabularies_from_files_are_read_where_python_says_so(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("cat\ndog\n", "utf-8")
    layer = layers.StringLookup(vocabulary=str(path))
    assert layer.get_vocabulary() == ["[UNK]", "cat", "dog"]
    assert layer.get_config()["vocabulary"] is None
    described = layers.serialize(layer)
    described["config"]["vocabulary"] = str(path)
    with pytest.raises(ValueError, match=r"no path in a model's file. Received: '.*words.txt'"):
        layers.deserialize(described)


def test_words_are_found_in_texts_by_their_bytes():
    random = np.random.default_rng(0)
    letters = np.array([*"abcdeé\u3042"])
    words = {"".join(random.choice(letters, random.integers(1, 25))) for _ in range(3000)}
    table = vocabulary.Words(list(words)[:2000], 2)
    texts = [" ".join(random.choice([*words], random.integers(0, 9))) + "\t" for _ in range(500)]
    numbers, lengths = table.in_text(tokens.standardized(texts, None), 1)
    split = [text.split() for text in texts]
    assert lengths.tolist() == list(map(len, split))
    known = {word: place for place, word in enumerate(table.tokens, 2)}
    assert numbers.tolist() == [known.get(word, 1) for row in split for word in row]
    assert vocabulary.Words([], 2).in_text(b"a b\xff", 1)[0].tolist() == [1, 1]


def test_hashes_are_those_that_were_published():
    key = [int.from_bytes(bytes(range(at, at + 8)), "little") for at in (0, 8)]
    message = bytes(range(15))
    assert hashes.siphash64([message], key)[0] == 0xA129CA6149BE45E5  # the paper's example
    # Of TensorFlow's own documentation of to_hash_bucket_fast: numbers below 3.
    assert (hashes.farmhash64([b"Hello", b"TensorFlow", b"2.x"]) % np.uint64(3)).tolist() == [
        0, 2, 2,
    ]  # fmt: skip


WRONG = [
    (lambda: layers.StringLookup(max_tokens=1), ValueError, r"`max_tokens` must be greater than 1"),
    (lambda: layers.StringLookup(num_oov_indices=-1), ValueError, r"than or equal to 0.*-1"),
    (lambda: layers.StringLookup(pad_to_max_tokens=True), ValueError, r"the width to pad to"),
    (lambda: layers.StringLookup(output_mode="hot"), ValueError, r"output_mode.*Received: 'hot'"),
    (lambda: layers.StringLookup(invert=True, output_mode="count"), ValueError,
     r"when `invert` is true"),
    (lambda: layers.StringLookup(sparse=True), ValueError, r"dense. Received: sparse=True"),
    (lambda: layers.StringLookup(salt=[1]), ValueError, r"whole number, or two.*salt=\[1\]"),
    (lambda: layers.StringLookup(idf_weights=[1.0]), ValueError, r"should only be set if"),
    (lambda: layers.StringLookup(vocabulary=["a", "a"]), ValueError, r"repeated term: \['a'\]"),
    (lambda: layers.StringLookup(vocabulary=[]), ValueError, r"at least one. Received: \[\]"),
    (lambda: layers.StringLookup(vocabulary=[1]), ValueError, r"list of tokens.*\[1\]"),
    (lambda: layers.StringLookup(vocabulary="/no/file"), ValueError,
     r"'/no/file' does not exist\."),
    (lambda: layers.StringLookup(vocabulary=["a", "b"], max_tokens=2), ValueError,
     r"than the maximum vocab size. Received: 3"),
    (lambda: layers.StringLookup(vocabulary=["a", ""], mask_token=""), ValueError,
     r"reserved mask token at unexpected location"),
    (lambda: layers.StringLookup(vocabulary=["a", "[UNK]"], invert=True), ValueError,
     r"reserved OOV token at unexpected location"),
    (lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf"), ValueError,
     r"`idf_weights` must be set.*idf_weights=None"),
    (lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf", idf_weights=[1.0, 2.0]),
     ValueError, r"same length as vocabulary. Received: \(2,\)"),
    (lambda: layers.StringLookup(vocabulary=["a"]).adapt(["a"]), ValueError, r"Cannot adapt layer"),
    (lambda: layers.StringLookup().adapt(3), TypeError, r"iterable of batches. Received: 3"),
    (lambda: layers.StringLookup().adapt([1, 2]), TypeError, r"expected strings of equally"),
    (lambda: layers.StringLookup()(["a"]), RuntimeError, r"set the layer's vocabulary before"),
    (lambda: layers.StringLookup(vocabulary=["a"])([1]), TypeError, r"expected strings"),
    (lambda: layers.StringLookup(vocabulary=["a"])([["a"], ["a", "b"]]), ValueError,
     r"rows of several lengths. Pad them"),
    (lambda: layers.StringLookup(vocabulary=["a"], num_oov_indices=0)(["q"]), ValueError,
     r"found OOV values \[b'q'\], consider"),
    (lambda: layers.StringLookup(vocabulary=__file__, output_mode="tf_idf", idf_weights=[1.0]),
     ValueError, r"does not support loading"),
    (lambda: layers.IntegerLookup(vocabulary=["a"]), ValueError, r"whole numbers.*\['a'\]"),
    (lambda: layers.IntegerLookup(vocabulary=[1])(["a"]), TypeError, r"numbered by StringLookup"),
    (lambda: layers.IntegerLookup(vocabulary_dtype="int32"), ValueError, r"'int32'"),
    (lambda: layers.IntegerLookup(salt=1), ValueError, r"can only be used when"),
    (lambda: layers.IntegerLookup(oov_method="x"), ValueError, r"oov_method.*'x'"),
    (lambda: layers.TextVectorization(standardize="up"), ValueError, r"standardize.*'up'"),
    (lambda: layers.TextVectorization(split="line"), ValueError, r"split.*'line'"),
    (lambda: layers.TextVectorization(ngrams="two"), ValueError, r"`ngrams` must be.*'two'"),
    (lambda: layers.TextVectorization(output_sequence_length=2.0), ValueError, r"=2.0"),
    (lambda: layers.TextVectorization(output_sequence_length=2, output_mode="count"), ValueError,
     r"output_mode='count'"),
    (lambda: layers.TextVectorization(ragged=True), ValueError, r"rows are filled up with 0"),
    (lambda: layers.TextVectorization(sparse=True), ValueError, r"dense.*sparse=True"),
    (lambda: layers.TextVectorization(vocabulary=["a"])([["a", "b"]]), ValueError,
     r"rank must be 1 or the last.*\(1, 2\)"),
    (lambda: layers.TextVectorization(vocabulary=["a"], standardize=len)(["a"]), TypeError,
     r"expected strings from standardize"),
    (lambda: layers.TextVectorization()(["a"]), RuntimeError, r"call adapt\(data\)"),
    (lambda: layers.TextVectorization().adapt([1]), TypeError, r"expected an array of strings"),
    (lambda: layers.Hashing(0), ValueError, r"num_bins.*Received: 0"),
    (lambda: layers.Hashing(3, dtype="float32"), ValueError, r"should be an integer type"),
    (lambda: layers.Hashing(3, output_mode="x"), ValueError, r"Received: 'x'"),
    (lambda: layers.HashedCrossing(3)(["a"]), ValueError, r"at least two inputs. Received"),
    (lambda: layers.HashedCrossing(3)([["a"], [1.0]]), ValueError, r"integer or string"),
    (lambda: layers.HashedCrossing(3)([["a"], [[1]]]), ValueError,
     r"inputs should have equal shape"),
    (lambda: layers.HashedCrossing(3)([[["a", "b"]], [[1, 2]]]), ValueError,
     r"inputs should have shape `\(\)`"),
    (lambda: keras.Sequential([keras.Input((1,)), layers.Dense(1)]).predict(["a"], verbose=0),
     TypeError, r"strings.*StringLookup"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), WRONG)
def test_mistakes_are_told(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_a_model_of_texts_is_not_exported_but_what_comes_behind_is(tmp_path):
    model = sequential(output_sequence_length=5)
    pytest.importorskip("onnx")
    with pytest.raises(ValueError, match=r"NumPy computes it, by a vocabulary.* Export what comes"):
        model.export(tmp_path / "model.onnx", verbose=False)
    keras.Model(model.layers[0].output, model.output).export(tmp_path / "m.onnx", verbose=False)


class Inside(keras.Model):
    def __init__(self):
        super().__init__()
        self.words = layers.TextVectorization(output_mode="tf_idf")
        self.kinds = layers.IntegerLookup()


def test_copies_know_the_words_too_however_deep_the_layer_lies():
    model = Inside()
    model.words.adapt(TEXTS)
    model.kinds.adapt([3, 3, 4])
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert again.words.get_vocabulary() == model.words.get_vocabulary()
        np.testing.assert_array_equal(again.words(TEXTS), model.words(TEXTS))
        again.kinds.adapt([9])
    assert model.kinds.get_vocabulary() == [-1, 3, 4]


def test_the_width_of_vectors_stays():
    layer = layers.StringLookup(output_mode="count")
    layer.adapt(["a"])
    with pytest.raises(RuntimeError, match=r"vocabulary size cannot be changed.*3 tokens in place"):
        layer.adapt(["a", "b"])
