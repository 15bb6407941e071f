"""Activation functions: what a layer's output passes through. Most are those of `ops`."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.functions import FunctionFamily
from geartrain.ops import (
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)
from geartrain.ops.operands import Tensor, dtype_of, operand

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

swish, hard_swish = silu, hard_silu


def relu(
    x: Tensor, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Tensor:
    """Rectified linear unit: `max(x, 0)`, or one with other bends.

    Args:
        x: tensor of any shape.
        negative_slope: the slope below `threshold`: the result there is
            `negative_slope * (x - threshold)`.
        max_value: the greatest value of the result; None for no bound.
        threshold: where the function starts to be x.

    >>> relu([-2.0, 1.0, 9.0])
    array([0., 1., 9.], dtype=float32)
    >>> relu([-2.0, 1.0, 9.0], negative_slope=0.5, max_value=6.0)
    array([-1.,  1.,  6.], dtype=float32)
    """
    x = operand(x)
    result = ops.relu(x) if not threshold else ops.where(x > threshold, x, ops.zeros_like(x))
    if max_value is not None:
        result = ops.clip(result, operand(0, dtype_of(x)), operand(max_value, dtype_of(x)))
    if negative_slope:
        result = result - negative_slope * ops.relu(threshold - x)
    return result


def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """Gaussian error linear unit: x times the probability that a standard normal is below x.

    Args:
        x: tensor of any shape.
        approximate: whether to use the older approximation by tanh.

    >>> gelu([-1.0, 0.0, 1.0]).round(4)
    array([-0.1587,  0.    ,  0.8413], dtype=float32)
    """
    return ops.gelu(x, approximate=approximate)


def exponential(x: Tensor) -> Tensor:
    """`exp(x)`.

    >>> exponential([0.0, 1.0]).round(4)
    array([1.    , 2.7183], dtype=float32)
    """
    return ops.exp(x)


def linear(x: Tensor) -> Tensor:
    """The identity: x itself.

    >>> linear(3.0)
    3.0
    """
    return x


def mish(x: Tensor) -> Tensor:
    """`x * tanh(softplus(x))`: a smooth relu that dips a little below 0.

    >>> mish([-1.0, 0.0, 1.0]).round(4)
    array([-0.3034,  0.    ,  0.8651], dtype=float32)
    """
    return ops.multiply(x, ops.tanh(ops.softplus(x)))


def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """`max(x - tau, 0)`: numbers of which many are 0, as Keras computes them.

    Keras takes for tau the sum of running sums where the last alone would make the result sum to 1.
    The two agree where one number is far above the others. Models in files are trained with this
    function, so layers compute it; `ops.sparsemax` is the point of the simplex nearest to x
    (Martins and Astudillo, 2016).

    Args:
        x: tensor of any shape, such as (samples, classes).
        axis: the axis to compare along.

    >>> sparsemax([0.0, 2.0, 0.5]), sparsemax([0.0, 1.0, 0.5])
    (array([0., 1., 0.], dtype=float32), array([0.  , 0.25, 0.  ], dtype=float32))
    """
    x = operand(x)
    shape = [1] * len(x.shape)
    shape[axis] = -1
    count = ops.reshape(ops.arange(1, x.shape[axis] + 1, dtype=dtype_of(x)), shape)
    descending = -ops.sort(-x, axis=axis)
    running = ops.cumsum(descending, axis=axis)
    support = ops.greater(descending, (running - 1) / count)
    size = ops.cast(ops.sum(support, axis=axis, keepdims=True), dtype_of(x))
    total = ops.sum(ops.where(support, running, ops.zeros_like(running)), axis=axis, keepdims=True)
    return ops.relu(x - (total - 1) / size)


_family = FunctionFamily(
    "activations",
    "activation",
    [
        celu, elu, exponential, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh,
        leaky_relu, linear, log_sigmoid, log_softmax, mish, relu, relu6, selu, sigmoid, silu,
        soft_shrink, softmax, softplus, softsign, sparse_plus, sparse_sigmoid,
        sparsemax, squareplus, tanh, tanh_shrink, threshold,
    ],
    {"swish": silu, "hard_swish": hard_silu},
)  # fmt: skip


def get(identifier: Any) -> Any:
    """The activation that `identifier` means.

    Args:
        identifier: a name such as `"relu"`, a function, a config, or None for `linear`.

    Raises:
        ValueError: for an unknown name, with the nearest one, and for anything else.

    >>> get("relu") is relu, get(None) is linear
    (True, True)
    """
    return linear if identifier is None else _family.get(identifier)


def serialize(activation: Any) -> Any:
    """The name of a built-in activation; a config for one of your own.

    Raises:
        ValueError: for a function that no name leads back to.

    >>> serialize(tanh)
    'tanh'
    """
    name = getattr(activation, "__name__", None)
    if name in _family.functions and _family.functions[name] is activation:
        return name
    return _family.serialize(activation)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The activation that `serialize` described.

    Args:
        config: what `serialize` returned.
        custom_objects: functions and classes of your own by name.

    Raises:
        ValueError: for an unknown name, with the nearest one.

    >>> deserialize("tanh") is tanh
    True
    """
    return _family.deserialize(config, custom_objects)
