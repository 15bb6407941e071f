"""A model of each kind: rows, graphs, ops between layers, shared and nested parts, own calls."""

from __future__ import annotations

import numpy as np

import geartrain as keras
from geartrain import layers, ops, tree

X = np.random.default_rng(0).standard_normal((8, 4)).astype("float32")
Y = np.random.default_rng(1).standard_normal((8, 2)).astype("float32")


@keras.utils.register_keras_serializable("tests")
class Tower(keras.Model):
    """A model with a `call` of its own."""

    def __init__(self, units, depth=2, **kwargs):
        super().__init__(**kwargs)
        self.units, self.depth = units, depth
        self.blocks = [layers.Dense(units, activation="relu") for _ in range(depth)]
        self.head = layers.Dense(2)

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


@keras.utils.register_keras_serializable("tests")
class Bottleneck(keras.Model):
    """A model whose `__init__` makes a graph."""

    def __init__(self, units=3, **kwargs):
        x = keras.Input((4,))
        super().__init__(x, layers.Dense(2)(layers.Dense(units)(x)), **kwargs)
        self.units = units


@keras.utils.register_keras_serializable("tests")
class Pair(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first, self.second = layers.Dense(2), layers.Dense(2)

    def call(self, x, other=None):
        return self.first(x) + self.second(other)


@keras.utils.register_keras_serializable("tests")
class Named(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first, self.second = layers.Dense(2), layers.Dense(2)

    def call(self, inputs):
        return {"sum": self.first(inputs["a"]) + self.second(inputs["b"])}


@keras.utils.register_keras_serializable("tests")
class Row(keras.Sequential):
    """A row that makes its layers itself."""

    def __init__(self, units, **kwargs):
        super().__init__([layers.Input((4,)), layers.Dense(units), layers.Dense(2)], **kwargs)
        self.units = units


def sequential():
    return keras.Sequential([layers.Input((4,)), layers.Dense(3, "tanh"), layers.Dense(2)])


def deferred():
    model = keras.Sequential([layers.Dense(3, "tanh"), layers.Dense(2)])
    model.build((None, 4))
    return model


def functional():
    x = keras.Input((4,), name="x")
    hidden = layers.Dense(4, "relu", name="hidden")(x)
    return keras.Model(x, layers.Dense(2, name="y")(layers.Add()([hidden, x])), name="residual")


def with_ops():
    x = keras.Input((4,))
    y = ops.tanh(layers.Dense(4)(x) * np.float32([1, 2, 3, 4]) - 1)
    return keras.Model(x, layers.Dense(2)(ops.concatenate([y[:, 1:], 2 / (y[:, :1] + 4)], axis=-1)))


def shared():
    x, y = keras.Input((2,), name="x"), keras.Input((2,), name="y")
    layer = layers.Dense(2, name="twice")
    both = layers.Concatenate()([layer(x), layer(layer(y))])
    return keras.Model({"x": x, "y": y}, [layers.Dense(2)(both)])


def nested():
    x = keras.Input((4,))
    inner = keras.Sequential([layers.Input((4,)), functional(), layers.Dense(4)], name="inner")
    second = functional()
    second.trainable = False
    return keras.Model(x, second(inner(inner(x))))


def subclassed():
    model = Tower(3)
    model.build((None, 4))
    return model


def subclassed_with_a_graph():
    return Bottleneck(5)


def row_of_its_own():
    return Row(3)


KINDS = [
    row_of_its_own,
    sequential, deferred, functional, with_ops, shared, nested, subclassed, subclassed_with_a_graph
]  # fmt: skip


def data_for(make):
    return {"x": X[:, :2], "y": X[:, 2:]} if make is shared else X


def frozen(model):
    parts = model._flatten_layers()
    return [x.trainable for x in parts if not isinstance(x, layers.InputLayer)]


def flat(values):
    return [np.asarray(value) for value in tree.flatten(values)]
