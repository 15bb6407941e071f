"""Objects whose signature is their configuration.

`Configurable` remembers the arguments that an object was made with, so that `get_config` need not
be written again in each class, and refuses keywords that it does not know with the nearest one.

Copies and pickles are by value, through the same config: `copy.copy`, `copy.deepcopy` and `pickle`
make a new object of it, which shares nothing with the first, and give it the first one's state
(weights, slots, counts). Objects inside of it are copied likewise, each once, so that what is
shared in one structure is shared in its copy. Pickled bytes name `rebuilt`, plain data, and the
classes and functions of your own, which Python looks up as it does all.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, cast

from geartrain.compat import keywords
from geartrain.errors import unknown_keywords
from geartrain.registry import public_name, signature, signature_names, signature_of
from geartrain.serialization import (
    class_of,
    deserialize_each,
    is_own,
    name_of_class,
    serialize,
    with_objects,
)


class Configurable:
    """An object that can be rebuilt from the arguments it was made with."""

    family = ""
    accepts: tuple[str, ...] = ()  # keywords taken through **kwargs
    config_order: tuple[str, ...] = ()  # the keys that come first in Keras's files
    unless_default: tuple[str, ...] = ()  # arguments that Keras's files lose: written if given
    _arguments: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls) and _is_of_the_library(cls):
            cls.__init__ = _helpful(cls.__init__)  # type: ignore[misc]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Remember the arguments, once they are known to fit."""
        instance = super().__new__(cls)
        instance.__dict__["_arguments"] = _bound(cls, args, kwargs)
        return instance

    def __copy__(self) -> Any:
        """A copy that shares nothing: what is changed in one stays as it was in the other."""
        return copy.deepcopy(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """How the object is copied and pickled: its config, and then its state."""
        config = with_objects(self.get_config)
        state = self._copied_state(objects_in(config))
        return rebuilt, (reference_to(type(self)), config), state or None

    def _copied_state(self, parts: list[Any]) -> dict[str, Any]:
        """What a copy needs beside the config, for `__setstate__`: arrays, numbers, objects.

        Args:
            parts: the objects in the config, which take their own state along.
        """
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state of the object that this one is a copy of."""
        self.__dict__.update(state)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild this object, as plain values (see `from_config`).

        A class of yours without a `get_config` is told by the arguments of its `__init__`, and
        those that this passes on as `**kwargs`; one that has it, and calls this one, gets the
        arguments of the class of Geartrain's that it is made of.
        """
        cls, library = type(self), library_class(type(self))
        defaults = _form_of(cast(Any, library).__init__).defaults
        names = dict.fromkeys(() if tells_itself(cls) else signature(cls).parameters)
        if cls is not library:
            defaults = defaults | _form_of(cast(Any, cls).__init__).defaults
            if tells_itself(cls) or _form_of(cast(Any, cls).__init__).catches_all:
                names |= dict.fromkeys(set_in(library))
        values = {name: self._config_value(name) for name in names if name in self._arguments}
        return {
            name: serialize(value)
            for name, value in values.items()
            if name not in self.unless_default or value != defaults[name]
        }

    def _config_value(self, name: str) -> Any:
        """What stands for an argument in the config: the attribute of its name, if there is one."""
        return getattr(self, name, self._arguments[name])

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An object made from what `get_config` returned.

        Keys that are not known here are left out where they say nothing (null, False, or empty),
        as those that newer versions add; others are an error.
        """
        return cls(**deserialize_each(known_keys(cls, config)))


def known_keys(cls: type[Configurable], config: dict[str, Any]) -> dict[str, Any]:
    """The config without the keys that say nothing and that the class does not take."""
    if not isinstance(config, dict):
        return config
    form = _form_of(cast(Any, cls).__init__)
    if form.catches_all and not cls.accepts:
        return config
    taken = {*form.named, *(cls.accepts if form.catches_all else ())}
    if form.catches_all:  # a class of yours, which hands on what it does not know
        taken |= set(signature(library_class(cls)).parameters)
    return {key: value for key, value in config.items() if key in taken or not _silent(value)}


def known_keywords(function: Callable[..., Any], config: dict[str, Any]) -> dict[str, Any]:
    """The same for keywords of a function."""
    taken = signature_names(function)
    return {key: value for key, value in config.items() if key in taken or not _silent(value)}


def _silent(value: Any) -> bool:
    """Whether a value says nothing, as newer versions' keys do where they are not used."""
    return value is None or value is False or value in ({}, [])


def reference_to(cls: type) -> Any:
    """How a copied or pickled object names its class: Geartrain's own by name, others as such."""
    if not is_own(cls):
        return cls
    named = name_of_class(cls)
    return named["module"], named["class_name"]


def rebuilt(reference: Any, config: dict[str, Any]) -> Any:
    """The object that was copied or pickled, before it takes its state.

    Args:
        reference: the module and name of a class of Geartrain's, which is looked up in the closed
            list of these; or a class of your own, which Python has looked up.
        config: its config, in which objects stand as they are.

    Raises TypeError for another class.
    """
    if isinstance(reference, tuple):
        cls = class_of({"module": reference[0], "class_name": reference[1]})
    else:
        cls = reference
    if not isinstance(cls, type) or not issubclass(cls, Configurable):
        raise TypeError(f"rebuilt: expected a class of Geartrain's kind. Received: {reference!r}")
    made = cls.from_config(config)
    if hasattr(made, "_own_layers"):
        made.__dict__["_parts"] = objects_in(config)  # until it takes its state
    return made


def objects_in(config: Any) -> list[Any]:
    """The objects in a config that `with_objects` gave, each once."""
    found: dict[int, Any] = {}
    stack = [config]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, list | tuple):
            stack.extend(one)
        elif isinstance(one, Configurable):
            found.setdefault(id(one), one)
    return list(found.values())


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
    parameters = list(signature_of(initializer).parameters.values())
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
    args, kwargs = modern_arguments(cls, cast(Any, cls).__init__, args, kwargs, hint=False)
    wrong = [name for name in kwargs if name not in form.named and name not in accepts]
    checked = not form.catches_all or (cls.accepts and _is_of_the_library(cls))
    if wrong and checked:
        raise unknown_keywords(public_name(cls), wrong, [*form.named, *accepts])
    by_place = dict(zip(form.positional, args, strict=False))
    missing = form.needed - by_place.keys() - kwargs.keys()
    if missing or len(args) > len(form.positional) or by_place.keys() & kwargs.keys():
        _refuse(cls, [*form.named, *accepts], args, kwargs)
    return {**form.defaults, **by_place, **kwargs}


