"""How a graph over a batch can be computed in parts of the batch: who owns what each node holds.

Of each node it is told whether it is the same for all parts (`WHOLE`), holds rows of the batch
(`Rows`), or is what the rows of a part add up to (`Partial`), which the others' have to join before
it is whole. So means over the batch, gradients of weights and sums of metrics are found by what
they are, whoever wrote the step. Judged by structure: what mixes rows in any other way is refused.

    x (batch, 3)  w (3, 2)    y = x @ w        sum(y, axis 0)   gradient of w = transpose(x) @ g
    Rows(0)       WHOLE       Rows(0)          Partial          Partial
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from geartrain.graph.affine import Affine, Index, Reading, strides_of
from geartrain.graph.body import Body
from geartrain.graph.contraction import spec_of
from geartrain.graph.node import Node, sorted_nodes
from geartrain.graph.op import (
    Contraction,
    Cumulative,
    Lookup,
    Map,
    Opaque,
    Reduce,
    Scan,
    Scatter,
    View,
)  # fmt: skip
from geartrain.graph.shapes import BATCH, Dim, Extent, Shape, divide, holds_dim, product


@dataclass(frozen=True)
class Rows:
    """The rows of the batch lie along an axis, each as one entry or several neighbours.

    Attributes:
        axis: the axis.
        numbers: whether the values are places of rows within the part.
    """

    axis: int
    numbers: bool = False


@dataclass(frozen=True)
class Partial:
    """What the rows of a part come to, to be joined with what those of others do.

    Attributes:
        join: a function of two arrays that gives the joined one.
    """

    join: Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Sections:
    """The flat result of a loop: where each section begins, its shape, and what it holds."""

    places: tuple[tuple[Extent, Shape, Any], ...]


WHOLE = None
Holding: TypeAlias = Rows | Partial | Sections | None


class MixesRows(ValueError):
    """A step that cannot be computed in parts of a batch."""


def _refuse(node: Node, why: str) -> MixesRows:
    name = node.op.name if node.op is not None else "an input"
    return MixesRows(
        f"{name}: expected a step whose samples meet in sums, means and extremes alone. "
        f"Received: {why}, in a tensor of shape {node.shape}. Only one process can compute that "
        "step: train without a distribution, set_distribution(None)."
    )


def holdings(outputs: Iterable[Node]) -> dict[Node, Holding]:
    """What each node that `outputs` need holds, if the step is computed in parts of the batch.

    Raises MixesRows, a ValueError, for a graph that mixes rows in another way.

    >>> from geartrain import ops
    >>> from geartrain.graph.node import placeholder
    >>> x = placeholder((BATCH, 3), "float32")
    >>> total = ops.sum(x, axis=0)
    >>> found = holdings([total, x * 2])
    >>> found[x], type(found[total]).__name__
    (Rows(axis=0, numbers=False), 'Partial')
    """
    found: dict[Node, Holding] = {}
    outputs = list(outputs)
    _enter(outputs, found, inside=False)
    for node in outputs:
        if isinstance(kind := found[node], Rows) and kind.numbers:
            raise _refuse(node, "the numbers of rows as a result")
    return found


def _enter(outputs: Iterable[Node], found: dict[Node, Holding], inside: bool) -> None:
    for node in sorted_nodes(outputs, found):
        if node not in found:
            found[node] = _holding(node, found, inside)


def is_size(node: Node) -> bool:
    """Whether a node is a number made of the batch's size."""
    return (
        node.op is not None and not node.sources and not holds_dim(node.extents)
        and holds_dim(tuple(node.params.values()))
    )  # fmt: skip


def _holding(node: Node, found: dict[Node, Holding], inside: bool) -> Holding:
    """What a node holds, where that is known of its sources."""
    if node.op is None:
        return _rows_by_shape(node) if holds_dim(node.extents) else WHOLE
    given = [found[source] for source in node.sources]
    if inside and any(isinstance(one, Partial) for one in given):
        raise _refuse(node, "a sum over samples that is used within a loop")
    sources: list[Any] = [WHOLE if isinstance(one, Partial) else one for one in given]
    if all(one is WHOLE for one in sources) and not holds_dim(node.extents):
        return WHOLE
    if node.op.part is not None and all(one is WHOLE for one in sources):
        if inside:
            raise _refuse(node, "random numbers that are drawn within a loop")
        return _rows_by_shape(node)
    held: Holding = _BY_KIND[type(node.op.lower)](node, sources, found)
    return held


