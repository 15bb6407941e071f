"""Models that Keras makes as Geartrain does: each function is given the library to use.

`scripts/record/weights.py` runs them with the real Keras and records the files that come of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Builder = Callable[[Any], Any]
NETWORKS: dict[str, Builder] = {}


def network(build: Builder) -> Builder:
    NETWORKS[build.__name__] = build
    return build


@network
def row(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(3, 3, name="first_one"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.PReLU(shared_axes=[1, 2]),
            layers.MaxPooling2D(),
            layers.Conv2D(2, 2),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(3),
        ]
    )


@network
def row_built_late(keras: Any) -> Any:
    model = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(2, use_bias=False)])
    model.build((None, 3))
    return model


@network
def branches(keras: Any) -> Any:
    layers = keras.layers
    one, two = keras.Input((4,), name="one"), keras.Input((3,), name="two")
    x = layers.Dense(5, name="deep")(one)
    x = layers.Dense(5, name="deeper")(x)
    y = layers.Dense(5, name="shallow")(two)
    z = layers.Concatenate()([y, x])
    return keras.Model([two, one], [layers.Dense(1, name="last")(z), layers.Dense(2)(y)])


@network
def shared(keras: Any) -> Any:
    both = keras.layers.Dense(4, name="both")
    one, two = keras.Input((4,)), keras.Input((4,))
    joined = keras.layers.Add()([both(one), both(both(two))])
    return keras.Model([one, two], keras.layers.Dense(1)(joined))


@network
def nested(keras: Any) -> Any:
    layers = keras.layers
    inner_input = keras.Input((4,))
    inner = keras.Model(inner_input, layers.Dense(4)(layers.Dense(3)(inner_input)), name="inner")
    tower = keras.Sequential([keras.Input((4,)), layers.Dense(4), inner], name="tower")
    x = keras.Input((4,))
    y = layers.Dense(2)(layers.Add()([tower(x), inner(x)]))
    return keras.Model(x, y, name="outer")


@network
def recurrent(keras: Any) -> Any:
    layers = keras.layers
    x = keras.Input((5, 3))
    y = layers.Bidirectional(layers.LSTM(2, return_sequences=True))(x)
    y = layers.Bidirectional(
        layers.GRU(2, return_sequences=True),
        backward_layer=layers.GRU(2, use_bias=False, return_sequences=True, go_backwards=True),
    )(y)
    y = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2), layers.LSTMCell(2)],
                   return_sequences=True)(y)  # fmt: skip
    y = layers.TimeDistributed(layers.Dense(4))(y)
    y = layers.SimpleRNN(3, dropout=0.1, seed=1)(y)
    return keras.Model(x, layers.SpectralNormalization(layers.Dense(2))(y))


@network
def attention(keras: Any) -> Any:
    layers = keras.layers
    x = keras.Input((6, 4))
    y = layers.MultiHeadAttention(2, 3, dropout=0.1)(x, x)
    y = layers.LayerNormalization()(layers.Add()([x, y]))
    y = layers.GroupQueryAttention(3, 4, 2)(y, y)
    y = layers.AdditiveAttention()([y, y])
    y = layers.Attention(use_scale=True, score_mode="concat")([y, y])
    return keras.Model(x, layers.GlobalAveragePooling1D()(y))


@network
def frozen(keras: Any) -> Any:
    model = row(keras)
    model.layers[0].trainable = False
    model.layers[1].trainable = False
    return model


def scale_layer(keras: Any) -> Any:
    class Scale(keras.layers.Layer):
        """Weights of both kinds in mixed order, and one frozen afterwards."""

        def build(self, input_shape):
            self.steps = self.add_weight(shape=(), name="steps", trainable=False)
            self.factor = self.add_weight(shape=(input_shape[-1],), name="factor")
            self.limit = self.add_weight(shape=(1,), name="limit", trainable=False)
            self.offset = self.add_weight(shape=(input_shape[-1],), name="offset")
            self.factor.trainable = False

        def call(self, x):
            return x * self.factor + self.offset

    return Scale


@network
def subclassed(keras: Any) -> Any:
    layers = keras.layers
    scale = scale_layer(keras)

    class Block(layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.units = units
            self.inner = layers.Dense(units)

        def build(self, input_shape):
            self.inner.build(input_shape)
            self.gain = self.add_weight(shape=(self.units,), name="gain")

        def call(self, x):
            return self.inner(x) * self.gain

    class Network(keras.Model):
        kinds = ("a", "b")

        def __init__(self):
            super().__init__()
            self._hidden = Block(4)
            self.zeta = scale()
            self.blocks = [Block(4), layers.Dense(4), Block(4), layers.Dense(4, use_bias=False)]
            self.named = {"z": layers.Dense(4), "a": layers.Dense(4, name="odd")}
            self.pair = (layers.Dense(4), 3, None, layers.Dense(4))
            self.alias = self.blocks[2]
            self.deep = [[layers.Dense(4)], {"x": [layers.Dense(4), layers.Dense(4)]}]
            self.stack = keras.Sequential([layers.Dense(4), layers.Dense(4)])
            self.count = 3

        @property
        def ends(self):
            return [self.pair[0], self.named["a"]]

        def call(self, x):
            for block in (self._hidden, self.zeta, *self.blocks, *self.named.values()):
                x = block(x)
            x = self.pair[1] * self.pair[0](x) + self.pair[3](x) + self.alias(x)
            inner = self.deep[1]["x"]
            return self.stack(inner[0](inner[1](self.deep[0][0](x))))

    model = Network()
    model(keras.ops.ones((2, 4)))
    return model


@network
def row_with_more(keras: Any) -> Any:
    class Row(keras.Sequential):
        def __init__(self):
            super().__init__([keras.Input((3,)), keras.layers.Dense(3), keras.layers.Dense(2)])
            self.after = keras.layers.Dense(5)
            self.after.build((None, 2))
            self.again = self.layers[0]

    return Row()


@network
def own_format(keras: Any) -> Any:
    class Halved(keras.layers.Dense):
        def save_own_variables(self, store):
            store["kernel"] = self.kernel * 0.5
            store["bias"] = self.bias

        def load_own_variables(self, store):
            self.kernel.assign(store["kernel"] * 2.0)
            self.bias.assign(store["bias"])

    return keras.Sequential([keras.Input((3,)), Halved(2), keras.layers.Dense(2)])


@network
def learned_loss(keras: Any) -> Any:
    class Perceptual(keras.losses.Loss):
        def __init__(self):
            super().__init__()
            self.judge = keras.layers.Dense(3)
            self.judge.build((None, 2))

        def call(self, y_true, y_pred):
            return keras.ops.mean(keras.ops.square(self.judge(y_true) - self.judge(y_pred)))

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("sgd", loss=Perceptual(), metrics=[keras.metrics.MeanSquaredError()])
    return model


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda o: o.SGD(0.1),
    "sgd_momentum": lambda o: o.SGD(0.1, momentum=0.9, nesterov=True),
    "rmsprop": lambda o: o.RMSprop(0.1),
    "rmsprop_all": lambda o: o.RMSprop(0.1, momentum=0.5, centered=True),
    "adam": lambda o: o.Adam(0.1),
    "adam_amsgrad": lambda o: o.Adam(0.1, amsgrad=True),
    "adam_ema": lambda o: o.Adam(0.1, use_ema=True),
    "adam_accumulating": lambda o: o.Adam(0.1, gradient_accumulation_steps=2),
    "adam_everything": lambda o: o.Adam(
        0.1, use_ema=True, gradient_accumulation_steps=2, amsgrad=True
    ),
    "adam_schedule": lambda o: o.Adam(o.schedules.ExponentialDecay(0.1, 10, 0.9)),
    "adamw": lambda o: o.AdamW(0.1),
    "adamax": lambda o: o.Adamax(0.1),
    "nadam": lambda o: o.Nadam(0.1),
    "adagrad": lambda o: o.Adagrad(0.1),
    "adadelta": lambda o: o.Adadelta(0.1),
    "adafactor": lambda o: o.Adafactor(0.1),
    "ftrl": lambda o: o.Ftrl(0.1),
    "lamb": lambda o: o.Lamb(0.1),
    "lion": lambda o: o.Lion(0.1),
    "muon": lambda o: o.Muon(0.1),
    "loss_scale": lambda o: o.LossScaleOptimizer(o.Adam(0.1)),
}


def trained(keras: Any, name: str) -> Any:
    """A small model after two steps with an optimizer."""
    import numpy as np

    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(6), layers.BatchNormalization(), layers.Dense(2)]
    )
    model.compile(OPTIMIZERS[name](keras.optimizers), "mse")
    random = np.random.default_rng(3)
    for _ in range(2):
        model.train_on_batch(random.normal(size=(8, 4)), random.normal(size=(8, 2)))
    return model
