"""The order of kernels: small reductions and products right after what makes their sources.

    d = ...; big product of d; sum of d         before: the sum reads d from far away
    d = ...; sum of d; big product of d         after: d is still in the cache

So are new values of variables, where something is computed twice to save memory:

    x2 = ...; d2 = ...; x1 = ...; d1 = ...; w2 -= x2 * d2       before: x2 is kept beside x1
    x2 = ...; d2 = ...; w2 -= x2 * d2; x1 = ...; d1 = ...       after: x1 takes the place of x2

A kernel that overwrites a variable stays behind those that read the old value, so that it can be
overwritten in place.
"""

from __future__ import annotations

from collections.abc import Mapping

from geartrain.compiler.analysis.cost import USUAL_BATCH
from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.codegen.values import BYTES
from geartrain.graph.node import Node
from geartrain.graph.op import Contraction, Reduce
from geartrain.graph.shapes import product, resolve

NEAR = 1 << 20  # bytes that a kernel may touch to be moved: the second-level cache has more


def near_sources(kernels: list[FusionGroup], updates: Mapping[Node, Node]) -> list[FusionGroup]:
    """Small kernels moved to where what they read has just been made, and others that free memory.

    Args:
        kernels: in an order in which each comes after those it reads from; so they do afterwards.
        updates: the new value of each variable.
    """
    replaced = {value: variable for variable, value in updates.items()}
    again = any(kernel.waits for kernel in kernels)  # what is made twice is to be kept shortly
    last = replaced.keys() - {n for kernel in kernels for n in (*kernel.reads, *kernel.waits)}
    order: list[FusionGroup] = []
    for kernel in kernels:
        at = len(order)
        if _small(kernel) or (again and last.issuperset(kernel.nodes)):
            old = {replaced[node] for node in kernel.nodes if node in replaced}
            reads = {*kernel.reads, *kernel.waits}
            while at and reads.isdisjoint(order[at - 1].nodes) and _reads_none(order[at - 1], old):
                at -= 1
        order.insert(at or len(order), kernel)
    return order


def _reads_none(kernel: FusionGroup, variables: set[Node]) -> bool:
    return variables.isdisjoint(kernel.reads)


def _small(kernel: FusionGroup) -> bool:
    """Whether a kernel is a reduction or a product of few bytes."""
    if kernel.core is None or not isinstance(kernel.core.op.lower, Reduce | Contraction):  # type: ignore[union-attr]
        return False
    touched = sum(product(one.extents) * BYTES[one.dtype] for one in (*kernel.reads, *kernel.nodes))
    return int(resolve(touched, USUAL_BATCH)) <= NEAR
