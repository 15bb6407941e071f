"""Boxes in other formats, clipped, turned, cut out and moved."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from geartrain import ops
from geartrain.errors import describe_value, shown
from geartrain.ops.operands import Tensor, as_float, dtype_of, extents_of, operand, rank_of

FORMATS = (
    "xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh",
    "rel_center_xywh",
)  # fmt: skip


def columns_of(boxes: Any) -> list[Any]:
    """The four numbers of each box, apart: (..., 1) each."""
    return list(ops.split(boxes, 4, axis=-1))


def joined(columns: Any) -> Any:
    """Such columns as boxes again."""
    return ops.concatenate(list(columns), axis=-1)


def _swapped(columns: list[Any], format_: str) -> list[Any]:
    """The numbers with x before y, or back again, where the format has y first."""
    one, two, three, four = columns
    return [two, one, four, three] if format_.endswith(("yxyx", "yxhw")) else columns


def _corners(columns: list[Any], format_: str) -> list[Any]:
    """Left, top, right and bottom."""
    x, y, right, bottom = _swapped(columns, format_)
    if "center" in format_:
        return [x - right / 2, y - bottom / 2, x + right / 2, y + bottom / 2]
    if format_.endswith("xywh"):
        return [x, y, x + right, y + bottom]
    return [x, y, right, bottom]


def _of_corners(columns: list[Any], format_: str) -> list[Any]:
    """The numbers of a format for left, top, right and bottom."""
    left, top, right, bottom = columns
    if "center" in format_:
        middle = left + (right - left) / 2, top + (bottom - top) / 2
        return _swapped([*middle, right - left, bottom - top], format_)
    if format_.endswith("xywh"):
        return [left, top, right - left, bottom - top]
    return _swapped(columns, format_)


def convert_format(
    boxes: Any,
    source: str,
    target: str,
    height: Any = None,
    width: Any = None,
    dtype: str = "float32",
) -> Any:
    """Boxes in another format.

    Args:
        boxes: (..., 4), or a dictionary that holds them as `"boxes"`: all else in it stays.
        source, target: the formats.
        height, width: the image's, where one of the formats alone is relative to it.
        dtype: of the result.

    Raises ValueError for another shape, other formats, and sizes that are missing.

    >>> convert_format([[10.0, 20.0, 30.0, 60.0]], "xyxy", "center_xywh")
    array([[20., 40., 20., 40.]], dtype=float32)
    >>> convert_format([[10.0, 20.0, 30.0, 60.0]], "xyxy", "rel_yxyx", height=100, width=50)
    array([[0.2, 0.2, 0.6, 0.6]], dtype=float32)
    """
    if isinstance(boxes, dict):
        made = convert_format(boxes["boxes"], source, target, height, width, dtype)
        return {**boxes, "boxes": made}
    x = operand(boxes)
    if not rank_of(x) or extents_of(x)[-1] != 4:
        raise ValueError(
            f"convert_format: expected boxes of shape (..., 4). Received: {describe_value(x)}"
        )
    source, target = (
        _known("convert_format", name, format_)
        for name, format_ in (("source", source), ("target", target))
    )
    relative = [format_.startswith("rel_") for format_ in (source, target)]
    if relative[0] != relative[1] and (height is None or width is None):
        raise ValueError(
            f"convert_format: expected height and width, to go from {source!r} to {target!r}. "
            f"Received: height={shown(height)}, width={shown(width)}"
        )
    x = operand(x, dtype)
    if source == target:
        return x
    columns = _corners(columns_of(x), source)
    if relative[0] != relative[1]:
        sizes = [operand(size, dtype) for size in (width, height)] * 2
        scaled = ops.multiply if relative[0] else ops.divide
        columns = [scaled(one, size) for one, size in zip(columns, sizes, strict=True)]
    return joined(_of_corners(columns, target))


def _known(who: str, name: str, format_: Any) -> str:
    if not isinstance(format_, str) or format_.lower() not in FORMATS:
        raise ValueError(
            f"{who}: expected {name} as one of {', '.join(FORMATS)}. Received: {format_!r}"
        )
    return format_.lower()


def _corners_only(who: str, format_: str) -> None:
    if format_ != "xyxy":
        raise NotImplementedError(
            f"{who}: expected bounding_box_format='xyxy'. Received: {format_!r}. Use "
            "convert_format first."
        )


def clip_to_image_size(
    bounding_boxes: dict[str, Any],
    height: Any = None,
    width: Any = None,
    bounding_box_format: str = "xyxy",
) -> dict[str, Any]:
    """Boxes without what lies beyond the image; of those with nothing left the label is -1.

    Args:
        bounding_boxes: a dictionary with `"boxes"`, and perhaps `"labels"`.
        height, width: the image's, for `"xyxy"`.
        bounding_box_format: `"xyxy"` or `"rel_xyxy"`.

    Raises NotImplementedError for another format, ValueError without the sizes.

    >>> boxes = {"boxes": [[-5.0, 2.0, 5.0, 99.0]], "labels": [1]}
    >>> clip_to_image_size(boxes, height=10, width=10)["boxes"]
    array([[ 0.,  2.,  5., 10.]], dtype=float32)
    """
    if bounding_box_format == "rel_xyxy":
        height = width = 1.0
    else:
        _corners_only("clip_to_image_size", bounding_box_format)
    if height is None or width is None:
        raise ValueError(
            "clip_to_image_size: expected height and width for boxes in 'xyxy'. Received: "
            f"height={shown(height)}, width={shown(width)}"
        )
    boxes = operand(bounding_boxes["boxes"])
    sizes = [operand(size, dtype_of(boxes)) for size in (width, height)] * 2
    columns = [ops.clip(one, 0, size) for one, size in zip(columns_of(boxes), sizes, strict=True)]
    made = {**bounding_boxes, "boxes": joined(columns)}
    if bounding_boxes.get("labels") is not None:
        left, top, right, bottom = columns
        some = ops.squeeze((right - left) * (bottom - top), -1) > 0
        made["labels"] = ops.where(some, operand(bounding_boxes["labels"]), -1)
    return made


def affine_transform(
    boxes: Tensor,
    angle: Tensor,
    translate_x: Tensor,
    translate_y: Tensor,
    scale: Tensor,
    shear_x: Tensor,
    shear_y: Tensor,
    height: Any,
    width: Any,
    center_x: Any = None,
    center_y: Any = None,
    bounding_box_format: str = "xyxy",
) -> Tensor:
    """The upright boxes around boxes that were turned, moved, scaled and sheared.

    Args:
        boxes: (batch, boxes, 4).
        angle: (batch,), in degrees, counterclockwise.
        translate_x, translate_y: (batch,), as parts of the image's size.
        scale: (batch,).
        shear_x, shear_y: (batch,), in degrees.
        height, width: the image's.
        center_x, center_y: the point that stays, as parts of the size; 0.5 by default.
        bounding_box_format: `"xyxy"` is the only one.

    Raises NotImplementedError for another format.

    >>> boxes, no = [[[1.0, 0.0, 2.0, 1.0]]], [0.0]
    >>> affine_transform(boxes, [90.0], no, no, [1.0], no, no, 5, 5).round() + 0
    array([[[0., 2., 1., 3.]]], dtype=float32)
    """
    _corners_only("affine_transform", bounding_box_format)
    turn, slant_x, slant_y = (
        ops.multiply(as_float(one), -math.pi / 180) for one in (angle, shear_x, shear_y)
    )
    middle_x = (0.5 if center_x is None else center_x) * (width - 1)
    middle_y = (0.5 if center_y is None else center_y) * (height - 1)
    from_x = middle_x - as_float(translate_x) * (width - 1)
    from_y = middle_y - as_float(translate_y) * (height - 1)
    scale, flat = as_float(scale), ops.cos(slant_y)
    a = ops.cos(turn - slant_y) / flat
    b = a * ops.tan(slant_x) + ops.sin(turn)
    c = -ops.sin(turn - slant_y) / flat
    d = ops.cos(turn) - c * ops.tan(slant_x)
    x_x, x_y, y_x, y_y = d * scale, -b * scale, -c * scale, a * scale
    x_0 = middle_x - x_x * from_x - x_y * from_y
    y_0 = middle_y - y_x * from_x - y_y * from_y
    numbers = [ops.reshape(one, (-1, 1, 1)) for one in (x_x, x_y, x_0, y_x, y_y, y_0)]
    x_x, x_y, x_0, y_x, y_y, y_0 = numbers
    return around(as_float(boxes), lambda x, y: (x_x * x + x_y * y + x_0, y_x * x + y_y * y + y_0))


def around(boxes: Any, moved: Callable[[Any, Any], tuple[Any, Any]]) -> Any:
    """The upright boxes around the four corners of boxes, after `moved(x, y)`."""
    left, top, right, bottom = columns_of(boxes)
    points = [moved(x, y) for x in (left, right) for y in (top, bottom)]
    xs, ys = (ops.concatenate(list(one), -1) for one in zip(*points, strict=True))
    return joined(
        fold(one, axis=-1, keepdims=True) for fold in (ops.min, ops.max) for one in (xs, ys)
    )


def crop(
    boxes: Tensor, top: Any, left: Any, height: Any, width: Any, bounding_box_format: str = "xyxy"
) -> Tensor:
    """Boxes in a window that is cut out of their image.

    Args:
        boxes: (..., 4).
        top, left: where the window starts.
        height, width: its size.
        bounding_box_format: `"xyxy"` is the only one.

    Raises NotImplementedError for another format.

    >>> crop([[10.0, 20.0, 30.0, 60.0]], 30, 15, 50, 50)
    array([[ 0.,  0., 15., 30.]], dtype=float32)
    """
    _corners_only("crop", bounding_box_format)
    moved = zip(columns_of(operand(boxes)), (left, top) * 2, (width, height) * 2, strict=True)
    return joined(ops.clip(one - start, 0, size) for one, start, size in moved)


def pad(
    boxes: Tensor,
    top: Any,
    left: Any,
    height: Any = None,
    width: Any = None,
    bounding_box_format: str = "xyxy",
) -> Tensor:
    """Boxes in an image that got borders.

    Args:
        boxes: (..., 4).
        top, left: how much was added there.
        height, width: of the new image; not needed.
        bounding_box_format: `"xyxy"` is the only one.

    Raises NotImplementedError for another format.

    >>> pad([[10.0, 20.0, 30.0, 60.0]], top=5, left=1)
    array([[11., 25., 31., 65.]], dtype=float32)
    """
    _corners_only("pad", bounding_box_format)
    moved = zip(columns_of(operand(boxes)), (left, top) * 2, strict=True)
    return joined(one + border for one, border in moved)


def sizes_of(image_shape: Any) -> dict[str, Any]:
    """The keywords of `convert_format` for an image's (height, width, channels), or None."""
    return {} if image_shape is None else {"height": image_shape[0], "width": image_shape[1]}
