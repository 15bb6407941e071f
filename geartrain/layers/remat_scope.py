"""Which layers have their results computed again for the gradient: `RematScope`."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from geartrain.errors import shown
from geartrain.graph.node import Node
from geartrain.ops.rematerializing import remat, remat_if

MODES = ("full", "activations", "larger_than", "list_of_layers", None)


class RematMode(NamedTuple):
    """What a scope says: see `RematScope`."""

    mode: str | None
    output_size_threshold: int
    layer_names: tuple[str, ...]


_scopes: list[RematMode] = []


class RematScope:
    """A `with` block: layers made in it compute results again for the gradient, not keep them.

    Training then needs less memory and more time, with the same results. Memory is saved where a
    layer has other layers within: what they hand each other is not kept. See `remat`, which does
    this to a function.

    Args:
        mode: "full" for all layers; "activations" for the activation functions of layers alone;
            "larger_than" for layers whose results are larger than `output_size_threshold`;
            "list_of_layers" for those that `layer_names` names; None for no layers.
        output_size_threshold: a number of elements, without the batch.
        layer_names: names of layers.

    Raises ValueError for another mode.

    >>> from geartrain import layers
    >>> with RematScope("list_of_layers", layer_names=["body"]):
    ...     body = layers.Dense(2, activation="tanh", name="body")
    """

    def __init__(
        self,
        mode: str | None = "full",
        output_size_threshold: int = 1024,
        layer_names: Sequence[str] | None = None,
    ) -> None:
        if mode not in MODES:
            raise ValueError(
                f"RematScope: expected mode as one of {', '.join(map(repr, MODES))}. "
                f"Received: {shown(mode)}"
            )
        self.mode = mode
        self.output_size_threshold = output_size_threshold
        self.layer_names = list(layer_names or [])

    def __enter__(self) -> RematScope:
        mode = RematMode(self.mode, self.output_size_threshold, tuple(self.layer_names))
        _scopes.append(mode)
        return self

    def __exit__(self, *exception: object) -> None:
        _scopes.pop()


def current_remat_mode() -> RematMode | None:
    """What the innermost scope says; None outside of all."""
    return _scopes[-1] if _scopes else None


def rematerialized(
    layer: Any, mode: RematMode, layer_call: Callable[..., Any]
) -> Callable[..., Any]:
    """The layer's function, computed again for the gradient as far as the mode says."""
    if mode.mode == "activations":
        return _with_activation(layer, layer_call)
    if mode.mode == "larger_than":
        return remat_if(lambda results: _size(results) > mode.output_size_threshold, layer_call)
    named = mode.mode == "list_of_layers" and layer.name in mode.layer_names
    return remat(layer_call) if mode.mode == "full" or named else layer_call


def _with_activation(layer: Any, layer_call: Callable[..., Any]) -> Callable[..., Any]:
    own = layer.__dict__.get("activation")
    if own is None:
        return layer_call

    @functools.wraps(layer_call)
    def call(*args: Any, **kwargs: Any) -> Any:
        layer.__dict__["activation"] = remat(own)
        try:
            return layer_call(*args, **kwargs)
        finally:
            layer.__dict__["activation"] = own

    return call


def _size(results: list[Node]) -> int:
    """How many elements results have, with 1 for sizes that are not known."""
    return sum(math.prod(size or 1 for size in result.shape) for result in results)
