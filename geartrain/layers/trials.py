"""What comes out of a symbolic call that must know sizes as numbers: found by trying two of them.

While a model is made, some sizes are not known. Most calls get along with that. One that does not,
such as a loop over the time steps in a layer of your own, is run twice with numbers in their place.
A size of a result that is the same in both runs is a number, another is not known. The call's real
sizes are those of the arrays that the model is given later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from geartrain import tree
from geartrain.errors import UnknownSize
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import (
    BATCH,
    LENGTHS,
    Atom,
    Dim,
    Extent,
    StandIn,
    holds_dim,
    substituted,
    unknown,
)
from geartrain.ops.masks import mask_of, set_mask
from geartrain.ops.operands import extents_of
from geartrain.ops.sizes import Size, leaves_of, map_leaves

_BATCHES = (13, 17)  # primes, as LENGTHS are, so that products of them are told apart


def inferred(run: Callable[[Any, Any], Any], args: Any, kwargs: Any) -> Any:
    """What `run(args, kwargs)` returns for symbolic tensors: nodes of the results' shapes.

    Raises what it raises, where numbers for the sizes would not help.
    """
    try:
        return run(args, dict(kwargs))
    except UnknownSize as error:
        fitting = ({}, error.fitting) if error.fitting else ({},)
        for numbers in fitting:
            found = _by_trials(run, args, kwargs, numbers)
            if found is not None:
                return found
        raise error from None


def _by_trials(
    run: Callable[[Any, Any], Any], args: Any, kwargs: Any, fitting: Mapping[Atom, tuple[int, int]]
) -> Any:
    """The results merged from two runs with numbers; None if there is nothing to find so."""
    given = [x for x in leaves_of((args, kwargs)) if isinstance(x, Node | Size)]
    atoms: set[Atom] = set()
    for one in given:
        for extent in one.extents if isinstance(one, Node) else (one.extent,):
            atoms |= extent.atoms if isinstance(extent, Dim) else set()
    if not atoms:
        return None
    results = []
    for turn in range(2):
        usual = {atom: (_BATCHES if atom == BATCH.atom else LENGTHS)[turn] for atom in atoms}
        chosen = {atom: numbers[turn] for atom, numbers in fitting.items()}
        sizes = {atom: StandIn(size) for atom, size in {**usual, **chosen}.items()}
        made: dict[Any, Any] = {}
        try:
            results.append(run(*_with_numbers((args, kwargs), sizes, made)))
        except (TypeError, ValueError):
            return None
    first, second = results
    leaves = tree.flatten(first), tree.flatten(second)
    if list(map(_rank, leaves[0])) != list(map(_rank, leaves[1])):
        return None  # as many results, or axes, as a size that is not known
    return tree.pack_sequence_as(first, list(map(_merged, *leaves)))


def _with_numbers(structure: Any, sizes: dict[Atom, int], made: dict[Any, Any]) -> Any:
    """The arguments, with tensors of known shape for those of unknown, and masks like theirs."""

    def known(value: Any) -> Any:
        if isinstance(value, Size):
            return substituted(value.extent, sizes)
        if not isinstance(value, Node) or not holds_dim(value.extents):
            return value
        if value not in made:
            shape = tuple(substituted(extent, sizes) for extent in value.extents)
            made[value] = placeholder(shape, value.dtype)
            mask = mask_of(value)
            if mask is not None:
                set_mask(made[value], known(mask))
        return made[value]

    return map_leaves(known, structure)


def _merged(first: Any, second: Any) -> Any:
    """A tensor of the shape that two results have in common."""
    if not hasattr(first, "shape") or not hasattr(second, "shape"):
        return first
    shape = tuple(map(_extent, extents_of(first), extents_of(second)))
    return placeholder(shape, first.dtype if isinstance(first, Node) else first.dtype.name)


def _rank(value: Any) -> int | None:
    return len(value.shape) if hasattr(value, "shape") else None


def _extent(first: Extent, second: Extent) -> Extent:
    if first == second:
        return first
    rows, *others = {int(n) // b for n, b in zip((first, second), _BATCHES, strict=True)}  # type: ignore[call-overload]
    if not others and (first, second) == tuple(rows * batch for batch in _BATCHES):
        return BATCH * rows
    return unknown()
