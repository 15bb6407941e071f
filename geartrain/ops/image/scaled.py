"""Images scaled and moved along any axes."""

from __future__ import annotations

from collections.abc import Sequence

from geartrain.errors import shown
from geartrain.graph.shapes import axis_index, public
from geartrain.ops.image.checks import known, one_of
from geartrain.ops.image.weights import shares
from geartrain.ops.linear import tensordot
from geartrain.ops.operands import Tensor, as_float, dtype_of, extents_of, operand, rank_of
from geartrain.ops.shaping import moveaxis

__all__ = ["scale_and_translate"]

_METHODS = {
    **dict.fromkeys(("linear", "bilinear", "trilinear", "triangle"), "bilinear"),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), "bicubic"),
    "lanczos3": "lanczos3",
    "lanczos5": "lanczos5",
}


def scale_and_translate(
    images: Tensor,
    output_shape: Sequence[int],
    scale: Tensor,
    translation: Tensor,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> Tensor:
    """Images scaled and moved along some axes: what is at x comes to x * scale + translation.

    Coordinates are those of the pixels' middles: 0.5, 1.5 and so on. What comes from beyond the
    border is 0. Differentiable by scale and translation too.

    Args:
        images: a tensor of any rank, of known sizes along `spatial_dims`.
        output_shape: the shape of the result.
        scale, translation: a number for each of `spatial_dims`.
        spatial_dims: the axes.
        method: "linear" ("bilinear", "trilinear", "triangle"), "cubic" ("bicubic", "tricubic"),
            "lanczos3" or "lanczos5": how pixels around are weighed, see `resize`.
        antialias: whether pixels are weighed over a wider range where images become smaller.

    Returns a float tensor.

    Raises ValueError for other words, and numbers that do not fit the axes.

    >>> scale_and_translate([1.0, 2.0, 3.0], (3,), [1.0], [1.0], (0,), "linear")
    array([0., 1., 2.], dtype=float32)
    """
    who = "scale_and_translate"
    one_of(who, "method", method, tuple(_METHODS))
    x, factors, moves = as_float(images), as_float(scale), as_float(translation)
    axes = [axis_index(int(axis), rank_of(x), who) for axis in spatial_dims]
    if len(output_shape) != rank_of(x):
        raise ValueError(
            f"{who}: expected output_shape of {rank_of(x)} sizes, as images have axes. Received: "
            f"{shown(output_shape)} for images of shape {public(extents_of(x))}"
        )
    if extents_of(factors) != (len(axes),) or extents_of(moves) != (len(axes),):
        raise ValueError(
            f"{who}: expected a scale and a translation for each of {len(axes)} axes. Received: "
            f"shapes {public(extents_of(factors))} and {public(extents_of(moves))}"
        )
    for place, axis in enumerate(axes):
        weights = shares(
            known(who, x, axis), int(output_shape[axis]), _METHODS[method], antialias,
            factors[place], operand(moves[place], dtype_of(factors)),
        )  # fmt: skip
        x = moveaxis(tensordot(x, operand(weights, dtype_of(x)), axes=[[axis], [0]]), -1, axis)
    return x
