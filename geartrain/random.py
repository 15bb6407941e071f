"""Random tensors, reproducible from a seed.

Every function takes `seed`: an integer (the same numbers at each call), a `SeedGenerator` (new
numbers at each call, the same sequence each time), or None (the global generator, see
`set_random_seed`). The numbers at a position are a function of the key and the position alone, so
they do not depend on threads, and inside a traced function they are part of the graph.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np

from geartrain import config, ops
from geartrain.configurable import Configurable
from geartrain.errors import describe_value, unknown_keywords
from geartrain.graph.dtypes import is_float, standardize_dtype
from geartrain.graph.node import Node
from geartrain.graph.shapes import Dim, Shape, axis_index
from geartrain.ops.creation import shape_of
from geartrain.ops.indexing import argsort
from geartrain.ops.operands import dtype_of, extents_of, operand
from geartrain.ops.random import random_bits
from geartrain.ops.sizes import Size, extent_from
from geartrain.registry import automatic_name, register
from geartrain.runtime.variable import Variable

__all__ = [
    "SeedGenerator",
    "categorical",
    "dropout",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]

_global: dict[str, Any] = {"seed": None, "drawn": 0, "generator": None}


def set_random_seed(seed: int) -> None:
    """Make everything random after this call reproducible.

    Also seeds Python's `random` and `numpy.random`, as Keras does.

    Args:
        seed: an integer in [0, 2**32).

    Raises ValueError for anything else.

    >>> set_random_seed(7)
    >>> first = uniform((2,))
    >>> set_random_seed(7)
    >>> bool((uniform((2,)) == first).all())
    True
    """
    import random

    if isinstance(seed, bool) or not hasattr(seed, "__index__") or not 0 <= int(seed) < 2**32:
        raise ValueError(
            f"set_random_seed: expected an integer in [0, 2**32 - 1]. Received: {seed!r}"
        )
    random.seed(int(seed))
    np.random.seed(int(seed))
    _global.update(seed=int(seed), drawn=0)
    if _global["generator"] is not None:
        _global["generator"].state.assign(_key_of(fresh_seed()))


def fresh_seed() -> int:
    """A seed that nobody has drawn yet: the global seed and a counter, hashed to 32 bits.

    Without `set_random_seed` the global seed is the operating system's entropy.
    """
    from hashlib import blake2b

    if _global["seed"] is None:
        _global["seed"] = int.from_bytes(os.urandom(8), "little")
    _global["drawn"] += 1
    text = f"{_global['seed']}/{_global['drawn']}".encode()
    return int.from_bytes(blake2b(text, digest_size=4).digest(), "little")


def _key_of(seed: int) -> np.ndarray:
    return np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], np.uint32)


@register("random")
class SeedGenerator(Configurable):
    """A sequence of keys for random functions.

    Its `state` is a variable, so a traced function that draws from it goes on at each run.

    Args:
        seed: an integer; by default one drawn from the global seed.
        name: a name for messages and files.

    Raises ValueError for a seed that is not an integer.

    >>> generator = SeedGenerator(seed=1)
    >>> first, second = uniform((), seed=generator), uniform((), seed=generator)
    >>> bool(first == second), bool(first == uniform((), seed=SeedGenerator(1)))
    (False, True)
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise unknown_keywords("SeedGenerator", kwargs, ("seed", "name"))
        if seed is not None and (isinstance(seed, bool) or not hasattr(seed, "__index__")):
            raise ValueError(f"SeedGenerator: expected an integer as seed. Received: {seed!r}")
        self.seed = seed
        self.name = name or automatic_name("seed_generator")
        self._first = fresh_seed() if seed is None else int(seed)
        key = _key_of(self._first)
        self.state = Variable(key, dtype="uint32", trainable=False, name="seed_generator_state")
        self.state.is_state = True  # bookkeeping, not a weight

    def _config_value(self, name: str) -> Any:
        return self._first if name == "seed" else super()._config_value(name)

    def _copied_state(self, parts: list[Any]) -> dict[str, Any]:
        return {"key": self.state.array}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Go on where the generator is that this one is a copy of."""
        self.state.assign(state["key"])

    def next(self, ordered: bool = True) -> Any:
        """The current key, a tensor of shape (2,) and dtype uint32; the state moves on."""
        key = self.state.value
        self.state.assign(ops.add(key, np.array([0, 1], np.uint32)))
        return key

    def next_now(self) -> np.ndarray:
        """The same at once, even while a function is traced: for initial values."""
        key = self.state.numpy()
        np.add(key, np.array([0, 1], np.uint32), out=self.state.array)
        return key


def _global_generator() -> SeedGenerator:
    if _global["generator"] is None:
        _global["generator"] = SeedGenerator(name="global_seed_generator")
    return _global["generator"]


def draw_key(seed: Any) -> Any:
    """The key that a `seed` argument means: a tensor of shape (2,) and dtype uint32."""
    if seed is None:
        return _global_generator().next()
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if hasattr(seed, "__index__") and not isinstance(seed, bool) and not hasattr(seed, "shape"):
        return _key_of(int(seed))
    if hasattr(seed, "shape") and tuple(seed.shape) == (2,) and dtype_of(seed) == "uint32":
        return seed
    raise ValueError(
        "Expected seed as an integer, a SeedGenerator or None. "
        f"Received: {describe_value(seed)} of type {type(seed).__name__}"
    )


def _bits(key: Any, shape: Shape) -> Any:
    """32 random bits at each position."""
    symbolic = any(isinstance(size, Dim) for size in shape)
    return (random_bits.node if symbolic else random_bits)(key, shape=shape)


def _drawing_dtype(dtype: Any, who: str) -> tuple[str, str]:
    """The dtype of the result, and the one to draw in: never less than float32."""
    wanted = standardize_dtype(dtype or config.floatx())
    if not is_float(wanted):
        raise ValueError(f"{who}: expected a float dtype. Received: dtype={wanted}")
    return wanted, "float64" if wanted == "float64" else "float32"


def _whole_numbers(key: Any, shape: Shape, dtype: str) -> tuple[Any, float]:
    """Whole random numbers in [0, span), as many as `dtype` can hold exactly, and the span."""
    if dtype != "float64":
        return ops.cast(ops.floor_divide(_bits(key, shape), np.uint32(2**8)), dtype), 2.0**24
    words = _bits(key, (2, *shape))
    high = ops.cast(ops.floor_divide(words[0], np.uint32(2**5)), dtype)
    low = ops.cast(ops.floor_divide(words[1], np.uint32(2**6)), dtype)
    return high * 2.0**26 + low, 2.0**53


def _unit(key: Any, shape: Shape, dtype: str) -> Any:
    """Uniform in [0, 1)."""
    whole, span = _whole_numbers(key, shape, dtype)
    return whole * (1 / span)


def _symmetric(key: Any, shape: Shape, dtype: str) -> Any:
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
    wanted, drawn = _drawing_dtype(dtype, "uniform")
    unit = _unit(draw_key(seed), shape_of(shape, "uniform"), drawn)
    scaled = unit if (minval, maxval) == (0.0, 1.0) else unit * (maxval - minval) + minval
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
    wanted, drawn = _drawing_dtype(dtype, "normal")
    places = _symmetric(draw_key(seed), shape_of(shape, "normal"), drawn)
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
    wanted, drawn = _drawing_dtype(dtype, "truncated_normal")
    places = _symmetric(draw_key(seed), shape_of(shape, "truncated_normal"), drawn)
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
    unit = _unit(draw_key(seed), shape_of(shape, "randint"), "float64")
    # Python's numbers as they are: as tensors they would have to fit into an int32 first.
    first, last = (
        float(bound) if isinstance(bound, int | float) else ops.cast(bound, "float64")
        for bound in (minval, maxval)
    )
    return ops.cast(ops.floor(unit * (last - first)) + first, wanted)


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
    places = _symmetric(
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
    kept = ops.less(_bits(draw_key(seed), noise_extents(x, noise_shape)), np.uint32(keep * 2**32))
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
    order = argsort(_unit(draw_key(seed), (extents_of(x)[axis],), "float64"), axis=0)
    return ops.take(x, order, axis=axis)
