"""What a layer accepts as input, and the errors for what it does not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Shape = tuple[int | None, ...]


class InputSpec:
    """The rank and axis sizes that a layer expects of one input.

    Args:
        dtype: the expected dtype.
        shape: the expected shape; None matches any size.
        ndim, max_ndim, min_ndim: the expected rank, or its bounds.
        axes: the expected size of some axes: `{-1: 784}`.
        allow_last_axis_squeeze, name, optional: accepted as in Keras.

    >>> InputSpec(min_ndim=2, axes={-1: 784})
    InputSpec(min_ndim=2, axes={-1: 784})
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype, self.name, self.optional = dtype, name, optional
        self.shape = tuple(shape) if shape is not None else None
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = dict(axes or {})
        self.allow_last_axis_squeeze = allow_last_axis_squeeze

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild it."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """What `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        shown = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        parts = [f"{name}={getattr(self, name)}" for name in shown if getattr(self, name)]
        return f"InputSpec({', '.join(parts)})"


def check_input(who: str, spec: InputSpec, shape: Shape) -> None:
    """Refuse an input shape that `spec` does not allow.

    Args:
        who: the layer, as it should appear in the message.
        spec: what the layer expects.
        shape: what it received.

    Raises:
        ValueError: with what was expected, what was received, and the likely remedy.
    """
    rank = len(shape)
    if spec.ndim is not None and rank != spec.ndim:
        hint = _vector_hint(spec, shape)
        raise ValueError(_rank_message(who, f"rank {spec.ndim}", spec.ndim, shape, hint))
    if spec.min_ndim is not None and rank < spec.min_ndim:
        raise ValueError(_rank_message(who, f"rank {spec.min_ndim} or more", spec.min_ndim, shape))
    if spec.max_ndim is not None and rank > spec.max_ndim:
        raise ValueError(_rank_message(who, f"rank {spec.max_ndim} or less", spec.max_ndim, shape))
    for axis, size in {**dict(enumerate(spec.shape or ())), **spec.axes}.items():
        if size is None or not -rank <= axis < rank or shape[axis] in (size, None):
            continue
        place = "last axis" if axis == -1 else f"axis {axis}"
        raise ValueError(
            f"{who}: expected {place} {size}. Received shape {shape}.{_size_hint(size, shape)}"
        )


def _vector_hint(spec: InputSpec, shape: Shape) -> str:
    """For vectors where the model was made for tensors of as many values."""
    sizes = [size for axis, size in sorted(spec.axes.items(), key=lambda item: item[0] % 99)]
    if len(shape) != 2 or len(sizes) < 2 or None in sizes or math.prod(sizes) != shape[-1]:  # type: ignore[arg-type]
        return ""
    return (
        f" The model was made with input_shape={tuple(sizes)}: write input_shape=({shape[-1]},) "
        f"for vectors, or give x.reshape{('len(x)', *sizes)}.".replace("'", "")
    )


def _rank_message(who: str, expected: str, wanted: int, shape: Shape, hint: str = "") -> str:
    if not hint and len(shape) == wanted - 1:
        in_front = (
            " This looks like one sample without its batch axis: use x[None], or x[i:i + 1] "
            "instead of x[i]."
        )
        behind = f" Is the last axis missing? Use x[..., None] to make it {(*shape, 1)}."
        if wanted == 2 or (shape[-1:] in ((1,), (3,), (4,)) and shape[0] is not None):
            hint = in_front
        else:
            hint = behind
    return f"{who}: expected input of {expected}. Received shape {shape}.{hint}"


def _size_hint(size: int, shape: Shape) -> str:
    inner = shape[1:]
    if len(inner) > 1 and all(inner) and math.prod(inner) == size:  # type: ignore[arg-type]
        sizes = " x ".join(map(str, inner))
        kind = "images" if len(inner) in (2, 3) else "tensors"
        return (
            f" These look like {sizes} {kind}: use x.reshape(len(x), {size}), or add Flatten() "
            "first."
        )
    if shape and shape[0] == size and len(shape) == 1:
        return " This looks like one sample without its batch axis: use x[None]."
    if len(shape) == 2 and shape[0] in (None, shape[1]) and shape[1] and shape[1] ** 2 == size:
        return f" This looks like one {shape[1]} x {shape[1]} image: use x.reshape(1, {size})."
    if len(shape) == 2 and shape[0] == size:
        return " The axes look swapped: use x.T."
    return ""
