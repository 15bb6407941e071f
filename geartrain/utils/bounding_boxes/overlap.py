"""How well boxes agree."""

from __future__ import annotations

import math
from typing import Any

from geartrain import config, ops
from geartrain.errors import describe_value
from geartrain.ops.operands import Tensor, dtype_of, operand, rank_of
from geartrain.utils.bounding_boxes.converters import columns_of, convert_format, sizes_of


def _shared(one: list[Any], other: list[Any]) -> Any:
    """The area that boxes have in common."""
    width = ops.minimum(one[2], other[2]) - ops.maximum(one[0], other[0])
    height = ops.minimum(one[3], other[3]) - ops.maximum(one[1], other[1])
    return ops.maximum(width, 0) * ops.maximum(height, 0)


def _area(columns: list[Any]) -> Any:
    return (columns[2] - columns[0]) * (columns[3] - columns[1])


def _with_sizes(who: str, format_: str, image_shape: Any) -> dict[str, Any]:
    if "rel" in format_ and image_shape is None:
        raise ValueError(
            f"{who}: expected image_shape for boxes in {format_!r}. Received: image_shape=None"
        )
    return sizes_of(image_shape)


def compute_iou(
    boxes1: Tensor,
    boxes2: Tensor,
    bounding_box_format: str,
    use_masking: bool = False,
    mask_val: float = -1,
    image_shape: Any = None,
) -> Tensor:
    """How much each box of one set has in common with each of the other: shared area / union.

    Args:
        boxes1, boxes2: (boxes, 4) or (batch, boxes, 4).
        bounding_box_format: the format of both.
        use_masking: whether boxes without a positive number get `mask_val`.
        mask_val: what stands for them.
        image_shape: (height, width, channels), for relative formats.

    Returns (..., boxes of boxes1, boxes of boxes2).

    Raises ValueError for other ranks, and relative formats without `image_shape`.

    >>> compute_iou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0]], "xyxy").round(3)
    array([[0.333]], dtype=float32)
    """
    for name, boxes in (("boxes1", boxes1), ("boxes2", boxes2)):
        if rank_of(operand(boxes)) not in (2, 3):
            raise ValueError(
                f"compute_iou: expected {name} of shape (boxes, 4) or (batch, boxes, 4). "
                f"Received: {describe_value(operand(boxes))}"
            )
    sizes = _with_sizes("compute_iou", bounding_box_format, image_shape)
    one, other = (
        convert_format(boxes, bounding_box_format, "xyxy", **sizes) for boxes in (boxes1, boxes2)
    )
    rows, columns = columns_of(one), [ops.swapaxes(c, -1, -2) for c in columns_of(other)]
    shared = _shared(rows, columns)
    found = shared / (_area(rows) + _area(columns) - shared + config.epsilon())
    if not use_masking:
        return found
    masks = [ops.max(boxes, axis=-1, keepdims=True) < 0 for boxes in (one, other)]
    hidden = ops.logical_or(masks[0], ops.swapaxes(masks[1], -1, -2))
    return ops.where(hidden, operand(mask_val, dtype_of(found)), found)


def compute_ciou(
    boxes1: Tensor, boxes2: Tensor, bounding_box_format: str, image_shape: Any = None
) -> Tensor:
    """How well pairs of boxes agree: their overlap, how near the middles, how alike the forms.

        IoU - distance^2 / diagonal^2 - alpha v,  alpha = v / (v - IoU + 1)
        v = 4 / pi^2 (arctan(w2 / h2) - arctan(w1 / h1))^2

    `distance` is that of the middles, `diagonal` that of the box around both. Zheng and others,
    "Enhancing geometric factors in model learning", 2020.

    Args:
        boxes1, boxes2: (..., 4), compared one by one.
        bounding_box_format: the format of both.
        image_shape: (height, width, channels), for relative formats.

    Raises ValueError for relative formats without `image_shape`.

    >>> compute_ciou([[0.0, 0.0, 2.0, 2.0]], [[0.0, 0.0, 2.0, 2.0]], "xyxy").round(3)
    array([1.], dtype=float32)
    """
    sizes = _with_sizes("compute_ciou", bounding_box_format, image_shape)
    one, other = (
        columns_of(convert_format(boxes, bounding_box_format, "xyxy", **sizes))
        for boxes in (boxes1, boxes2)
    )
    least = config.epsilon()
    (width1, height1), (width2, height2) = (
        (box[2] - box[0], box[3] - box[1] + least) for box in (one, other)
    )
    shared = _shared(one, other)
    iou = shared / (width1 * height1 + width2 * height2 - shared + 2 * least)
    around_x = ops.maximum(one[2], other[2]) - ops.minimum(one[0], other[0])
    around_y = ops.maximum(one[3], other[3]) - ops.minimum(one[1], other[1])
    diagonal = around_x**2 + around_y**2 + least
    apart_x, apart_y = (
        (one[axis] + one[axis + 2] - other[axis] - other[axis + 2]) / 2 for axis in (0, 1)
    )
    form = ops.arctan(width2 / height2) - ops.arctan(width1 / height1)
    v = 4 / math.pi**2 * form**2
    alpha = v / (v - iou + (1 + least))
    return ops.squeeze(iou - ((apart_x**2 + apart_y**2) / diagonal + v * alpha), -1)
