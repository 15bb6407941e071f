"""Mistakes with data that are told before training, with the remedy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geartrain import losses, tree
from geartrain.errors import warn
from geartrain.models.batches import ArrayBatches, Batches
from geartrain.models.compiled import by_output, matched
from geartrain.models.on_disk import mapping_of

_LOOKED_AT = 1 << 20  # values that are enough to see that pixels were not scaled


def check_built(model: Any, x: Any) -> None:
    """Refuse to predict with weights that nothing has made yet."""
    if not model.built and model._graph is None and not model.layers and not _own_call(model):
        raise ValueError(f"{model._who()}: has no layers. Add some before predict.")
    if not model.built and model._has_call() and model.layers:
        warn(
            f"{model._who()}: predict before build or fit: its weights are made now, at random. "
            "Train it with fit, or load weights, for predictions that mean something."
        )


def _own_call(model: Any) -> bool:
    """Whether a model computes by a method of its own, which may need no layers."""
    return not type(model).call.__module__.startswith("geartrain.models.")


def check_training_data(model: Any, data: Batches) -> None:
    """Look for NaN, unscaled pixels, and labels that do not fit, in arrays for training."""
    if not isinstance(data, ArrayBatches):
        return
    check_numbers("fit", data)
    _check_order(model, data)
    _hint_at_pixels(model, tree.flatten(data.data.x)[0])
    check_labels(model, data)


def check_numbers(who: str, data: Batches) -> None:
    """Refuse NaN in arrays."""
    if isinstance(data, ArrayBatches):
        for part in ("x", "y", "sample_weight"):
            for leaf in tree.flatten(getattr(data.data, part)):
                if leaf is not None and mapping_of(leaf) is None:  # those are not read for it
                    _check_nan(who, part, leaf)


def _check_order(model: Any, data: ArrayBatches) -> None:
    """Tell of x and y that changed places."""
    x, y = data.data.x, data.data.y
    if model._graph is None or y is None or any(map(tree.is_nested, (x, y))):
        return
    takes, gives = model.inputs[0].shape[1:], model.outputs[0].shape[1:]
    if takes != gives and x.shape[1:] == gives and y.shape[1:] == takes:
        raise ValueError(
            f"fit: expected x of shape {(None, *takes)} and y of shape {(None, *gives)}. "
            f"Received: x of shape {x.shape}, y of shape {y.shape}. They look swapped: write "
            "fit(x, y)."
        )


def _check_nan(who: str, name: str, array: np.ndarray) -> None:
    if array.dtype.kind != "f" or not array.size or not math.isnan(array.min()):
        return
    where = np.unravel_index(int(np.argmax(np.isnan(array))), array.shape)
    place = tuple(map(int, where))
    raise ValueError(
        f"{who}: expected numbers in {name}. Received: NaN at {place}. Drop that sample, or "
        "replace missing values, for example with np.nan_to_num."
    )


def _hint_at_pixels(model: Any, x: np.ndarray) -> None:
    first = next((layer for layer in model.layers if type(layer).__name__ != "InputLayer"), None)
    takes_pixels = {"Dense", "Flatten", "Reshape", "Conv1D", "Conv2D", "Conv3D"}
    if x.ndim < 2 or x.dtype.kind not in "iuf" or type(first).__name__ not in takes_pixels:
        return
    seen = x[: max(1, _LOOKED_AT // max(1, math.prod(x.shape[1:])))]
    if not seen.size or math.prod(x.shape[1:]) < 64:
        return
    low, high = float(seen.min()), float(seen.max())
    if low == 0 and 128 <= high <= 255 and (x.dtype.kind in "iu" or (seen == np.rint(seen)).all()):
        warn(
            f"fit: x looks like pixels that were not scaled: values from {low:g} to {high:g}. "
            "Networks learn better from 0 to 1: use x.astype('float32') / 255."
        )


def check_labels(model: Any, data: Batches) -> None:
    """Refuse labels that do not fit the loss and the model's output."""
    compiled = model._compile_loss
    if not isinstance(data, ArrayBatches) or compiled is None or data.data.y is None:
        return
    if not model._has_call():
        return
    if not model.built:
        model.build_from(data.first().x)
    shapes = output_shapes(model, data)
    outputs = by_output(shapes, model.output_names)
    targets = data.data.y
    found = by_output(targets, list(outputs)) if tree.is_nested(targets) else {"": targets}
    for name, loss in matched("loss", compiled.loss, outputs).items():
        if loss is None or name not in found:
            continue
        function = losses.resolve(loss, found[name].shape, outputs[name].shape)
        losses.check_output(function, _last_activation(model, name), outputs[name].shape)
        weight = data.data.sample_weight
        weight = None if tree.is_nested(weight) else weight
        losses.check_labels(function, found[name], outputs[name].shape, sample_weight=weight)


class _Shape:
    def __init__(self, shape: tuple[int | None, ...]) -> None:
        self.shape = shape


def output_shapes(model: Any, data: ArrayBatches) -> Any:
    """For each output, an object with its shape."""
    if model._graph is not None:
        return tree.map_structure(lambda node: _Shape(node.shape), model._graph.outputs)
    shapes = tree.map_structure(lambda leaf: (None, *leaf.shape[1:]), data.first().x)
    found = model.compute_output_shape(shapes)
    return _wrapped(found)


def _wrapped(shape: Any) -> Any:
    if isinstance(shape, tuple) and all(size is None or isinstance(size, int) for size in shape):
        return _Shape(shape)
    if isinstance(shape, dict):
        return {name: _wrapped(one) for name, one in shape.items()}
    return [_wrapped(one) for one in shape]


def _last_activation(model: Any, output: str) -> str | None:
    """The name of the activation of the layer that makes an output."""
    if model._graph is not None:
        node = by_output(model._graph.outputs, model.output_names)[output]
        last = node.call.operation
    else:
        last = model.layers[-1] if output == "" and model.layers else None
    return getattr(getattr(last, "activation", None), "__name__", None)


def check_loss(model: Any, logs: dict[str, float], lookback: Any) -> None:
    """Tell, once a training, that the loss is no longer a number, and where it was lost."""
    loss = logs.get("loss")
    if loss is not None and math.isnan(loss):
        where = lookback.explain()
        warn(
            f"{model._who()}: the loss became NaN, so its weights no longer mean anything. "
            f"{where}{' ' if where else ''}Make the model anew and lower the learning rate, scale "
            "the inputs to about -1..1, or set "
            "clipnorm=1.0 in the optimizer; callbacks.TerminateOnNaN() stops at the first NaN."
        )
