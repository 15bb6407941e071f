"""The gradient of a loop: a loop the other way, which reads again what each step began with.

The gradient of a captured matrix is not summed step by step: each step gives the gradient of the
product that the matrix is in, and one contraction over all steps makes the matrix's. What the
forward loop has kept of a step is read; the rest is computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geartrain.graph.body import Body
from geartrain.graph.contraction import spec_of
from geartrain.graph.dtypes import is_float
from geartrain.graph.node import Node, placeholder, sorted_nodes
from geartrain.graph.op import Map, View
from geartrain.graph.rewrite import substitute
from geartrain.graph.shapes import Extent, product
from geartrain.graph.simplify import BODY, simplified
from geartrain.ops.elementwise import cast, constant_like
from geartrain.ops.folds import contract, sum_
from geartrain.ops.linear import LETTERS
from geartrain.ops.rules import gradients, terms_of
from geartrain.ops.scan import after_steps, before_steps, loop, section
from geartrain.ops.views import pad, reshape, slice_


@dataclass
class _Step:
    """The gradient of one step, in terms of the body's nodes.

    Attributes:
        seeds: for each output, the placeholder of the gradient that enters there; None for none.
        states, items, captured: for each, the gradient that leaves there; None for none.
        products: for each captured value that is in products only, these with their gradients.
    """

    seeds: list[Node | None]
    states: list[Node]
    items: list[Node | None]
    captured: list[Node | None]
    products: list[list[tuple[Node, Node]]]

    def nodes(self) -> list[Node]:
        """All that the step has to give."""
        found = [*self.states, *self.items, *self.captured]
        pairs = [pair for pairs in self.products for pair in pairs]
        others = [slope for _, slope in pairs]
        return [node for node in [*found, *others] if node is not None]


def _step_gradient(body: Body, entering: Sequence[bool]) -> _Step:
    """The gradient of a step, if gradients enter at these outputs."""
    seeds = [
        placeholder(output.extents, output.dtype, "slope") if wanted else None
        for output, wanted in zip(body.outputs, entering, strict=True)
    ]
    flowing = [(o, s) for o, s in zip(body.outputs, seeds, strict=True) if s is not None]
    cuts = [_products(body, value) for value in body.captured]
    inside = [cut for found in cuts for cut in found]
    wrt = [*body.states, *body.items, *body.captured, *inside]
    slopes = gradients([o for o, _ in flowing], wrt, [s for _, s in flowing])
    slopes = simplified(slopes, BODY, given=sorted_nodes(body.outputs))
    at = dict(zip(wrt, slopes, strict=True))
    states = [constant_like(s, 0.0) if at[s] is None else at[s] for s in body.states]
    products = [[(cut, at[cut]) for cut in found if at[cut] is not None] for found in cuts]
    captured = [
        None if found else at[value] for value, found in zip(body.captured, cuts, strict=True)
    ]
    return _Step(seeds, states, [at[x] for x in body.items], captured, products)  # type: ignore[arg-type]


def _products(body: Body, value: Node) -> list[Node]:
    """The contractions that a captured value is in, if it is in nothing else."""
    if not is_float(value.dtype):
        return []
    users = [node for node in sorted_nodes(body.outputs) if value in set(node.sources)]
    found = [node for node in users if node.op is contract]
    return found if len(found) == len(users) and value not in set(body.outputs) else []


def needed_by_gradient(body: Body) -> list[Node]:
    """What a loop has to keep of each step so that its gradient computes no product again.

    That is what the gradient uses and the loop does not give already, unless it can be computed
    from what is given without a product.
    """
    try:
        step = _step_gradient(body, [True] * len(body.outputs))
    except TypeError:
        return []  # an op without a gradient: there is nothing to keep for it
    order = sorted_nodes(body.outputs)
    own = {node for node in order if node.op is not None}
    beside = [_other(cut, value) for value, pairs in zip(body.captured, step.products, strict=True)
              for cut, _ in pairs]  # fmt: skip
    used = {node for node in beside if node in own}
    for node in sorted_nodes(step.nodes(), own):
        if node in own:
            used.add(node)
    there = set(body.outputs)
    kept: list[Node] = []
    stack = [node for node in order if node in used]
    while stack:
        node = stack.pop(0)
        if node.op is None or node in there or not _heavy(node, there):
            continue
        if node.dtype == body.outputs[0].dtype:
            there.add(node)
            kept.append(node)
        else:
            stack = [*node.sources, *stack]
    return kept


def _heavy(node: Node, there: set[Node]) -> bool:
    """Whether computing a node takes a product, or anything else that is not element by element."""
    for one in sorted_nodes([node], there):
        if one in there or one.op is None:
            continue
        if not isinstance(one.op.lower, Map | View):
            return True
    return False


def _other(cut: Node, value: Node) -> Node:
    """The other operand of a product."""
    return cut.sources[cut.sources[0] is value]


def scan_gradient(
    g: Node, y: Node, sources: tuple[Node, ...], body: Body, reverse: bool
) -> tuple[Any, ...]:
    """The gradients of the sources of a scan `y`: states, sequences and captured values."""
    count, items = len(body.states), len(body.items)
    sequences, captured = sources[count : count + items], sources[count + items :]
    steps = sequences[0].extents[0]
    entering = _entering(g, body, steps, reverse)
    first = [None if one is None else _step_of(one, steps, not reverse) for one in entering.before]
    after = [
        _plus(one, None if early is None else _moved(early, steps, reverse))
        for one, early in zip(entering.after, [*entering.before, *[None] * len(body.outputs)],
                              strict=False)
    ]  # fmt: skip
    handed = [True] * count + [one is not None for one in after[count:]]
    step = _step_gradient(body, handed)
    # what a step reads: its items, the states before it, what it gave, the gradients that enter
    reads = list(zip(body.items, sequences, strict=True))
    reads += zip(body.states, before_steps(y, body, steps, reverse), strict=True)
    given: dict[Node, Node] = {}
    for output, made in zip(body.outputs, after_steps(y, body, steps, reverse), strict=True):
        if output.op is not None and output not in given:
            given[output] = placeholder(output.extents, output.dtype, "given")
            reads.append((given[output], made))
    adjoints: list[Node] = []
    replaced = dict(given)
    for output, seed, slope in zip(body.outputs, step.seeds, after, strict=True):
        if seed is None:
            continue
        incoming = None
        if slope is not None:
            incoming = placeholder(output.extents, output.dtype, "slope")
            reads.append((incoming, slope))
        if len(adjoints) < count:
            adjoints.append(placeholder(output.extents, output.dtype, "adjoint"))
            incoming = adjoints[-1] if incoming is None else adjoints[-1] + incoming
        assert incoming is not None
        replaced[seed] = incoming
    cuts = [
        (number, cut, slope) for number, pairs in enumerate(step.products) for cut, slope in pairs
    ]
    others = [_other(cut, body.captured[number]) for number, cut, _ in cuts]
    wanted: list[Any] = [*step.items, *step.captured, *(slope for *_, slope in cuts), *others]
    there = [node for node in wanted if node is not None]
    done = substitute([*step.states, *there], replaced)
    starts = [
        constant_like(sources[n], 0.0) if one is None else one
        for n, one in enumerate(entering.last[:count])
    ]
    made = loop(
        list(zip(adjoints, starts, done[:count], strict=True)), reads,
        list(zip(body.captured, captured, strict=True)),
        [_typed(node, body.outputs[0].dtype) for node in done[count:]], not reverse,
    )  # fmt: skip
    ends = [
        _plus(_step_of(one, steps, not reverse), early)
        for one, early in zip(made[:count], first, strict=True)
    ]
    rest = iter(_typed(one, node.dtype) for one, node in zip(made[count:], there, strict=True))
    results = [None if node is None else next(rest) for node in wanted]
    into_items, results = results[:items], results[items:]
    direct, results = results[: len(captured)], results[len(captured) :]
    into = [None if one is None else sum_(one, axes=(0,)) for one in direct]
    for (number, cut, _), slope, other in zip(
        cuts, results[: len(cuts)], results[len(cuts) :], strict=True
    ):
        into[number] = _plus(into[number], _over_steps(cut, body.captured[number], other, slope))
    return (*ends, *into_items, *into)


def _typed(node: Any, dtype: str) -> Any:
    """A node in some dtype: what a loop gives has one, while captured values may have others."""
    return node if node.dtype == dtype else cast(node, dtype=dtype)


def _over_steps(cut: Node, value: Node, other: Any, slope: Any) -> Any:
    """The gradient of a matrix, from all steps of the other operand and of the product's."""
    spec = spec_of(cut)
    left, right, out = spec.left, spec.right, spec.out
    mine, its = (left, right) if cut.sources[0] is value else (right, left)
    step = next(letter for letter in LETTERS if letter not in left + right)
    return contract(other, slope, spec=f"{step}{its},{step}{out}->{mine}")


