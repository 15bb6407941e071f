"""The body of a loop over time: a graph of its own, and where its results lie in memory.

All results of a loop are one flat tensor, section after section: for each state what it was before
and after every step (one entry more than there are steps), then for each other output its steps.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent, Shape, product


@dataclass(frozen=True, eq=False)
class Body:
    """One step of a loop.

    Attributes:
        states: placeholders of what is handed from step to step.
        items: placeholders of one step of each sequence.
        captured: placeholders of the values from outside.
        outputs: the new states, then what else each step gives; all of one dtype.
    """

    states: tuple[Node, ...]
    items: tuple[Node, ...]
    captured: tuple[Node, ...]
    outputs: tuple[Node, ...]

    @functools.cached_property
    def plan(self) -> Plan:
        """The steps of the reference for one step."""
        return Plan(self.outputs)

    def shapes(self, steps: Extent) -> list[Shape]:
        """The shape of each section: one entry more than steps for a state."""
        count = len(self.states)
        return [
            (steps + 1 if number < count else steps, *output.extents)
            for number, output in enumerate(self.outputs)
        ]

    def starts(self, steps: Extent) -> list[Extent]:
        """Where each section begins; at the end, the size of the whole."""
        starts: list[Extent] = [0]
        for shape in self.shapes(steps):
            starts.append(starts[-1] + product(shape))
        return starts
