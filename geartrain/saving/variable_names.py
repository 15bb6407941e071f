"""Tensors called after variables, as in `"dense/kernel"`: for files that other libraries read.

A model's own files call tensors by their places (see `paths`), which no name that a user gave can
change. Formats for exchange hold names, and a name here is the variable's `path`; where two
variables have one path, the second gets `_1`. The state of an optimizer keeps its places.

Files of Geartrain say in their metadata which place each name stands for, so a model whose layers
were called otherwise, by the user or by automatic numbers, still gets its weights. In other files
the names must be the model's, or those of a model that was made earlier or later in its process,
whose automatic numbers differ.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from geartrain.errors import nearest, warn
from geartrain.optimizers.optimizer import Optimizer
from geartrain.runtime.variable import Variable
from geartrain.saving import plain
from geartrain.saving.paths import Part, Walk
from geartrain.saving.store import Store, StoredTensor
from geartrain.saving.weights import own_values, place_of, shortened

PLACES = "geartrain.places"  # the entry of the metadata
_NUMBERED = re.compile(r"(.*?)(?:_(\d{1,9}))?", re.DOTALL)


def names_of(whole: Part, skipped: Iterable[Any] = ()) -> dict[str, str]:
    """The name of the tensor at each place of a model.

    >>> from geartrain.layers import Dense
    >>> layer = Dense(2, name="head")
    >>> layer.build((None, 3))
    >>> names_of(layer)
    {'vars/0': 'head/kernel', 'vars/1': 'head/bias'}
    """
    names: dict[str, str] = {}
    known: dict[int, str] = {}  # a variable that is kept at two places is one tensor
    used: dict[str, int] = {}

    def name(path: str, part: Any) -> bool:
        for key, value in (own_values(part) or {}).items():
            place = place_of(path, key, part)
            if isinstance(part, Optimizer):  # its slots are called after layers and their numbers
                names[place] = place
                continue
            if id(value) not in known or not isinstance(value, Variable):
                base = value.path if isinstance(value, Variable) else f"{part.name}/{key}"
                known[id(value)] = _unique(base, used)
            names[place] = known[id(value)]
        return True

    Walk(name, skipped).run(whole)
    return names


def _unique(base: str, used: dict[str, int]) -> str:
    name = base
    while name in used:
        used[base] += 1
        name = f"{base}_{used[base]}"
    used[name] = 0
    return name


def by_name(whole: Part, store: Store, skipped: Iterable[Any] = ()) -> Store:
    """A store of places, as `collect` makes it, with tensors called after variables instead."""
    names = names_of(whole, skipped)
    tensors: dict[str, StoredTensor] = {}
    for place, tensor in store.tensors.items():
        tensors.setdefault(names[place], replace(tensor, path=names[place]))
    return Store(tensors, metadata={**store.metadata, PLACES: json.dumps(names)})


def by_place(whole: Part, store: Store, who: str, partly: bool, skipped: Iterable[Any]) -> Store:
    """A store of names, as files for exchange have them, with the places that a model needs.

    Args:
        whole: the model.
        store: the tensors by name.
        who: what messages begin with.
        partly: whether some may be missing.
        skipped: parts that need none.

    Raises:
        ValueError: names that the file does not have, all told.
    """
    names = names_of(whole, skipped)
    needed = {place for place in names if not place.startswith("optimizer/")}
    recorded = recorded_places(store, who)
    if not {names[place] for place in needed} <= store.tensors.keys():
        names = recorded if needed <= recorded.keys() else _numbered_otherwise(names, needed, store)
    missing = [names[place] for place in needed if names[place] not in store.tensors]
    if missing and not partly:
        raise ValueError(_missing(who, [name for name in names.values() if name in missing], store))
    asked = {*names.values(), *recorded.values()}
    unread = [n for n in store.tensors if n not in asked and not n.startswith("optimizer/")]
    if unread:
        warn(
            f"{who}: the file has tensors that the model has no place for, and which are left out: "
            f"{shortened(', '.join(unread))}"
        )
    found = {place: store.tensors[name] for place, name in names.items() if name in store.tensors}
    return Store(found, metadata=store.metadata)


def _numbered_otherwise(names: dict[str, str], needed: set[str], store: Store) -> dict[str, str]:
    """The names, if those of the file are the same but for automatic numbers, in their order.

    `dense_2/kernel` and `dense_3/kernel` then stand for `dense/kernel` and `dense_1/kernel`.
    """
    ours, theirs = (_by_base(some) for some in ({names[p] for p in needed}, store.tensors))
    if any(len(theirs.get(base, ())) != len(group) for base, group in ours.items()):
        return names
    renamed = {
        one: other
        for base, group in ours.items()
        for one, other in zip(group, theirs[base], strict=True)
    }
    return {place: renamed.get(name, name) for place, name in names.items()}


def _by_base(names: Iterable[str]) -> dict[str, list[str]]:
    """Names by what is left without numbers at the ends of their parts, each list in order."""
    found: dict[str, list[tuple[list[int], str]]] = {}
    for name in names:
        parts = [_NUMBERED.fullmatch(part) for part in name.split("/")]
        base = "/".join(part[1] if part else "" for part in parts)
        numbers = [int(part[2] or 0) if part else 0 for part in parts]
        found.setdefault(base, []).append((numbers, name))
    return {base: [name for _, name in sorted(group)] for base, group in found.items()}


def recorded_places(store: Store, who: str) -> dict[str, str]:
    """The name at each place of the model that was saved, where the file says it."""
    if PLACES not in store.metadata:
        return {}
    found = plain.parse(store.metadata[PLACES].encode(), f"{who}: metadata {PLACES!r}")
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found.values()):
        raise ValueError(
            f"{who}: expected a name for each place as metadata {PLACES!r}. Received: {found!r:.80}"
        )
    return found


def _missing(who: str, missing: list[str], store: Store) -> str:
    has = list(store.tensors)
    like = nearest(missing[0], has)
    hint = f" The nearest is {like!r}." if like else ""
    if any(name.endswith((".weight", ".bias")) for name in has):
        hint += (
            " The names look like those of PyTorch: call the tensors after the variables here "
            "(variable.path), and transpose the weights of Linear layers, which are (outputs, "
            "inputs) there."
        )
    lacks, holds = (shortened(", ".join(map(repr, names))) for names in (missing, has))
    return (
        f"{who}: expected a tensor for each weight. Received: a file without {lacks}; it has "
        f"{holds}.{hint} Give layers the names that they had when the file was saved, name='...', "
        "or pass skip_mismatch=True to load what fits."
    )
