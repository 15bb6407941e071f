"""Convolutions: one contraction of a view of windows with a kernel."""

from __future__ import annotations

from typing import Any

from geartrain.graph.shapes import Extent, Shape, public
from geartrain.ops import views
from geartrain.ops.folds import contract
from geartrain.ops.operands import Tensor, extents_of, promoted, rank_of, together
from geartrain.ops.phases import Spread, by_phases
from geartrain.ops.spatial import (
    IN,
    Layout,
    layout_of,
    padding_of,
    places,
    whole_numbers,
    windows_of,
)
from geartrain.ops.windows import unwindow

__all__ = ["conv", "conv_transpose", "depthwise_conv", "separable_conv"]


def conv(
    inputs: Tensor, kernel: Tensor, strides: Any = 1, padding: str = "valid",
    data_format: str | None = None, dilation_rate: Any = 1,
) -> Tensor:  # fmt: skip
    """Convolution in 1, 2 or 3 dimensions: a weighted sum of each window, for each filter.

    `y[b, i, f] = sum over k, c of x[b, i * stride + k * dilation, c] * kernel[k, c, f]`, where i
    and k stand for one, two or three indices.

    Args:
        inputs: tensor of shape (batch, *sizes, channels).
        kernel: tensor of shape (*sizes, channels / groups, filters). With fewer channels than the
            inputs have, these are cut in groups, each seen by its share of the filters.
        strides: the step from window to window.
        padding: "valid" for windows inside alone; "same" for as many as the inputs have elements
            (divided by the stride), with zeros around.
        data_format: "channels_last", or "channels_first" for (batch, channels, *sizes).
        dilation_rate: the step from element to element of a window.

    Returns a tensor of shape (batch, *new_sizes, filters).

    Raises ValueError for inputs smaller than a window, and channels that do not fit the kernel.

    >>> conv([[[1.0], [2.0], [4.0], [8.0]]], [[[1.0]], [[-1.0]]])
    array([[[-1.],
            [-2.],
            [-4.]]], dtype=float32)
    """
    return convolved("conv", inputs, kernel, strides, padding, data_format, dilation_rate)


