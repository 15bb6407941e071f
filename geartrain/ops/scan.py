"""Loops over time, without unrolling: `scan` runs one body for each step, handing states on.

    state, output = body(state, item)          for each item of the sequences, in order

The body is a graph of its own, made once. What it takes from outside (weights, masks) it captures:
these become sources of the scan. So a graph with a loop of a thousand steps is as small as one with
two, and its gradient is a second scan, backwards (`scan_gradient.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from geartrain.graph.affine import Index, Reading, offset_of
from geartrain.graph.body import Body
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Constant, Node, placeholder, sorted_nodes
from geartrain.graph.op import Op, Sample, Scan, View
from geartrain.graph.rewrite import substitute
from geartrain.graph.shapes import BATCH, Extent, Shape, Spec, holds_dim, product
from geartrain.graph.taping import computed
from geartrain.graph.tracked import recording
from geartrain.ops.operands import dtype_of, extents_of
from geartrain.ops.views import pad, reshape

Tensor = Any
Step = Callable[[list[Tensor], list[Tensor]], tuple[Sequence[Tensor], Sequence[Tensor]]]


def _section_reference(flat: np.ndarray, start: int, shape: tuple[int, ...]) -> np.ndarray:
    return flat[start : start + int(np.prod(shape))].reshape(shape)


def _section_grad(g: Node, y: Node, flat: Node, start: Extent, shape: Shape) -> tuple[Any]:
    size = product(shape)
    (total,) = flat.extents
    row = reshape(g, shape=(size,))
    return (pad(row, low=(start,), high=(total - size - start,), interior=(0,)),)


def _section_index(index: Index, flat: Shape, start: Extent, shape: Shape) -> list[Reading]:
    return [Reading(0, (offset_of(index, shape) + start,))]


def _section_samples() -> Iterable[Sample]:
    yield Sample((np.arange(20.0),), {"start": 3, "shape": (4, 3)})


# A part of a flat tensor, seen as a tensor of some shape.
section: Op = Op(
    "section", lambda flat, start, shape: Spec(shape, flat.dtype),
    _section_reference, _section_grad, View(_section_index), _section_samples,
)  # fmt: skip


def _infer(*specs: Spec, body: Body, reverse: bool, batch: Extent) -> Spec:
    steps = specs[len(body.states)].shape[0]
    return Spec((body.starts(steps)[-1],), body.outputs[0].dtype)


def _reference(*arrays: np.ndarray, body: Body, reverse: bool, batch: int) -> np.ndarray:
    """One step after the other."""
    count, items = len(body.states), len(body.items)
    states, sequences = list(arrays[:count]), arrays[count : count + items]
    values = {
        node.leaf: array for node, array in zip(body.captured, arrays[count + items :], strict=True)
    }
    steps = len(sequences[0])
    made: list[list[np.ndarray]] = [[] for _ in body.outputs]
    for step in reversed(range(steps)) if reverse else range(steps):
        values.update(zip((node.leaf for node in body.states), states, strict=True))
        current = [sequence[step] for sequence in sequences]
        values.update(zip((node.leaf for node in body.items), current, strict=True))
        outputs = body.plan.run(values, batch)
        for kept, output in zip(made, outputs, strict=True):
            kept.append(output)
        states = outputs[:count]
    for kept, first in zip(made, arrays[:count], strict=False):
        kept.insert(0, first)
    dtype = body.outputs[0].dtype
    parts = [one for kept in made for one in (kept[::-1] if reverse else kept)]
    return np.concatenate([np.empty(0, dtype), *(np.ravel(one) for one in parts)])


def _grad(g: Node, y: Node, *sources: Node, body: Body, reverse: bool, batch: Extent) -> Any:
    from geartrain.ops.scan_gradient import scan_gradient

    return scan_gradient(g, y, sources, body, reverse)


scan_op: Op = Op("scan", _infer, _reference, _grad, Scan())


def after_steps(loop: Any, body: Body, steps: Extent, reverse: bool) -> list[Any]:
    """What each output of a loop was after every step: (steps, ...)."""
    found = []
    for number, (start, shape) in enumerate(
        zip(body.starts(steps), body.shapes(steps), strict=False)
    ):
        first = product(shape[1:]) if number < len(body.states) and not reverse else 0
        found.append(section(loop, start=start + first, shape=(steps, *shape[1:])))
    return found


def before_steps(loop: Any, body: Body, steps: Extent, reverse: bool) -> list[Any]:
    """What each state of a loop was before every step: (steps, ...)."""
    count, found = len(body.states), []
    for start, shape in zip(body.starts(steps)[:count], body.shapes(steps), strict=False):
        first = product(shape[1:]) if reverse else 0
        found.append(section(loop, start=start + first, shape=(steps, *shape[1:])))
    return found


def scan(
    step: Step, states: Sequence[Tensor], sequences: Sequence[Tensor], reverse: bool = False,
    keep: bool = False,
) -> list[Tensor]:  # fmt: skip
    """Run a body for each step.

    Args:
        step: `(states, items) -> (new_states, outputs)`; lists of tensors, all new states and
            outputs of one dtype, new states of the shapes of the states.
        states: the states at the start.
        sequences: each (steps, ...): a step gets its item.
        reverse: from the last item to the first.
        keep: whether to remember, of each step, what the gradient needs: more memory, less work.

    Returns:
        For each state and each output, all steps: (steps, ...).

    >>> sums = scan(lambda s, x: ([s[0] + x[0]], []), [np.zeros((1, 1))], [np.ones((3, 1, 1))])
    >>> sums[0].ravel()
    array([1., 2., 3.])
    """
    symbols = [placeholder(extents_of(x), dtype_of(x), f"state{n}") for n, x in enumerate(states)]
    items = [
        placeholder(extents_of(x)[1:], dtype_of(x), f"item{n}") for n, x in enumerate(sequences)
    ]
    new, more = step(list(symbols), list(items))
    outputs = [Node.wrap(output) for output in (*new, *more)]
    assert len(new) == len(states), "as many new states as states"
    assert len({output.dtype for output in outputs}) == 1, "one dtype"
    outside = from_outside(outputs, {*symbols, *items})
    captured = [placeholder(node.extents, node.dtype, "captured") for node in outside]
    outputs = substitute(outputs, dict(zip(outside, captured, strict=True)))
    given: list[Any] = list(outside)
    symbolic = any(isinstance(x, Node) for x in (*states, *sequences))
    if not symbolic and _constant(outside):
        given = computed(outside) if recording.tapes else list(Plan(outside).run({}))
    kept: list[Node] = []
    if keep and symbolic:
        from geartrain.ops.scan_gradient import needed_by_gradient

        kept = needed_by_gradient(
            Body(tuple(symbols), tuple(items), tuple(captured), tuple(outputs))
        )
    looped = loop(
        list(zip(symbols, states, outputs, strict=False)),
        list(zip(items, sequences, strict=True)),
        list(zip(captured, given, strict=True)),
        [*outputs[len(states) :], *kept],
        reverse,
    )
    return looped[: len(outputs)]


def loop(
    states: list[tuple[Node, Any, Node]],
    items: list[tuple[Node, Any]],
    captured: list[tuple[Node, Any]],
    outputs: list[Node],
    reverse: bool,
) -> list[Any]:
    """The loop with this body: for each state and each output, all steps.

    Args:
        states: for each its placeholder, its first value, and its new value.
        items: for each its placeholder, and its sequence; those that are not used are left out.
        captured: for each its placeholder and its value; those that are not used are left out.
        outputs: what else each step gives. What is there already is not made again.
        reverse: from the last item to the first.
    """
    constants = {
        value: placeholder((), value.dtype, "captured")
        for value in [*(new for _, _, new in states), *outputs] if _is_scalar_constant(value)
    }  # fmt: skip
    captured = [*captured, *((symbol, value) for value, symbol in constants.items())]
    new = [constants.get(value, value) for _, _, value in states]
    outputs = [constants.get(value, value) for value in outputs]
    own = dict(items)
    made = list(dict.fromkeys(x for x in outputs if x not in own and x not in set(new)))
    used = set(sorted_nodes([*new, *made]))
    left = [pair for pair in items if pair[0] in used] or items[:1]
    held = [pair for pair in captured if pair[0] in used]
    body = Body(
        tuple(symbol for symbol, _, _ in states), tuple(symbol for symbol, _ in left),
        tuple(symbol for symbol, _ in held), (*new, *made),
    )  # fmt: skip
    dims = any(holds_dim(node.extents) for node in used)
    given = [*(first for _, first, _ in states), *(value for _, value in [*left, *held])]
    if any(isinstance(value, Node) and not _is_scalar_constant(value) for value in given):
        given = [_with_a_place(value) for value in given]
    result = scan_op(*given, body=body, reverse=reverse, batch=BATCH if dims else 0)
    steps = extents_of(left[0][1])[0]
    after = after_steps(result, body, steps, reverse)
    found = dict(zip(made, after[len(new) :], strict=True))
    found |= own | dict(zip(new, after, strict=False))
    return [*after[: len(new)], *(found[output] for output in outputs)]


def _with_a_place(value: Any) -> Node:
    """What a loop reads has to lie in memory: a scalar that is part of the code does not."""
    node = Node.wrap(value)
    if _is_scalar_constant(node):
        node = reshape(Node.wrap(node.leaf.value.reshape(1)), shape=())  # type: ignore[union-attr]
    return node


def _is_scalar_constant(node: Node) -> bool:
    """Whether a node is a number that can be part of the code; one that a tape knows cannot."""
    return isinstance(node.leaf, Constant) and not node.extents and node.leaf.tensor is None


def _constant(nodes: list[Node]) -> bool:
    """Whether nodes are computed from constants alone."""
    leaves = [node.leaf for node in sorted_nodes(nodes) if node.op is None]
    return all(isinstance(leaf, Constant) for leaf in leaves)


def from_outside(outputs: list[Node], inner: set[Node]) -> list[Node]:
    """The values from outside that a body uses: what does not depend on its placeholders."""
    depends = set(inner)
    found: dict[Node, None] = {}
    for node in sorted_nodes(outputs):
        if any(source in depends for source in node.sources):
            depends.add(node)
            for source in node.sources:
                if source not in depends and not _is_scalar_constant(source):
                    found[source] = None
    for output in outputs:
        if output not in depends:
            found[output] = None
    return list(found)
