"""Identity, Lambda, Masking, Embedding, wrappers, and where data enters."""

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from geartrain.errors import GeartrainWarning
from geartrain.registry import register_keras_serializable

X = np.float32([[1, 2, 3], [4, 5, 6]])


# -- Lambda -----------------------------------------------------------------------------------


def test_lambda_passes_what_the_function_takes():
    layer = layers.Lambda(lambda x, factor: x * factor, arguments={"factor": 3.0})
    np.testing.assert_array_equal(layer(X), 3 * X)
    trained = layers.Lambda(lambda x, training: x + 1 if training else x)
    np.testing.assert_array_equal(trained(X, training=True), X + 1)
    np.testing.assert_array_equal(trained(X), X)
    mask = np.array([[True], [False]])
    masked = layers.Lambda(lambda x, mask: ops.where(mask, x, 0.0))
    np.testing.assert_array_equal(masked(X, mask=mask), X * mask)


def test_lambda_makes_masks():
    layer = layers.Lambda(lambda x: x, mask=lambda x, mask: ops.greater(x, 2))
    np.testing.assert_array_equal(layer.compute_mask(X, None), X > 2)
    assert layers.Lambda(lambda x: x).compute_mask(X, None) is None
    assert layer.supports_masking


@register_keras_serializable("tests", "double")
def double(x):
    return 2 * x


def test_a_registered_function_can_be_found_again():
    layer = layers.Lambda(double, name="twice")
    config = layer.get_config()
    assert config["function"]["config"] == "tests>double"
    np.testing.assert_array_equal(layers.Lambda.from_config(config)(X), 2 * X)
    named = {**config, "function": "mine"}
    np.testing.assert_array_equal(layers.Lambda.from_config(named, {"mine": double})(X), 2 * X)


@pytest.mark.parametrize(
    "function",
    [
        {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None}},
        {"class_name": "function", "module": "os", "config": "system"},
        {"class_name": "function", "module": "builtins", "config": "eval"},
        "eval",
        "os.system",
        None,
        3,
    ],
    ids=str,
)
def test_a_function_is_never_read_from_a_config(function):
    config = {**layers.Lambda(double).get_config(), "function": function}
    with pytest.raises(ValueError, match=r"register_keras_serializable\(\)"):
        layers.Lambda.from_config(config)


def test_a_function_by_name_alone_must_be_the_programs_own():
    config = {**layers.Lambda(double).get_config(), "function": "os.system"}
    with pytest.raises(ValueError, match=r"Lambda: expected a function that was.*: 'os.system'"):
        layers.Lambda.from_config(config)


def test_a_lambda_without_a_name_has_a_config_that_says_so():
    with pytest.warns(GeartrainWarning, match="a lambda has no name that a file could hold"):
        config = layers.Lambda(lambda x: x).get_config()
    with pytest.raises(ValueError, match=r"function.config: .*a lambda, which is code. Code is"):
        layers.Lambda.from_config(config)
    with pytest.raises(ValueError, match=r"expected a function. Received: 3"):
        layers.Lambda(3)


# -- Masking and Embedding --------------------------------------------------------------------


def test_masking():
    x = np.float32([[[1, 0], [0, 0], [9, 9]]])
    layer = layers.Masking()
    np.testing.assert_array_equal(layer(x), x)
    np.testing.assert_array_equal(layer.compute_mask(x, None), [[True, False, True]])
    nines = layers.Masking(9.0)
    np.testing.assert_array_equal(nines(x)[0, 2], [0, 0])
    np.testing.assert_array_equal(nines.compute_mask(x, None), [[True, True, False]])


def test_embedding_looks_up_rows():
    table = np.arange(8, dtype="float32").reshape(4, 2)
    layer = layers.Embedding(4, 2, weights=table)
    assert layer.built
    for tokens in ([[1, 3], [0, 1]], [[1.0, 3.0], [0.0, 1.0]]):
        np.testing.assert_array_equal(layer(np.array(tokens)), table[[[1, 3], [0, 1]]])
    assert layer(np.array([2], "uint8")).shape == (1, 2)
    assert "weights" not in layer.get_config()
    np.testing.assert_array_equal(
        layers.Embedding(4, 2, weights=[table])(np.array([2])), table[[2]]
    )


def test_embedding_keeps_large_integers_in_small_types():
    layer = layers.Embedding(5000, 1, dtype="float16", embeddings_initializer="zeros")
    table = np.zeros((5000, 1), "float32")
    table[4097] = 1
    layer.build()
    layer.set_weights([table])
    assert layer(np.float32([[4097]])).tolist() == [[[1.0]]]


def test_masks_of_embeddings():
    tokens = np.int32([[1, 0]])
    assert layers.Embedding(4, 2).compute_mask(tokens, None) is None
    mask = layers.Embedding(4, 2, mask_zero=True).compute_mask(tokens, None)
    np.testing.assert_array_equal(mask, [[True, False]])


# -- wrappers ---------------------------------------------------------------------------------


