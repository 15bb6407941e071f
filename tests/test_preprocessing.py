"""What `keras.preprocessing` had in older Keras, compared with what Keras 3.15.1 computes."""

import json
import random

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, preprocessing, script
from geartrain.preprocessing import sequence, text

TEXTS = ["The cat sat on the mat.", "the dog; the cat!", "no", "A dog\tand\na cat"]


def test_tokenizers_number_words_as_keras_does():
    tokenizer = text.Tokenizer(num_words=6, oov_token="?")
    tokenizer.fit_on_texts(TEXTS)
    assert list(tokenizer.word_index.items())[:5] == [
        ("?", 1), ("the", 2), ("cat", 3), ("dog", 4), ("a", 5),
    ]  # fmt: skip
    assert dict(tokenizer.word_counts)["the"] == 4
    assert tokenizer.word_docs["the"] == 2
    assert (tokenizer.document_count, tokenizer.index_docs[3]) == (4, 3)
    sequences = tokenizer.texts_to_sequences(["the cat flew", ["Cat", "sat"], ""])
    assert sequences == [[2, 3, 1], [3, 1], []]
    assert tokenizer.sequences_to_texts([[2, 3, 99], [7]]) == ["the cat ?", "?"]
    again = text.tokenizer_from_json(tokenizer.to_json())
    assert again.get_config() == tokenizer.get_config()
    assert again.texts_to_sequences(TEXTS) == tokenizer.texts_to_sequences(TEXTS)
    plain = text.Tokenizer(lower=False, split="-", filters="")
    plain.fit_on_texts(["A-b", "b-A-A"])
    assert plain.texts_to_sequences(["A-c-b"]) == [[1, 2]]
    letters = text.Tokenizer(char_level=True)
    letters.fit_on_texts(["aAb"])
    assert letters.texts_to_sequences(["bac"]) == [[2, 1]]
    own = text.Tokenizer(analyzer=lambda words: words.split("|"), nb_words=3)
    own.fit_on_texts(["x|y", "x"])
    assert own.texts_to_sequences(["y|x"]) == [[2, 1]]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("binary", [[0, 0, 1, 0], [0, 1, 0, 1]]),
        ("count", [[0, 0, 2, 0], [0, 1, 0, 1]]),
        ("freq", [[0, 0, 2 / 3, 0], [0, 0.5, 0, 0.5]]),
        ("tfidf", [[0, 0, 1.4345999834090677, 0], [0, 0.6931471805599453, 0, 0.8472978603872034]]),
    ],
)
def test_texts_become_vectors(mode, expected):
    tokenizer = text.Tokenizer(num_words=4)
    tokenizer.fit_on_texts(["x y z", "x y", "x", "z"])
    found = tokenizer.sequences_to_matrix([[2, 2, 9], [1, 3]], mode)
    np.testing.assert_allclose(found, expected)


def test_words_and_their_hashes():
    assert text.text_to_word_sequence("A,b  c", lower=False) == ["A", "b", "c"]
    assert text.hashing_trick("a b a", 7, hash_function=len) == [2, 2, 2]
    assert text.hashing_trick("a-b", 7, len, analyzer=lambda x: x.split("-")) == [2, 2]
    found = text.one_hot("to be or not to be", 100)
    assert found[:2] == found[4:]
    assert text.hashing_trick("hello world", 200, "md5") == [83, 150]  # as Keras


def test_skipgrams_pair_neighbours_and_strangers():
    pairs, labels = sequence.skipgrams([1, 0, 2, 3], 9, window_size=1, seed=3)
    near = [pair for pair, label in zip(pairs, labels, strict=True) if label]
    assert sorted(near) == [[2, 3], [3, 2]]
    assert len(pairs) == 4
    assert all(1 <= other < 9 for _, other in pairs)
    assert sequence.skipgrams([1, 0, 2, 3], 9, window_size=1, seed=3) == (pairs, labels)
    pairs, labels = sequence.skipgrams([1, 2], 9, categorical=True, shuffle=False)
    assert (pairs[:2], labels) == ([[1, 2], [2, 1]], [[0, 1]] * 2 + [[1, 0]] * 2)
    random.seed(0)
    table = sequence.make_sampling_table(100)
    assert len(sequence.skipgrams([*range(1, 99)], 100, sampling_table=table)[0]) < 98 * 8
    of_keras = [0.00315225, 0.00315225, 0.04742884, 0.07159183]
    np.testing.assert_allclose(table[[0, 1, 50, 99]], of_keras, rtol=1e-6)


def test_series_are_cut_into_windows():
    series = np.arange(20.0)[:, None] * [1, 10]
    found = sequence.TimeseriesGenerator(
        series, series[:, 0], length=4, sampling_rate=2, stride=3, start_index=1, end_index=15,
        batch_size=2, reverse=True,
    )  # fmt: skip
    assert len(found) == 2
    x, y = found[1]
    assert y.tolist() == [11.0, 14.0]
    assert x[:, :, 0].tolist() == [[9.0, 7.0], [12.0, 10.0]]
    config = json.loads(found.to_json())["config"]
    assert json.loads(config["targets"]) == series[:, 0].tolist()
    shuffled = sequence.TimeseriesGenerator(series, series, 3, shuffle=True, batch_size=50)
    x, y = shuffled[0]
    np.testing.assert_array_equal(x[:, -1] + [1, 10], y)
    assert len(np.unique(y)) > 20
    model = keras.Sequential([keras.Input((3, 2)), layers.Flatten(), layers.Dense(2)])
    model.compile("adam", "mse")
    model.fit(sequence.TimeseriesGenerator(series, series, 3), verbose=0)


def test_programs_of_older_keras_find_them(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(
        "from keras.preprocessing.text import Tokenizer, one_hot\n"
        "from tensorflow.keras.preprocessing.sequence import TimeseriesGenerator, skipgrams\n"
        "from keras.preprocessing.sequence import pad_sequences\n"
        "tokenizer = Tokenizer()\n"
        "tokenizer.fit_on_texts(['a b', 'b'])\n"
        "print(pad_sequences(tokenizer.texts_to_sequences(['a', 'b a'])))\n"
    )
    script.run(path)
    assert preprocessing.text.Tokenizer is text.Tokenizer


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: text.Tokenizer(words=3), TypeError, r"Tokenizer.*'words'"),
        (lambda: text.Tokenizer().fit_on_texts([3]), TypeError, r"a list of words. Received: 3"),
        (lambda: text.Tokenizer(2).sequences_to_matrix([], "x"), ValueError,
         r"expected mode as.*'x'"),
        (lambda: text.Tokenizer().texts_to_matrix([]), ValueError, r"Specify a dimension"),
        (lambda: text.Tokenizer(2).texts_to_matrix([], "tfidf"), ValueError,
         r"Fit the Tokenizer on"),
        (lambda: text.tokenizer_from_json("[]"), ValueError, r"what Tokenizer.to_json wrote.*\[\]"),
        (lambda: text.one_hot("a", 1), ValueError, r"n of at least 2. Received: 1"),
        (lambda: sequence.TimeseriesGenerator([1, 2], [1], 1), ValueError, r"have to be of same"),
        (lambda: sequence.TimeseriesGenerator([1, 2], [1, 2], 2), ValueError, r"as no part of"),
    ],
)  # fmt: skip
def test_mistakes_are_told(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
