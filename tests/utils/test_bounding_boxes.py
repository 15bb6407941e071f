"""Boxes: formats against each other, and geometry against points that are moved one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from geartrain import jit, layers
from geartrain.utils import bounding_boxes as boxes_module
from geartrain.utils.bounding_boxes.converters import FORMATS

RNG = np.random.default_rng(3)
STARTS = RNG.uniform(0, 5, (2, 4, 2))
BOXES = np.concatenate([STARTS, STARTS + RNG.uniform(0.5, 4, (2, 4, 2))], -1).astype("float32")
SIZE = {"height": 20, "width": 10}
EXPECTED = {  # of the box with the corners (1, 2) and (4, 10)
    "xyxy": [1, 2, 4, 10],
    "yxyx": [2, 1, 10, 4],
    "xywh": [1, 2, 3, 8],
    "center_xywh": [2.5, 6, 3, 8],
    "center_yxhw": [6, 2.5, 8, 3],
    "rel_xyxy": [0.1, 0.1, 0.4, 0.5],
    "rel_yxyx": [0.1, 0.1, 0.5, 0.4],
    "rel_xywh": [0.1, 0.1, 0.3, 0.4],
    "rel_center_xywh": [0.25, 0.3, 0.3, 0.4],
}


def test_every_format_of_one_box_gives_every_other():
    assert set(EXPECTED) == set(FORMATS)
    for source, target in itertools.product(FORMATS, FORMATS):
        found = boxes_module.convert_format([EXPECTED[source]], source, target, **SIZE)
        np.testing.assert_allclose(found[0], EXPECTED[target], rtol=1e-6)


def test_dictionaries_keep_what_else_is_in_them():
    given = {"boxes": BOXES, "labels": 3}
    found = boxes_module.convert_format(given, "xyxy", "xywh")
    assert found["labels"] == 3 and given["boxes"] is BOXES
    np.testing.assert_allclose(found["boxes"][..., 2:], BOXES[..., 2:] - BOXES[..., :2])


def test_labels_of_boxes_outside_are_gone():
    given = {"boxes": np.float32([[-5, -5, -1, -1], [2, 2, 30, 30]]), "labels": np.int32([4, 5])}
    found = boxes_module.clip_to_image_size(given, **SIZE)
    assert found["boxes"].tolist() == [[0, 0, 0, 0], [2, 2, 10, 20]]
    assert found["labels"].tolist() == [-1, 5]


def test_turned_boxes_lie_around_their_turned_corners():
    angle, none, scale = np.float32([30, -75]), np.zeros(2, "float32"), np.float32([1, 0.5])
    found = boxes_module.affine_transform(BOXES, angle, none, none, scale, none, none, 21, 11)
    for image in range(2):
        turn, middle = np.deg2rad(angle[image]), np.array([5, 10])
        matrix = scale[image] * np.array(
            [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
        )
        for box, other in zip(BOXES[image], found[image], strict=True):
            points = np.array(list(itertools.product(box[[0, 2]], box[[1, 3]])))
            moved = (points - middle) @ matrix.T + middle
            np.testing.assert_allclose(other, [*moved.min(0), *moved.max(0)], atol=1e-4)


def test_a_layer_moves_boxes_where_it_moves_their_pixels():
    """A box of bright pixels on black, turned a quarter."""
    image = np.zeros((1, 11, 11, 1), "float32")
    image[0, 2:5, 1:8] = 1
    layer = layers.RandomRotation((0.25, 0.25), fill_mode="constant", bounding_box_format="xyxy")
    data = {"images": image, "bounding_boxes": {"boxes": [[[1, 2, 7, 4]]], "labels": [[1]]}}
    found = layer(data, training=True)
    rows, columns = np.nonzero(found["images"][0, ..., 0] > 0.5)
    pixels = [columns.min(), rows.min(), columns.max(), rows.max()]
    np.testing.assert_allclose(found["bounding_boxes"]["boxes"][0, 0], pixels, atol=1e-4)


def test_deltas_are_undone_in_compiled_functions_too():
    anchors = BOXES[0] + np.float32([0.3, -0.2, 0.5, 0.4])
    options = {"variance": [0.1, 0.1, 0.2, 0.2], "image_shape": (20, 10, 3)}

    def there_and_back(boxes):
        deltas = boxes_module.encode_box_to_deltas(anchors, boxes, "xyxy", "xyxy", **options)
        return boxes_module.decode_deltas_to_boxes(anchors, deltas, "xyxy", "xyxy", **options)

    np.testing.assert_allclose(jit(there_and_back)(BOXES), BOXES, atol=1e-4)
    levels = {"a": BOXES[0]}
    deltas = {"a": np.zeros((4, 4), "float32")}
    found = boxes_module.decode_deltas_to_boxes(levels, deltas, "xyxy", "xyxy")
    np.testing.assert_allclose(found["a"], BOXES[0], atol=1e-4)


def test_overlaps_are_those_of_counted_pixels():
    """On a grid that is fine enough, the areas are numbers of pixels."""
    grid = np.stack(np.meshgrid(np.arange(0, 10, 0.02), np.arange(0, 10, 0.02)), -1)

    def inside(box):
        return ((grid >= box[:2]) & (grid < box[2:])).all(-1)

    one, other = BOXES
    found = boxes_module.compute_iou(one, other, "xyxy")
    for i, j in itertools.product(range(4), range(4)):
        a, b = inside(one[i]), inside(other[j])
        np.testing.assert_allclose(found[i, j], (a & b).sum() / (a | b).sum(), atol=0.02)
    batch = boxes_module.compute_iou(BOXES, BOXES[::-1], "xyxy")
    np.testing.assert_allclose(batch[0], found, atol=1e-6)
    hidden = boxes_module.compute_iou([[-1.0] * 4], one, "xyxy", use_masking=True, mask_val=-7)
    assert (hidden == -7).all()


def test_complete_overlap_is_below_plain_overlap_unless_boxes_are_equal():
    one, other = BOXES
    plain = np.diag(boxes_module.compute_iou(one, other, "xyxy"))
    complete = boxes_module.compute_ciou(one, other, "xyxy")
    assert (complete < plain).all() and (complete > -1.5).all()
    np.testing.assert_allclose(boxes_module.compute_ciou(one, one, "xyxy"), 1, atol=1e-3)
    middle = (one[:, :2] + one[:, 2:] - other[:, :2] - other[:, 2:]) / 2
    around = np.maximum(one[:, 2:], other[:, 2:]) - np.minimum(one[:, :2], other[:, :2])
    shapes = [np.arctan2(b[:, 2] - b[:, 0], b[:, 3] - b[:, 1]) for b in (one, other)]
    form = 4 / np.pi**2 * (shapes[0] - shapes[1]) ** 2
    expected = plain - (middle**2).sum(1) / (around**2).sum(1) - form**2 / (form - plain + 1)
    np.testing.assert_allclose(complete, expected, atol=1e-4)


@pytest.mark.parametrize(
    "call, kind, message",
    [
        (lambda m: m.convert_format([1.0, 2.0], "xyxy", "yxyx"), ValueError,
         r"convert_format: expected boxes of shape \(..., 4\). Received"),
        (lambda m: m.convert_format(BOXES, "xyxy", "corners"), ValueError,
         "expected target as one of xyxy, yxyx.*Received: 'corners'"),
        (lambda m: m.convert_format(BOXES, "xyxy", "rel_xyxy"), ValueError,
         "expected height and width, to go from 'xyxy' to 'rel_xyxy'. Received: height=None"),
        (lambda m: m.clip_to_image_size({"boxes": BOXES}), ValueError,
         "expected height and width for boxes in 'xyxy'"),
        (lambda m: m.crop(BOXES, 1, 1, 2, 2, "xywh"), NotImplementedError,
         "crop: expected bounding_box_format='xyxy'. Received: 'xywh'. Use convert_format first"),
        (lambda m: m.encode_box_to_deltas(BOXES, BOXES, "xyxy", "xyxy", "xyxy"), ValueError,
         "expected encoding_format as 'center_xywh' or 'center_yxhw'. Received: 'xyxy'"),
        (lambda m: m.encode_box_to_deltas(BOXES, BOXES, "xyxy", "xyxy", variance=[1]), ValueError,
         "expected variance as 4 numbers"),
        (lambda m: m.compute_iou(BOXES[0, 0], BOXES, "xyxy"), ValueError,
         r"expected boxes1 of shape \(boxes, 4\) or \(batch, boxes, 4\)"),
        (lambda m: m.compute_iou(BOXES, BOXES, "rel_xyxy"), ValueError,
         "expected image_shape for boxes in 'rel_xyxy'. Received: image_shape=None"),
    ],
)  # fmt: skip
def test_mistakes_are_told(call, kind, message):
    with pytest.raises(kind, match=message):
        call(boxes_module)
