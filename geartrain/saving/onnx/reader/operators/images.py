"""Tensors with a batch, channels and one to three axes of space, and borders around them.

ONNX has the channels first. Layers keep that order, unless the tensor was put into it from Keras's
order just before: then they take the channels last, as the layers did that were exported, and the
order is changed behind them, where it meets its opposite.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from geartrain import layers, ops
from geartrain.graph.node import Node
from geartrain.graph.shapes import Dim, Shape
from geartrain.ops.operands import extents_of, rank_of
from geartrain.saving.onnx.reader.place import Place, policy

PADDINGS = {1: layers.ZeroPadding1D, 2: layers.ZeroPadding2D, 3: layers.ZeroPadding3D}
CROPPINGS = {2: layers.Cropping2D, 3: layers.Cropping3D}
Pairs = list[tuple[int, int]]


class Images(NamedTuple):
    """A tensor, and whether its channels are last."""

    at: Place
    tensor: Node
    last: bool

    @property
    def axes(self) -> int:
        """How many axes of space there are."""
        return rank_of(self.tensor) - 2

    @property
    def channels(self) -> int:
        """The axis of the channels."""
        return self.axes + 1 if self.last else 1

    @property
    def space(self) -> range:
        """The axes of space."""
        return range(1, self.axes + 1) if self.last else range(2, self.axes + 2)

    @property
    def sizes(self) -> Shape:
        """The sizes of the axes of space."""
        return tuple(extents_of(self.tensor)[axis] for axis in self.space)

    @property
    def config(self) -> dict[str, Any]:
        """Arguments that every layer of such tensors has."""
        order = "channels_last" if self.last else "channels_first"
        return {"data_format": order, "dtype": policy(self.tensor)}

    def along(self, values: Any, rest: Any) -> tuple[Any, ...]:
        """A value for each axis: these for those of space, `rest` for the others."""
        found = [rest] * (self.axes + 2)
        for axis, value in zip(self.space, values, strict=True):
            found[axis] = value
        return tuple(found)

    def of(self, tensor: Node) -> Images:
        """Another tensor in the same order."""
        return self._replace(tensor=tensor)

    def value(self) -> Node:
        """The tensor with the channels first."""
        if not self.last:
            return self.tensor
        return self.at.transposed(self.tensor, _first(self.axes))

    def called(self, layer: Any) -> Node:
        """What a layer makes of the tensor, with the channels first."""
        return self.of(layer(self.tensor)).value()

    def padded(self, pads: Pairs) -> Images:
        """With zeros around the axes of space."""
        if not any(map(any, pads)):
            return self
        amounts: Any = pads[0] if len(pads) == 1 else tuple(pads)
        layer = self.at.layer(PADDINGS[self.axes], padding=amounts, **self.config)
        return self.of(layer(self.tensor))

    def cropped(self, crops: Pairs) -> Images:
        """Without the borders of the axes of space."""
        if not any(map(any, crops)):
            return self
        if self.axes in CROPPINGS:
            layer = self.at.layer(CROPPINGS[self.axes], cropping=tuple(crops), **self.config)
            return self.of(layer(self.tensor))
        pieces = [slice(before, -behind or None) for before, behind in crops]
        return self.of(ops.get_item(self.tensor, self.along(pieces, slice(None))))


def _first(axes: int) -> tuple[int, ...]:
    """The order that puts channels first which were last."""
    return (0, axes + 1, *range(1, axes + 1))


def images(at: Place, x: Any) -> Images:
    """The tensor in the order in which layers should take it."""
    x = at.tensor(x)
    axes = rank_of(x) - 2
    if axes not in (1, 2, 3):
        raise ValueError(f"expected inputs of 3 to 5 axes. Received shape {x.shape}")
    source, order = at.builder.permuted.get(x, (x, None))
    last = order == _first(axes)
    return Images(at, source if last else x, last)


def per_axis(given: list[int] | None, axes: int, what: str, least: int = 1) -> tuple[int, ...]:
    """A number for each axis of space, 1 by default."""
    sizes = tuple(given) if given is not None else (1,) * axes
    if len(sizes) != axes or min(sizes) < least:
        raise ValueError(f"expected {axes} {what} of at least {least}. Received: {list(sizes)}")
    return sizes


class Windows(NamedTuple):
    """Where windows lie: for each axis of space their size, step, gap and the pads around.

    `named` says that the pads are those of Keras's padding "same", whatever they are.
    """

    sizes: tuple[int, ...]
    steps: tuple[int, ...]
    gaps: tuple[int, ...]
    pads: Pairs
    named: bool = False

    @property
    def reaches(self) -> list[int]:
        """From the first to the last element of a window."""
        return [(size - 1) * gap + 1 for size, gap in zip(self.sizes, self.gaps, strict=True)]

    @property
    def same(self) -> bool:
        """Whether the pads are what Keras's padding "same" is for inputs of any size."""
        if self.named:
            return True
        halves = [((reach - 1) // 2, reach // 2) for reach in self.reaches]
        return max(self.steps) == 1 and self.pads == halves and any(map(any, self.pads))


def windows(
    x: Images, sizes: Any, strides: Any, dilations: Any, pads: list[int] | None, auto_pad: str
) -> Windows:
    """The windows that the attributes of a node tell."""
    found = Windows(
        per_axis(sizes, x.axes, "sizes"),
        per_axis(strides, x.axes, "strides"),
        per_axis(dilations, x.axes, "dilations"),
        [],
    )
    if auto_pad == "SAME_UPPER" and any(isinstance(size, Dim) for size in x.sizes):
        return found._replace(pads=[(0, 0)] * x.axes, named=True)
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        return found._replace(pads=_same_pads(x, found, auto_pad))
    if auto_pad not in ("NOTSET", "VALID"):
        raise ValueError(f"expected a known auto_pad. Received: {auto_pad!r}")
    flat = list(pads or []) if auto_pad == "NOTSET" else []
    flat = flat or [0] * (2 * x.axes)
    if len(flat) != 2 * x.axes or min(flat) < 0:
        raise ValueError(f"expected {2 * x.axes} pads of at least 0. Received: {flat}")
    return found._replace(pads=list(zip(flat[: x.axes], flat[x.axes :], strict=True)))


def _same_pads(x: Images, found: Windows, auto_pad: str) -> Pairs:
    """Pads for as many windows as there are elements, divided by the step."""
    pads = []
    for size, step, reach in zip(x.sizes, found.steps, found.reaches, strict=True):
        total = reach - 1
        if step > 1:
            if not isinstance(size, int):
                raise ValueError(
                    f"expected known sizes for {auto_pad}. Received shape {x.tensor.shape}"
                )
            total = max(0, (-(-size // step) - 1) * step + reach - size)
        small, large = total // 2, total - total // 2
        pads.append((small, large) if auto_pad == "SAME_UPPER" else (large, small))
    return pads
