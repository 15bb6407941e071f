"""The table of translations, and what they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from geartrain.graph.node import Node
from geartrain.saving.onnx.export.graph import Unsupported, Value

Translation: TypeAlias = "Callable[..., Value]"

TRANSLATIONS: dict[str, Translation] = {}

# Types for which runtimes have few operators, and the type to compute in: results wrap around as
# they would in the type itself, when they are cast back.
_WIDER = {
    "bool": "int32",
    "int8": "int32",
    "uint8": "int32",
    "int16": "int32",
    "uint16": "int32",
    "uint32": "int64",
}


def translation(*names: str) -> Callable[[Translation], Translation]:
    """Function decorator: enter a translation under the names of its ops."""

    def enter(function: Translation) -> Translation:
        for name in names:
            assert name not in TRANSLATIONS, f"{name!r} has two translations"
            TRANSLATIONS[name] = function
        return function

    return enter


def widened(dtype: str) -> str:
    """The type in which to compute with numbers of this type."""
    if dtype == "uint64":
        raise Unsupported(
            "it computes with uint64, for which ONNX runtimes have no operators",
            "Cast to int64 in the model.",
        )
    return _WIDER.get(dtype, dtype)


def arithmetic(
    exporter: Any, node: Node, values: tuple[Value, ...], compute: Callable[..., Value]
) -> Value:
    """`compute` of the values, in a type that runtimes can compute in."""
    own = node.sources[0].dtype
    wide = widened(own)
    if wide == own:
        return compute(*values)
    made = compute(*(exporter.cast(value, wide, known=own) for value in values))
    compared = node.dtype == "bool" and own != "bool"
    return made if compared else exporter.cast(made, node.dtype, known=wide)


def single(exporter: Any, node: Node, function: str) -> None:
    """Refuse a function of float64, which runtimes have no code for."""
    if node.dtype == "float64":
        raise Unsupported(
            f"it takes {function} of float64, which ONNX runtimes cannot compute",
            'Make the model with dtype="float32".',
        )


def number(value: float, dtype: str) -> np.ndarray:
    """A constant of a type."""
    return np.asarray(value, dtype)
