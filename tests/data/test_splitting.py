"""Data sets in two parts."""

from __future__ import annotations

import random

import numpy as np
import pytest

from geartrain import utils
from geartrain.data import Dataset

X = np.arange(10)
Y = {"a": np.arange(20).reshape(10, 2)}


@pytest.mark.parametrize(
    "data",
    [(X, Y), [X, X], Dataset.from_tensor_slices((X, Y)), Dataset.range(10).map(lambda x: (x, x))],
    ids=["tuple", "list", "rows", "mapped"],
)
def test_parts_are_data_sets_of_samples(data):
    left, right = utils.split_dataset(data, left_size=0.7, shuffle=True, seed=1)
    assert (len(left), len(right)) == (7, 3)
    order = list(range(10))
    random.Random(1).shuffle(order)  # as Keras does it
    assert [int(sample[0]) for part in (left, right) for sample in part] == order
    for x, y in left:
        np.testing.assert_array_equal(y["a"][0] if isinstance(y, dict) else y * 2, 2 * x)


def test_sizes_leave_the_rest_to_the_other():
    for sizes in ({"left_size": 6}, {"right_size": 4}, {"left_size": 0.6, "right_size": 0.4}):
        first, second = utils.split_dataset(X, **sizes)
        assert [int(x) for x in first] == [0, 1, 2, 3, 4, 5]
        assert [int(x) for x in second] == [6, 7, 8, 9]
    first, second = utils.split_dataset(X, left_size=3, right_size=2)
    assert [int(x) for x in second] == [8, 9]
    batched = utils.split_dataset(Dataset.range(10).batch(4).prefetch(1), 0.6)
    assert [[len(x) for x in part] for part in batched] == [[4, 2], [4]]


def test_data_sets_of_pytorch_give_subsets():
    torch = pytest.importorskip("torch")
    data = torch.utils.data
    left, right = utils.split_dataset(data.TensorDataset(*map(torch.tensor, (X, X))), 0.7)
    assert (len(left), len(right)) == (7, 3)
    assert isinstance(left, data.Dataset) and int(right[0][0]) == 7


@pytest.mark.parametrize(
    ("data", "sizes", "kind", "message"),
    [
        (X, (None, None), ValueError, "expected left_size or right_size"),
        (X, (1.5, None), ValueError, "shares between 0.0"),
        (X, (0, None), ValueError, "numbers of samples, less than all"),
        (X, (10, None), ValueError, "numbers of samples, less than all"),
        (X, (8, 3), ValueError, "together at most all"),
        (X, (0.01, None), ValueError, "parts that have samples"),
        (X, ("7", None), TypeError, "sizes as whole numbers or shares"),
        ((X, X[:3]), (0.5,), ValueError, "expected arrays with equal first axes"),
        ("text", (0.5,), TypeError, "expected a data set, or arrays"),
        ([], (0.5,), ValueError, "expected a data set, or arrays"),
    ],
)
def test_mistakes_are_told(data, sizes, kind, message):
    with pytest.raises(kind, match=message):
        utils.split_dataset(data, *sizes)
