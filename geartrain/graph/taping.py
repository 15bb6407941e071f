"""Tapes: what ops compute of concrete arrays, written down so that it can be differentiated.

A traced function is differentiated as a graph (see `autodiff`). Code that runs step by step on
arrays leaves no graph; while a tape is `recording`, each use of an op on a watched tensor is noted
instead, and `gradients` goes through the notes from the last to the first. The rules are the ops'
own, so the gradients are those of the compiled step; they are computed by ops, so an outer tape
notes them in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from geartrain.graph.dtypes import is_float
from geartrain.graph.eager import kinds
from geartrain.graph.node import Constant, Node, placeholder, sorted_nodes
from geartrain.graph.operators import OPERATORS
from geartrain.graph.tracked import recording

MOST_RULES = 4096  # gradient rules that are remembered


class Note(NamedTuple):
    """One computation: `backward` gives, for the gradients of the results, those of the sources."""

    sources: tuple[Any, ...]
    results: tuple[Any, ...]
    backward: Callable[[Sequence[Any], Sequence[bool]], Sequence[Any]]


class Tape:
    """Notes of what was computed of watched tensors.

    Attributes:
        variables: whether the trainable variables that are read are watched.
        known: by `id`, the tensors that depend on what is watched; held, so that ids stay theirs.
        read: for each watched variable the tensors that reading it gave.
    """

    def __init__(self, variables: bool = True) -> None:
        self.variables = variables
        self.notes: list[Note] = []
        self.known: dict[int, Any] = {}
        self.read: dict[Any, list[Any]] = {}
        self.chosen: set[Any] = set()

    def watch(self, tensor: Any) -> None:
        """Note from now on what is computed of an array."""
        self.known[id(tensor)] = tensor

    def watches(self, variable: Any) -> bool:
        """Whether it notes what is computed of a variable."""
        return variable in self.chosen or (self.variables and variable.trainable)

    def note(self, note: Note) -> None:
        """Add a note, if it is of what is watched."""
        if any(id(source) in self.known for source in note.sources):
            self.notes.append(note)
            self.known.update((id(result), result) for result in note.results)

    def gradients(
        self, targets: Sequence[Any], seeds: Sequence[Any], wrt: Sequence[Any]
    ) -> list[Any]:
        """The gradient of `sum(target * seed)` with respect to each array that is watched.

        None for others, and where the targets do not depend on it.
        """
        total: dict[int, Any] = {}
        for target, seed in zip(targets, seeds, strict=True):
            _add(total, target, seed)
        wanted = self._leading_to(wrt)
        for note in reversed(self.notes):
            if not any(id(result) in total for result in note.results):
                continue
            needed = [id(source) in wanted for source in note.sources]
            if not any(needed):
                continue
            entering = [total.get(id(result)) for result in note.results]
            for source, slope in zip(note.sources, note.backward(entering, needed), strict=True):
                if slope is not None:
                    _add(total, source, slope)
        return [total.get(id(one)) if id(one) in self.known else None for one in wrt]

    def _leading_to(self, wrt: Sequence[Any]) -> set[int]:
        """The ids of what depends on these arrays."""
        found = {id(one) for one in wrt if id(one) in self.known}
        for note in self.notes:
            if any(id(source) in found for source in note.sources):
                found.update(map(id, note.results))
        return found


def _add(total: dict[int, Any], tensor: Any, slope: Any) -> None:
    before = total.get(id(tensor))
    total[id(tensor)] = slope if before is None else OPERATORS["add"](before, slope)


@contextmanager
def no_tapes() -> Any:
    """A `with` block in which nothing is noted."""
    before, recording.tapes = recording.tapes, []
    try:
        yield
    finally:
        recording.tapes = before


def noted(op: Any, sources: Sequence[Any], params: dict[str, Any], result: np.ndarray) -> Any:
    """The result of an op, noted by the tapes that watch one of its sources."""
    if not op.differentiable or not is_float(result.dtype.name):
        return result
    tapes = [
        tape for tape in recording.tapes if any(id(source) in tape.known for source in sources)
    ]
    if not tapes:
        return result
    result = result.view(kinds[-1])
    held, made = tuple(sources), (result,)

    def backward(entering: Sequence[Any], needed: Sequence[bool]) -> Sequence[Any]:
        rule = rule_of(op, held, params, result, needed)
        return rule.slopes([entering[0], result, *held])

    for tape in tapes:
        tape.note(Note(held, made, backward))
    return result


def noted_read(variable: Any, array: np.ndarray) -> np.ndarray:
    """What reading a variable gives while tapes record: a copy of its own, if one watches it."""
    tapes = [tape for tape in recording.tapes if tape.watches(variable)]
    if not tapes or not is_float(array.dtype.name):
        return array
    value = array.copy().view(kinds[-1])
    for tape in tapes:
        tape.watch(value)
        tape.read.setdefault(variable, []).append(value)
    return value


class Rule(NamedTuple):
    """An op's gradient as a graph: of the result's gradient, the result, and the sources."""

    inputs: tuple[Node, ...]
    outputs: tuple[Node | None, ...]
    order: list[Node]

    def slopes(self, arrays: Iterable[Any]) -> list[Any]:
        """The gradient of each source, computed node by node."""
        values = _filled(dict(zip(self.inputs, arrays, strict=True)), self.order)
        return [None if output is None else values[output] for output in self.outputs]


def _filled(values: dict[Node, Any], order: Iterable[Node]) -> dict[Node, Any]:
    """The values of all nodes, computed by ops, so that tapes note them."""
    for node in order:
        if node.op is not None:
            values[node] = node.op(*[values[source] for source in node.sources], **node.params)
        elif isinstance(node.leaf, Constant):
            values[node] = node.leaf.value if node.leaf.tensor is None else node.leaf.tensor
    return values


def computed(nodes: Sequence[Node]) -> list[Any]:
    """The values of nodes that are made of constants alone; tapes note how."""
    values = _filled({}, sorted_nodes(nodes))
    return [values[node] for node in nodes]


_rules: dict[Any, Rule] = {}


def _by_identity(value: Any) -> bool:
    """Whether a parameter is equal to itself alone, as a graph is."""
    hashed: Any = type(value).__hash__
    return hashed is object.__hash__


def rule_of(
    op: Any, sources: Sequence[Any], params: dict[str, Any], result: Any, needed: Sequence[bool]
) -> Rule:
    """An op's gradient for arrays of these shapes and dtypes: made once, then found again."""
    arrays = [result, result, *(np.asarray(source) for source in sources)]
    specs = tuple((array.shape, array.dtype.name) for array in arrays)
    key = (op, specs, tuple(sorted(params.items())), tuple(needed))
    rule = _rules.get(key)
    if rule is None:
        if op.grad is None:
            raise TypeError(
                f"Op {op.name!r} has no gradient rule. Received a use of it of shape "
                f"{result.shape} on a tape. Wrap its argument in tf.stop_gradient if no gradient "
                "should flow there."
            )
        inputs = tuple(placeholder(shape, dtype, "taped") for shape, dtype in specs)
        passed = op.grad(*inputs, **params)
        outputs = tuple(
            slope if wanted and slope is not None else None
            for slope, wanted in zip(passed, needed, strict=True)
        )
        given = set(inputs)
        order = sorted_nodes([one for one in outputs if one is not None], given)
        rule = Rule(inputs, outputs, [node for node in order if node not in given])
        if len(_rules) >= MOST_RULES:
            _rules.clear()
        if not any(_by_identity(value) for value in params.values()):
            _rules[key] = rule  # else a parameter is a graph of its own, made for this use
    return rule