@cache
def library_class(cls: type) -> type:
    """The class of Geartrain's that a class of yours is made of; its own classes are their own."""
    return next(one for one in cls.__mro__ if _is_of_the_library(one))


@cache
def tells_itself(cls: type) -> bool:
    """Whether a class of yours has a `get_config` of its own, which may call the library's."""
    return not _is_of_the_library(next(one for one in cls.__mro__ if "get_config" in vars(one)))


def set_in(library: Any) -> list[str]:
    """The arguments of a class, without those that all of its family take."""
    return [name for name in signature(library).parameters if name not in library.accepts]


def _is_of_the_library(cls: type) -> bool:
    """Whether `__init__` is known; that of others may take any keyword out of its **kwargs."""
    return cls.__module__.startswith("geartrain.")


def _refuse(cls: Any, allowed: list[str], args: tuple[Any, ...], kwargs: Any) -> None:
    """Say why a call does not fit, unless `__init__` takes more by place than it names."""
    try:
        signature(cls).bind(*args, **kwargs)
    except TypeError as error:
        named = ", ".join(dict.fromkeys(allowed))
        raise TypeError(f"{public_name(cls)}: {error}. It takes: {named}.") from None


# -- programs of older Keras ----------------------------------------------------------------------


def _helpful(initializer: Any) -> Any:
    """An `__init__` that takes keywords of older Keras too, and refuses others with the nearest."""

    @functools.wraps(initializer)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
        args, kwargs = modern_arguments(type(self), initializer, args, kwargs)
        if getattr(library_class(type(self)).__init__, "__wrapped__", None) is initializer:
            _note(self, initializer, args, kwargs)
        try:
            initializer(self, *args, **kwargs)
        except TypeError:
            form = _form_of(initializer)
            wrong = [] if form.catches_all else [name for name in kwargs if name not in form.named]
            if not wrong:
                raise
        else:
            return
        own = _form_of(type(self).__init__).named  # of a subclass, whose **kwargs came up here
        raise unknown_keywords(public_name(type(self)), wrong, dict.fromkeys([*own, *form.named]))

    return wrapped


def _note(one: Any, initializer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Remember what the `__init__` of a class of yours hands on to the library's."""
    if tells_itself(type(one)):
        form = _form_of(initializer)
        handed = {**form.defaults, **dict(zip(form.positional, args, strict=False)), **kwargs}
        one.__dict__["_arguments"] = {**one.__dict__.get("_arguments", {}), **handed}


def modern_arguments(
    cls: type, initializer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], hint: bool = True
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What an `__init__` is called with, by today's keywords: all by keyword if one was old.

    Args:
        cls: the class of which one is made; its base classes decide too what is old.
        initializer: its `__init__`, or that of a base class.
        args, kwargs: what was given.
        hint: whether to warn.
    """
    if keywords.OLD_NAMES.isdisjoint(kwargs):
        return args, kwargs
    form = _form_of(initializer)
    changes = keywords.changes_of([base.__name__ for base in cls.__mro__], form.named)
    if changes.keys().isdisjoint(kwargs) or len(args) > len(form.positional):
        return args, kwargs
    given = {**dict(zip(form.positional, args, strict=False)), **kwargs}
    return (), keywords.modern(public_name(cls), changes, given, form.defaults, hint)
