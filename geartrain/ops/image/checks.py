"""What operations on images share: one image or a batch of them, channels last or first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from geartrain import config
from geartrain.errors import UnknownSize
from geartrain.graph.dtypes import FLOATS
from geartrain.graph.shapes import Dim, public
from geartrain.ops.arithmetic import round
from geartrain.ops.core import saturate_cast
from geartrain.ops.operands import dtype_of, extents_of, operand, rank_of


class Axes(NamedTuple):
    """The axes of an image, counted from the end, so that there may be a batch axis before."""

    height: int
    width: int
    channels: int


LAST, FIRST = Axes(-3, -2, -1), Axes(-2, -1, -3)


def images_of(who: str, images: Any, data_format: str | None) -> tuple[Any, Axes]:
    """The images as a tensor, and their axes; refuses other ranks."""
    x, format_ = operand(images), data_format or config.image_data_format()
    if format_ not in ("channels_last", "channels_first"):
        raise ValueError(
            f"{who}: expected data_format 'channels_last' or 'channels_first'. "
            f"Received: {data_format!r}"
        )
    if rank_of(x) not in (3, 4):
        raise ValueError(
            f"{who}: expected an image of rank 3, or a batch of them of rank 4. "
            f"Received: shape {public(extents_of(x))}"
        )
    return x, LAST if format_ == "channels_last" else FIRST


def known(who: str, x: Any, axis: int, fitting: tuple[int, int] | None = None) -> int:
    """The size of an axis, refused if it is known at run time only.

    `fitting` are two sizes with which the work could be done: see `UnknownSize`.
    """
    size = extents_of(x)[axis]
    if not isinstance(size, int):
        error = UnknownSize(
            f"{who}: expected images of a height and width known now. "
            f"Received: shape {public(extents_of(x))}"
        )
        atoms = [extent.atom for extent in extents_of(x)[-3:] if isinstance(extent, Dim)]
        error.fitting = {atom: fitting for atom in atoms if atom and fitting}
        raise error
    return size


def one_of(who: str, name: str, value: Any, allowed: tuple[str, ...]) -> None:
    """Refuse a word that is not among these."""
    if value not in allowed:
        shown = ", ".join(map(repr, allowed))
        raise ValueError(f"{who}: expected {name} as one of {shown}. Received: {value!r}")


def in_floats(x: Any, compute: Callable[[Any], Any]) -> Any:
    """`compute` of the images as floats; of whole numbers, the nearest that their dtype has."""
    own = dtype_of(x)
    if own in FLOATS:
        return compute(x)
    made = compute(operand(x, "float64" if own in ("int64", "uint64") else "float32"))
    return saturate_cast(round(made), own)


def constant(value: Any, dtype: str) -> Any:
    """Numbers as an array of a dtype."""
    return operand(np.asarray(value), dtype)
