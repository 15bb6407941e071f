"""Random bits by counter: the primitive under every random number.

Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011):
the bits at a position are a fixed function of the key and the position. So they do not depend on
threads, on the order of evaluation, or on what else was drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from geartrain.graph.affine import Affine, Index, offset_of
from geartrain.graph.node import Node
from geartrain.graph.op import Lookup, Op, Sample
from geartrain.graph.shapes import BATCH, Dim, Shape, Spec, divide, product, public

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def threefry(key: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, ...]:
    """Two uint32 words for each pair of counters."""
    keys = (key[0], key[1], np.uint32(key[0] ^ key[1] ^ np.uint32(0x1BD11BDA)))
    x, y = first + keys[0], second + keys[1]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x = x + y
            y = (y << np.uint32(rotation)) | (y >> np.uint32(32 - rotation))
            y = y ^ x
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + np.uint32(group + 1)
    return x, y


def _infer(key: Spec, shape: Shape) -> Spec:
    if key != Spec((2,), "uint32"):
        raise ValueError(
            f"random_bits: expected a key of shape (2,), dtype uint32. "
            f"Received: shape {public(key.shape)}, dtype {key.dtype}"
        )
    return Spec(shape, "uint32")


def _reference(key: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    size = math.prod(shape)
    pairs = -(-size // 2)
    counters = np.arange(pairs, dtype=np.uint64)
    low, high = counters.astype(np.uint32), (counters >> np.uint64(32)).astype(np.uint32)
    words = np.stack(threefry(key, low, high), axis=-1)
    return words.reshape(-1)[:size].reshape(shape)


def _element(expression: Any, node: Node, index: Index) -> Any:
    """The reference in code: the word of the element's place in the tensor."""
    return _word(expression, node, expression.affine(offset_of(index, node.extents)))


def _word(expression: Any, node: Node, place: Any) -> Any:
    """The bits at a place, with the key that is a node's first source."""
    b, key = expression.builder, node.sources[0]
    pair = b.bits("lshr", place, b.constant(1, "int64"))
    high = b.bits("lshr", pair, b.constant(32, "int64"))
    keys = [expression.read(key, [Affine(number)]) for number in (0, 1)]
    parity = b.constant(0x1BD11BDA, "uint32")
    keys.append(b.bits("xor", b.bits("xor", keys[0], keys[1]), parity))
    x = b.add(b.convert(pair, "uint32"), keys[0])
    y = b.add(b.convert(high, "uint32"), keys[1])
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x = b.add(x, y)
            left = b.bits("shl", y, b.constant(rotation, "uint32"))
            right = b.bits("lshr", y, b.constant(32 - rotation, "uint32"))
            y = b.bits("xor", b.bits("or", left, right), x)
        x = b.add(x, keys[(group + 1) % 3])
        y = b.add(b.add(y, keys[(group + 2) % 3]), b.constant(group + 1, "uint32"))
    odd = b.bits("and", place, b.constant(1, "int64"))
    return b.select(b.compare("eq", odd, b.constant(0, "int64")), x, y)


def _samples() -> Iterable[Sample]:
    key = np.array([1, 2], np.uint32)
    yield Sample((key,), {"shape": (3, 5)})
    yield Sample((key,), {"shape": ()})


def _part(node: Node, first: Node, total: Node) -> Node:
    """The bits of some rows, which are those that the whole batch has there."""
    (axis,) = (axis for axis, extent in enumerate(node.extents) if isinstance(extent, Dim))
    width = divide(product(node.extents[axis:]), BATCH)
    return bits_of_rows.node(
        node.sources[0], first, total, shape=node.extents, axis=axis, width=width
    )


random_bits: Op = Op(
    "random_bits", _infer, _reference, None, Lookup(_element, cost=100), _samples,
    differentiable=False, part=_part,
)  # fmt: skip


def _rows_reference(
    key: np.ndarray, first: np.ndarray, total: np.ndarray, shape: tuple[int, ...], axis: int,
    width: int,
) -> np.ndarray:  # fmt: skip
    outer, inner = math.prod(shape[:axis]), math.prod(shape[axis:])
    blocks = np.arange(outer, dtype=np.uint64)[:, None] * np.uint64(int(total) * width)
    start = int(first) * width
    places: Any = blocks + np.arange(start, start + inner, dtype=np.uint64)
    pairs = places >> np.uint64(1)
    low, high = pairs.astype(np.uint32), (pairs >> np.uint64(32)).astype(np.uint32)
    words = threefry(key, low, high)
    return np.where(places & np.uint64(1), words[1], words[0]).reshape(shape)


def _rows_element(expression: Any, node: Node, index: Index) -> Any:
    """The reference in code, as if the rows lay among those of the whole batch."""
    b, (_, first, total) = expression.builder, node.sources
    axis, width = node.params["axis"], b.constant(node.params["width"], "int64")
    place = expression.affine(offset_of(index[axis:], node.extents[axis:]))
    place = b.add(place, b.mul(expression.read(first, []), width))
    if axis:
        block = expression.affine(offset_of(index[:axis], node.extents[:axis]))
        place = b.add(place, b.mul(block, b.mul(expression.read(total, []), width)))
    return _word(expression, node, place)


def _rows_samples() -> Iterable[Sample]:
    key, numbers = np.array([1, 2], np.uint32), [np.array(size, np.int64) for size in (2, 7)]
    yield Sample((key, *numbers), {"shape": (3, 5), "axis": 0, "width": 5})
    yield Sample((key, *numbers), {"shape": (2, 3, 3), "axis": 1, "width": 3})


# The random bits of some rows of a batch: of `total` rows, those from number `first` on. Along
# `axis` and behind it, a row has `width` elements.
bits_of_rows: Op = Op(
    "bits_of_rows", lambda key, first, total, shape, axis, width: _infer(key, shape),
    _rows_reference, None, Lookup(_rows_element, cost=100), _rows_samples, differentiable=False,
    part=lambda node, first, total: node,
)  # fmt: skip
