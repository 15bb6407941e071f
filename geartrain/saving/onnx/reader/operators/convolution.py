"""Convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import layers, ops
from geartrain.saving.onnx.reader.operators.images import Images, images, per_axis, windows
from geartrain.saving.onnx.reader.place import Place, expect
from geartrain.saving.onnx.reader.table import operator

CONVOLUTIONS = {1: layers.Conv1D, 2: layers.Conv2D, 3: layers.Conv3D}
TRANSPOSED = {1: layers.Conv1DTranspose, 2: layers.Conv2DTranspose, 3: layers.Conv3DTranspose}
DEPTHWISE = {1: layers.DepthwiseConv1D, 2: layers.DepthwiseConv2D}


def _bias(at: Place, b: Any) -> dict[str, Any]:
    return {} if b is None else {"bias": (at.weight(b, "the bias"), None)}


def _kernel(at: Place, x: Images, w: Any, given: list[int] | None) -> tuple[Any, tuple[int, ...]]:
    """The stored kernel, and its sizes along the axes of space."""
    kernel = at.weight(w, "the kernel")
    sizes = tuple(kernel.shape[2:])
    if len(sizes) != x.axes or (given is not None and tuple(given) != sizes):
        raise ValueError(
            f"expected a kernel of {x.axes + 2} axes with sizes {given or 'of a window'}. "
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
    given = images(at, x)
    kernel, sizes = _kernel(at, given, w, kernel_shape)
    at_windows = windows(given, sizes, strides, dilations, pads, auto_pad)
    filters, inner = kernel.shape[:2]
    if group < 1 or filters % group:
        raise ValueError(
            f"expected filters that divide into {group} groups. Received: {filters} filters"
        )
    expect(given.tensor, given.channels, inner * group, f"the kernel in {group} groups")
    same = at_windows.same
    if not same:
        given = given.padded(at_windows.pads)
    steps, gaps = at_windows.steps, at_windows.gaps
    if same and max(steps) > 1 and max(gaps) > 1:
        raise ValueError(
            f"expected known sizes for strides {list(steps)} with dilations {list(gaps)}. "
            f"Received shape {given.tensor.shape}"
        )
    thinned = steps if max(steps) > 1 and max(gaps) > 1 else None
    config: dict[str, Any] = {
        "kernel_size": sizes, "strides": (1,) * given.axes if thinned else steps,
        "padding": "same" if same else "valid", "dilation_rate": gaps, "use_bias": b is not None,
        **given.config,
    }  # fmt: skip
    if group > 1 and inner == 1 and given.axes in DEPTHWISE and len(set(steps)) == 1:
        many = filters // group
        weights = {"kernel": (kernel, lambda a: _depthwise(a, group, many)), **_bias(at, b)}
        config["strides"] = config["strides"][0]
        layer = at.layer(DEPTHWISE[given.axes], weights, depth_multiplier=many, **config)
    else:
        weights = {"kernel": (kernel, _reversed), **_bias(at, b)}
        layer = at.layer(CONVOLUTIONS[given.axes], weights, filters=filters, groups=group, **config)
    made = given.of(layer(given.tensor))
    if thinned:  # no layer has strides and dilations at once
        pieces = made.along([slice(None, None, step) for step in thinned], slice(None))
        made = made.of(ops.get_item(made.tensor, pieces))
    return made.value()


def _reversed(kernel: np.ndarray) -> np.ndarray:
    """(filters, channels, *sizes) as (*sizes, channels, filters), and the same transposed."""
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
    given = images(at, x)
    kernel, sizes = _kernel(at, given, w, kernel_shape)
    if output_shape is not None or auto_pad not in ("NOTSET", "VALID"):
        raise ValueError(
            f"expected pads as numbers. Received: output_shape={output_shape}, "
            f"auto_pad={auto_pad!r}. Export the model with explicit pads."
        )
    found = windows(given, sizes, strides, dilations, pads, auto_pad)
    if group != 1 or (max(found.steps) > 1 and max(found.gaps) > 1):
        raise ValueError(
            "expected one group, and strides or dilations of 1, as no layer has more. Received: "
            f"group={group}, strides={list(found.steps)}, dilations={list(found.gaps)}"
        )
    expect(given.tensor, given.channels, kernel.shape[0], "the kernel")
    more = (0,) * given.axes
    if output_padding:
        more = per_axis(output_padding, given.axes, "output paddings", 0)
    crops = [(a, b - extra) for (a, b), extra in zip(found.pads, more, strict=True)]
    layer = at.layer(
        TRANSPOSED[given.axes], {"kernel": (kernel, _reversed), **_bias(at, b)},
        filters=kernel.shape[1], kernel_size=sizes, strides=found.steps, padding="valid",
        output_padding=tuple(max(0, -behind) for _, behind in crops), dilation_rate=found.gaps,
        use_bias=b is not None, **given.config,
    )  # fmt: skip
    made = given.of(layer(given.tensor))
    return made.cropped([(before, max(0, behind)) for before, behind in crops]).value()