def _rows_by_shape(node: Node) -> Rows:
    """The rows of a node that only its shape tells of."""
    axes = [axis for axis, extent in enumerate(node.extents) if isinstance(extent, Dim)]
    if len(axes) != 1 or divide(node.extents[axes[0]], BATCH) is None:
        raise _refuse(node, "another number of rows than the batch's")
    return Rows(axes[0])


def _checked(node: Node, axis: int, numbers: bool = False) -> Rows:
    """Rows along an axis of a node, if that is all its shape depends on."""
    assert _rows_by_shape(node).axis == axis, "one axis depends on the batch"
    return Rows(axis, numbers)


def _common(node: Node, sources: list[Holding]) -> Rows:
    """What sources of one shape hold together."""
    rows = [one for one in sources if one is not WHOLE]
    if any(not isinstance(one, Rows) for one in rows):
        raise _refuse(node, "arithmetic on what loops give as one")
    axes = {one.axis for one in rows if isinstance(one, Rows)}
    (axis,) = axes  # of sources of one shape, in which one axis depends on the batch
    return _checked(node, axis, any(isinstance(one, Rows) and one.numbers for one in rows))


def _of_map(node: Node, sources: list[Holding], found: dict[Node, Holding]) -> Holding:
    lower = node.op.lower  # type: ignore[union-attr]
    if isinstance(lower, Map) and lower.indexed:
        rows = _rows_by_shape(node)
        return replace(rows, numbers=node.params["axis"] == rows.axis)
    return _common(node, sources)


def _of_view(node: Node, sources: list[Holding], found: dict[Node, Holding]) -> Holding:
    lower = node.op.lower  # type: ignore[union-attr]
    assert isinstance(lower, View)
    if lower.index is None:
        return _in_same_order(node, sources[0])
    index: Index = tuple(Affine.variable(str(axis)) for axis in range(node.ndim))
    readings = lower.index(index, *(one.extents for one in node.sources), **node.params)
    if any(isinstance(one, Sections) for one in sources):
        return _of_section(node, sources, readings)
    if not holds_dim(node.extents):
        raise _refuse(node, "single samples taken out of the batch")
    axis = _rows_by_shape(node).axis
    numbers = False
    for reading in readings:
        places, held = list(reading.index), sources[reading.source]
        if isinstance(held, Rows):
            row = places.pop(held.axis)
            size = node.sources[reading.source].extents[held.axis]
            same = row == Affine.variable(str(axis)) and size == node.extents[axis]
            places += [guard.value for guard in reading.guards if guard.value != row]
            numbers = numbers or held.numbers
        else:
            same = True
            places += [guard.value for guard in reading.guards]
        if not same or any(str(axis) in one.terms or _depends(one) for one in places):
            raise _refuse(node, "samples that change their places")
    return Rows(axis, numbers)


def _depends(place: Affine) -> bool:
    return holds_dim((place.constant, *place.terms.values()))


def _in_same_order(node: Node, held: Holding) -> Holding:
    """Of a tensor whose elements keep their order: the rows are where as many lie before them."""
    if held is WHOLE or not isinstance(held, Rows):
        raise _refuse(node, "a new shape of what a loop gives as one")
    (source,) = node.sources
    axis = _rows_by_shape(node).axis
    if product(source.extents[: held.axis]) != product(node.extents[:axis]):
        raise _refuse(node, "a new shape that takes samples apart")
    return Rows(axis, held.numbers)


def _of_section(node: Node, sources: list[Holding], readings: list[Reading]) -> Holding:
    """Of a part of a loop's result: what that section holds."""
    (held,) = sources
    assert isinstance(held, Sections)
    (reading,) = readings
    (place,) = reading.index
    steps = strides_of(node.extents)
    terms = {str(axis): step for axis, step in enumerate(steps) if node.extents[axis] != 1}
    kept = {name: step for name, step in place.terms.items() if name in terms}
    for start, shape, kind in held.places:
        if kept != terms or node.extents[1:] != shape[1:]:
            continue
        before, turns = place.constant - start, shape[0] - node.extents[0]
        turn = 0 if before == 0 else divide(before, product(shape[1:]))
        if isinstance(turn, int) and isinstance(turns, int) and 0 <= turn <= turns:
            return kind  # type: ignore[no-any-return]
    raise _refuse(node, "a part of several results of a loop")


