"""Gamma, beta and binomial numbers: drawn, and drawn again where they are rejected.

All positions are drawn in each round; those that were accepted keep their number. No gradient flows
to the parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import ops
from geartrain.graph.shapes import Shape
from geartrain.ops.creation import shape_of
from geartrain.ops.operands import operand, stretched, together
from geartrain.ops.random import random_bits
from geartrain.random.drawing import drawing_dtype, symmetric
from geartrain.random.seeds import draw_key

MOST_ROUNDS = 100  # each accepts two thirds and more, so that no position is ever left


def _parameters(who: str, shape: Any, dtype: Any, *given: Any) -> tuple[Shape, str, str, list[Any]]:
    """The shape, the dtypes of the result and of the drawing, and the parameters in that shape."""
    wanted, drawn = drawing_dtype(dtype, who)
    extents = shape_of(shape, who)
    values = together(*(operand(value, drawn) for value in given))
    return extents, wanted, drawn, [ops.stop_gradient(stretched(x, extents, who)) for x in values]


def _keys(key: Any, count: int) -> list[Any]:
    """Keys made of one, which give numbers that have nothing to do with each other."""
    words = random_bits(key, shape=(2 * count,))
    return [words[2 * i : 2 * i + 2] for i in range(count)]


def _between_0_and_1(key: Any, extents: Shape, dtype: str) -> Any:
    """Uniform in (0, 1), neither of which occurs."""
    return (symmetric(key, extents, dtype) + 1.0) * 0.5


def _accepted(key: Any, draw: Callable[[Any], tuple[Any, Any]], start: Any) -> Any:
    """The numbers of the first round that accepts them.

    Args:
        key: of all rounds.
        draw: from a key to the numbers of a round and whether they are accepted.
        start: numbers of the same shape and dtype.
    """

    def turn(key: Any, done: Any, value: Any) -> tuple[Any, Any, Any]:
        now, then = _keys(key, 2)
        found, fits = draw(now)
        return then, ops.logical_or(done, fits), ops.where(done, value, found)

    none = ops.zeros_like(start, "bool")
    waiting = lambda _, done, __: ops.logical_not(ops.all(done))  # noqa: E731
    return ops.while_loop(waiting, turn, (key, none, start), MOST_ROUNDS)[2]


def _gamma(key: Any, extents: Shape, dtype: str, alpha: Any) -> Any:
    """Marsaglia and Tsang, "A simple method for generating gamma variables" (2000).

    Below 1, gamma(alpha) is gamma(alpha + 1) times u**(1 / alpha), with u uniform.
    """
    rounds, last = _keys(key, 2)
    small = ops.less(alpha, 1.0)
    d = ops.where(small, alpha + 1.0, alpha) - 1.0 / 3.0
    c = ops.rsqrt(9.0 * d)

    def draw(key: Any) -> tuple[Any, Any]:
        first, second = _keys(key, 2)
        x = ops.erfinv(symmetric(first, extents, dtype)) * 2.0**0.5
        v = (c * x + 1.0) ** 3
        positive = ops.greater(v, 0.0)
        v = ops.where(positive, v, 1.0)
        bound = 0.5 * x * x + d * (1.0 - v + ops.log(v))
        u = _between_0_and_1(second, extents, dtype)
        return d * v, ops.logical_and(positive, ops.less(ops.log(u), bound))

    drawn = _accepted(rounds, draw, ops.zeros_like(d))
    power = 1.0 / ops.where(small, alpha, 1.0)
    boost = _between_0_and_1(last, extents, dtype) ** power
    return drawn * ops.where(small, boost, 1.0)


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of the gamma distribution: density `x**(alpha - 1) exp(-x)`, scaled, for x > 0.

    Args:
        shape: the sizes of the axes.
        alpha: above 0: a number, or a tensor that stretches to the shape. It is mean and variance.
        dtype: a float dtype, `floatx()` by default.
        seed: an integer, a `SeedGenerator`, or None for the global one.

    Raises ValueError for a dtype that is not a float, or another kind of seed.

    >>> bool(abs(gamma((1000,), 4.0, seed=1).mean() - 4) < 0.2)
    True
    """
    extents, wanted, drawn, (alpha,) = _parameters("gamma", shape, dtype, alpha)
    return ops.cast(_gamma(draw_key(seed), extents, drawn, alpha), wanted)


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of the beta distribution: density `x**(alpha - 1) (1 - x)**(beta - 1)`, scaled.

    They are `a / (a + b)` for gamma numbers a and b.

    Args:
        shape: the sizes of the axes.
        alpha, beta: above 0: numbers, or tensors that stretch to the shape.
        dtype: a float dtype, `floatx()` by default.
        seed: an integer, a `SeedGenerator`, or None for the global one.

    Raises ValueError for a dtype that is not a float, or another kind of seed.

    >>> bool(abs(beta((1000,), 1.0, 3.0, seed=1).mean() - 0.25) < 0.02)
    True
    """
    extents, wanted, drawn, (alpha, beta) = _parameters("beta", shape, dtype, alpha, beta)
    first, second = _keys(draw_key(seed), 2)
    a, b = (_gamma(key, extents, drawn, x) for key, x in ((first, alpha), (second, beta)))
    return ops.cast(a / (a + b), wanted)


def _few(key: Any, extents: Shape, counts: Any, chance: Any) -> Any:
    """How many of `counts` succeed, where fewer than ten are to be expected.

    The number k below whose cumulative probability a uniform number lies. Above 60 lies less than
    1e-25 of it all.
    """
    u = _between_0_and_1(key, extents, "float64")
    odds = chance / (1.0 - chance)
    part = ops.exp(counts * ops.log1p(-chance))

    def turn(k: Any, below: Any, part: Any, found: Any) -> tuple[Any, Any, Any, Any]:
        found = found + ops.cast(ops.greater(u, below), "float64")
        part = part * odds * ops.maximum(counts - k, 0.0) / (k + 1.0)
        return k + 1.0, below + part, part, found

    start = (np.float64(0.0), part, part, ops.zeros_like(part))
    waiting = lambda _, below, __, ___: ops.any(ops.greater(u, below))  # noqa: E731
    return ops.minimum(ops.while_loop(waiting, turn, start, 60)[3], counts)


def _stirling(k: Any) -> Any:
    """What Stirling's formula for log(k!) lacks."""
    exact = np.array([
        0.08106146679532733, 0.04134069595540925, 0.02767792568499834, 0.02079067210376509,
        0.01664469118982119, 0.01387612882307074, 0.01189670994589177, 0.01041126526197209,
        0.009255462182712733, 0.00833056343336287,
    ])  # fmt: skip
    few = ops.take(exact, ops.cast(ops.clip(k, 0.0, 9.0), "int32"))
    inverse = 1.0 / (k + 1.0)
    square = inverse * inverse
    many = (1 / 12 - (1 / 360 - square / 1260) * square) * inverse
    return ops.where(ops.less(k, 10.0), few, many)


