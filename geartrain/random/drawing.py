"""Uniform and normal numbers, whole ones, classes, dropout, and orders."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geartrain import config, ops
from geartrain.errors import describe_value
from geartrain.graph.dtypes import is_float, standardize_dtype
from geartrain.graph.node import Node
from geartrain.graph.shapes import Dim, Shape, axis_index
from geartrain.ops.creation import shape_of
from geartrain.ops.indexing import argsort
from geartrain.ops.operands import dtype_of, extents_of, operand
from geartrain.ops.random import random_bits
from geartrain.ops.sizes import Size, extent_from
from geartrain.random.seeds import draw_key


def bits_of(key: Any, shape: Shape) -> Any:
    """32 random bits at each position."""
    symbolic = any(isinstance(size, Dim) for size in shape)
    return (random_bits.node if symbolic else random_bits)(key, shape=shape)


def drawing_dtype(dtype: Any, who: str) -> tuple[str, str]:
    """The dtype of the result, and the one to draw in: never less than float32."""
    wanted = standardize_dtype(dtype or config.floatx())
    if not is_float(wanted):
        raise ValueError(f"{who}: expected a float dtype. Received: dtype={wanted}")
    return wanted, "float64" if wanted == "float64" else "float32"


def _whole_numbers(key: Any, shape: Shape, dtype: str) -> tuple[Any, float]:
    """Whole random numbers in [0, span), as many as `dtype` can hold exactly, and the span."""
    if dtype != "float64":
        return ops.cast(ops.floor_divide(bits_of(key, shape), np.uint32(2**8)), dtype), 2.0**24
    words = bits_of(key, (2, *shape))
    high = ops.cast(ops.floor_divide(words[0], np.uint32(2**5)), dtype)
    low = ops.cast(ops.floor_divide(words[1], np.uint32(2**6)), dtype)
    return high * 2.0**26 + low, 2.0**53


def unit(key: Any, shape: Shape, dtype: str) -> Any:
    """Uniform in [0, 1)."""
    whole, span = _whole_numbers(key, shape, dtype)
    return whole * (1 / span)


def symmetric(key: Any, shape: Shape, dtype: str) -> Any:
    """Uniform in (-1, 1): the midpoints of as many equal pieces, so neither bound occurs."""
    whole, span = _whole_numbers(key, shape, dtype)
    return (whole - span / 2 + 0.5) * (2 / span)


def uniform(
    shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Numbers drawn uniformly from [minval, maxval).

    Args:
        shape: the sizes of the axes.
        minval, maxval: the bounds.
        dtype: a float dtype, `floatx()` by default.
        seed: an integer, a `SeedGenerator`, or None for the global one.

    Raises ValueError for a dtype that is not a float, or another kind of seed.

    >>> uniform((3,), seed=1).shape
    (3,)
    """
    wanted, drawn = drawing_dtype(dtype, "uniform")
    drawn_unit = unit(draw_key(seed), shape_of(shape, "uniform"), drawn)
    bounds = [one for one in (minval, maxval) if isinstance(one, int | float)]
    plain = bounds == [0.0, 1.0]
    scaled = drawn_unit if plain else drawn_unit * (maxval - minval) + minval
    return ops.cast(scaled, wanted)


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Normal numbers: `mean + stddev * sqrt(2) * erfinv(u)`, with u uniform in (-1, 1).

    Args:
        shape: the sizes of the axes.
        mean, stddev: the mean and the standard deviation.
        dtype: a float dtype, `floatx()` by default.
        seed: an integer, a `SeedGenerator`, or None for the global one.

    Raises ValueError for a dtype that is not a float, or another kind of seed.

    >>> bool(abs(normal((1000,), mean=5.0, seed=1).mean() - 5) < 0.1)
    True
    """
    wanted, drawn = drawing_dtype(dtype, "normal")
    places = symmetric(draw_key(seed), shape_of(shape, "normal"), drawn)
    return ops.cast(ops.erfinv(places) * (math.sqrt(2) * stddev) + mean, wanted)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Normal numbers less than two standard deviations from the mean.

    `mean + stddev * sqrt(2) * erfinv(u)`, with u uniform in (-erf(sqrt(2)), erf(sqrt(2))).

    Args:
        shape: the sizes of the axes.
        mean, stddev: of the normal distribution before its tails are cut.
        dtype: a float dtype, `floatx()` by default.
        seed: an integer, a `SeedGenerator`, or None for the global one.

    Raises ValueError for a dtype that is not a float, or another kind of seed.

    >>> bool(abs(truncated_normal((1000,), seed=1)).max() < 2)
    True
    """
    wanted, drawn = drawing_dtype(dtype, "truncated_normal")
    places = symmetric(draw_key(seed), shape_of(shape, "truncated_normal"), drawn)
    cut = ops.erfinv(places * math.erf(math.sqrt(2)))
    return ops.cast(cut * (math.sqrt(2) * stddev) + mean, wanted)


