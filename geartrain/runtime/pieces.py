"""Pieces of code that runs step by step, as programs which tapes note as one computation.

    y = model(x)      x, weights -> y, and what the gradient needs again   one program
    tape.gradient     the gradient of y, what was kept -> gradients        another

What is cheap to compute (elementwise chains, views) the second program computes again rather than
reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain.graph.dtypes import is_float
from geartrain.graph.eager import eager, kinds
from geartrain.graph.node import Node, placeholder, sorted_nodes
from geartrain.graph.op import Map, Scan, View
from geartrain.graph.rewrite import substitute
from geartrain.graph.taping import Note, Tape
from geartrain.graph.tracked import recording
from geartrain.ops.rules import gradients
from geartrain.runtime.function import Program
from geartrain.runtime.variable import Variable


class Piece:
    """A graph that is run with arrays, and that tapes note as one computation.

    Args:
        inputs: placeholders.
        outputs: nodes of them and of variables.
        updates: for each variable to change, the node of its new value.
    """

    def __init__(
        self, inputs: Sequence[Node], outputs: Sequence[Node], updates: dict[Variable, Node]
    ) -> None:
        self.inputs, self.outputs, self.updates = list(inputs), list(outputs), updates
        self.variables = [
            node.leaf for node in sorted_nodes(self.outputs)
            if isinstance(node.leaf, Variable) and is_float(node.dtype)
        ]  # fmt: skip
        self._programs: dict[tuple[Node, ...], Program] = {}  # by what is kept for the gradient
        self._backward: dict[Any, Backward] = {}

    def _program(self, kept: tuple[Node, ...] = ()) -> Program:
        if kept not in self._programs:
            made = Program(self.inputs, [*self.outputs, *kept], self.updates, compiled=True)
            self._programs[kept] = made
        return self._programs[kept]

    def backward(self, needed: tuple[bool, ...], entering: tuple[bool, ...]) -> Backward:
        """The gradient with respect to the needed inputs and variables, of some outputs."""
        key = needed, entering
        if key not in self._backward:
            self._backward[key] = Backward(self, needed, entering)
        return self._backward[key]

    def __call__(self, arrays: Sequence[Any], sources: Sequence[Any] | None = None) -> list[Any]:
        """The outputs; noted by the tapes that watch an input or a variable.

        Args:
            arrays: for the inputs.
            sources: the tensors that tapes know the inputs as; the arrays themselves by default.
        """
        tapes = recording.tapes
        given = list(arrays if sources is None else sources)
        watched = [v for v in self.variables if any(tape.watches(v) for tape in tapes)]
        needed = [
            is_float(node.dtype) and any(id(one) in tape.known for tape in tapes)
            for node, one in zip(self.inputs, given, strict=True)
        ]
        entering = tuple(is_float(node.dtype) for node in self.outputs)
        if not any(entering) or not (watched or any(needed)):
            return self._program().run(*arrays)
        needed += [any(variable is one for one in watched) for variable in self.variables]
        kept = self.backward(tuple(needed), entering).kept
        results = self._program(tuple(node for node in kept if node.op is not None)).run(*arrays)
        outputs, rest = results[: len(self.outputs)], iter(results[len(self.outputs) :])
        made = [array.view(kinds[-1]) for array in outputs]
        values = dict(zip(self.inputs, arrays, strict=True))
        for node in kept:
            if isinstance(node.leaf, Variable):
                values[node] = node.leaf.array.copy()
            elif node.op is not None:
                values[node] = next(rest)
        tokens = [_token(variable, values, tapes) for variable in self.variables]
        note = Note((*given, *tokens), tuple(made), _Slopes(self, values, tokens, given))
        for tape in tapes:
            tape.note(note)
        return made


def _token(variable: Variable, values: dict[Node, Any], tapes: Sequence[Tape]) -> Any:
    """What stands for a variable as it was read: its own values, where the gradient needs them."""
    array = values.get(variable.node)
    token = (variable.array if array is None else array).view(kinds[-1])
    for tape in tapes:
        if tape.watches(variable):
            tape.watch(token)
            tape.read.setdefault(variable, []).append(token)
    return token


class _Slopes:
    """A note's `backward`: for the gradients of a piece's outputs those of its sources."""

    def __init__(
        self, piece: Piece, values: dict[Node, Any], tokens: list[Any], given: list[Any]
    ) -> None:
        self.piece, self.values, self.tokens, self.given = piece, values, tokens, given

    def __call__(self, entering: Sequence[Any], needed: Sequence[bool]) -> list[Any]:
        present = tuple(slope is not None for slope in entering)
        backward = self.piece.backward(tuple(needed), present)
        seeds = [slope for slope in entering if slope is not None]
        arrays = [np.asarray(seed) for seed in seeds]
        sources = (*self.given, *self.tokens, *seeds)
        if any(id(one) in tape.known for tape in recording.tapes for one in sources):
            held = [np.asarray(self.values[node]) for node in self.piece.inputs]
            held += [np.asarray(token) for token in self.tokens]
            found = iter(backward.piece([*held, *arrays], sources))
        else:
            held = [np.asarray(self.values[node]) for node in self.piece.inputs]
            held += [self._value(node) for node in backward.kept]
            found = iter(map(eager, backward.program.run(*held, *arrays)))
        return [None if slope is None else next(found) for slope in backward.slopes]

    def _value(self, node: Node) -> np.ndarray:
        if node in self.values:
            return np.asarray(self.values[node])
        assert isinstance(node.leaf, Variable)
        return node.leaf.array


class Backward:
    """The gradient of a piece, as a graph of its inputs, variables, and of values that it keeps.

    Attributes:
        slopes: a node, or None, for each input and each variable.
        kept: what the gradient reads that the piece computes, and the variables that it reads.
        program: of the piece's inputs, what is kept, and the gradients of the outputs.
    """

    def __init__(self, piece: Piece, needed: tuple[bool, ...], entering: tuple[bool, ...]) -> None:
        leaves = [*piece.inputs, *(variable.node for variable in piece.variables)]
        outputs = [node for node, enters in zip(piece.outputs, entering, strict=True) if enters]
        self._leaves = leaves
        self.seeds = [placeholder(node.extents, node.dtype, "gradient") for node in outputs]
        wanted = [leaf for leaf, wants in zip(leaves, needed, strict=True) if wants]
        found = iter(gradients(outputs, wanted, self.seeds))
        self.slopes = [next(found) if wants else None for wants in needed]
        self._made = [slope for slope in self.slopes if slope is not None]
        self.kept = _boundary(self._made, piece.outputs)
        symbols = {node: placeholder(node.extents, node.dtype, "kept") for node in self.kept}
        self.program = Program(
            [*piece.inputs, *symbols.values(), *self.seeds],
            substitute(self._made, symbols),
            compiled=True,
        )
        self._inputs = len(piece.inputs)
        self._piece: Piece | None = None

    @property
    def piece(self) -> Piece:
        """The gradient as a piece of all that it depends on, to be differentiated again."""
        if self._piece is None:
            inputs, variables = self._leaves[: self._inputs], self._leaves[self._inputs :]
            symbols = {node: placeholder(node.extents, node.dtype, "read") for node in variables}
            made = substitute(self._made, symbols)
            self._piece = Piece([*inputs, *symbols.values(), *self.seeds], made, {})
        return self._piece


def _boundary(slopes: Sequence[Node], outputs: Sequence[Node]) -> tuple[Node, ...]:
    """Where the graph of the gradients reads that of the outputs, or variables.

    Chains of elementwise ops and views are followed to what they are made of, unless something
    that is no such chain reads them: then they lie in memory anyway. Of loops the parts that are
    read are kept: others are not computed.
    """
    ordered = sorted_nodes(outputs)
    forward = set(ordered)
    stored = set(outputs)
    for node in ordered:
        if node.op is not None and not isinstance(node.op.lower, Map | View):
            stored.add(node)
            for source in node.sources:
                while source.op is not None and isinstance(source.op.lower, View):
                    source = source.sources[0]
                stored.add(source)
    stored = {node for node in stored if not _is_loop(node)}
    kept: dict[Node, None] = {}
    seen: set[Node] = set()
    stack = list(slopes)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.op is None:
            if isinstance(node.leaf, Variable):
                kept[node] = None
        elif (node in forward and node in stored) or _is_part_of_loop(node, forward):
            kept[node] = None
        else:
            stack.extend(node.sources)
    return tuple(kept)


def _is_part_of_loop(node: Node, forward: set[Node]) -> bool:
    """Whether a node is a view of what a loop gives."""
    if node.op is None or not isinstance(node.op.lower, View):
        return False
    (source, *others) = node.sources
    return not others and source in forward and _is_loop(source)


def _is_loop(node: Node) -> bool:
    return node.op is not None and isinstance(node.op.lower, Scan)
