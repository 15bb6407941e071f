"""The body of a loop over turns: a graph of its own, and where its results lie in memory.

All results of a loop are one flat tensor, section after section: for each state what it was before
and after every turn (one entry more than there are turns), then for each other output its turns.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent, Shape, product


@dataclass(frozen=True, eq=False)
class Body:
    """One turn of a loop.

    Attributes:
        states: placeholders of what is handed from turn to turn.
        items: placeholders of one turn of each sequence.
        captured: placeholders of the values from outside.
        outputs: the new states, then what else each turn gives; all of one dtype.
    """

    states: tuple[Node, ...]
    items: tuple[Node, ...]
    captured: tuple[Node, ...]
    outputs: tuple[Node, ...]

    @functools.cached_property
    def plan(self) -> Plan:
        """The steps of the reference for one turn."""
        return Plan(self.outputs)

    def shapes(self, turns: Extent) -> list[Shape]:
        """The shape of each section: one entry more than turns for a state."""
        count = len(self.states)
        return [
            (turns + 1 if number < count else turns, *output.extents)
            for number, output in enumerate(self.outputs)
        ]

    def starts(self, turns: Extent) -> list[Extent]:
        """Where each section begins; at the end, the size of the whole."""
        starts: list[Extent] = [0]
        for shape in self.shapes(turns):
            starts.append(starts[-1] + product(shape))
        return starts
