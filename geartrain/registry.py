"""Named classes, and objects whose signature is their configuration.

`Configurable` remembers the arguments that an object was made with, so `get_config` need not be
written again in each class, and refuses keywords that it does not know with the nearest one. The
registry is the closed list of classes that a model file may name: nothing else is ever looked up.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple, TypeVar, cast

from geartrain.errors import unknown_keywords, unknown_name

Registered = TypeVar("Registered", bound=type)
_classes: dict[str, dict[str, type]] = {}
_custom: dict[str, Any] = {}

# Keywords of older Keras versions, and what to write instead.
RENAMED = {
    "lr": "It is now called 'learning_rate'.",
    "nb_epoch": "It is now called 'epochs'.",
    "decay": "Pass a schedule as learning_rate, such as optimizers.schedules.InverseTimeDecay.",
    "input_dim": "Write input_shape=(n,), or start the model with keras.Input((n,)).",
    "output_dim": "It is now called 'units'.",
    "init": "It is now called 'kernel_initializer'.",
    "W_regularizer": "It is now called 'kernel_regularizer'.",
    "border_mode": "It is now called 'padding'.",
    "subsample": "It is now called 'strides'.",
}


def register(family: str, name: str | None = None) -> Callable[[Registered], Registered]:
    """Class decorator: enter the class under its name in a family such as "layers"."""

    def enter(cls: Registered) -> Registered:
        members = _classes.setdefault(family, {})
        key = name or cls.__name__
        assert key not in members, f"{family}.{key} is registered twice"
        members[key] = cls
        cls.family = family  # type: ignore[attr-defined]
        cls.public_name = key  # type: ignore[attr-defined]
        return cls

    return enter


def public_name(cls: type) -> str:
    """The name that users know a class by, and that files hold; usually its own."""
    return str(vars(cls).get("public_name", cls.__name__))


def members(family: str) -> dict[str, type]:
    """The classes of a family by name."""
    return dict(_classes.get(family, {}))


@cache
def snake_case(name: str) -> str:
    """A class's name as Keras writes it in default names.

    >>> snake_case("Conv2D"), snake_case("BatchNormalization"), snake_case("ReLU")
    ('conv2d', 'batch_normalization', 're_lu')
    """
    import re

    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


_name_counts: dict[str, int] = {}


def automatic_name(base: str) -> str:
    """`base`, then `base_1`, `base_2`, ... on later calls."""
    count = _name_counts.get(base, 0)
    _name_counts[base] = count + 1
    return f"{base}_{count}" if count else base


def reset_names() -> None:
    """Start automatic names afresh, as `keras.utils.clear_session` does."""
    _name_counts.clear()


def signature(cls: Any) -> inspect.Signature:
    """The signature of a class's `__init__`, without `self`."""
    return _signature_of(cls.__init__)


@cache
def _signature_of(initializer: Any) -> inspect.Signature:
    """The same of an `__init__`: classes without one of their own share their parent's."""
    full = inspect.signature(initializer)
    return full.replace(parameters=list(full.parameters.values())[1:])


def signature_names(function: Callable[..., Any]) -> list[str]:
    """The names of a method's parameters, without `self`."""
    return [name for name in inspect.signature(function).parameters if name != "self"]


class Configurable:
    """An object that can be rebuilt from the arguments it was made with."""

    family = ""
    accepts: tuple[str, ...] = ()  # keywords taken through **kwargs
    _arguments: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Remember the arguments, once they are known to fit."""
        instance = super().__new__(cls)
        instance.__dict__["_arguments"] = _bound(cls, args, kwargs)
        return instance

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What `__new__` needs when the object is copied or unpickled."""
        return (), dict(self._arguments)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this object, as plain values (see `from_config`)."""
        config, cls = {}, cast(Any, type(self))
        for name in signature(cls).parameters:
            if name in self._arguments:
                value = getattr(self, name, self._arguments[name])
                config[name] = serialize(value)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An object made from what `get_config` returned."""
        return cls(**{name: deserialize(value) for name, value in config.items()})