@dataclass
class _Entering:
    """Where gradients enter a loop; None for nowhere.

    Attributes:
        after: for each output, into all steps: (steps, ...).
        before: for each state, into what it was before all steps.
        last: for each state, into what it was after the last step.
    """

    after: list[Node | None]
    before: list[Node | None]
    last: list[Node | None]


def _entering(g: Node, body: Body, steps: Extent, reverse: bool) -> _Entering:
    """The gradient of the flat result as gradients of its sections."""
    count, total = len(body.states), len(body.outputs)
    found = _Entering([None] * total, [None] * count, [None] * count)
    starts, shapes = body.starts(steps), body.shapes(steps)
    places: dict[tuple[Any, Any], tuple[list[Node | None], int]] = {}
    for number, (start, shape) in enumerate(zip(starts, shapes, strict=False)):
        slab = product(shape[1:])
        size = slab * steps
        early, late = (start + slab, start) if reverse else (start, start + slab)
        if number < count:
            places[early, size] = found.before, number
        else:
            late = start
        places[late, size] = found.after, number
    whole = {at: (steps, *shapes[where[1]][1:]) for at, where in places.items()}
    for term in terms_of(g):
        at = (term.params["low"][0], term.sources[0].extents[0]) if term.op is pad else None
        if at in places and term.params["interior"] == (0,):
            pieces = [(places[at], _reshaped(term.sources[0], whole[at]))]
        else:  # anything else: each section of it, but the states' before all steps but the first
            pieces = [
                (where, section(term, start=at[0], shape=whole[at]))
                for at, where in places.items() if where[0] is found.after
            ]  # fmt: skip
            for number in range(count):
                slab = product(shapes[number][1:])
                start = starts[number] + (slab * steps if reverse else 0)
                one = section(term, start=start, shape=(1, *shapes[number][1:]))
                pieces.append(((found.before, number), _only(one, steps, reverse)))
        for (where, number), whole_piece in pieces:
            for piece in terms_of(whole_piece):
                last = _at_the_end(piece, steps, reverse) if number < count else None
                if last is not None and where is found.after:
                    found.last[number] = _plus(found.last[number], last)
                else:
                    where[number] = _plus(where[number], piece)
    return found


