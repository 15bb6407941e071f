"""Functions that users hand to loops and branches, traced into graphs of their own.

What a function uses from outside (weights, masks) its graph captures: these become sources of the
node that holds the graph. What it assigns to variables becomes one more of its results, assigned
when the loop or branch is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from geartrain import tree
from geartrain.graph.node import Constant, Node, next_number, placeholder, sorted_nodes
from geartrain.graph.recording import inner_scope
from geartrain.graph.shapes import BATCH, Extent, Shape, holds_dim, product
from geartrain.ops.operands import dtype_of, extents_of, operand
from geartrain.ops.scan import section


class Traced(NamedTuple):
    """What a function returned, and what it assigned.

    Attributes:
        form: the nested structure of its result.
        outputs: the tensors in it; None where it has None.
        updates: for each variable that it assigned, the new value.
        start: nodes that were there before have smaller numbers.
    """

    form: Any
    outputs: list[Node | None]
    updates: dict[Any, Node]
    start: int

    @property
    def nodes(self) -> list[Node]:
        """The tensors that were returned."""
        return [node for node in self.outputs if node is not None]

    def like(self, tensors: Iterable[Any]) -> Any:
        """The result with other tensors in the place of its own."""
        rest = iter(tensors)
        return tree.pack_sequence_as(
            self.form, [None if node is None else next(rest) for node in self.outputs]
        )


def traced(
    function: Callable[..., Any], arguments: Sequence[Any], held: Mapping[Any, Node] | None = None
) -> Traced:
    """The function's graph.

    Args:
        function: what to call.
        arguments: what to call it with.
        held: what variables hold at its start, where that is not what they hold now.
    """
    start = next_number()
    with inner_scope() as scope:
        scope.updates.update(held or {})
        form = function(*arguments)
        leaves = tree.flatten(form)
        outputs = [None if leaf is None else Node.wrap(operand(leaf)) for leaf in leaves]
    return Traced(form, outputs, dict(scope.updates), start)


def placeholders(tensors: Sequence[Any], name: str) -> list[Node]:
    """A placeholder for each tensor."""
    return [placeholder(extents_of(one), dtype_of(one), name) for one in tensors]


def is_symbolic(*structures: Any) -> bool:
    """Whether there is a node in nested structures."""
    return any(isinstance(leaf, Node) for leaf in tree.flatten(structures))


def older(outputs: Iterable[Node], start: int) -> list[Node]:
    """The values from outside that a graph uses: those that were there before its function ran.

    Args:
        outputs: of the graph.
        start: the number from which on nodes belong to it.
    """
    outputs = list(outputs)
    own: set[Node] = set()
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node.op is not None and node.number > start and node not in own:
            own.add(node)
            stack.extend(node.sources)
    used = [*outputs, *(source for node in own for source in node.sources)]
    found = {node for node in used if node not in own and not isinstance(node.leaf, Constant)}
    return sorted(found, key=lambda node: node.number)


# -- several tensors as one -----------------------------------------------------------------------


def flat_size(nodes: Iterable[Node]) -> Extent:
    """How many elements tensors have together."""
    total: Extent = 0
    for node in nodes:
        total = total + product(node.extents)
    return total


def flattened(arrays: Sequence[np.ndarray], dtype: Any) -> np.ndarray:
    """The elements of arrays, one after the other."""
    return np.concatenate([np.empty(0, dtype), *(np.ravel(array) for array in arrays)])


def parted(flat: Any, shapes: Sequence[Shape]) -> list[Any]:
    """The tensors of these shapes whose elements follow each other in `flat`."""
    made: list[Any] = []
    start: Extent = 0
    for shape in shapes:
        made.append(section(flat, start=start, shape=tuple(shape)))
        start = start + product(shape)
    return made


def batch_if_needed(*groups: Iterable[Node]) -> Extent:
    """The batch size, where a graph has to know it; else 0."""
    nodes = sorted_nodes([node for group in groups for node in group])
    dims = any(holds_dim(n.extents) or holds_dim(tuple(n.params.values())) for n in nodes)
    return BATCH if dims else 0
