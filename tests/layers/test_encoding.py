"""Categories of numbers, and vectors of categories."""

import numpy as np
import pytest

from geartrain import layers

NUMBERS = np.random.default_rng(0).normal(size=(1000, 2)).astype("float32")


def test_counts_may_be_weighted():
    layer = layers.CategoryEncoding(3, output_mode="count")
    found = layer(np.array([[0, 2, 2]]), count_weights=np.float32([[1, 2, 3]]))
    np.testing.assert_array_equal(found, [[1, 0, 5]])


def test_one_sample_alone():
    np.testing.assert_array_equal(layers.CategoryEncoding(3)(np.array([0, 2])), [1, 0, 1])
    one_hot = layers.CategoryEncoding(3, output_mode="one_hot")
    np.testing.assert_array_equal(one_hot(np.array(1)), [[0, 1, 0]])
    assert one_hot(np.array([[0, 1]])).shape == (1, 2, 3)


def test_bins_of_about_as_many_samples():
    layer = layers.Discretization(num_bins=4)
    layer.adapt(NUMBERS)
    counts = np.bincount(layer(NUMBERS).reshape(-1))
    assert len(counts) == 4
    assert (abs(counts - 500) < 30).all()
    again = layers.Discretization.from_config(layer.get_config())
    assert again.bin_boundaries == layer.bin_boundaries
    again.adapt([1, 2, 3, 4, 5, 6, 7, 8])
    assert again.bin_boundaries == [2.0, 4.0, 6.0]  # as Keras finds them
    assert layer.get_config()["num_bins"] == 4


def test_batches_give_about_the_same_bins():
    whole, parts, two = (layers.Discretization(num_bins=4) for _ in range(3))
    whole.adapt(NUMBERS)
    parts.adapt(iter(NUMBERS.reshape(10, 100, 2)))
    np.testing.assert_allclose(parts.bin_boundaries, whole.bin_boundaries, atol=0.05)
    two.adapt(iter([NUMBERS[:500] + 100, NUMBERS[:500] + 100, NUMBERS]), steps=2)
    assert two.bin_boundaries[0] > 90


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.CategoryEncoding(), r"num_tokens as a whole number.* Received: None"),
        (lambda: layers.CategoryEncoding(3, "hot"), r"output_mode.*Received: 'hot'"),
        (lambda: layers.CategoryEncoding(3, sparse=True), r"dense. Received: sparse=True"),
        (
            lambda: layers.CategoryEncoding(3)(np.array([[1]]), count_weights=np.ones((1, 1))),
            r"'count' only. Received: output_mode='multi_hot'",
        ),
        (lambda: layers.Discretization(), r"bin_boundaries, or num_bins.*num_bins=None"),
        (lambda: layers.Discretization([1.0], 3), r"Received: bin_boundaries=\[1.0\], num_bins=3"),
        (lambda: layers.Discretization([2.0, 1.0]), r"that rise. Received: \[2.0, 1.0\]"),
        (lambda: layers.Discretization(num_bins=3)(NUMBERS), r"Call adapt\(data\) first"),
        (lambda: layers.Discretization([1.0]).adapt(NUMBERS), r"adapt has no use. Give num_bins"),
        (lambda: layers.Discretization(num_bins=3).adapt(NUMBERS[:0]), r"data. Received none"),
        (lambda: layers.UpSampling2D(2, interpolation="cubic"), r"interpolation.*'cubic'"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
