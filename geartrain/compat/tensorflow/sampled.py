"""`tf.nn` and `tf.random`: losses over some of many classes, and how those are drawn.

Sampled softmax: Jean et al., 2014 (arXiv:1412.2007). Noise contrastive estimation: Gutmann and
Hyvärinen, 2010.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from geartrain import ops, random
from geartrain.compat.tensorflow.neural import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
)
from geartrain.graph.eager import eager
from geartrain.ops.operands import operand


class Candidates(NamedTuple):
    """Classes that were drawn, and how often each and each true class was to be expected."""

    sampled_candidates: Any
    true_expected_count: Any
    sampled_expected_count: Any


def _candidates(
    probability: Any, drawn: Any, true_classes: Any, num_sampled: Any, unique: bool, range_max: int
) -> Candidates:
    """Draw classes, and compute how often each class is to be expected.

    `drawn` gives a class for each of some uniform numbers; `probability` is that of classes. Of
    distinct classes each is expected `1 - (1 - p)**tries` times.
    """
    count = int(num_sampled)
    if unique and count > range_max:
        raise ValueError(
            f"tf.random candidate samplers: expected num_sampled of at most range_max={range_max} "
            f"distinct classes. Received: num_sampled={count}. Use fewer, or unique=False."
        )
    if not unique:
        found = drawn(ops.cast(random.uniform((count,)), "float64"))
        tries = count
    else:
        source = np.random.default_rng(random.fresh_seed())
        kept: dict[int, None] = {}
        tries = 0
        while len(kept) < count:
            for one in np.asarray(drawn(source.random(count))).tolist():
                tries += 1
                kept.setdefault(int(one))
                if len(kept) == count:
                    break
        found = np.array(list(kept), "int64")

    def expected(classes: Any) -> Any:
        share = probability(ops.cast(classes, "float64"))
        made = -ops.expm1(tries * ops.log1p(-share)) if unique else share * tries
        return ops.cast(made, "float32")

    chosen = eager(ops.cast(found, "int64"))
    return Candidates(chosen, expected(true_classes), expected(chosen))


def uniform_candidate_sampler(
    true_classes: Any, num_true: Any, num_sampled: Any, unique: bool, range_max: Any,
    seed: Any = None, name: str | None = None,
) -> Candidates:  # fmt: skip
    """Classes up to `range_max`, each as likely."""
    most = int(range_max)
    return _candidates(
        lambda classes: ops.ones_like(classes) / most,
        lambda shares: ops.minimum(ops.floor(shares * most), most - 1),
        true_classes, num_sampled, unique, most,
    )  # fmt: skip


def log_uniform_candidate_sampler(
    true_classes: Any, num_true: Any, num_sampled: Any, unique: bool, range_max: Any,
    seed: Any = None, name: str | None = None,
) -> Candidates:  # fmt: skip
    """Classes k with probability `log((k + 2) / (k + 1)) / log(range_max + 1)`: words by rank."""
    most, scale = int(range_max), float(np.log(int(range_max) + 1.0))
    return _candidates(
        lambda classes: ops.log((classes + 2.0) / (classes + 1.0)) / scale,
        lambda shares: ops.clip(ops.floor(ops.exp(shares * scale)) - 1.0, 0, most - 1),
        true_classes, num_sampled, unique, most,
    )  # fmt: skip


def _logits(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: Any, num_classes: Any,
    num_true: int, sampled_values: Any, remove_accidental_hits: bool,
) -> tuple[Any, Any]:  # fmt: skip
    """Logits of the true classes and of drawn ones, and their labels."""
    classes = ops.reshape(ops.cast(operand(labels), "int64"), (-1, num_true))
    if sampled_values is None:
        sampled_values = log_uniform_candidate_sampler(
            classes, num_true, num_sampled, True, num_classes
        )
    drawn, expected_true, expected_drawn = sampled_values
    x = operand(inputs)
    rows = ops.take(weights, classes, axis=0)
    true = ops.einsum("bd,btd->bt", x, rows) + ops.take(biases, classes, axis=0)
    others = ops.matmul(x, ops.transpose(ops.take(weights, drawn, axis=0)))
    others = others + ops.take(biases, drawn, axis=0)
    if remove_accidental_hits:
        hits = ops.any(ops.equal(ops.expand_dims(classes, 2), operand(drawn)), axis=1)
        others = ops.where(hits, float(np.finfo("float32").min), others)
    true = true - ops.log(ops.reshape(expected_true, (-1, num_true)))
    others = others - ops.log(expected_drawn)
    found = ops.concatenate([ops.ones_like(true) / num_true, ops.zeros_like(others)], 1)
    return ops.concatenate([true, others], 1), found


def nce_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: Any, num_classes: Any,
    num_true: int = 1, sampled_values: Any = None, remove_accidental_hits: bool = False,
    name: str = "nce_loss",
) -> Any:  # fmt: skip
    """The loss of telling true classes from drawn ones, for each sample.

    Args:
        weights: (classes, dim).
        biases: (classes,).
        labels: (batch, num_true) true classes.
        inputs: (batch, dim).
        num_sampled: how many classes are drawn for the batch.
        num_classes: how many there are.
        sampled_values: what a candidate sampler gave; by rank if None.
    """
    logits, found = _logits(weights, biases, labels, inputs, num_sampled, num_classes, num_true,
                            sampled_values, remove_accidental_hits)  # fmt: skip
    return ops.sum(sigmoid_cross_entropy_with_logits(found, logits), axis=1)


def sampled_softmax_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: Any, num_classes: Any,
    num_true: int = 1, sampled_values: Any = None, remove_accidental_hits: bool = True,
    seed: Any = None, name: str = "sampled_softmax_loss",
) -> Any:  # fmt: skip
    """The cross entropy over the true and some drawn classes, for each sample; see `nce_loss`."""
    logits, found = _logits(weights, biases, labels, inputs, num_sampled, num_classes, num_true,
                            sampled_values, remove_accidental_hits)  # fmt: skip
    return softmax_cross_entropy_with_logits(ops.stop_gradient(found), logits)


__all__ = [
    "log_uniform_candidate_sampler", "nce_loss", "sampled_softmax_loss",
    "uniform_candidate_sampler",
]  # fmt: skip
