"""Normalizations."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import layers, ops
from geartrain.graph.node import Node
from geartrain.graph.shapes import axis_index
from geartrain.ops.operands import extents_of, rank_of
from geartrain.saving.onnx.reader.builder import Place, expect, policy
from geartrain.saving.onnx.reader.table import operator
from geartrain.saving.onnx.reader.values import Initial


def _affine(at: Place, scale: Any, shift: Any, size: Any = None) -> tuple[dict[str, Any], Any]:
    """Gamma and beta as weights; as nothing, where constants that leave all as it is."""
    gamma, beta = at.weight(scale, "the scale"), None
    if shift is not None:
        beta = at.weight(shift, "the shift")
    neutral = not isinstance(gamma, Initial) or not gamma.trainable or "." not in gamma.name
    if neutral and np.all(_values(gamma) == 1) and (beta is None or np.all(_values(beta) == 0)):
        return {}, {"center": False, "scale": False}
    weights: dict[str, Any] = {"gamma": (gamma, size)}
    if beta is not None:
        weights["beta"] = (beta, size)
    return weights, {"center": beta is not None, "scale": True}


def _values(weight: Any) -> np.ndarray:
    return weight.array() if isinstance(weight, Initial) else weight


@operator("BatchNormalization")
def batch_normalization(
    at: Place, x: Any, scale: Any, shift: Any, mean: Any, variance: Any, *, epsilon: float = 1e-5,
    momentum: float = 0.9, training_mode: int = 0, spatial: int = 1,
) -> Any:  # fmt: skip
    """The layer, whose statistics follow in training and are used otherwise."""
    x = at.tensor(x)
    if not spatial:
        raise ValueError("expected spatial=1. Received: 0")
    expect(x, 1, scale.shape[0], "the scale")
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    weights = {
        name: (at.weight(value, name), None)
        for name, value in zip(names, (scale, shift, mean, variance), strict=True)
    }
    made = at.layer(
        layers.BatchNormalization, weights, axis=1, epsilon=epsilon, momentum=momentum,
        dtype=policy(x),
    )  # fmt: skip
    return made(x)


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
    x = at.tensor(x)
    expect(x, 1, scale.shape[0], "the scale")
    weights, config = _affine(at, scale, shift)
    made = at.layer(
        layers.GroupNormalization, weights, groups=-1, axis=1, epsilon=epsilon, dtype=policy(x),
        **config,
    )  # fmt: skip
    return made(x)


@operator("GroupNormalization")
def group_normalization(
    at: Place, x: Any, scale: Any, shift: Any, *, num_groups: int, epsilon: float = 1e-5,
    stash_type: int = 1,
) -> Any:  # fmt: skip
    """The layer; before opset 21 there is one scale for each group."""
    x = at.tensor(x)
    channels = extents_of(x)[1]
    if not isinstance(channels, int) or num_groups < 1 or channels % num_groups:
        raise ValueError(f"expected channels in {num_groups} groups. Received: {channels}")
    each = channels // num_groups if at.opset < 21 else 1
    expect(x, 1, scale.shape[0] * each, "the scale")
    weights, config = _affine(at, scale, shift, lambda a: np.repeat(a, each))
    made = at.layer(
        layers.GroupNormalization, weights, groups=num_groups, axis=1, epsilon=epsilon,
        dtype=policy(x), **config,
    )  # fmt: skip
    return made(x)


@operator("LpNormalization")
def lp_normalization(at: Place, x: Any, *, axis: int = -1, p: int = 2) -> Any:
    """The tensor divided by its lengths along an axis."""
    return at.compute(lambda a: a / ops.norm(a, ord=p, axis=axis, keepdims=True), x)
