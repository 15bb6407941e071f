"""Boxes around the things in images, as `keras.utils.bounding_boxes` has them.

A box is four numbers, and a format says which: `"xyxy"` are left, top, right and bottom; `"yxyx"`
the same the other way round; `"xywh"` left, top, width and height; `"center_xywh"` and
`"center_yxhw"` start with the middle. With `rel_` before, they are parts of the image's width and
height. Boxes of a batch have the shape (batch, boxes, 4), those of one image (boxes, 4).
"""

from geartrain.utils.bounding_boxes.anchors import decode_deltas_to_boxes, encode_box_to_deltas
from geartrain.utils.bounding_boxes.converters import (
    affine_transform,
    clip_to_image_size,
    convert_format,
    crop,
    pad,
)
from geartrain.utils.bounding_boxes.overlap import compute_ciou, compute_iou

__all__ = [
    "affine_transform",
    "clip_to_image_size",
    "compute_ciou",
    "compute_iou",
    "convert_format",
    "crop",
    "decode_deltas_to_boxes",
    "encode_box_to_deltas",
    "pad",
]
