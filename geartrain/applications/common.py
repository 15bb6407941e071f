"""What networks for photographs share: their input, their head, and their weights."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from geartrain import activations, config, layers
from geartrain.errors import shown
from geartrain.layers.symbolic import KerasTensor, get_source_inputs
from geartrain.models import Model


class Head(NamedTuple):
    """What comes after a network's features.

    Attributes:
        include_top: whether that is the classes of ImageNet, or `classes` of one's own.
        pooling: otherwise: "avg" or "max" over the pixels, or None for the features themselves.
        classes: how many classes.
        activation: of the classes.
        averaged, greatest: the names of the pooling layers; None for automatic ones.
        dropout: the share that is dropped before the classes; None for no layer that does.
    """

    include_top: bool
    pooling: str | None
    classes: int
    activation: Any
    averaged: str | None = "avg_pool"
    greatest: str | None = "max_pool"
    dropout: float | None = None


class Source(NamedTuple):
    """Where weights come from.

    Attributes:
        weights: None for random ones, "imagenet", or a file.
        file: the name of ImageNet's weights in the cache, with `{}` for the part that tells
            networks without classes.
        without: what stands there for those.
    """

    weights: Any
    file: str
    without: str = "_notop"


def channels_axis() -> int:
    """The axis of the channels."""
    return 1 if config.image_data_format() == "channels_first" else -1


def normalized(x: Any, name: str | None = None, **settings: Any) -> Any:
    """Batch normalization of the channels."""
    return layers.BatchNormalization(axis=channels_axis(), name=name, **settings)(x)


def activated(x: Any, name: str | None = None, function: Any = "relu") -> Any:
    """An activation as a layer of its own."""
    return layers.Activation(function, name=name)(x)


def divisible(value: float, divisor: int = 8) -> int:
    """The multiple of `divisor` next to a number, at least 90% of it.

    >>> divisible(33.0), divisible(3.0)
    (32, 8)
    """
    found = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return found + divisor if found < 0.9 * value else found


def even_borders(x: Any, kernel: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Borders for a convolution of stride 2: one less above and left where a size is even."""
    first = 2 if config.image_data_format() == "channels_first" else 1
    sizes = x.shape[first : first + 2]
    odd = (0, 0) if sizes[0] is None else tuple(size % 2 for size in sizes)
    rows, columns = ((kernel // 2 - 1 + one, kernel // 2) for one in odd)
    return rows, columns


def checked(who: str, source: Source, head: Head) -> None:
    """Refuse weights that are nowhere, and heads that they do not fit."""
    weights = source.weights
    if weights is None:
        return
    if weights != "imagenet" and not Path(os.fspath(weights)).exists():
        raise ValueError(
            f"{who}: expected weights as None, 'imagenet' or a file. Received: {shown(weights)}, "
            "and there is no such file"
        )
    if weights == "imagenet" and head.include_top and head.classes != 1000:
        raise ValueError(
            f"{who}: expected classes=1000, as the weights of ImageNet have. Received: "
            f"classes={head.classes}. Use include_top=False and a Dense layer of your own."
        )
    linear = (activations.get("softmax"), activations.get(None))
    if head.include_top and activations.get(head.activation) not in linear:
        raise ValueError(
            f"{who}: expected classifier_activation 'softmax' or None with given weights. "
            f"Received: {shown(head.activation)}"
        )


def shape_of(
    who: str, shape: Any, default: int, least: int, weights: Any, fixed: bool
) -> tuple[int | None, ...]:
    """The shape of an input image: `default` on both sides, where nothing else is said.

    Args:
        who: the network, for messages.
        shape: what the user gave, or None.
        default: the size that ImageNet's weights were trained on.
        least: the least size that the network can take.
        weights: where weights come from.
        fixed: whether the size must be known, for the classes.
    """
    first = config.image_data_format() == "channels_first"

    def with_channels(size: int | None, channels: int = 3) -> tuple[int | None, ...]:
        return (channels, size, size) if first else (size, size, channels)

    if shape is None:
        return with_channels(default if fixed else None)
    given = tuple(shape)
    sizes = given[1:] if first else given[:2]
    channels = given[0 if first else -1] if len(given) == 3 else None
    small = [size for size in sizes if size is not None and size < least]
    if len(given) != 3 or small or (weights == "imagenet" and channels != 3):
        raise ValueError(
            f"{who}: expected input_shape as {with_channels(None)} with sizes of at least {least}. "
            f"Received: {shown(shape)}"
        )
    if fixed and weights == "imagenet" and given != with_channels(default):
        raise ValueError(
            f"{who}: expected input_shape={with_channels(default)}, for which the classes of "
            f"ImageNet were trained. Received: {shown(shape)}. Use include_top=False for others."
        )
    if fixed and None in given:
        raise ValueError(
            f"{who}: expected a known height and width with include_top=True. Received: "
            f"{shown(shape)}"
        )
    return given


def start(shape: tuple[int | None, ...], input_tensor: Any) -> Any:
    """The symbolic images."""
    if isinstance(input_tensor, KerasTensor):
        return input_tensor
    return layers.Input(shape=shape)


def pooled(x: Any, head: Head) -> Any:
    """The features, averaged or the greatest, or as they are."""
    if head.pooling == "avg":
        return layers.GlobalAveragePooling2D(name=head.averaged)(x)
    if head.pooling == "max":
        return layers.GlobalMaxPooling2D(name=head.greatest)(x)
    return x


def classified(x: Any, head: Head, **settings: Any) -> Any:
    """The mean of the features, and classes by one dense layer; or `pooled`."""
    if not head.include_top:
        return pooled(x, head)
    x = layers.GlobalAveragePooling2D(name=head.averaged)(x)
    if head.dropout is not None:
        x = layers.Dropout(head.dropout, name="top_dropout")(x)
    return layers.Dense(head.classes, activation=head.activation, name="predictions", **settings)(x)


def finished(
    who: str, inputs: Any, outputs: Any, name: str | None, source: Source, head: Head,
    input_tensor: Any,
) -> Model:  # fmt: skip
    """The model, with its weights."""
    if input_tensor is not None:
        found = get_source_inputs(input_tensor)
        inputs = found[0] if isinstance(found, list) and len(found) == 1 else found
    model = Model(inputs, outputs, name=name)
    if source.weights == "imagenet":
        file = source.file.format("" if head.include_top else source.without)
        model.load_weights(cached(who, file, 'weights="imagenet"'))
    elif source.weights is not None:
        model.load_weights(source.weights)
    return model


def cached(who: str, file: str, asked: str) -> Path:
    """A file in the folder where Keras keeps what it has downloaded."""
    path = config.keras_home() / "models" / file
    if not path.exists():
        raise FileNotFoundError(
            f"{who}: expected the file {file!r} in {str(path.parent)!r}, for {asked}. Received: no "
            "such file. Copy it there from where Keras has downloaded it; or give a file of your "
            "own, or weights=None for random weights."
        )
    return path


def plain(
    who: str, body: Callable[[Any], Any], sizes: tuple[int, int], source: Source, head: Head,
    input_shape: Any, input_tensor: Any, name: str | None, **settings: Any,
) -> Model:  # fmt: skip
    """A network of features and one dense layer.

    Args:
        who: its class, for messages.
        body: from images to features.
        sizes: the size of images it was made for, and the least that it takes.
        source, head: weights, and what comes after the features.
        input_shape, input_tensor: what the user gave.
        name: the model's.
        settings: further arguments of the dense layer.
    """
    checked(who, source, head)
    shape = shape_of(who, input_shape, *sizes, source.weights, head.include_top)
    inputs = start(shape, input_tensor)
    outputs = classified(body(inputs), head, **settings)
    return finished(who, inputs, outputs, name, source, head, input_tensor)
