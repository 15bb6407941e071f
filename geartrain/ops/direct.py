"""Depthwise convolutions as programs compute them: sums of shifted tensors, not matrix products.

A gemm pays by reuse: each element meets every column of the other operand. In a depthwise
convolution a channel meets its own filter alone, a single column, and packing windows for it costs
more than the products. What is left to do, with vectors along channels c and k in a window, is

    forward, dx    y[b, i, c] = sum over k of x[b, i + k, c] * w[k, c]       shifts, added up
    dw             w[k, c] = sum over b, i of x[b, i + k, c] * g[b, i, c]    a reduce for each k

A graph says `contract`, whose gradient is simple; a rule rewrites it when it is compiled.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from geartrain.graph.contraction import spec_of
from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent, Shape
from geartrain.ops.elementwise import add, multiply
from geartrain.ops.folds import contract, sum_
from geartrain.ops.views import concatenate, expand, permute, reshape, slice_
from geartrain.ops.windows import window

MOST_TAPS = 64  # places of a window that are written out: 7 x 7, and some more
MOST_COLUMNS = 2  # filters for a channel: with more, there is reuse
LEAST_CHANNELS = 8  # enough for a vector


def direct_convolution(node: Node) -> Node | None:
    """What a contraction is written out as; None where a matrix product is better."""
    if node.op is not contract or node.dtype not in ("float32", "float64"):
        return None
    spec = spec_of(node)
    out = spec.out
    operands = [_Operand(node.sources[0], spec.left), _Operand(node.sources[1], spec.right)]
    size = {**operands[0].size, **operands[1].size}
    for images, other in (operands, operands[::-1]):
        if not _is_window(images.node):
            continue
        channels = [label for label in out if label in images.labels and label in other.labels]
        columns = [label for label in other.labels if label not in images.labels]
        if _count(size, channels) < LEAST_CHANNELS or _count(size, columns) > MOST_COLUMNS:
            continue
        summed = [label for label in images.labels if label not in out]
        own = [label for label in images.labels if label not in other.labels]
        if _count(size, summed) <= MOST_TAPS:
            return _forward(images, other, out, size, summed)
        if _count(size, own) <= MOST_TAPS:
            return _kernel_gradient(images, other, out, size, own)
    return None


def _is_window(node: Node) -> bool:
    """Whether a node is a view of windows, flipped or not."""
    return node.op is window or (node.op is slice_ and _is_window(node.sources[0]))


def _count(size: dict[str, Extent], labels: Iterable[str]) -> float:
    """How many elements some axes have together; infinity if that is not known."""
    total = 1
    for label in labels:
        extent = size[label]
        if not isinstance(extent, int):
            return float("inf")
        total *= extent
    return total


@dataclass(frozen=True)
class _Operand:
    """An operand of a contraction, its axes labelled."""

    node: Node
    labels: str

    @property
    def size(self) -> dict[str, Extent]:
        return dict(zip(self.labels, self.node.extents, strict=True))

    def at(self, place: dict[str, int]) -> _Operand:
        """One place along some axes, which disappear."""
        cut = [(label, place.get(label)) for label in self.labels]
        kept = "".join(label for label, at in cut if at is None)
        if kept == self.labels:
            return self
        part = slice_(
            self.node, start=tuple(at or 0 for _, at in cut), step=(1,) * len(cut),
            length=tuple(self.size[label] if at is None else 1 for label, at in cut),
        )  # fmt: skip
        return _Operand(_view(reshape, part, tuple(self.size[label] for label in kept)), kept)

    def over(self, labels: str, extents: Shape) -> Any:
        """The tensor over these axes: in their order, stretched along those that it lacks."""
        order = sorted(range(len(self.labels)), key=lambda axis: labels.index(self.labels[axis]))
        turned = self.node
        if order != sorted(order):
            turned = _view(permute, turned, tuple(order))
        own = tuple(self.size.get(label, 1) for label in labels)
        return _view(expand, _view(reshape, turned, own), extents)


def _view(op: Any, node: Any, parameter: tuple[Any, ...]) -> Any:
    """A view of a node by its one parameter, which is the shape of all but `permute`."""
    if op is permute:
        return permute(node, order=parameter)
    return node if node.extents == parameter else op(node, shape=parameter)


def _forward(
    images: _Operand, kernel: _Operand, out: str, size: dict[str, Extent], taps: Sequence[str]
) -> Node:
    """The shifted images, each times its weight, added up."""
    extents = tuple(size[label] for label in out)
    products: Iterator[Any] = (
        multiply(images.at(place).over(out, extents), kernel.at(place).over(out, extents))
        for place in _places(size, taps)
    )
    total: Node = reduce(add, products)
    return total


def _kernel_gradient(
    images: _Operand, slope: _Operand, out: str, size: dict[str, Extent], taps: Sequence[str]
) -> Node:
    """For each place in a window a sum over all windows."""
    loops = [label for label in images.labels if label not in taps]
    loops += [label for label in slope.labels if label not in images.labels]
    axes = tuple(axis for axis, label in enumerate(loops) if label not in out)
    kept = "".join(label for label in loops if label in out)
    over, extents = "".join(loops), tuple(size[label] for label in loops)
    shape = tuple(1 if label in taps else size[label] for label in out)
    sums = []
    for place in _places(size, taps):
        products = multiply(images.at(place).over(over, extents), slope.over(over, extents))
        sums.append(_Operand(sum_(products, axes=axes), kept).over(out, shape))
    return _stacked(sums, [(out.index(label), size[label]) for label in taps])


def _places(size: dict[str, Extent], taps: Sequence[str]) -> Iterator[dict[str, int]]:
    """The places in a window, one after the other."""
    for place in itertools.product(*(range(size[label]) for label in taps)):  # type: ignore[arg-type]
        yield dict(zip(taps, place, strict=True))


def _stacked(parts: list[Node], axes: list[tuple[int, Any]]) -> Node:
    """The parts side by side, along the last axis first."""
    for axis, count in reversed(axes):
        starts = range(0, len(parts), count)
        parts = [concatenate(*parts[first : first + count], axis=axis) for first in starts]
    (whole,) = parts
    return whole
