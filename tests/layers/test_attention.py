"""Attention layers: masks through models, what is random, what is refused, what users override."""

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops

RANDOM = np.random.default_rng(0)
QUERY = RANDOM.normal(size=(2, 3, 4)).astype("float32")
VALUE = RANDOM.normal(size=(2, 5, 4)).astype("float32")


def heads(**config):
    return layers.MultiHeadAttention(num_heads=2, key_dim=3, **config)


def grouped(**config):
    return layers.GroupQueryAttention(
        head_dim=3, num_query_heads=4, num_key_value_heads=2, **config
    )


# -- masks through models ---------------------------------------------------------------------


@pytest.mark.parametrize("attend", [heads, grouped])
def test_padding_is_left_out_of_a_transformer(attend):
    tokens = np.int32([[1, 2, 3, 0, 0], [4, 5, 2, 0, 0]])
    inputs = keras.Input((5,), dtype="int32")
    x = layers.Embedding(6, 4, mask_zero=True)(inputs)
    x = layers.LayerNormalization()(layers.Add()([x, attend()(x, x)]))
    padded = keras.Model(inputs, layers.GlobalAveragePooling1D()(x))
    short = keras.Input((3,), dtype="int32")
    x = layers.Embedding(6, 4)(short)
    x = layers.LayerNormalization()(layers.Add()([x, attend()(x, x)]))
    bare = keras.Model(short, layers.GlobalAveragePooling1D()(x))
    bare.set_weights(padded.get_weights())
    np.testing.assert_allclose(padded(tokens), bare(tokens[:, :3]), rtol=1e-5, atol=1e-6)
    found = padded.predict(tokens, verbose=0)
    np.testing.assert_allclose(found, bare(tokens[:, :3]), rtol=1e-5, atol=1e-6)


def test_masks_of_a_list_reach_attention_and_its_mask_is_the_querys():
    tokens, others = np.int32([[1, 0]]), np.int32([[3, 2, 0]])
    first, second = keras.Input((2,), dtype="int32"), keras.Input((3,), dtype="int32")
    table = layers.Embedding(4, 3, mask_zero=True)
    seen = []
    spy = layers.Lambda(lambda x, mask: seen.append(mask) or x)
    output = spy(layers.Attention()([table(first), table(second)]))
    model = keras.Model([first, second], output)
    result = model([tokens, others])
    np.testing.assert_array_equal(seen[-1], [[True, False]])
    np.testing.assert_array_equal(result[0, 1], np.zeros(3))
    rows = table.embeddings.numpy()
    weights = ops.softmax(rows[[3, 2]] @ rows[1])
    np.testing.assert_allclose(result[0, 0], weights @ rows[[3, 2]], rtol=1e-5)


def test_masks_reach_a_layer_inside_of_a_sequential_model():
    class SelfAttention(keras.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = True
            self.inner = heads()

        def call(self, inputs):
            return self.inner(inputs, inputs)

    inside = SelfAttention()
    model = keras.Sequential(
        [layers.Embedding(6, 4, mask_zero=True), inside, layers.GlobalAveragePooling1D()]
    )
    result = model(np.int32([[1, 2, 0]]))
    rows = model.layers[0].embeddings.numpy()[None, [1, 2]]
    np.testing.assert_allclose(result, ops.mean(inside(rows), axis=1), rtol=1e-4, atol=1e-7)


def test_a_mask_that_is_given_goes_before_one_that_is_passed_on():
    model = layers.Masking()
    value = VALUE.copy()
    value[:, 3:] = 0
    layer = heads()
    everything = np.ones((2, 5), bool)
    outer = keras.Sequential([model, layers.Lambda(lambda x: layer(x, x, value_mask=everything))])
    np.testing.assert_allclose(outer(value), layer(value, value), rtol=1e-6)


@pytest.mark.parametrize("attend", [heads, grouped])
def test_all_masks_are_joined(attend):
    layer = attend()
    masks = {
        "query_mask": RANDOM.random((2, 5)) > 0.2,
        "value_mask": RANDOM.random((2, 5)) > 0.2,
        "key_mask": RANDOM.random((2, 5)) > 0.2,
        "attention_mask": RANDOM.random((2, 5, 5)) > 0.2,
    }
    for mask in masks.values():
        mask[..., 0] = True
    _, weights = layer(VALUE, VALUE, return_attention_scores=True, use_causal_mask=True, **masks)
    allowed = masks["query_mask"][:, :, None] & masks["value_mask"][:, None]
    allowed &= masks["key_mask"][:, None] & masks["attention_mask"] & np.tri(5, dtype=bool)
    for head in range(weights.shape[1]):
        np.testing.assert_array_equal(weights[:, head] > 0, allowed)


@pytest.mark.parametrize("attend", [heads, grouped])
def test_a_sliding_window_is_a_band(attend):
    _, weights = attend(sliding_window=2)(VALUE, VALUE, return_attention_scores=True)
    apart = abs(np.arange(5)[:, None] - np.arange(5))
    np.testing.assert_array_equal(weights[0, 0] > 0, apart < 2)


@pytest.mark.parametrize("attend", [heads, grouped])
def test_both_ways_to_compute_agree(attend):
    layer = attend(use_gate=True)
    allowed = RANDOM.random((2, 3, 5)) > 0.3
    allowed[..., 0] = True
    direct = layer(QUERY, VALUE, attention_mask=allowed)
    with_weights, _ = layer(QUERY, VALUE, attention_mask=allowed, return_attention_scores=True)
    np.testing.assert_allclose(direct, with_weights, rtol=1e-5, atol=1e-6)


# -- options ----------------------------------------------------------------------------------


@pytest.mark.parametrize("attend", [heads, grouped])
def test_dropout_is_random_in_training_only(attend):
    layer = attend(dropout=0.5, seed=3)
    first, second = (layer(QUERY, VALUE, training=True) for _ in range(2))
    assert not np.allclose(first, second)
    np.testing.assert_array_equal(layer(QUERY, VALUE), layer(QUERY, VALUE))
    plain = attend()
    plain(QUERY, VALUE)
    plain.set_weights(layer.get_weights())
    np.testing.assert_allclose(layer(QUERY, VALUE), plain(QUERY, VALUE), rtol=1e-5, atol=1e-6)


def test_dropout_of_attention_without_heads():
    layer = layers.Attention(dropout=0.5, seed=1)
    _, weights = layer([VALUE, VALUE], training=True, return_attention_scores=True)
    assert 0 < (weights == 0).mean() < 1
    _, weights = layer([VALUE, VALUE], return_attention_scores=True)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-6)


