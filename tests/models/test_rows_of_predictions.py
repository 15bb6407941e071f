"""`predict` of models whose outputs are not one row for each sample: batches follow each other."""

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops

OUTPUTS = {
    "two rows a sample": lambda x: ops.concatenate([x, x * 2], axis=0),
    "a matrix of all samples": lambda x: ops.matmul(ops.transpose(x), x),
    "the batch as columns": lambda x: ops.transpose(x),
    "rows and columns": lambda x: ops.matmul(x, ops.transpose(x)),
    "a row for each": lambda x: x * 2,
}


class Output(layers.Layer):
    def __init__(self, name):
        super().__init__()
        self.function = OUTPUTS[name]

    def call(self, x):
        return self.function(x)


@pytest.mark.parametrize("name", OUTPUTS)
def test_all_batches_are_in_the_result(name):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, Output(name)(inputs))
    x = np.random.default_rng(0).normal(size=(100, 3)).astype("float32")
    expected = np.concatenate([np.asarray(OUTPUTS[name](x[n : n + 20])) for n in range(0, 100, 20)])
    for _ in range(4):  # more steps a native call each time, if they can share one
        found = model.predict(x, batch_size=20, verbose=0)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
