"""Crossentropies of predicted probabilities, sample by sample: what classifiers minimise.

Probabilities are first held within [epsilon, 1 - epsilon] (`config.epsilon()`), so that their
logarithm is finite. With `from_logits` nothing is clipped, and nothing can overflow.
"""

from __future__ import annotations

from geartrain import config
from geartrain.graph.shapes import axis_index, public
from geartrain.ops.activation import log_sigmoid, log_softmax
from geartrain.ops.arithmetic import add, clip, divide, multiply, negative, subtract
from geartrain.ops.creation import one_hot
from geartrain.ops.operands import Tensor, as_float, dtype_of, extents_of, operand, rank_of
from geartrain.ops.reductions import sum
from geartrain.ops.shaping import squeeze
from geartrain.ops.transcendental import log

__all__ = ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"]


def _clipped(probabilities: Tensor) -> Tensor:
    return clip(probabilities, config.epsilon(), 1 - config.epsilon())


def _log_probabilities(output: Tensor, from_logits: bool, axis: int) -> Tensor:
    if from_logits:
        return log_softmax(output, axis)
    return log(_clipped(divide(output, sum(output, axis, keepdims=True))))


def _mismatch(who: str, expected: str, target: Tensor, output: Tensor, remedy: str) -> ValueError:
    shapes = public(extents_of(target)), public(extents_of(output))
    return ValueError(
        f"{who}: expected {expected}. Received: target of shape {shapes[0]}, output of shape "
        f"{shapes[1]}. {remedy}"
    )


def categorical_crossentropy(
    target: Tensor, output: Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """`-sum(target * log(output))` along the axis of the classes.

    Args:
        target: probabilities of the classes, such as one-hot vectors, of the output's shape.
        output: predicted probabilities, such as (samples, classes); they are scaled to sum 1.
        from_logits: whether the output is logits, of which probabilities are the softmax.
        axis: the axis of the classes.

    Returns a tensor without that axis.

    Raises ValueError unless the shapes are equal, of rank 1 or more.

    >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).round(4)
    array([0.6931], dtype=float32)
    """
    target, output = operand(target), as_float(output)
    if extents_of(target) != extents_of(output) or not rank_of(output):
        raise _mismatch(
            "categorical_crossentropy", "tensors of one shape, of rank 1 or more", target, output,
            "If the target holds class numbers, use sparse_categorical_crossentropy.",
        )  # fmt: skip
    return negative(sum(multiply(target, _log_probabilities(output, from_logits, axis)), axis))


def sparse_categorical_crossentropy(
    target: Tensor, output: Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """`-log(output[target])`: the crossentropy of one right class for each sample.

    Args:
        target: class numbers, of the output's shape without the axis of the classes, or with 1
            there. The loss of a number that is no class is 0.
        output: predicted probabilities, such as (samples, classes); they are scaled to sum 1.
        from_logits: whether the output is logits, of which probabilities are the softmax.
        axis: the axis of the classes.

    Returns a tensor of the target's shape.

    Raises ValueError for a target of another shape, or an output of rank 0.

    >>> sparse_categorical_crossentropy([1, 0], [[0.5, 0.5], [1.0, 0.0]]).round(4)
    array([0.6931, 0.    ], dtype=float32)
    """
    who = "sparse_categorical_crossentropy"
    target, output = operand(target, "int32"), as_float(output)
    if not rank_of(output):
        raise ValueError(f"{who}: expected an output of rank 1 or more. Received: shape ()")
    place = axis_index(axis, rank_of(output), who)
    extents = extents_of(output)
    if rank_of(target) == len(extents):
        single = [one for one in (place, -1) if extents_of(target)[one] == 1]
        target = squeeze(target, single[0]) if single else target
    if extents_of(target) != extents[:place] + extents[place + 1 :]:
        raise _mismatch(
            who, "the target to be of the output's shape without the axis of the classes",
            target, output, "If the target holds one-hot vectors, use categorical_crossentropy.",
        )  # fmt: skip
    classes = extents[place]
    if not isinstance(classes, int):
        raise ValueError(f"{who}: expected a known number of classes. Received: axis={axis}")
    chosen = one_hot(target, classes, place, dtype_of(output))
    return negative(sum(multiply(chosen, _log_probabilities(output, from_logits, place)), place))


def binary_crossentropy(target: Tensor, output: Tensor, from_logits: bool = False) -> Tensor:
    """`-(target * log(output) + (1 - target) * log(1 - output))`, element by element.

    Args:
        target: 0 or 1, or probabilities in between, of the output's shape.
        output: predicted probabilities of 1.
        from_logits: whether the output is logits, of which probabilities are the sigmoid.

    Returns a tensor of the output's shape.

    Raises ValueError unless the shapes are equal.

    >>> binary_crossentropy([1.0, 0.0], [0.5, 0.5]).round(4)
    array([0.6931, 0.6931], dtype=float32)
    """
    output = as_float(output)
    target = operand(target, dtype_of(output))
    if extents_of(target) != extents_of(output):
        raise _mismatch(
            "binary_crossentropy", "tensors of one shape", target, output,
            "Reshape one of them, or add an axis with ops.expand_dims.",
        )  # fmt: skip
    if from_logits:
        log_one, log_zero = log_sigmoid(output), log_sigmoid(negative(output))
    else:
        output = _clipped(output)
        log_one, log_zero = log(output), log(subtract(1, output))
    return negative(add(multiply(target, log_one), multiply(subtract(1, target), log_zero)))
