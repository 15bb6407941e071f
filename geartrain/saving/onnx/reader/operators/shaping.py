"""Operators that give the same values another shape or order, and shapes themselves.

`Place.transposed` and `reshaped` are the only two ways to rearrange a tensor: they see what came
before, so that what undoes itself leaves nothing.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from geartrain import layers, ops
from geartrain.graph.node import Node
from geartrain.graph.shapes import (
    Dim,
    Shape,
    axis_index,
    divide,
    holds_dim,
    product,
    public,
)
from geartrain.ops.operands import extents_of
from geartrain.saving.onnx.reader.place import Place, policy
from geartrain.saving.onnx.reader.table import operator
from geartrain.saving.onnx.reader.tensors import Stored
from geartrain.saving.onnx.reader.values import (
    Filled,
    Initial,
    holds_unknown,
    settled,
    sizes_array,
)


def shape_of(value: Any) -> Shape:
    """The sizes of any value."""
    return extents_of(value) if isinstance(value, Node) else tuple(value.shape)


def dtype_of_any(value: Any) -> str:
    """The dtype of any value."""
    return value.number.dtype.name if isinstance(value, Filled) else str(value.dtype)


def reshaped(at: Place, x: Node, new: Shape) -> Node:
    """The values in another shape; a shape of a shape becomes one."""
    if x in at.builder.permuted:
        pushed = _before_order(at, x, new)
        if pushed is not None:
            return pushed
    x = at.builder.reshaped.get(x, x)
    if extents_of(x) == new:
        return x
    made = _reshape(at, x, new)
    at.builder.reshaped[made] = x
    return made


def _before_order(at: Place, x: Node, new: Shape) -> Node | None:
    """A new shape of the axes that an order left last is taken before that order."""
    source, order = at.builder.permuted[x]
    old, inner = extents_of(x), extents_of(source)
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    for kept in range(same, 0, -1):
        if order[kept:] == tuple(range(kept, len(old))):
            made = reshaped(at, source, (*inner[:kept], *new[kept:]))
            return at.transposed(made, (*order[:kept], *range(kept, len(new))))
    return None


def _reshape(at: Place, x: Node, new: Shape) -> Node:
    old = extents_of(x)
    unknown = [isinstance(size, Dim) for size in new]
    if new and old and new[0] == old[0] and sum(unknown[1:]) <= 1:
        if len(new) == 2 and len(old) > 2:
            return at.layer(layers.Flatten, data_format="channels_last", dtype=policy(x))(x)
        target = tuple(-1 if isinstance(size, Dim) else size for size in new[1:])
        return at.layer(layers.Reshape, target_shape=target, dtype=policy(x))(x)
    if sum(unknown) <= 1:
        return ops.reshape(x, tuple(-1 if isinstance(size, Dim) else size for size in new))
    if [size for size in old if size != 1] == [size for size in new if size != 1]:
        bare = ops.squeeze(x, tuple(i for i, n in enumerate(old) if n == 1)) if 1 in old else x
        added = tuple(i for i, n in enumerate(new) if n == 1)
        return ops.expand_dims(bare, added) if added else bare
    return at.builder.sized("reshape", [x], new)


def _rearranged(at: Place, value: Any, function: Any) -> Any:
    """`function` of a tensor; of an array the same, and of `Filled` its new shape."""
    if isinstance(value, np.ndarray):
        return settled(function(value))
    return at.compute(function, value)


@operator("Shape")
def shape(at: Place, x: Any, *, start: int = 0, end: int | None = None) -> Any:
    """The sizes of the axes."""
    return sizes_array(shape_of(x)[start:end])


@operator("Size")
def size(at: Place, x: Any) -> Any:
    """The number of elements."""
    return sizes_array([product(shape_of(x))]).reshape(())


@operator("Reshape")
def reshape(at: Place, x: Any, shape_: Any, *, allowzero: int = 0) -> Any:
    """Another shape: 0 keeps an axis, -1 is what is left over."""
    old = shape_of(x)
    wanted = at.freed(at.sizes(shape_, "the shape"), old)
    sizes = [
        old[axis] if size == 0 and not allowzero and axis < len(old) else size
        for axis, size in enumerate(wanted)
    ]
    return _to_shape(at, x, _completed(old, sizes))


def _completed(old: Shape, sizes: list[Any]) -> Shape:
    """The sizes with -1 replaced."""
    if sizes.count(-1) == 1:
        left = divide(product(old), product(size for size in sizes if size != -1))
        if left is None:
            raise ValueError(
                f"expected a shape for {product(old)} values, as shape {public(old)} has. "
                f"Received: {sizes}"
            )
        sizes = [left if size == -1 else size for size in sizes]
    new = tuple(sizes)
    if product(new) != product(old) or any(isinstance(n, int) and n < 0 for n in new):
        raise ValueError(
            f"expected a shape of {product(old)} values, as shape {public(old)} has. "
            f"Received: {sizes}"
        )
    return new


def _to_shape(at: Place, x: Any, new: Shape) -> Any:
    if isinstance(x, Filled):
        return Filled(x.number, new)
    if isinstance(x, np.ndarray):
        return x.reshape(new)
    if isinstance(x, Initial) and not at.builder.is_weight(x):
        return x.array().reshape(new)
    return reshaped(at, at.tensor(x), new)


@operator("Flatten")
def flatten(at: Place, x: Any, *, axis: int = 1) -> Any:
    """Two axes: all before `axis`, and all from it on."""
    old = shape_of(x)
    axis = axis + len(old) if axis < 0 else axis
    return _to_shape(at, x, (product(old[:axis]), product(old[axis:])))


@operator("Squeeze")
def squeeze(at: Place, x: Any, axes_: Any = None, *, axes: list | None = None) -> Any:
    """Axes of size 1 left out."""
    old = shape_of(x)
    chosen = at.numbers(axes_, "axes") if axes_ is not None else axes
    if chosen is None:
        chosen = [axis for axis, size in enumerate(old) if size == 1]
    gone = {axis_index(axis, len(old), "Squeeze") for axis in chosen}
    if any(old[axis] != 1 for axis in gone):
        raise ValueError(f"expected axes of size 1. Received: axes {chosen} of shape {public(old)}")
    if isinstance(x, Node) and x in at.builder.permuted:
        return _squeezed_before_order(at, x, gone)
    return _to_shape(at, x, tuple(size for axis, size in enumerate(old) if axis not in gone))


def _squeezed_before_order(at: Place, x: Node, gone: set[int]) -> Node:
    """The axes left out of what an order was applied to, so that both may undo others."""
    source, order = at.builder.permuted[x]
    out = {order[axis] for axis in gone}
    inner = tuple(size for axis, size in enumerate(extents_of(source)) if axis not in out)
    kept = [before for axis, before in enumerate(order) if axis not in gone]
    rank = {before: place for place, before in enumerate(sorted(kept))}
    return at.transposed(reshaped(at, source, inner), [rank[before] for before in kept])


@operator("Unsqueeze")
def unsqueeze(at: Place, x: Any, axes_: Any = None, *, axes: list | None = None) -> Any:
    """New axes of size 1."""
    chosen = at.numbers(axes_, "axes") if axes_ is not None else axes or []
    old = list(shape_of(x))
    rank = len(old) + len(chosen)
    for axis in sorted(axis_index(axis, rank, "Unsqueeze") for axis in chosen):
        old.insert(axis, 1)
    return _to_shape(at, x, tuple(old))


@operator("Transpose")
def transpose(at: Place, x: Any, *, perm: list | None = None) -> Any:
    """The axes in another order."""
    rank = len(shape_of(x))
    order = tuple(axis_index(axis, rank, "Transpose") for axis in perm or range(rank)[::-1])
    if sorted(order) != list(range(rank)):
        raise ValueError(f"expected an order of {rank} axes. Received: {list(order)}")
    if isinstance(x, Initial):
        return x.transposed(order)
    if isinstance(x, Filled):
        return Filled(x.number, tuple(x.shape[axis] for axis in order))
    return x.transpose(order) if isinstance(x, np.ndarray) else at.transposed(x, order)


@operator("Expand")
def expand(at: Place, x: Any, shape_: Any) -> Any:
    """Axes of size 1 repeated, and new ones in front."""
    old = shape_of(x)
    wanted = at.sizes(shape_, "the shape")
    rank = max(len(old), len(wanted))
    pairs = zip((1,) * (rank - len(old)) + old, (1,) * (rank - len(wanted)) + wanted, strict=True)
    new = tuple(own if other == 1 else other for own, other in pairs)
    if isinstance(x, Filled):
        return Filled(x.number, new)
    if new == old:
        return x
    if not holds_dim(old) and prod(old) == 1:
        known = x.array() if isinstance(x, Initial) and not at.builder.is_weight(x) else x
        if isinstance(known, np.ndarray) and not holds_unknown(known):
            return Filled(known.reshape(()), new)
    unknown = [isinstance(size, Dim) for size in new]
    if not any(unknown):
        return at.compute(lambda a: ops.broadcast_to(a, new), x)
    return at.builder.sized("broadcast_to", [at.builder.operand(x)], new)


@operator("ConstantOfShape")
def constant_of_shape(at: Place, shape_: Any, *, value: Stored | None = None) -> Any:
    """One number everywhere."""
    number = np.zeros((), np.float32) if value is None else value.array().reshape(())
    sizes = at.sizes(shape_, "the shape")
    if any(isinstance(n, int) and n < 0 for n in sizes):
        raise ValueError(f"expected sizes of at least 0. Received: {sizes}")
    if not holds_dim(sizes) and prod(sizes) <= 1 << 16:
        at.builder.spend(prod(sizes))
        return np.full(sizes, number)
    return Filled(number, sizes)


@operator("Range")
def number_range(at: Place, start: Any, limit: Any, delta: Any) -> Any:
    """Numbers from start to limit, delta apart."""
    if holds_unknown(limit):
        steps = [at.array(start, "start").item(), at.array(delta, "delta").item()]
        if steps != [0, 1]:
            raise ValueError(
                "expected a range from 0 in steps of 1 up to a size of run time. Received: start "
                f"{steps[0]}, delta {steps[1]}"
            )
        return at.builder.sized("arange", [], (limit.reshape(-1)[0],))
    first, last, step = (
        at.array(value, what).reshape(()) for value, what in
        ((start, "start"), (limit, "limit"), (delta, "delta"))
    )  # fmt: skip
    if step == 0:
        raise ValueError("expected steps other than 0. Received: 0")
    at.builder.spend(max(0, int(np.ceil((float(last) - float(first)) / float(step)))))
    return np.arange(first, last, step, dtype=first.dtype)


@operator("DepthToSpace")
def depth_to_space(at: Place, x: Any, *, blocksize: int, mode: str = "DCR") -> Any:
    """Blocks of channels become blocks of pixels."""
    batch, channels, high, wide = shape_of(at.tensor(x))
    size, inner = blocksize, divide(channels, blocksize**2)
    if inner is None or mode not in ("DCR", "CRD"):
        raise ValueError(f"expected channels in blocks of {size**2}. Received: {channels}, {mode}")
    if mode == "DCR":
        parts, order = (batch, size, size, inner, high, wide), (0, 3, 4, 1, 5, 2)
    else:
        parts, order = (batch, inner, size, size, high, wide), (0, 1, 4, 2, 5, 3)
    split_up = at.transposed(reshaped(at, x, parts), order)
    return reshaped(at, split_up, (batch, inner, high * size, wide * size))


@operator("SpaceToDepth")
def space_to_depth(at: Place, x: Any, *, blocksize: int, mode: str = "DCR") -> Any:
    """Blocks of pixels become blocks of channels."""
    batch, channels, high, wide = shape_of(at.tensor(x))
    size = blocksize
    rows, columns = divide(high, size), divide(wide, size)
    if rows is None or columns is None:
        raise ValueError(f"expected sizes in blocks of {size}. Received: {high}, {wide}")
    parts = reshaped(at, x, (batch, channels, rows, size, columns, size))
    if mode not in ("DCR", "CRD"):
        raise ValueError(f"expected a mode of DCR or CRD. Received: {mode!r}")
    moved = at.transposed(parts, (0, 3, 5, 1, 2, 4) if mode == "DCR" else (0, 1, 3, 5, 2, 4))
    return reshaped(at, moved, (batch, channels * (size * size), rows, columns))
