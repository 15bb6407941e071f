"""What the compiler knows of each kind of lowering: one row a kind, and nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.kernels.kernel import Kernel
from geartrain.compiler.kernels.matmul.contraction import contraction_kernels
from geartrain.compiler.kernels.reduce import map_kernel, reduce_kernels
from geartrain.compiler.kernels.scan import scan_kernels
from geartrain.compiler.kernels.scatter import scatter_kernel
from geartrain.compiler.targets.target import Target
from geartrain.graph.node import Node
from geartrain.graph.op import (
    Contraction,
    Cumulative,
    Lookup,
    Map,
    Opaque,
    Reduce,
    Scan,
    Scatter,
    View,
)


class Request(NamedTuple):
    """What is to be lowered.

    Attributes:
        name: what the kernels' names begin with.
        fused: the nodes to store, and what they read.
        slots: the place of each node in the table of addresses.
        target: the CPU to write code for.
        new_slot: gives one more place in the table, for a workspace.
        repeated: whether the kernels run many times, each time on one thread.
        lower: lowers what is inside of a loop over time.
    """

    name: str
    fused: FusionGroup
    slots: Mapping[object, int]
    target: Target
    new_slot: Callable[[], int]
    repeated: bool
    lower: Any

    @property
    def common(self) -> tuple[str, FusionGroup, Mapping[object, int], Target]:
        """What all kinds of kernels need."""
        return self.name, self.fused, self.slots, self.target


class Kind(NamedTuple):
    """One kind of lowering.

    Attributes:
        write: writes the kernels around a node of this kind; None if no kernel is made around one,
            or if there is no code for it.
        core: whether a kernel is made around a node, whose result so has memory.
        alone: whether nothing else joins that kernel.
        in_memory: whether what a node reads has to be in memory.
    """

    write: Callable[[Request], list[Kernel]] | None = None
    core: bool = False
    alone: bool = False
    in_memory: bool = False


KINDS: dict[type, Kind] = {
    Map: Kind(),
    View: Kind(),
    Lookup: Kind(in_memory=True),
    Reduce: Kind(lambda r: reduce_kernels(*r.common, r.new_slot, r.repeated), core=True),
    Contraction: Kind(lambda r: contraction_kernels(*r.common, r.new_slot, r.repeated), core=True),
    Cumulative: Kind(lambda r: [map_kernel(*r.common)], core=True, alone=True),
    Scatter: Kind(lambda r: [scatter_kernel(*r.common)], core=True, alone=True, in_memory=True),
    Scan: Kind(lambda r: scan_kernels(*r.common, r.new_slot, r.lower), core=True, alone=True),
    Opaque: Kind(core=True, alone=True, in_memory=True),
}


def kind_of(node: Node) -> Kind:
    """The row of a node that an op makes."""
    assert node.op is not None
    return KINDS[type(node.op.lower)]
