"""Boxes as differences from anchors, which detectors learn."""

from __future__ import annotations

from typing import Any

from geartrain import config, ops
from geartrain.errors import shown
from geartrain.ops.operands import Tensor, extents_of, operand
from geartrain.utils.bounding_boxes.converters import convert_format, joined, sizes_of


def _variance(who: str, variance: Any) -> Any:
    if variance is None:
        return 1.0
    found = operand(variance, "float32")
    if extents_of(found)[-1:] != (4,):
        raise ValueError(f"{who}: expected variance as 4 numbers. Received: {shown(variance)}")
    return found


def _centred(who: str, name: str, format_: str) -> None:
    if format_ not in ("center_xywh", "center_yxhw"):
        raise ValueError(
            f"{who}: expected {name} as 'center_xywh' or 'center_yxhw'. Received: {format_!r}"
        )


def encode_box_to_deltas(
    anchors: Tensor,
    boxes: Tensor,
    anchor_format: str,
    box_format: str,
    encoding_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Any = None,
) -> Tensor:
    """How boxes differ from anchors, as detectors learn it.

        (middle - anchor's middle) / anchor's size,  log(size / anchor's size)

    Args:
        anchors: (anchors, 4).
        boxes: (anchors, 4), or a batch of such.
        anchor_format, box_format: their formats.
        encoding_format: `"center_yxhw"` or `"center_xywh"`: the order of the results.
        variance: four numbers that the results are divided by.
        image_shape: (height, width, channels), for relative formats.

    Raises ValueError for another encoding format or variance.

    >>> encode_box_to_deltas([[0.0, 0.0, 2.0, 2.0]], [[1.0, 1.0, 3.0, 3.0]], "xyxy", "xyxy")
    array([[0.5, 0.5, 0. , 0. ]], dtype=float32)
    """
    who = "encode_box_to_deltas"
    _centred(who, "encoding_format", encoding_format)
    anchor = convert_format(anchors, anchor_format, encoding_format, **sizes_of(image_shape))
    box = convert_format(boxes, box_format, encoding_format, **sizes_of(image_shape))
    least = config.epsilon()
    anchor_size, size = (ops.maximum(one[..., 2:], least) for one in (anchor, box))
    moved = (box[..., :2] - anchor[..., :2]) / anchor_size
    return joined([moved, ops.log(size / anchor_size)]) / _variance(who, variance)


def decode_deltas_to_boxes(
    anchors: Any,
    boxes_delta: Any,
    anchor_format: str,
    box_format: str,
    encoded_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Any = None,
) -> Any:
    """The boxes that differ so from anchors: back from `encode_box_to_deltas`.

    Args:
        anchors: (anchors, 4), or a dictionary of such, one for each level of a pyramid.
        boxes_delta: (anchors, 4), or a batch of such; a dictionary if `anchors` is one.
        anchor_format, box_format: the formats of anchors and of the results.
        encoded_format, variance, image_shape: see `encode_box_to_deltas`.

    Raises ValueError for another encoded format or variance.

    >>> decode_deltas_to_boxes([[0.0, 0.0, 2.0, 2.0]], [[0.5, 0.5, 0.0, 0.0]], "xyxy", "xyxy")
    array([[1., 1., 3., 3.]], dtype=float32)
    """
    who = "decode_deltas_to_boxes"
    _centred(who, "encoded_format", encoded_format)
    factors = _variance(who, variance)

    def decoded(anchor: Any, delta: Any) -> Any:
        anchor = convert_format(anchor, anchor_format, encoded_format, **sizes_of(image_shape))
        delta = operand(delta) * factors
        middle = delta[..., :2] * anchor[..., 2:] + anchor[..., :2]
        box = joined([middle, ops.exp(delta[..., 2:]) * anchor[..., 2:]])
        return convert_format(box, encoded_format, box_format, **sizes_of(image_shape))

    if isinstance(anchors, dict) and isinstance(boxes_delta, dict):
        return {level: decoded(anchor, boxes_delta[level]) for level, anchor in anchors.items()}
    return decoded(anchors, boxes_delta)
