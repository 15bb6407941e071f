"""A step as phases: what every part of a batch computes alone, until it needs what others found.

    rows of a part -> gradients, sums of metrics      phase 0, for each part
                      added up over all parts         an exchange
    sums -> update of weights and metrics             the end, once

A step whose samples meet on the way, such as a mean over the batch that each sample is compared
with, has a phase more for each such meeting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from geartrain import ops
from geartrain.distribution.pool import Pool
from geartrain.graph.node import Node, placeholder, sorted_nodes
from geartrain.graph.op import View
from geartrain.graph.parting import Holding, MixesRows, Partial, Rows, Sections, holdings, is_size
from geartrain.graph.rewrite import rewrite, substitute
from geartrain.graph.shapes import holds_dim
from geartrain.runtime.function import Program
from geartrain.runtime.variable import Variable

Values = dict[Node, np.ndarray]
Join = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Phase:
    """What parts compute before an exchange.

    Attributes:
        partials: the placeholders of what comes out of the exchange after it, each with the
            function that joins two.
    """

    def __init__(
        self, outputs: dict[Node, Node], partials: dict[Node, Join], compiled: bool, pool: Pool
    ) -> None:
        self.partials = partials
        self._places = list(outputs)
        self._run = _Runnable(list(outputs.values()), {}, compiled, pool.empty)

    def run(self, values: Mapping[Node, np.ndarray]) -> Values:
        """What one part comes to, by placeholder."""
        return dict(zip(self._places, self._run(values), strict=True))


class _Runnable:
    """A program that finds its inputs by their placeholders."""

    def __init__(
        self, outputs: list[Node], updates: Mapping[Variable, Node], compiled: bool,
        empty: Callable[..., np.ndarray] = np.empty,
    ) -> None:  # fmt: skip
        leaves = [n for n in sorted_nodes([*outputs, *updates.values()]) if n.leaf is not None]
        self._inputs = [node for node in leaves if type(node.leaf) is type(_LEAF)]
        self._program = Program(self._inputs, outputs, updates, compiled)
        self._program.empty = empty

    def __call__(self, values: Mapping[Node, np.ndarray]) -> list[np.ndarray]:
        return self._program.run(*(values[node] for node in self._inputs))


_LEAF = placeholder((), "float32").leaf


class Phases:
    """The phases of a step, and what follows the last exchange.

    Args:
        inputs: placeholders of the data.
        outputs: the nodes to compute.
        updates: for each variable to change, the node of its new value.
        compiled: whether to run machine code.

    Attributes:
        phases: in order.
        rows: for each output that has rows of the batch, the placeholder that a phase gives it by,
            and their axis; None for others.
        variables: all that the step reads or changes.
        pool: where the memory of what phases compute comes from.

    Raises MixesRows, a ValueError, for a step that cannot be computed in parts.
    """

    def __init__(
        self, inputs: Sequence[Node], outputs: Sequence[Node], updates: Mapping[Variable, Node],
        compiled: bool,
    ) -> None:  # fmt: skip
        if not any(holds_dim(node.extents) for node in inputs):
            raise MixesRows(
                "Expected a step for any number of samples. Received: one for a fixed number of "
                "them, as stateful layers need it. Only one process can compute that step: train "
                "without a distribution, set_distribution(None)."
            )
        self.inputs = list(inputs)
        self.variables = list(
            dict.fromkeys(
                [*(n.leaf for n in sorted_nodes([*outputs, *updates.values()])
                   if isinstance(n.leaf, Variable)), *updates]
            )
        )  # fmt: skip
        self.pool = Pool()
        self.first, self.total = (placeholder((), "int64", name) for name in ("first", "total"))
        self._sizes: dict[Node, Node] = {}  # numbers made of the batch's size: their placeholders
        nodes = rewrite([*outputs, *updates.values()], self._of_the_batch)
        self._held = holdings(nodes)
        self._depth = self._depths(nodes)
        assert not any(map(self._has_rows, nodes[len(outputs) :])), "shapes of variables are known"
        results = nodes[: len(outputs)]
        self._mapping: dict[Node, Node] = {}
        self.phases = self._phases(nodes, [n for n in results if self._has_rows(n)], compiled)
        self.rows = [self._place_of_rows(node) for node in results]
        end = substitute(nodes, self._mapping)
        whole = [node for node, row in zip(end, self.rows, strict=False) if row is None]
        self._end = _Runnable(whole, dict(zip(updates, end[len(outputs) :], strict=True)), compiled)

    def _has_rows(self, node: Node) -> bool:
        return isinstance(self._held[node], Rows | Sections)

    def _place_of_rows(self, node: Node) -> tuple[Node, int] | None:
        held = self._held[node]
        assert not isinstance(held, Sections), "a step returns no loop's own memory"
        return (self._mapping[node], held.axis) if isinstance(held, Rows) else None

    def _of_the_batch(self, node: Node) -> Node | None:
        """Sizes and random numbers as they are in the whole batch, for a node of a part."""
        if is_size(node):
            if node not in self._sizes:
                self._sizes[node] = placeholder((), node.dtype, "size")
            return self._sizes[node]
        if node.op is not None and node.op.part is not None and holds_dim(node.extents):
            return node.op.part(node, self.first, self.total)
        return None

    def _depths(self, nodes: Iterable[Node]) -> dict[Node, int]:
        """How many exchanges lie before each node."""
        depth: dict[Node, int] = {}
        for node in sorted_nodes(nodes):
            before = (depth[s] + isinstance(self._held[s], Partial) for s in node.sources)
            depth[node] = max(before, default=0)
        return depth

    def _phases(self, nodes: list[Node], rows: list[Node], compiled: bool) -> list[Phase]:
        wanted = self._wanted(nodes, rows)
        phases = []
        for targets in wanted:
            outputs: dict[Node, Node] = {}
            partials: dict[Node, Join] = {}
            for node, made in zip(targets, substitute(targets, self._mapping), strict=True):
                held: Holding = self._held[node]
                narrow = isinstance(held, Partial) and node.dtype in ("float16", "bfloat16")
                made = ops.cast(made, "float32") if narrow else made
                place = placeholder(made.extents, made.dtype, "kept")
                outputs[place] = made
                if isinstance(held, Partial):
                    partials[place] = held.join
                self._mapping[node] = ops.cast(place, node.dtype) if narrow else place
            phases.append(Phase(outputs, partials, compiled, self.pool))
        return phases

    def _wanted(self, nodes: list[Node], rows: list[Node]) -> list[list[Node]]:
        """What each phase has to compute: partial sums, and rows that later ones read."""
        order = sorted_nodes(nodes)
        sums = [node for node in order if isinstance(self._held[node], Partial)]
        kept = list(dict.fromkeys([*sums, *rows]))
        count = max((self._depth[node] + 1 for node in kept), default=0)
        wanted: list[dict[Node, None]] = [{} for _ in range(count)]
        for node in kept:
            wanted[self._depth[node]][node] = None
        for phase in reversed(range(count)):
            stack = [source for node in wanted[phase] for source in node.sources]
            seen: set[Node] = set()
            while stack:
                node = stack.pop()
                if node in seen or isinstance(self._held[node], Partial):
                    continue
                seen.add(node)
                earlier = self._depth[node] < phase and self._has_rows(node)
                if earlier and node.op is not None and not isinstance(node.op.lower, View):
                    wanted[self._depth[node]][node] = None
                else:
                    stack.extend(node.sources)
        return [list(targets) for targets in wanted]

    def of_batch(self, total: int) -> Values:
        """The values of placeholders that depend on the number of samples alone."""
        values: Values = {self.total: np.array(total, np.int64)}
        for node, place in self._sizes.items():
            assert node.op is not None
            values[place] = np.asarray(node.op.run([], node.params, total))
        return values

    def end(self, values: Mapping[Node, np.ndarray]) -> list[Any]:
        """Update the variables; the outputs that have no rows."""
        return self._end(values)