def randint(shape: Any, minval: Any, maxval: Any, dtype: Any = "int32", seed: Any = None) -> Any:
    """Integers drawn uniformly from minval to maxval - 1.

    Args:
        shape: the sizes of the axes.
        minval, maxval: the bounds; maxval does not occur.
        dtype: an integer dtype.
        seed: an integer, a `SeedGenerator`, or None for the global one.

    Raises ValueError for another dtype, for bounds without an integer between them, or another
    kind of seed.

    >>> sorted(set(randint((100,), 2, 5, seed=1).tolist()))
    [2, 3, 4]
    """
    wanted = standardize_dtype(dtype)
    if "int" not in wanted:
        raise ValueError(f"randint: expected an integer dtype. Received: dtype={wanted}")
    given = (minval, maxval)
    if not any(isinstance(bound, Node | Size) for bound in given) and not minval < maxval:
        raise ValueError(
            f"randint: expected minval < maxval. Received: minval={minval}, maxval={maxval}"
        )
    places = unit(draw_key(seed), shape_of(shape, "randint"), "float64")
    # Python's numbers as they are: as tensors they would have to fit into an int32 first.
    first, last = (
        float(bound) if isinstance(bound, int | float) else ops.cast(bound, "float64")
        for bound in (minval, maxval)
    )
    return ops.cast(ops.floor(places * (last - first)) + first, wanted)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Classes drawn with probabilities `softmax(logits)`: the argmax of logits + Gumbel noise.

    Args:
        logits: tensor of shape (batch, classes).
        num_samples: how many to draw for each row.
        dtype: the dtype of the result.
        seed: an integer, a `SeedGenerator`, or None for the global one.

    Returns:
        A tensor of shape (batch, num_samples).

    Raises ValueError for logits of another rank, or another kind of seed.

    >>> categorical([[0.0, 100.0], [100.0, 0.0]], 3, seed=1)
    array([[1, 1, 1],
           [0, 0, 0]], dtype=int32)
    """
    logits = operand(logits)
    if len(logits.shape) != 2:
        raise ValueError(
            "categorical: expected logits of shape (batch, classes). "
            f"Received: {describe_value(logits)}"
        )
    rows, classes = extents_of(logits)
    drawn = "float64" if dtype_of(logits) == "float64" else "float32"
    places = symmetric(
        draw_key(seed), (rows, extent_from(num_samples, "categorical"), classes), drawn
    )
    noise = -ops.log(-ops.log((places + 1) * 0.5))
    chosen = ops.argmax(ops.expand_dims(ops.cast(logits, drawn), 1) + noise, axis=-1)
    return ops.cast(chosen, dtype)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """`inputs / (1 - rate)`, with a share `rate` of the elements, drawn at random, set to 0.

    Args:
        inputs: a float tensor of any shape.
        rate: the share to drop, in [0, 1].
        noise_shape: the shape of what is drawn; axes of size 1 are dropped or kept as a whole.
            None stands for the input's size.
        seed: an integer, a `SeedGenerator`, or None for the global one.

    Raises ValueError for a rate outside [0, 1], or another kind of seed.

    >>> dropout([1.0, 1.0, 1.0, 1.0], 0.0)
    array([1., 1., 1., 1.], dtype=float32)
    """
    x = operand(inputs)
    if not 0 <= rate <= 1:
        raise ValueError(f"dropout: expected a rate in [0, 1]. Received: rate={rate}")
    if rate == 0:
        return x
    if rate == 1:
        return ops.zeros_like(x)
    keep = 1.0 - rate
    kept = ops.less(bits_of(draw_key(seed), noise_extents(x, noise_shape)), np.uint32(keep * 2**32))
    return ops.where(kept, x / keep, ops.zeros_like(x))


def noise_extents(x: Any, noise_shape: Any) -> Shape:
    """The shape of the noise for `x`: `noise_shape` with the sizes of `x` for None."""
    extents = extents_of(x)
    if noise_shape is None:
        return extents
    if len(noise_shape) != len(extents):
        raise ValueError(
            f"noise_shape: expected {len(extents)} sizes for a tensor of shape {tuple(x.shape)}. "
            f"Received: {tuple(noise_shape)}"
        )
    pairs = zip(noise_shape, extents, strict=True)
    return tuple(
        whole if size is None else extent_from(size, "noise_shape") for size, whole in pairs
    )


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """The slices of `x` along `axis` in a random order.

    Args:
        x: a tensor of any shape.
        axis: the axis to shuffle.
        seed: an integer, a `SeedGenerator`, or None for the global one.

    Raises ValueError for an axis that is not there, or another kind of seed.

    >>> sorted(shuffle([3, 1, 2], seed=1).tolist())
    [1, 2, 3]
    """
    x = operand(x)
    axis = axis_index(axis, len(x.shape), "shuffle")
    order = argsort(unit(draw_key(seed), (extents_of(x)[axis],), "float64"), axis=0)
    return ops.take(x, order, axis=axis)
