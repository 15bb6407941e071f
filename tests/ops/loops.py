"""Convolutions and pooling in any number of dimensions as plain loops over windows: the oracle."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


def several(value: Any, count: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,) * count


def borders(sizes, kernel, strides, dilations, padding):
    """(before, windows) along each axis, straight from the definitions."""
    for size, k, stride, dilation in zip(sizes, kernel, strides, dilations, strict=True):
        covered = (k - 1) * dilation + 1
        if padding == "valid":
            yield 0, (size - covered) // stride + 1
        else:
            count = -(-size // stride)
            total = max((count - 1) * stride + covered - size, 0)
            yield (covered - 1 if padding == "causal" else total // 2), count


def last(function: Callable) -> Callable:
    """The function of images with channels last, for both data formats."""

    def wrapped(x, *further, data_format="channels_last", **keywords):
        if data_format == "channels_first":
            return np.moveaxis(function(np.moveaxis(x, 1, -1), *further, **keywords), -1, 1)
        return function(x, *further, **keywords)

    return wrapped


def windows(x, kernel, strides, padding, dilations) -> Iterator[tuple[tuple, list]]:
    """Each window's place, and the elements in it: (place inside, values of shape (batch, c))."""
    rank = x.ndim - 2
    strides, dilations = several(strides, rank), several(dilations, rank)
    plan = [*borders(x.shape[1:-1], kernel, strides, dilations, padding)]
    for place in np.ndindex(*(count for _, count in plan)):
        found = []
        for inside in np.ndindex(*kernel):
            at = tuple(
                i * s + k * d - before
                for i, s, k, d, (before, _) in zip(
                    place, strides, inside, dilations, plan, strict=True
                )
            )
            if all(0 <= i < size for i, size in zip(at, x.shape[1:-1], strict=True)):
                found.append((inside, x[(slice(None), *at)]))
        yield place, found


def empty(x, kernel, strides, padding, dilations, channels):
    rank = x.ndim - 2
    several_ = several(strides, rank), several(dilations, rank)
    counts = [count for _, count in borders(x.shape[1:-1], kernel, *several_, padding)]
    return np.zeros((x.shape[0], *counts, channels), x.dtype)


@last
def conv(x, kernel, strides=1, padding="valid", dilation_rate=1):
    *sizes, inner, filters = kernel.shape
    y = empty(x, sizes, strides, padding, dilation_rate, filters)
    groups = x.shape[-1] // inner
    for place, found in windows(x, sizes, strides, padding, dilation_rate):
        for inside, values in found:
            for group in range(groups):
                mine = slice(group * filters // groups, (group + 1) * filters // groups)
                seen = values[:, group * inner : (group + 1) * inner]
                y[(slice(None), *place, mine)] += seen @ kernel[inside][:, mine]
    return y


@last
def depthwise_conv(x, kernel, strides=1, padding="valid", dilation_rate=1):
    *sizes, channels, multiplier = kernel.shape
    y = empty(x, sizes, strides, padding, dilation_rate, channels * multiplier)
    for place, found in windows(x, sizes, strides, padding, dilation_rate):
        for inside, values in found:
            products = values[:, :, None] * kernel[inside]
            y[(slice(None), *place)] += products.reshape(len(x), channels * multiplier)
    return y


@last
def separable_conv(x, depthwise, pointwise, strides=1, padding="valid", dilation_rate=1):
    return conv(depthwise_conv(x, depthwise, strides, padding, dilation_rate), pointwise)


@last
def conv_transpose(
    x, kernel, strides=1, padding="valid", output_padding=None, dilation_rate=1
):  # fmt: skip
    """Each element adds its multiple of the kernel; then the border is cut, or grown."""
    *sizes, filters, _ = kernel.shape
    rank = len(sizes)
    strides, dilations = several(strides, rank), several(dilation_rate, rank)
    covered = [(k - 1) * d + 1 for k, d in zip(sizes, dilations, strict=True)]
    full = [(n - 1) * s + e for n, s, e in zip(x.shape[1:-1], strides, covered, strict=True)]
    y = np.zeros((x.shape[0], *full, filters), x.dtype)
    for place in np.ndindex(*x.shape[1:-1]):
        for inside in np.ndindex(*sizes):
            at = tuple(
                i * s + k * d for i, s, k, d in zip(place, strides, inside, dilations, strict=True)
            )
            y[(slice(None), *at)] += x[(slice(None), *place)] @ kernel[inside].T
    more = several(output_padding, rank)
    for axis, (e, s, extra) in enumerate(zip(covered, strides, more, strict=True), start=1):
        size = x.shape[axis]
        if padding == "valid":
            length = (size - 1) * s + (max(e, s) if extra is None else e + extra)
            start = 0
        else:
            length = size * s if extra is None else (size - 1) * s + e % 2 + extra
            start = max(0, e - 1 - (length - (size - 1) * s + e - 2 + 1) // 2)
        wide = np.pad(y, [(0, max(0, length)) if a == axis else (0, 0) for a in range(y.ndim)])
        y = np.take(wide, range(start, start + length), axis=axis)
    return y


def pooled(fold: Callable) -> Callable:
    @last
    def pool(x, pool_size, strides=None, padding="valid"):
        sizes = several(pool_size, x.ndim - 2)
        strides = sizes if strides is None else strides
        y = empty(x, sizes, strides, padding, 1, x.shape[-1])
        for place, found in windows(x, sizes, strides, padding, 1):
            y[(slice(None), *place)] = fold([values for _, values in found], axis=0)
        return y

    return pool


max_pool = pooled(np.max)
average_pool = pooled(np.mean)


def adaptively(fold: Callable) -> Callable:
    @last
    def pool(x, output_size):
        rank = x.ndim - 2
        counts = several(output_size, rank)
        y = np.zeros((x.shape[0], *counts, x.shape[-1]), x.dtype)
        for place in np.ndindex(*counts):
            spans = [
                slice(math.floor(i * size / count), math.ceil((i + 1) * size / count))
                for i, size, count in zip(place, x.shape[1:-1], counts, strict=True)
            ]
            y[(slice(None), *place)] = fold(x[(slice(None), *spans)], axis=(*range(1, rank + 1),))
        return y

    return pool


adaptive_max_pool = adaptively(np.max)
adaptive_average_pool = adaptively(np.mean)


@last
def max_pool_gradient(x, g, pool_size, strides=None, padding="valid"):
    """Each window's gradient goes to its first largest element."""
    sizes = several(pool_size, x.ndim - 2)
    strides = several(sizes if strides is None else strides, x.ndim - 2)
    dx = np.zeros(x.shape, x.dtype)
    marks = np.arange(x[0, ..., 0].size).reshape(1, *x.shape[1:-1], 1)
    numbered = windows(marks, sizes, strides, padding, 1)
    for (place, found), (_, numbers) in zip(
        windows(x, sizes, strides, padding, 1), numbered, strict=True
    ):
        first = np.argmax([values for _, values in found], axis=0)
        for b, c in np.ndindex(first.shape):
            at = np.unravel_index(int(numbers[first[b, c]][1][0, 0]), x.shape[1:-1])
            dx[(b, *at, c)] += g[(b, *place, c)]
    return dx
