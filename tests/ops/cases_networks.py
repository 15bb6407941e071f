"""Cases of activations, crossentropies, normalisation and attention."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tests.ops.cases import CUBE, WHOLE, Table, X

table = Table(3)
case, plain, reals = table.case, table.plain, table.reals

# -- activations ------------------------------------------------------------------------------


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.where(x > 0, x, alpha * (np.exp(x) - 1))


def celu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.where(x > 0, x, alpha * (np.exp(x / alpha) - 1))


def gelu(x: np.ndarray, approximate: bool = True) -> np.ndarray:
    if approximate:
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def leaky_relu(x: np.ndarray, negative_slope: float = 0.2) -> np.ndarray:
    return np.where(x < 0, negative_slope * x, x)


def soft_shrink(x: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)


def hard_shrink(x: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    return np.where(np.abs(x) > threshold, x, 0)


def hard_sigmoid(x: np.ndarray) -> np.ndarray:
    return np.clip(x + 3, 0, 6) / 6


WIDE = reals(4, 4, low=-8.0, high=8.0)
PLAIN: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "sigmoid": sigmoid,
    "log_sigmoid": lambda x: np.log(sigmoid(x)),
    "silu": lambda x: x * sigmoid(x),
    "swish": lambda x: x * sigmoid(x),
    "hard_sigmoid": hard_sigmoid,
    "hard_silu": lambda x: x * hard_sigmoid(x),
    "hard_swish": lambda x: x * hard_sigmoid(x),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "selu": lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "sparse_plus": lambda x: np.where(x > 1, x, np.where(x < -1, 0, (x + 1) ** 2 / 4)),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
}
for name, formula in PLAIN.items():
    case(name, WIDE, expected=formula)
plain("relu", WHOLE, expected=lambda x: np.maximum(x, 0))
case("elu", WIDE, expected=elu)
case("elu", WIDE, alpha=0.3, expected=elu)
case("celu", WIDE, expected=celu)
case("celu", WIDE, alpha=2.0, expected=celu)
case("gelu", WIDE, expected=gelu)
case("gelu", WIDE, approximate=False, expected=gelu)
case("leaky_relu", WIDE, expected=leaky_relu)
case("leaky_relu", WIDE, negative_slope=0.5, expected=leaky_relu)
case("soft_shrink", WIDE, expected=soft_shrink)
case("soft_shrink", WIDE, threshold=1.3, expected=soft_shrink)
case("hard_shrink", WIDE, expected=hard_shrink)
case("hard_shrink", WIDE, threshold=1.3, expected=hard_shrink)
case("squareplus", WIDE, expected=lambda x: (x + np.sqrt(x * x + 4)) / 2)
case("squareplus", WIDE, b=1, expected=lambda x: (x + np.sqrt(x * x + 1)) / 2)
case("threshold", WIDE, threshold=1.1, default_value=0.3,
     expected=lambda x: np.where(x > 1.1, x, 0.3))  # fmt: skip
case("glu", WIDE, expected=lambda x: x[:, :2] * sigmoid(x[:, 2:]))
case("glu", WIDE, axis=0, batched=False, expected=lambda x: x[:2] * sigmoid(x[2:]))


def softmax(x: np.ndarray, axis: int | tuple[int, ...] = -1) -> np.ndarray:
    powers = np.exp(x)
    return powers / powers.sum(axis, keepdims=True)


def log_softmax(x: np.ndarray, axis: int | tuple[int, ...] = -1) -> np.ndarray:
    return np.log(softmax(x, axis))


for axis in (-1, 0, (1, 2)):
    case("softmax", CUBE, axis=axis, expected=softmax)
    case("log_softmax", CUBE, axis=axis, expected=log_softmax)
plain("softmax", np.array([[1000.0, 0.0, -1000.0]]), expected=np.array([[1.0, 0.0, 0.0]]))


def sparsemax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """By bisection for the shift that makes the sum 1."""
    low, high = x.min(axis, keepdims=True) - 1, x.max(axis, keepdims=True)
    for _ in range(80):
        middle = (low + high) / 2
        over = np.maximum(x - middle, 0).sum(axis, keepdims=True) > 1
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return np.maximum(x - low, 0)


case("sparsemax", 0.9 * X, expected=sparsemax)
case("sparsemax", 0.9 * X, axis=0, expected=sparsemax, batched=False)

# -- crossentropies ---------------------------------------------------------------------------

LABELS = np.array([1, 0, 3])
HOT = np.eye(4)[LABELS]
SHARES = softmax(X)


def crossentropy(target: np.ndarray, output: np.ndarray) -> np.ndarray:
    shares = np.clip(output / output.sum(-1, keepdims=True), 1e-7, 1 - 1e-7)
    return -(target * np.log(shares)).sum(-1)


case("categorical_crossentropy", HOT, SHARES, expected=crossentropy)
case("categorical_crossentropy", SHARES, 3 * softmax(-X), expected=crossentropy)
case("categorical_crossentropy", HOT, X, from_logits=True,
     expected=lambda t, x: -(t * log_softmax(x)).sum(-1))  # fmt: skip
case("categorical_crossentropy", HOT.T, X.T, from_logits=True, axis=0, batched=False,
     expected=lambda t, x: -(t * log_softmax(x, 0)).sum(0))  # fmt: skip
plain("categorical_crossentropy", np.eye(2), np.array([[0.0, 1.0], [0.0, 1.0]]),
      expected=-np.log(np.array([1e-7, 1 - 1e-7])))  # fmt: skip
case("sparse_categorical_crossentropy", LABELS, SHARES,
     expected=lambda t, x: crossentropy(np.eye(4)[t], x))  # fmt: skip
case("sparse_categorical_crossentropy", LABELS[:, None], X, from_logits=True,
     expected=lambda t, x: -log_softmax(x)[[0, 1, 2], t[:, 0]])  # fmt: skip
case("sparse_categorical_crossentropy", LABELS, X.T, from_logits=True, axis=0, batched=False,
     expected=lambda t, x: -log_softmax(x, 0)[t, [0, 1, 2]])  # fmt: skip


def binary(target: np.ndarray, output: np.ndarray) -> np.ndarray:
    share = np.clip(output, 1e-7, 1 - 1e-7)
    return -(target * np.log(share) + (1 - target) * np.log(1 - share))


case("binary_crossentropy", HOT, sigmoid(X), expected=binary)
case("binary_crossentropy", sigmoid(-X), sigmoid(X), expected=binary)
case("binary_crossentropy", HOT, X, from_logits=True, expected=lambda t, x: binary(t, sigmoid(x)))
plain("binary_crossentropy", np.array([0.0, 1.0]), np.array([1.0, 0.0]), batched=False,
      expected=-np.log([1 - (1 - 1e-7), 1e-7]))  # fmt: skip

# -- normalisation ----------------------------------------------------------------------------

MEAN, SPREAD = reals(3), reals(3, low=0.5, high=2.0)
OFFSET, SCALE = reals(3), reals(3)


def batch_normalization(
    x: np.ndarray, mean: np.ndarray, variance: np.ndarray, offset: np.ndarray | None = None,
    scale: np.ndarray | None = None, epsilon: float = 1e-3,
) -> np.ndarray:  # fmt: skip
    mean, variance = mean[:, None], variance[:, None]
    result = (x - mean) / np.sqrt(variance + epsilon)
    result = result if scale is None else result * scale[:, None]
    return result if offset is None else result + offset[:, None]


case("batch_normalization", CUBE, MEAN, SPREAD, axis=1, expected=batch_normalization)
case("batch_normalization", CUBE, MEAN, SPREAD, axis=-2, offset=OFFSET, scale=SCALE, epsilon=0.1,
     expected=batch_normalization)  # fmt: skip


def standardized(x: np.ndarray, axis: tuple[int, ...], epsilon: float) -> np.ndarray:
    deviation = x - x.mean(axis, keepdims=True)
    return deviation / np.sqrt(x.var(axis, keepdims=True) + epsilon)


case("layer_normalization", CUBE, expected=lambda x: standardized(x, (-1,), 1e-7))
case("layer_normalization", CUBE, reals(4), reals(4), epsilon=0.1,
     expected=lambda x, g, b: standardized(x, (-1,), 0.1) * g + b)  # fmt: skip
case("layer_normalization", CUBE, reals(3, 4), reals(3, 4), axis=(1, 2),
     expected=lambda x, g, b: standardized(x, (1, 2), 1e-7) * g + b)  # fmt: skip
case("layer_normalization", CUBE, reals(3), axis=1,
     expected=lambda x, g: standardized(x, (1,), 1e-7) * g[:, None])  # fmt: skip
case("rms_normalization", CUBE, reals(4), epsilon=0.1,
     expected=lambda x, s: x / np.sqrt((x * x).mean(-1, keepdims=True) + 0.1) * s)  # fmt: skip
case("rms_normalization", CUBE, axis=(1, 2),
     expected=lambda x: x / np.sqrt((x * x).mean((1, 2), keepdims=True) + 1e-7))  # fmt: skip
plain("rms_normalization", np.array(-2.0), epsilon=0.0, expected=np.array([-1.0]), batched=False)

# -- attention --------------------------------------------------------------------------------

QUERY, KEY, VALUE = reals(2, 3, 4, 2), reals(2, 5, 4, 2), reals(2, 5, 4, 3)
MASK = reals(2, 1, 3, 5) > -1


def attention(query, key, value, bias=None, mask=None, scale=None, is_causal=False, cap=None):
    """Head by head, target by target."""
    result = np.empty((*query.shape[:3], value.shape[3]))
    group = query.shape[2] // key.shape[2]
    for sample, target, head in np.ndindex(query.shape[:3]):
        near = head // group
        logits = key[sample, :, near] @ query[sample, target, head]
        logits = logits * (query.shape[3] ** -0.5 if scale is None else scale)
        if bias is not None:
            logits = logits + np.broadcast_to(bias, (2, 4, 3, 5))[sample, head, target]
        if cap is not None:
            logits = logits / (1 + abs(logits) / cap)
        if mask is not None:
            allowed = np.broadcast_to(mask, (2, 4, 3, 5))[sample, head, target]
            logits = np.where(allowed, logits, -1e300)
        if is_causal:
            logits = np.where(np.arange(len(logits)) <= target, logits, -1e300)
        result[sample, target, head] = softmax(logits) @ value[sample, :, near]
    return result


case("dot_product_attention", QUERY, KEY, VALUE, expected=attention)
case("dot_product_attention", QUERY, KEY, VALUE, is_causal=True, scale=0.3, expected=attention)
case("dot_product_attention", QUERY, KEY, VALUE, reals(4, 3, 5), MASK, expected=attention)
case("dot_product_attention", QUERY, KEY[:, :, :2], VALUE[:, :, :2], mask=MASK[0, 0],
     expected=attention)  # fmt: skip
case("dot_product_attention", QUERY, KEY, VALUE, attn_logits_soft_cap=0.5,
     expected=lambda q, k, v: attention(q, k, v, cap=0.5))  # fmt: skip
