"""`tf.nn`: activations, convolutions, losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import ops, random
from geartrain.compat.tensorflow.shapes import axis_of, shape_of
from geartrain.graph.eager import eager
from geartrain.ops.operands import dtype_of, extents_of, operand


def _activation(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def activate(features: Any, name: str | None = None) -> Any:
        return function(features)

    activate.__name__ = activate.__qualname__ = name
    activate.__doc__ = f"{name} of each element."
    return activate


relu, relu6 = _activation("relu", ops.relu), _activation("relu6", ops.relu6)
selu, elu = _activation("selu", ops.selu), _activation("elu", ops.elu)
softsign, softplus = _activation("softsign", ops.softsign), _activation("softplus", ops.softplus)


def tanh(x: Any, name: str | None = None) -> Any:
    """The hyperbolic tangent of each element."""
    return ops.tanh(x)


def sigmoid(x: Any, name: str | None = None) -> Any:
    """1 / (1 + exp(-x)) of each element."""
    return ops.sigmoid(x)


def leaky_relu(features: Any, alpha: Any = 0.2, name: str | None = None) -> Any:
    """Each element, times `alpha` where it is negative."""
    return ops.leaky_relu(features, alpha)


def gelu(features: Any, approximate: bool = False, name: str | None = None) -> Any:
    """Each element times the probability that a normal number is less."""
    return ops.gelu(features, approximate)


def silu(features: Any, beta: Any = 1.0) -> Any:
    """Each element times the sigmoid of `beta` times it."""
    x = operand(features)
    return ops.silu(x) if isinstance(beta, float) and beta == 1.0 else x * ops.sigmoid(x * beta)


def crelu(features: Any, axis: int = -1, name: str | None = None) -> Any:
    """relu of the elements and of their negatives, side by side."""
    return ops.concatenate([ops.relu(features), ops.relu(-operand(features))], axis)


def softmax(logits: Any, axis: Any = None, name: str | None = None) -> Any:
    """Probabilities: `exp(x) / sum(exp(x))` along an axis, the last by default."""
    return ops.softmax(logits, axis=-1 if axis is None else axis_of(axis))


def log_softmax(logits: Any, axis: Any = None, name: str | None = None) -> Any:
    """The logarithms of the softmax."""
    return ops.log_softmax(logits, axis=-1 if axis is None else axis_of(axis))


def dropout(
    x: Any, rate: Any, noise_shape: Any = None, seed: Any = None, name: str | None = None
) -> Any:
    """A share `rate` of the elements set to 0, the others scaled up."""
    shape = None if noise_shape is None else shape_of(noise_shape)
    return eager(random.dropout(operand(x), float(rate), shape))


def bias_add(value: Any, bias: Any, data_format: Any = None, name: str | None = None) -> Any:
    """A bias added along the channels."""
    x, b = operand(value), operand(bias)
    if data_format is not None and data_format.startswith("NC"):
        b = ops.reshape(b, (-1, *[1] * (len(extents_of(x)) - 2)))
    return ops.add(x, b)


def embedding_lookup(params: Any, ids: Any, max_norm: Any = None, name: str | None = None) -> Any:
    """The rows of a table at indices."""
    return ops.take(params, operand(ids), axis=0)


def moments(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """The mean and the variance along axes."""
    return tuple(ops.moments(x, axes=axis_of(axes), keepdims=keepdims))


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: Any,
    name: str | None = None,
) -> Any:  # fmt: skip
    """`(x - mean) / sqrt(variance + epsilon) * scale + offset`."""
    factor = ops.rsqrt(operand(variance) + variance_epsilon)
    factor = factor if scale is None else factor * operand(scale)
    made = operand(x) * factor - operand(mean) * factor
    return made if offset is None else made + operand(offset)


def local_response_normalization(
    input: Any, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Each element over a power of the sum of squares of the channels around it."""
    x = operand(input)
    squares = ops.pad(ops.square(x), [[0, 0]] * 3 + [[depth_radius, depth_radius]])
    channels = int(x.shape[-1])
    total = sum(
        (squares[..., n : n + channels] for n in range(1, 2 * depth_radius + 1)),
        squares[..., :channels],
    )
    return x / ops.power(bias + alpha * total, beta)


# -- windows --------------------------------------------------------------------------------------


def _spatial(values: Any, rank: int, channels_first: bool = False) -> Any:
    """Numbers for the spatial axes, of one, of as many as these, or of all axes."""
    if values is None:
        return 1
    several = [values] if isinstance(values, int) else list(np.ravel(np.asarray(values)).tolist())
    if len(several) == rank + 2:
        return tuple(several[2:] if channels_first else several[1:-1])
    return tuple(several * rank if len(several) == 1 else several)


