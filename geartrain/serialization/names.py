"""The closed list of what data may name, and how classes and functions are named in files."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

from geartrain import registry
from geartrain.errors import describe_value, unknown_name
from geartrain.serialization.places import at, refused, wrong_kind

CODE_REMEDY = (
    "Code is never read from data, whatever safe_mode is. Give the function a name, decorate it "
    "with @keras.saving.register_keras_serializable(), and save the model again; or make the model "
    "in your program and load only the weights."
)
OWN_REMEDY = (
    "If it is your own, decorate it with @keras.saving.register_keras_serializable() before "
    "loading, or pass custom_objects={'name': it}."
)


class _Family(NamedTuple):
    """Where the classes of a family are: in files, and in a package of Geartrain's own."""

    module: str
    package: str


# The closed list. A name that is in none of them is not known.
FAMILIES = {
    "layers": _Family("keras.layers", "geartrain.layers"),
    "models": _Family("keras", "geartrain.models"),
    "activations": _Family("keras.activations", "geartrain.activations"),
    "initializers": _Family("keras.initializers", "geartrain.initializers"),
    "regularizers": _Family("keras.regularizers", "geartrain.regularizers"),
    "constraints": _Family("keras.constraints", "geartrain.constraints"),
    "losses": _Family("keras.losses", "geartrain.losses"),
    "metrics": _Family("keras.metrics", "geartrain.metrics"),
    "optimizers": _Family("keras.optimizers", "geartrain.optimizers"),
    "optimizers.schedules": _Family("keras.optimizers.schedules", "geartrain.optimizers.schedules"),
    "dtype_policies": _Family("keras", "geartrain.dtype_policies"),
    "random": _Family("keras.random", "geartrain.random"),
    "onnx": _Family("geartrain.saving.onnx.layers", "geartrain.saving.onnx.layers"),
    "feature_space": _Family("keras.utils", "geartrain.models.feature_space"),
    "ops": _Family("keras.src.ops", "geartrain.layers.function_calls"),
}
# Where a class is in Keras's files, if that is not where its family is: module, registered name.
_ELSEWHERE: dict[str, tuple[str, str | None]] = {
    "Functional": ("keras.src.models.functional", "Functional"),
    "DTypePolicyMap": ("keras.dtype_policies", None),
}
# Names that older versions gave.
_RENAMED = {
    "FloatDTypePolicy": "DTypePolicy",
    "Policy": "DTypePolicy",
    "IdentityInitializer": "Identity",
    "OrthogonalInitializer": "Orthogonal",
}
# What may stand where one of a family is expected, besides one of that family.
_ALSO = {"activations": ("layers",), "metrics": ("losses",), "layers": ("models", "ops", "onnx")}


def name_of_class(cls: type) -> dict[str, Any]:
    """How a class is named in files: its module, class name, config (empty) and registered name.

    >>> from geartrain.layers import Dense
    >>> name_of_class(Dense)
    {'module': 'keras.layers', 'class_name': 'Dense', 'config': None, 'registered_name': None}
    """
    module: str | None
    registered: str | None
    if is_own(cls):
        name = registry.public_name(cls)
        module, registered = _ELSEWHERE.get(name, (FAMILIES[_family_of(cls)].module, None))
        if hasattr(cls, "keras_module"):  # a class behind a function, which is not public either
            module, registered = cls.keras_module, name
    else:
        name, module = cls.__name__, cls.__module__
        module = None if module == "__main__" else module
        registered = registry.custom_name(cls) or name
    return {"module": module, "class_name": name, "config": None, "registered_name": registered}


def _family_of(cls: type) -> str:
    return str(getattr(cls, "family", ""))


def is_own(cls: type) -> bool:
    """Whether a class is one of Geartrain's families, and not a subclass of one of these."""
    return registry.member(_family_of(cls), registry.public_name(cls)) is cls


def families_of(module: Any, family: str | None = None) -> list[str]:
    """The families that a module of Keras stands for; their packages may not be imported yet.

    Without a module, as in old files, these are all, or those that may stand for `family`.

    >>> families_of("keras.src.layers.core.dense"), families_of("os")
    (['layers'], [])
    """
    if module is None and family is not None:
        found = [family, *_ALSO.get(family, ())]
    elif module is None:
        found = list(FAMILIES)
    else:
        parts = str(module).split(".")
        inside = parts[2:] if parts[:2] == ["keras", "src"] else parts[1:]
        if parts[0] != "keras":
            found = [name for name, one in FAMILIES.items() if one.module == module]
        elif not inside:  # those whose module it is first, so that no other need be imported
            found = sorted(FAMILIES, key=lambda name: FAMILIES[name].module != module)
        elif inside[0] == "activations" and len(inside) > 1:  # the class behind `activations.relu`
            found = ["activations", "ops"]
        elif inside == ["utils"] or inside[-1] == "feature_space":
            found = ["feature_space"]
        elif inside[:2] == ["optimizers", "schedules"]:
            found = ["optimizers.schedules"]
        else:
            found = [name for name in FAMILIES if name == inside[0]]
    return found


