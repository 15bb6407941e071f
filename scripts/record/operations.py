"""The operations behind `keras.ops`: which class a call becomes in a config, and with what in it.

Each function tells it in its source, in one line such as
`Sum(axis=axis, keepdims=keepdims).symbolic_call(x)`: arguments of the class are its config,
arguments of the call are tensors of the graph.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from typing import Any

import keras

from record.common import Recording

_MODULES = ("keras.src.ops.", "keras.src.activations.activations")


def record() -> Recording:
    """Every function of `keras.ops`, its images and `keras.activations` that is an operation."""
    recording = Recording(
        """`static` are the function's arguments that the class takes, which are the keys of its
        config; `args` and `kwargs` those that its call takes, by place and by name."""
    )
    for space in (keras.ops, keras.ops.image, keras.activations):
        for name in sorted(vars(space)):
            function = getattr(space, name)
            if inspect.isfunction(function) and function.__module__.startswith(_MODULES):
                found = _operation(function)
                if found:
                    place = space.__name__.rpartition("keras.")[2]
                    recording.case(name=f"{place}.{name}", **found)
    return recording


def _operation(function: Any) -> dict[str, Any] | None:
    source = ast.parse(textwrap.dedent(inspect.getsource(function)))
    calls = [call for node in ast.walk(source) if (call := _symbolic_call(node))]
    if not calls:
        return None
    made, call = calls[0]
    module = importlib.import_module(function.__module__)
    cls = getattr(module, made.func.id)
    bound = inspect.signature(cls).bind(
        *map(ast.unparse, made.args), **{k.arg: ast.unparse(k.value) for k in made.keywords}
    )
    bound.arguments.pop("name", None)
    names = {**bound.arguments, **{str(k.arg): ast.unparse(k.value) for k in call.keywords}}
    assert all(name in (value, "None") for name, value in names.items()), names
    return {
        "module": function.__module__,
        "class_name": cls.__name__,
        "static": list(bound.arguments),
        "args": list(map(ast.unparse, call.args)),
        "kwargs": [str(keyword.arg or "**") for keyword in call.keywords],
    }


def _symbolic_call(node: ast.AST) -> tuple[Any, ast.Call] | None:
    """The making of the object and its call, of `Name(...).symbolic_call(...)`."""
    if not isinstance(node, ast.Call):
        return None
    made = node.func
    if isinstance(made, ast.Attribute) and made.attr == "symbolic_call":
        made = made.value
    if isinstance(made, ast.Call) and isinstance(made.func, ast.Name):
        return (made, node) if made.func.id[:1].isupper() else None
    return None
