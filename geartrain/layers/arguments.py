"""Checks of arguments that many layers share. `layer` is named in the messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain import config
from geartrain.errors import UnknownSize, shown


def positive(layer: Any, name: str, value: Any) -> int:
    """`value` as a whole number of at least 1."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 1:
        raise ValueError(
            f"{layer._who()}: expected {name} as a whole number of at least 1. "
            f"Received: {shown(value)}"
        )
    return int(value)


def fraction(layer: Any, name: str, value: Any, below: bool = False) -> Any:
    """`value` if it is a number in [0, 1], or with `below` in [0, 1)."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1 or (below and value == 1):
        bound = "below 1" if below else "1"
        raise ValueError(
            f"{layer._who()}: expected {name} as a number from 0 to {bound}. "
            f"Received: {shown(value)}"
        )
    return value


def one_of(layer: Any, name: str, value: Any, allowed: Sequence[Any]) -> Any:
    """`value` if it is one of `allowed`."""
    if value not in allowed:
        names = ", ".join(map(repr, allowed))
        raise ValueError(
            f"{layer._who()}: expected {name} as one of {names}. Received: {shown(value)}"
        )
    return value


def only_default(layer: Any, **arguments: Any) -> None:
    """Refuse arguments that Keras has and this library lacks, unless they are None or False.

    They are left out of the layer's config.
    """
    for name, value in arguments.items():
        if value is not None and value is not False:
            raise ValueError(
                f"{layer._who()}: {name} is not supported. Received: {name}={shown(value)}. "
                f"Leave it out."
            )
        layer._arguments.pop(name, None)


def dense(layer: Any, sparse: bool) -> bool:
    """Refuse sparse tensors; False."""
    if sparse:
        raise ValueError(
            f"{layer._who()}: expected sparse=False: tensors are dense. Received: "
            f"sparse={shown(sparse)}"
        )
    return False


def known_size(layer: Any, shape: Sequence[int | None], axis: int) -> int:
    """The size of an axis that weights depend on."""
    size = shape[axis]
    if size is None:
        place = "last axis" if axis == -1 else f"axis {axis}"
        raise ValueError(
            f"{layer._who()}: expected a known size of the {place}, since its weights depend on "
            f"it. Received shape {tuple(shape)}. Give the size in keras.Input(shape)."
        )
    return size


def size_to_compute(layer: Any, shape: Sequence[int | None], axis: int) -> int:
    """The size of an axis that the result depends on."""
    size = shape[axis]
    if size is None:
        raise UnknownSize(
            f"{layer._who()}: expected a known size of axis {axis}, to compute with. Received "
            f"shape {tuple(shape)}. Give the size in keras.Input(shape)."
        )
    return size


def data_format_of(layer: Any, value: Any) -> str:
    """`value`, or the default for None: whether channels are the last axis or the first."""
    if value is None:
        return config.image_data_format()
    return str(one_of(layer, "data_format", value, ("channels_last", "channels_first")))


def at_least_zero(layer: Any, name: str, value: Any) -> Any:
    """`value` if it is a number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError(
            f"{layer._who()}: expected {name} as a number of at least 0. Received: {shown(value)}"
        )
    return value


def sizes(layer: Any, name: str, value: Any, count: int) -> tuple[int, ...]:
    """`value` as `count` whole numbers of at least 1; one number stands for all."""
    several = tuple(value) if isinstance(value, Sequence) else (value,) * count
    wrong = [v for v in several if isinstance(v, bool) or not hasattr(v, "__index__") or v < 1]
    if len(several) != count or wrong:
        numbers = "a whole number" if count == 1 else f"a whole number or {count} of them"
        raise ValueError(
            f"{layer._who()}: expected {name} as {numbers}, at least 1. Received: {shown(value)}"
        )
    return tuple(map(int, several))


def borders(layer: Any, name: str, value: Any, axes: int) -> tuple[tuple[int, int], ...]:
    """`value` as (before, after) for each axis; a number stands for both, one number for all."""
    several = tuple(value) if isinstance(value, Sequence) else (value,) * axes
    pairs = [tuple(v) if isinstance(v, Sequence) else (v, v) for v in several]
    numbers = [number for pair in pairs for number in pair]
    wrong = [v for v in numbers if isinstance(v, bool) or not hasattr(v, "__index__") or v < 0]
    if len(pairs) != axes or any(len(pair) != 2 for pair in pairs) or wrong:
        raise ValueError(
            f"{layer._who()}: expected {name} as a whole number of at least 0, or {axes} of them, "
            f"or {axes} pairs (before, after). Received: {shown(value)}"
        )
    return tuple((int(before), int(after)) for before, after in pairs)


def sizes_of(who: str, shape: Any) -> tuple[int | None, ...]:
    """A shape that a user wrote, as whole numbers and None.

    >>> sizes_of("Input", 3), sizes_of("Input", [None, 3])
    ((3,), (None, 3))
    """
    sizes = shape if isinstance(shape, list | tuple) else (shape,)
    for size in sizes:
        if size is not None and (not hasattr(size, "__index__") or size < 0):
            raise ValueError(
                f"{who}: expected a shape of whole numbers and None. Received: {shown(shape)}"
            )
    return tuple(None if size is None else int(size) for size in sizes)