def _many(key: Any, extents: Shape, n: Any, p: Any) -> Any:
    """The same where ten or more are to be expected, and at most half of all.

    Hoermann, "The generation of binomial random variates" (1993), algorithm BTRS.
    """
    spread = ops.sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    center, box = n * p + 0.5, 0.92 - 4.2 / b
    odds = p / (1.0 - p)
    height = (2.83 + 5.1 / b) * spread
    mode = ops.floor((n + 1.0) * p)
    fixed = (
        (mode + 0.5) * ops.log((mode + 1.0) / (odds * (n - mode + 1.0)))
        + _stirling(mode)
        + _stirling(n - mode)
    )

    def draw(key: Any) -> tuple[Any, Any]:
        first, second = _keys(key, 2)
        u = symmetric(first, extents, "float64") * 0.5
        v = _between_0_and_1(second, extents, "float64")
        edge = 0.5 - ops.abs(u)
        k = ops.floor((2.0 * a / edge + b) * u + center)
        inside = ops.logical_and(ops.greater_equal(k, 0.0), ops.less_equal(k, n))
        at_once = ops.logical_and(ops.greater_equal(edge, 0.07), ops.less_equal(v, box))
        k = ops.clip(k, 0.0, n)
        bound = (
            fixed
            + (n + 1.0) * ops.log((n - mode + 1.0) / (n - k + 1.0))
            + (k + 0.5) * ops.log(odds * (n - k + 1.0) / (k + 1.0))
            - _stirling(k)
            - _stirling(n - k)
        )
        below = ops.less_equal(ops.log(v * height / (a / (edge * edge) + b)), bound)
        return k, ops.logical_and(inside, ops.logical_or(at_once, below))

    return _accepted(key, draw, ops.zeros_like(mode))


def binomial(
    shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None
) -> Any:
    """How many of `counts` trials succeed, each with its probability: whole numbers, as floats.

    Args:
        shape: the sizes of the axes.
        counts: how many trials: a number, or a tensor that stretches to the shape.
        probabilities: from 0 to 1, likewise.
        dtype: a float dtype, `floatx()` by default.
        seed: an integer, a `SeedGenerator`, or None for the global one.

    Returns NaN for negative counts and for probabilities outside.

    Raises ValueError for a dtype that is not a float, or another kind of seed.

    >>> bool(abs(binomial((1000,), 20, 0.25, seed=1).mean() - 5) < 0.3)
    True
    """
    extents, wanted, _, given = _parameters("binomial", shape, dtype, counts, probabilities)
    n, p = (ops.cast(x, "float64") for x in given)
    valid = ops.greater_equal(n, 0.0)
    for side in (ops.greater_equal(p, 0.0), ops.less_equal(p, 1.0)):
        valid = ops.logical_and(valid, side)
    n, p = ops.where(valid, ops.floor(n), 0.0), ops.where(valid, p, 0.0)
    turned = ops.greater(p, 0.5)
    rare = ops.where(turned, 1.0 - p, p)
    first, second = _keys(draw_key(seed), 2)
    few = ops.less(n * rare, 10.0)
    small = _few(first, extents, ops.where(few, n, 0.0), ops.where(few, rare, 0.0))
    large = _many(second, extents, ops.where(few, 100.0, n), ops.where(few, 0.5, rare))
    found = ops.where(few, small, large)
    found = ops.where(turned, n - found, found)
    return ops.cast(ops.where(valid, found, np.nan), wanted)
