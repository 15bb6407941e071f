"""Parts of tensors, and tensors joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain import layers, ops
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import (
    Dim,
    Extent,
    axis_index,
)
from geartrain.ops.operands import extents_of
from geartrain.saving.onnx.reader.operators.shaping import shape_of, squeeze
from geartrain.saving.onnx.reader.place import Place, policy
from geartrain.saving.onnx.reader.table import operator
from geartrain.saving.onnx.reader.values import (
    Filled,
    Initial,
    holds_unknown,
    settled,
)


def _alike(values: Sequence[Any]) -> bool:
    return all(isinstance(v, np.ndarray) for v in values) and any(map(holds_unknown, values))


@operator("Concat")
def concatenate(at: Place, *values: Any, axis: int) -> Any:
    """Tensors joined end to end."""
    if _alike(values):
        return settled(np.concatenate([v.astype(object) for v in values], axis))
    if all(isinstance(v, Filled) for v in values) and len({v.number.item() for v in values}) == 1:
        first = values[0]
        place = axis_index(axis, len(first.shape), "Concat")
        total: Extent = sum((v.shape[place] for v in values[1:]), first.shape[place])
        return Filled(first.number, (*first.shape[:place], total, *first.shape[place + 1 :]))
    if all(isinstance(v, Node) for v in values) and len(values) > 1:
        given, order = at.in_order(values)
        along = axis if order is None else order[axis]
        made = at.layer(layers.Concatenate, axis=along, dtype=policy(values[0]))(given)
        return made if order is None else at.transposed(made, order)
    return at.compute(lambda *xs: ops.concatenate(xs, axis=axis), *values)


@operator("Split")
def split(
    at: Place, x: Any, sizes: Any = None, *, axis: int = 0, split: list | None = None,
    num_outputs: int | None = None,
) -> Any:  # fmt: skip
    """Parts along an axis."""
    length = shape_of(x)[axis]
    parts = at.numbers(sizes, "split") if sizes is not None else split
    if parts is None:
        count = num_outputs or len(at.use.outputs)
        if not isinstance(length, int):
            raise ValueError(f"expected a known size to split. Received: {length}")
        whole = -(-length // count)
        parts = [min(whole, length - whole * n) for n in range(count)]
    if sum(parts) != length or min(parts) < 0:
        raise ValueError(f"expected parts of an axis of size {length}. Received: {parts}")
    edges = np.cumsum(parts)
    place = axis_index(axis, len(shape_of(x)), "Split")
    return tuple(
        _part(at, x, place, slice(int(end - size), int(end)))
        for size, end in zip(parts, edges, strict=True)
    )


def _part(at: Place, x: Any, axis: int, piece: Any) -> Any:
    """`x` with one axis cut, or taken at an index."""
    if isinstance(piece, int) and isinstance(x, Node) and extents_of(x)[axis] == 1:
        return squeeze(at, x, axes=[axis])
    return _parts(at, x, {axis: piece})


def _parts(at: Place, x: Any, pieces: dict[int, Any]) -> Any:
    rank = len(shape_of(x))
    key = tuple(pieces.get(axis, slice(None)) for axis in range(rank))
    if isinstance(x, np.ndarray):
        return settled(np.asarray(x[key]))
    if isinstance(x, Filled):
        cut = ops.get_item(placeholder(x.shape, "float32"), key)
        return Filled(x.number, extents_of(cut))
    return at.compute(lambda a: ops.get_item(a, key), x)


@operator("Slice")
def slice_(
    at: Place, x: Any, starts_: Any = None, ends_: Any = None, axes_: Any = None,
    steps_: Any = None, *, starts: list | None = None, ends: list | None = None,
    axes: list | None = None,
) -> Any:  # fmt: skip
    """Parts of axes, from starts to ends."""
    first = list(at.sizes(starts_, "starts")) if starts_ is not None else starts or []
    last = list(at.sizes(ends_, "ends")) if ends_ is not None else ends or []
    where = at.numbers(axes_, "axes") if axes_ is not None else axes or [*range(len(first))]
    steps = at.numbers(steps_, "steps") if steps_ is not None else [1] * len(first)
    if not len(first) == len(last) == len(where) == len(steps) or 0 in steps:
        raise ValueError(
            "expected as many starts as ends, axes and steps, and no step of 0. Received: "
            f"starts={first}, ends={last}, axes={where}, steps={steps}"
        )
    old = shape_of(x)
    pieces: dict[int, slice] = {}
    ends_known: dict[int, Extent] = {}
    for start, end, axis, step in zip(first, last, where, steps, strict=True):
        place = axis_index(axis, len(old), "Slice")
        start, end = _from_end(start, old[place]), _from_end(end, old[place])
        if isinstance(start, Dim):
            raise ValueError(f"expected starts as numbers. Received: {start}")
        if isinstance(end, Dim) and end != old[place]:
            if start or step != 1:
                raise ValueError(f"expected a slice from 0 in steps of 1 to {end}")
            ends_known[place] = end
            continue
        stop = None if isinstance(end, Dim) or end >= 1 << 31 or end < -(1 << 31) + 2 else end
        whole = step < 0 and (start == -1 or start >= 1 << 31)  # from the end, whatever the size
        pieces[place] = slice(None if whole else start, stop, step)
    if ends_known:
        sizes = tuple(ends_known.get(axis, size) for axis, size in enumerate(old))
        x = at.builder.sized("slice", [at.tensor(x)], sizes)
    return _parts(at, x, pieces) if pieces else x


def _from_end(place: Extent, size: Extent) -> Extent:
    """A place that is told by the size of its axis as one that counts from the end."""
    if isinstance(place, Dim) and isinstance(distance := place - size, int) and distance < 0:
        return distance
    return place


@operator("Gather")
def gather(at: Place, x: Any, indices: Any, *, axis: int = 0) -> Any:
    """Parts at indices; the layer `Embedding` where a table of weights is read."""
    table = at.builder.is_weight(x) and len(x.shape) == 2 and axis == 0
    if table and isinstance(indices, Node) and x.name not in at.builder.tied:
        rows, columns = x.shape
        made = at.layer(
            layers.Embedding, {"embeddings": (x, None)}, input_dim=rows, output_dim=columns,
            dtype=x.dtype,
        )  # fmt: skip
        return made(indices)
    place = axis_index(axis, len(shape_of(x)), "Gather")
    known = indices.array() if isinstance(indices, Initial) else indices
    if isinstance(known, np.ndarray) and not holds_unknown(known):
        if known.ndim == 0:
            return _part(at, x, place, int(known))
        if isinstance(x, np.ndarray):
            at.builder.spend(known.size * (x.size // max(1, x.shape[place])))
            return settled(np.take(x, known, axis=place))
    return at.compute(lambda a, i: ops.take(a, i, axis=place), x, indices)


@operator("GatherElements")
def gather_elements(at: Place, x: Any, indices: Any, *, axis: int = 0) -> Any:
    """Elements at indices along an axis."""
    return at.compute(lambda a, i: ops.take_along_axis(a, i, axis=axis), x, indices)


@operator("ScatterND")
def scatter(at: Place, x: Any, indices: Any, updates: Any, *, reduction: str = "none") -> Any:
    """A copy with values written at indices, or joined with what is there."""
    known = ("none", "add", "mul", "max", "min")
    if reduction not in known:
        raise ValueError(f"expected a reduction of {known}. Received: {reduction!r}")

    def run(a: Any, i: Any, u: Any) -> Any:
        depth = extents_of(i)[-1]
        rows = ops.reshape(u, (-1, *extents_of(a)[depth:]))
        join = None if reduction == "none" else reduction
        return ops.scatter_update(a, ops.reshape(i, (-1, depth)), rows, join)

    return at.compute(run, x, indices, updates)


@operator("Tile")
def tile(at: Place, x: Any, repeats: Any) -> Any:
    """The whole tensor repeated along its axes."""
    times = at.numbers(repeats, "repeats")
    if all(one == 1 for one in times):
        return x
    if any(one < 0 for one in times):
        raise ValueError(f"expected repeats of at least 0. Received: {times}")
    return at.compute(lambda a: ops.tile(a, times), x)


@operator("Trilu")
def triangle(at: Place, x: Any, k: Any = None, *, upper: int = 1) -> Any:
    """What is on one side of a diagonal, and 0 elsewhere."""
    diagonal = 0 if k is None else int(at.array(k, "k").reshape(()))
    return at.compute(lambda a: ops.triu(a, diagonal) if upper else ops.tril(a, diagonal), x)


@operator("TopK")
def top_k(at: Place, x: Any, k: Any, *, axis: int = -1, largest: int = 1, sorted: int = 1) -> Any:
    """The greatest (or least) elements along an axis, and their indices."""
    count = int(at.array(k, "k").reshape(()))

    def run(a: Any) -> Any:
        moved = ops.moveaxis(a, axis, -1)
        values, indices = ops.top_k(moved if largest else ops.negative(moved), count)
        values = values if largest else ops.negative(values)
        return [ops.moveaxis(one, -1, axis) for one in (values, ops.cast(indices, "int64"))]

    return tuple(at.compute(run, x))


@operator("OneHot")
def one_hot(at: Place, indices: Any, depth: Any, values: Any, *, axis: int = -1) -> Any:
    """One of two numbers: the second at the index, the first elsewhere."""
    size = int(at.array(depth, "depth").reshape(()))
    off, on = at.array(values, "values").reshape(-1)
    dtype = off.dtype.name

    def run(a: Any) -> Any:
        a = ops.cast(a, "int32")
        a = ops.where(ops.less(a, 0), a + size, a)
        hot = ops.one_hot(a, size, axis=axis, dtype="bool")
        return ops.where(hot, np.asarray(on, dtype), np.asarray(off, dtype))

    return at.compute(run, indices)
