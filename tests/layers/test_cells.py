"""Cells of one's own in recurrent layers."""

import numpy as np

from geartrain import Input, Model, layers, ops


class Sum(layers.Layer):
    """Adds up what it gets."""

    state_size = 2

    def call(self, inputs, states):
        (total,) = states
        return inputs, [ops.add(total, inputs)]


def test_a_cell_with_one_state_gets_it_in_a_list_and_gives_it_so():
    x = np.float32([[[1, 2], [3, 4], [5, 6]]])
    output, total = layers.RNN(Sum(), return_state=True)(x)
    np.testing.assert_array_equal(output, [[5, 6]])
    np.testing.assert_array_equal(total, [[9, 12]])


def test_so_does_one_among_others():
    x = np.float32([[[1, 2], [3, 4]]])
    output, first, second = layers.RNN([Sum(), Sum()], return_state=True)(x)
    np.testing.assert_array_equal(output, [[3, 4]])
    np.testing.assert_array_equal(first, second)


def test_and_in_models():
    symbol = Input((None, 2))
    model = Model(symbol, layers.RNN(Sum(), return_sequences=True)(symbol))
    x = np.float32([[[1, 2], [3, 4]]])
    np.testing.assert_array_equal(model(x), x)


class Gated(layers.Layer):
    """A cell that is made of a layer."""

    state_size = 2

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(2, activation="tanh", kernel_initializer="ones")

    def call(self, inputs, states):
        new = self.dense(ops.concatenate([inputs, states[0]], axis=-1))
        return new, [new]


def test_a_cell_made_of_layers_gives_arrays_for_arrays_and_the_same_in_a_model():
    cell = Gated()
    cell.dense.build((None, 4))
    layer = layers.RNN(cell)
    x = np.float32([[[0.1, 0.2], [0.3, -0.4]]])
    eager = layer(x)
    first = np.tanh(0.3)
    wanted = np.tanh(2 * first - 0.1)
    np.testing.assert_allclose(eager, [[wanted, wanted]], rtol=1e-6)
    symbol = Input((None, 2))
    np.testing.assert_allclose(Model(symbol, layer(symbol)).predict(x, verbose=0), eager, rtol=1e-6)
