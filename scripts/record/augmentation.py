"""Layers of images, with what they draw at random given, and the transformations under them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from record.common import Recording, args, generator, jsonable

NOTE = """cases: keras.ops.image.affine_transform of a batch of two images, with a transform each:
columns a0, a1, a2, then rows b0, b1, b2, then two zeros. Those with a layer: the layer's
transform_images of the images, with what it would draw at random given as `drawn`; where that is
null, the layer called in training, whose bounds leave it no choice. boxes: what
transform_bounding_boxes makes of them, with labels 1 and 2."""
TRANSFORMS = [[0.9, 0.1, 1.3, -0.2, 1.1, -2.4, 0, 0], [1.2, 0, -3.25, 0.1, 0.8, 4.25, 0, 0]]
CORNERS = [[0.0, 0.0], [6.0, 0.0], [0.0, 5.0], [6.0, 5.0]]
MOVED = [[0.5, 0.3], [4.6, 0.9], [0.2, 4.1], [5.9, 4.4]]
YES = [True, False]
MASK = np.zeros((2, 6, 7, 1), bool)
MASK[0, 1:3, 2:5] = MASK[1, 4:, :3] = True
UNIT, FIRST = args(value_range=[0, 1]), args(data_format="channels_first")

# Of each case the layer, its arguments, and what is drawn.
LAYERS: list[tuple[str, dict[str, Any], Any]] = [
    ("RandomFlip", args(mode="horizontal"), {"flips": [[[[True]]], [[[False]]]]}),
    ("RandomFlip", args(), {"flips": [[[[True]]], [[[False]]]]}),
    ("RandomRotation", args(factor=[0.1, 0.1], fill_mode="constant"), None),
    ("RandomRotation", args(factor=[-0.3, -0.3], interpolation="nearest", **FIRST), None),
    ("RandomZoom", args(height_factor=0.5, fill_mode="nearest"),
     {"height_zoom": [[0.7], [1.2]], "width_zoom": [[0.8], [1.4]]}),
    ("RandomTranslation", args(height_factor=0.5, width_factor=0.5, fill_mode="wrap"),
     {"translations": [[1.5, -2.25], [-3.0, 1.0]]}),
    ("RandomShear", args(x_factor=0.5, fill_mode="constant", fill_value=0.3),
     {"shear_factor": [[0.3, -0.2], [-0.4, 0.1]]}),
    ("RandomPerspective", args(fill_value=0.5),
     {"apply_perspective": YES, "start_points": [CORNERS] * 2, "end_points": [MOVED] * 2}),
    ("RandomGaussianBlur", args(kernel_size=[3, 5], **UNIT),
     {"should_apply_blur": YES, "blur_factor": [0.5, 0.9]}),
    ("RandomErasing", args(),
     {"apply_erasing": YES, "batch_masks": MASK, "fill_value": 0.25}),
    ("RandomBrightness", UNIT | args(factor=0.5), {"rgb_delta": [[[[0.3]]], [[[-0.4]]]]}),
    ("RandomContrast", UNIT | args(factor=0.5), {"contrast_factor": [[[[0.6]]], [[[1.4]]]]}),
    ("RandomContrast", UNIT | FIRST | args(factor=0.5),
     {"contrast_factor": [[[[0.6]]], [[[1.4]]]]}),
    ("RandomHue", UNIT | args(factor=0.5), {"factor": [0.3, -0.45]}),
    ("RandomSaturation", UNIT | args(factor=0.5), {"factor": [0.3, 1.9]}),
    ("RandomSaturation", UNIT | FIRST | args(factor=0.5), {"factor": [0.3, 1.9]}),
    ("RandomGrayscale", args(), [[[[True]]], [[[False]]]]),
    ("RandomColorDegeneration", UNIT | args(factor=0.5),
     {"factor": [[[[0.7]]], [[[-0.3]]]]}),
    ("RandomSharpness", UNIT | args(factor=0.5), {"factor": [0.1, 0.9]}),
    ("RandomSharpness", UNIT | FIRST | args(factor=0.5), {"factor": [0.1, 0.9]}),
    ("RandomColorJitter", UNIT | args(brightness_factor=[0.1, 0.1],
                                      saturation_factor=[0.7, 0.7]), None),
    ("RandomInvert", UNIT, {"apply_inversion": YES}),
    ("RandomPosterization", UNIT | args(factor=4), {"shift_factor": np.uint8([5, 7])}),
    ("Solarization", UNIT, {"additions": [[[[30.0]]], [[[0.0]]]],
                            "thresholds": [[[[100.0]]], [[[20.0]]]]}),
    ("AutoContrast", UNIT, None),
    ("Equalization", UNIT | args(bins=64), None),
    ("Equalization", UNIT | FIRST | args(bins=16), None),
    ("RandomCrop", args(height=4, width=8), None),
    ("RandomCrop", args(height=8, width=3), None),
    ("CenterCrop", args(height=3, width=4), None),
    ("CenterCrop", args(height=9, width=4), None),
    ("Resizing", args(height=4, width=9, interpolation="bicubic", antialias=True), None),
    ("Resizing", args(height=8, width=9, crop_to_aspect_ratio=True), None),
    ("Resizing", FIRST | args(height=5, width=9, pad_to_aspect_ratio=True, fill_value=0.4), None),
]  # fmt: skip
CORNER = args(bounding_box_format="xyxy")
BOXES: list[tuple[str, dict[str, Any], Any]] = [
    ("RandomFlip", args(bounding_box_format="rel_xywh"), {"flips": [[[[True]]], [[[False]]]]}),
    ("RandomZoom", CORNER | args(height_factor=0.5),
     {"height_zoom": [[0.7], [1.2]], "width_zoom": [[0.8], [1.4]]}),
    ("RandomTranslation", args(height_factor=0.5, width_factor=0.5,
                               bounding_box_format="center_yxhw"),
     {"translations": [[1.5, -2.25], [-3.0, 1.0]]}),
    ("RandomShear", args(bounding_box_format="rel_yxyx"),
     {"shear_factor": [[0.3, -0.2], [-0.4, 0.1]]}),
    ("RandomPerspective", CORNER,
     {"apply_perspective": YES, "start_points": [CORNERS] * 2, "end_points": [MOVED] * 2}),
    ("RandomRotation", CORNER | args(factor=[0.1, 0.1]), None),
    ("CenterCrop", CORNER | args(height=3, width=4), None),
    ("CenterCrop", CORNER | args(height=9, width=4), None),
    ("Resizing", CORNER | args(height=4, width=9), None),
    ("Resizing", CORNER | args(height=8, width=9, crop_to_aspect_ratio=True), None),
    ("Resizing", CORNER | args(height=5, width=9, pad_to_aspect_ratio=True), None),
]  # fmt: skip
BOX = [[1.0, 2.0, 4.0, 3.0], [3.0, 0.5, 6.5, 5.0]]


def arrays(recording: Recording, name: str, drawn: Any) -> Any:
    """The drawn numbers as arrays, and the keys under which they are kept."""
    if not isinstance(drawn, dict):
        return None if drawn is None else recording.array(f"{name}/drawn", np.asarray(drawn))
    return {key: recording.array(f"{name}/{key}", as_array(v)) for key, v in drawn.items()}


def as_array(value: Any) -> Any:
    """An array, of float32 where it has fractions."""
    value = np.asarray(value)
    return value.astype("float32") if value.dtype == np.float64 else value


def record_layers(recording: Recording, images: np.ndarray) -> None:
    """What each layer makes of images."""
    for number, (layer, config, drawn) in enumerate(LAYERS):
        name = f"{layer}.{number}"
        made = getattr(keras.layers, layer)(**config)
        first = config.get("data_format") == "channels_first"
        given = images.transpose(0, 3, 1, 2) if first else images
        if drawn is None:
            output = made(given, training=True)
        else:
            numbers = drawn
            if isinstance(drawn, dict):
                numbers = {k: as_array(v) for k, v in drawn.items()}
                numbers["input_shape"] = given.shape
            else:
                numbers = np.asarray(drawn)
            output = made.transform_images(given, numbers, training=True)
        recording.case(
            name=name, layer=layer, config=jsonable(config), drawn=arrays(recording, name, drawn),
            output=recording.array(f"{name}/output", output),
        )  # fmt: skip


def record_boxes(recording: Recording, shape: tuple[int, ...]) -> None:
    """What each layer makes of boxes."""
    for number, (layer, config, drawn) in enumerate(BOXES):
        name = f"boxes.{layer}.{number}"
        made = getattr(keras.layers, layer)(**config)
        boxes = keras.utils.bounding_boxes.convert_format(
            np.float32([BOX, BOX]), "xyxy", config["bounding_box_format"], *shape[1:3]
        )
        given = {"boxes": boxes, "labels": np.int32([[1, 2], [1, 2]])}
        if drawn is None:
            data = {"images": np.zeros(shape, "float32"), "bounding_boxes": given}
            found = made(data, training=True)["bounding_boxes"]
        else:
            numbers = {k: as_array(v) for k, v in drawn.items()} | {"input_shape": shape}
            found = made.transform_bounding_boxes(dict(given), numbers, training=True)
        recording.case(
            name=name, boxes_of=layer, config=jsonable(config),
            drawn=arrays(recording, name, drawn), boxes=recording.array(f"{name}/boxes", boxes),
            output=recording.array(f"{name}/output", found["boxes"]),
            labels=recording.array(f"{name}/labels", found["labels"]),
        )  # fmt: skip


def record() -> Recording:
    """Every fill mode with every interpolation, and every layer."""
    recording = Recording(NOTE, shared=["colors"])
    images = generator("augmentation").normal(size=(2, 6, 7, 2)).astype("float32")
    transforms = np.array(TRANSFORMS, "float32")
    inputs = [recording.array("images", images), recording.array("transforms", transforms)]
    for interpolation in ("bilinear", "nearest"):
        for fill_mode in ("reflect", "wrap", "constant", "nearest"):
            options = {
                "interpolation": interpolation,
                "fill_mode": fill_mode,
                "fill_value": 0.5,
            }
            outputs = keras.ops.image.affine_transform(images, transforms, **options)
            name = f"{interpolation}-{fill_mode}"
            recording.case(
                name=name, inputs=inputs, options=options, output=recording.array(name, outputs)
            )
    colors = generator("colors").uniform(size=(2, 6, 7, 3)).round(3).astype("float32")
    recording.array("colors", colors)
    record_layers(recording, colors)
    record_boxes(recording, colors.shape)
    return recording
