"""Layers that bring images to one size: resized, or cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain import ops, random
from geartrain.layers.arguments import one_of, positive
from geartrain.layers.images.base import ImageLayer, RandomImageLayer, Size
from geartrain.ops import image
from geartrain.ops.image.sizes import INTERPOLATIONS
from geartrain.ops.operands import extents_of, operand
from geartrain.registry import register

Window = tuple[Any, Any]  # of an axis: where it starts, and how long it is


def ratio_window(size: Size, wanted: Size) -> tuple[Window, Window]:
    """The largest part in the middle of images whose sides have the ratio of the wanted ones."""
    height, width = size
    rows = max(min(height, int(width * wanted[0] / wanted[1])), 1)
    columns = max(min(width, int(height * wanted[1] / wanted[0])), 1)
    return ((height - rows) // 2, rows), ((width - columns) // 2, columns)


def seen_through(window: tuple[Window, Window], wanted: Size) -> Callable[..., Any]:
    """What changes boxes where a window is cut out of images and resized."""

    def change(*columns: Any) -> Any:
        moved = []
        for number, one in enumerate(columns):
            axis = 1 - number % 2
            start, length = (ops.cast(part, "float32") for part in window[axis])
            moved.append((ops.clip(one, start, start + length) - start) * (wanted[axis] / length))
        return moved

    return change


class _ToSize(ImageLayer):
    """Base: images of a height and width, in training and elsewhere alike."""

    def __init__(self, height: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height = positive(self, "height", height)
        self.width = positive(self, "width", width)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The height and width of the images before."""
        return self._size(self._shape(data))

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The masks, of the same height and width."""
        return self.transform_images(segmentation_masks, transformation, training)


@register("layers")
class Resizing(_ToSize):
    """Resizes images, in training and elsewhere.

    Args:
        height, width: of the results.
        interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`, see
            `ops.image.resize`.
        crop_to_aspect_ratio: whether what does not fit the new ratio is cut off at the borders.
        pad_to_aspect_ratio: whether borders are added instead.
        fill_mode, fill_value: of these borders: `"constant"` is the only mode.
        antialias: whether pixels are weighed over a wider range where images become smaller.
        data_format: where the channels are.

    Call: images of any dtype, which they keep; whole numbers are rounded.

    >>> import numpy as np
    >>> Resizing(1, 4)(np.float32([[[0], [1]]]))[0, :, 0]
    array([0.  , 0.25, 0.75, 1.  ], dtype=float32)
    """

    def __init__(
        self, height: int, width: int, interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant", fill_value: float = 0.0, antialias: bool = False,
        data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(height, width, data_format=data_format, **kwargs)
        self.interpolation = one_of(self, "interpolation", interpolation, INTERPOLATIONS)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError(
                f"{self._who()}: expected at most one of crop_to_aspect_ratio and "
                "pad_to_aspect_ratio. Received: both"
            )
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = (
            crop_to_aspect_ratio, pad_to_aspect_ratio,
        )  # fmt: skip
        self.fill_mode = one_of(self, "fill_mode", fill_mode, ("constant",))
        self.fill_value, self.antialias = fill_value, bool(antialias)

    def transform_images(
        self, images: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The images in the new size."""
        return self._resized(images, self.interpolation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The masks in the new size, each pixel the nearest of the mask."""
        return self._resized(segmentation_masks, "nearest")

    def _resized(self, images: Any, interpolation: str) -> Any:
        return image.resize(
            images, (self.height, self.width), interpolation, self.antialias,
            self.crop_to_aspect_ratio, self.pad_to_aspect_ratio, self.fill_mode, self.fill_value,
            self.data_format,
        )  # fmt: skip

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The boxes in the resized images; those of zeros or of -1 become zeros."""
        boxes = operand(bounding_boxes["boxes"])
        blank = [ops.all(ops.equal(boxes, fill), axis=-1, keepdims=True) for fill in (0, -1)]
        wanted = (self.height, self.width)
        moved = self._moved_boxes(
            bounding_boxes, transformation, self._change(transformation), wanted
        )
        found = ops.where(ops.logical_or(*blank), ops.zeros_like(moved["boxes"]), moved["boxes"])
        return {**moved, "boxes": found}

    def _change(self, size: Size) -> Callable[..., Any]:
        """Boxes of the images before, in the new size: scaled, then moved."""
        ratios = [new / old for new, old in zip((self.height, self.width), size, strict=True)]
        if self.pad_to_aspect_ratio or self.crop_to_aspect_ratio:
            ratios = [(min if self.pad_to_aspect_ratio else max)(ratios)] * 2
        borders = [
            (new - old * ratio) / 2
            for new, old, ratio in zip((self.height, self.width), size, ratios, strict=True)
        ]
        if self.pad_to_aspect_ratio:
            borders = [float(border // 1) for border in borders]
        else:
            borders = [-float(-border // 1) for border in borders]

        def change(*columns: Any) -> Any:
            return [
                one * ratios[1 - number % 2] + borders[1 - number % 2]
                for number, one in enumerate(columns)
            ]

        return change


@register("layers")
class CenterCrop(_ToSize):
    """Cuts the middle out of images, in training and elsewhere.

    Smaller images are cut to the window's ratio, and resized.

    Args:
        height, width: the window's size.
        data_format: where the channels are.

    >>> import numpy as np
    >>> CenterCrop(1, 2)(np.arange(12, dtype="float32").reshape(3, 4, 1))[..., 0]
    array([[5., 6.]], dtype=float32)
    """

    def __init__(
        self, height: int, width: int, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(height, width, data_format=data_format, **kwargs)

    def _window(self, size: Size) -> tuple[Window, Window]:
        wanted = (self.height, self.width)
        if any(old < new for old, new in zip(size, wanted, strict=True)):
            return ratio_window(size, wanted)
        rows, columns = (((old - new) // 2, new) for old, new in zip(size, wanted, strict=True))
        return rows, columns

    def transform_images(
        self, images: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The middle of the images."""
        images = ops.cast(images, self.compute_dtype)
        window = self._window(self._known_size(extents_of(images)))
        return to_size(part_of(images, window, self), (self.height, self.width), self)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The boxes in the middle of the images."""
        wanted = (self.height, self.width)
        change = seen_through(self._window(transformation), wanted)
        return self._moved_boxes(bounding_boxes, transformation, change, wanted)


def part_of(images: Any, window: tuple[Window, Window], layer: ImageLayer) -> Any:
    """A window of images, whose start may be drawn."""
    for axis, (start, length) in zip(layer._axes[:2], window, strict=True):
        if isinstance(start, int):
            key = [slice(None)] * len(images.shape)
            key[axis] = slice(start, start + length)
            images = images[tuple(key)]
        else:
            images = ops.take(images, start + ops.arange(length, dtype="int32"), axis=axis)
    return images


def to_size(images: Any, wanted: Size, layer: ImageLayer) -> Any:
    """The images resized, unless they have the size."""
    if layer._size(extents_of(images)) == wanted:
        return images
    return image.resize(images, wanted, data_format=layer.data_format)


@register("layers")
class RandomCrop(RandomImageLayer):
    """Cuts a window out of the images in training, at one random place for the batch.

    Images that are not larger than the window are cut around their middle, and resized. Outside of
    training images stay as they are, as in Keras: cut validation images with `CenterCrop`, if the
    model needs them so.

    Args:
        height, width: the window's size.
        seed: an integer; by default one drawn from the global seed.
        data_format: where the channels are: `"channels_last"` or `"channels_first"`.

    >>> import numpy as np
    >>> RandomCrop(4, 5)(np.zeros((2, 8, 8, 3), "float32"), training=True).shape
    (2, 4, 5, 3)
    """

    def __init__(
        self, height: int, width: int, seed: int | None = None, data_format: str | None = None,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, data_format, name=name, **kwargs)
        self.height = positive(self, "height", height)
        self.width = positive(self, "width", width)

    def _drawn(self, data: Any, seed: Any) -> Any:
        shape, wanted = self._shape(data), (self.height, self.width)
        size = self._known_size(shape)
        starts: list[Any] = [start for start, _ in ratio_window(size, wanted)]
        if all(old > new for old, new in zip(size, wanted, strict=True)):
            for axis, (old, new) in enumerate(zip(size, wanted, strict=True)):
                place = random.uniform((), 0.0, old - new + 1.0, seed=seed)
                starts[axis] = ops.minimum(ops.cast(place, "int32"), old - new)
        return {"h_start": starts[0], "w_start": starts[1], "input_shape": shape}

    def _window(self, transformation: Any) -> tuple[Window, Window]:
        size = self._known_size(transformation["input_shape"])
        starts = transformation["h_start"], transformation["w_start"]
        rows, columns = (
            (start, min(new, old - start) if isinstance(start, int) else new)
            for old, new, start in zip(size, (self.height, self.width), starts, strict=True)
        )
        return rows, columns

    def _changed(self, images: Any, transformation: Any) -> Any:
        window = part_of(images, self._window(transformation), self)
        return to_size(window, (self.height, self.width), self)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The same window of the masks."""
        return self.transform_images(segmentation_masks, transformation, training)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The boxes in the window."""
        if not training or transformation is None:
            return bounding_boxes
        size, wanted = self._size(transformation["input_shape"]), (self.height, self.width)
        change = seen_through(self._window(transformation), wanted)
        return self._moved_boxes(bounding_boxes, size, change, wanted)


@register("layers")
class MaxNumBoundingBoxes(ImageLayer):
    """Brings the boxes of each image to one number: drops the last ones, or fills up.

    Args:
        max_number: how many boxes.
        fill_value: what boxes and labels that are added consist of.

    Call: a dictionary of `"images"` and `"bounding_boxes"`; images stay as they are.

    >>> import numpy as np
    >>> boxes = {"boxes": [[0.0, 0.0, 1.0, 1.0]], "labels": [1]}
    >>> data = {"images": np.zeros((2, 2, 3)), "bounding_boxes": boxes}
    >>> MaxNumBoundingBoxes(2, bounding_box_format="xyxy")(data)["bounding_boxes"]["labels"]
    array([ 1, -1], dtype=int32)
    """

    unless_default = ("fill_value",)

    def __init__(self, max_number: int, fill_value: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_number = positive(self, "max_number", max_number)
        self.fill_value = int(fill_value)

    def transform_images(
        self, images: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The images."""
        return images

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """So many boxes and labels."""
        made = dict(bounding_boxes)
        for name in ("boxes", "labels"):
            found = operand(bounding_boxes[name])[:, : self.max_number]
            missing = max(self.max_number - int(found.shape[1]), 0)
            widths = [(0, missing) if axis == 1 else (0, 0) for axis in range(len(found.shape))]
            made[name] = ops.pad(found, widths, constant_values=self.fill_value)
        return made