def test_projections_start_from_different_values():
    layer = heads(kernel_initializer="random_normal")
    layer(VALUE, VALUE)
    assert not np.allclose(layer.query_dense.kernel, layer.key_dense.kernel)
    assert layer.value_dense.kernel.shape == (4, 2, 3)
    assert layer.output_dense.kernel.shape == (2, 3, 4)


def test_the_config_says_what_was_chosen():
    layer = heads(output_shape=[5, 2], attention_axes=1)
    config = layer.get_config()
    assert config["value_dim"] == 3
    assert config["output_shape"] == (5, 2)
    assert config["attention_axes"] == (1,)
    assert "flash_attention" not in config
    assert layer(QUERY, VALUE).shape == (2, 3, 5, 2)
    assert "score_mode" not in layers.AdditiveAttention(seed=4).get_config()
    assert layers.AdditiveAttention(seed=4).get_config()["seed"] == 4


def test_grouped_attention_has_the_names_of_keras():
    keras.utils.clear_session()
    layer = grouped()
    assert layer.name == "grouped_query_attention"
    assert layers.serialize(layer)["class_name"] == "GroupQueryAttention"


def test_the_products_may_be_overridden():
    class Mean(layers.MultiHeadAttention):
        def _compute_attention(self, query, key, value, attention_mask=None, *rest):
            assert attention_mask is not None
            shape = (*query.shape[:-1], value.shape[-1])
            return ops.broadcast_to(ops.mean(value, axis=1, keepdims=True), shape), None

    layer = Mean(2, 3)
    output = layer(QUERY, VALUE, use_causal_mask=True)
    np.testing.assert_allclose(output[:, 0], output[:, 1], rtol=1e-6)


def test_half_precision_softmax_is_computed_in_single():
    query, value = (x[:, :, None].astype("float16") for x in (QUERY, VALUE))
    small = ops.dot_product_attention(query, value, value)
    wide = ops.dot_product_attention(*(x.astype("float32") for x in (query, value, value)))
    assert small.dtype == "float16"
    np.testing.assert_allclose(small, wide, rtol=2e-3, atol=1e-3)


# -- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Attention(score_mode="sum"), "expected score_mode .*'dot'.*'sum'"),
        (lambda: layers.Attention(dropout=2), "expected dropout .*2"),
        (lambda: layers.Attention()(QUERY), r"expected inputs as a list .*\(2, 3, 4\)"),
        (lambda: layers.Attention()([QUERY] * 4), "expected inputs as a list of tensors"),
        (
            lambda: layers.Attention()([QUERY, VALUE], mask=[QUERY[..., 0] > 0]),
            "expected mask as a list of masks",
        ),
        (lambda: heads(value_dim=0), "expected value_dim .*0"),
        (lambda: layers.MultiHeadAttention(0, 3), "expected num_heads .*0"),
        (lambda: layers.MultiHeadAttention(2, 2.5), "expected key_dim .*2.5"),
        (lambda: heads(sliding_window=0), "expected sliding_window .*0"),
        (lambda: heads(output_shape=(2.5,)), "output_shape as a whole number of at least 1"),
        (lambda: heads(output_shape=2.5), "output_shape as a whole number of at least 1"),
        (lambda: heads(flash_attention=True), "flash_attention is not supported"),
        (lambda: heads(output_shape=[0]), "expected output_shape .*0"),
        (
            lambda: heads()(QUERY, VALUE, VALUE[:, :4]),
            r"value and key of equal sizes.*\(2, 5, 4\) and \(2, 4, 4\)",
        ),
        (lambda: grouped()(QUERY, VALUE, VALUE[:, :4]), "value and key of equal sizes"),
        (lambda: layers.GroupQueryAttention(3, 3, 2), "multiple of num_key_value_heads.*3 and 2"),
        (
            lambda: layers.SpectralNormalization(layers.Flatten())(QUERY),
            "expected a layer with a kernel or embeddings.*Flatten",
        ),
        (
            lambda: layers.SpectralNormalization(layers.Dense(2), power_iterations=0),
            "expected power_iterations .*0",
        ),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_kernel_of_zeros_stays_as_it_is():
    layer = layers.SpectralNormalization(layers.Dense(2, kernel_initializer="zeros"))
    np.testing.assert_array_equal(layer(QUERY, training=True), np.zeros((2, 3, 2)))


def test_shapes_without_a_key_and_axes_as_numbers_of_numpy():
    layer = layers.MultiHeadAttention(2, 3, attention_axes=np.int64(1))
    shape = (2, 5, 4)
    assert layer.compute_output_shape(shape, shape, None) == shape
    assert layer.attention_axes == (1,)