class _Form(NamedTuple):
    """What an `__init__` takes, without `self`.

    Attributes:
        positional: the names of the parameters that may be given by their place.
        named: the names of all that may be given by name.
        needed: those without a default.
        defaults: a value for each parameter, in order.
        catches_all: whether it takes other keywords too.
    """

    positional: tuple[str, ...]
    named: tuple[str, ...]
    needed: frozenset[str]
    defaults: dict[str, Any]
    catches_all: bool


@cache
def _form_of(initializer: Any) -> _Form:
    parameters = list(_signature_of(initializer).parameters.values())
    own = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return _Form(
        tuple(p.name for p in own if p.kind is not p.KEYWORD_ONLY),
        tuple(p.name for p in own if p.kind is not p.POSITIONAL_ONLY),
        frozenset(p.name for p in own if p.default is p.empty),
        {p.name: p.default for p in own},
        any(p.kind is p.VAR_KEYWORD for p in parameters),
    )


def _bound(cls: type[Configurable], args: tuple[Any, ...], kwargs: Any) -> dict[str, Any]:
    """The arguments of a call by name, with defaults; refused if they do not fit."""
    form = _form_of(cast(Any, cls).__init__)
    accepts = cls.accepts if form.catches_all else ()
    wrong = [name for name in kwargs if name not in form.named and name not in accepts]
    if wrong and (cls.accepts or not form.catches_all):
        raise unknown_keywords(public_name(cls), wrong, [*form.named, *accepts], RENAMED)
    by_place = dict(zip(form.positional, args, strict=False))
    missing = form.needed - by_place.keys() - kwargs.keys()
    if missing or len(args) > len(form.positional) or by_place.keys() & kwargs.keys():
        _refuse(cls, [*form.named, *accepts], args, kwargs)
    return {**form.defaults, **by_place, **kwargs}


def _refuse(cls: Any, allowed: list[str], args: tuple[Any, ...], kwargs: Any) -> None:
    """Say why a call does not fit, unless `__init__` takes more by place than it names."""
    try:
        signature(cls).bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{public_name(cls)}: {error}. It takes: {', '.join(allowed)}.") from None


def serialize(value: Any) -> Any:
    """`value` as plain data: Keras's `{"class_name", "config", ...}` for objects."""
    if isinstance(value, Configurable):
        return {
            "module": f"keras.{value.family}" if value.family else None,
            "class_name": public_name(type(value)),
            "config": value.get_config(),
            "registered_name": _custom_name(type(value)),
        }
    if isinstance(value, dict):
        return {key: serialize(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [serialize(item) for item in value]
    if hasattr(value, "item") and not getattr(value, "ndim", 0):
        return value.item()
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    return value


def deserialize(value: Any) -> Any:
    """The object that `serialize` described; plain values come back as they are."""
    if isinstance(value, dict) and "class_name" in value and "config" in value:
        return class_named(value).from_config(value["config"])
    if isinstance(value, dict):
        return {key: deserialize(item) for key, item in value.items()}
    if isinstance(value, list):
        return [deserialize(item) for item in value]
    return value


def class_named(description: dict[str, Any]) -> Any:
    """The registered class that a serialized object names; nothing is ever imported."""
    registered = description.get("registered_name")
    if registered in _custom:
        return _custom[registered]
    name = description["class_name"]
    if name in _custom:
        return _custom[name]
    family = str(description.get("module", "")).rpartition(".")[2]
    known = _classes.get(family) or {k: v for f in _classes.values() for k, v in f.items()}
    if name not in known:
        raise unknown_name("class", name, known)
    return known[name]


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[Any], Any]:
    """Decorator: make a class or function of your own known as `package>name`."""

    def enter(item: Any) -> Any:
        _custom[f"{package}>{name or item.__name__}"] = item
        return item

    return enter


def custom_objects() -> dict[str, Any]:
    """What `register_keras_serializable` made known, by name: the dictionary itself."""
    return _custom


def _custom_name(cls: type) -> str | None:
    return next((name for name, item in _custom.items() if item is cls), None)


def lookup(kind: str, name: str, table: dict[str, Any] | Iterable[str]) -> Any:
    """The entry of `table` called `name`, or an error that suggests the nearest."""
    if isinstance(table, dict) and name in table:
        return table[name]
    raise unknown_name(kind, name, table)
