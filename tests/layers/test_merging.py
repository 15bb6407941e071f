"""Layers of several inputs: values, broadcasting, masks, the functions beside them, errors."""

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers

A = np.float32([[1, 5, 2], [4, 0, 3]])
B = np.float32([[3, 1, 2], [1, 2, 9]])
C = np.float32([[2, 2, 2], [7, 7, 7]])

ELEMENTWISE = [
    ("Add", "add", lambda *x: sum(x)),
    ("Multiply", "multiply", lambda *x: np.prod(x, axis=0)),
    ("Average", "average", lambda *x: sum(x) / len(x)),
    ("Maximum", "maximum", lambda *x: np.max(x, axis=0)),
    ("Minimum", "minimum", lambda *x: np.min(x, axis=0)),
]
every_kind = pytest.mark.parametrize(("name", "function", "numpy"), ELEMENTWISE)


@every_kind
def test_values_and_functions(name, function, numpy):
    for inputs in ([A, B], [A, B, C], (C, A)):
        made = getattr(layers, name)()(inputs)
        np.testing.assert_allclose(made, numpy(*inputs), rtol=1e-6)
        named = getattr(layers, function)(inputs, name="named")
        np.testing.assert_array_equal(named, made)


@every_kind
def test_lower_ranks_get_axes_behind_the_batch(name, function, numpy):
    cube = np.arange(24, dtype="float32").reshape(2, 4, 3)
    made = getattr(layers, name)()([A, cube])
    widened = np.broadcast_to(A[:, None], cube.shape)
    np.testing.assert_allclose(made, numpy(widened, cube), rtol=1e-6)


def test_subtract():
    np.testing.assert_array_equal(layers.Subtract()([A, B]), A - B)
    np.testing.assert_array_equal(layers.subtract([B, A]), B - A)


def test_concatenate():
    np.testing.assert_array_equal(layers.Concatenate()([A, B]), np.concatenate([A, B], -1))
    np.testing.assert_array_equal(layers.concatenate([A, B, C], axis=0), np.vstack([A, B, C]))
    assert layers.Concatenate(axis=1)([layers.Input((None, 3))] * 2).shape == (None, None, 3)


def test_dot():
    np.testing.assert_array_equal(layers.Dot(axes=1)([A, B]), (A * B).sum(1, keepdims=True))
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (A, B)]
    cosine = layers.dot([A, B], axes=-1, normalize=True)
    np.testing.assert_allclose(cosine, (unit[0] * unit[1]).sum(1, keepdims=True), rtol=1e-5)
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    y = np.random.default_rng(1).normal(size=(2, 5, 3, 4)).astype("float32")
    for axes, equation in (
        ((1, 2), "btf,bkth->bfkh"),
        (-1, "btf,bkuf->btku"),
        ((2, 3), "btf,bkuf->btku"),
    ):
        made = layers.Dot(axes=axes)([x, y])
        np.testing.assert_allclose(made, np.einsum(equation, x, y), rtol=1e-4, atol=1e-5)
    assert layers.Dot(1)([layers.Input((None, 4)), layers.Input((None, 5))]).shape == (None, 4, 5)


def masked(layer, *rows):
    """The layer's result on embeddings of the rows, in which 0 is padding."""
    inputs = [layers.Input((len(row),), dtype="int32") for row in rows]
    table = layers.Embedding(9, 1, mask_zero=True, weights=np.arange(9.0)[:, None])
    out = layer([table(x) for x in inputs])
    seen = []

    class Look(layers.Layer):
        def call(self, inputs, mask=None):
            seen.append(mask)
            return inputs

    result = keras.Model(inputs, Look()(out))([np.int32([row]) for row in rows])
    return np.ravel(result).tolist(), None if seen[-1] is None else np.ravel(seen[-1]).tolist()


def test_masks():
    rows = [5, 3, 0, 0], [1, 0, 4, 0]
    one_counts = [True, True, True, False]
    assert masked(layers.Add(), *rows) == ([6, 3, 4, 0], one_counts)
    assert masked(layers.Multiply(), *rows) == ([5, 3, 4, 1], one_counts)
    assert masked(layers.Maximum(), *rows)[0][:3] == [5, 3, 4]
    assert masked(layers.Minimum(), *rows) == ([1, 3, 4, 0], one_counts)
    longer = masked(layers.Concatenate(axis=1), *rows)
    assert longer == (
        [5, 3, 0, 0, 1, 0, 4, 0],
        [True, True, False, False, True, False, True, False],
    )
    assert masked(layers.Dot(axes=1), *rows)[1] is None


@pytest.mark.parametrize(
    ("layer", "counted"),
    [
        (layers.Add(), [True, True, True]),
        (layers.Maximum(), [True, True, True]),
        (layers.Concatenate(), [True, True, True]),
        (layers.Concatenate(axis=1), [True, True, False, True, True, True]),
    ],
    ids=str,
)
def test_an_input_without_a_mask_counts_everywhere(layer, counted):
    tokens = layers.Input((3,), dtype="int32")
    masked = layers.Embedding(5, 2, mask_zero=True)(tokens)
    merged = layer([masked, layers.Embedding(5, 2)(tokens)])
    model = keras.Model(tokens, [merged, layers.GlobalAveragePooling1D()(merged)])
    whole, mean = model(np.int32([[1, 2, 0]]))
    np.testing.assert_allclose(mean, whole[:, counted].mean(axis=1), rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.Add()(A), r"a list of tensors as input. Received shape \(2, 3\). Write"),
        (lambda: layers.Subtract()([A]), "a list of 2 as input. Received: 1 of shapes"),
        (lambda: layers.Subtract()([A, B, C]), "a list of 2 as input. Received: 3 of shapes"),
        (lambda: layers.Add()([A, A[:, :2]]), r"equal, or 1. Received shapes \(2, 3\), \(2, 2\)"),
        (lambda: layers.Add()([A, A[:1]]), r"batches of one size. Received shapes.*\(1, 3\)"),
        (
            lambda: layers.Concatenate()([A, A[:1]]),
            r"equal sizes, except along axis -1. Received shapes \[\(2, 3\), \(1, 3\)\]",
        ),
        (lambda: layers.Concatenate(axis=2)([A, A]), "equal sizes, except along axis 2"),
        (lambda: layers.Concatenate()([A, A[0]]), "equal sizes, except along axis -1"),
        (lambda: layers.Dot(axes="1"), "axes as a whole number or two. Received: '1'"),
        (lambda: layers.Dot(axes=(1, 2, 3)), r"axes as a whole number or two.*\(1, 2, 3\)"),
        (lambda: layers.Dot(axes=0)([A, B]), "axes behind the batch axis.*axes=0"),
        (lambda: layers.Dot(axes=2)([A, B]), "axes behind the batch axis.*rank 2 and 2.*axes=2"),
        (
            lambda: layers.Dot(axes=1)([A, A[:, :2]]),
            r"equal sizes along axis 1 of the first.*\(2, 3\) and \(2, 2\)",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
