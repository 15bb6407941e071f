"""Random graphs of all kinds of ops and dtypes, for the differential test.

A graph grows from leaves (floats with and without a batch axis, whole numbers, truth values) by
random ops. What decides between alternatives (a comparison, an index) is computed from values that
both executors know exactly, so that a last bit never becomes a different answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geartrain import ops
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH

SIZES = (1, 2, 3, 4, 5, 7, 8, 16, 17, 19, 33)
FLOATS = ("float32",) * 5 + ("float64", "bfloat16", "float16")
INTEGERS = ("int32", "int64", "uint8", "int8", "int16", "uint16", "uint32")


@dataclass
class Graph:
    """A graph, its leaves and its outputs.

    Attributes:
        seed: of the random choices.
        dtype: of its floats.
        leaves: the placeholders.
        outputs: what to compare.
        values: the float outputs that a gradient can be taken of.
    """

    seed: int
    dtype: str
    leaves: list[Node]
    outputs: list[Node]
    values: list[Node]


class Growing:
    """A graph that grows by random ops."""

    def __init__(self, seed: int, dtype: str | None) -> None:
        self.random = np.random.default_rng([seed, 7])
        own = FLOATS[self.pick(len(FLOATS))]
        self.dtype = dtype or own
        self.leaves: list[Node] = []
        rank = 1 + self.pick(3)
        self.shape = tuple(self.size() for _ in range(rank))
        self.floats = [self.leaf((BATCH, *self.shape)), self.leaf(self.shape)]
        kind = INTEGERS[self.pick(len(INTEGERS))]
        self.integers = [self.leaf((BATCH, *self.shape), kind), self.leaf(self.shape, kind)]
        self.truths = [self.leaf((BATCH, *self.shape), "bool")]

    def pick(self, count: int) -> int:
        return int(self.random.integers(count))

    def size(self) -> int:
        return int(self.random.choice(SIZES))

    def leaf(self, shape, dtype=None) -> Node:
        made = placeholder(shape, dtype or self.dtype, f"x{len(self.leaves)}")
        self.leaves.append(made)
        return made

    def any_float(self) -> Node:
        if self.random.random() < 0.6:
            return self.floats[-1]
        return self.floats[self.pick(len(self.floats))]

    def partner(self, x: Node, pool: list[Node]) -> Node:
        fitting = [one for one in pool if one.extents == x.extents]
        return fitting[self.pick(len(fitting))] if fitting else x

    def condition(self, shape) -> Node | None:
        """A truth value that is known exactly, for a tensor of this shape."""
        fitting = [one for one in self.truths if one.extents == shape]
        return fitting[self.pick(len(fitting))] if fitting else None

    def grow(self, turns: int) -> None:
        steps = (
            self.unary, self.binary, self.view, self.view, self.fold, self.product, self.window,
            self.choose, self.look_up, self.add_up, self.of_integers, self.of_truths, self.join,
        )  # fmt: skip
        for _ in range(turns):
            steps[self.pick(len(steps))]()

    def add(self, made: Node) -> None:
        small = np.prod([n for n in made.extents if isinstance(n, int)], initial=1) < 20_000
        if made.ndim <= 5 and small:
            self.floats.append(made)

    # -- floats -----------------------------------------------------------------------------------

    def unary(self) -> None:
        x = self.any_float()
        functions = (
            ops.relu, ops.tanh, ops.sigmoid, ops.softplus, ops.negative, ops.abs, ops.sin, ops.cos,
            ops.erf, ops.silu, ops.softsign, ops.arctan, ops.elu, ops.relu6, ops.hard_sigmoid,
            lambda v: ops.exp(ops.minimum(v, 2.0)), lambda v: ops.sqrt(ops.abs(v) + 1),
            lambda v: ops.rsqrt(ops.square(v) + 1), lambda v: ops.log(ops.abs(v) + 1),
            lambda v: ops.clip(v, -1.0, 1.5), lambda v: v * 0.5 + 1, lambda v: ops.power(v, 2),
            lambda v: ops.expm1(ops.minimum(v, 1.0)), lambda v: ops.log1p(ops.abs(v)),
            lambda v: ops.reciprocal(ops.abs(v) + 0.5), lambda v: ops.arcsinh(v),
            lambda v: ops.power(ops.abs(v) + 0.5, 1.5), lambda v: ops.leaky_relu(v),
        )  # fmt: skip
        self.add(functions[self.pick(len(functions))](x))

    def binary(self) -> None:
        x = self.any_float()
        y = self.partner(x, self.floats)
        functions = (
            ops.add, ops.subtract, ops.multiply, ops.maximum, ops.minimum, ops.hypot,
            lambda a, b: a / (ops.abs(b) + 1), lambda a, b: ops.logaddexp(a, b), ops.arctan2,
            lambda a, b: ops.divide_no_nan(a, ops.relu(b) + 0.25),
        )  # fmt: skip
        self.add(functions[self.pick(len(functions))](x, y))

    def view(self) -> None:
        x = self.any_float()
        if x.ndim == 0:
            self.add(ops.broadcast_to(x, (3, 2)))
            return
        axis = self.pick(x.ndim)
        size = x.extents[axis]
        known = isinstance(size, int)
        kind = self.pick(11)
        if kind == 0:
            self.add(ops.transpose(x, tuple(int(n) for n in self.random.permutation(x.ndim))))
        elif kind == 1:
            self.add(ops.flip(x, axis=axis))
        elif kind == 2:
            widths = [(0, 0)] * x.ndim
            widths[axis] = (self.pick(3), self.pick(3))
            self.add(ops.pad(x, widths, constant_values=0.5 if self.pick(2) else 0.0))
        elif kind == 3 and known and size > 2:
            step = (1, 2, 3, -1, -2)[self.pick(5)]
            part = slice(size - 1, None if self.pick(2) else 0, step)
            if step > 0:
                part = slice(self.pick(2), size - self.pick(2), step)
            self.add(x[(slice(None),) * axis + (part,)])
        elif kind == 4:
            self.add(ops.expand_dims(x, axis))
        elif kind == 5 and all(isinstance(n, int) for n in x.extents[1:]):
            self.add(ops.reshape(x, (-1, *x.extents[2:], x.extents[1])) if x.ndim > 1 else x + 1)
        elif kind == 6 and known:
            self.add(ops.repeat(x, 2, axis=axis))
        elif kind == 7 and known:
            self.add(ops.roll(x, self.pick(4), axis=axis))
        elif kind == 8 and known and size:
            self.add(x[(slice(None),) * axis + (int(self.pick(size)) - size,)])
        elif kind == 9 and x.ndim >= 2 and all(isinstance(n, int) for n in x.extents[-2:]):
            self.add((ops.tril, ops.triu)[self.pick(2)](x, self.pick(3) - 1))
        elif kind == 10 and known and size > 1:
            self.add(ops.split(x, [1 + self.pick(size - 1)], axis=axis)[self.pick(2)])

    def join(self) -> None:
        x = self.any_float()
        if x.ndim:
            y = self.partner(x, self.floats)
            axis = self.pick(x.ndim)
            stack = self.pick(2)
            self.add(ops.stack([x, y], axis=axis) if stack else ops.concatenate([x, y], axis=axis))

    def fold(self) -> None:
        x = self.any_float()
        if x.ndim == 0:
            return
        axis = self.pick(x.ndim)
        filled = isinstance(x.extents[axis], int) and x.extents[axis] > 0
        kind = self.pick(11)
        keep = bool(self.pick(2))
        if kind < 2:
            self.add(ops.mean(x, axis=axis, keepdims=keep))
        elif kind == 2:
            self.add(ops.sum(ops.tanh(x), axis=axis, keepdims=keep))
        elif kind == 3 and filled:
            self.add((ops.max, ops.min)[self.pick(2)](x, axis=axis, keepdims=keep))
        elif kind == 4 and filled:
            self.add((ops.softmax, ops.log_softmax)[self.pick(2)](x, axis=axis))
        elif kind == 5 and filled:
            self.add(ops.logsumexp(x, axis=axis, keepdims=keep))
        elif kind == 6 and filled:
            self.add(ops.prod(ops.tanh(x) + 1.0, axis=axis, keepdims=keep))
        elif kind == 7 and filled:
            self.add(ops.var(x, axis=axis, keepdims=keep))
        elif kind == 8 and filled and x.ndim > 1:
            self.add(ops.layer_normalization(x, axis=-1) if x.extents[-1] != BATCH else x * 2)
        elif kind == 9:
            self.add(ops.mean(x * x))
        elif kind == 10 and filled:
            self.add(ops.cumsum(ops.tanh(x), axis=axis))

    def product(self) -> None:
        x = self.any_float()
        if x.ndim < 2 or not isinstance(x.extents[-1], int):
            return
        kind, depth = self.pick(4), x.extents[-1]
        scale = 1.0 / max(1, depth) ** 0.5
        if kind == 0:
            axes = [*range(x.ndim - 2), x.ndim - 1, x.ndim - 2]
            self.add(ops.matmul(x, ops.transpose(x, axes)) * scale)
        elif kind == 1 and BATCH in x.extents[:1]:
            self.add(ops.tensordot(x, x, [[0], [0]]) * 0.1 if x.ndim == 2 else x * 0.5)
        elif kind == 2:
            self.add(ops.einsum("...i,i->...", x, self.leaf((depth,))) * scale)
        else:
            self.add(ops.matmul(x, self.leaf((depth, self.size()))) * scale)

    def window(self) -> None:
        x = self.any_float()
        if not 3 <= x.ndim <= 4 or not all(isinstance(n, int) and n for n in x.extents[1:]):
            return
        rank = x.ndim - 2
        padding = ("same", "valid")[self.pick(2)]
        strides = tuple(1 + self.pick(2) for _ in range(rank))
        window = tuple(1 + self.pick(min(3, n)) for n in x.extents[1:-1])
        kind, depth = self.pick(4), x.extents[-1]
        if kind == 0:
            self.add(ops.max_pool(x, window, strides, padding))
        elif kind == 1:
            self.add(ops.average_pool(x, window, strides, padding))
        elif kind == 2:
            kernel = self.leaf((*window, depth, 1 + self.pick(9)))
            self.add(ops.conv(x, kernel, strides, padding) * 0.2)
        else:
            kernel = self.leaf((*window, depth, 1 + self.pick(2)))
            self.add(ops.depthwise_conv(x, kernel, strides[0], padding) * 0.2)

    # -- with whole numbers and truth values ------------------------------------------------------

    def choose(self) -> None:
        x = self.any_float()
        condition = self.condition(x.extents)
        if condition is not None:
            self.add(ops.where(condition, x, self.partner(x, self.floats) * 2))

    def indices(self, size: int) -> Node:
        """Whole numbers from 0 to size - 1."""
        source = self.integers[self.pick(2)]
        return ops.mod(ops.cast(source, "int32"), size)

    def look_up(self) -> None:
        x = self.any_float()
        axes = [n for n, size in enumerate(x.extents) if isinstance(size, int) and size]
        if not axes:
            return
        axis = axes[self.pick(len(axes))]
        places = self.indices(x.extents[axis])
        if self.pick(3) == 0:
            self.add(ops.take(self.leaf((7, 3)), ops.mod(places, 7), axis=0))
        elif places.ndim + x.ndim <= 5:
            self.add(ops.take(x, places, axis=axis))
        else:
            self.add(ops.cast(ops.one_hot(ops.mod(places, 5), 5), self.dtype) * 0.5)

    def add_up(self) -> None:
        x = self.any_float()
        if x.ndim and isinstance(x.extents[0], int) and x.extents[0]:
            places = self.leaf((x.extents[0],), "int32")
            self.add(ops.segment_sum(x, ops.mod(places, 5), num_segments=5))

    def of_integers(self) -> None:
        x = self.integers[self.pick(len(self.integers))]
        y = self.partner(x, self.integers)
        kind = self.pick(9)
        functions = (
            ops.add, ops.subtract, ops.multiply, ops.maximum, ops.minimum,
            lambda a, b: ops.floor_divide(a, ops.maximum(b, 1)),
            lambda a, b: ops.mod(a, ops.maximum(b, 1)),
        )  # fmt: skip
        if kind < len(functions):
            made = functions[kind](x, y)
            self.integers.append(made)
            self.truths.append((ops.less, ops.greater_equal, ops.equal)[self.pick(3)](x, y))
        elif kind == 7 and x.ndim:
            self.outputs_only(ops.sum(x, axis=self.pick(x.ndim)))
            if isinstance(x.extents[-1], int):
                self.outputs_only(ops.argmax(x, axis=-1), ops.max(x, axis=-1), ops.sort(x, axis=-1))
        else:
            self.add(ops.cast(x, self.dtype) * (1 / 64))

    def of_truths(self) -> None:
        x = self.truths[self.pick(len(self.truths))]
        y = self.partner(x, self.truths)
        functions = (ops.logical_and, ops.logical_or, ops.logical_xor)
        self.truths.append(functions[self.pick(3)](ops.logical_not(x), y))
        axis = self.pick(x.ndim)
        self.outputs_only((ops.any, ops.all)[self.pick(2)](x, axis=axis))
        self.add(ops.cast(x, self.dtype))
        # a leaf's comparisons are exact too
        self.truths.append(self.floats[0] > 0.25)

    def outputs_only(self, *made: Node) -> None:
        self.extra = [*getattr(self, "extra", []), *made]


def grown(seed: int, dtype: str | None = None) -> Graph:
    """The random graph of a seed; with floats of another dtype if that is asked for."""
    growing = Growing(seed, dtype)
    growing.grow(4 + growing.pick(12))
    values = [one for one in growing.floats[-2:] if one.op is not None]
    exact = [growing.integers[-1], growing.truths[-1], *getattr(growing, "extra", [])]
    return Graph(seed, growing.dtype, growing.leaves, [*values, *exact], values)
