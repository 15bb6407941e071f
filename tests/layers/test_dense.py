"""Dense and EinsumDense beyond the contract: their errors, initial values, equations."""

import numpy as np
import pytest

from geartrain import initializers, layers

X = np.float32([[1, 2, 3], [4, 5, 6]])


def test_dense_is_a_matrix_product_and_a_bias():
    layer = layers.Dense(2, activation="relu")
    layer.build((None, 3))
    kernel = np.float32([[1, -1], [0, 1], [1, 0]])
    layer.set_weights([kernel, [0.5, -0.5]])
    np.testing.assert_allclose(layer(X), np.maximum(X @ kernel + [0.5, -0.5], 0))


def test_first_values():
    layer = layers.Dense(512)
    layer.build((None, 784))
    limit = np.sqrt(6 / (784 + 512))
    assert abs(layer.kernel.numpy()).max() == pytest.approx(limit, rel=1e-3)
    assert not layer.bias.numpy().any()
    other = layers.Dense(512)
    other.build((None, 784))
    assert (other.kernel.numpy() != layer.kernel.numpy()).any()


def test_arguments_reach_the_weights():
    layer = layers.Dense(
        2, kernel_initializer=initializers.Constant(2.0), bias_initializer="ones",
        kernel_regularizer="l1", bias_regularizer="l2", kernel_constraint="non_neg",
        bias_constraint="unit_norm",
    )  # fmt: skip
    np.testing.assert_array_equal(layer(X), [[13, 13], [31, 31]])
    assert type(layer.kernel.regularizer).__name__ == "L1"
    assert type(layer.bias.regularizer).__name__ == "L2"
    assert type(layer.kernel.constraint).__name__ == "NonNeg"
    assert type(layer.bias.constraint).__name__ == "UnitNorm"
    assert layers.Dense(1, use_bias=False)(X).shape == (2, 1)


def test_options_that_are_not_supported_are_left_out_of_the_config():
    config = layers.Dense(2, lora_rank=None).get_config()
    assert not {"lora_rank", "lora_alpha", "quantization_config"} & set(config)
    assert {"units", "activation", "use_bias", "kernel_initializer", "name", "dtype"} <= set(config)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.Dense(0), 'Dense "dense.*": expected units.* at least 1. Received: 0'),
        (lambda: layers.Dense(2.5), "expected units as a whole number of at least 1.*2.5"),
        (lambda: layers.Dense(True), "expected units as a whole number.*True"),
        (
            lambda: layers.Dense(2, quantization_config={}),
            r"quantization_config is not supported. Received: quantization_config={}. Leave it out",
        ),
        (
            lambda: layers.Dense(2, name="head").build((None, None)),
            r'Dense "head": expected a known size of the last axis.*\(None, None\). Give the size',
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_error_of_the_textbooks_first_mistake():
    layer = layers.Dense(10, name="head")
    layer(np.zeros((5, 784)))
    with pytest.raises(ValueError, match="head") as caught:
        layer(np.zeros((5, 28, 28)))
    assert str(caught.value) == (
        'Dense "head": expected last axis 784. Received shape (5, 28, 28). These look like 28 x 28 '
        "images: use x.reshape(len(x), 784), or add Flatten() first."
    )


@pytest.mark.parametrize(
    ("equation", "output_shape", "bias_axes", "shape", "kernel", "bias", "output"),
    [
        ("ab,bc->ac", 64, "c", (2, 32), (32, 64), (64,), (2, 64)),
        ("abc,cd->abd", (None, 64), "d", (2, 5, 32), (32, 64), (64,), (2, 5, 64)),
        ("abc,cd->abd", (None, 64), "bd", (2, 5, 32), (32, 64), (5, 64), (2, 5, 64)),
        ("...x,xy->...y", 64, "y", (2, 5, 6, 32), (32, 64), (64,), (2, 5, 6, 64)),
        ("abc,cde->abde", (None, 8, 4), "de", (2, 5, 32), (32, 8, 4), (8, 4), (2, 5, 8, 4)),
        ("abc,cde->abde", (None, 8, 4), "d", (2, 5, 32), (32, 8, 4), (8, 1), (2, 5, 8, 4)),
        ("abde,dec->abc", (None, 7), None, (2, 5, 8, 4), (8, 4, 7), None, (2, 5, 7)),
        ("ab...,bc->ac...", 7, "c", (2, 5, 3, 4), (5, 7), (7, 1, 1), (2, 7, 3, 4)),
        ("aecd,abcde->acbed", (4, 3, 2, 5), None, (1, 2, 4, 5), (1, 3, 4, 5, 2), None, None),
    ],
)
def test_equations(equation, output_shape, bias_axes, shape, kernel, bias, output):
    layer = layers.EinsumDense(equation, output_shape, bias_axes=bias_axes)
    if output is None:
        layer.build(shape)
    else:
        x = np.random.default_rng(0).normal(size=shape).astype("float32")
        result = layer(x)
        assert result.shape == output == layer.compute_output_shape(shape)
        expected = np.einsum(equation, x, layer.kernel.numpy())
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)
    assert layer.kernel.shape == kernel
    assert (layer.bias.shape if layer.bias is not None else None) == bias


def test_the_fans_of_an_einsum_kernel_are_those_of_its_letters():
    layer = layers.EinsumDense("abc,cde->abde", (None, 8, 16), kernel_initializer="glorot_uniform")
    layer.build((None, 5, 100))
    limit = np.sqrt(6 / (100 + 8 * 16))
    assert abs(layer.kernel.numpy()).max() == pytest.approx(limit, rel=0.01)


@pytest.mark.parametrize(
    ("arguments", "shape", "message"),
    [
        (("ab,bc->d", 3), None, "expected an equation like 'ab,bc->ac'.*Received: 'ab,bc->d'"),
        (("ab,cd->ad", 3), None, "whose letters all have a size. Received: 'ab,cd->ad'"),
        (("ab->a", 3), None, "expected an equation like.*'ab->a'"),
        (("...ab,bc->ac...", 3), None, "expected an equation like"),
        (("ab,bc->ac", 3), (2, 3, 4), r"inputs of rank 2 for the equation.*\(2, 3, 4\)"),
        (("...ab,bc->...ac", 3), (2,), r"inputs of rank 2 or more for the equation.*\(2,\)"),
        (("abc,cd->abd", 3), (2, 3, 4), r"a size for each of 'bd'.*Received: \(3,\)"),
        (("abc,cd->abd", (5, 3)), (2, 4, 3), "size 4 for 'b'.*output_shape=.5, 3."),
    ],
)
def test_errors_of_einsum(arguments, shape, message):
    with pytest.raises(ValueError, match=message):
        layers.EinsumDense(*arguments).build(shape)


def test_bias_axes_are_letters_of_the_output():
    for wrong in ("b", ""):
        with pytest.raises(ValueError, match=f"bias_axes among.*'ac'. Received: '{wrong}'"):
            layers.EinsumDense("ab,bc->ac", 3, bias_axes=wrong).build((2, 3))


def test_an_equation_that_would_fill_the_memory_is_refused():
    with pytest.raises(
        ValueError, match=r"at most 1000 characters. Received: 2000000 char"
    ) as error:
        layers.EinsumDense("ab," * 666_666 + "->", 3)
    assert len(str(error.value)) < 200
