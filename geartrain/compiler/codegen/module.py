"""Writing a whole module: declarations, functions that differ in places alone as one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from geartrain.compiler.codegen.builder import Builder


def places_text(name: str, slots: Sequence[int]) -> str:
    """A list of places in the table of addresses, for a function that is told by it."""
    listed = ", ".join(f"i64 {slot}" for slot in slots)
    return f"@{name} = internal constant [{len(slots)} x i64] [{listed}]\n"


def anonymous(code: str, names: Sequence[str]) -> str:
    """The text with functions numbered: one text for all that are alike."""
    numbers = {name: str(number) for number, name in enumerate(names)}
    return re.sub(r"@([\w.]+)", lambda found: "@" + numbers.get(found[1], found[1]), code)


def module_text(
    functions: Iterable[Builder], callers: Sequence[Builder], *texts: str
) -> str:  # fmt: skip
    """The module: what all functions declare, `texts`, and the functions that call the others."""
    declared = sorted(set().union(*(one.declared for one in [*functions, *callers])))
    return "\n".join([*declared, *texts, *(caller.text() for caller in callers)])
