"""Loops over time, as ONNX's `Scan`, whose body is a graph of its own.

All results of our `scan` are one flat tensor; what reads it are `section`s. In ONNX each section
is a result of its own: so the flat tensor is never made.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from geartrain.graph.body import Body
from geartrain.graph.node import Node, sorted_nodes
from geartrain.graph.shapes import Extent, Shape, product
from geartrain.saving.onnx.export.extents import INT64
from geartrain.saving.onnx.export.graph import Subgraph, Value
from geartrain.saving.onnx.export.primitives.table import translation


class Loop(NamedTuple):
    """The results of a `Scan`: for each state and each output, all turns in order of time."""

    body: Body
    turns: Extent
    reverse: bool
    first: tuple[Value, ...]
    results: list[str]


@translation("scan")
def _scan(exporter: Any, node: Node, *values: Value, body: Body, reverse: bool, batch: Any) -> Any:
    states, items = len(body.states), len(body.items)
    inside = _written(exporter, body, values[states + items :])
    ways = [int(reverse)]
    found = exporter.graph.several(
        "Scan", states + len(body.outputs), *values[: states + items], body=inside,
        num_scan_inputs=items, scan_input_directions=ways * items,
        scan_output_directions=ways * len(body.outputs),
    )  # fmt: skip
    turns = node.sources[states].extents[0]
    return Loop(body, turns, reverse, values[:states], found[states:])


def _written(exporter: Any, body: Body, captured: tuple[Value, ...]) -> Subgraph:
    """The body: its last states are what it hands on, and all its outputs are kept."""
    graph, states = exporter.graph, len(body.states)
    symbols = [*body.states, *body.items]
    names = [graph.name(f"{graph.scope or 'ops'}/turn") for _ in symbols]
    inputs = [
        (name, exporter.dtype(symbol.dtype), symbol.extents)
        for name, symbol in zip(names, symbols, strict=True)
    ]
    inside = Subgraph(inputs)
    graph.begin(inside)
    given = zip([*symbols, *body.captured], [*names, *captured], strict=True)
    within = exporter.within(dict(given))
    for one in sorted_nodes(body.outputs, within.values):
        within.value(one)
    made = [within.value(output) for output in body.outputs]
    inside.outputs = [graph.node("Identity", x) for x in (*made[:states], *made)]
    graph.end()
    return inside


@translation("section")
def _section(exporter: Any, node: Node, loop: Any, start: Extent, shape: Shape) -> Value:
    if not isinstance(loop, Loop):
        size = product(shape)
        extents = exporter.extents
        stop = extents.one(start + size)
        zero = np.zeros(1, INT64)
        part = exporter.graph.node("Slice", loop, extents.one(start), stop, zero)
        return exporter.graph.node("Reshape", part, extents.vector(shape))
    starts, states = loop.body.starts(loop.turns), len(loop.body.states)
    for number, result in enumerate(loop.results):
        row = product(shape[1:])
        after = starts[number] + (row if number < states and not loop.reverse else 0)
        if start == after and shape[0] == loop.turns:
            return result
        if number < states and start == starts[number] + (row if loop.reverse else 0):
            return _before(exporter, loop, number)
    raise AssertionError("a section is all turns of one state or output")


def _before(exporter: Any, loop: Loop, number: int) -> Value:
    """What a state was before each turn."""
    graph, axes = exporter.graph, np.zeros(1, INT64)
    first = graph.node("Unsqueeze", loop.first[number], axes)
    last = exporter.extents.one(loop.turns - 1)
    one, every = np.ones(1, INT64), exporter.extents.one(loop.turns)
    result = loop.results[number]
    if loop.reverse:
        return graph.node("Concat", graph.node("Slice", result, one, every, axes), first, axis=0)
    return graph.node("Concat", first, graph.node("Slice", result, np.zeros(1, INT64), last, axes),
                      axis=0)  # fmt: skip
