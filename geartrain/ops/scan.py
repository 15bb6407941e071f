"""Loops over time, without unrolling: `scan` runs one body for each turn, handing states on.

    state, output = body(state, item)          for each item of the sequences, in order

The body is a graph of its own, made once. What it takes from outside (weights, masks) it captures:
these become sources of the scan. So a graph with a loop of a thousand turns is as small as one with
two, and its gradient is a second scan, backwards.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from geartrain.graph.autodiff import gradients
from geartrain.graph.dtypes import is_float
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Constant, Node, placeholder, sorted_nodes
from geartrain.graph.op import Op, Opaque
from geartrain.graph.rewrite import substitute
from geartrain.graph.shapes import BATCH, Extent, Shape, Spec, holds_dim, public
from geartrain.ops.elementwise import constant_like
from geartrain.ops.folds import contract, sum_
from geartrain.ops.operands import dtype_of, extents_of
from geartrain.ops.views import concatenate, reshape, slice_

Tensor = Any
Turn = Callable[[list[Tensor], list[Tensor]], tuple[Sequence[Tensor], Sequence[Tensor]]]


@dataclass(frozen=True, eq=False)
class Body:
    """One turn of a scan.

    Attributes:
        states: placeholders of what is handed from turn to turn, each (rows, n).
        items: placeholders of one turn of each sequence, each (rows, n).
        captured: placeholders of the values from outside.
        outputs: the new states, then what else each turn gives; each (rows, n), of one dtype.
    """

    states: tuple[Node, ...]
    items: tuple[Node, ...]
    captured: tuple[Node, ...]
    outputs: tuple[Node, ...]

    @functools.cached_property
    def plan(self) -> Plan:
        """The steps of the reference for one turn."""
        return Plan(self.outputs)

    @functools.cached_property
    def borders(self) -> list[tuple[int, int]]:
        """Where each output is on the last axis of the packed result."""
        ends = np.cumsum([0, *(int(output.extents[1]) for output in self.outputs)])  # type: ignore[arg-type]
        return [(int(a), int(b)) for a, b in pairwise(ends)]


def _infer(*specs: Spec, body: Body, reverse: bool, batch: Extent) -> Spec:
    sequence = specs[len(body.states)]
    rows, dtype = body.outputs[0].extents[0], body.outputs[0].dtype
    return Spec((sequence.shape[0], rows, body.borders[-1][1]), dtype)


def _reference(*arrays: np.ndarray, body: Body, reverse: bool, batch: int) -> np.ndarray:
    """Turn by turn; the outputs of a turn lie side by side on the last axis."""
    count, items = len(body.states), len(body.items)
    states, sequences = list(arrays[:count]), arrays[count : count + items]
    values = {
        node.leaf: array for node, array in zip(body.captured, arrays[count + items :], strict=True)
    }
    length = len(sequences[0])
    shape = (length, len(states[0]), body.borders[-1][1])
    result = np.empty(shape, body.outputs[0].dtype)
    for turn in reversed(range(length)) if reverse else range(length):
        values.update(zip((node.leaf for node in body.states), states, strict=True))
        current = [sequence[turn] for sequence in sequences]
        values.update(zip((node.leaf for node in body.items), current, strict=True))
        outputs = body.plan.run(values, batch)
        np.concatenate(outputs, axis=-1, out=result[turn])
        states = outputs[:count]
    return result


def _grad(
    g: Node, y: Node, *sources: Node, body: Body, reverse: bool, batch: Extent
) -> tuple[Any, ...]:
    """A scan the other way, which reads again the states that each turn began with.

    The gradient of a captured matrix is not summed turn by turn: each turn gives the gradient of
    the product that the matrix is in, and one contraction over all turns makes the matrix's.
    """
    count, items = len(body.states), len(body.items)
    states, sequences = sources[:count], sources[count : count + items]
    captured = sources[count + items :]
    before = [
        _shifted(_part(y, border), state, reverse)
        for border, state in zip(body.borders[:count], states, strict=True)
    ]
    known: dict[Node, Node] = dict(zip(body.captured, captured, strict=True))
    flowing = [number for number in range(items) if is_float(body.items[number].dtype)]
    products = {number: _products(body, number) for number in range(len(captured))}

    def turn(later: list[Tensor], now: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        place = dict(zip(body.items, now[:items], strict=True))
        place.update(zip(body.states, now[items:-1], strict=True))
        inside = [cut for number in products for cut in products[number]]
        matrices = [body.captured[number] for number in products for _ in products[number]]
        beside = [
            cut.sources[1 - cut.sources.index(matrix)]
            for cut, matrix in zip(inside, matrices, strict=True)
        ]
        replaced = substitute([*body.outputs, *inside, *beside], place)
        first, second = len(body.outputs), len(body.outputs) + len(inside)
        outputs, cuts, others = replaced[:first], replaced[first:second], replaced[second:]
        seeds = [_piece(now[-1], border) for border in body.borders]
        for number, adjoint in enumerate(later):
            seeds[number] = seeds[number] + adjoint
        direct = [
            body.captured[n] for n in products if not products[n] and is_float(captured[n].dtype)
        ]
        wrt = [*now[items:-1], *(now[n] for n in flowing), *direct, *cuts]
        slopes = [
            constant_like(node, 0.0) if slope is None else slope
            for node, slope in zip(wrt, gradients(outputs, wrt, seeds), strict=True)
        ]
        done = substitute([*slopes, *others], known)  # last: captured values may need one another
        return done[:count], done[count:]

    zeros = [constant_like(state, 0.0) for state in states]
    made = scan(turn, zeros, [*sequences, *before, g], reverse=not reverse)
    ends = [_turn_of(adjoint, 0 if not reverse else -1) for adjoint in made[:count]]
    rest = iter(made[count:])
    into_items: list[Any] = [None] * items
    for number in flowing:
        into_items[number] = next(rest)
    into_captured: list[Any] = [None] * len(captured)
    for number in products:
        if not products[number] and is_float(captured[number].dtype):
            into_captured[number] = sum_(next(rest), axes=(0,))
    slopes = {number: [next(rest) for _ in products[number]] for number in products}
    others = {number: [next(rest) for _ in products[number]] for number in products}
    for number, cuts in products.items():
        for cut, slope, other in zip(cuts, slopes[number], others[number], strict=True):
            left, right, out = cut.params["spec"].replace("->", ",").split(",")
            first = cut.sources[0] is body.captured[number]
            mine, its = (left, right) if first else (right, left)
            total = contract(other, slope, spec=f"T{its},T{out}->{mine}")
            held = into_captured[number]
            into_captured[number] = total if held is None else held + total
    return (*ends, *into_items, *into_captured)


def _products(body: Body, number: int) -> list[Node]:
    """The contractions that a captured value is in, if it is in nothing else."""
    value = body.captured[number]
    if not is_float(value.dtype):
        return []
    users = [node for node in sorted_nodes(body.outputs) if value in node.sources]
    products = [node for node in users if node.op is contract]
    if len(products) == len(users):
        return products
    rows = body.outputs[0].extents[0]
    if value.ndim != 2 or value.extents[0] != rows:
        raise TypeError(
            f"scan: a value from outside of shape {public(value.extents)} is used inside in a way "
            "whose gradient is not known here. Use it in matrix products only, or stretch it to "
            "(rows, n) before the loop."
        )
    return []


def _shifted(states: Node, first: Node, reverse: bool) -> Any:
    """What each turn began with: the first state, then those after each turn but the last."""
    length, rows, width = states.extents
    start: Shape = (1 if reverse else 0, 0, 0)
    kept = slice_(states, start=start, length=(length - 1, rows, width), step=(1, 1, 1))
    initial = reshape(first, shape=(1, rows, width))
    return concatenate(*([kept, initial] if reverse else [initial, kept]), axis=0)


def _part(packed: Any, border: tuple[int, int]) -> Any:
    """One output of all turns."""
    length, rows, _ = extents_of(packed)
    first, last = border
    if (first, last) == (0, extents_of(packed)[2]):
        return packed
    return slice_(packed, start=(0, 0, first), length=(length, rows, last - first), step=(1, 1, 1))


def _piece(packed: Any, border: tuple[int, int]) -> Any:
    """One output of one turn."""
    first, last = border
    return slice_(
        packed, start=(0, first), length=(extents_of(packed)[0], last - first), step=(1, 1)
    )


def _turn_of(sequence: Any, turn: int) -> Any:
    """One turn of a sequence: the first (0) or the last (-1)."""
    length, rows, width = extents_of(sequence)
    start = 0 if turn == 0 else length - 1
    cut = slice_(sequence, start=(start, 0, 0), length=(1, rows, width), step=(1, 1, 1))
    return reshape(cut, shape=(rows, width))


scan_op: Op = Op("scan", _infer, _reference, _grad, Opaque())


def scan(
    turn: Turn, states: Sequence[Tensor], sequences: Sequence[Tensor], reverse: bool = False
) -> list[Tensor]:
    """Run a body for each turn.

    Args:
        turn: `(states, items) -> (new_states, outputs)`; each a list of tensors (rows, n), all
            outputs of the dtype of the states.
        states: the states at the start, each (rows, n).
        sequences: each (turns, rows, n): a turn gets its item.
        reverse: from the last item to the first.

    Returns:
        For each state and each output, all turns: (turns, rows, n).

    >>> sums = scan(lambda s, x: ([s[0] + x[0]], []), [np.zeros((1, 1))], [np.ones((3, 1, 1))])
    >>> sums[0].ravel()
    array([1., 2., 3.])
    """
    symbols = [placeholder(extents_of(x), dtype_of(x), f"state{n}") for n, x in enumerate(states)]
    items = [
        placeholder(extents_of(x)[1:], dtype_of(x), f"item{n}") for n, x in enumerate(sequences)
    ]
    new, more = turn(list(symbols), list(items))
    outputs = [Node.wrap(output) for output in (*new, *more)]
    assert len(new) == len(states), "as many new states as states"
    assert all(output.ndim == 2 for output in outputs), "each output of a turn is (rows, n)"
    outside = _outside(outputs, {*symbols, *items})
    captured = [placeholder(node.extents, node.dtype, "captured") for node in outside]
    outputs = substitute(outputs, dict(zip(outside, captured, strict=True)))
    body = Body(tuple(symbols), tuple(items), tuple(captured), tuple(outputs))
    given: list[Any] = list(outside)
    if not any(isinstance(x, Node) for x in (*states, *sequences)) and _constant(outside):
        given = list(Plan(outside).run({}))
    dims = any(holds_dim(node.extents) for node in (*symbols, *items, *captured))
    packed = scan_op(
        *states, *sequences, *given, body=body, reverse=reverse, batch=BATCH if dims else 0
    )
    return [_part(packed, border) for border in body.borders]


def _constant(nodes: list[Node]) -> bool:
    """Whether nodes are computed from constants alone."""
    leaves = [node.leaf for node in sorted_nodes(nodes) if node.op is None]
    return all(isinstance(leaf, Constant) for leaf in leaves)


def _outside(outputs: list[Node], inner: set[Node]) -> list[Node]:
    """The values from outside that a body uses: what does not depend on its placeholders."""
    depends = set(inner)
    found: dict[Node, None] = {}
    for node in sorted_nodes(outputs):
        if any(source in depends for source in node.sources):
            depends.add(node)
            for source in node.sources:
                scalar = isinstance(source.leaf, Constant) and source.extents == ()
                if source not in depends and not scalar:
                    found[source] = None
    for output in outputs:
        if output not in depends:
            found[output] = None
    return list(found)
