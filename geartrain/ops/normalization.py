"""Normalisation with given or own statistics, and attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain import config
from geartrain.errors import unknown_keywords
from geartrain.graph.dtypes import limits, result_type
from geartrain.graph.shapes import Extent, axis_index, public
from geartrain.ops import views
from geartrain.ops.activation import softmax
from geartrain.ops.arithmetic import absolute, add, divide, multiply, negative, rsqrt, square
from geartrain.ops.contraction import einsum
from geartrain.ops.logic import greater_equal, logical_and, where
from geartrain.ops.operands import (
    Tensor,
    as_bool,
    as_float,
    axes_of,
    dtype_of,
    extents_of,
    indices_like,
    operand,
    promoted,
    rank_of,
)
from geartrain.ops.reductions import mean
from geartrain.ops.shaping import expand_dims
from geartrain.ops.statistics import moments

__all__ = [
    "batch_normalization",
    "dot_product_attention",
    "layer_normalization",
    "rms_normalization",
]


def _lying(value: Tensor, x: Tensor, axes: Sequence[int]) -> Tensor:
    """A tensor over `axes` of x, reshaped to stretch over the others."""
    value = operand(value, dtype_of(x))
    if rank_of(value) == rank_of(x):
        return value
    shape: list[Extent] = [1] * rank_of(x)
    for axis in axes:
        shape[axis] = extents_of(x)[axis]
    return views.reshape(value, shape=tuple(shape))


def batch_normalization(
    x: Tensor, mean: Tensor, variance: Tensor, axis: int, offset: Tensor = None,
    scale: Tensor = None, epsilon: float = 1e-3,
) -> Tensor:  # fmt: skip
    """`(x - mean) / sqrt(variance + epsilon) * scale + offset`, feature by feature.

    Args:
        x: tensor of any shape, such as (samples, features).
        mean, variance: statistics of each feature, of shape (features,).
        axis: the axis of the features.
        offset, scale: of shape (features,); None leaves them out.
        epsilon: keeps the division finite.

    Raises ValueError for an axis that is not there, or statistics of another size.

    >>> batch_normalization([[1.0, 2.0]], [1.0, 0.0], [4.0, 4.0], -1, epsilon=0.0)
    array([[0., 1.]], dtype=float32)
    """
    x = as_float(x)
    axes = (axis_index(axis, rank_of(x), "batch_normalization"),)
    given = {"mean": mean, "variance": variance, "offset": offset, "scale": scale}
    for name, value in given.items():
        if value is not None and extents_of(operand(value)) != (extents_of(x)[axis],):
            raise ValueError(
                f"batch_normalization: expected {name} of shape {public((extents_of(x)[axis],))}, "
                f"as axis {axis} of x. Received: shape {public(extents_of(operand(value)))}"
            )
    factor = rsqrt(add(_lying(variance, x, axes), epsilon))
    if scale is not None:
        factor = multiply(factor, _lying(scale, x, axes))
    shift = multiply(negative(_lying(mean, x, axes)), factor)
    if offset is not None:
        shift = add(shift, _lying(offset, x, axes))
    return add(multiply(x, factor), shift)


def layer_normalization(
    x: Tensor, gamma: Tensor = None, beta: Tensor = None, axis: Any = -1,
    epsilon: float | None = None, **kwargs: Any,
) -> Tensor:  # fmt: skip
    """`(x - mean) / sqrt(variance + epsilon) * gamma + beta`, with each sample's own statistics.

    Args:
        x: tensor of any shape, such as (samples, features).
        gamma, beta: scale and offset of the normalised axes' shape; None leaves them out.
        axis: the axis or axes to normalise.
        epsilon: keeps the division finite; `config.epsilon()` if None.
        **kwargs: none are taken.

    >>> layer_normalization([[1.0, 3.0], [10.0, 30.0]]).round(4)
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    """
    if kwargs:
        renamed = {"rms_scaling": "Use ops.rms_normalization for that."}
        allowed = ["x", "gamma", "beta", "axis", "epsilon"]
        raise unknown_keywords("layer_normalization", kwargs, allowed, renamed)
    x, own = _wide(x)
    axes = axes_of(axis, rank_of(x), "layer_normalization")
    average, variance = moments(x, axes, keepdims=True)
    factor = rsqrt(add(variance, config.epsilon() if epsilon is None else epsilon))
    if gamma is not None:
        factor = multiply(factor, _lying(gamma, x, axes))
    shift = multiply(negative(average), factor)
    if beta is not None:
        shift = add(shift, _lying(beta, x, axes))
    return operand(add(multiply(x, factor), shift), own)


def _wide(x: Tensor) -> tuple[Tensor, str]:
    """x with at least 32 bits, which statistics need, and its own dtype."""
    x = as_float(x)
    return operand(x, result_type(dtype_of(x), "float32")), dtype_of(x)


def rms_normalization(
    x: Tensor, scale: Tensor = None, axis: Any = -1, epsilon: float | None = None
) -> Tensor:
    """`x / sqrt(mean(x**2) + epsilon) * scale`: scaled to root mean square 1.

    Args:
        x: tensor of any shape, such as (samples, features).
        scale: a factor that stretches to x's shape, such as (features,); None leaves it out.
        axis: the axis or axes to normalise.
        epsilon: keeps the division finite; `config.epsilon()` if None.

    >>> rms_normalization([[3.0, 3.0], [-5.0, 5.0]]).round(4)
    array([[ 1.,  1.],
           [-1.,  1.]], dtype=float32)
    """
    x, own = _wide(x)
    if not rank_of(x):
        x = views.reshape(x, shape=(1,))
    power = mean(square(x), axis, keepdims=True)
    result = multiply(x, rsqrt(add(power, config.epsilon() if epsilon is None else epsilon)))
    return operand(result if scale is None else multiply(result, operand(scale, dtype_of(x))), own)


def dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, bias: Tensor = None, mask: Tensor = None,
    scale: float | None = None, is_causal: bool = False, flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:  # fmt: skip
    """Values averaged with weights `softmax(query . key * scale + bias)`, head by head.

    Args:
        query: shape (samples, targets, heads, depth).
        key: shape (samples, sources, heads of the keys, depth). There may be fewer heads than the
            query has: then each serves as many of the query's, in order.
        value: shape (samples, sources, heads of the keys, depth of the values).
        bias: added to the logits; stretches to (samples, heads, targets, sources).
        mask: booleans of such a shape: where a target may look at a source.
        scale: 1 / sqrt(depth) if None.
        is_causal: whether target i may look at sources 0 to i only.
        flash_attention: True is refused, since there is one way only here.
        attn_logits_soft_cap: c makes the logits `l / (1 + |l| / c)`, so that they stay within c.

    Returns a tensor of shape (samples, targets, heads, depth of the values).

    Raises ValueError for tensors of another rank or of heads that do not divide.

    >>> query = key = value = [[[[1.0, 0.0]], [[0.0, 1.0]]]]
    >>> dot_product_attention(query, key, value, is_causal=True).round(4)[0, :, 0]
    array([[1.    , 0.    ],
           [0.3302, 0.6698]], dtype=float32)
    """
    if flash_attention:
        raise ValueError(
            "dot_product_attention: expected flash_attention None or False. Received: True"
        )
    query, key, value = promoted(query, key, value, floats=True)
    shapes = [extents_of(x) for x in (query, key, value)]
    heads = [shape[2] if len(shape) == 4 else 0 for shape in shapes]
    if (
        heads[1] != heads[2]
        or not all(isinstance(n, int) and n for n in heads)
        or (
            heads[0] % heads[1]  # type: ignore[operator]
        )
    ):
        raise ValueError(
            "dot_product_attention: expected tensors of shape (samples, length, heads, depth), the "
            "key's and value's heads equal and dividing the query's. "
            f"Received shapes: {', '.join(str(public(shape)) for shape in shapes)}"
        )
    if scale is None:
        scale = shapes[0][3] ** -0.5  # type: ignore[operator]
    group = "" if heads[0] == heads[1] else "g"  # the query's heads that share one of the key's
    groups = (*shapes[0][:2], heads[1], heads[0] // heads[1], shapes[0][3])  # type: ignore[operator]
    grouped = views.reshape(query, shape=groups) if group else query
    logits, own = _wide(einsum(f"btk{group}d,bskd->bk{group}ts", grouped, key))
    logits = multiply(logits, scale)
    if group:
        logits = views.reshape(logits, shape=(shapes[0][0], heads[0], *extents_of(logits)[3:]))
    if bias is not None:
        logits = add(logits, operand(bias, dtype_of(logits)))
    if attn_logits_soft_cap is not None:
        logits = divide(logits, add(divide(absolute(logits), attn_logits_soft_cap), 1))
    weights = operand(softmax(_masked(logits, mask, is_causal)), own)
    if group:
        weights = views.reshape(
            weights, shape=(shapes[0][0], *groups[2:4], *extents_of(weights)[2:])
        )
    result = einsum(f"bk{group}ts,bskd->btk{group}d", weights, value)
    return views.reshape(result, shape=(*shapes[0][:3], shapes[2][3])) if group else result


def _masked(logits: Tensor, mask: Tensor, is_causal: bool) -> Tensor:
    """The logits, and a large negative number where a target must not look at a source."""
    allowed = None if mask is None else as_bool(mask)
    while allowed is not None and rank_of(allowed) < 4:
        allowed = expand_dims(allowed, -3)
    if is_causal:
        before = greater_equal(indices_like(logits, 2), indices_like(logits, 3))
        allowed = before if allowed is None else logical_and(allowed, before)
    if allowed is None:
        return logits
    return where(allowed, logits, 0.7 * limits(dtype_of(logits))[0])