def _of_reduction(node: Node, sources: list[Holding], found: dict[Node, Holding]) -> Holding:
    lower = node.op.lower  # type: ignore[union-attr]
    assert isinstance(lower, Reduce)
    (held,) = sources
    axes = node.params["axes"]
    if not isinstance(held, Rows) or (held.numbers and held.axis in axes):
        raise _refuse(node, "a sum of row numbers, or of what a loop gives as one")
    if held.axis in axes:
        return Partial(lower.join)
    return _checked(node, held.axis - sum(axis < held.axis for axis in axes), held.numbers)


def _of_contraction(node: Node, sources: list[Holding], found: dict[Node, Holding]) -> Holding:
    spec = spec_of(node)
    letters = set()
    for labels, held in zip((spec.left, spec.right), sources, strict=True):
        if isinstance(held, Rows) and not held.numbers:
            letters.add(labels[held.axis])
        elif held is not WHOLE:
            raise _refuse(node, "a product of row numbers, or of what a loop gives as one")
    if len(letters) != 1:
        raise _refuse(node, "products of each sample with each")
    (letter,) = letters
    if letter not in spec.out:
        return Partial(np.add)
    return _checked(node, spec.out.index(letter))


def _of_cumulative(node: Node, sources: list[Holding], found: dict[Node, Holding]) -> Holding:
    held = _common(node, sources)
    if node.params["axis"] == held.axis:
        raise _refuse(node, "sums over the samples before each")
    return held


def _of_lookup(node: Node, sources: list[Holding], found: dict[Node, Holding]) -> Holding:
    """Rows of a table at some places: each sample's, or of the samples' own parts of a table."""
    table, places = sources
    if not isinstance(places, Rows):
        raise _refuse(node, "samples at places that do not depend on the samples")
    if table is not WHOLE and not (table == Rows(0) and places.numbers):
        raise _refuse(node, "samples at computed places")
    return _checked(node, places.axis)


def _of_scatter(node: Node, sources: list[Holding], found: dict[Node, Holding]) -> Holding:
    """Rows added up at places: of a whole table, or of the samples' own parts of one."""
    places, rows = sources
    if not isinstance(places, Rows) or (rows is not WHOLE and not isinstance(rows, Rows)):
        raise _refuse(node, "sums at places that do not depend on the samples")
    if not holds_dim(node.extents):
        return Partial(np.add)
    if not places.numbers:
        raise _refuse(node, "sums at computed places of samples")
    return _checked(node, 0)


def _of_opaque(node: Node, sources: list[Holding], found: dict[Node, Holding]) -> Holding:
    """Order along an axis, or what is computed of each matrix of a batch."""
    held = _common(node, sources)
    own = {node.params["axis"]} if "axis" in node.params else {node.ndim - 1}
    if held.axis in own or any(type(value).__module__.startswith("geartrain.ops")
                               for value in node.params.values()):  # fmt: skip
        raise _refuse(node, "an operation over all samples")
    return held


def _of_scan(node: Node, sources: list[Holding], found: dict[Node, Holding]) -> Holding:
    """A loop: its body is looked at as the graph is."""
    body: Body = node.params["body"]
    known: dict[Node, Holding] = {}
    count, items = len(body.states), len(body.items)
    for place, (symbol, held) in enumerate(
        zip((*body.states, *body.items, *body.captured), sources, strict=True)
    ):
        if count <= place < count + items and isinstance(held, Rows):
            if held.axis == 0:
                raise _refuse(node, "a loop over the samples")
            held = Rows(held.axis - 1, held.numbers)
        if isinstance(held, Sections):
            raise _refuse(node, "a loop over all that another one gives")
        known[symbol] = held
    _enter(body.outputs, known, inside=True)
    for state, new in zip(body.states, body.outputs, strict=False):
        if known[state] != known[new]:
            raise _refuse(node, "a loop that adds up samples from turn to turn")
    turns = node.sources[count].extents[0]
    return Sections(
        tuple(
            (start, shape, _one_axis_later(known[output]))
            for start, shape, output in zip(
                body.starts(turns), body.shapes(turns), body.outputs, strict=False
            )
        )
    )


def _one_axis_later(held: Holding) -> Holding:
    return Rows(held.axis + 1, held.numbers) if isinstance(held, Rows) else held


_BY_KIND: dict[type, Callable[[Node, list[Holding], dict[Node, Any]], Any]] = {
    Map: _of_map, View: _of_view, Reduce: _of_reduction,
    Contraction: _of_contraction, Cumulative: _of_cumulative,
    Lookup: _of_lookup, Scatter: _of_scatter, Scan: _of_scan, Opaque: _of_opaque,
}  # fmt: skip
