"""The table of rules, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from geartrain.saving.onnx.export.graph import Value

Written: TypeAlias = "Value | list[Value] | None"


class Rule(NamedTuple):
    """How a layer is said in ONNX's operators.

    Attributes:
        write: `(exporter, layer, *args, **kwargs)`, with the arguments of the layer's call.
        operators: what it writes, for the documentation.
        limits: when it declines, for the documentation.
    """

    write: Callable[..., Written]
    operators: str
    limits: str


RULES: dict[type, Rule] = {}


def rule(
    *classes: type, operators: str, limits: str = ""
) -> Callable[[Callable[..., Written]], Callable[..., Written]]:
    """Function decorator: enter a rule for some classes of layers."""

    def enter(write: Callable[..., Written]) -> Callable[..., Written]:
        for one in classes:
            assert one not in RULES, f"{one.__name__} has two rules"
            RULES[one] = Rule(write, operators, limits)
        return write

    return enter


def is_single(x: Any) -> bool:
    """Whether a tensor is of floats that runtimes have all operators for: not float64."""
    return x.dtype in ("float16", "bfloat16", "float32")


def channels_first(exporter: Any, x: Any, data_format: str) -> Value:
    """The value of a tensor with its channels on axis 1, where ONNX wants them."""
    value = exporter.value(x)
    if data_format == "channels_first":
        return value
    return exporter.graph.transpose(value, to_front(x.ndim))


def channels_back(exporter: Any, value: Value, rank: int, data_format: str) -> Value:
    """The value with its channels where the layer has them."""
    if data_format == "channels_first":
        return value
    return exporter.graph.transpose(value, (0, *range(2, rank), 1))


def with_channels_first(
    exporter: Any, layer: Any, x: Any, operator: str, *others: Any, **attributes: Any
) -> Value:
    """What an operator makes of a tensor, which it wants with the channels on axis 1."""
    front = channels_first(exporter, x, layer.data_format)
    made = exporter.graph.node(operator, front, *others, **attributes)
    return channels_back(exporter, made, x.ndim, layer.data_format)


def to_front(rank: int, axis: int = -1) -> tuple[int, ...]:
    """The order of the axes that brings one of them to the front, behind the batch."""
    axis %= rank
    return (0, axis, *(other for other in range(1, rank) if other != axis))


def kernel_first(filters: int, channels: int) -> Callable[[np.ndarray], np.ndarray]:
    """A kernel (*sizes, ...) with the axes `filters` and `channels` in front of its sizes."""

    def arranged(kernel: np.ndarray) -> np.ndarray:
        return np.moveaxis(kernel, (filters, channels), (0, 1))

    return arranged


def trailing(axes: Iterable[int], rank: int) -> int | None:
    """The first of some axes, if they are all from there to the last; else None."""
    found = sorted(axis % rank for axis in axes)
    return found[0] if found and found == list(range(found[0], rank)) else None
