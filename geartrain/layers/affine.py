"""Images whose pixels are taken from other places of them."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.ops.operands import dtype_of, extents_of

Row = tuple[Any, Any, Any]


def transformed(
    images: Any, columns: Row, rows: Row, interpolation: str, fill_mode: str, fill_value: float
) -> Any:
    """Each pixel (x, y) from the place (x', y') of its image.

        x' = a0 x + a1 y + a2,  y' = b0 x + b1 y + b2

    Args:
        images: (batch, height, width, channels), of known height and width.
        columns: `(a0, a1, a2)`, numbers or tensors of shape (batch, 1, 1, 1).
        rows: `(b0, b1, b2)`.
        interpolation: `"bilinear"` between the four pixels around, or the `"nearest"`.
        fill_mode: what lies beyond the border: `"reflect"` (the image mirrored, its border twice),
            `"wrap"`, `"constant"` or `"nearest"`.
        fill_value: the value there with `"constant"`.
    """
    _, height, width, _ = images.shape
    x = ops.reshape(ops.arange(width, dtype="float32"), (1, 1, width, 1))
    y = ops.reshape(ops.arange(height, dtype="float32"), (1, height, 1, 1))
    new_x = columns[0] * x + columns[1] * y + columns[2]
    new_y = rows[0] * x + rows[1] * y + rows[2]
    take = _Pixels(images, fill_mode, fill_value)
    if interpolation == "nearest":
        return take(_rounded(new_y), _rounded(new_x))
    top, left = ops.floor(new_y), ops.floor(new_x)
    down, right = (ops.cast(one, dtype_of(images)) for one in (new_y - top, new_x - left))
    above = _between(take(top, left), take(top, left + 1), right)
    below = _between(take(top + 1, left), take(top + 1, left + 1), right)
    return _between(above, below, down)


def _rounded(place: Any) -> Any:
    """The nearest whole number, and halves away from zero, as Keras has it."""
    return ops.sign(place) * ops.floor(ops.abs(place) + 0.5)


def _between(one: Any, other: Any, share: Any) -> Any:
    return one * (1 - share) + other * share


class _Pixels:
    """The pixels of images by their whole coordinates, which may lie beyond the border."""

    def __init__(self, images: Any, fill_mode: str, fill_value: float) -> None:
        self.batch, self.height, self.width, self.channels = extents_of(images)
        self.flat = ops.reshape(images, (-1, self.height * self.width, self.channels))
        self.fill_mode, self.fill_value = fill_mode, fill_value

    def __call__(self, y: Any, x: Any) -> Any:
        inside_y, inside_x = self._inside(y, self.height), self._inside(x, self.width)
        place = ops.cast(inside_y * self.width + inside_x, "int32")
        place = ops.reshape(
            ops.broadcast_to(place, (self.batch, self.height, self.width, 1)),
            (-1, self.height * self.width, 1),
        )
        found = ops.take_along_axis(self.flat, place, axis=1)
        found = ops.reshape(found, (-1, self.height, self.width, self.channels))
        if self.fill_mode != "constant":
            return found
        there = ops.logical_and(ops.equal(inside_y, y), ops.equal(inside_x, x))
        return ops.where(there, found, ops.cast(self.fill_value, dtype_of(found)))

    def _inside(self, place: Any, size: int) -> Any:
        """The coordinate within the image that a coordinate stands for."""
        if self.fill_mode == "wrap":
            return ops.mod(place, size)
        if self.fill_mode == "reflect":
            turned = ops.mod(place, 2 * size)
            return ops.minimum(turned, 2 * size - 1 - turned)
        return ops.clip(place, 0, size - 1)
