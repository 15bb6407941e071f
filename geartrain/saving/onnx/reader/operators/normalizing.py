"""Normalizations."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import layers, ops
from geartrain.graph.node import Node
from geartrain.graph.shapes import axis_index
from geartrain.ops.operands import extents_of, rank_of
from geartrain.saving.onnx.reader.names import is_generated
from geartrain.saving.onnx.reader.operators.images import Images, images
from geartrain.saving.onnx.reader.place import Place, expect, policy
from geartrain.saving.onnx.reader.table import operator
from geartrain.saving.onnx.reader.values import Initial


def _affine(at: Place, scale: Any, shift: Any, size: Any = None) -> tuple[dict[str, Any], Any]:
    """Gamma and beta as weights; as nothing, where constants that leave all as it is."""
    gamma, beta = at.weight(scale, "the scale"), None
    if shift is not None:
        beta = at.weight(shift, "the shift")
    weights = {}
    if not _says_nothing(gamma, 1):
        weights["gamma"] = (gamma, size)
    if beta is not None and not _says_nothing(beta, 0):
        weights["beta"] = (beta, size)
    return weights, {"center": "beta" in weights, "scale": "gamma" in weights}


def _says_nothing(weight: Any, neutral: float) -> bool:
    """Whether a weight is a constant that only fills an operator's place."""
    if isinstance(weight, Initial):
        made_up = is_generated(weight.name) or not weight.trainable
        return made_up and bool(np.all(weight.array() == neutral))
    return bool(np.all(weight == neutral))


@operator("BatchNormalization")
def batch_normalization(
    at: Place, x: Any, scale: Any, shift: Any, mean: Any, variance: Any, *, epsilon: float = 1e-5,
    momentum: float = 0.9, training_mode: int = 0, spatial: int = 1,
) -> Any:  # fmt: skip
    """The layer, whose statistics follow in training and are used otherwise."""
    if not spatial:
        raise ValueError("expected spatial=1, one mean for each channel. Received: spatial=0")
    given, axis = _channels(at, x, scale.shape[0])
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    weights = {
        name: (at.weight(value, name), None)
        for name, value in zip(names, (scale, shift, mean, variance), strict=True)
    }
    made = at.layer(
        layers.BatchNormalization, weights, axis=axis, epsilon=epsilon, momentum=momentum,
        dtype=policy(given.tensor),
    )  # fmt: skip
    return given.called(made)


def _channels(at: Place, x: Any, size: int) -> tuple[Images, int]:
    """The tensor, and the axis of its channels, of which there must be so many."""
    x = at.tensor(x)
    given = images(at, x) if rank_of(x) > 2 else Images(at, x, False)
    expect(given.tensor, given.channels, size, "the scale")
    return given, -1 if given.last else 1


def _layer_normalized(at: Place, x: Node, axis: int, epsilon: float, scale: Any, shift: Any) -> Any:
    rank = rank_of(x)
    first = axis_index(axis, rank, "LayerNormalization")
    axes = [place - rank for place in range(first, rank)]
    inner = extents_of(x)[first:]
    given = [one for one in (scale, shift) if one is not None]
    if all(tuple(one.shape) == inner for one in given):
        weights, config = _affine(at, scale, shift)
        along: Any = axes[0] if len(axes) == 1 else axes
        made = at.layer(
            layers.LayerNormalization, weights, axis=along, epsilon=epsilon, dtype=policy(x),
            **config,
        )  # fmt: skip
        return made(x)
    bare = {"center": False, "scale": False, "dtype": policy(x)}
    result = at.layer(layers.LayerNormalization, axis=axes, epsilon=epsilon, **bare)(x)
    result = at.compute(ops.multiply, result, scale)
    return result if shift is None else at.compute(ops.add, result, shift)


@operator("LayerNormalization")
def layer_normalization(
    at: Place, x: Any, scale: Any, shift: Any = None, *, axis: int = -1, epsilon: float = 1e-5,
    stash_type: int = 1,
) -> Any:  # fmt: skip
    """The layer over all axes from `axis` on."""
    if at.wanted(1) or at.wanted(2):
        raise ValueError("expected the normalized values alone. Received: a use of the mean too.")
    return _layer_normalized(at, at.tensor(x), axis, epsilon, scale, shift)


@operator("RMSNormalization")
def rms_normalization(
    at: Place, x: Any, scale: Any, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> Any:
    """The layer over all axes from `axis` on."""
    x = at.tensor(x)
    rank = rank_of(x)
    axes = [place - rank for place in range(axis_index(axis, rank, "RMSNormalization"), rank)]
    if tuple(scale.shape) != extents_of(x)[axes[0] :]:
        raise ValueError(f"expected a scale for inputs of shape {x.shape}. Received: {scale.shape}")
    along: Any = axes[0] if len(axes) == 1 else axes
    made = at.layer(
        layers.RMSNormalization, {"scale": (at.weight(scale, "the scale"), None)}, axis=along,
        epsilon=epsilon, dtype=policy(x),
    )  # fmt: skip
    return made(x)


@operator("InstanceNormalization")
def instance_normalization(
    at: Place, x: Any, scale: Any, shift: Any, *, epsilon: float = 1e-5
) -> Any:
    """Group normalization with a group for each channel."""
    given, axis = _channels(at, x, scale.shape[0])
    weights, config = _affine(at, scale, shift)
    made = at.layer(
        layers.GroupNormalization, weights, groups=-1, axis=axis, epsilon=epsilon,
        dtype=policy(given.tensor), **config,
    )  # fmt: skip
    return given.called(made)


@operator("GroupNormalization")
def group_normalization(
    at: Place, x: Any, scale: Any, shift: Any, *, num_groups: int, epsilon: float = 1e-5,
    stash_type: int = 1,
) -> Any:  # fmt: skip
    """The layer; before opset 21 there is one scale for each group."""
    x = at.tensor(x)
    channels = extents_of(x)[1]
    if not isinstance(channels, int) or num_groups < 1 or channels % num_groups:
        raise ValueError(
            f"expected channels that divide into {num_groups} groups. Received: {channels} channels"
        )
    each = channels // num_groups if at.opset < 21 else 1
    given, axis = _channels(at, x, scale.shape[0] * each)
    weights, config = _affine(at, scale, shift, lambda a: np.repeat(a, each))
    made = at.layer(
        layers.GroupNormalization, weights, groups=num_groups, axis=axis, epsilon=epsilon,
        dtype=policy(given.tensor), **config,
    )  # fmt: skip
    return given.called(made)


@operator("LpNormalization")
def lp_normalization(at: Place, x: Any, *, axis: int = -1, p: int = 2) -> Any:
    """The tensor divided by its lengths along an axis."""
    return at.compute(lambda a: a / ops.norm(a, ord=p, axis=axis, keepdims=True), x)
