"""Graphs for TensorBoard: a model by its layers, and nodes that name their inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from geartrain.summaries.messages import message, metadata, tensor
from geartrain.summaries.writer import current

_PRODUCER = 440  # the version of graphs


class GraphNode(NamedTuple):
    """A node of a graph.

    Attributes:
        name: its name; slashes make groups, which TensorBoard folds.
        op: what it does.
        inputs: the names of the nodes that it reads.
        attributes: what else to show of it, as texts by name.
    """

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    attributes: Mapping[str, str] = {}


def graph(nodes: Iterable[GraphNode]) -> bool:
    """Write the graph of a run.

    Returns whether it was written: False where no writer is in use.
    """
    place = current("graph", 0)
    if place is None:
        return False
    content = [
        message(
            {
                1: node.name,
                2: node.op,
                3: list(node.inputs),
                5: [
                    message({1: key, 2: message({2: value})})
                    for key, value in node.attributes.items()
                ],
            }
        )
        for node in nodes
    ]
    place[0].add_event(4, message({1: content, 4: message({1: _PRODUCER})}))
    return True


def keras_model(name: str, config: str, step: Any = None) -> bool:
    """Write a model as its JSON (`model.to_json()`): TensorBoard's conceptual graph of layers.

    Returns whether it was written: False where no writer is in use.
    """
    place = current("keras_model", step)
    if place is None:
        return False
    value = {1: name, 8: tensor(config), 9: metadata("graph_keras_model", b"1")}
    place[0].add_event(5, message({1: message(value)}), place[1])
    return True
