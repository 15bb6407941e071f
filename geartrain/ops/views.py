"""Primitive views: one tensor read at other indices, without arithmetic.

The gradient of a view is a view, or a fold of one: nothing is ever scattered.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np

from geartrain.graph.affine import Affine, Guard, Index, Reading
from geartrain.graph.node import Node
from geartrain.graph.op import Map, Op, Sample, View
from geartrain.graph.shapes import Extent, Shape, Spec, apply, conflict, product, public


def _values(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


def _reshape_infer(x: Spec, shape: Shape) -> Spec:
    if product(x.shape) != product(shape):
        raise conflict(
            f"reshape: a tensor of shape {public(x.shape)} has {product(x.shape)} values, "
            f"but the new shape {public(shape)} holds {product(shape)}.",
            x.shape,
            shape,
        )
    return Spec(shape, x.dtype)


def _reshape_samples() -> Iterable[Sample]:
    yield Sample((_values(3, 4),), {"shape": (2, 6)})
    yield Sample((_values(3, 4),), {"shape": (12,)})
    yield Sample((_values(1),), {"shape": ()})


reshape: Op = Op(
    "reshape", _reshape_infer,
    lambda x, shape: np.reshape(x, shape),
    lambda g, y, x, shape: (reshape(g, shape=x.extents),),
    View(same_order=True), _reshape_samples,
)  # fmt: skip


def _permute_infer(x: Spec, order: tuple[int, ...]) -> Spec:
    if sorted(order) != list(range(len(x.shape))):
        raise ValueError(
            f"transpose: expected an order of the axes 0 to {len(x.shape) - 1}. Received: {order}"
        )
    return Spec(tuple(x.shape[axis] for axis in order), x.dtype)


def _permute_samples() -> Iterable[Sample]:
    yield Sample((_values(2, 3, 4),), {"order": (2, 0, 1)})
    yield Sample((_values(2, 3),), {"order": (1, 0)})


def inverse_order(order: tuple[int, ...]) -> tuple[int, ...]:
    """The order that undoes `order`."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))


def _permute_index(index: Index, x: Shape, order: tuple[int, ...]) -> list[Reading]:
    return [Reading(0, tuple(index[axis] for axis in inverse_order(order)))]


permute: Op = Op(
    "permute", _permute_infer,
    lambda x, order: np.transpose(x, order),
    lambda g, y, x, order: (permute(g, order=inverse_order(order)),),
    View(_permute_index), _permute_samples,
)  # fmt: skip


def _expand_infer(x: Spec, shape: Shape) -> Spec:
    fits = len(x.shape) == len(shape) and all(
        old in (1, new) for old, new in zip(x.shape, shape, strict=True)
    )
    if not fits:
        raise conflict(
            f"broadcast_to: shape {public(x.shape)} does not stretch to {public(shape)}: sizes "
            "must be equal, or 1.",
            x.shape,
            shape,
        )
    return Spec(shape, x.dtype)


def _expand_grad(g: Node, y: Node, x: Node, shape: Shape) -> tuple[Any]:
    from geartrain.ops.folds import sum_

    axes = tuple(
        axis for axis, (old, new) in enumerate(zip(x.extents, shape, strict=True)) if old != new
    )
    return (reshape(sum_(g, axes=axes), shape=x.extents),)


def _expand_samples() -> Iterable[Sample]:
    yield Sample((_values(1, 4),), {"shape": (3, 4)})
    yield Sample((_values(2, 1, 1),), {"shape": (2, 3, 4)})


@functools.lru_cache(maxsize=1024)
def _expand_index(index: Index, x: Shape, shape: Shape) -> list[Reading]:
    sizes = zip(index, x, strict=True)
    return [Reading(0, tuple(Affine() if size == 1 else at for at, size in sizes))]


expand: Op = Op(
    "expand", _expand_infer,
    lambda x, shape: np.broadcast_to(x, shape),
    _expand_grad, View(_expand_index), _expand_samples,
)  # fmt: skip