def test_time_distributed():
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    layer = layers.TimeDistributed(layers.Dense(5))
    output = layer(x)
    expected = np.stack([layer.layer(x[:, t]) for t in range(4)], axis=1)
    np.testing.assert_allclose(output, expected, rtol=1e-5)
    assert len(layer.trainable_weights) == 2
    assert layer(layers.Input((None, 3))).shape == (None, None, 5)
    images = layers.TimeDistributed(layers.Flatten())(np.zeros((2, 4, 3, 5)))
    assert images.shape == (2, 4, 15)


def test_what_follows_the_batch_follows_each_timestep():
    x = np.random.default_rng(0).normal(size=(6, 4, 3)).astype("float32")
    layer = layers.TimeDistributed(layers.BatchNormalization(momentum=0.5))
    layer.build(x.shape)
    alone = layers.BatchNormalization(momentum=0.5)
    expected = np.stack([alone(x[:, t], training=True) for t in range(4)], axis=1)
    np.testing.assert_allclose(layer(x, training=True), expected, rtol=1e-6)
    for mine, other in zip(layer.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6)
    np.testing.assert_allclose(layer(x)[:, 2], alone(x[:, 2]), rtol=1e-6)


def test_masks_in_time():
    x, mask = np.zeros((1, 2, 3)), np.array([[True, False]])
    layer = layers.TimeDistributed(layers.Softmax())
    layer(x, mask=mask)
    full = np.array([[[True, True, False], [True, False, False]]])
    np.testing.assert_allclose(layer(x, mask=full), [[[0.5, 0.5, 0], [1, 0, 0]]])
    with pytest.raises(ValueError, match=r"a mask of shape \(batch, time, ...\).*shape \(1, 3\)"):
        layer(x, mask=np.ones((1, 3), bool))


def test_a_wrapper_holds_a_layer():
    inner = layers.Dense(2)
    wrapper = layers.Wrapper(inner)
    wrapper.build((None, 3))
    assert inner.built
    assert wrapper.weights == inner.weights
    twin = layers.Wrapper.from_config(wrapper.get_config())
    assert twin.layer.units == 2


# -- inputs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "shape", "dtype"),
    [
        ({"shape": (28, 28)}, (None, 28, 28), "float32"),
        ({"shape": [3]}, (None, 3), "float32"),
        ({"shape": 3}, (None, 3), "float32"),
        ({"shape": (None, 3), "batch_size": 8, "dtype": "int32"}, (8, None, 3), "int32"),
        ({"batch_shape": (None, 3), "dtype": bool}, (None, 3), "bool"),
        ({"shape": ()}, (None,), "float32"),
    ],
)
def test_input(arguments, shape, dtype):
    tensor = layers.Input(**arguments, name="data")
    assert (tensor.shape, tensor.dtype, tensor.name) == (shape, dtype, "data")
    layer = tensor.call.operation
    assert (layer.name, layer.batch_shape, layer.dtype) == ("data", shape, dtype)
    twin = layers.InputLayer.from_config(layer.get_config())
    assert (twin.batch_shape, twin.dtype, twin.name) == (shape, dtype, "data")


def test_other_ways_to_an_input():
    tensor = layers.Input((3,), dtype="int32")
    like = layers.Input(tensor=tensor)
    assert (like.shape, like.dtype) == ((None, 3), "int32")
    assert layers.InputLayer(input_shape=(3,)).batch_shape == (None, 3)
    assert layers.InputLayer(batch_input_shape=(2, 3)).batch_shape == (2, 3)
    assert keras.Sequential([layers.InputLayer((3,)), layers.Dense(2)]).output_shape == (None, 2)
    assert keras.Input is layers.Input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.Input(), "InputLayer .*: expected one of shape and batch_shape"),
        (lambda: layers.Input((3,), batch_shape=(2, 3)), "expected one of shape and batch_shape"),
        (lambda: layers.Input(batch_shape=(2, 3), batch_size=2), "batch_size with shape only"),
        (lambda: layers.Input((2.5,)), r"whole numbers and None. Received: \(2.5,\)"),
        (lambda: layers.Input((-1,)), r"whole numbers and None. Received: \(-1,\)"),
        (lambda: layers.Input((3,), sparse=True), "expected dense tensors. Received: sparse=True"),
        (lambda: layers.Input((3,), ragged=True), "expected dense tensors. Received: ragged=True"),
        (lambda: layers.Input(tensor=X), "expected a symbolic tensor as tensor. Received: array"),
        (lambda: layers.Embedding(0, 2), "expected input_dim as a whole number of at least 1"),
        (lambda: layers.Embedding(2, 2.0), "expected output_dim as a whole number.*2.0"),
        (
            lambda: layers.Embedding(2, 2, weights=np.ones((3, 2))),
            r"expected weights of shape \(2, 2\). Received: shape \(3, 2\)",
        ),
        (
            lambda: layers.Embedding(3, 2, name="words")(np.array([[0, 3]])),
            'Embedding "words": expected integers from 0 to 2. Received: 3. Make input_dim larger',
        ),
        (lambda: layers.Embedding(3, 2)(np.array([-1])), "integers from 0 to 2. Received: -1"),
        (lambda: layers.TimeDistributed(layers.Dense), "expected a layer.*classes"),
        (lambda: layers.Wrapper(None), "expected a layer. Received: None"),
        (lambda: layers.TimeDistributed(layers.Dense(2))(X), r"rank 3 or more.*\(2, 3\)"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
