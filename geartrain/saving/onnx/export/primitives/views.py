"""Tensors read at other indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent, Shape
from geartrain.saving.onnx.export.extents import INT64
from geartrain.saving.onnx.export.graph import Unsupported, Value
from geartrain.saving.onnx.export.primitives.table import translation

Sizes = tuple[int, ...]
_FOLDED = 4096  # elements up to which a view of a constant is written as a constant


def _small(value: Value) -> bool:
    return not isinstance(value, str) and value.size <= _FOLDED


@translation("reshape")
def _reshape(exporter: Any, node: Node, x: Value, shape: Shape) -> Value:
    if _small(x) and all(isinstance(extent, int) for extent in shape):
        return x.reshape(shape)  # type: ignore[union-attr, arg-type]
    if node.sources[0].extents == shape:
        return x
    return exporter.graph.node("Reshape", x, _new_shape(exporter, shape, node.sources[0].extents))


def _new_shape(exporter: Any, shape: Shape, old: Shape) -> Value:
    """A shape for `Reshape`, as a constant where -1 and 0 can say what is not known."""
    unknown = [axis for axis, extent in enumerate(shape) if not isinstance(extent, int)]
    known = [extent if isinstance(extent, int) else 0 for extent in shape]
    moved = [axis for axis in unknown if axis >= len(old) or old[axis] != shape[axis]]
    if 0 in [shape[axis] for axis in range(len(shape)) if axis not in unknown]:
        return exporter.extents.vector(shape)  # a size of 0 is said by 0 too
    if len(moved) <= 1:
        for axis in moved:
            known[axis] = -1
        return np.asarray(known, INT64).reshape(-1)
    return exporter.extents.vector(shape)


@translation("permute")
def _permute(exporter: Any, node: Node, x: Value, order: Sizes) -> Value:
    return exporter.graph.transpose(x, order)


@translation("expand")
def _expand(exporter: Any, node: Node, x: Value, shape: Shape) -> Value:
    if node.sources[0].extents == shape:
        return x
    return exporter.graph.node("Expand", x, exporter.extents.vector(shape))


@translation("slice")
def _slice(exporter: Any, node: Node, x: Value, start: Shape, length: Shape, step: Sizes) -> Value:
    (source,) = node.sources
    axes = [
        axis
        for axis, extent in enumerate(source.extents)
        if (start[axis], length[axis], step[axis]) != (0, extent, 1)
    ]
    if not axes:
        return x
    extents = exporter.extents
    stops: list[Value] = []
    for axis in axes:
        if step[axis] > 0:
            stop: Extent = start[axis] + length[axis] * step[axis]
            stops.append(extents.one(stop))
        else:
            stops.append(_stop_backwards(exporter, start[axis], length[axis], step[axis]))
    return exporter.graph.node(
        "Slice", x, extents.vector([start[axis] for axis in axes]), joined(exporter, stops),
        np.asarray(axes, INT64), np.asarray([step[axis] for axis in axes], INT64),
    )  # fmt: skip


def _stop_backwards(exporter: Any, start: Extent, length: Extent, step: int) -> Value:
    """Where a slice that goes backwards stops: before the front, ONNX counts from the back."""
    stop = start + length * step
    if isinstance(stop, int):
        return np.asarray([stop if stop >= 0 else np.iinfo(INT64).min // 2], INT64)
    found = exporter.extents.one(stop)
    before = exporter.graph.node("Less", found, np.zeros(1, INT64))
    far = np.asarray([np.iinfo(INT64).min // 2], INT64)
    return exporter.graph.node("Where", before, far, found)


def joined(exporter: Any, vectors: list[Value]) -> Value:
    """Vectors as one."""
    if all(not isinstance(vector, str) for vector in vectors):
        return np.concatenate(vectors)
    return vectors[0] if len(vectors) == 1 else exporter.graph.node("Concat", *vectors, axis=0)


@translation("pad")
def _pad(exporter: Any, node: Node, x: Value, low: Shape, high: Shape, interior: Sizes) -> Value:
    graph, (source,) = exporter.graph, node.sources
    shape = list(source.extents)
    for axis, gap in enumerate(interior):
        if gap:
            x = _apart(exporter, x, shape, axis, gap, node.dtype)
            shape[axis] = shape[axis] * (gap + 1) - gap
    if all(extent == 0 for extent in low + high):
        return x
    # For all axes: onnxruntime errs where Pad names some of them and transposes are moved over it.
    sizes = exporter.extents.vector([*low, *high])
    wide = exporter.wide(node.dtype) if node.dtype in ("int16", "uint16", "bool") else node.dtype
    zero = np.asarray(0, exporter.dtype(wide))
    x = exporter.cast(x, wide, known=node.dtype)
    padded = graph.node("Pad", x, sizes, zero, mode="constant")
    return exporter.cast(padded, node.dtype, known=wide)


def _apart(exporter: Any, x: Value, shape: list[Extent], axis: int, gap: int, dtype: str) -> Value:
    """Zeros between the elements along an axis: behind each, and not behind the last."""
    graph, extents = exporter.graph, exporter.extents
    x = graph.node("Unsqueeze", x, np.asarray([axis + 1], INT64))
    zero = np.asarray(0, exporter.dtype(dtype))
    ends = np.zeros((2, len(shape) + 1), INT64)
    ends[1, axis + 1] = gap
    x = graph.node("Pad", x, ends.reshape(-1), zero, mode="constant")
    joint = (*shape[:axis], shape[axis] * (gap + 1), *shape[axis + 1 :])
    x = graph.node("Reshape", x, extents.vector(joint))
    last = extents.one(shape[axis] * (gap + 1) - gap)
    return graph.node("Slice", x, np.zeros(1, INT64), last, np.asarray([axis], INT64))


@translation("concatenate")
def _concatenate(exporter: Any, node: Node, *values: Value, axis: int) -> Value:
    return values[0] if len(values) == 1 else exporter.graph.concatenated(values, axis)


@translation("iota")
def _iota(exporter: Any, node: Node, shape: Shape, axis: int, dtype: str) -> Value:
    graph, extents = exporter.graph, exporter.extents
    if all(isinstance(extent, int) for extent in shape) and int(np.prod(shape)) <= _FOLDED:
        sizes = (1,) * axis + (-1,) + (1,) * (len(shape) - axis - 1)
        ladder = np.arange(shape[axis], dtype=exporter.dtype(dtype)).reshape(sizes)
        return np.ascontiguousarray(np.broadcast_to(ladder, shape))
    ladder = exporter.cast(extents.ladder(shape[axis]), dtype, known=INT64)
    behind = np.arange(1, len(shape) - axis, dtype=INT64)
    if len(behind):
        ladder = graph.node("Unsqueeze", ladder, behind)
    return graph.node("Expand", ladder, extents.vector(shape)) if len(shape) > 1 else ladder


@translation("extent")
def _extent(exporter: Any, node: Node, size: Extent, dtype: str) -> Value:
    return exporter.cast(exporter.extents.scalar(size), dtype, known=INT64)


@translation("window")
def _window(
    exporter: Any, node: Node, x: Value, axes: Sizes, counts: Shape, sizes: Sizes, strides: Sizes,
    dilations: Sizes, paired: bool,
) -> Value:  # fmt: skip
    """Along each axis, the elements of each window gathered."""
    _check_unpaired(paired)
    for axis, count, size, stride, dilation in zip(
        axes, counts, sizes, strides, dilations, strict=True
    ):
        starts = exporter.extents.computed(
            "Mul", exporter.extents.ladder(count), np.asarray(stride, INT64)
        )
        places = _outer_sum(exporter, starts, np.arange(size, dtype=INT64) * dilation)
        x = exporter.graph.node("Gather", x, places, axis=axis)
    return x


def _outer_sum(exporter: Any, rows: Value, columns: np.ndarray) -> Value:
    if not isinstance(rows, str):
        return rows[:, None] + columns
    upright = exporter.graph.node("Unsqueeze", rows, np.asarray([1], INT64))
    return exporter.graph.node("Add", upright, columns)


@translation("unwindow")
def _unwindow(
    exporter: Any, node: Node, y: Value, axes: Sizes, lengths: Shape, sizes: Sizes,
    strides: Sizes, dilations: Sizes, starts: Sizes, paired: bool,
) -> Value:  # fmt: skip
    """Along each axis, the elements gathered that lie at whole places inside, and 0 elsewhere."""
    _check_unpaired(paired)
    graph, extents = exporter.graph, exporter.extents
    (source,) = node.sources
    rank, zero = len(source.extents), np.asarray(0, exporter.dtype(node.dtype))
    for number, axis in enumerate(axes):
        count, stride = source.extents[axis - number], np.asarray(strides[number], INT64)
        offsets = starts[number] - np.arange(sizes[number], dtype=INT64) * dilations[number]
        place = _outer_sum(exporter, extents.ladder(lengths[number]), offsets)
        last = extents.computed("Sub", extents.scalar(count), np.asarray(1, INT64))
        quotient = extents.computed("Div", place, stride)
        if isinstance(place, str) or isinstance(last, str):
            outside = graph.node(
                "Or", graph.node("Less", place, np.asarray(0, INT64)),
                graph.node("Greater", quotient, last),
            )  # fmt: skip
            rest = graph.node("Mod", place, stride)
            wrong = graph.node("Or", outside, graph.node("Cast", rest, to="bool"))
            inside: Value = graph.node("Not", wrong)
            near = graph.node("Where", inside, quotient, np.asarray(0, INT64))
        else:
            inside = (place >= 0) & (quotient <= last) & (place % stride == 0)
            near = np.where(inside, quotient, 0)
        gathered = graph.node("Gather", y, near, axis=axis)
        rank += 1
        behind = np.arange(2, rank - axis, dtype=INT64)
        if len(behind):
            inside = (
                graph.node("Unsqueeze", inside, behind)
                if isinstance(inside, str)
                else inside.reshape(*inside.shape, *(1,) * len(behind))
            )
        y = graph.node("Where", inside, gathered, zero)
    return y


def _check_unpaired(paired: bool) -> None:
    if paired:
        raise Unsupported(
            "it adds up windows that overlap (fold, istft, the gradient of a convolution or of "
            "pooling), for which there is no ONNX operator",
            "Export the part of the model before it.",
        )
