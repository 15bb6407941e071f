"""The program of a step whose batch is computed in shards, by one rank or several together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from geartrain.distribution.exchange import Part, exchanged, joined, rows_of_all
from geartrain.distribution.phases import Phases, Values
from geartrain.distribution.ranks import Ranks
from geartrain.distribution.tree import Branch, branches, join_neighbours, owned, rows_of, summed
from geartrain.graph.node import Node
from geartrain.runtime.variable import Variable


class Span(NamedTuple):
    """Where the rows that a rank has read lie in the whole batch."""

    first: int
    total: int


class PartedProgram:
    """A step over the shards of a batch; it runs as a `Program` does.

    Args:
        inputs, outputs, updates, compiled: see `Program`.
        shards: how many shards a batch is cut into: other numbers give other bits.
        ranks: who computes them.
    """

    native = None  # of several programs there is no one code
    rows_independent = False

    def __init__(
        self, inputs: Sequence[Node], outputs: Sequence[Node], updates: Mapping[Variable, Node],
        compiled: bool, shards: int, ranks: Ranks,
    ) -> None:  # fmt: skip
        self.inputs, self.outputs = list(inputs), list(outputs)
        self._phases = Phases(inputs, outputs, updates, compiled)
        self.updates = dict(updates)
        self._shards, self._ranks = shards, ranks

    @property
    def variables(self) -> list[Variable]:
        """All that the step reads or changes."""
        return self._phases.variables

    def direct(self, batch: int) -> None:
        """There is no shorter way than `run`."""

    def run(self, *arrays: np.ndarray, span: Span | None = None) -> list[np.ndarray]:
        """Compute the outputs, then update the variables.

        Args:
            *arrays: the whole batch.
            span: where in it these are, if they are the rows of this rank alone.
        """
        first, total = span or Span(0, len(arrays[0]))
        mine = [
            (shard, rows) for shard in self._owned(self._ranks.rank)
            if (rows := rows_of(shard, self._shards, total))
        ]  # fmt: skip
        common = self._phases.of_batch(total)
        states: list[Values] = []
        for _, rows in mine:
            cut = slice(rows.start - first, rows.stop - first)
            own = {node: array[cut] for node, array in zip(self.inputs, arrays, strict=True)}
            states.append(own | {self._phases.first: np.array(rows.start, np.int64)})
        pool, top = self._phases.pool, Branch(0, self._shards)
        for phase in self._phases.phases:
            found: dict[Branch, Part | None] = {
                Branch(shard, shard + 1): None for shard in self._owned(self._ranks.rank)
                if not rows_of(shard, self._shards, total)
            }  # fmt: skip
            join = joined(list(phase.partials.values()), pool)
            for (shard, _), state in zip(mine, states, strict=True):
                state.update(phase.run(common | state))
                found[Branch(shard, shard + 1)] = [state.pop(node) for node in phase.partials]
                join_neighbours(top, found, join)
            if phase.partials:
                known = self._added_up(found, phase.partials, join, total)
                common.update(zip(phase.partials, known, strict=True))
        whole = iter(self._phases.end(common))
        results = [
            next(whole) if place is None else self._rows(*place, states, total)
            for place in self._phases.rows
        ]
        kept = {id(array) for array in results}
        for values in (common, *states):
            pool.give_back(array for array in values.values() if id(array) not in kept)
        return results

    def _added_up(
        self, found: dict[Branch, Part | None], sums: Mapping[Node, Any], join: Any, total: int
    ) -> list[np.ndarray]:
        """What all shards come to, from what those of this rank do."""
        top, size = Branch(0, self._shards), self._ranks.size
        if size == 1:
            result = summed(top, found, join)
            assert result is not None
            return result
        of_ranks = [branches(self._owned(rank), top) for rank in range(size)]
        own = {one: summed(one, found, join) for one in of_ranks[self._ranks.rank]}
        filled = [[one for one in several if one.rows(self._shards, total)] for several in of_ranks]
        whole = exchanged(self._ranks, own, filled, sums, top)
        for part in own.values():
            self._phases.pool.give_back(part or ())
        return whole

    def _owned(self, rank: int) -> range:
        return owned(rank, self._ranks.size, self._shards)

    def _rows(self, node: Node, axis: int, states: list[Values], total: int) -> np.ndarray:
        """The rows of all shards, of which this rank has some."""
        counts = [
            sum(len(rows_of(shard, self._shards, total)) for shard in self._owned(rank))
            for rank in range(self._ranks.size)
        ]
        return rows_of_all(self._ranks, node, axis, [state[node] for state in states], counts)
