"""Activations, and softmax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain import layers, ops
from geartrain.graph.node import Node
from geartrain.ops.operands import dtype_of, extents_of, rank_of
from geartrain.saving.onnx.reader.place import Place, policy
from geartrain.saving.onnx.reader.table import operator


def _activation(function: str) -> Callable[..., Any]:
    return lambda at, x: at.activation(function, x)


for _name, _activated in {
    "HardSwish": "hard_silu", "Mish": "mish", "Relu": "relu", "Sigmoid": "sigmoid",
    "Softplus": "softplus", "Softsign": "softsign", "Tanh": "tanh",
}.items():  # fmt: skip
    operator(_name)(_activation(_activated))


@operator("Clip")
def clip(
    at: Place, x: Any, low: Any = None, high: Any = None, *, min: float | None = None,
    max: float | None = None,
) -> Any:  # fmt: skip
    """The values held between two numbers."""
    bounds = [
        at.array(given, "a bound").reshape(()) if given is not None else attribute
        for given, attribute in ((low, min), (high, max))
    ]
    known = [None if bound is None else float(bound) for bound in bounds]
    if known == [0.0, 6.0]:
        return at.activation("relu6", x)
    if known == [0.0, None]:
        return at.activation("relu", x)
    if None not in known:
        return at.compute(lambda a: ops.clip(a, *bounds), x)
    if known[0] is not None:
        return at.compute(lambda a: ops.maximum(a, known[0]), x)
    return x if known[1] is None else at.compute(lambda a: ops.minimum(a, known[1]), x)


@operator("LeakyRelu")
def leaky_relu(at: Place, x: Any, *, alpha: float = 0.01) -> Any:
    """The layer."""
    return at.layer(layers.LeakyReLU, negative_slope=alpha, dtype=policy(x))(at.tensor(x))


@operator("Elu")
def elu(at: Place, x: Any, *, alpha: float = 1.0) -> Any:
    """The layer."""
    return at.layer(layers.ELU, alpha=alpha, dtype=policy(x))(at.tensor(x))


@operator("Selu")
def selu(at: Place, x: Any, *, alpha: float = 1.6732632, gamma: float = 1.0507009) -> Any:
    """The activation, for its usual constants alone."""
    if abs(alpha - 1.6732632) < 1e-5 and abs(gamma - 1.0507009) < 1e-5:
        return at.activation("selu", x)
    return at.compute(lambda a: ops.multiply(ops.elu(a, alpha), gamma), x)


@operator("Celu")
def celu(at: Place, x: Any, *, alpha: float = 1.0) -> Any:
    """`max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)`."""
    return at.compute(lambda a: ops.celu(a, alpha), x)


@operator("ThresholdedRelu")
def thresholded_relu(at: Place, x: Any, *, alpha: float = 1.0) -> Any:
    """x where it is above alpha, else 0."""
    return at.compute(lambda a: ops.threshold(a, alpha, 0.0), x)


@operator("Shrink")
def shrink(at: Place, x: Any, *, bias: float = 0.0, lambd: float = 0.5) -> Any:
    """x nearer to 0 by `bias` where it is beyond `lambd`, else 0."""

    def run(a: Any) -> Any:
        nearer = ops.subtract(a, ops.multiply(ops.sign(a), bias))
        return ops.where(ops.greater(ops.absolute(a), lambd), nearer, ops.zeros_like(a))

    return at.compute(run, x)


@operator("Gelu")
def gelu(at: Place, x: Any, *, approximate: str = "none") -> Any:
    """`x * P(X <= x)`, exact or by tanh."""
    return at.compute(lambda a: ops.gelu(a, approximate=approximate == "tanh"), x)


@operator("Swish")
def swish(at: Place, x: Any, *, alpha: float = 1.0) -> Any:
    """`x * sigmoid(alpha * x)`."""
    if alpha == 1.0:
        return at.activation("silu", x)
    return at.compute(lambda a: ops.multiply(a, ops.sigmoid(ops.multiply(a, alpha))), x)


@operator("HardSigmoid")
def hard_sigmoid(at: Place, x: Any, *, alpha: float = 0.2, beta: float = 0.5) -> Any:
    """`max(0, min(1, alpha * x + beta))`; Keras's, where alpha is 1 / 6."""
    if abs(alpha - 1 / 6) < 1e-6 and beta == 0.5:
        return at.activation("hard_sigmoid", x)
    return at.compute(lambda a: ops.clip(ops.add(ops.multiply(a, alpha), beta), 0.0, 1.0), x)


@operator("PRelu")
def prelu(at: Place, x: Any, slope: Any) -> Any:
    """The layer, if its slopes have the shape of samples or one for each channel."""
    rank, shape = rank_of(x), tuple(slope.shape)
    full = (1,) * (rank - 1 - len(shape)) + shape
    if len(full) != rank - 1 or not isinstance(x, Node):
        return at.compute(lambda a, b: ops.where(ops.less(a, 0), a * b, a), x, slope)
    shared = [axis + 1 for axis, size in enumerate(full) if size == 1]
    for axis, size in enumerate(full):
        if size not in (1, extents_of(x)[axis + 1]):
            raise ValueError(
                f"expected slopes for inputs of shape {x.shape}. Received shape {shape}"
            )
    source = (at.weight(slope, "slope"), lambda a: a.reshape(full))
    made = at.layer(layers.PReLU, {"alpha": source}, shared_axes=shared, dtype=policy(x))
    return made(x)


def _along(x: Any, axis: int | None, opset: int) -> tuple[int, ...]:
    """The axes of a softmax: before opset 13, all from `axis` on, 1 by default."""
    rank = rank_of(x)
    if opset >= 13:
        return (-1 if axis is None else axis,)
    return tuple(range((1 if axis is None else axis) % rank, rank))


@operator("Softmax")
def softmax(at: Place, x: Any, *, axis: int | None = None) -> Any:
    """The layer."""
    axes = _along(x, axis, at.opset)
    along = axes[0] if len(axes) == 1 else axes
    return at.layer(layers.Softmax, axis=along, dtype=policy(x))(at.tensor(x))


@operator("LogSoftmax")
def log_softmax(at: Place, x: Any, *, axis: int | None = None) -> Any:
    """The logarithm of softmax."""
    axes = _along(x, axis, at.opset)
    if len(axes) == 1:
        return at.compute(lambda a: ops.log_softmax(a, axis=axes[0]), x)
    return at.compute(lambda a: a - ops.logsumexp(a, axis=axes, keepdims=True), x)


@operator("Hardmax")
def hardmax(at: Place, x: Any, *, axis: int = -1) -> Any:
    """1 at the first maximum, else 0."""
    size = at.tensor(x).shape[axis]
    return at.compute(
        lambda a: ops.one_hot(ops.argmax(a, axis=axis), size, axis=axis, dtype=dtype_of(a)), x
    )