def convolved(
    who: str, inputs: Tensor, kernel: Tensor, strides: Any, padding: str, data_format: str | None,
    dilation_rate: Any,
) -> Tensor:  # fmt: skip
    """`conv` on behalf of `who`, which may be a layer; the padding may be "causal" too."""
    x, kernel, layout = _prepared(who, inputs, kernel, data_format)
    *sizes, inner, filters = extents_of(kernel)
    groups, inside = _groups(who, x, kernel, layout), IN[: layout.spatial]
    at = places(who, x, layout, tuple(sizes), strides, padding, dilation_rate)  # type: ignore[arg-type]
    if groups == 1:
        spec = f"{layout.labels('c', True)},{inside}cf->{layout.labels('f', False)}"
        return contract(windows_of(x, layout, at), kernel, spec=spec)
    x = _split(x, layout.channels, (groups, inner))
    kernel = _split(kernel, layout.spatial + 1, (groups, filters // groups))  # type: ignore[operator]
    windows = windows_of(x, layout._replace(parts=2), at)
    spec = f"{layout.labels('gc', True)},{inside}cgf->{layout.labels('gf', False)}"
    return _joined(contract(windows, kernel, spec=spec), layout)


def _split(x: Tensor, axis: int, sizes: Shape) -> Tensor:
    extents = extents_of(x)
    return views.reshape(x, shape=(*extents[:axis], *sizes, *extents[axis + 1 :]))


def _joined(x: Tensor, layout: Layout) -> Tensor:
    """The two axes of channels made one."""
    extents, axis = extents_of(x), layout.channels
    total: Extent = extents[axis] * extents[axis + 1]
    return views.reshape(x, shape=(*extents[:axis], total, *extents[axis + 2 :]))


def _prepared(
    who: str, inputs: Tensor, kernel: Tensor, data_format: str | None
) -> tuple[Tensor, Tensor, Layout]:
    x, kernel = together(*promoted(inputs, kernel, floats=True))
    layout = layout_of(who, x, data_format)
    if rank_of(kernel) != rank_of(x):
        raise ValueError(
            f"{who}: expected a kernel of rank {rank_of(x)} (sizes of a window, channels, "
            f"filters), as the inputs of shape {public(extents_of(x))} have. "
            f"Received: kernel of shape {public(extents_of(kernel))}"
        )
    return x, kernel, layout


def _groups(who: str, x: Tensor, kernel: Tensor, layout: Layout) -> int:
    """In how many groups the kernel cuts the channels."""
    channels = extents_of(x)[layout.channels]
    inner, filters = extents_of(kernel)[-2:]
    known = isinstance(channels, int) and isinstance(inner, int) and isinstance(filters, int)
    if channels == inner:
        return 1
    if not known or not inner or channels % inner or filters % (channels // inner):  # type: ignore[operator]
        first = "" if layout.last else " (data_format='channels_first')"
        raise ValueError(
            f"{who}: expected inputs of {inner} channels along axis {layout.channels}{first}, as "
            f"the kernel of shape {public(extents_of(kernel))} has, or a multiple that cuts its "
            f"{filters} filters in groups. Received shape {public(extents_of(x))}"
        )
    return channels // inner  # type: ignore[operator]


def depthwise_conv(
    inputs: Tensor, kernel: Tensor, strides: Any = 1, padding: str = "valid",
    data_format: str | None = None, dilation_rate: Any = 1,
) -> Tensor:  # fmt: skip
    """Convolution of each channel by itself.

    `y[b, i, c * m + j] = sum over k of x[b, i * stride + k * dilation, c] * kernel[k, c, j]`,
    where the kernel has m filters for each channel.

    Args:
        inputs: tensor of shape (batch, *sizes, channels).
        kernel: tensor of shape (*sizes, channels, m).
        strides, padding, data_format, dilation_rate: as for `conv`.

    Returns a tensor of shape (batch, *new_sizes, channels * m).

    Raises ValueError for inputs smaller than a window, and channels that do not fit the kernel.

    >>> depthwise_conv([[[1.0, 10.0], [2.0, 20.0]]], [[[1.0], [1.0]], [[1.0], [2.0]]])
    array([[[ 3., 50.]]], dtype=float32)
    """
    return convolved_depthwise(
        "depthwise_conv", inputs, kernel, strides, padding, data_format, dilation_rate
    )


def convolved_depthwise(
    who: str, inputs: Tensor, kernel: Tensor, strides: Any, padding: str, data_format: str | None,
    dilation_rate: Any,
) -> Tensor:  # fmt: skip
    """`depthwise_conv` on behalf of `who`, which may be a layer."""
    x, kernel, layout = _prepared(who, inputs, kernel, data_format)
    *sizes, channels, _ = extents_of(kernel)
    if extents_of(x)[layout.channels] != channels:
        raise ValueError(
            f"{who}: expected inputs of {channels} channels along axis {layout.channels}, as the "
            f"kernel of shape {public(extents_of(kernel))} has. "
            f"Received shape {public(extents_of(x))}"
        )
    at = places(who, x, layout, tuple(sizes), strides, padding, dilation_rate)  # type: ignore[arg-type]
    windows, inside = windows_of(x, layout, at), IN[: layout.spatial]
    spec = f"{layout.labels('c', True)},{inside}cm->{layout.labels('cm', False)}"
    return _joined(contract(windows, kernel, spec=spec), layout)


def separable_conv(
    inputs: Tensor, depthwise_kernel: Tensor, pointwise_kernel: Tensor, strides: Any = 1,
    padding: str = "valid", data_format: str | None = None, dilation_rate: Any = 1,
) -> Tensor:  # fmt: skip
    """A `depthwise_conv`, and a `conv` that mixes its channels.

    Args:
        inputs: tensor of shape (batch, *sizes, channels).
        depthwise_kernel: tensor of shape (*sizes, channels, m).
        pointwise_kernel: tensor of shape (1, .., channels * m, filters).
        strides, padding, data_format, dilation_rate: as for `conv`, of the depthwise part.

    Returns a tensor of shape (batch, *new_sizes, filters).

    Raises ValueError for inputs smaller than a window, and channels that do not fit the kernels.

    >>> separable_conv([[[1.0], [2.0]]], [[[1.0]], [[1.0]]], [[[1.0, 10.0]]])
    array([[[ 3., 30.]]], dtype=float32)
    """
    who = "separable_conv"
    deep = convolved_depthwise(
        who, inputs, depthwise_kernel, strides, padding, data_format, dilation_rate
    )
    return convolved(who, deep, pointwise_kernel, 1, "valid", data_format, 1)


def conv_transpose(
    inputs: Tensor, kernel: Tensor, strides: Any = 1, padding: str = "valid",
    output_padding: Any = None, data_format: str | None = None, dilation_rate: Any = 1,
) -> Tensor:  # fmt: skip
    """What the gradient of a convolution does: each element adds a multiple of the kernel.

    `y[b, i, f] = sum over k, c of x[b, (i + start - k * dilation) / stride, c] * kernel[k, f, c]`,
    over the k for which the division leaves no rest. So sizes are multiplied by the strides.

    Args:
        inputs: tensor of shape (batch, *sizes, channels).
        kernel: tensor of shape (*sizes, filters, channels).
        strides, data_format, dilation_rate: as for `conv`.
        padding: "valid" for all that the kernel reaches; "same" for size * stride.
        output_padding: elements to add behind; None for what `padding` says.

    Returns a tensor of shape (batch, *new_sizes, filters).

    Raises ValueError for channels that do not fit the kernel.

    >>> conv_transpose([[[1.0], [2.0]]], [[[1.0]], [[10.0]]], strides=2)
    array([[[ 1.],
            [10.],
            [ 2.],
            [20.]]], dtype=float32)
    """
    return convolved_transposed(
        "conv_transpose", inputs, kernel, strides, padding, output_padding, data_format,
        dilation_rate,
    )  # fmt: skip


def convolved_transposed(
    who: str, inputs: Tensor, kernel: Tensor, strides: Any, padding: str, output_padding: Any,
    data_format: str | None, dilation_rate: Any,
) -> Tensor:  # fmt: skip
    """`conv_transpose` on behalf of `who`, which may be a layer."""
    x, kernel, layout = _prepared(who, inputs, kernel, data_format)
    at = spread_of(who, x, kernel, layout, strides, padding, output_padding, dilation_rate)
    count = layout.spatial
    if max(at.strides) > 1 and max(at.dilations) == 1:
        if layout.last:
            return by_phases(x, kernel, at)
        last = views.permute(x, order=(0, *layout.axes, 1))
        return views.permute(
            by_phases(last, kernel, at), order=(0, count + 1, *range(1, count + 1))
        )
    windows = unwindow(
        x, axes=tuple(axis + number for number, axis in enumerate(layout.axes)),
        lengths=at.lengths, sizes=at.sizes, strides=at.strides, dilations=at.dilations,
        starts=at.starts, paired=False,
    )  # fmt: skip
    spec = f"{layout.labels('c', True)},{IN[:count]}fc->{layout.labels('f', False)}"
    return contract(windows, kernel, spec=spec)


def spread_of(
    who: str, x: Tensor, kernel: Tensor, layout: Layout, strides: Any, padding: str,
    output_padding: Any, dilation_rate: Any,
) -> Spread:  # fmt: skip
    """Where a transposed convolution puts its sums; refuses channels that do not fit."""
    *sizes, _, channels = extents_of(kernel)
    if extents_of(x)[layout.channels] != channels:
        raise ValueError(
            f"{who}: expected inputs of {channels} channels along axis {layout.channels}, the last "
            f"of the kernel of shape {public(extents_of(kernel))}. "
            f"Received shape {public(extents_of(x))}"
        )
    count = layout.spatial
    strides = whole_numbers(who, "strides", strides, count)
    dilations = whole_numbers(who, "dilation_rate", dilation_rate, count)
    padding = padding_of(who, padding)
    further: tuple[Any, ...] = (None,) * count
    if output_padding is not None:
        further = whole_numbers(who, "output_padding", output_padding, count, least=0)
    starts: list[Any] = []
    highs, lengths = [], []
    for axis, size, stride, dilation, more in zip(
        layout.axes, sizes, strides, dilations, further, strict=True
    ):
        covered = (size - 1) * dilation + 1
        low, high = _reach(covered, stride, padding, more)  # type: ignore[arg-type]
        starts.append(covered - 1 - low)
        highs.append(high)
        lengths.append((extents_of(x)[axis] - 1) * stride + low + high + 2 - covered)
    windows: Any = tuple(sizes)
    return Spread(windows, strides, dilations, tuple(starts), tuple(highs), tuple(lengths))


def _reach(covered: int, stride: int, padding: str, more: int | None) -> tuple[int, int]:
    """How far the result of a transposed convolution reaches before the first element's last
    place of the kernel, and behind the last element's first, as Keras defines it."""
    if padding == "valid":
        return covered - 1, covered - 1 + (max(stride - covered, 0) if more is None else more)
    total = stride + covered - 2 if more is None else covered + covered % 2 - 2 + more
    low = min(total // 2 + total % 2, covered - 1)
    return low, total - low
