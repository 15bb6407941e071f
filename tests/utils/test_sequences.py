"""Padding of sequences, against Keras's documented results and its mistakes."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain.utils import pad_sequences

RAGGED = [[1], [2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[0, 0, 1], [0, 2, 3], [4, 5, 6]]),
        ({"value": -1}, [[-1, -1, 1], [-1, 2, 3], [4, 5, 6]]),
        ({"padding": "post"}, [[1, 0, 0], [2, 3, 0], [4, 5, 6]]),
        ({"maxlen": 2}, [[0, 1], [2, 3], [5, 6]]),
        ({"maxlen": 2, "truncating": "post"}, [[0, 1], [2, 3], [4, 5]]),
        ({"maxlen": 5, "padding": "post"}, [[1, 0, 0, 0, 0], [2, 3, 0, 0, 0], [4, 5, 6, 0, 0]]),
    ],
)
def test_padding_and_cutting(options, expected):
    padded = pad_sequences(RAGGED, **options)
    assert padded.dtype == np.int32
    np.testing.assert_array_equal(padded, expected)


def test_vectors_strings_and_empty_sequences():
    vectors = pad_sequences([[[1.5, 2]], [], [[3, 4], [5, 6]]], dtype="float32")
    np.testing.assert_array_equal(vectors, [[[0, 0], [1.5, 2]], [[0, 0], [0, 0]], [[3, 4], [5, 6]]])
    strings = pad_sequences([["a"], ["b", "c"]], dtype=object, value="")
    assert strings.tolist() == [["", "a"], ["b", "c"]]
    assert pad_sequences([]).shape == (0, 0)
    assert pad_sequences(RAGGED, maxlen=0).shape == (3, 0)


@pytest.mark.parametrize(
    ("sequences", "options", "message"),
    [
        (RAGGED, {"padding": "left"}, "expected padding 'pre' or 'post'. Received: 'left'"),
        (RAGGED, {"truncating": 1}, "expected truncating 'pre' or 'post'. Received: 1"),
        ([[1], 2], {}, "expected a sequence of sequences. Received at 1: 2"),
        ([[[1, 2]], [[3]]], {}, r"expected items of shape \(2,\), .*Received at 1: shape \(1,\)"),
    ],
)
def test_mistakes(sequences, options, message):
    with pytest.raises(ValueError, match=message):
        pad_sequences(sequences, **options)
