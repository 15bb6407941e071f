"""Functions of the older `keras.backend` against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import ops
from geartrain.compat import backend as older

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(2, 3, 4)).astype("float32")
Y = RANDOM.normal(size=(2, 4, 5)).astype("float32")
IMAGES = RANDOM.normal(size=(2, 5, 6, 3)).astype("float32")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (lambda: older.argmax(X), X.argmax(-1)),
        (lambda: older.argmin(X, axis=1), X.argmin(1)),
        (lambda: older.cumsum(X), X.cumsum(0)),
        (lambda: older.cumprod(X, axis=1), X.cumprod(1)),
        (lambda: older.expand_dims(X), X[..., None]),
        (lambda: older.concatenate([X, X]), np.concatenate([X, X], -1)),
        (lambda: older.flatten(X), X.reshape(-1)),
        (lambda: older.batch_flatten(X), X.reshape(2, -1)),
        (lambda: older.permute_dimensions(X, (2, 0, 1)), X.transpose(2, 0, 1)),
        (lambda: older.transpose(X), X.T),
        (lambda: older.repeat_elements(X, 2, axis=1), X.repeat(2, 1)),
        (lambda: older.repeat(X[0], 5), np.stack([X[0]] * 5, 1)),
        (lambda: older.gather(X, [1, 0]), X[[1, 0]]),
        (lambda: older.reverse(X, axes=1), X[:, ::-1]),
        (lambda: older.pow(X, 2), X**2),
        (lambda: older.elu(X, 0.5), np.where(X > 0, X, 0.5 * np.expm1(X))),
        (lambda: older.l2_normalize(X, axis=-1), X / np.linalg.norm(X, axis=-1, keepdims=True)),
        (lambda: older.l2_normalize(X), X / np.linalg.norm(X)),
        (lambda: older.switch(X[..., 0] > 0, X, -X), np.where(X[..., :1] > 0, X, -X)),
        (lambda: older.map_fn(lambda one: one * 2, X), X * 2),
        (lambda: older.bias_add(X, Y[0, 0, :4]), X + Y[0, 0, :4]),
        (lambda: older.bias_add(X, Y[0, 0, :3], "channels_first"), X + Y[0, 0, :3, None]),
        (lambda: older.batch_dot(X, Y), X @ Y),
        (lambda: older.in_top_k(X[0], [0, 1, 2], 4), [True] * 3),
        (lambda: older.foldl(lambda a, x: a * 2 + x, X), (X[0] * 2) + X[1]),
        (lambda: older.foldr(lambda a, x: a * 2 + x, X), (X[1] * 2) + X[0]),
        (
            lambda: older.resize_images(IMAGES, 2, 3, "channels_last"),
            IMAGES.repeat(2, 1).repeat(3, 2),
        ),
        (
            lambda: older.pool3d(IMAGES[..., None], (5, 6, 3)),
            IMAGES.max((1, 2, 3)).reshape(2, 1, 1, 1, 1),
        ),
        (
            lambda: older.spatial_3d_padding(IMAGES[..., None]),
            np.pad(IMAGES[..., None], ((0, 0), *[(1, 1)] * 3, (0, 0))),
        ),
        (
            lambda: older.separable_conv2d(
                IMAGES, np.ones((1, 1, 3, 1), "float32"), np.eye(3, dtype="float32")[None, None]
            ),
            IMAGES,
        ),
        (lambda: older.temporal_padding(X, (1, 2)), np.pad(X, ((0, 0), (1, 2), (0, 0)))),
        (
            lambda: older.spatial_2d_padding(IMAGES, ((1, 0), (2, 1))),
            np.pad(IMAGES, ((0, 0), (1, 0), (2, 1), (0, 0))),
        ),
        (lambda: older.pool2d(IMAGES, (5, 6), pool_mode="avg"), IMAGES.mean((1, 2), keepdims=True)),
        (lambda: older.pool2d(IMAGES, (5, 6)), IMAGES.max((1, 2), keepdims=True)),
        (
            lambda: older.conv2d(IMAGES, np.eye(3, dtype="float32").reshape(1, 1, 3, 3)),
            IMAGES,
        ),
        (lambda: older.constant(2, shape=(2, 2)), np.full((2, 2), 2.0)),
        (lambda: older.cast_to_floatx(np.arange(3)), [0.0, 1.0, 2.0]),
        (
            lambda: older.binary_crossentropy([1.0], [0.25]),
            [-np.log(0.25)],
        ),
        (
            lambda: older.categorical_crossentropy([[0.0, 1.0]], [[0.75, 0.25]]),
            [-np.log(0.25)],
        ),
        (
            lambda: older.sparse_categorical_crossentropy([1], [[0.75, 0.25]]),
            [-np.log(0.25)],
        ),
        (lambda: older.stop_gradient([X])[0], X),
    ],
)
def test_values(found, expected):
    np.testing.assert_allclose(found(), expected, rtol=2e-5, atol=1e-6)


def test_shapes_and_types():
    assert older.int_shape(keras.Input((3, 4))) == (None, 3, 4)
    assert older.dtype(X) == "float32"
    assert older.count_params(X) == 24
    assert older.placeholder(ndim=3).shape == (None, None, None)


def test_variables():
    variable = older.variable(np.ones(3), constraint=ops.abs)
    assert variable.dtype == "float32"
    assert variable.constraint is ops.abs
    older.update_add(variable, 2.0 * np.ones(3))
    older.update_sub(variable, np.ones(3))
    np.testing.assert_array_equal(older.get_value(variable), [2, 2, 2])
    older.batch_set_value([(variable, np.zeros(3))])
    np.testing.assert_array_equal(older.batch_get_value([variable])[0], [0, 0, 0])
    older.set_value(variable, np.ones(3))
    np.testing.assert_array_equal(older.eval(older.update(variable, variable * 3)), [3, 3, 3])


def test_random_numbers():
    keras.utils.set_random_seed(1)
    normal = older.random_normal((2000,), mean=3.0, stddev=0.5)
    assert abs(normal.mean() - 3) < 0.05
    assert abs(normal.std() - 0.5) < 0.05
    uniform = older.random_uniform((2000,), 2.0, 4.0)
    assert 2 <= uniform.min() < uniform.max() < 4
    assert abs(older.truncated_normal((2000,))).max() <= 2
    bernoulli = older.random_bernoulli((2000,), p=0.3)
    assert set(np.unique(bernoulli)) == {0, 1}
    assert abs(bernoulli.mean() - 0.3) < 0.05
    assert set(np.unique(older.dropout(np.ones(2000, "float32"), 0.5))) == {0, 2}


def test_a_variational_encoder_of_old():
    """The sampling layer of many a program."""
    backend = keras.backend

    def sampling(arguments):
        mean, log_variance = arguments
        rows = backend.shape(mean)[0]
        noise = backend.random_normal(shape=(rows, backend.int_shape(mean)[1]), stddev=0.0)
        return mean + backend.exp(log_variance / 2) * noise

    with pytest.warns(keras.errors.GeartrainWarning, match="older versions"):
        x = keras.Input((3,))
        model = keras.Model(x, keras.layers.Lambda(sampling)([x, x]))
        values = X[0, :, :3]
        np.testing.assert_allclose(model.predict(values, verbose=0), values)


def test_ctc_of_probabilities():
    scores = RANDOM.normal(size=(2, 4, 5)).astype("float32")
    chances = ops.softmax(scores)
    loss = older.ctc_batch_cost([[1, 2], [3, 0]], chances, [[4], [3]], [[2], [1]])
    expected = ops.ctc_loss([[1, 2], [3, 0]], scores, [2, 1], [4, 3], mask_index=4)
    np.testing.assert_allclose(loss[:, 0], expected, rtol=1e-4)
    (labels,), _ = older.ctc_decode(chances, [4, 3])
    assert labels.shape == (2, 4)
    assert [row[row >= 0].tolist() for row in labels] == [
        [k for n, k in enumerate(row) if k != 4 and (n == 0 or k != row[n - 1])]
        for row in (scores[0].argmax(-1).tolist(), scores[1, :3].argmax(-1).tolist())
    ]


def test_channels_in_the_words_of_keras_1():
    assert older.image_dim_ordering() == "tf"
    older.set_image_dim_ordering("th")
    try:
        assert keras.config.image_data_format() == "channels_first"
    finally:
        older.set_image_dim_ordering("tf")
    with pytest.raises(ValueError, match="dim_ordering of set_image_dim_ordering"):
        older.set_image_dim_ordering("tff")