def _reshaped(row: Node, shape: Any) -> Node:
    """A flat node in some shape; what was flattened from that shape is taken as it was."""
    if row.op is reshape and row.sources[0].extents == shape:
        return row.sources[0]
    made: Node = reshape(row, shape=shape)
    return made


def _only(one: Node, steps: Extent, reverse: bool) -> Any:
    """(1, ...) as the first step of (steps, ...), zeros elsewhere."""
    rest = (0,) * (one.ndim - 1)
    low, high = (steps - 1, 0) if reverse else (0, steps - 1)
    return pad(one, low=(low, *rest), high=(high, *rest), interior=(0,) * one.ndim)


def _at_the_end(slopes: Node, steps: Extent, reverse: bool) -> Any:
    """The gradient of the last step, if there are no others; else None."""
    if slopes.op is not pad or slopes.sources[0].extents[0] != 1:
        return None
    inner = slopes.sources[0]
    last = slopes.params["low"][0] == (0 if reverse else steps - 1)
    if not last or inner.extents[1:] != slopes.extents[1:]:
        return None
    return reshape(inner, shape=inner.extents[1:])


def _moved(before: Node, steps: Extent, reverse: bool) -> Any:
    """Gradients of states before steps as those after the step before; the first step's is left."""
    rest = before.extents[1:]
    start, zeros = (0 if reverse else 1, *(0,) * len(rest)), (0,) * len(rest)
    kept = slice_(before, start=start, length=(steps - 1, *rest), step=(1,) * before.ndim)
    low, high = (1, 0) if reverse else (0, 1)
    return pad(kept, low=(low, *zeros), high=(high, *zeros), interior=(0,) * before.ndim)


def _step_of(sequence: Any, steps: Extent, first: bool) -> Any:
    """One step of a sequence: that at its front in memory, or that at its back."""
    rest = sequence.extents[1:]
    start = (0 if first else steps - 1, *(0,) * len(rest))
    cut = slice_(sequence, start=start, length=(1, *rest), step=(1,) * sequence.ndim)
    return reshape(cut, shape=rest)


def _plus(first: Any, second: Any) -> Any:
    """A sum in which None is nothing."""
    if first is None or second is None:
        return second if first is None else first
    return first + second
