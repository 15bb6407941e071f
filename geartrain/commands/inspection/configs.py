"""Layers in a model's configuration, and what in it is odd or hostile. Nothing is made of it.

Names are looked up as loading looks them up: in the closed list of Geartrain's classes and
functions (`serialization.names`).
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator
from typing import Any

from geartrain import registry
from geartrain.commands.inspection.account import Account, Layer
from geartrain.serialization import class_of, families_of, function_of

_SPECIAL = {
    "__keras_tensor__", "__tensor__", "__numpy__", "__slice__", "__ellipsis__", "__bytes__",
}  # fmt: skip
_CODE = {"__lambda__": "the bytecode of a function", "__typespec__": "a type of TensorFlow"}
_PYTHON = {*sys.stdlib_module_names, "builtins"} - {"__main__", "__future__"}
_MOST_TOLD = 20

Config = dict[str, Any]


def is_object(value: Any) -> bool:
    """Whether plain data describe an object."""
    return isinstance(value, dict) and "class_name" in value and "config" in value


def layers_of(described: Any, path: str = "", depth: int = 0) -> list[Layer]:
    """The layers that a model's configuration lists, with the places of their weights.

    >>> dense = {"class_name": "Dense", "config": {"name": "a"}}
    >>> model = {"class_name": "Sequential", "config": {"layers": [dense, dense]}}
    >>> [(layer.path, layer.name) for layer in layers_of(model)]
    [('layers/dense', 'a'), ('layers/dense_1', 'a')]
    """
    found: list[Layer] = []
    counts: dict[str, int] = {}
    listed = config_of(described).get("layers")
    if depth > 16 or not isinstance(listed, list):
        return found
    is_sequential = described.get("class_name") == "Sequential"
    for one in listed:
        if not is_object(one) or not isinstance(one["class_name"], str):
            continue
        kind, config = one["class_name"], config_of(one)
        module = str(one.get("module") or "")
        if module.startswith("keras.src.ops") or (is_sequential and kind == "InputLayer"):
            continue  # neither has a place among the weights
        base = registry.snake_case(kind)
        number = counts[base] = counts.get(base, -1) + 1
        place = "/".join(filter(None, [path, "layers", f"{base}_{number}" if number else base]))
        name = config.get("name")
        found.append(Layer(place, name if isinstance(name, str) else "", kind, config, depth))
        found += layers_of(one, place, depth + 1)
    return found


def config_of(described: Any) -> Config:
    """The arguments of an object; those of a legacy Sequential too, which were a list."""
    config = described.get("config") if isinstance(described, dict) else None
    if isinstance(config, list):
        return {"layers": config}
    return config if isinstance(config, dict) else {}


def look_through(described: Any, where: str, account: Account) -> None:
    """Tell of code and unknown names anywhere in a configuration."""
    told = 0
    for place, value in _objects(described, where):
        before = len(account.findings)
        if told < _MOST_TOLD:
            _look_at(place, value, account)
        told += len(account.findings) - before


def _objects(value: Any, place: str) -> Iterator[tuple[str, Config]]:
    """Each object that is described, and where; the data are known not to be deep."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _objects(item, f"{place}[{number}]")
    elif isinstance(value, dict):
        if is_object(value):
            yield place, value
        for key, item in value.items():
            yield from _objects(item, f"{place}.{key}" if place else key)


def _look_at(place: str, value: Config, account: Account) -> None:
    kind, module = value["class_name"], value.get("module")
    name = value["config"] if kind == "function" else kind
    if not isinstance(name, str):
        account.refuse(f"{place}: {name!r:.80} stands where a name should")
    elif kind in _CODE:
        size = len(str(value["config"]))
        account.refuse(f"{place}: holds {_CODE[kind]} ({size:,} characters), which is never run")
    elif kind in _SPECIAL:
        return
    elif kind == "Lambda":
        account.odd(
            f"{place}: a Lambda layer: its function has to be one that is registered by name"
        )
        return
    else:
        try:
            function_of(value) if kind == "function" else class_of(value)
        except ValueError:
            _tell_unknown(place, name, module, kind == "function", account)


def _tell_unknown(place: str, name: str, module: Any, function: bool, account: Account) -> None:
    """Tell what an unknown name is: Python's own, one of Keras's, or one of the user's."""
    top = str(module or "").partition(".")[0]
    full = f"{module}.{name}" if module else name
    pythons = hasattr(builtins, name) if top == "builtins" else top in _PYTHON
    if pythons:
        account.refuse(
            f"{place}: names {full!r} of Python, which has no place in a model. It is never "
            "imported"
        )
    elif top == "keras" and not families_of(module):
        account.refuse(
            f"{place}: names {full!r}, which is no part of a model, but could be made to do harm"
        )
    elif top == "keras":
        account.refuse(f"{place}: {full!r} is not known to Geartrain")
    else:
        what = "function" if function else "class"
        account.odd(
            f"{place}: {full!r} is a {what} of the user's, which has to be registered, or passed "
            "as custom_objects, before loading"
        )


def training_of(compiled: Any) -> dict[str, str]:
    """How a model was compiled, in words: its loss and metrics."""
    if not isinstance(compiled, dict):
        return {}
    words = {key: in_words(compiled.get(key)) for key in ("loss", "metrics", "weighted_metrics")}
    return {key: text for key, text in words.items() if text}


def in_words(value: Any) -> str:
    """A loss or metric, or several, for a reader.

    >>> in_words(["accuracy", {"class_name": "MeanSquaredError", "config": {}}]), in_words(None)
    ('accuracy, MeanSquaredError', '')
    """
    if value is None:
        return ""
    if is_object(value):
        name = value["config"] if value["class_name"] == "function" else value["class_name"]
        return str(name)
    if isinstance(value, list):
        return ", ".join(filter(None, map(in_words, value)))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {text}" for key, one in value.items() if (text := in_words(one)))
    return str(value)
