"""Convolutions: layers that keep PyTorch's order of axes, channels first."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import layers, ops
from geartrain.graph.node import Node
from geartrain.ops.operands import extents_of, rank_of
from geartrain.saving.onnx.reader.builder import Place, expect, policy
from geartrain.saving.onnx.reader.table import operator

CONVOLUTIONS = {1: layers.Conv1D, 2: layers.Conv2D, 3: layers.Conv3D}
TRANSPOSED = {1: layers.Conv1DTranspose, 2: layers.Conv2DTranspose, 3: layers.Conv3DTranspose}
DEPTHWISE = {1: layers.DepthwiseConv1D, 2: layers.DepthwiseConv2D}
PADDINGS = {1: layers.ZeroPadding1D, 2: layers.ZeroPadding2D, 3: layers.ZeroPadding3D}
CROPPINGS = {1: layers.Cropping1D, 2: layers.Cropping2D, 3: layers.Cropping3D}
FIRST = {"data_format": "channels_first"}
Pairs = list[tuple[int, int]]


def spatial_axes(x: Node) -> int:
    """How many axes there are besides the batch and the channels."""
    axes = rank_of(x) - 2
    if axes not in (1, 2, 3):
        raise ValueError(f"expected inputs of 3 to 5 axes. Received shape {x.shape}")
    return axes


def per_axis(given: list[int] | None, axes: int, what: str, least: int = 1) -> tuple[int, ...]:
    """A number for each spatial axis, 1 by default."""
    sizes = tuple(given) if given is not None else (1,) * axes
    if len(sizes) != axes or min(sizes) < least:
        raise ValueError(f"expected {axes} {what} of at least {least}. Received: {list(sizes)}")
    return sizes


def pads_of(
    x: Node, pads: list[int] | None, auto_pad: str, kernel: tuple[int, ...],
    strides: tuple[int, ...], dilations: tuple[int, ...],
) -> Pairs:  # fmt: skip
    """How much lies before and behind each spatial axis."""
    axes = len(kernel)
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        found = []
        sizes = extents_of(x)[2:]
        for size, width, stride, gap in zip(sizes, kernel, strides, dilations, strict=True):
            if stride > 1 and not isinstance(size, int):
                raise ValueError(f"expected known sizes for {auto_pad}. Received shape {x.shape}")
            reach = (width - 1) * gap + 1
            over = 0 if stride == 1 else -(-size // stride) * stride - stride - size  # type: ignore[operator]
            total = max(0, over + reach) if stride > 1 else reach - 1
            small, large = total // 2, total - total // 2
            found.append((small, large) if auto_pad == "SAME_UPPER" else (large, small))
        return found
    if auto_pad not in ("NOTSET", "VALID"):
        raise ValueError(f"expected a known auto_pad. Received: {auto_pad!r}")
    flat = list(pads or [0] * (2 * axes)) if auto_pad == "NOTSET" else [0] * (2 * axes)
    if len(flat) != 2 * axes or min(flat) < 0:
        raise ValueError(f"expected {2 * axes} pads of at least 0. Received: {flat}")
    return list(zip(flat[:axes], flat[axes:], strict=True))


def is_same(
    pads: Pairs, kernel: tuple[int, ...], strides: tuple[int, ...], dilations: tuple[int, ...]
) -> bool:
    """Whether pads are what Keras's padding "same" does for inputs of any size."""
    return max(strides) == 1 and all(
        (before, behind) == (((width - 1) * gap) // 2, (width - 1) * gap - ((width - 1) * gap) // 2)
        for (before, behind), width, gap in zip(pads, kernel, dilations, strict=True)
    )


def padded(at: Place, x: Node, pads: Pairs) -> Node:
    """The tensor with zeros around its spatial axes."""
    if not any(map(any, pads)):
        return x
    amounts: Any = pads[0] if len(pads) == 1 else tuple(pads)
    cls = PADDINGS[len(pads)]
    return at.layer(cls, padding=amounts, **FIRST, dtype=policy(x))(x)


def cropped(at: Place, x: Node, crops: Pairs) -> Node:
    """The tensor without the borders of its spatial axes."""
    if not any(map(any, crops)):
        return x
    if len(crops) == 1:  # the layer has no channels first
        sizes = slice(crops[0][0], -crops[0][1] or None)
        return ops.get_item(x, (slice(None), slice(None), sizes))
    return at.layer(CROPPINGS[len(crops)], cropping=tuple(crops), **FIRST, dtype=policy(x))(x)


def _bias(at: Place, b: Any) -> dict[str, Any]:
    return {} if b is None else {"bias": (at.weight(b, "the bias"), None)}


def _kernel(at: Place, w: Any, axes: int, given: list[int] | None) -> tuple[Any, tuple[int, ...]]:
    """The stored kernel, and its sizes along the spatial axes."""
    kernel = at.weight(w, "the kernel")
    sizes = tuple(kernel.shape[2:])
    if len(kernel.shape) != axes + 2 or (given is not None and tuple(given) != sizes):
        raise ValueError(
            f"expected a kernel of {axes + 2} axes with sizes {given or 'of a window'}. "
            f"Received shape {tuple(kernel.shape)}"
        )
    return kernel, sizes


@operator("Conv")
def convolution(
    at: Place, x: Any, w: Any, b: Any = None, *, auto_pad: str = "NOTSET",
    dilations: list | None = None, group: int = 1, kernel_shape: list | None = None,
    pads: list | None = None, strides: list | None = None,
) -> Any:  # fmt: skip
    """The layer of that many axes, depthwise where each channel is a group."""
    x = at.tensor(x)
    axes = spatial_axes(x)
    kernel, sizes = _kernel(at, w, axes, kernel_shape)
    steps, gaps = per_axis(strides, axes, "strides"), per_axis(dilations, axes, "dilations")
    filters, inner = kernel.shape[:2]
    expect(x, 1, inner * group, f"the kernel's channels, {inner} in {group} groups,")
    if group < 1 or filters % group:
        raise ValueError(f"expected filters in {group} groups. Received: {filters}")
    around = pads_of(x, pads, auto_pad, sizes, steps, gaps)
    padding = "valid"
    if any(map(any, around)) and is_same(around, sizes, steps, gaps):
        padding = "same"
    else:
        x = padded(at, x, around)
    thinned = steps if max(steps) > 1 and max(gaps) > 1 else None
    config = dict(
        kernel_size=sizes, strides=(1,) * axes if thinned else steps, padding=padding,
        dilation_rate=gaps, use_bias=b is not None, dtype=policy(x), **FIRST,
    )  # fmt: skip
    alike = len(set(steps)) == 1
    if group > 1 and inner == 1 and axes in DEPTHWISE and alike:
        many = filters // group
        weights = {"kernel": (kernel, lambda a: _depthwise(a, group, many)), **_bias(at, b)}
        config["strides"] = config["strides"][0]
        made = at.layer(DEPTHWISE[axes], weights, depth_multiplier=many, **config)
    else:
        weights = {"kernel": (kernel, _channels_last), **_bias(at, b)}
        made = at.layer(CONVOLUTIONS[axes], weights, filters=filters, groups=group, **config)
    result = made(x)
    if thinned:  # no Keras layer has strides and dilations at once
        key = (slice(None), slice(None), *(slice(None, None, step) for step in thinned))
        result = ops.get_item(result, key)
    return result


def _channels_last(kernel: np.ndarray) -> np.ndarray:
    """(filters, channels, *sizes) as (*sizes, channels, filters)."""
    return kernel.transpose(*range(2, kernel.ndim), 1, 0)


def _depthwise(kernel: np.ndarray, channels: int, many: int) -> np.ndarray:
    """(channels * many, 1, *sizes) as (*sizes, channels, many)."""
    parts = kernel.reshape(channels, many, *kernel.shape[2:])
    return parts.transpose(*range(2, parts.ndim), 0, 1)


@operator("ConvTranspose")
def convolution_transposed(
    at: Place, x: Any, w: Any, b: Any = None, *, auto_pad: str = "NOTSET",
    dilations: list | None = None, group: int = 1, kernel_shape: list | None = None,
    output_padding: list | None = None, output_shape: list | None = None,
    pads: list | None = None, strides: list | None = None,
) -> Any:  # fmt: skip
    """The layer for the whole output, and a cropping for the pads."""
    x = at.tensor(x)
    axes = spatial_axes(x)
    kernel, sizes = _kernel(at, w, axes, kernel_shape)
    steps, gaps = per_axis(strides, axes, "strides"), per_axis(dilations, axes, "dilations")
    more = per_axis(output_padding, axes, "output paddings", 0) if output_padding else (0,) * axes
    if group != 1 or (max(steps) > 1 and max(gaps) > 1):
        raise ValueError(
            "expected one group, and strides or dilations of 1, as no layer has more. Received: "
            f"group={group}, strides={list(steps)}, dilations={list(gaps)}"
        )
    if output_shape is not None or auto_pad not in ("NOTSET", "VALID"):
        raise ValueError(
            "expected pads as numbers. Received: output_shape or "
            f"auto_pad={auto_pad!r}. Export the model with explicit pads."
        )
    expect(x, 1, kernel.shape[0], "the kernel's channels")
    around = pads_of(x, pads, auto_pad, sizes, steps, gaps)
    crops = [(before, behind - extra) for (before, behind), extra in zip(around, more, strict=True)]
    left = tuple(max(0, -behind) for _, behind in crops)
    made = at.layer(
        TRANSPOSED[axes], {"kernel": (kernel, _transposed_kernel), **_bias(at, b)},
        filters=kernel.shape[1], kernel_size=sizes, strides=steps, padding="valid",
        output_padding=left, dilation_rate=gaps, use_bias=b is not None, dtype=policy(x), **FIRST,
    )  # fmt: skip
    return cropped(at, made(x), [(before, max(0, behind)) for before, behind in crops])


def _transposed_kernel(kernel: np.ndarray) -> np.ndarray:
    """(channels, filters, *sizes) as (*sizes, filters, channels)."""
    return kernel.transpose(*range(2, kernel.ndim), 1, 0)
