"""What layers of images share: single images and batches, and what belongs to images.

They take images, or a dictionary of `"images"` with `"labels"`, `"bounding_boxes"` and
`"segmentation_masks"`, which change along. A call draws what is random at once, for all of them:

    transformation = layer.get_random_transformation(data, training=True)
    images = layer.transform_images(images, transformation, training=True)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain import ops, random
from geartrain.errors import UnknownSize, shown
from geartrain.layers.arguments import data_format_of
from geartrain.layers.layer import COMMON_KEYS, Layer
from geartrain.ops.image.checks import FIRST, LAST
from geartrain.ops.operands import extents_of, operand, rank_of
from geartrain.random import SeedGenerator
from geartrain.tree import map_structure
from geartrain.utils.bounding_boxes.converters import (
    FORMATS,
    clip_to_image_size,
    columns_of,
    convert_format,
    joined,
)

Size = tuple[Any, Any]  # height and width


class ImageLayer(Layer):
    """Base: images, one of rank 3 or a batch of rank 4, changed in some way.

    Args:
        data_format: where the channels are: `"channels_last"` or `"channels_first"`.
        bounding_box_format: what the numbers of boxes mean, see `keras.utils.bounding_boxes`.
    """

    accepts = (*Layer.accepts, "data_format", "bounding_box_format")
    config_order = (*COMMON_KEYS, "data_format", "bounding_box_format")

    def __init__(
        self, data_format: str | None = None, bounding_box_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(self, data_format)
        self.bounding_box_format = bounding_box_format
        if bounding_box_format is not None and bounding_box_format.lower() not in FORMATS:
            raise ValueError(
                f"{self._who()}: expected bounding_box_format as one of {', '.join(FORMATS)}. "
                f"Received: {bounding_box_format!r}"
            )

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        config = {**super().get_config(), "data_format": self.data_format}
        if self.bounding_box_format is not None:
            config["bounding_box_format"] = self.bounding_box_format
        return config

    # -- what a kind of layer says ----------------------------------------------------------------

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """What is drawn for a call; None where nothing is."""
        return None

    def transform_images(
        self, images: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The images, changed in training."""
        images = ops.cast(images, self.compute_dtype)
        return self._changed(images, transformation) if training else images

    def transform_labels(
        self, labels: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The labels of the changed images."""
        return labels

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The boxes around the same things in the changed images."""
        return bounding_boxes

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The masks of the same things in the changed images."""
        return segmentation_masks

    def _changed(self, images: Any, transformation: Any) -> Any:
        """What training sees of images, which have the layer's dtype."""
        raise NotImplementedError

    # -- calls ------------------------------------------------------------------------------------

    def call(self, data: Any, training: bool = True) -> Any:
        """The images, changed; of a dictionary also what belongs to them."""
        transformation = self.get_random_transformation(data, training=training)
        single = self._rank(data) == 3
        if not isinstance(data, dict):
            data = {"images": data}
            return self._all(data, transformation, training, single)["images"]
        return self._all(data, transformation, training, single)

    def _all(self, data: dict[str, Any], transformation: Any, training: bool, single: bool) -> Any:
        made = dict(data)
        for name, (one, many) in self._parts().items():
            if name in data:
                value = data[name]
                if name == "bounding_boxes":
                    value = self._dense(value)
                made[name] = (one if single else many)(
                    value, transformation=transformation, training=training
                )
        return made

    def _parts(self) -> dict[str, tuple[Callable[..., Any], Callable[..., Any]]]:
        """What changes one of each kind, and what changes a batch."""
        return {
            "images": (self.transform_single_image, self.transform_images),
            "bounding_boxes": (self.transform_single_bounding_box, self.transform_bounding_boxes),
            "labels": (self.transform_single_label, self.transform_labels),
            "segmentation_masks": (
                self.transform_single_segmentation_mask,
                self.transform_segmentation_masks,
            ),
        }

    def transform_single_image(
        self, image: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """One image, as a batch of one."""
        return _alone(self.transform_images, image, transformation, training)

    def transform_single_label(
        self, label: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The label of one image."""
        return _alone(self.transform_labels, label, transformation, training)

    def transform_single_bounding_box(
        self, bounding_box: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The boxes of one image."""
        return _alone(self.transform_bounding_boxes, bounding_box, transformation, training)

    def transform_single_segmentation_mask(
        self, segmentation_mask: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The mask of one image."""
        return _alone(
            self.transform_segmentation_masks, segmentation_mask, transformation, training
        )

    # -- images -----------------------------------------------------------------------------------

    @property
    def _axes(self) -> Any:
        return LAST if self.data_format == "channels_last" else FIRST

    def _rank(self, data: Any) -> int:
        images = self._images(data)
        rank = rank_of(images)
        if rank not in (3, 4):
            raise ValueError(
                f"{self._who()}: expected an image of rank 3, or a batch of images of rank 4. "
                f"Received: shape {tuple(images.shape)}"
            )
        return rank

    def _images(self, data: Any) -> Any:
        if not isinstance(data, dict):
            return operand(data)
        if "images" not in data:
            raise ValueError(
                f"{self._who()}: expected a dictionary with the key 'images'. Received: the keys "
                f"{', '.join(map(repr, data))}"
            )
        return operand(data["images"])

    def _count(self, data: Any) -> Any:
        """How many images these are."""
        return extents_of(self._images(data))[0] if self._rank(data) == 4 else 1

    def _shape(self, data: Any) -> Any:
        """The shape of the images, with an extent for the batch."""
        self._rank(data)
        return extents_of(self._images(data))

    def _size(self, shape: Any) -> Size:
        """The height and width in a shape."""
        return shape[self._axes.height], shape[self._axes.width]

    def _known_size(self, shape: Any) -> Size:
        size = self._size(shape)
        if not all(isinstance(one, int) for one in size):
            raise UnknownSize(
                f"{self._who()}: expected images of a height and width known now. Give them in "
                "keras.Input(shape)."
            )
        return size

    # -- boxes ------------------------------------------------------------------------------------

    def _dense(self, boxes: Any) -> dict[str, Any]:
        """Boxes and labels as tensors; lists of unequal length are filled up."""
        if self.bounding_box_format is None:
            raise ValueError(
                f"{self._who()}: expected bounding_box_format, since the data have the key "
                "'bounding_boxes'. Make the layer with bounding_box_format='xyxy', say."
            )
        if not isinstance(boxes, dict) or not {"boxes", "labels"} <= boxes.keys():
            raise ValueError(
                f"{self._who()}: expected bounding_boxes as a dictionary with 'boxes' and "
                f"'labels'. Received: {shown(boxes)}"
            )
        found, labels = (
            _filled(boxes[name], fill) for name, fill in (("boxes", 0), ("labels", -1))
        )
        return {**boxes, "boxes": operand(found, "float32"), "labels": operand(labels)}

    def _moved_boxes(
        self, boxes: Any, size: Size, change: Callable[..., Any], new_size: Size | None = None
    ) -> Any:
        """Boxes after `change(left, top, right, bottom)`, and without what lies outside.

        Args:
            boxes: what `_dense` gave.
            size: the height and width of the images.
            change: function of columns (..., 1) that returns such.
            new_size: the height and width of the changed images.
        """
        height, width = size
        boxes = convert_format(boxes, self.bounding_box_format or "xyxy", "xyxy", height, width)
        moved = {**boxes, "boxes": joined(change(*columns_of(boxes["boxes"])))}
        height, width = new_size or size
        moved = clip_to_image_size(moved, height, width)
        return convert_format(moved, "xyxy", self.bounding_box_format or "xyxy", height, width)


def _alone(change: Callable[..., Any], value: Any, transformation: Any, training: bool) -> Any:
    batch = map_structure(lambda one: ops.expand_dims(one, 0), value)
    made = change(batch, transformation=transformation, training=training)
    return map_structure(lambda one: ops.squeeze(one, 0), made)


def _filled(value: Any, fill: int) -> Any:
    """Nested lists, those of unequal length filled up: numbers by `fill`, boxes by four of it."""
    if not isinstance(value, list) or not value or not isinstance(value[0], list):
        return value
    if all(isinstance(one, list) and len(one) == len(value[0]) for one in value):
        return value
    most = max(len(one) for one in value)
    blank = [fill] * 4 if any(one and isinstance(one[0], list) for one in value) else fill
    return [[*one, *[blank] * (most - len(one))] for one in value]


class RandomImageLayer(ImageLayer):
    """Base: images changed at random in training, and left alone elsewhere.

    Args:
        seed: an integer; by default one drawn from the global seed.
    """

    def __init__(
        self, seed: int | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """What is drawn for a call; None outside of training."""
        if not training:
            return None
        return self._drawn(data, self.generator if seed is None else seed)

    def _drawn(self, data: Any, seed: Any) -> Any:
        raise NotImplementedError

    def transform_images(
        self, images: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The images, changed in training."""
        images = ops.cast(images, self.compute_dtype)
        if not training or transformation is None:
            return images
        return ops.cast(self._changed(images, transformation), self.compute_dtype)

    def _each(self, data: Any) -> tuple[Any, ...]:
        """The shape of one number for each image, beside images of that rank."""
        return (self._count(data), 1, 1, 1) if self._rank(data) == 4 else (1, 1, 1)

    def _chosen(self, data: Any, chance: tuple[float, float], seed: Any) -> Any:
        """Which images change, (count,): each with a chance that is drawn between two bounds."""
        shape = (self._count(data),)
        bound = random.uniform(shape, *chance, seed=seed)
        return ops.less(random.uniform(shape, seed=seed), bound)

    # -- arguments --------------------------------------------------------------------------------

    def _range(self, name: str, value: Any, low: float, high: float) -> tuple[Any, Any]:
        """The bounds that a number, or a pair of numbers, stands for."""
        pair = self._pair(name, value, low, high)
        if pair[1] is not None:
            return pair
        return low if low >= 0 else max(-abs(pair[0]), low), abs(pair[0])

    def _pair(self, name: str, value: Any, low: float, high: float) -> tuple[Any, Any]:
        """A number and None, or a pair of numbers in order."""
        pair = list(value) if isinstance(value, list | tuple) else [value]
        numbers = all(
            isinstance(one, int | float) and not isinstance(one, bool) and low <= one <= high
            for one in pair
        )
        if not numbers or len(pair) not in (1, 2):
            raise ValueError(
                f"{self._who()}: expected {name} as a number from {low} to {high}, or a pair of "
                f"such. Received: {shown(value)}"
            )
        return tuple(sorted(pair)) if len(pair) == 2 else (pair[0], None)


def value_range_of(layer: Layer, value: Any) -> list[Any]:
    """The least and the greatest value of pixels, as a list."""
    numbers = isinstance(value, list | tuple) and all(isinstance(v, int | float) for v in value)
    if not numbers or len(value) != 2:
        raise ValueError(
            f"{layer._who()}: expected value_range as a list of two numbers. "
            f"Received: {shown(value)}"
        )
    return sorted(value)


def rescaled(images: Any, source: Any, target: Any) -> Any:
    """Pixels of one range of values in another."""
    if list(source) == list(target):
        return images
    unit = (images - source[0]) / (source[1] - source[0])
    return unit * (target[1] - target[0]) + target[0]


def beside(number: Any, rank: int = 4) -> Any:
    """One number for each image, of any shape, beside tensors of a rank."""
    return ops.reshape(number, (-1, *(1,) * (rank - 1)))
