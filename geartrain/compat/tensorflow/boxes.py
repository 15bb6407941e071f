"""`tf.image`: boxes, as (top, left, bottom, right)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from geartrain import random
from geartrain.compat.tensorflow.tensor import tensor
from geartrain.ops.operands import operand


def _overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The area that a box has in common with each of others, over the area of both."""

    def area(boxes: np.ndarray) -> np.ndarray:
        sides = boxes[..., 2:] - boxes[..., :2]
        return np.abs(sides[..., 0] * sides[..., 1])

    low = np.maximum(np.minimum(box[:2], box[2:]), np.minimum(others[:, :2], others[:, 2:]))
    high = np.minimum(np.maximum(box[:2], box[2:]), np.maximum(others[:, :2], others[:, 2:]))
    common = np.maximum(high - low, 0).prod(-1)
    whole = area(box) + area(others) - common
    return np.divide(common, whole, out=np.zeros_like(common), where=whole > 0)


def _chosen(
    boxes: Any, scores: Any, most: Any, bound: float, least: float, sigma: float
) -> tuple[np.ndarray, np.ndarray]:
    """The boxes of the highest scores that do not overlap too much, and their scores.

    With `sigma` the scores of boxes that overlap fall instead (Bodla et al., 2017).
    """
    places, left = np.asarray(operand(boxes)), np.array(operand(scores))
    found: list[int] = []
    kept: list[float] = []
    alive = left > least
    while alive.any() and len(found) < int(most):
        best = int(np.argmax(np.where(alive, left, -np.inf)))
        found.append(best)
        kept.append(left[best])
        alive[best] = False
        shares = _overlaps(places[best], places)
        if sigma > 0:
            left = left * np.exp(-(shares**2) / (2 * sigma)).astype(left.dtype)
            alive &= left > least
        alive &= shares <= bound
    return np.array(found, "int32"), np.array(kept, left.dtype)


def non_max_suppression(
    boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"), name: str | None = None,
) -> Any:  # fmt: skip
    """The numbers of the boxes of the highest scores that do not overlap too much."""
    bounds = (float(iou_threshold), float(score_threshold))
    return tensor(_chosen(boxes, scores, max_output_size, *bounds, 0.0)[0])


def non_max_suppression_with_scores(
    boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"), soft_nms_sigma: Any = 0.0, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The same with the scores that are left, which fall where boxes overlap."""
    bounds = (float(iou_threshold), float(score_threshold), float(soft_nms_sigma))
    found, kept = _chosen(boxes, scores, max_output_size, *bounds)
    return tensor(found), tensor(kept)


_COLORS = (
    (1, 1, 0, 1), (0, 0, 1, 1), (1, 0, 0, 1), (0, 1, 0, 1), (0.5, 0, 0.5, 1),
    (0.5, 0.5, 0, 1), (0.5, 0, 0, 1), (0, 0, 0.5, 1), (0, 1, 1, 1), (1, 0, 1, 1),
)  # fmt: skip


def draw_bounding_boxes(images: Any, boxes: Any, colors: Any, name: str | None = None) -> Any:
    """Images with a line along the border of each box, given in shares of their sizes."""
    made = np.array(operand(images))
    palette = np.asarray(_COLORS if colors is None or np.size(colors) == 0 else colors)
    rows, columns, channels = made.shape[1:]
    for image, own in zip(made, np.asarray(operand(boxes)), strict=True):
        for number, box in enumerate(own):
            top, left, bottom, right = (
                int(share * (size - 1))
                for share, size in zip(box, (rows, columns) * 2, strict=True)
            )
            color = palette[number % len(palette)][:channels]
            down, across = slice(max(top, 0), bottom + 1), slice(max(left, 0), right + 1)
            for row in (top, bottom):
                if 0 <= row < rows:
                    image[row, across] = color
            for column in (left, right):
                if 0 <= column < columns:
                    image[down, column] = color
    return tensor(made)


class _Sample(NamedTuple):
    begin: Any
    size: Any
    bboxes: Any


def sample_distorted_bounding_box(
    image_size: Any, bounding_boxes: Any, seed: Any = 0, min_object_covered: Any = 0.1,
    aspect_ratio_range: Any = None, area_range: Any = None, max_attempts: int = 100,
    use_image_if_no_bounding_boxes: bool = False, name: str | None = None,
) -> _Sample:  # fmt: skip
    """A random part of an image that covers enough of one of the boxes: begin and size for
    `tf.slice`, and the part as a box (1, 1, 4). The whole image after too many attempts."""
    rows, columns, _ = np.asarray(operand(image_size)).tolist()
    boxes = np.asarray(operand(bounding_boxes)).reshape(-1, 4)
    if not len(boxes) and not use_image_if_no_bounding_boxes:
        raise ValueError(
            "tf.image.sample_distorted_bounding_box: expected at least one box. Received: none. "
            "Pass use_image_if_no_bounding_boxes=True for parts of the whole image."
        )
    boxes = boxes if len(boxes) else np.float32([[0, 0, 1, 1]])
    ratios, areas = aspect_ratio_range or (0.75, 1.33), area_range or (0.05, 1.0)
    source = np.random.default_rng(random.fresh_seed())
    top, left, high, wide = 0, 0, rows, columns
    for _ in range(max_attempts):
        area = source.uniform(*areas) * rows * columns
        ratio = source.uniform(*ratios)
        h, w = round(float(np.sqrt(area / ratio))), round(float(np.sqrt(area * ratio)))
        if not (0 < h <= rows and 0 < w <= columns):
            continue
        y, x = int(source.integers(rows - h + 1)), int(source.integers(columns - w + 1))
        part = np.array([y / rows, x / columns, (y + h) / rows, (x + w) / columns])
        sides = np.minimum(boxes[:, 2:], part[2:]) - np.maximum(boxes[:, :2], part[:2])
        covered = np.maximum(sides, 0).prod(1) / (boxes[:, 2:] - boxes[:, :2]).prod(1)
        if covered.max() >= min_object_covered:
            top, left, high, wide = y, x, h, w
            break
    part = np.float32(
        [[[top / rows, left / columns, (top + high) / rows, (left + wide) / columns]]]
    )
    kind = np.asarray(operand(image_size)).dtype
    return _Sample(
        tensor(np.array([top, left, 0], kind)), tensor(np.array([high, wide, -1], kind)),
        tensor(part),
    )  # fmt: skip


__all__ = [
    "draw_bounding_boxes", "non_max_suppression", "non_max_suppression_with_scores",
    "sample_distorted_bounding_box",
]  # fmt: skip
