"""What a program was traced with, as keys that tell whether it still holds.

An address is no key: once an object is gone, another may get its address. So keys hold the objects.
"""

from __future__ import annotations

from typing import Any

from geartrain.configurable import Configurable

PLAIN = (bool, int, float, str, type(None))


class Held:
    """An object as a part of a key: equal to itself alone, and alive as long as the key is.

    >>> first, second = [], []
    >>> Held(first) == Held(first), Held(first) == Held(second)
    (True, False)
    """

    __slots__ = ("held",)

    def __init__(self, held: Any) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Held) and other.held is self.held

    def __hash__(self) -> int:
        return hash(id(self.held))


def key_of(value: Any) -> Any:
    """A value as a part of a key: plain values by value, all else by identity.

    Of what is made of settings, such as a schedule, and of lists the plain values are a part too:
    they may be set anew.
    """
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, list | tuple):
        return Held(value), *(item for item in value if isinstance(item, PLAIN))
    if isinstance(value, Configurable):
        return Held(value), *map(key_of, vars(value).values())
    return Held(value)
