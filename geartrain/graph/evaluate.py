"""The reference executor: a graph evaluated node by node with NumPy.

This is what `run_eagerly=True` runs and what compiled code is compared with. A `Plan` is made
once for a graph and run many times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from geartrain.graph.node import Constant, Leaf, Node, sorted_nodes


class Plan:
    """The steps that compute `outputs`, in order, dropping each result after its last use.

    >>> from geartrain import ops
    >>> from geartrain.graph.node import placeholder
    >>> x = placeholder((3,), "float32")
    >>> Plan([ops.sum(x * 2.0)]).run({x.leaf: np.float32([1, 2, 3])})
    [array(12., dtype=float32)]

    Args:
        outputs: the nodes to compute.
        given: nodes whose values the caller has: what they are made of is not computed.
    """

    def __init__(self, outputs: Sequence[Node], given: Sequence[Node] = ()):
        self.outputs, self.given = list(outputs), list(given)
        known = set(given)
        order = [node for node in sorted_nodes(self.outputs, known) if node not in known]
        self.leaves = [node for node in order if node.leaf is not None]
        self.steps = [node for node in order if node.op is not None]
        last: dict[Node, int] = {}
        for index, node in enumerate(self.steps):
            last.update(dict.fromkeys(node.sources, index))
        kept = set(self.outputs)
        self.dropped: list[list[Node]] = [[] for _ in self.steps]
        for node, index in last.items():
            if node not in kept:
                self.dropped[index].append(node)

    def run(
        self,
        values: Mapping[Leaf | None, np.ndarray],
        batch: int | None = None,
        watch: Callable[[Node, np.ndarray], None] | None = None,
        given: Mapping[Node, np.ndarray] | None = None,
    ) -> list[np.ndarray]:
        """Compute the outputs.

        Args:
            values: the array of each leaf that is not a constant.
            batch: the batch size, if any extent depends on it.
            watch: called with each node and its value, for debugging.
            given: the value of each node that is given, and so not computed.
        """
        results: dict[Node, np.ndarray] = dict(given or {})
        for node in self.leaves:
            leaf = node.leaf
            results[node] = leaf.value if isinstance(leaf, Constant) else values[leaf]
        with np.errstate(all="ignore"):
            for node, dropped in zip(self.steps, self.dropped, strict=True):
                assert node.op is not None
                sources = [results[source] for source in node.sources]
                results[node] = node.op.run(sources, node.params, batch)
                if watch is not None:
                    watch(node, results[node])
                for done in dropped:
                    del results[done]
        return [results[node] for node in self.outputs]