def _slice_infer(x: Spec, start: Shape, length: Shape, step: tuple[int, ...]) -> Spec:
    assert len(start) == len(length) == len(step) == len(x.shape)
    return Spec(length, x.dtype)


def _slice_reference(
    x: np.ndarray, start: tuple[int, ...], length: tuple[int, ...], step: tuple[int, ...]
) -> np.ndarray:
    pieces = []
    for first, count, stride in zip(start, length, step, strict=True):
        stop = first + count * stride
        pieces.append(slice(first, stop if stop >= 0 else None, stride) if count else slice(0, 0))
    return x[tuple(pieces)]


def _slice_grad(
    g: Node, y: Node, x: Node, start: Shape, length: Shape, step: tuple[int, ...]
) -> tuple[Any]:
    backwards = tuple(axis for axis, stride in enumerate(step) if stride < 0)
    g = flip(g, backwards)
    low, high = [], []
    for size, first, count, stride in zip(x.extents, start, length, step, strict=True):
        spread = _padded(count, 0, 0, abs(stride) - 1)
        last = apply("max", count - 1, 0) * stride
        low.append(first if stride > 0 else first + last)
        high.append(size - low[-1] - spread)
    interior = tuple(abs(stride) - 1 for stride in step)
    return (pad(g, low=tuple(low), high=tuple(high), interior=interior),)


def _slice_samples() -> Iterable[Sample]:
    yield Sample((_values(5, 6),), {"start": (1, 4), "length": (3, 2), "step": (1, -3)})
    yield Sample((_values(5, 6),), {"start": (0, 1), "length": (5, 3), "step": (1, 2)})
    yield Sample((_values(5),), {"start": (4,), "length": (5,), "step": (-1,)})


def _slice_index(
    index: Index, x: Shape, start: Shape, length: Shape, step: tuple[int, ...]
) -> list[Reading]:
    places = zip(index, start, step, strict=True)
    return [Reading(0, tuple(at * stride + first for at, first, stride in places))]


slice_: Op = Op(
    "slice", _slice_infer, _slice_reference, _slice_grad, View(_slice_index), _slice_samples
)


def flip(x: Any, axes: Iterable[int]) -> Any:
    """`x` with the order along `axes` reversed."""
    axes = tuple(axes)
    if not axes:
        return x
    extents: Shape = x.extents if isinstance(x, Node) else x.shape
    return slice_(
        x,
        start=tuple(n - 1 if axis in axes else 0 for axis, n in enumerate(extents)),
        length=extents,
        step=tuple(-1 if axis in axes else 1 for axis in range(len(extents))),
    )


def _padded(size: Extent, low: Extent, high: Extent, interior: int) -> Extent:
    gaps = apply("max", size - 1, 0) * interior if interior else 0
    return size + low + high + gaps


def _pad_infer(x: Spec, low: Shape, high: Shape, interior: tuple[int, ...]) -> Spec:
    assert len(low) == len(high) == len(interior) == len(x.shape)
    sizes = zip(x.shape, low, high, interior, strict=True)
    return Spec(tuple(_padded(*size) for size in sizes), x.dtype)


def _pad_reference(
    x: np.ndarray, low: tuple[int, ...], high: tuple[int, ...], interior: tuple[int, ...]
) -> np.ndarray:
    shape = [_padded(*size) for size in zip(x.shape, low, high, interior, strict=True)]
    result = np.zeros(shape, x.dtype)  # type: ignore[arg-type]
    steps = [gap + 1 for gap in interior]
    inside = (
        slice(first, first + (n - 1) * step + 1 if n else first, step)
        for first, n, step in zip(low, x.shape, steps, strict=True)
    )
    result[tuple(inside)] = x
    return result


def _pad_grad(
    g: Node, y: Node, x: Node, low: Shape, high: Shape, interior: tuple[int, ...]
) -> tuple[Any]:
    if g.extents == x.extents and not any(extent != 0 for extent in (*low, *high)):
        return (g,)
    steps = tuple(gap + 1 for gap in interior)
    return (slice_(g, start=low, length=x.extents, step=steps),)


