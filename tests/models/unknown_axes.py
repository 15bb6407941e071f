"""Models with inputs of which several axes are unknown, by name, for any keras given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def models(module: Any) -> dict[str, tuple[Callable[[], Any], str]]:
    """What makes each model, and the kinds of its inputs.

    The kinds: `s` a sequence (batch, time, 3); `o` another sequence, of another length; `w` words
    (batch, time); `i` images (batch, height, width, 3).
    """
    layers, ops, made_of = module.layers, module.ops, module.Model

    def sequence() -> Any:
        return module.Input((None, 3))

    def of_sequence(function: Callable[[Any], Any]) -> tuple[Callable[[], Any], str]:
        def make() -> Any:
            x = sequence()
            return made_of(x, function(x))

        return make, "s"

    def of_two(function: Callable[[Any, Any], Any], kinds: str) -> tuple[Callable[[], Any], str]:
        def make() -> Any:
            x, y = sequence(), sequence()
            return made_of([x, y], function(x, y))

        return make, kinds

    def of_words(function: Callable[[Any], Any]) -> tuple[Callable[[], Any], str]:
        def make() -> Any:
            x = module.Input((None,), dtype="int32")
            return made_of(x, function(x))

        return make, "w"

    def of_images(function: Callable[[Any], Any]) -> tuple[Callable[[], Any], str]:
        def make() -> Any:
            x = module.Input((None, None, 3))
            return made_of(x, function(x))

        return make, "i"

    class Positions(layers.Layer):
        def build(self, shape: Any) -> None:
            self.table = self.add_weight(shape=(50, 4), name="table")

        def call(self, x: Any) -> Any:
            places = ops.take(self.table, ops.arange(0, ops.shape(x)[-1]), axis=0)
            return places + ops.cast(x, "float32")[..., None]

    class Grid(layers.Layer):
        def call(self, x: Any) -> Any:
            _, height, width, _ = ops.shape(x)
            rows = ops.cast(ops.arange(height), "float32")[:, None] / height
            columns = ops.cast(ops.arange(width), "float32") / width
            grid = ops.broadcast_to(rows + columns, (ops.shape(x)[0], height, width))
            return ops.concatenate([x, grid[..., None]], -1)

    class Patches(layers.Layer):
        def call(self, x: Any) -> Any:
            batch, height, width, channels = ops.shape(x)
            return ops.reshape(x, (batch, height * width, channels))

    def attended(x: Any, y: Any, **options: Any) -> Any:
        return layers.MultiHeadAttention(2, 4)(x, y, **options)

    def masked(layer: Any) -> Callable[[Any], Any]:
        return lambda x: layer(layers.Embedding(9, 4, mask_zero=True)(x))

    return {
        "dense": of_sequence(layers.Dense(4)),
        "conv": of_sequence(layers.Conv1D(4, 3, padding="same")),
        "strided conv": of_sequence(layers.Conv1D(4, 3, strides=2, padding="same")),
        "causal conv": of_sequence(layers.Conv1D(4, 2, padding="causal", dilation_rate=2)),
        "conv to sum": of_sequence(
            lambda x: layers.Add()([x, layers.Conv1D(3, 3, padding="same")(x)])
        ),
        "separable conv": of_sequence(layers.SeparableConv1D(4, 3, padding="same")),
        "transposed conv": of_sequence(layers.Conv1DTranspose(4, 3, strides=2)),
        "max pooling": of_sequence(layers.MaxPooling1D(2, padding="same")),
        "average pooling": of_sequence(layers.AveragePooling1D(2, strides=1, padding="same")),
        "global pooling": of_sequence(
            lambda x: layers.Concatenate()(
                [layers.GlobalMaxPooling1D()(x), layers.GlobalAveragePooling1D()(x)]
            )
        ),
        "up and down": of_sequence(lambda x: layers.AveragePooling1D(2)(layers.UpSampling1D(2)(x))),
        "padded and cropped": of_sequence(
            lambda x: layers.Cropping1D((2, 1))(layers.ZeroPadding1D((3, 2))(x))
        ),
        "lstm": of_sequence(layers.LSTM(4)),
        "gru sequences": of_sequence(layers.GRU(4, return_sequences=True)),
        "both directions": of_sequence(layers.Bidirectional(layers.LSTM(4, return_sequences=True))),
        "rnn over conv": of_sequence(
            lambda x: layers.SimpleRNN(3)(layers.Conv1D(4, 2, padding="same")(x))
        ),
        "each time step": of_sequence(layers.TimeDistributed(layers.Dense(2))),
        "normalised": of_sequence(lambda x: layers.LayerNormalization()(x)),
        "batch normalised": of_sequence(lambda x: layers.BatchNormalization()(x)),
        "turned": of_sequence(lambda x: layers.Permute((2, 1))(x)),
        "softmax over time": of_sequence(lambda x: layers.Softmax(axis=1)(x)),
        "self attention": of_sequence(lambda x: attended(x, x)),
        "causal attention": of_sequence(lambda x: attended(x, x, use_causal_mask=True)),
        "dot attention": of_sequence(lambda x: layers.Attention()([x, x])),
        "mean over time": of_sequence(lambda x: ops.mean(x, axis=1)),
        "scores by ops": of_sequence(
            lambda x: ops.matmul(ops.softmax(ops.matmul(x, ops.transpose(x, (0, 2, 1)))), x)
        ),
        "reshape with -1": of_sequence(lambda x: layers.Reshape((-1, 1, 3))(x)),
        "flattened": of_sequence(lambda x: layers.Flatten()(x)),
        "cross attention": of_two(attended, "so"),
        "cross dot attention": of_two(lambda x, y: layers.Attention()([x, y]), "so"),
        "additive attention": of_two(lambda x, y: layers.AdditiveAttention()([x, y]), "so"),
        "added": of_two(lambda x, y: layers.Add()([x, y]), "ss"),
        "added by ops": of_two(lambda x, y: x * y + 1, "ss"),
        "joined in time": of_two(lambda x, y: layers.Concatenate(axis=1)([x, y]), "so"),
        "joined in features": of_two(lambda x, y: layers.Concatenate()([x, y]), "ss"),
        "joined and convolved": of_two(
            lambda x, y: layers.Conv1D(2, 3, padding="same")(layers.Concatenate(axis=1)([x, y])),
            "so",
        ),
        "dotted": of_two(lambda x, y: layers.Dot(axes=2)([x, y]), "so"),
        "dotted over time": of_two(lambda x, y: layers.Dot(axes=1)([x, y]), "ss"),
        "two by einsum": of_two(lambda x, y: ops.einsum("bic,bjc->bij", x, y), "so"),
        "pairs of two": of_two(lambda x, y: x[:, :, None] - y[:, None], "so"),
        "states handed on": of_two(
            lambda x, y: layers.LSTM(3, return_sequences=True)(
                y, initial_state=layers.LSTM(3, return_state=True)(x)[1:]
            ),
            "so",
        ),
        "words": of_words(layers.Embedding(9, 4)),
        "positions": of_words(lambda x: Positions()(x)),
        "one hot": of_words(lambda x: ops.one_hot(x, 9)),
        "masked lstm": of_words(masked(layers.LSTM(4))),
        "masked gru sequences": of_words(masked(layers.GRU(4, return_sequences=True))),
        "masked pooling": of_words(masked(layers.GlobalAveragePooling1D())),
        "words attended": of_words(
            lambda x: attended(*[layers.Embedding(9, 4, mask_zero=True)(x)] * 2)
        ),
        "images": of_images(layers.Conv2D(4, 3, padding="same", activation="relu")),
        "strided images": of_images(layers.Conv2D(4, 3, strides=2, padding="same")),
        "depthwise images": of_images(layers.DepthwiseConv2D(3, padding="same")),
        "pooled images": of_images(
            lambda x: layers.MaxPooling2D(2, padding="same")(layers.Conv2D(4, 3, padding="same")(x))
        ),
        "classified images": of_images(
            lambda x: layers.Dense(5)(
                layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, padding="same")(x))
            )
        ),
        "images down and up": of_images(
            lambda x: layers.Conv2DTranspose(2, 3, strides=2, padding="same")(
                layers.Conv2D(4, 3, strides=2, padding="same")(x)
            )
        ),
        "images with a skip": of_images(
            lambda x: layers.Concatenate()([x, layers.Conv2D(2, 3, padding="same")(x)])
        ),
        "images as patches": of_images(lambda x: layers.Dense(2)(Patches()(x))),
        "images with places": of_images(lambda x: layers.Conv2D(2, 1)(Grid()(x))),
        "images larger": of_images(layers.UpSampling2D(2, interpolation="bilinear")),
        "images as sequences": of_images(
            lambda x: layers.TimeDistributed(layers.LSTM(3))(layers.Rescaling(0.5)(x))
        ),
    }


def weights(model: Any) -> list[np.ndarray]:
    """Seeded weights, positive, since some are variances."""
    random = np.random.default_rng(1)
    return [random.uniform(0.1, 0.9, w.shape).astype("float32") for w in model.get_weights()]


def inputs(kinds: str, batch: int, length: int) -> list[np.ndarray]:
    """Arrays for the inputs of a model."""
    random = np.random.default_rng(batch * 10 + length)
    found: list[np.ndarray] = []
    for kind in kinds:
        if kind == "w":
            found.append(random.integers(0, 9, (batch, length)).astype("int32"))
        else:
            shapes = {"s": (length, 3), "o": (length // 2 + 3, 3), "i": (length, length + 2, 3)}
            found.append(random.normal(size=(batch, *shapes[kind])).astype("float32"))
    return found
