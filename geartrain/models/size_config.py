"""Sizes of `ops.shape` among the arguments of a model's calls, as plain data and back.

A size is a sum of products of sizes of tensors' axes, each named as configs name tensors:

    {"class_name": "__size__", "config": {"terms": [
        [2, [{"axis": 0, "of": ["x", 0, 0]}]],
        [-1, []]]}}

is twice the first size of `x` less one. A factor may be a function of two such sums, as in
`{"function": "floordiv", "of": [terms, terms]}`. Keras has no such sizes, and cannot read them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain.errors import shown
from geartrain.graph.node import Node
from geartrain.graph.shapes import FUNCTIONS, Atom, Dim, Extent, apply
from geartrain.ops.sizes import Size, size_of
from geartrain.serialization import refused

CLASS_NAME = "__size__"


def size_config(size: Size, places: dict[Node, list[Any]]) -> dict[str, Any]:
    """The size as plain data, for tensors that have these places.

    Raises ValueError for the size of a tensor that is none of them.
    """
    axes: dict[Atom, Any] = {}
    for node, place in places.items():
        for axis, extent in enumerate(node.extents):
            if isinstance(extent, Dim) and extent.atom is not None:
                axes.setdefault(extent.atom, {"axis": axis, "of": place})

    def factor(atom: Atom) -> dict[str, Any]:
        name, *arguments = atom
        if name in FUNCTIONS:
            return {"function": name, "of": [terms(argument) for argument in arguments]}
        if atom not in axes:
            raise ValueError(
                f"get_config: expected sizes of this model's tensors. Received: {size!r}, of a "
                "tensor that is none of them."
            )
        return dict(axes[atom])

    def terms(extent: Extent) -> list[Any]:
        found = extent.terms if isinstance(extent, Dim) else [((), extent)]
        return [[count, list(map(factor, monomial))] for monomial, count in found]

    return {"class_name": CLASS_NAME, "config": {"terms": terms(size.extent)}}


def size_from_config(config: Any, tensor: Callable[[Any], Any]) -> Any:
    """The size that a config describes; None if one of its tensors is not there yet.

    Args:
        config: plain data.
        tensor: gives the tensor of a place, or None.
    """
    sources: list[Node | None] = []

    def factor(described: Any) -> Extent:
        if isinstance(described, dict) and described.get("function") in FUNCTIONS:
            arguments = described.get("of")
            if isinstance(arguments, list) and len(arguments) == 2:
                return apply(described["function"], *map(total, arguments))
        elif isinstance(described, dict) and isinstance(described.get("axis"), int):
            source, axis = tensor(described.get("of")), described["axis"]
            sources.append(source)
            if source is None:
                return 1
            if 0 <= axis < len(source.extents):
                extent: Extent = source.extents[axis]
                return extent
        raise refused(f"expected the size of an axis. Received: {shown(described)}")

    def total(described: Any) -> Extent:
        found: Extent = 0
        for term in described if isinstance(described, list) else [None]:
            if not isinstance(term, list) or len(term) != 2 or not isinstance(term[1], list):
                raise refused(f"expected [count, factors]. Received: {shown(term)}")
            count, factors = term
            if type(count) is not int:
                raise refused(f"expected a whole number. Received: {shown(count)}")
            product: Extent = count
            for one in factors:
                product = product * factor(one)
            found = found + product
        return found

    extent = total(config.get("terms") if isinstance(config, dict) else None)
    if any(source is None for source in sources):
        return None
    return size_of(extent, tuple(dict.fromkeys(one for one in sources if one is not None)))