def _pad_samples() -> Iterable[Sample]:
    yield Sample((_values(3, 4),), {"low": (1, 0), "high": (0, 2), "interior": (0, 0)})
    yield Sample(
        (
            _values(
                3,
            ),
        ),
        {"low": (2,), "high": (1,), "interior": (2,)},
    )


def _pad_index(
    index: Index, x: Shape, low: Shape, high: Shape, interior: tuple[int, ...]
) -> list[Reading]:
    places = tuple(at - first for at, first in zip(index, low, strict=True))
    guards = tuple(
        Guard(place, size, gap + 1)
        for place, size, first, last, gap in zip(places, x, low, high, interior, strict=True)
        if first != 0 or last != 0 or gap
    )
    return [Reading(0, places, guards)]


# Zeros around, and `interior` zeros between, the elements.
pad: Op = Op("pad", _pad_infer, _pad_reference, _pad_grad, View(_pad_index), _pad_samples)


def _concatenate_infer(*sources: Spec, axis: int) -> Spec:
    first = sources[0]
    total: Extent = 0
    for source in sources:
        rest, wanted = list(source.shape), list(first.shape)
        if len(rest) == len(wanted):
            total = total + rest[axis]
            rest[axis] = wanted[axis]
        if rest != wanted or source.dtype != first.dtype:
            shown = ", ".join(f"{s.dtype}{list(public(s.shape))}" for s in sources)
            raise conflict(
                f"concatenate: expected tensors that differ along axis {axis} only. "
                f"Received: {shown}",
                rest,
                wanted,
            )
    shape = list(first.shape)
    shape[axis] = total
    return Spec(tuple(shape), first.dtype)


def _concatenate_grad(g: Node, y: Node, *sources: Node, axis: int) -> tuple[Any, ...]:
    pieces, offset = [], 0
    for source in sources:
        start: list[Extent] = [0] * len(source.extents)
        start[axis] = offset
        steps = (1,) * len(start)
        pieces.append(slice_(g, start=tuple(start), length=source.extents, step=steps))
        offset = offset + source.extents[axis]  # type: ignore[assignment]
    return tuple(pieces)


def _concatenate_samples() -> Iterable[Sample]:
    yield Sample((_values(2, 3), _values(2, 1), _values(2, 2)), {"axis": 1})
    yield Sample((_values(2), _values(3)), {"axis": 0})


def _concatenate_index(index: Index, *sources: Shape, axis: int) -> list[Reading]:
    readings, before = [], Affine()
    for number, shape in enumerate(sources):
        place = index[axis] - before
        moved = (*index[:axis], place, *index[axis + 1 :])
        readings.append(Reading(number, moved, (Guard(place, shape[axis]),)))
        before = before + shape[axis]
    return readings


concatenate: Op = Op(
    "concatenate", _concatenate_infer,
    lambda *arrays, axis: np.concatenate(arrays, axis),
    _concatenate_grad, View(_concatenate_index), _concatenate_samples,
)  # fmt: skip


def _iota_reference(shape: tuple[int, ...], axis: int, dtype: str) -> np.ndarray:
    ladder = np.arange(shape[axis], dtype=dtype)
    return np.broadcast_to(ladder.reshape((-1,) + (1,) * (len(shape) - axis - 1)), shape)


# The index along one axis, at every position.
iota: Op = Op(
    "iota", lambda shape, axis, dtype: Spec(shape, dtype), _iota_reference,
    None, Map(lambda b, at, shape, axis, dtype: b.convert(at(axis), dtype), indexed=True),
    differentiable=False,
)  # fmt: skip

# A run-time extent as a number.
extent: Op = Op(
    "extent", lambda size, dtype: Spec((), dtype),
    lambda size, dtype: np.asarray(size, dtype), None,
    Map(lambda b, size, dtype: b.convert(b.index(size), dtype)), differentiable=False,
)  # fmt: skip
