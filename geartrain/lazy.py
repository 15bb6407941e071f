"""Packages whose names are imported from their modules when they are first asked for.

A program that uses one layer need not wait for fifty. Such a package has a table of names, and next
to its `__init__.py` an `__init__.pyi`, which tells the same to editors and type checkers:
`scripts/stubs.py` writes it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

PACKAGES: dict[str, dict[str, str]] = {}  # the tables of all such packages


def lazy_names(
    package: str, names: Mapping[str, str], otherwise: Callable[[str], Any] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and the `__dir__` of a package.

    Args:
        package: its name, `__name__`.
        names: where each name is: a module, as in `"geartrain.layers.dense"`, or a module and
            another name in it, `"geartrain.models.batches:PyDataset"`. A name that stands for a
            module itself has a colon at the end, `"geartrain.layers:"`.
        otherwise: what finds other names, or raises AttributeError.

    >>> find, names = lazy_names("geartrain.errors", {"sqrt": "math", "root": "math:sqrt"})
    >>> find("root")(9.0), "root" in names()
    (3.0, True)
    """
    table = PACKAGES[package] = dict(names)
    here = sys.modules[package].__dict__

    def __getattr__(name: str) -> Any:
        if name not in table:
            if otherwise is not None:
                return otherwise(name)
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, colon, other = table[name].partition(":")
        found: Any = importlib.import_module(module)
        if other or not colon:
            found = getattr(found, other or name)
        here[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*here, *table})

    return __getattr__, __dir__


def modules(package: str) -> list[str]:
    """The modules that have what a package offers; none of a package that is not lazy."""
    return list(
        dict.fromkeys(place.partition(":")[0] for place in PACKAGES.get(package, {}).values())
    )


def within(package: str, places: Mapping[str, str]) -> dict[str, str]:
    """A table for `lazy_names`: the package's modules, and the names in each, apart by spaces.

    >>> within("geartrain.layers", {"dense": "Dense", "pooling": "MaxPooling1D MaxPooling2D"})
    ... # doctest: +NORMALIZE_WHITESPACE
    {'Dense': 'geartrain.layers.dense', 'MaxPooling1D': 'geartrain.layers.pooling',
     'MaxPooling2D': 'geartrain.layers.pooling'}
    """
    return {
        name: f"{package}.{module}" for module, names in places.items() for name in names.split()
    }