def _format(data_format: Any) -> str:
    return "channels_first" if data_format and data_format.startswith("NC") else "channels_last"


def _padding(padding: Any) -> str:
    if not isinstance(padding, str):
        raise ValueError(
            f"tf.nn: expected padding 'SAME' or 'VALID'. Received: {padding}. Use tf.pad first."
        )
    return padding.lower()


def _convolve(x: Any, kernel: Any, strides: Any, padding: Any, data_format: Any, dilations: Any,
              rank: int, function: Callable[..., Any] = ops.conv) -> Any:  # fmt: skip
    first = _format(data_format) == "channels_first"
    return function(
        x, kernel, strides=_spatial(strides, rank, first), padding=_padding(padding),
        data_format=_format(data_format), dilation_rate=_spatial(dilations, rank, first),
    )  # fmt: skip


def conv1d(
    input: Any, filters: Any, stride: Any, padding: Any, data_format: Any = "NWC",
    dilations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Windows along one axis times filters (width, channels, filters)."""
    return _convolve(input, filters, stride, padding, data_format, dilations, 1)


def conv2d(
    input: Any, filters: Any, strides: Any, padding: Any, data_format: Any = "NHWC",
    dilations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Windows of images times filters (height, width, channels, filters)."""
    return _convolve(input, filters, strides, padding, data_format, dilations, 2)


def conv3d(
    input: Any, filters: Any, strides: Any, padding: Any, data_format: Any = "NDHWC",
    dilations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Windows of volumes times filters."""
    return _convolve(input, filters, strides, padding, data_format, dilations, 3)


def convolution(
    input: Any, filters: Any, strides: Any = None, padding: Any = "VALID", data_format: Any = None,
    dilations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Windows times filters, along as many axes as the filters have."""
    rank = len(extents_of(operand(filters))) - 2
    return _convolve(input, filters, strides, padding, data_format, dilations, rank)


def depthwise_conv2d(
    input: Any, filter: Any, strides: Any, padding: Any, data_format: Any = None,
    dilations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Windows of each channel on its own times filters (height, width, channels, multiplier)."""
    return _convolve(input, filter, strides, padding, data_format, dilations, 2,
                     ops.depthwise_conv)  # fmt: skip


def separable_conv2d(
    input: Any, depthwise_filter: Any, pointwise_filter: Any, strides: Any, padding: Any,
    data_format: Any = None, dilations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """A depthwise convolution, and one of single points after it."""
    made = depthwise_conv2d(input, depthwise_filter, strides, padding, data_format, dilations)
    return conv2d(made, pointwise_filter, 1, "VALID", data_format or "NHWC")


def conv2d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME",
    data_format: Any = "NHWC", dilations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """The transpose of a convolution: images that grow, to the size of `output_shape`."""
    first = _format(data_format) == "channels_first"
    made = ops.conv_transpose(
        input, filters, strides=_spatial(strides, 2, first), padding=_padding(padding),
        data_format=_format(data_format), dilation_rate=_spatial(dilations, 2, first),
    )  # fmt: skip
    wanted = shape_of(output_shape)[2:] if first else shape_of(output_shape)[1:3]
    rows, columns = made.shape[2:] if first else made.shape[1:3]
    if (rows, columns) == wanted:
        return made
    return made[:, :, : wanted[0], : wanted[1]] if first else made[:, : wanted[0], : wanted[1]]


def _pool(function: Callable[..., Any], x: Any, ksize: Any, strides: Any, padding: Any,
          data_format: Any, rank: int | None = None) -> Any:  # fmt: skip
    rank = len(extents_of(operand(x))) - 2 if rank is None else rank
    first = _format(data_format) == "channels_first"
    depths = [_of_channels(values, rank, first) for values in (ksize, strides)]
    if depths != [1, 1]:
        return _pool_channels(function, operand(x), ksize, depths, rank, first)
    return function(
        x, _spatial(ksize, rank, first), _spatial(strides, rank, first), _padding(padding),
        _format(data_format),
    )  # fmt: skip


def _of_channels(values: Any, rank: int, first: bool) -> int:
    """The size along the channels, where there is one for each axis."""
    several = np.ravel(np.asarray(values)).tolist()
    return int(several[1 if first else -1]) if len(several) == rank + 2 else 1


def _pool_channels(
    function: Callable[..., Any], x: Any, ksize: Any, depths: list[int], rank: int, first: bool
) -> Any:
    """The greatest, or the mean, of each so many channels."""
    size, channels = depths[0], extents_of(x)[1 if first else -1]
    if first or np.prod(ksize) != size or depths[1] != size or channels % size:
        raise ValueError(
            "tf.nn: expected windows along the channels alone, which come last, with strides of "
            f"their size and a multiple of it channels. Received: ksize={ksize}, sizes and strides "
            f"along the channels {depths}, {channels} channels"
        )
    parts = ops.reshape(x, (*ops.shape(x)[:-1], channels // size, size))
    return (ops.max if function is ops.max_pool else ops.mean)(parts, axis=-1)


def max_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NHWC",
    name: str | None = None,
) -> Any:  # fmt: skip
    """The greatest element of each window of images."""
    return _pool(ops.max_pool, input, ksize, strides, padding, data_format, 2)


def avg_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NHWC",
    name: str | None = None,
) -> Any:  # fmt: skip
    """The mean of each window of images."""
    return _pool(ops.average_pool, input, ksize, strides, padding, data_format, 2)


def max_pool(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The greatest element of each window."""
    return _pool(ops.max_pool, input, ksize, strides, padding, data_format)


def avg_pool(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The mean of each window."""
    return _pool(ops.average_pool, input, ksize, strides, padding, data_format)


def max_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NWC",
    name: str | None = None,
) -> Any:  # fmt: skip
    """The greatest element of each window along one axis."""
    return _pool(ops.max_pool, input, ksize, strides, padding, data_format, 1)


def avg_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NWC",
    name: str | None = None,
) -> Any:  # fmt: skip
    """The mean of each window along one axis."""
    return _pool(ops.average_pool, input, ksize, strides, padding, data_format, 1)


def space_to_depth(
    input: Any,
    block_size: int,
    data_format: Any = "NHWC",
    name: str | None = None,
) -> Any:
    """Blocks of pixels as channels of one."""
    b, (n, h, w, c) = block_size, ops.shape(input)
    x = ops.reshape(input, (n, h // b, b, w // b, b, c))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (n, h // b, w // b, b * b * c))


def depth_to_space(
    input: Any,
    block_size: int,
    data_format: Any = "NHWC",
    name: str | None = None,
) -> Any:
    """Channels as blocks of pixels."""
    b, (n, h, w, c) = block_size, ops.shape(input)
    x = ops.transpose(ops.reshape(input, (n, h, w, b, b, c // (b * b))), (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (n, h * b, w * b, c // (b * b)))


# -- losses ---------------------------------------------------------------------------------------


def sigmoid_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:
    """`max(x, 0) - x z + log(1 + exp(-|x|))` of each element, for logits x and labels z."""
    x = operand(logits)
    z = ops.cast(labels, dtype_of(x))
    return ops.relu(x) - x * z + ops.log1p(ops.exp(-ops.abs(x)))


def weighted_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, pos_weight: Any = None, name: str | None = None
) -> Any:
    """The cross entropy of each element, positives counted `pos_weight` times."""
    x = operand(logits)
    z = ops.cast(labels, dtype_of(x))
    weight = 1 + (operand(pos_weight) - 1) * z
    return (1 - z) * x + weight * (ops.log1p(ops.exp(-ops.abs(x))) + ops.relu(-x))


def softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, axis: int = -1, name: str | None = None
) -> Any:
    """`-sum(labels * log_softmax(logits))` along an axis."""
    x = operand(logits)
    return -ops.sum(ops.cast(labels, dtype_of(x)) * ops.log_softmax(x, axis=axis), axis=axis)


def sparse_softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, name: str | None = None
) -> Any:
    """The cross entropy for classes given as indices."""
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def l2_loss(t: Any, name: str | None = None) -> Any:
    """`sum(t**2) / 2`."""
    return ops.sum(ops.square(t)) / 2


def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None
) -> Any:
    """`exp(x) - x z`, for logarithms x of rates and counts z."""
    return ops.exp(log_input) - operand(log_input) * operand(targets)


def zero_fraction(value: Any, name: str | None = None) -> Any:
    """The share of elements that are zero."""
    return ops.mean(ops.cast(ops.equal(value, 0), "float32"))


__all__ = [
    "avg_pool", "avg_pool1d", "avg_pool2d", "batch_normalization", "bias_add", "conv1d", "conv2d",
    "conv2d_transpose", "conv3d", "convolution", "crelu", "depth_to_space", "depthwise_conv2d",
    "dropout", "elu", "embedding_lookup", "gelu", "l2_loss", "leaky_relu",
    "local_response_normalization", "log_poisson_loss", "log_softmax", "max_pool", "max_pool1d",
    "max_pool2d", "moments", "relu", "relu6", "selu", "separable_conv2d", "sigmoid",
    "sigmoid_cross_entropy_with_logits", "silu", "softmax", "softmax_cross_entropy_with_logits",
    "softplus", "softsign", "space_to_depth", "sparse_softmax_cross_entropy_with_logits", "tanh",
    "weighted_cross_entropy_with_logits", "zero_fraction",
]  # fmt: skip
