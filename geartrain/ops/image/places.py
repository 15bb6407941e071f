"""Images whose pixels are taken from other places of them."""

from __future__ import annotations

import itertools
from typing import Any

from geartrain.graph.shapes import public
from geartrain.ops.arithmetic import (
    absolute,
    add,
    clip,
    divide,
    floor,
    minimum,
    mod,
    multiply,
    sign,
    subtract,
)
from geartrain.ops.creation import arange
from geartrain.ops.decomposing import solve
from geartrain.ops.image.checks import LAST, constant, images_of, in_floats, known, one_of
from geartrain.ops.logic import equal, logical_and, where
from geartrain.ops.operands import Tensor, as_float, dtype_of, extents_of, operand, rank_of
from geartrain.ops.shaping import (
    broadcast_to,
    concatenate,
    expand_dims,
    moveaxis,
    ravel,
    reshape,
    squeeze,
    stack,
)
from geartrain.ops.slicing import take, take_along_axis

__all__ = ["affine_transform", "map_coordinates", "perspective_transform"]

FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")
INTERPOLATIONS = ("nearest", "bilinear")
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
            `"mirror"` (its border once), `"wrap"`, `"constant"` or `"nearest"`.
        fill_value: the value there with `"constant"`.
    """
    _, height, width, _ = extents_of(images)
    x = reshape(arange(width, dtype="float32"), (1, 1, width, 1))
    y = reshape(arange(height, dtype="float32"), (1, height, 1, 1))
    new_x = columns[0] * x + columns[1] * y + columns[2]
    new_y = rows[0] * x + rows[1] * y + rows[2]
    return taken(images, new_y, new_x, interpolation, fill_mode, fill_value)


def taken(
    images: Any, new_y: Any, new_x: Any, interpolation: str, fill_mode: str, fill_value: float
) -> Any:
    """Each pixel from the place (new_y, new_x), both (batch or 1, height, width, 1)."""
    take = _Pixels(images, fill_mode, fill_value)
    if interpolation == "nearest":
        return take(_rounded(new_y), _rounded(new_x))
    top, left = floor(new_y), floor(new_x)
    down, right = (operand(one, dtype_of(images)) for one in (new_y - top, new_x - left))
    above = _between(take(top, left), take(top, left + 1), right)
    below = _between(take(top + 1, left), take(top + 1, left + 1), right)
    return _between(above, below, down)


def _rounded(place: Any) -> Any:
    """The nearest whole number, and halves away from zero, as Keras has it."""
    return sign(place) * floor(absolute(place) + 0.5)


def _between(one: Any, other: Any, share: Any) -> Any:
    return one * (1 - share) + other * share


class _Pixels:
    """The pixels of images by their whole coordinates, which may lie beyond the border."""

    def __init__(self, images: Any, fill_mode: str, fill_value: float) -> None:
        self.batch, self.height, self.width, self.channels = extents_of(images)
        self.flat = reshape(images, (-1, self.height * self.width, self.channels))
        self.fill_mode, self.fill_value = fill_mode, fill_value

    def __call__(self, y: Any, x: Any) -> Any:
        inside_y, inside_x = self._inside(y, self.height), self._inside(x, self.width)
        place = operand(inside_y * self.width + inside_x, "int32")
        place = reshape(
            broadcast_to(place, (self.batch, self.height, self.width, 1)),
            (-1, self.height * self.width, 1),
        )
        found = take_along_axis(self.flat, place, axis=1)
        found = reshape(found, (-1, self.height, self.width, self.channels))
        if self.fill_mode != "constant":
            return found
        there = logical_and(equal(inside_y, y), equal(inside_x, x))
        return where(there, found, operand(self.fill_value, dtype_of(found)))

    def _inside(self, place: Any, size: Any) -> Any:
        return inside(place, size, self.fill_mode)


def inside(place: Any, size: Any, fill_mode: str) -> Any:
    """The coordinate within an axis that a coordinate stands for."""
    if fill_mode == "wrap":
        return mod(place, size)
    if fill_mode == "reflect":
        turned = mod(place, 2 * size)
        return minimum(turned, subtract(2 * size - 1, turned))
    if fill_mode == "mirror" and size > 1:
        turned = mod(place, 2 * size - 2)
        return minimum(turned, subtract(2 * size - 2, turned))
    return clip(place, 0, size - 1)


def affine_transform(
    images: Tensor,
    transform: Tensor,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """Images turned, scaled, sheared and shifted.

        x' = a0 x + a1 y + a2,  y' = b0 x + b1 y + b2

    The pixel in column x and row y is that which was at (x', y').

    Args:
        images: an image or a batch, of a height and width known now.
        transform: `(a0, a1, a2, b0, b1, b2, 0, 0)`, or one for each image. (The last two numbers,
            of projections, are not read: see `perspective_transform`.)
        interpolation: "bilinear" between the four pixels around, or the "nearest".
        fill_mode: what lies beyond the border: "constant", "nearest" (the border's pixel), "wrap",
            "mirror" (mirrored at the border's pixel) or "reflect" (at the border).
        fill_value: the value there with "constant".
        data_format: where the channels are.

    Returns images of the same dtype and shape; whole numbers are rounded.

    Raises ValueError for other words and ranks.

    >>> affine_transform([[[1.0], [2.0], [3.0]]], [1, 0, 1, 0, 1, 0, 0, 0])[..., 0]
    array([[2., 3., 0.]], dtype=float32)
    """
    one_of("affine_transform", "interpolation", interpolation, INTERPOLATIONS)
    one_of("affine_transform", "fill_mode", fill_mode, FILL_MODES)
    given = as_float(transform)
    if rank_of(given) not in (1, 2) or extents_of(given)[-1] != 8:
        raise ValueError(
            "affine_transform: expected transform of shape (8,) or (batch, 8). "
            f"Received: shape {public(extents_of(given))}"
        )
    numbers = [
        reshape(given[..., place], (-1, 1, 1, 1)) if rank_of(given) == 2 else given[place]
        for place in range(6)
    ]
    columns, rows = (tuple(numbers[:3]), tuple(numbers[3:]))

    def moved(x: Any) -> Any:
        return transformed(x, columns, rows, interpolation, fill_mode, fill_value)

    return as_batch("affine_transform", images, data_format, moved)


def as_batch(who: str, images: Any, data_format: str | None, change: Any) -> Any:
    """`change` of images as a batch of floats with the channels last."""
    x, axes = images_of(who, images, data_format)
    single = rank_of(x) == 3
    x = expand_dims(x, 0) if single else x
    x = x if axes == LAST else moveaxis(x, 1, -1)
    known(who, x, 1)
    known(who, x, 2)
    x = in_floats(x, change)
    x = x if axes == LAST else moveaxis(x, -1, 1)
    return squeeze(x, 0) if single else x


def perspective_transform(
    images: Tensor,
    start_points: Tensor,
    end_points: Tensor,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """Images seen from another place: four points of them come to lie on four others.

    Args:
        images: an image or a batch, of a height and width known now.
        start_points: (4, 2) or (batch, 4, 2): column and row of four points of an image.
        end_points: of the same shape: where they lie in the result.
        interpolation: "bilinear" between the four pixels around, or the "nearest".
        fill_value: the value beyond the border.
        data_format: where the channels are.

    Raises ValueError for other words and shapes, and points of which three are in one line.

    >>> corners = [[0, 0], [1, 0], [0, 1], [1, 1]]
    >>> mirrored = [[1, 0], [0, 0], [1, 1], [0, 1]]
    >>> perspective_transform([[[1.0], [2.0]], [[3.0], [4.0]]], corners, mirrored)[..., 0]
    array([[2., 1.],
           [4., 3.]], dtype=float32)
    """
    who = "perspective_transform"
    one_of(who, "interpolation", interpolation, INTERPOLATIONS)
    start, end = as_float(start_points), as_float(end_points)
    shape = extents_of(start)
    if shape != extents_of(end) or shape[-2:] != (4, 2) or len(shape) not in (2, 3):
        raise ValueError(
            f"{who}: expected start_points and end_points of shape (4, 2) or (batch, 4, 2). "
            f"Received: shapes {public(shape)} and {public(extents_of(end))}"
        )
    numbers = homography(start, end)
    a = [reshape(numbers[..., place], (-1, 1, 1, 1)) for place in range(8)]

    def moved(images: Any) -> Any:
        _, height, width, _ = extents_of(images)
        x = reshape(arange(width, dtype="float32"), (1, 1, width, 1))
        y = reshape(arange(height, dtype="float32"), (1, height, 1, 1))
        depth = add(add(multiply(a[6], x), multiply(a[7], y)), 1.0)
        new_x = divide(add(add(multiply(a[0], x), multiply(a[1], y)), a[2]), depth)
        new_y = divide(add(add(multiply(a[3], x), multiply(a[4], y)), a[5]), depth)
        return taken(images, new_y, new_x, interpolation, "constant", fill_value)

    return as_batch(who, images, data_format, moved)


def homography(start: Any, end: Any) -> Any:
    """The eight numbers of the projection that takes each end point to its start point."""
    (x, y), (new_x, new_y) = ((p[..., 0], p[..., 1]) for p in (start, end))
    ones, zeros = new_x * 0 + 1, new_x * 0
    columns = [new_x, new_y, ones, zeros, zeros, zeros, -(x * new_x), -(x * new_y)]
    rows = [zeros, zeros, zeros, new_x, new_y, ones, -(y * new_x), -(y * new_y)]
    matrix = concatenate([stack(columns, -1), stack(rows, -1)], -2)
    return solve(matrix, concatenate([x, y], -1))


def map_coordinates(
    inputs: Tensor,
    coordinates: Tensor,
    order: int,
    fill_mode: str = "constant",
    fill_value: float = 0,
) -> Tensor:
    """The elements of a tensor at places between its elements.

    Args:
        inputs: a tensor of any shape known now.
        coordinates: (rank of inputs, ...): for each axis the places along it.
        order: 0 for the nearest element, 1 to draw lines between those around.
        fill_mode: what lies beyond the border: "constant", "nearest" (the border's element),
            "wrap", "mirror" (mirrored at the border's element) or "reflect" (at the border).
        fill_value: the value there with "constant".

    Returns a tensor of the shape of one axis' coordinates, in the dtype of inputs.

    Raises ValueError for another order, mode or number of axes.

    >>> map_coordinates([1.0, 2.0, 3.0], [[0.5, 1.0, 7.0]], order=1)
    array([1.5, 2. , 0. ], dtype=float32)
    """
    who = "map_coordinates"
    x, at = operand(inputs), operand(coordinates)
    one_of(who, "fill_mode", fill_mode, FILL_MODES)
    if order not in (0, 1):
        raise ValueError(f"{who}: expected order 0 or 1. Received: {order!r}")
    if rank_of(at) < 2 or extents_of(at)[0] != rank_of(x):
        raise ValueError(
            f"{who}: expected coordinates of shape ({rank_of(x)}, ...), a row for each axis of "
            f"inputs. Received: shapes {public(extents_of(x))} and {public(extents_of(at))}"
        )
    for axis in range(rank_of(x)):
        known(who, x, axis)
    places = [as_float(at[axis]) for axis in range(rank_of(x))]
    return in_floats(x, lambda x: _between_all(x, places, order, fill_mode, fill_value))


def _between_all(x: Any, places: list[Any], order: int, fill_mode: str, value: float) -> Any:
    """The sum over all corners of the cell that a place is in, each with its share."""
    sizes, flat, own = extents_of(x), ravel(x), dtype_of(x)
    corners = []
    for place in places:
        if order == 0:
            corners.append([(_rounded(place), None)])
        else:
            low = floor(place)
            share = operand(subtract(place, low), own)
            corners.append([(low, subtract(1.0, share)), (add(low, 1.0), share)])
    total: Any = None
    for corner in itertools.product(*corners):
        index, valid, share = None, None, None
        for (place, weight), size in zip(corner, sizes, strict=True):
            within = inside(place, size, fill_mode)
            there = equal(within, place)
            step = operand(within, "int32")
            index = step if index is None else add(multiply(index, size), step)
            valid = there if valid is None else logical_and(valid, there)
            if weight is not None:
                share = weight if share is None else multiply(share, weight)
        found = take(flat, index)
        if fill_mode == "constant":
            found = where(valid, found, constant(value, own))
        found = found if share is None else multiply(found, share)
        total = found if total is None else add(total, found)
    return total
