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
from geartrain.saving.onnx.export.graph import Subgraph, Unsupported, Value
from geartrain.saving.onnx.export.primitives.table import translation


class Loop(NamedTuple):
    """The results of a `Scan`: for each state and each output, all turns in order of time.

    Attributes:
        results: their values.
        places: for where each begins in our flat tensor, which it is.
    """

    results: list[str]
    places: dict[Extent, int]


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
    return Loop(found[states:], _places(body, turns, reverse))


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
    if start not in loop.places:
        raise Unsupported(
            "it holds the gradient of a loop, which has no ONNX operator",
            "Export a model whose call takes no gradients.",
        )
    return loop.results[loop.places[start]]


def _places(body: Body, turns: Extent, reverse: bool) -> dict[Extent, int]:
    """Where each result begins in the flat tensor: of a state, what it was after each turn."""
    found: dict[Extent, int] = {}
    sections = zip(body.starts(turns), body.shapes(turns), strict=False)
    for number, (start, shape) in enumerate(sections):
        before_all = number < len(body.states) and not reverse  # one entry more in front
        found[start + product(shape[1:]) if before_all else start] = number
    return found


AT_RUN_TIME = ("choose", "repeat", "repeat_gradient")


@translation(*AT_RUN_TIME)
def _branches(exporter: Any, node: Node, *values: Value, **params: Any) -> Value:
    raise Unsupported(
        "it chooses what to compute, or how often, by numbers that are known at run time only",
        "Use ops.where for choices, and ops.scan or ops.fori_loop with known bounds for loops.",
    )


@translation("ruled", "after", "forgotten")
def _first(exporter: Any, node: Node, x: Value, *others: Value, **params: Any) -> Value:
    return x
