"""The table of operators: a name, and the function that makes layers and operations of its use.

The function's signature is the declaration: what comes by place are the operator's inputs (None
where one is left out), what comes by keyword its attributes, with ONNX's defaults.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from geartrain.saving.onnx.reader.network import Network, Use
from geartrain.saving.onnx.reader.tensors import Stored

OPERATORS: dict[str, Callable[..., Any]] = {}
_KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,), "float": (float, int), "str": (str,), "list": (list,), "Stored": (Stored,),
    "Network": (Network,),
}  # fmt: skip


def operator(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: enter the function under the operators' names."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            assert name not in OPERATORS, f"{name} is entered twice"
            OPERATORS[name] = function
        return function

    return enter


def each(**functions: Callable[..., Any]) -> None:
    """Enter a function of tensors for each operator without attributes."""
    for name, function in functions.items():
        OPERATORS[name] = _plain(function)


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    def build(at: Any, *inputs: Any) -> Any:
        return at.compute(function, *inputs)

    return build


@cache
def _form(function: Callable[..., Any]) -> tuple[int, int, dict[str, inspect.Parameter]]:
    """The least and most inputs, and the attributes."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    several = [p for p in parameters if p.kind is p.VAR_POSITIONAL]
    places = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    least = sum(p.default is p.empty for p in places)
    most = 1 << 30 if several else len(places)
    return least, most, {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY}


def check_use(use: Use) -> None:
    """Raise ValueError for a use with other inputs or attributes than the operator has."""
    least, most, attributes = _form(OPERATORS[use.operator])
    inputs = len(use.inputs)
    while inputs and not use.inputs[inputs - 1]:
        inputs -= 1
    if not least <= inputs <= most:
        raise ValueError(f"{use}: expected {least} to {most} inputs. Received: {inputs}")
    for name, value in use.attributes.items():
        if name not in attributes:
            raise ValueError(
                f"{use}: expected attributes among {', '.join(attributes) or 'none'}. "
                f"Received: {name!r}, which is not supported."
            )
        wanted = str(attributes[name].annotation).partition(" ")[0]
        if not isinstance(value, _KINDS[wanted]):
            raise ValueError(
                f"{use}: expected {name} as {wanted}. Received: {type(value).__name__}"
            )
    missing = [n for n, p in attributes.items() if p.default is p.empty and n not in use.attributes]
    if missing:
        raise ValueError(f"{use}: expected the attribute {missing[0]}. Received: none.")


def check_operators(network: Network) -> None:
    """Raise ValueError that lists every operator which is not in the table, with its nodes."""
    unknown: dict[str, list[str]] = {}
    uses = network.all_uses()
    for use in uses:
        if use.operator not in OPERATORS:
            unknown.setdefault(use.operator, []).append(use.name or next(iter(use.outputs), ""))
    if unknown:
        lines = []
        for name, nodes in sorted(unknown.items()):
            more = f" and {len(nodes) - 3} more" if len(nodes) > 3 else ""
            lines.append(f"{name} ({', '.join(nodes[:3])}{more})")
        raise ValueError(
            f"expected operators that are known. Received: {'; '.join(lines[:20])}. Export the "
            "model with a later opset or without these parts. docs/onnx.md lists what is known."
        )
    for use in uses:
        check_use(use)