def package(family: str) -> Any:
    """The package of a family, imported when it is first asked for; None for a program's own."""
    return importlib.import_module(FAMILIES[family].package) if family in FAMILIES else None


def class_of(description: dict[str, Any], family: str | None = None) -> Any:
    """The class that a description names: one of a family, or one made known by the program.

    >>> class_of({"module": "keras.layers", "class_name": "Dense"})
    <class 'geartrain.layers.dense.Dense'>
    """
    name, module = description.get("class_name"), description.get("module")
    registered = description.get("registered_name", name if module is None else None)
    if name is not None and not isinstance(name, str):
        return _reference(name)
    known = _custom_class(registered, name, module)
    if known is not None:
        return known
    searched = families_of(module, family)
    for one in searched:
        package(one)
        found = registry.member(one, _RENAMED.get(str(name), str(name)))
        if found is not None:
            if family is not None and one not in (family, *_ALSO.get(family, ())):
                raise refused(f"expected one of keras.{family}. Received: {name!r} of keras.{one}")
            if registered not in (None, "", name):
                raise refused(
                    f"expected registered_name to be null for Keras's own {name!r}. "
                    f"Received: {registered!r}. {OWN_REMEDY}"
                )
            return found
    raise _unknown("class", name, module, searched)


def _custom_class(registered: Any, name: Any, module: Any) -> Any:
    """The program's own class, looked for by its registered name, then by its class name."""
    names = [registered]
    if registered is not None or not str(module).startswith("keras"):
        names.append(name)
    for one in names:
        found = registry.custom_object(one) if isinstance(one, str) else None
        if found is not None:
            if not isinstance(found, type) or not hasattr(found, "from_config"):
                raise refused(
                    f"expected {one!r} to be a class with from_config(). "
                    f"Received: {describe_value(found)}"
                )
            return found
    return None


def _reference(item: Any) -> Any:
    """What stands in memory where a file has a name: an object, or the class of one."""
    if isinstance(item, type) and not hasattr(item, "from_config"):
        raise refused(f"expected the name of a class. Received: {item!r:.80}")
    if isinstance(item, list | dict | tuple | int | float):
        raise refused(f"expected the name of a class. Received: {item!r:.80}")
    return item


def _unknown(kind: str, name: Any, module: Any, searched: list[str]) -> ValueError:
    known: dict[str, Any] = {}
    for family in searched:
        package(family)
        known.update(registry.functions(family) if kind == "function" else registry.members(family))
    full = f"{module}.{name}" if module else f"{name}"
    if not searched:
        return refused(
            f"{full!r} is none of Keras's layers, losses, metrics, optimizers or functions that "
            f"Geartrain has, and nothing else is taken from a config. {OWN_REMEDY}"
        )
    if searched == ["ops"]:
        op = registry.snake_case(str(name))
        return refused(f"expected an op that Geartrain has. Received: keras.ops.{op} ({full})")
    if len(known) > 200:  # a name from everywhere
        return refused(f"unknown {kind} {full!r}. {OWN_REMEDY}")
    return refused(f"{unknown_name(kind, name, known)} {OWN_REMEDY}")


def function_of(description: dict[str, Any], family: str | None = None) -> Any:
    """The function that a description names.

    >>> function_of({"module": "builtins", "class_name": "function", "config": "relu"}).__name__
    'relu'
    """
    name, module = description["config"], description.get("module")
    if not isinstance(name, str):
        with at("config"):
            raise wrong_kind(f"expected a function's name. Received: {describe_value(name)}")
    for one in (name, description.get("registered_name")):
        if not isinstance(one, str) or one == "function":
            continue
        found = registry.custom_object(one)
        if found is not None:
            return _callable(one, found)
    registered = description.get("registered_name")
    if isinstance(registered, str) and registered not in ("function", name):
        raise refused(
            f"expected a registered function {registered!r}. Received: the name of Keras's own "
            f"{name!r} beside it. {OWN_REMEDY}"
        )
    searched = families_of(None if module == "builtins" else module, family)
    for one in searched:
        package(one)
    searched = [one for one in searched if registry.functions(one)]
    for one in searched:
        if name in registry.functions(one):
            return registry.functions(one)[name]
    found = registry.custom_object_ending(f">{name}")  # as Keras before 3.7 wrote own functions
    if found is not None:
        return _callable(name, found)
    raise _unknown("function", name, None if module == "builtins" else module, searched)


def _callable(name: str, found: Any) -> Any:
    if not callable(found):
        raise refused(f"expected {name!r} to be a function. Received: {describe_value(found)}")
    return found
